//! `overread audit anchor`: where the record ends, written down outside of it. A chain shows every change within it;
//! that its end was cut off, only something outside can show.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::app::cli::audit::arguments::AnchorArguments;
use crate::app::cli::output::{self, Outcome};
use crate::jobs::work::record::NotDone;
use crate::jobs::work::stamp;
use crate::store::ReviewStore;

pub fn run(store: &dyn ReviewStore, arguments: &AnchorArguments) -> Result<Outcome, NotDone> {
    let AnchorArguments { to, syslog, json } = arguments;
    let report = store.verify().map_err(|error| NotDone::of_store(&error))?;
    if let Some(problem) = report.problems.first() {
        let text = format!("The record is not what was written, and its end is not written down: {}", problem.text);
        return Err(NotDone { code: "store_altered", text });
    }
    let head = json!({
        "seq": report.head.seq, "hash": report.head_hex(), "count": report.head.count, "at": stamp::now(),
    });
    if let Some(to) = to {
        append(to, &head)?;
    }
    if *syslog {
        tell_system(&report.head_hex(), report.head.seq)?;
    }
    if *json {
        output::print_document(&output::stamped(json!({
            "head": head, "to": to.as_deref().map(output::path), "syslog": syslog,
        })));
    } else {
        output::line(&format!("The record ends with event {}, {}", report.head.seq, report.head_hex()));
    }
    Ok(Outcome::Done)
}

/// One line of JSON behind those that are there, on disk when this returns.
fn append(to: &Path, head: &Value) -> Result<(), NotDone> {
    let written = OpenOptions::new().create(true).append(true).open(to).and_then(|mut file| {
        file.write_all(format!("{head}\n").as_bytes())?;
        file.sync_all()
    });
    let not_written = |error: std::io::Error| {
        let text = format!("The end of the record was not written down ({}): {}", error.kind(), to.display());
        NotDone { code: "not_written", text }
    };
    written.map_err(not_written)
}

/// RFC 5424 facility 4 (security), severity 5 (notice), by the system's own program.
fn tell_system(hash: &str, seq: i64) -> Result<(), NotDone> {
    let words = format!("review record ends with event {seq} hash {hash}");
    let told = Command::new("logger")
        .args(["--priority", "auth.notice", "--tag", "overread", "--", &words])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match told {
        Ok(status) if status.success() => Ok(()),
        Ok(_) | Err(_) => {
            let text = "The system's log did not take the end of the record (is `logger` installed?)".to_owned();
            Err(NotDone { code: "not_written", text })
        }
    }
}

/// The hashes of a file of such lines.
pub fn read(file: &Path) -> Result<Vec<String>, NotDone> {
    let unusable = |what: &str| NotDone { code: "anchors", text: format!("{what}: {}", file.display()) };
    let text = fs::read_to_string(file).map_err(|_| unusable("The file of anchors cannot be read"))?;
    let hash = |line: &str| {
        let head: Value = serde_json::from_str(line).ok()?;
        Some(head.get("hash")?.as_str()?.to_owned())
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| hash(line).ok_or_else(|| unusable("A line of the file is no anchor"))).collect()
}
