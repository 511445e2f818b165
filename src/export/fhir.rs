//! The report as a FHIR R4 bundle: what was suggested, what a reader made of it, and who or what said so.
//!
//! A `collection` of Patient, ImagingStudy, one Device for each model, one Practitioner for each reader, an Observation
//! for each finding and each measurement of a reader, the DiagnosticReport that holds them, and their Provenance. Everything is marked as
//! of research (HRESCH). Ids are derived from the record, so that the same report is the same bundle.

mod provenance;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::codes::{Code, Codes};
use crate::domain::coding::CodedConcept;
use crate::domain::decision::{Decision, Verdict};
use crate::domain::finding::{Finding, FindingLabel, Measurement, Origin};
use crate::domain::model::ModelIdentity;
use crate::domain::report::{Report, ReportedAnnotation, ReportedFinding};
use crate::domain::study::Study;
use crate::domain::uid::ReaderName;
use crate::export::error::ExportError;

pub const FHIR_FILE_NAME: &str = "report.fhir.json";

/// The file's bytes.
pub fn bytes(report: &Report) -> Result<Vec<u8>, ExportError> {
    let mut text = serde_json::to_vec_pretty(&bundle(report))?;
    text.push(b'\n');
    Ok(text)
}

/// A `Bundle` of type `collection`.
pub fn bundle(report: &Report) -> Value {
    let ids = Ids { study: report.study_uid.as_str() };
    let mut entries = vec![patient(report, &ids), imaging_study(report, &ids)];
    entries.extend(models(report).into_iter().map(|model| device(model, &ids)));
    entries.extend(readers(report).into_iter().map(|reader| practitioner(&reader, &ids)));
    entries.extend(report.findings.iter().map(|reported| observation(reported, &ids)));
    entries.extend(report.annotations.iter().filter_map(|reported| measured(reported, &ids)));
    entries.push(diagnostic_report(report, &ids));
    entries.extend(provenance::all(report, &ids));
    let entries = entries.into_iter().filter_map(|resource| {
        let id = resource.get("id")?.as_str()?.to_owned();
        Some(json!({ "fullUrl": format!("urn:uuid:{id}"), "resource": resource }))
    });
    json!({
        "resourceType": "Bundle",
        "id": ids.id("bundle", &report.made_at),
        "meta": research(),
        "type": "collection",
        "timestamp": report.made_at,
        "entry": entries.collect::<Vec<_>>(),
    })
}

/// Ids and references within one bundle.
struct Ids<'a> {
    study: &'a str,
}

impl Ids<'_> {
    /// A UUID of version 8 (RFC 9562) out of SHA-256.
    fn id(&self, kind: &str, what: &str) -> String {
        let digest = Sha256::digest(format!("overread fhir\0{}\0{kind}\0{what}", self.study));
        let mut bytes = [0_u8; 16];
        bytes.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
        uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
    }

    fn reference(&self, kind: &str, what: &str) -> Value {
        json!({ "reference": format!("urn:uuid:{}", self.id(kind, what)) })
    }

    fn subject(&self) -> Value {
        self.reference("Patient", "")
    }
}

fn research() -> Value {
    json!({
        "security": [{
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
            "code": "HRESCH",
            "display": "healthcare research",
        }],
    })
}

/// A resource of this type with what every one has; values that are absent are left out.
fn resource(kind: &str, id: String, fields: Value) -> Value {
    let mut all = Map::new();
    all.insert("resourceType".to_owned(), json!(kind));
    all.insert("id".to_owned(), json!(id));
    all.insert("meta".to_owned(), research());
    if let Value::Object(fields) = fields {
        all.extend(fields.into_iter().filter(|(_, value)| !is_absent(value)));
    }
    Value::Object(all)
}

fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `YYYYMMDD` as FHIR writes it; null where it is no date.
fn date(dicom: &str) -> Value {
    let is_date = dicom.len() == 8 && dicom.chars().all(|letter| letter.is_ascii_digit());
    match (is_date, dicom.get(..4), dicom.get(4..6), dicom.get(6..8)) {
        (true, Some(year), Some(month), Some(day)) => json!(format!("{year}-{month}-{day}")),
        _ => Value::Null,
    }
}

fn patient(report: &Report, ids: &Ids<'_>) -> Value {
    let fields = report.study.as_ref().map_or(Value::Null, |study| {
        let patient = &study.patient;
        let mut name = patient.name.split('=').next().unwrap_or("").split('^').map(str::trim);
        let family = name.next().unwrap_or("").to_owned();
        let given: Vec<&str> = name.take(2).filter(|part| !part.is_empty()).collect();
        let gender = match patient.sex.as_str() {
            "M" => "male",
            "F" => "female",
            "O" => "other",
            _ => "unknown",
        };
        let mut names = Map::new();
        if !family.is_empty() {
            names.insert("family".to_owned(), json!(family));
        }
        if !given.is_empty() {
            names.insert("given".to_owned(), json!(given));
        }
        let identifier = if patient.id.is_empty() { json!([]) } else { json!([{ "value": patient.id }]) };
        let names = if names.is_empty() { json!([]) } else { json!([names]) };
        json!({ "identifier": identifier, "name": names, "gender": gender, "birthDate": date(&patient.birth_date) })
    });
    resource("Patient", ids.id("Patient", ""), fields)
}

fn imaging_study(report: &Report, ids: &Ids<'_>) -> Value {
    let uid = json!({ "system": "urn:dicom:uid", "value": format!("urn:oid:{}", report.study_uid) });
    let mut identifiers = vec![uid];
    let mut fields = Map::new();
    if let Some(study) = &report.study {
        if !study.accession.is_empty() {
            let kind = json!({ "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN",
            }] });
            identifiers.push(json!({ "type": kind, "value": study.accession }));
        }
        fields.insert("started".to_owned(), date(&study.date));
        fields.insert("description".to_owned(), json!(study.description));
        fields.insert("numberOfSeries".to_owned(), json!(study.series.len()));
        let n_instances: usize = study.series.iter().map(|series| series.instances.len()).sum();
        fields.insert("numberOfInstances".to_owned(), json!(n_instances));
        fields.insert("series".to_owned(), series(study, report));
    }
    fields.insert("identifier".to_owned(), json!(identifiers));
    fields.insert("status".to_owned(), json!("available"));
    fields.insert("subject".to_owned(), ids.subject());
    resource("ImagingStudy", ids.id("ImagingStudy", ""), Value::Object(fields))
}

/// All series; of their instances those that findings are about.
fn series(study: &Study, report: &Report) -> Value {
    let named: BTreeSet<&str> = report.findings.iter().map(|reported| reported.finding.subject.sop.as_str()).collect();
    let mut seen = BTreeSet::new();
    let all = study.series.iter().filter(|series| seen.insert(series.uid.as_str())).map(|series| {
        let instances = series.instances.iter().filter(|instance| named.contains(instance.sop.as_str()));
        let instances = instances.map(|instance| {
            json!({
                "uid": instance.sop.as_str(),
                "sopClass": { "system": "urn:ietf:rfc:3986", "code": format!("urn:oid:{}", instance.sop_class) },
            })
        });
        let modality = if series.modality.0.is_empty() { "OT" } else { &series.modality.0 };
        let mut one = json!({
            "uid": series.uid.as_str(),
            "modality": { "system": "http://dicom.nema.org/resources/ontology/DCM", "code": modality },
            "numberOfInstances": series.instances.len(),
        });
        let instances: Vec<Value> = instances.collect();
        if let Some(fields) = one.as_object_mut() {
            let more = [
                ("number", series.number.filter(|number| *number >= 0).map_or(Value::Null, |number| json!(number))),
                ("description", json!(series.description)),
                ("instance", json!(instances)),
            ];
            fields.extend(more.into_iter().filter(|(_, value)| !is_absent(value)).map(|(k, v)| (k.to_owned(), v)));
        }
        one
    });
    all.collect()
}

fn models(report: &Report) -> Vec<&ModelIdentity> {
    let mut models: Vec<&ModelIdentity> = Vec::new();
    for run in report.findings.iter().filter_map(|reported| reported.finding.model_run()) {
        if !models.contains(&&run.model) {
            models.push(&run.model);
        }
    }
    models
}

fn model_key(model: &ModelIdentity) -> String {
    format!("{}\0{}\0{}", model.id.as_str(), model.version, model.weights_sha256)
}

fn device(model: &ModelIdentity, ids: &Ids<'_>) -> Value {
    let fields = json!({
        "identifier": [{ "system": "urn:overread:weights-sha256", "value": model.weights_sha256 }],
        "status": "active",
        "deviceName": [{ "name": model.name, "type": "model-name" }],
        "version": [{ "value": model.version }],
        "note": [{ "text": RESEARCH_USE_ONLY }],
    });
    resource("Device", ids.id("Device", &model_key(model)), fields)
}

fn readers(report: &Report) -> BTreeSet<ReaderName> {
    let mut readers = BTreeSet::new();
    for reported in &report.findings {
        if let Origin::Reader(reader) = &reported.finding.origin {
            readers.insert(reader.clone());
        }
        readers.extend(reported.result().map(|decision| decision.reader.clone()));
    }
    let drawn = report.annotations.iter().map(|reported| reported.changed.as_ref().unwrap_or(&reported.placed));
    readers.extend(drawn.map(|signed| signed.reader.clone()));
    readers.extend(report.course.signature().map(|signature| signature.reader.clone()));
    readers
}

fn practitioner(reader: &ReaderName, ids: &Ids<'_>) -> Value {
    let fields = json!({ "name": [{ "text": reader.as_str() }] });
    resource("Practitioner", ids.id("Practitioner", reader.as_str()), fields)
}

fn system(scheme: &str) -> String {
    match scheme {
        "SCT" => "http://snomed.info/sct".to_owned(),
        "DCM" => "http://dicom.nema.org/resources/ontology/DCM".to_owned(),
        "LN" => "http://loinc.org".to_owned(),
        "RADLEX" => "http://radlex.org".to_owned(),
        "UCUM" => "http://unitsofmeasure.org".to_owned(),
        other => format!("urn:overread:scheme:{other}"),
    }
}

fn coding(code: &CodedConcept) -> Value {
    json!({ "system": system(&code.scheme), "code": code.value, "display": code.meaning })
}

fn concept(label: &FindingLabel) -> Value {
    match &label.code {
        Some(code) => json!({ "coding": [coding(code)], "text": label.name }),
        None => json!({ "text": label.name }),
    }
}

fn quantity(value: f64, unit: &str) -> Value {
    json!({ "value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit })
}

fn component(measurement: &Measurement) -> Option<Value> {
    let Measurement { id, name, value, unit } = measurement;
    let code = json!({ "coding": [{ "system": "urn:overread:measurement", "code": id }], "text": name });
    value.is_finite().then(|| json!({ "code": code, "valueQuantity": quantity(*value, unit) }))
}

/// Where a finding stands: a suggestion is preliminary, what a reader decided is final, what was refused is an error.
fn status(decision: Option<&Decision>, is_reader: bool) -> &'static str {
    match decision.map(|decision| &decision.verdict) {
        None if is_reader => "final",
        None | Some(Verdict::Uncertain) => "preliminary",
        Some(Verdict::Accepted) => "final",
        Some(Verdict::Rejected { .. }) => "entered-in-error",
        Some(Verdict::NotAssessable) => "cancelled",
    }
}

fn observation(reported: &ReportedFinding, ids: &Ids<'_>) -> Value {
    let finding = reported.finding.as_ref();
    let decision = reported.result();
    let relabelled = decision.and_then(|decision| decision.details.label.as_ref());
    let is_reader = matches!(finding.origin, Origin::Reader(_));
    let mut components: Vec<Value> = finding.measurements.iter().filter_map(component).collect();
    if let Some(assessment) = &finding.assessment {
        let code = json!({ "text": assessment.score.word() });
        components.insert(0, json!({ "code": code, "valueQuantity": quantity(assessment.score.value(), "1") }));
    }
    let mut notes: Vec<Value> = Vec::new();
    notes.extend(finding.assessment.as_ref().map(|assessment| json!({ "text": assessment.sentence() })));
    if let Some(decision) = decision {
        let said = [decided(decision), decision.comment.clone()].into_iter().filter(|text| !text.is_empty());
        let author = || ids.reference("Practitioner", decision.reader.as_str());
        notes.extend(said.map(|text| json!({ "authorReference": author(), "time": decision.at, "text": text })));
    }
    let performer = decision.map(|decision| ids.reference("Practitioner", decision.reader.as_str()));
    let device = finding.model_run().map(|run| ids.reference("Device", &model_key(&run.model)));
    let code = relabelled.map_or_else(|| concept(&finding.label), concept);
    let value = presence(finding, decision);
    let unknown = json!({ "coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown",
    }] });
    let fields = json!({
        "identifier": [{ "system": "urn:overread:finding", "value": finding.id.as_str() }],
        "status": status(decision, is_reader),
        "category": [{ "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "imaging",
        }] }],
        "code": code,
        "subject": ids.subject(),
        "effectiveDateTime": decision.map(|decision| decision.at.clone()),
        "performer": performer.into_iter().collect::<Vec<_>>(),
        "interpretation": interpretation(finding, decision),
        "dataAbsentReason": if value.is_null() { unknown } else { Value::Null },
        "valueCodeableConcept": value,
        "note": notes,
        "method": { "text": method(finding) },
        "device": device,
        "derivedFrom": [ids.reference("ImagingStudy", "")],
        "component": components,
    });
    resource("Observation", ids.id("Observation", finding.id.as_str()), fields)
}

/// Whether what the code names is there, as far as it is known: a suggestion below its threshold says nothing.
fn presence(finding: &Finding, decision: Option<&Decision>) -> Value {
    let code = match decision.map(|decision| &decision.verdict) {
        Some(Verdict::Accepted) => Code::Present,
        Some(Verdict::Rejected { .. }) => Code::Absent,
        Some(Verdict::Uncertain) => Code::Equivocal,
        Some(Verdict::NotAssessable) => return Value::Null,
        None if finding.is_flagged() => Code::Present,
        None => return Value::Null,
    };
    json!({ "coding": [coding(&Codes::shipped().concept(code))] })
}

fn method(finding: &Finding) -> String {
    match &finding.origin {
        Origin::Model(run) => format!("Suggested by {} {}", run.model.name, run.model.version),
        Origin::Reader(_) => "Seen by a reader".to_owned(),
        Origin::Document(source) => format!("From another product's object: {}", source.words()),
    }
}

fn interpretation(finding: &Finding, decision: Option<&Decision>) -> Value {
    let code = match decision.map(|decision| &decision.verdict) {
        Some(Verdict::Accepted) => "POS",
        Some(Verdict::Rejected { .. }) => "NEG",
        Some(Verdict::Uncertain) => "IND",
        Some(Verdict::NotAssessable) => return json!([]),
        None if finding.is_flagged() => "POS",
        None => "NEG",
    };
    json!([{ "coding": [{
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": code,
    }] }])
}

fn decided(decision: &Decision) -> String {
    match &decision.verdict {
        Verdict::Rejected { reasons, text } => {
            let words = reasons.iter().map(|reason| reason.word().to_owned());
            let all: Vec<String> = words.chain((!text.is_empty()).then(|| text.clone())).collect();
            format!("{}: {}", decision.words(), all.join("; "))
        }
        Verdict::Accepted | Verdict::Uncertain | Verdict::NotAssessable => decision.words().to_owned(),
    }
}

/// A reader's own measurement; marks without values are not observations.
fn measured(reported: &ReportedAnnotation, ids: &Ids<'_>) -> Option<Value> {
    let annotation = reported.annotation.as_ref();
    let components: Vec<Value> = annotation.measurements.iter().filter_map(component).collect();
    if components.is_empty() {
        return None;
    }
    let signed = reported.changed.as_ref().unwrap_or(&reported.placed);
    let fields = json!({
        "identifier": [{ "system": "urn:overread:annotation", "value": annotation.id.as_str() }],
        "status": "final",
        "code": { "text": annotation.shape.word() },
        "subject": ids.subject(),
        "effectiveDateTime": signed.at,
        "performer": [ids.reference("Practitioner", signed.reader.as_str())],
        "note": if annotation.text.is_empty() { json!([]) } else { json!([{ "text": annotation.text }]) },
        "derivedFrom": [ids.reference("ImagingStudy", "")],
        "component": components,
    });
    Some(resource("Observation", ids.id("Observation", annotation.id.as_str()), fields))
}

fn diagnostic_report(report: &Report, ids: &Ids<'_>) -> Value {
    let of_findings = report.findings.iter().map(|reported| reported.finding.id.as_str());
    let of_drawings = report.annotations.iter().filter(|reported| !reported.annotation.measurements.is_empty());
    let of_drawings = of_drawings.map(|reported| reported.annotation.id.as_str());
    let results: Vec<Value> = of_findings.chain(of_drawings).map(|id| ids.reference("Observation", id)).collect();
    let signature = report.course.signature();
    let was_amended = report.course.signatures.len() > 1;
    let status = match signature {
        Some(_) if was_amended => "amended",
        Some(_) => "final",
        None => "preliminary",
    };
    let signer = signature.map(|signature| ids.reference("Practitioner", signature.reader.as_str()));
    let fields = json!({
        "identifier": [{ "system": "urn:overread:report", "value": format!("{}/{}", report.study_uid, report.made_at) }],
        "status": status,
        "category": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD" }] }],
        "code": { "coding": [{
            "system": "http://loinc.org", "code": "18748-4", "display": "Diagnostic imaging study",
        }] },
        "subject": ids.subject(),
        "effectiveDateTime": report.study.as_ref().map(|study| date(&study.date)),
        "issued": report.made_at,
        "resultsInterpreter": signer.into_iter().collect::<Vec<_>>(),
        "result": results,
        "imagingStudy": [ids.reference("ImagingStudy", "")],
        "conclusion": RESEARCH_USE_ONLY,
    });
    resource("DiagnosticReport", ids.id("DiagnosticReport", &report.made_at), fields)
}
