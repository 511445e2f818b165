//! `overread audit export`: the record's events for another system, whole or not at all.

use std::path::Path;

use serde_json::json;

use crate::app::cli::audit::arguments::{AuditExportArguments, AuditFormat};
use crate::app::cli::audit::{each_event, trail};
use crate::app::cli::output::{self, Outcome};
use crate::export::audit_message::audit_message;
use crate::export::staging::Staging;
use crate::jobs::work::record::NotDone;
use crate::store::ReviewStore;

pub fn run(store: &dyn ReviewStore, arguments: &AuditExportArguments) -> Result<Outcome, NotDone> {
    let AuditExportArguments { to, format, selection, json } = arguments;
    let mut n_events = 0_u64;
    let mut n_unreadable = 0_u64;
    let not_written = |text: String| NotDone { code: "not_written", text };
    match format {
        AuditFormat::Json => {
            if to.exists() {
                return Err(not_written(format!("Something is there already: {}", to.display())));
            }
            let mut text = String::new();
            each_event(store, selection, &mut |entry| {
                n_events += 1;
                n_unreadable += u64::from(entry.facts.is_none());
                text.push_str(&json!(entry).to_string());
                text.push('\n');
                Ok(())
            })?;
            write_one(to, text.as_bytes()).map_err(not_written)?;
        }
        AuditFormat::Dicom => {
            let is_empty = std::fs::read_dir(to).map_or(true, |mut entries| entries.next().is_none());
            if !is_empty {
                return Err(not_written(format!("The folder is not empty: {}", to.display())));
            }
            let source = store.how_kept().place_words();
            let mut staging = Staging::new(to).map_err(|error| not_written(error.to_string()))?;
            each_event(store, selection, &mut |entry| {
                match trail::record(&entry) {
                    Some(record) => {
                        n_events += 1;
                        let name = format!("event-{:08}.xml", entry.seq);
                        let message = audit_message(&record, &source);
                        staging.add(&name, message.as_bytes()).map_err(|error| not_written(error.to_string()))?;
                    }
                    None => n_unreadable += 1,
                }
                Ok(())
            })?;
            staging.commit().map_err(|error| not_written(error.to_string()))?;
        }
    }
    if *json {
        output::print_document(&output::stamped(json!({
            "to": output::path(to), "events": n_events, "unreadable": n_unreadable,
        })));
    } else {
        output::line(&format!("{n_events} events written to {}", to.display()));
        if n_unreadable > 0 {
            output::message(&format!("{n_unreadable} events cannot be read; see: overread audit verify"));
        }
    }
    Ok(if n_unreadable > 0 { Outcome::Partly } else { Outcome::Done })
}

fn write_one(to: &Path, bytes: &[u8]) -> Result<(), String> {
    let name = to.file_name().and_then(std::ffi::OsStr::to_str).ok_or("the name is no Unicode")?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = Staging::new(folder).and_then(|mut staging| {
        staging.add(name, bytes)?;
        staging.commit()
    });
    written.map(drop).map_err(|error| error.to_string())
}
