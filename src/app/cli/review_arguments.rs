//! What is typed to decide, sign, amend and list studies.

use clap::{Args, ValueEnum};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    Yes,
    No,
}

/// What is said of a finding besides the verdict.
#[derive(Debug, Default, Args)]
pub struct DetailsArguments {
    /// In your own words, with the reasons of a rejection
    #[arg(long, default_value = "")]
    pub text: String,
    /// What the finding is instead of what the model calls it
    #[arg(long, value_name = "NAME")]
    pub label: Option<String>,
    /// mild, moderate or severe
    #[arg(long, value_name = "CODE")]
    pub severity: Option<String>,
    /// Whether it matters clinically
    #[arg(long, value_enum)]
    pub relevant: Option<YesNo>,
    /// easy, medium or hard
    #[arg(long, value_name = "CODE")]
    pub difficulty: Option<String>,
    /// 0 to 100, with the model's result in view
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub confidence: Option<u8>,
    /// 0 to 100, as it was before the model's result was seen
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub confidence_before_ai: Option<u8>,
    /// What was changed before accepting, such as boundary; may be repeated
    #[arg(long = "modified", value_name = "CODE")]
    pub modified: Vec<String>,
    /// Of a reader's own finding: not_marked, below_threshold or outside_scope
    #[arg(long, value_name = "CODE")]
    pub missed: Option<String>,
}

#[derive(Debug, Args)]
pub struct SignArguments {
    /// Study Instance UID
    #[arg(long, value_name = "UID")]
    pub study: String,
    #[arg(long, value_name = "NAME")]
    pub reader: String,
    /// The reader's name once more: nothing is signed under another
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// review, approval, responsibility, authorship or adjudication
    #[arg(long, default_value = "review", value_name = "CODE")]
    pub meaning: String,
    /// reader, annotator, adjudicator or lead
    #[arg(long, default_value = "reader", value_name = "CODE")]
    pub role: String,
    /// Sign although flagged findings are not reviewed
    #[arg(long)]
    pub leave_unreviewed: bool,
    /// The signature as JSON on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct AmendArguments {
    /// Study Instance UID
    #[arg(long, value_name = "UID")]
    pub study: String,
    #[arg(long, value_name = "NAME")]
    pub reader: String,
    /// Why the signed study is opened again
    #[arg(long)]
    pub reason: String,
    /// The amendment as JSON on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct WorklistArguments {
    /// As this reader may see it
    #[arg(long, default_value = "", value_name = "NAME")]
    pub reader: String,
    /// concurrent, second_reader, blind or audit: how studies are read that are not begun
    #[arg(long, default_value = "concurrent", value_name = "CODE")]
    pub mode: String,
    /// Words that must all be found: name, id, accession, description, modality, flag
    #[arg(long, default_value = "")]
    pub search: String,
    /// unread, in_progress, needs_second_read, needs_adjudication, amended, signed or adjudicated
    #[arg(long, value_name = "CODE")]
    pub status: Option<String>,
    /// At most so many
    #[arg(long)]
    pub limit: Option<usize>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}
