//! Patient, study, series, instance: picture objects sorted into the hierarchy.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::geometry::ImagePlane;
use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::patient::Patient;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::{SeriesUid, SopInstanceUid, StudyUid};
use crate::import::dicom::attributes::{ImageObject, SeriesFacts, StudyFacts};
use crate::import::dicom::stack::{self, is_parallel};
use crate::import::reason;

/// The studies, and what is to be said of single files because of the others.
#[derive(Default)]
pub struct Grouped {
    pub studies: Vec<Arc<Study>>,
    /// Left out.
    pub refused: Vec<(PathBuf, Notice)>,
    /// Same bytes as a file that was kept.
    pub duplicates: Vec<PathBuf>,
}

/// More orientations than this in one series are a fan, not a set of localizers.
const MAX_PARTS_BY_ORIENTATION: usize = 6;

struct StudyBin {
    facts: StudyFacts,
    series: BTreeMap<SeriesUid, Vec<(SeriesFacts, Instance)>>,
}

/// Objects in path order become studies by patient, date and UID.
pub fn group(objects: Vec<ImageObject>, is_same_file: &dyn Fn(&Instance, &Instance) -> bool) -> Grouped {
    let mut grouped = Grouped::default();
    let mut bins: BTreeMap<StudyUid, StudyBin> = BTreeMap::new();
    let mut seen: BTreeMap<SopInstanceUid, Instance> = BTreeMap::new();
    for object in objects {
        let ImageObject { study, series, instance } = object;
        match seen.entry(instance.sop.clone()) {
            Entry::Occupied(first) => {
                let path = instance.path.clone();
                match is_same_file(first.get(), &instance) {
                    true => grouped.duplicates.push(path),
                    false => grouped.refused.push((path, conflicting_sop())),
                }
                continue;
            }
            Entry::Vacant(place) => place.insert(instance.clone()),
        };
        let bin =
            bins.entry(study.uid.clone()).or_insert_with(|| StudyBin { facts: study.clone(), series: BTreeMap::new() });
        if is_other_person(&bin.facts.patient, &study.patient) {
            grouped.refused.push((instance.path, other_patient()));
            continue;
        }
        bin.series.entry(series.uid.clone()).or_default().push((series, instance));
    }
    let mut studies: Vec<Study> = bins.into_values().map(study).collect();
    studies.sort_by(|a, b| (&a.patient, &a.date, &a.uid).cmp(&(&b.patient, &b.date, &b.uid)));
    grouped.studies = studies.into_iter().map(Arc::new).collect();
    grouped
}

fn conflicting_sop() -> Notice {
    let text = "Another file has the same identifier but other contents; this one was left out";
    Notice::new(reason::CONFLICTING_SOP, text)
}

fn other_patient() -> Notice {
    let text = "The file names another patient than the rest of its study; it was left out";
    Notice::new(reason::PATIENT_CONFLICT, text)
}

/// Whether two files of one study clearly belong to different people. What is absent contradicts nothing.
fn is_other_person(a: &Patient, b: &Patient) -> bool {
    let differs = |x: &str, y: &str| !x.is_empty() && !y.is_empty() && x != y;
    let name = |patient: &Patient| {
        let letters = patient.name.split('=').next().unwrap_or_default().chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect::<String>()
    };
    differs(&a.id, &b.id) || (differs(&a.birth_date, &b.birth_date) && differs(&name(a), &name(b)))
}

fn study(bin: StudyBin) -> Study {
    let StudyBin { facts, series } = bin;
    let mut series: Vec<Series> = series.into_values().flat_map(series_parts).collect();
    series.sort_by(|a, b| {
        let number = |series: &Series| series.number.unwrap_or(i64::MAX);
        (number(a), &a.uid).cmp(&(number(b), &b.uid))
    });
    let StudyFacts { uid, patient, date, time, description, id, accession, institution } = facts;
    Study {
        uid,
        patient: Arc::new(patient),
        date,
        time,
        description,
        id,
        accession,
        institution,
        series: series.into_iter().map(Arc::new).collect(),
        written_uid: None,
        notices: Vec::new(),
    }
}

struct Part {
    facts: SeriesFacts,
    plane: Option<ImagePlane>,
    instances: Vec<Instance>,
}

/// One series becomes one stack, or one per picture size, frame of reference, modality and orientation.
fn series_parts(members: Vec<(SeriesFacts, Instance)>) -> Vec<Series> {
    let by_orientation = parts(&members, true);
    let parts = match by_orientation.len() > MAX_PARTS_BY_ORIENTATION {
        true => parts(&members, false),
        false => by_orientation,
    };
    let n_parts = parts.len();
    parts.into_iter().map(|part| series(part, n_parts)).collect()
}

fn parts(members: &[(SeriesFacts, Instance)], splits_orientation: bool) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for (facts, instance) in members {
        let plane = instance.frame(0).and_then(|frame| frame.plane);
        let found = parts.iter_mut().find(|part| {
            let is_alike = part.facts.frame_of_reference == facts.frame_of_reference
                && part.facts.modality == facts.modality
                && part.instances.first().is_some_and(|first| has_same_size(first, instance));
            let is_parallel = match (&part.plane, &plane) {
                (Some(a), Some(b)) => is_parallel(a, b),
                (None, None) => true,
                _ => false,
            };
            is_alike && (is_parallel || !splits_orientation)
        });
        match found {
            Some(part) => part.instances.push(instance.clone()),
            None => parts.push(Part { facts: facts.clone(), plane, instances: vec![instance.clone()] }),
        }
    }
    parts
}

fn has_same_size(a: &Instance, b: &Instance) -> bool {
    let size = |instance: &Instance| {
        let pixels = &instance.pixels;
        (pixels.rows, pixels.cols, pixels.samples_per_pixel)
    };
    size(a) == size(b)
}

fn series(part: Part, n_parts: usize) -> Series {
    let Part { facts, instances, .. } = part;
    let instances: Vec<Arc<Instance>> = instances.into_iter().map(Arc::new).collect();
    let stack = stack::stack(&instances);
    let mut notices = Vec::new();
    if n_parts > 1 {
        let text = format!("The series holds pictures of different kinds and is shown in {n_parts} parts");
        notices.push(Notice::new(reason::SERIES_SPLIT, text));
    }
    notices.extend(stack.notices);
    let SeriesFacts { uid, number, modality, description, body_part, frame_of_reference } = facts;
    Series {
        uid,
        number,
        modality,
        description,
        part: String::new(),
        body_part,
        frame_of_reference,
        instances,
        stack: stack.images,
        geometry: stack.geometry,
        notices,
    }
}
