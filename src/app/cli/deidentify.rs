//! `overread deidentify`: copies of files that name nobody.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::app::cli::output::{self, Outcome};
use crate::domain::deidentification::{BurnedIn, Dates, Options, Private};
use crate::export::deidentify::pseudonyms::Secret;
use crate::import::Importer;
use crate::jobs::work::deidentifying::{self, CopyRequest};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DatesChoice {
    /// Removed, emptied, or 1900-01-01 where an object cannot be without
    Remove,
    /// All of one patient moved by the same secret number of days
    Shift,
    Keep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Keeps {
    Uids,
    Device,
    Institution,
    /// Age, sex, size, weight
    Characteristics,
    /// Private attributes that the standard lists as safe
    SafePrivate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Cleans {
    /// Descriptions keep their radiological words
    Descriptors,
    /// Structured reports keep codes, numbers and coordinates
    Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BurnedInChoice {
    /// Pictures with writing in them are left out and listed
    LeaveOut,
    /// The writing that is found is blacked out
    BlackOut,
    /// As they are: you have looked at them
    Keep,
}

#[derive(Debug, Args)]
pub struct DeidentifyArguments {
    /// Files, folders or a DICOMDIR; only ever read
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// The folder for the copies
    #[arg(long = "to", value_name = "DIR")]
    pub to: PathBuf,
    #[arg(long, value_enum, default_value = "remove")]
    pub dates: DatesChoice,
    /// What stays although it could lead to somebody
    #[arg(long, value_enum, value_delimiter = ',')]
    pub keep: Vec<Keeps>,
    /// What is cleaned instead of removed
    #[arg(long, value_enum, value_delimiter = ',')]
    pub clean: Vec<Cleans>,
    #[arg(long = "burned-in", value_enum, default_value = "leave-out")]
    pub burned_in: BurnedInChoice,
    /// A file with a secret (any bytes): with the same one, the same patient gets the same name, UIDs and shift again
    #[arg(long = "secret-file", value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// What was written and left out, as JSON on stdout
    #[arg(long)]
    pub json: bool,
}

impl DeidentifyArguments {
    fn options(&self) -> Options {
        Options {
            dates: match self.dates {
                DatesChoice::Remove => Dates::Remove,
                DatesChoice::Shift => Dates::Shift,
                DatesChoice::Keep => Dates::Keep,
            },
            private: if self.keep.contains(&Keeps::SafePrivate) { Private::KeepSafe } else { Private::Remove },
            burned_in: match self.burned_in {
                BurnedInChoice::LeaveOut => BurnedIn::LeaveOut,
                BurnedInChoice::BlackOut => BurnedIn::BlackOut,
                BurnedInChoice::Keep => BurnedIn::Keep,
            },
            keeps_uids: self.keep.contains(&Keeps::Uids),
            keeps_device: self.keep.contains(&Keeps::Device),
            keeps_institution: self.keep.contains(&Keeps::Institution),
            keeps_patient_characteristics: self.keep.contains(&Keeps::Characteristics),
            cleans_descriptors: self.clean.contains(&Cleans::Descriptors),
            cleans_structured_content: self.clean.contains(&Cleans::Content),
        }
    }
}

pub fn run(arguments: &DeidentifyArguments, importer: &Importer) -> Outcome {
    let secret = match &arguments.secret_file {
        None => Secret::fresh(),
        Some(path) => match std::fs::read(path) {
            Ok(bytes) if bytes.len() >= 16 => Secret::of_bytes(&bytes),
            Ok(_) => {
                let text = format!("A secret has at least 16 bytes: {}", path.display());
                return output::failed(arguments.json, "secret_too_short", &text);
            }
            Err(error) => {
                let text = format!("The secret cannot be read ({}): {}", error.kind(), path.display());
                return output::failed(arguments.json, "no_secret", &text);
            }
        },
    };
    let options = arguments.options();
    let request = CopyRequest {
        importer,
        paths: &arguments.paths,
        folder: &arguments.to,
        options,
        secret,
        agreed: Default::default(),
    };
    let copies = match deidentifying::run(&request, &|| false, &|_| {}) {
        Ok(copies) => copies,
        Err(text) => return output::failed(arguments.json, "not_written", &text),
    };
    for (path, notice) in &copies.left_out {
        output::message(&format!("left out, {}: {}", notice.text, path.display()));
    }
    if arguments.json {
        let left_out = copies.left_out.iter();
        output::print_document(&output::stamped(json!({
            "to": output::path(&arguments.to),
            "account": output::path(&copies.account),
            "files": copies.written,
            "left_out": left_out
                .map(|(path, notice)| json!({ "path": output::path(path), "reason": notice }))
                .collect::<Vec<_>>(),
        })));
    } else {
        let n_blackened = copies.written.iter().filter(|file| !file.blacked_out.is_empty()).count();
        output::line(&format!("{} files copied, {n_blackened} of them with writing blacked out", copies.written.len()));
        output::line(&format!("{} files left out", copies.left_out.len()));
        output::line(&copies.account.display().to_string());
    }
    match (copies.written.is_empty(), copies.left_out.is_empty()) {
        (true, _) => Outcome::Unusable,
        (false, false) => Outcome::Partly,
        (false, true) => Outcome::Done,
    }
}
