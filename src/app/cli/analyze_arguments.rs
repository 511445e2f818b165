//! What `overread analyze` is told.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub struct AnalyzeArguments {
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// A model's id; may be repeated; every model when absent
    #[arg(long = "model", value_name = "ID")]
    pub models: Vec<String>,
    /// Run also on images outside a model's scope; said on every finding
    #[arg(long)]
    pub force: bool,
    /// Results, a folder per study; studies that it holds complete are not run again
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Run also studies whose results are complete
    #[arg(long)]
    pub again: bool,
    /// Studies being read or run at once; chosen for the machine when absent
    #[arg(long, value_name = "N", value_parser = in_flight)]
    pub in_flight: Option<usize>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

fn in_flight(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n @ 1..=256) => Ok(n),
        _ => Err("a number from 1 to 256 is needed".to_owned()),
    }
}
