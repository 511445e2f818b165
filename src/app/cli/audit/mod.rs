//! `overread audit`: is the record what was written, what is in it, and all of it for somebody else's audit trail.

mod anchor;
pub mod arguments;
mod export;
mod trail;

use std::collections::BTreeSet;

use serde_json::json;

use crate::app::cli::arguments::Common;
use crate::app::cli::audit::arguments::{AuditArguments, AuditWhat, Selection, ShowArguments, VerifyArguments};
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::record_place;
use crate::jobs::work::record::{self, NotDone};
use crate::store::ReviewStore;
use crate::store::chain::{ChainProblem, ChainReport};
use crate::store::log_entry::LogEntry;

/// Events read at once.
const BATCH: u32 = 500;

pub fn run(arguments: &AuditArguments, common: &Common) -> Outcome {
    let done = record::open_store_to_read(&record_place(common)).and_then(|store| match &arguments.what {
        AuditWhat::Verify(arguments) => verify(store.as_ref(), arguments),
        AuditWhat::Show(arguments) => show(store.as_ref(), arguments),
        AuditWhat::Anchor(arguments) => anchor::run(store.as_ref(), arguments),
        AuditWhat::Export(arguments) => export::run(store.as_ref(), arguments),
    });
    done.unwrap_or_else(|NotDone { code, text }| output::failed(arguments.is_json(), code, &text))
}

fn verify(store: &dyn ReviewStore, arguments: &VerifyArguments) -> Result<Outcome, NotDone> {
    let mut report = store.verify().map_err(|error| NotDone::of_store(&error))?;
    let mut heads = arguments.heads.clone();
    for file in &arguments.anchors {
        heads.extend(anchor::read(file)?);
    }
    check_heads(store, &heads, &mut report)?;
    let how_kept = store.how_kept();
    if arguments.json {
        let problems: Vec<_> =
            report.problems.iter().map(|problem| json!({ "seq": problem.seq, "text": problem.text })).collect();
        output::print_document(&output::stamped(json!({
            "intact": report.is_intact(), "problems": problems, "remarks": report.remarks,
            "head": { "seq": report.head.seq, "hash": report.head_hex(), "count": report.head.count },
            "findings": report.n_findings, "signed_events": report.n_signed,
            "protection": how_kept.protection.words(),
        })));
    } else {
        let head: String = report.head_hex().chars().take(16).collect();
        let word = if report.is_intact() { "Intact" } else { "NOT WHAT WAS WRITTEN" };
        output::line(&format!(
            "{word}: {} events, {} findings, {} signed by a device; {}; head {} {head}…",
            report.head.count,
            report.n_findings,
            report.n_signed,
            how_kept.protection.words(),
            report.head.seq,
        ));
        report.problems.iter().for_each(|problem| output::line(&format!("  problem: {}", problem.text)));
        report.remarks.iter().for_each(|remark| output::line(&format!("  remark:  {remark}")));
    }
    Ok(if report.is_intact() { Outcome::Done } else { Outcome::Partly })
}

/// A head that was written down elsewhere shows what even a lost anchor would hide: that the end was cut off.
fn check_heads(store: &dyn ReviewStore, heads: &[String], report: &mut ChainReport) -> Result<(), NotDone> {
    let mut missing = BTreeSet::new();
    for head in heads {
        let wanted = head.trim().to_lowercase();
        if wanted.len() != 64 || !wanted.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(NotDone { code: "usage", text: "--head takes a hash of 64 hexadecimal digits".to_owned() });
        }
        missing.insert(wanted);
    }
    if missing.is_empty() {
        return Ok(());
    }
    each_event(store, &Selection { study: None, after: 0, limit: None }, &mut |entry| {
        if let Some(facts) = &entry.facts {
            missing.remove(&facts.hash);
        }
        Ok(())
    })?;
    for head in missing {
        let text = format!("The head {}… that was written down earlier is not in the record.", &head[..16]);
        report.problems.push(ChainProblem { seq: None, text });
    }
    Ok(())
}

fn show(store: &dyn ReviewStore, arguments: &ShowArguments) -> Result<Outcome, NotDone> {
    let mut entries = Vec::new();
    let mut has_unreadable = false;
    each_event(store, &arguments.selection, &mut |entry| {
        has_unreadable |= entry.facts.is_none();
        if arguments.json {
            entries.push(json!(entry));
        } else {
            output::line(&trail::line(&entry));
        }
        Ok(())
    })?;
    if arguments.json {
        output::print_document(&output::stamped(json!({ "events": entries })));
    }
    Ok(if has_unreadable { Outcome::Partly } else { Outcome::Done })
}

/// Hands every event of a selection to `with`, in order.
fn each_event(
    store: &dyn ReviewStore,
    selection: &Selection,
    with: &mut dyn FnMut(LogEntry) -> Result<(), NotDone>,
) -> Result<(), NotDone> {
    let Selection { study, after, limit } = selection;
    let (mut after, mut n_left) = (*after, limit.unwrap_or(usize::MAX));
    while n_left > 0 {
        let entries = store.read_log(after, BATCH).map_err(|error| NotDone::of_store(&error))?;
        let Some(last) = entries.last() else { return Ok(()) };
        after = last.seq;
        let is_meant = |entry: &LogEntry| match (study, &entry.facts) {
            (None, _) => true,
            (Some(study), Some(facts)) => &facts.study == study,
            (Some(_), None) => false,
        };
        for entry in entries.into_iter().filter(is_meant).take(n_left) {
            n_left -= 1;
            with(entry)?;
        }
    }
    Ok(())
}
