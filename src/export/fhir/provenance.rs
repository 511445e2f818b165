//! Who or what stands behind each finding: the model that suggested it, and the reader who decided.

use serde_json::{Value, json};

use crate::domain::finding::Origin;
use crate::domain::report::{Report, ReportedFinding};
use crate::export::fhir::{Ids, model_key, resource};

/// One for each finding.
pub fn all(report: &Report, ids: &Ids<'_>) -> Vec<Value> {
    report.findings.iter().map(|reported| of_finding(reported, report, ids)).collect()
}

fn agent(kind: &str, who: &Value) -> Value {
    let system = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
    json!({ "type": { "coding": [{ "system": system, "code": kind }] }, "who": who })
}

fn of_finding(reported: &ReportedFinding, report: &Report, ids: &Ids<'_>) -> Value {
    let finding = reported.finding.as_ref();
    let decision = reported.result();
    let mut agents = Vec::new();
    match &finding.origin {
        Origin::Model(run) => agents.push(agent("assembler", &ids.reference("Device", &model_key(&run.model)))),
        Origin::Reader(reader) => agents.push(agent("author", &ids.reference("Practitioner", reader.as_str()))),
        Origin::Document(source) => agents.push(agent("author", &json!({ "display": source.words() }))),
    }
    if let Some(decision) = decision {
        agents.push(agent("verifier", &ids.reference("Practitioner", decision.reader.as_str())));
    }
    let at = decision.map(|decision| decision.at.as_str()).or(reported.suggested_at.as_deref());
    let fields = json!({
        "target": [ids.reference("Observation", finding.id.as_str())],
        "recorded": at.unwrap_or(&report.made_at),
        "agent": agents,
    });
    resource("Provenance", ids.id("Provenance", finding.id.as_str()), fields)
}
