//! Results of other products in `overread inspect --json`.

use serde_json::{Value, json};

use crate::domain::document::Document;
use crate::domain::finding::Finding;

pub fn document(document: &Document) -> Value {
    json!({
        "sop_instance_uid": document.sop,
        "sop_class_uid": document.sop_class,
        "series_instance_uid": document.series,
        "kind": document.kind.word(),
        "title": document.title,
        "maker": document.maker,
        "date": document.date,
        "verified": document.is_verified,
        "findings": document.findings.iter().map(|one| finding(one)).collect::<Vec<_>>(),
        "key_images": document.key_images.len(),
        "displays": document.displays.len(),
        "notices": document.notices.iter().map(|one| json!({"code": one.code, "text": one.text})).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    let measurements = finding
        .measurements
        .iter()
        .map(|one| json!({"id": one.id, "name": one.name, "value": one.value, "unit": one.unit}));
    json!({
        "label": finding.label.name,
        "code": finding.label.code,
        "sop_instance_uid": finding.subject.sop,
        "frame_index": finding.subject.frame,
        "source": finding.imported(),
        "measurements": measurements.collect::<Vec<_>>(),
        "lines": finding.evidence.lines.len(),
        "presented": finding.is_flagged(),
    })
}
