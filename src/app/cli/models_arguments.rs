//! `overread models …` as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum ModelsJob {
    /// Bring a model in: a folder with a card, safetensors, or a PyTorch checkpoint; nothing in it is executed
    Add(AddModelArguments),
    /// Run each model's golden input and compare with its golden output
    Verify(VerifyModelsArguments),
    /// Measure whether a model's heat maps depend on what it learned; written beside its card
    Sanity(SanityArguments),
}

#[derive(Debug, Args)]
pub struct AddModelArguments {
    /// A folder with model.toml, a safetensors file, or a checkpoint (.pth, .pt, .pth.tar)
    pub path: PathBuf,
    /// The card of weights that come without one; hashes in it are filled in
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,
    /// The folder that holds model folders; the user's own when absent
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct VerifyModelsArguments {
    /// Model ids; every model when absent
    pub ids: Vec<String>,
}

#[derive(Debug, Args)]
pub struct SanityArguments {
    /// The model's id
    pub id: String,
    /// Pictures within the model's scope: files or folders
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// At most so many pictures
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub images: usize,
    /// What the pictures are, for the card
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub set: String,
    /// Where sanity.toml is written; the model's own folder when absent
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
