//! The words of `overread audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub struct AuditArguments {
    #[command(subcommand)]
    pub what: AuditWhat,
}

#[derive(Debug, Subcommand)]
pub enum AuditWhat {
    /// Read the whole record and name every place where it is not what was written
    Verify(VerifyArguments),
    /// List events: who did what, when, on which machine
    Show(ShowArguments),
    /// Write down where the record ends, outside of it: what is cut off later is then seen
    Anchor(AnchorArguments),
    /// Write events as JSON lines, or as DICOM audit messages (PS3.15 A.5)
    Export(AuditExportArguments),
}

#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The end of the record as it was written down earlier (`audit verify --json` prints it as head.hash): still there?
    #[arg(long = "head", value_name = "HASH")]
    pub heads: Vec<String>,
    /// A file that `audit anchor` writes to: is every end in it still in the record?
    #[arg(long = "anchors", value_name = "FILE")]
    pub anchors: Vec<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct AnchorArguments {
    /// A line is added to this file; best on another machine's disk, or where nothing can be taken back
    #[arg(long, value_name = "FILE", required_unless_present = "syslog")]
    pub to: Option<PathBuf>,
    /// A line is sent to the system's log, as an authentication notice
    #[arg(long)]
    pub syslog: bool,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Selection {
    /// Only events about this study
    #[arg(long, value_name = "UID")]
    pub study: Option<String>,
    /// Only events after this number
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub after: i64,
    /// At most so many events
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

#[derive(Debug, Args)]
pub struct ShowArguments {
    #[command(flatten)]
    pub selection: Selection,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// One JSON object a line, with all hashes
    Json,
    /// One XML document an event, in a folder
    Dicom,
}

#[derive(Debug, Args)]
pub struct AuditExportArguments {
    /// A new file for `json`, a new or empty folder for `dicom`
    #[arg(long, value_name = "PATH")]
    pub to: PathBuf,
    #[arg(long, value_enum, default_value = "json")]
    pub format: AuditFormat,
    #[command(flatten)]
    pub selection: Selection,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

impl AuditArguments {
    pub fn is_json(&self) -> bool {
        match &self.what {
            AuditWhat::Verify(arguments) => arguments.json,
            AuditWhat::Show(arguments) => arguments.json,
            AuditWhat::Anchor(arguments) => arguments.json,
            AuditWhat::Export(arguments) => arguments.json,
        }
    }
}
