//! Segmentations held against the pictures they say they were made of.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::derivation::Derivation;
use crate::domain::intake::Notice;
use crate::domain::uid::SopInstanceUid;
use crate::import::dicom::attributes::ImageObject;
use crate::import::dicom::person;
use crate::import::reason;

/// Adds to each segmentation what its sources say against it; returns the files and what was said.
pub fn check(objects: &mut [ImageObject]) -> Vec<(PathBuf, Notice)> {
    let is_derived = |object: &ImageObject| object.instance.derivation.is_some();
    let wanted: BTreeSet<&SopInstanceUid> = objects
        .iter()
        .filter_map(|object| object.instance.derivation.as_deref())
        .flat_map(|derivation| &derivation.sources)
        .collect();
    let mut at: HashMap<SopInstanceUid, Vec<usize>> = HashMap::new();
    for (index, object) in objects.iter().enumerate().filter(|(_, object)| wanted.contains(&object.instance.sop)) {
        at.entry(object.instance.sop.clone()).or_default().push(index);
    }
    let of_one = |object: &ImageObject| {
        let derivation = object.instance.derivation.as_deref().into_iter();
        derivation.flat_map(|derivation| notices(object, derivation, &at, objects)).collect::<Vec<_>>()
    };
    let said: Vec<(usize, Vec<Notice>)> =
        objects.iter().enumerate().filter(|(_, object)| is_derived(object)).map(|(i, one)| (i, of_one(one))).collect();
    let mut warned = Vec::new();
    for (index, notices) in said.into_iter().filter(|(_, notices)| !notices.is_empty()) {
        let Some(object) = objects.get_mut(index) else { continue };
        let instance = Arc::make_mut(&mut object.instance);
        warned.extend(notices.iter().map(|notice| (instance.path.clone(), notice.clone())));
        instance.notices.splice(0..0, notices);
    }
    warned
}

fn notices(
    object: &ImageObject,
    derivation: &Derivation,
    at: &HashMap<SopInstanceUid, Vec<usize>>,
    objects: &[ImageObject],
) -> Vec<Notice> {
    let found = derivation.sources.iter().filter_map(|source| at.get(source)).flatten();
    let found: Vec<&ImageObject> = found.filter_map(|index| objects.get(*index)).collect();
    let n_absent = derivation.sources.iter().filter(|source| !at.contains_key(source)).count();
    let mut notices = Vec::new();
    if found.iter().any(|source| !person::may_be_same(&source.study.patient, &object.study.patient)) {
        let text = "The segmentation was made of another patient's pictures; it is shown by itself";
        notices.push(Notice::new(reason::SOURCES_CONTRADICTED, text));
    } else if found.iter().any(|source| source.study.uid != object.study.uid) {
        let text = "The segmentation was made of another study's pictures; it is shown by itself";
        notices.push(Notice::new(reason::SOURCES_CONTRADICTED, text));
    }
    let size = |object: &ImageObject| (object.instance.pixels.rows, object.instance.pixels.cols);
    if found.iter().any(|source| size(source) != size(object)) {
        let text = "The segmentation has another size than the pictures it was made of; it is shown by itself";
        notices.push(Notice::new(reason::SOURCES_CONTRADICTED, text));
    }
    let n_sources = derivation.sources.len();
    let text = match n_absent {
        0 if n_sources > 0 => return notices,
        0 => "The segmentation does not say which pictures it was made of".to_owned(),
        _ => format!("Of {n_sources} pictures that the segmentation was made of, {n_absent} are not here"),
    };
    notices.push(Notice::new(reason::SOURCES_MISSING, text));
    notices
}
