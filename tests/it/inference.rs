//! Models against their original framework, against damage, and from a frame to findings.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

mod analysis;
mod cards;
mod engine;
mod evaluation;
mod explaining;
mod full_depth;
mod gate;
mod golden;
mod measuring;
mod packages;
mod preprocessing;
mod refusals;
mod scoping;
mod sliding;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{Device, Tensor};
use overread::domain::finding::Subject;
use overread::domain::frame::{Frame, Samples};
use overread::domain::geometry::{Spacing, SpacingKind};
use overread::domain::instance::{Acquisition, FrameAttributes, Instance, PixelDescription};
use overread::domain::presentation::{ModalityLut, Photometric, ValueUnit};
use overread::domain::uid::{SeriesUid, SopInstanceUid, StudyUid};
use overread::inference::device::DeviceChoice;
use overread::inference::error::ModelError;
use overread::inference::model::Model;
use overread::inference::registry::{ModelEntry, list_models, load_model};
use overread::inference::weights::sha256_hex;
use tempfile::TempDir;

const SOP: &str = "1.2.826.0.1.3680043.10.1";

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/inference")
}

/// A listed model of a root that holds several.
fn entry(root: &Path, id: &str) -> ModelEntry {
    let found = list_models(&[root.to_owned()]).into_iter().find(|entry| entry.id.as_str() == id);
    found.unwrap_or_else(|| panic!("no model '{id}'"))
}

fn tiny(id: &str) -> Model {
    load_model(&entry(&cases().join("tiny"), id), &DeviceChoice::Cpu).unwrap()
}

/// A copy of a tiny model that a test may damage.
struct Copied {
    root: TempDir,
    id: &'static str,
}

impl Copied {
    fn of(id: &'static str) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(id)).unwrap();
        for file in ["model.toml", "model.safetensors", "golden.safetensors"] {
            fs::copy(cases().join("tiny").join(id).join(file), root.path().join(id).join(file)).unwrap();
        }
        Self { root, id }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.path().join(self.id).join(file)
    }

    fn edit_card(&self, from: &str, to: &str) {
        let card = fs::read_to_string(self.path("model.toml")).unwrap();
        assert!(card.contains(from), "the card lacks '{from}'");
        fs::write(self.path("model.toml"), card.replacen(from, to, 1)).unwrap();
    }

    /// Writes weights and their right hash into the card, so that only the weights themselves are wrong.
    fn write_weights(&self, bytes: &[u8]) {
        let old = sha256_hex(&fs::read(self.path("model.safetensors")).unwrap());
        fs::write(self.path("model.safetensors"), bytes).unwrap();
        self.edit_card(&old, &sha256_hex(bytes));
    }

    fn edit_weights(&self, edit: impl FnOnce(&mut HashMap<String, Tensor>)) {
        let mut tensors = candle_core::safetensors::load(self.path("model.safetensors"), &Device::Cpu).unwrap();
        edit(&mut tensors);
        let scratch = self.root.path().join("scratch");
        candle_core::safetensors::save(&tensors, &scratch).unwrap();
        let bytes = fs::read(&scratch).unwrap();
        fs::remove_file(&scratch).unwrap();
        self.write_weights(&bytes);
    }

    fn load(&self) -> Result<Model, ModelError> {
        load_model(&entry(self.root.path(), self.id), &DeviceChoice::Cpu)
    }
}

fn frame(rows: u32, cols: u32, samples: Samples) -> Frame {
    Frame::new(instance(rows, cols, Photometric::Monochrome2).frame_key(0), rows, cols, samples).unwrap()
}

fn instance(rows: u32, cols: u32, photometric: Photometric) -> Instance {
    Instance {
        sop: SopInstanceUid::new(SOP),
        written_sop: None,
        sop_class: "1.2.840.10008.5.1.4.1.1.1.1".into(),
        path: PathBuf::new(),
        number: Some(1),
        pixels: PixelDescription {
            rows,
            cols,
            samples_per_pixel: 1,
            bits_allocated: 16,
            bits_stored: 16,
            high_bit: 15,
            is_signed: false,
            photometric,
            transfer_syntax: "1.2.840.10008.1.2.1".into(),
            lossy: None,
        },
        frames: vec![Arc::new(FrameAttributes {
            plane: None,
            modality_lut: ModalityLut::Identity,
            voi: vec![],
            ..FrameAttributes::default()
        })],
        stored: None,
        palette: None,
        padding: None,
        regions: Vec::new(),
        overlays: Vec::new(),
        derivation: None,
        spacing: Spacing { kind: SpacingKind::Projection, row_mm: 0.5, col_mm: 0.5, aspect: 1.0 },
        patient_orientation: None,
        presentation_inverse: false,
        value_unit: ValueUnit::Unspecified,
        acquisition: Acquisition::default(),
        notices: vec![],
    }
}

fn subject() -> Subject {
    Subject {
        study: StudyUid::new("1.2.826.0.1.3680043.10.2"),
        series: SeriesUid::new("1.2.826.0.1.3680043.10.3"),
        sop: SopInstanceUid::new(SOP),
        frame: 0,
    }
}

/// A picture with structure, the same on every machine.
fn waves(rows: u32, cols: u32) -> Vec<u16> {
    let value = |row: u32, col: u32| {
        let (y, x) = (f64::from(row) / f64::from(rows), f64::from(col) / f64::from(cols));
        let blob = (-((x - 0.3).powi(2) + (y - 0.6).powi(2)) * 30.0).exp();
        1000.0 + 800.0 * blob + 150.0 * (9.0 * x).sin() * (7.0 * y).cos()
    };
    (0..rows).flat_map(|row| (0..cols).map(move |col| value(row, col) as u16)).collect()
}
