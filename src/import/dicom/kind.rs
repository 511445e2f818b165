//! What makes two images of a series different pictures wherever they lie: size, unit, localizer, phase or magnitude.

use std::collections::BTreeSet;

use crate::domain::geometry::{ImagePlane, Vec3};
use crate::domain::instance::Instance;
use crate::domain::presentation::{Photometric, ValueUnit};
use crate::domain::series::Modality;
use crate::domain::uid::{FrameOfReferenceUid, SopInstanceUid};
use crate::import::dicom::parts::{Image, joined};
use crate::import::dicom::slice_spacing::mm;

/// Images of one kind may share a stack.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    pub is_localizer: bool,
    modality: Modality,
    frame_of_reference: Option<FrameOfReferenceUid>,
    component: String,
    rows: u32,
    cols: u32,
    photometric: &'static str,
    unit: String,
    /// In units of 0.1 µm, so that it can be compared.
    spacing: [i64; 2],
    stack_id: String,
    /// A film of its own: many frames without places.
    clip: Option<(i64, SopInstanceUid)>,
}

impl Kind {
    pub fn of(image: &Image<'_>) -> Self {
        let Image { facts, instance, attributes, plane, .. } = image;
        let is_clip = plane.is_none() && instance.n_frames() > 1 && attributes.setting.in_stack_position.is_none();
        let spacing = instance.spacing_of(image.at.frame);
        Self {
            is_localizer: matches!(attributes.setting.image_kind.as_str(), "LOCALIZER" | "SCOUT"),
            modality: facts.modality.clone(),
            frame_of_reference: facts.frame_of_reference.clone(),
            component: attributes.setting.component.clone(),
            rows: instance.pixels.rows,
            cols: instance.pixels.cols,
            photometric: photometric(instance),
            unit: unit(&instance.value_unit),
            spacing: [spacing.row_mm, spacing.col_mm].map(|mm| (mm * 1e4).round() as i64),
            stack_id: attributes.setting.stack_id.clone(),
            clip: is_clip.then(|| (instance.number.unwrap_or(i64::MAX), instance.sop.clone())),
        }
    }

    /// What tells this kind from the `others` of the series.
    pub fn label(&self, others: &[Self], images: &[Image<'_>]) -> String {
        let differs = |pick: &dyn Fn(&Self) -> String| {
            let said: BTreeSet<String> = others.iter().map(pick).collect();
            if said.len() > 1 { pick(self) } else { String::new() }
        };
        let localizer = if self.is_localizer && others.len() > 1 { "Localizer" } else { "" };
        let n_frames = images.len();
        let clip = |kind: &Self| match &kind.clip {
            Some((i64::MAX, sop)) => format!("Film {sop}"),
            Some((number, _)) => format!("Film {number}"),
            None => String::new(),
        };
        let clip = match differs(&clip) {
            name if name.is_empty() => name,
            name => format!("{} of {n_frames} frames", if name.len() > 20 { "Film" } else { &name }),
        };
        let size = differs(&|kind| format!("{} × {}", kind.cols, kind.rows));
        let pixel = match self.spacing {
            [row, col] if row == col => format!("{} mm pixels", mm(col as f64 / 1e4)),
            [row, col] => format!("{} × {} mm pixels", mm(col as f64 / 1e4), mm(row as f64 / 1e4)),
        };
        let pixel = if differs(&|kind| format!("{:?}", kind.spacing)).is_empty() || !size.is_empty() || n_frames == 0 {
            String::new()
        } else {
            pixel
        };
        let frames: BTreeSet<&Option<FrameOfReferenceUid>> =
            others.iter().map(|kind| &kind.frame_of_reference).collect();
        let frame = (1..).zip(&frames).find(|(_, uid)| **uid == &self.frame_of_reference).map_or(0, |(index, _)| index);
        let frame = if frames.len() > 1 { format!("Frame of reference {frame}") } else { String::new() };
        let modality = differs(&|kind| kind.modality.0.clone());
        // Another modality has other units anyway
        let unit = if modality.is_empty() { differs(&|kind| kind.unit.clone()) } else { String::new() };
        joined(&[
            localizer,
            &modality,
            &frame,
            &differs(&|kind| component_word(&kind.component).to_owned()),
            &clip,
            &size,
            &differs(&|kind| kind.photometric.to_owned()),
            &unit,
            &pixel,
            &differs(&|kind| if kind.stack_id.is_empty() { String::new() } else { format!("Stack {}", kind.stack_id) }),
        ])
    }
}

fn photometric(instance: &Instance) -> &'static str {
    match instance.pixels.photometric {
        Photometric::Monochrome1 => "gray, low is white",
        Photometric::Monochrome2 => "gray",
        Photometric::PaletteColor => "palette colors",
        Photometric::Rgb => "color",
    }
}

fn unit(unit: &ValueUnit) -> String {
    match unit {
        ValueUnit::Hounsfield => "HU".to_owned(),
        ValueUnit::Named(name) => name.clone(),
        _ => "no unit".to_owned(),
    }
}

fn component_word(letter: &str) -> &'static str {
    match letter {
        "M" => "Magnitude",
        "P" => "Phase",
        "R" => "Real part",
        "I" => "Imaginary part",
        _ => "Other kind",
    }
}

/// `Axial`, `Sagittal`, `Coronal`, by the axis nearest to the normal; `Oblique` halfway between.
pub fn orientation_word(plane: &ImagePlane) -> &'static str {
    let Vec3([x, y, z]) = plane.normal();
    match [x, y, z].map(f64::abs) {
        [_, _, z] if z > 0.8 => "Axial",
        [x, _, _] if x > 0.8 => "Sagittal",
        [_, y, _] if y > 0.8 => "Coronal",
        _ => "Oblique",
    }
}
