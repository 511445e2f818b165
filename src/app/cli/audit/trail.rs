//! One event as a line for a person, and as a record for an audit trail.

use serde_json::Value;

use crate::domain::audit::{AuditAction, AuditRecord};
use crate::domain::uid::StudyUid;
use crate::store::log_entry::{LogEntry, LogFacts};

/// Such as `   12  2026-11-30T15:22:01Z  Dr. Ann (reader)  finding decided: rejected …  [desk-7]`.
pub fn line(entry: &LogEntry) -> String {
    let seq = entry.seq;
    let Some(facts) = &entry.facts else { return format!("{seq:>6}  CANNOT BE READ") };
    let role = facts.header.as_ref().map_or("", |header| header.actor_role.as_str());
    let host = facts.header.as_ref().map_or_else(String::new, |header| format!("  [{}]", header.host));
    let flag = facts.header.as_ref().filter(|header| !header.clock_flag.is_empty());
    let flag = flag.map_or_else(String::new, |header| format!("  CLOCK {}", header.clock_flag));
    let actor = match (facts.actor.as_str(), role) {
        ("", _) => "nobody yet".to_owned(),
        (actor, "") => actor.to_owned(),
        (actor, role) => format!("{actor} ({role})"),
    };
    let at: String = facts.wall_utc.chars().take(19).collect();
    let what = facts.kind.replace('_', " ");
    let detail = detail(&facts.body);
    let colon = if detail.is_empty() { "" } else { ": " };
    format!("{seq:>6}  {at}Z  {actor}  {what}{colon}{detail}{host}{flag}")
}

/// The words of the body that tell most.
fn detail(body: &Value) -> String {
    let nested = body.get("event").filter(|event| event.is_object());
    let mut words = Vec::new();
    for name in ["verdict", "meaning", "access", "finding", "event", "n_images", "folder", "comment", "text"] {
        match body.get(name).or_else(|| nested?.get(name)) {
            Some(Value::String(text)) if !text.is_empty() => words.push(shortened(text)),
            Some(Value::Number(number)) => words.push(number.to_string()),
            _ => {}
        }
    }
    if let Some(Value::Array(findings)) = body.get("findings") {
        words.push(format!("{} findings", findings.len()));
    }
    words.join(", ")
}

fn shortened(text: &str) -> String {
    const MOST: usize = 48;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(['…']).collect()
}

/// `None` for an event that cannot be read.
pub fn record(entry: &LogEntry) -> Option<AuditRecord> {
    let LogFacts { study, kind, actor, wall_utc, hash, header, body, .. } = entry.facts.as_ref()?;
    let role = header.as_ref().map(|header| header.actor_role.clone());
    Some(AuditRecord {
        seq: entry.seq,
        kind: kind.clone(),
        action: action(kind),
        at: wall_utc.clone(),
        actor: actor.clone(),
        is_person: role.as_deref().is_some_and(|role| role != "program"),
        role: role.unwrap_or_default(),
        host: header.as_ref().map(|header| header.host.clone()).unwrap_or_default(),
        program: header.as_ref().map(|header| header.app_build.clone()).unwrap_or_default(),
        destination: body.get("folder").and_then(Value::as_str).unwrap_or_default().to_owned(),
        study: (!study.is_empty()).then(|| StudyUid::new(study)),
        hash: hash.clone(),
        body: body.to_string(),
    })
}

fn action(kind: &str) -> AuditAction {
    match kind {
        "study_opened" | "images_displayed" => AuditAction::Accessed,
        "report_exported" | "study_exported" => AuditAction::Exported,
        "worklist_searched" => AuditAction::Searched,
        "record_merged" => AuditAction::Imported,
        "anchor_renewed" | "device_enrolled" => AuditAction::SecurityAlert,
        "undone" | "redone" | "finding_withdrawn" | "annotation_changed" | "annotation_removed" => AuditAction::Changed,
        kind if kind.contains("amend") => AuditAction::Changed,
        _ => AuditAction::Created,
    }
}
