//! Assessments as they leave: one for each object that results came in, our own of each model and those of others.

use std::collections::BTreeMap;

use crate::domain::content_item::ObjectReference;
use crate::domain::finding::{DocumentSource, Finding, Speaker};
use crate::domain::intake::Notice;
use crate::domain::report::ReportedFinding;
use crate::domain::uid::SopInstanceUid;
use crate::export::dicom::assessment::{self, Assessed, Maker};
use crate::export::dicom::content_tree::PlaceOfObject;
use crate::export::dicom::header::{Identity, MANUFACTURER};
use crate::export::dicom::model_set::model_sets;
use crate::export::dicom::report_items::Items;
use crate::export::dicom::result_set::{kept, place, series_number, series_uid, study_of, write_model_report};
use crate::export::dicom::structured_report::{Author, COMPREHENSIVE, COMPREHENSIVE_3D, Document};
use crate::export::dicom::uids::{new_uid, observation_uid};
use crate::export::error::ExportError;
use crate::export::formats::{Output, Task};

/// One for each object that results came in: our own of each model, and those of other products.
pub fn write_assessments(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    let study = study_of(task)?;
    let reader = task.attestation.as_ref().map_or(task.reader, |attestation| attestation.name.as_str());
    if reader.trim().is_empty() {
        output.skip(None, Notice::new("no_reader", "Nobody is named as the reader: there is no assessment"));
        return Ok(());
    }
    let mut number = 0;
    for set in model_sets(task, study) {
        if !task.writes("sr") {
            // What is assessed leaves with its assessment
            write_model_report(task, study, &set, output)?;
        }
        let (series, sop) = (series_uid(study, "model report"), set.report_sop());
        let original = place(study, &series, COMPREHENSIVE_3D, &sop);
        let observed = |finding: &Finding| Some(observation_uid(finding.id.as_str(), "result"));
        let maker = Maker {
            manufacturer: MANUFACTURER.to_owned(),
            model: set.model.name.clone(),
            version: set.model.version.clone(),
        };
        number += 1;
        let results = assessed(&original, &set.findings, &observed);
        write_assessment(
            task,
            output,
            reader,
            Assessment { original, results, maker, number, about: &set.model.id.to_string() },
        )?;
    }
    for (source, findings) in by_document(task) {
        let original = PlaceOfObject {
            study: study.uid.clone(),
            series: source.series.clone(),
            sop_class: source.sop_class.clone(),
            sop: source.sop.clone(),
        };
        let observed = |finding: &Finding| {
            let source = finding.imported()?;
            source.observation_uid.clone().or_else(|| source.tracking_uid.clone())
        };
        let results = assessed(&original, &findings, &observed);
        for reported in findings.iter().filter(|reported| observed(&reported.finding).is_none()) {
            let text = "A result has no identifier of its own in its object: nothing can be said of it there";
            output.skip(Some(reported.finding.subject.clone()), Notice::new("no_observation_uid", text));
        }
        if results.is_empty() {
            continue;
        }
        let DocumentSource { manufacturer, name, version, .. } = source;
        let maker = Maker { manufacturer: manufacturer.clone(), model: name.clone(), version: version.clone() };
        number += 1;
        write_assessment(task, output, reader, Assessment { original, results, maker, number, about: "imported" })?;
    }
    Ok(())
}

/// Findings of devices' documents, by document.
fn by_document<'a>(task: &Task<'a>) -> Vec<(&'a DocumentSource, Vec<&'a ReportedFinding>)> {
    let mut all: BTreeMap<&SopInstanceUid, (&DocumentSource, Vec<&ReportedFinding>)> = BTreeMap::new();
    for reported in &task.report.findings {
        let Some(source) = reported.finding.imported().filter(|source| source.speaker != Speaker::Person) else {
            continue;
        };
        all.entry(&source.sop).or_insert((source, Vec::new())).1.push(reported);
    }
    all.into_values().collect()
}

struct Assessment<'a> {
    original: PlaceOfObject,
    results: Vec<Assessed>,
    maker: Maker,
    number: i64,
    about: &'a str,
}

fn assessed(
    original: &PlaceOfObject,
    findings: &[&ReportedFinding],
    observed: &dyn Fn(&Finding) -> Option<String>,
) -> Vec<Assessed> {
    let object = ObjectReference {
        sop_class: original.sop_class.clone(),
        sop: original.sop.clone(),
        frames: Vec::new(),
        segments: Vec::new(),
    };
    let one = |reported: &&ReportedFinding| {
        let observation_uid = observed(&reported.finding)?;
        Some(Assessed { object: object.clone(), observation_uid, status: assessment::status_of(reported) })
    };
    findings.iter().filter_map(one).collect()
}

fn write_assessment(
    task: &Task<'_>,
    output: &mut Output<'_>,
    reader: &str,
    wanted: Assessment<'_>,
) -> Result<(), ExportError> {
    let study = study_of(task)?;
    let Assessment { original, results, maker, number, about } = wanted;
    let items = Items { codes: task.codes, study };
    let root = assessment::tree(&items, reader, &results);
    let (series, sop) = (series_uid(study, "assessments"), new_uid());
    let evidence = [original.clone()];
    let document = Document {
        study,
        identity: Identity {
            sop_class: COMPREHENSIVE,
            sop: &sop,
            series: &series,
            series_number: series_number::ASSESSMENT,
            instance_number: number,
            modality: "SR",
            description: "Assessment of AI results",
            made_at: &task.report.made_at,
        },
        root: &root,
        author: Author::Person(reader),
        attestation: task.attestation.as_ref(),
        is_preliminary: task.attestation.is_none(),
        evidence: &evidence,
        predecessors: &[],
    };
    let bytes = assessment::file(&items, &document, &original, &original, &maker)?;
    output.object(&format!("aira {about}"), &bytes, kept("aira", COMPREHENSIVE, &series, &sop))
}
