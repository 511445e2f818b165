//! One series into the stacks a reader scrolls: images that differ in kind, direction or setting never share one.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::geometry::{ImagePlane, Vec3};
use crate::domain::instance::{FrameAttributes, Instance};
use crate::domain::series::{Modality, StackImage};
use crate::domain::uid::FrameOfReferenceUid;
use crate::import::dicom::attributes::SeriesFacts;
use crate::import::dicom::kind::{Kind, orientation_word};
use crate::import::dicom::repeats;

/// More orientations than this in one series are a fan, not a set of localizers.
const MAX_ORIENTATIONS: usize = 6;
/// So many images of one direction are a stack of their own even in a fan.
const MIN_STACK: usize = 3;
/// Direction cosines of parallel images differ by less than this: a quarter of a degree.
const PARALLEL: f64 = 5e-3;

/// An instance, and what its file says of the series.
pub type Member = (Arc<SeriesFacts>, Arc<Instance>);

/// One frame with all that is known of it.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    pub at: StackImage,
    pub facts: &'a SeriesFacts,
    pub instance: &'a Arc<Instance>,
    pub attributes: &'a FrameAttributes,
    /// Its place is told by its plane: an object of many frames has one for each or for none.
    pub plane: Option<ImagePlane>,
}

/// Images that belong into one stack.
pub struct Part<'a> {
    pub images: Vec<Image<'a>>,
    /// What tells it from the others of the series; empty when it is the whole series.
    pub label: String,
}

/// Splits a series; parts in an order that does not depend on file names.
pub fn parts(members: &[Member]) -> Vec<Part<'_>> {
    let images = members.iter().enumerate().flat_map(|(index, (facts, instance))| images_of(index, facts, instance));
    let mut kinds: Vec<(Kind, Vec<Image<'_>>)> = by_kind(images.collect());
    in_reading_order(&mut kinds, |(kind, images)| (kind.is_localizer, images.as_slice()));
    let all: Vec<Kind> = kinds.iter().map(|(kind, _)| kind.clone()).collect();
    let mut parts = Vec::new();
    for (kind, images) in kinds {
        let kind_label = kind.label(&all, &images);
        for (direction, images) in by_direction(images) {
            for repeat in repeats::split(images) {
                let label = joined(&[&kind_label, &direction, &repeat.label]);
                parts.push(Part { images: repeat.images, label });
            }
        }
    }
    name_all(&mut parts);
    parts
}

fn images_of<'a>(
    index: usize,
    facts: &'a SeriesFacts,
    instance: &'a Arc<Instance>,
) -> impl Iterator<Item = Image<'a>> + 'a {
    let has_all_planes = instance.frames.iter().all(|frame| frame.plane.is_some());
    (0..).zip(&instance.frames).map(move |(frame, attributes)| Image {
        at: StackImage { instance: index, frame },
        facts,
        instance,
        attributes,
        plane: attributes.plane.filter(|_| has_all_planes),
    })
}

fn by_kind(images: Vec<Image<'_>>) -> Vec<(Kind, Vec<Image<'_>>)> {
    let mut kinds: BTreeMap<Kind, Vec<Image<'_>>> = BTreeMap::new();
    for image in images {
        kinds.entry(Kind::of(&image)).or_default().push(image);
    }
    kinds.into_iter().collect()
}

/// Localizers and single images last, then as they were numbered.
fn in_reading_order<'a, T>(groups: &mut [T], key: impl Fn(&T) -> (bool, &[Image<'a>])) {
    let is_whole = |images: &[Image<'_>]| images.len() > 1;
    let any_stack = groups.iter().any(|group| is_whole(key(group).1));
    groups.sort_by(|a, b| {
        let (a_is_localizer, a_images) = key(a);
        let (b_is_localizer, b_images) = key(b);
        let is_single = |images: &[Image<'_>]| any_stack && !is_whole(images);
        (a_is_localizer, is_single(a_images))
            .cmp(&(b_is_localizer, is_single(b_images)))
            .then_with(|| first(a_images).cmp(&first(b_images)))
    });
}

/// The lowest number, then the lowest identifier: what is first without looking at file names.
fn first<'a>(images: &[Image<'a>]) -> Option<(i64, &'a str, u32)> {
    let key = |image: &Image<'a>| {
        let instance: &'a Instance = image.instance;
        (instance.number.unwrap_or(i64::MAX), instance.sop.as_str(), image.at.frame)
    };
    images.iter().map(key).min()
}

/// Images that look the same way, with a word for the way where there are several.
fn by_direction(images: Vec<Image<'_>>) -> Vec<(String, Vec<Image<'_>>)> {
    let mut groups: Vec<(Option<ImagePlane>, Vec<Image<'_>>)> = Vec::new();
    for image in images {
        let is_parallel = |own: &Option<ImagePlane>| match (own, &image.plane) {
            (Some(a), Some(b)) => is_parallel(a, b),
            (None, None) => true,
            _ => false,
        };
        match groups.iter_mut().find(|(plane, _)| is_parallel(plane)) {
            Some((_, group)) => group.push(image),
            None => groups.push((image.plane, vec![image])),
        }
    }
    if groups.len() > MAX_ORIENTATIONS {
        let (stacks, fan): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(_, group)| group.len() >= MIN_STACK);
        groups = stacks;
        groups.push((None, fan.into_iter().flat_map(|(_, group)| group).collect()));
        groups.retain(|(_, group)| !group.is_empty());
    }
    in_reading_order(&mut groups, |(_, group)| (false, group.as_slice()));
    let is_split = groups.len() > 1;
    let word = |plane: Option<ImagePlane>, group: &[Image<'_>]| match plane {
        _ if !is_split => String::new(),
        Some(plane) => orientation_word(&plane).to_owned(),
        None if group.iter().any(|image| image.plane.is_some()) => "Other directions".to_owned(),
        None => "No position".to_owned(),
    };
    groups.into_iter().map(|(plane, group)| (word(plane, &group), group)).collect()
}

/// Whether two planes look the same way, as far as a stack of them makes sense.
pub fn is_parallel(a: &ImagePlane, b: &ImagePlane) -> bool {
    let apart = |a: Vec3, b: Vec3| a.minus(b).length();
    apart(a.row_dir, b.row_dir) < PARALLEL && apart(a.col_dir, b.col_dir) < PARALLEL
}

pub fn joined(words: &[&str]) -> String {
    words.iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(", ")
}

/// Every part of several has a name of its own: its direction where nothing else is said, a number where that is not
/// enough.
fn name_all(parts: &mut [Part<'_>]) {
    if parts.len() < 2 {
        return;
    }
    for part in parts.iter_mut().filter(|part| part.label.is_empty()) {
        let plane = part.images.first().and_then(|image| image.plane);
        part.label = plane.map_or("Other images", |plane| orientation_word(&plane)).to_owned();
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    parts.iter().for_each(|part| *counts.entry(part.label.clone()).or_default() += 1);
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for part in parts {
        let count = counts.get(&part.label).copied().unwrap_or(1);
        let number = numbers.entry(part.label.clone()).or_default();
        *number += 1;
        if count > 1 {
            part.label = format!("{} ({number} of {count})", part.label);
        }
    }
}

/// Which contradictions one series identifier covers (row by row of its images).
pub fn conflict(members: &[Member]) -> Option<String> {
    let mut modalities: Vec<&Modality> = members.iter().map(|(facts, _)| &facts.modality).collect();
    let mut frames: Vec<&FrameOfReferenceUid> =
        members.iter().filter_map(|(facts, _)| facts.frame_of_reference.as_ref()).collect();
    modalities.sort();
    modalities.dedup();
    frames.sort();
    frames.dedup();
    match (modalities.as_slice(), frames.len()) {
        ([_], 0 | 1) => None,
        ([_], n) => Some(format!(
            "One series identifier stands for images of {n} frames of reference; they are shown apart, and positions \
             must not be compared between them"
        )),
        (several, _) => {
            let names: Vec<&str> = several.iter().map(|modality| modality.0.as_str()).collect();
            Some(format!(
                "One series identifier stands for images of several modalities ({}); they are shown apart",
                names.join(", ")
            ))
        }
    }
}

/// Instance number, then identifier, then path, then frame.
pub fn tie(a: &Image<'_>, b: &Image<'_>) -> Ordering {
    let number = |image: &Image<'_>| image.instance.number.unwrap_or(i64::MAX);
    number(a)
        .cmp(&number(b))
        .then_with(|| a.instance.path.cmp(&b.instance.path))
        .then_with(|| a.at.frame.cmp(&b.at.frame))
}
