//! `overread inspect`: what a place holds, and how each file fared.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::app::cli::arguments::InspectArguments;
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::{inspect_results, inspect_text};
use crate::domain::instance::Instance;
use crate::domain::intake::{FileStatus, Intake, Notice};
use crate::domain::overlay::{Overlay, OverlayPlane};
use crate::domain::patient::Patient;
use crate::domain::presentation::VoiTransform;
use crate::domain::series::{Regularity, Series};
use crate::domain::study::Study;
use crate::imaging::volume::VolumeGrid;
use crate::import::Importer;
use crate::jobs::work::scan;

pub fn run(arguments: &InspectArguments, importer: &Importer) -> Outcome {
    let intake = scan::quietly(importer, &arguments.paths);
    let mut document = document(&intake);
    if intake.studies.is_empty() {
        let notice = nothing_to_open(&intake);
        output::message(&notice.text);
        document["error"] = json!(notice);
    }
    if arguments.json {
        output::print_document(&document);
    } else {
        inspect_text::lines(&intake).iter().for_each(|line| output::line(line));
    }
    outcome(&intake)
}

/// Why there is no study, when there is none.
pub fn nothing_to_open(intake: &Intake) -> Notice {
    let text = match (intake.files.len(), intake.refused().next()) {
        (1, Some((_, notice))) => return notice.clone(),
        (0, _) => "There is no file there".to_owned(),
        (1, None) => "The index there names no image".to_owned(),
        (n_files, _) => format!("None of the {n_files} files there is an image that can be opened"),
    };
    Notice::new("no_image", text)
}

/// 0 when all was read, 1 when something was refused, 2 when nothing could be opened.
pub fn outcome(intake: &Intake) -> Outcome {
    if intake.studies.is_empty() {
        return Outcome::Unusable;
    }
    if intake.refused().next().is_some() { Outcome::Partly } else { Outcome::Done }
}

/// The whole intake as one document.
pub fn document(intake: &Intake) -> Value {
    let mut by_patient: BTreeMap<&Patient, Vec<&Study>> = BTreeMap::new();
    for study in &intake.studies {
        by_patient.entry(&study.patient).or_default().push(study);
    }
    let patients: Vec<Value> = by_patient
        .into_iter()
        .map(|(patient, studies)| {
            json!({
                "id": patient.id,
                "name": patient.name,
                "birth_date": patient.birth_date,
                "sex": patient.sex,
                "studies": studies.into_iter().map(study_document).collect::<Vec<_>>(),
            })
        })
        .collect();
    let files: Vec<Value> = intake.files.iter().map(|file| file_document(&file.path, &file.status)).collect();
    let count = |wanted: &str| files.iter().filter(|file| file["status"] == wanted).count();
    output::stamped(json!({
        "counts": {
            "patients": patients.len(),
            "studies": intake.studies.len(),
            "series": intake.studies.iter().map(|study| study.series.len()).sum::<usize>(),
            "images": intake.studies.iter().map(|study| study.n_images()).sum::<usize>(),
            "files": files.len(),
            "read": count("read"),
            "warned": count("warned"),
            "refused": count("refused"),
        },
        "patients": patients,
        "results_without_pictures":
            intake.documents.iter().map(|document| inspect_results::document(document)).collect::<Vec<_>>(),
        "files": files,
    }))
}

fn study_document(study: &Study) -> Value {
    json!({
        "study_instance_uid": study.uid,
        "written_study_instance_uid": study.written_uid,
        "notices": notices(&study.notices),
        "date": study.date,
        "time": study.time,
        "description": study.description,
        "study_id": study.id,
        "accession_number": study.accession,
        "institution": study.institution,
        "series": study.series.iter().map(|series| series_document(series)).collect::<Vec<_>>(),
        "results": study.documents.iter().map(|document| inspect_results::document(document)).collect::<Vec<_>>(),
    })
}

fn series_document(series: &Series) -> Value {
    json!({
        "series_instance_uid": series.uid,
        "number": series.number,
        "modality": series.modality,
        "description": series.description,
        "part": series.part,
        "body_part": series.body_part,
        "frame_of_reference_uid": series.frame_of_reference,
        "n_instances": series.instances.len(),
        "n_images": series.stack.len(),
        "geometry": geometry_document(series),
        "notices": notices(&series.notices),
        "instances": in_stack_order(series).map(|instance| json!({
            "sop_instance_uid": instance.sop,
            "written_sop_instance_uid": instance.written_sop,
            "sop_class_uid": instance.sop_class,
            "path": output::path(&instance.path),
            "number": instance.number,
            "n_frames": instance.n_frames(),
            "transfer_syntax_uid": instance.pixels.transfer_syntax,
            "spacing_kind": instance.spacing.kind,
            "value_unit": instance.value_unit.suffix(),
            "voi": instance.frame(0).map(|frame| frame.voi.iter().map(voi_document).collect::<Vec<_>>()),
            "overlays": instance.overlays.iter().map(overlay_document).collect::<Vec<_>>(),
            "notices": notices(&instance.notices),
        })).collect::<Vec<_>>(),
    })
}

fn voi_document(transform: &VoiTransform) -> Value {
    match transform {
        VoiTransform::Window { window, explanation } => json!({ "window": window, "explanation": explanation }),
        VoiTransform::Table(table) => {
            json!({ "table_entries": table.entries.len(), "explanation": table.explanation })
        }
    }
}

fn overlay_document(overlay: &Overlay) -> Value {
    let [row, col] = overlay.origin;
    json!({
        "group": format!("{:04X}", overlay.group),
        "kind": overlay.kind,
        "rows": overlay.rows,
        "columns": overlay.cols,
        // From 1, as in the file
        "origin": [row + 1, col + 1],
        "n_frames": overlay.n_frames,
        "label": overlay.label,
        "description": overlay.description,
        "embedded": matches!(overlay.plane, OverlayPlane::Embedded { .. }),
    })
}

/// Each instance once, where its first frame is scrolled to.
fn in_stack_order(series: &Series) -> impl Iterator<Item = &Instance> {
    let mut is_listed = vec![false; series.instances.len()];
    series.stack.iter().filter_map(move |image| {
        let was_listed = std::mem::replace(is_listed.get_mut(image.instance)?, true);
        (!was_listed).then(|| series.instances.get(image.instance).map(AsRef::as_ref)).flatten()
    })
}

fn geometry_document(series: &Series) -> Value {
    let sizes = |pick: fn(&crate::domain::instance::PixelDescription) -> u32| {
        let mut all: Vec<u32> = series.instances.iter().map(|instance| pick(&instance.pixels)).collect();
        all.dedup();
        match all.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    };
    let first = series.image(0).map(|(instance, _)| instance.spacing);
    let spacing = first.filter(|spacing| spacing.is_measurable());
    let (is_regular, why_not) = match &series.geometry.regularity {
        Regularity::Regular => (Some(true), None),
        Regularity::NotAStack => (None, None),
        Regularity::Irregular(notice) => (Some(false), Some(notice)),
    };
    json!({
        "rows": sizes(|pixels| pixels.rows),
        "columns": sizes(|pixels| pixels.cols),
        "spacing_mm": spacing.map(|spacing| [spacing.row_mm, spacing.col_mm]),
        "spacing_kind": first.map(|spacing| spacing.kind),
        "detector_spacing_mm": first
            .filter(|spacing| spacing.kind == crate::domain::geometry::SpacingKind::Detector)
            .map(|spacing| [spacing.row_mm, spacing.col_mm]),
        "orientation": series.geometry.orientation,
        "length_unit": if spacing.is_some() { "mm" } else { "px" },
        "slice_spacing_mm": series.geometry.slice_spacing_mm,
        "slice_step_mm": series.geometry.slice_step_mm,
        "tilt_degrees": series.geometry.tilt_degrees,
        "volume": volume_document(series),
        "regular": is_regular,
        "irregular_reason": why_not,
        "sorted_by": series.geometry.sort,
    })
}

fn file_document(path: &Path, status: &FileStatus) -> Value {
    let path = output::path(path);
    match status {
        FileStatus::Read => json!({ "path": path, "status": "read", "reason": null, "notices": [] }),
        FileStatus::Warned(list) => {
            json!({ "path": path, "status": "warned", "reason": list.first(), "notices": notices(list) })
        }
        FileStatus::Refused(notice) => {
            json!({ "path": path, "status": "refused", "reason": notice, "notices": notices(std::slice::from_ref(notice)) })
        }
    }
}

fn notices(list: &[Notice]) -> Vec<&Notice> {
    list.iter().collect()
}

/// The grid, or why the stack is none.
fn volume_document(series: &Series) -> Value {
    match VolumeGrid::of(series) {
        Ok(grid) => json!({ "dims": grid.dims, "origin_mm": grid.origin_mm.0, "spacing_mm": grid.spacing_mm() }),
        Err(why) => json!({ "dims": null, "reason": why.to_string() }),
    }
}
