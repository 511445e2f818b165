//! The hanging protocols that come with the program.

use std::sync::LazyLock;

use crate::ui::hanging::{Pick, Protocol, Slot, SlotStudy};
use crate::ui::stage::{Layout, Links};

const RADIOGRAPHY: [&str; 4] = ["CR", "DX", "DR", "RG"];

static BUILT_IN: LazyLock<Vec<Protocol>> = LazyLock::new(|| {
    vec![
        mammography(),
        radiograph_with_prior(),
        radiograph_with_lateral(),
        stack_with_prior(&["CT"], "CT beside the prior"),
        stack_with_prior(&["MR", "PT"], "MR or PET beside the prior"),
    ]
});

/// From the most special to the most general. A study that none fits opens on its first series in one pane.
pub fn built_in() -> &'static [Protocol] {
    &BUILT_IN
}

fn slot(of: SlotStudy, pick: Pick) -> Slot {
    Slot { of, pick, plane: None, window: None }
}

fn views(names: &[&str]) -> Pick {
    Pick::View(names.iter().map(|name| (*name).to_owned()).collect())
}

fn protocol(name: &str, modalities: &[&str], rows: u8, cols: u8, slots: Vec<Slot>) -> Protocol {
    Protocol {
        name: name.to_owned(),
        modalities: modalities.iter().map(|modality| (*modality).to_owned()).collect(),
        body_parts: Vec::new(),
        layout: Layout { rows, cols },
        links: Links { window: modalities == ["CT"], ..Links::default() },
        slots,
    }
}

/// Back to back: right beside left, CC above MLO.
fn mammography() -> Protocol {
    let breast = |laterality: &str, view: &str| {
        slot(SlotStudy::Current, Pick::Breast { laterality: laterality.to_owned(), view: view.to_owned() })
    };
    let slots = vec![breast("R", "CC"), breast("L", "CC"), breast("R", "MLO"), breast("L", "MLO")];
    protocol("Mammography, four views", &["MG"], 2, 2, slots)
}

/// Time runs from left to right.
fn radiograph_with_prior() -> Protocol {
    let frontal = || views(&["PA", "AP"]);
    let slots = vec![slot(SlotStudy::Prior, frontal()), slot(SlotStudy::Current, frontal())];
    protocol("Radiograph beside the prior", &RADIOGRAPHY, 1, 2, slots)
}

fn radiograph_with_lateral() -> Protocol {
    let lateral = views(&["LL", "RL", "LAT", "LATERAL"]);
    let slots = vec![slot(SlotStudy::Current, views(&["PA", "AP"])), slot(SlotStudy::Current, lateral)];
    protocol("Radiograph, frontal and lateral", &RADIOGRAPHY, 1, 2, slots)
}

fn stack_with_prior(modalities: &[&str], name: &str) -> Protocol {
    let slots = vec![slot(SlotStudy::Prior, Pick::Main), slot(SlotStudy::Current, Pick::Main)];
    protocol(name, modalities, 1, 2, slots)
}
