//! `overread stats`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub struct StatsArguments {
    #[command(subcommand)]
    pub what: StatsSubject,
}

impl StatsArguments {
    pub fn is_json(&self) -> bool {
        match &self.what {
            StatsSubject::Roc(roc) => roc.common.json,
            StatsSubject::Mrmc(mrmc) => mrmc.common.json,
            StatsSubject::Froc(froc) => froc.common.json,
            StatsSubject::Agreement(agreement) => agreement.common.json,
            StatsSubject::Calibration(calibration) => calibration.common.json,
            StatsSubject::Overlap(overlap) => overlap.common.json,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum StatsSubject {
    /// ROC, its area, precision and recall, and scores compared; columns truth, scores, and patient if there are several
    /// cases of one
    Roc(RocArguments),
    /// Readers and modalities; columns reader, modality, case, truth, score
    Mrmc(MrmcArguments),
    /// Free response: a file of cases (case, lesions) and one of marks (case, rating, lesion)
    Froc(FrocArguments),
    /// Raters' agreement; a column per rater, a row per case, gaps allowed
    Agreement(AgreementArguments),
    /// Probabilities against truth; columns truth, probability, patient if there are several cases of one
    Calibration(CalibrationArguments),
    /// Two masks, NumPy or NIfTI
    Overlap(OverlapArguments),
}

#[derive(Debug, Args)]
pub struct StatsCommon {
    /// Of every interval
    #[arg(long, default_value_t = 0.95, value_parser = level)]
    pub level: f64,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BootstrapArguments {
    /// Draws of patients
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub replicates: u32,
    /// Stored with the result, to draw the same again
    #[arg(long, default_value_t = 20_240_229)]
    pub seed: u64,
}

#[derive(Debug, Args)]
pub struct RocArguments {
    pub file: PathBuf,
    /// Also the figures of this threshold: positive from it on
    #[arg(long, allow_hyphen_values = true)]
    pub threshold: Option<f64>,
    #[command(flatten)]
    pub bootstrap: BootstrapArguments,
    #[command(flatten)]
    pub common: StatsCommon,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CovarianceChoice {
    Delong,
    Jackknife,
    Unbiased,
}

#[derive(Debug, Args)]
pub struct MrmcArguments {
    pub file: PathBuf,
    #[arg(long, value_enum, default_value = "delong")]
    pub covariance: CovarianceChoice,
    #[command(flatten)]
    pub common: StatsCommon,
}

#[derive(Debug, Args)]
pub struct FrocArguments {
    /// Columns case, lesions (how many, 0 for none)
    pub cases: PathBuf,
    /// Columns case, rating, lesion (from 1; empty for a mark that hits nothing)
    pub marks: PathBuf,
    #[command(flatten)]
    pub common: StatsCommon,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScaleChoice {
    /// Categories without order, any text
    Nominal,
    /// Categories in order, as numbers
    Ordinal,
    /// Measurements
    Interval,
}

#[derive(Debug, Args)]
pub struct AgreementArguments {
    pub file: PathBuf,
    #[arg(long, value_enum, default_value = "nominal")]
    pub scale: ScaleChoice,
    #[command(flatten)]
    pub common: StatsCommon,
}

#[derive(Debug, Args)]
pub struct CalibrationArguments {
    pub file: PathBuf,
    /// Of equal width
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub bins: u32,
    #[command(flatten)]
    pub bootstrap: BootstrapArguments,
    #[command(flatten)]
    pub common: StatsCommon,
}

#[derive(Debug, Args)]
pub struct OverlapArguments {
    /// .npy, .nii or .nii.gz; anything but 0 is inside
    pub first: PathBuf,
    pub second: PathBuf,
    /// Of a NumPy array, mm along its axes, such as 2.5,0.7,0.7; 1 when absent
    #[arg(long, value_delimiter = ',')]
    pub spacing: Vec<f64>,
    /// Of the surface Dice, mm
    #[arg(long, default_value_t = 1.0)]
    pub tolerance: f64,
    #[command(flatten)]
    pub common: StatsCommon,
}

fn level(text: &str) -> Result<f64, String> {
    let level: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if level > 0.0 && level < 1.0 { Ok(level) } else { Err("must lie between 0 and 1, such as 0.95".to_owned()) }
}
