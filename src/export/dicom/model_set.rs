//! What one model said of a study, as a set of objects whose identities follow from what was said.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::content_item::ObjectReference;
use crate::domain::finding::{Finding, Subject};
use crate::domain::mask::Segment;
use crate::domain::model::ModelIdentity;
use crate::domain::report::ReportedFinding;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::{SeriesUid, SopInstanceUid};
use crate::export::dicom::content_tree::PlaceOfObject;
use crate::export::dicom::header::MANUFACTURER;
use crate::export::dicom::parametric_map::PARAMETRIC_MAP;
use crate::export::dicom::report_items::{Links, SegmentLink};
use crate::export::dicom::segmentation::{Algorithm, AlgorithmIdentity, Coverage, SegmentToWrite, SegmentationKind};
use crate::export::dicom::segmentation_frames::written;
use crate::export::dicom::uids::{tracking_uid, uid_of};
use crate::export::formats::Task;

/// One model's findings and the objects made of them.
pub struct ModelSet<'a> {
    pub model: ModelIdentity,
    pub findings: Vec<&'a ReportedFinding>,
    pub masks: Vec<MaskSet<'a>>,
    /// When the model said it; RFC 3339.
    pub made_at: String,
    /// From 1, among the study's models.
    pub number: i64,
    study: &'a Study,
    has_masks_beside: bool,
    has_maps_beside: bool,
}

/// Masks over the pictures of one series.
pub struct MaskSet<'a> {
    pub series: &'a Series,
    pub segments: Vec<SegmentToWrite>,
    /// Of each segment, its [`segment_key`].
    ids: Vec<String>,
}

/// One set for each model, by id.
pub fn model_sets<'a>(task: &Task<'a>, study: &'a Study) -> Vec<ModelSet<'a>> {
    let mut by_model: BTreeMap<[String; 3], (ModelIdentity, Vec<&'a ReportedFinding>)> = BTreeMap::new();
    for reported in &task.report.findings {
        let Some(run) = reported.finding.model_run() else { continue };
        let model = &run.model;
        let key = [model.id.to_string(), model.version.clone(), model.weights_sha256.clone()];
        by_model.entry(key).or_insert_with(|| (model.clone(), Vec::new())).1.push(reported);
    }
    let of_model = |(number, (model, mut findings)): (i64, (ModelIdentity, Vec<&'a ReportedFinding>))| {
        // The order of the panel follows decisions of the program, that of the objects must not
        findings.sort_by(|a, b| a.finding.id.cmp(&b.finding.id));
        let said = findings.iter().filter_map(|reported| reported.suggested_at.clone()).min();
        ModelSet {
            masks: mask_sets(study, &model, &findings),
            model,
            made_at: said.unwrap_or_else(|| task.report.made_at.clone()),
            findings,
            number,
            study,
            has_masks_beside: task.writes("seg"),
            has_maps_beside: task.writes("pm"),
        }
    };
    (1..).zip(by_model.into_values()).map(of_model).collect()
}

/// The masks of findings, each segment once a picture, by series and by what they are called.
fn mask_sets<'a>(study: &'a Study, model: &ModelIdentity, findings: &[&ReportedFinding]) -> Vec<MaskSet<'a>> {
    type OfSegment = (Arc<Segment>, Vec<(Subject, Coverage)>);
    let mut by_series: BTreeMap<SeriesUid, BTreeMap<String, OfSegment>> = BTreeMap::new();
    for reported in findings {
        let finding = &reported.finding;
        for (subject, segment) in masks_of(finding).filter(|(_, segment)| !segment.mask.is_empty()) {
            let of_series = by_series.entry(subject.series.clone()).or_default();
            let key = segment_key(finding, &segment.id);
            let (_, frames) = of_series.entry(key).or_insert_with(|| (Arc::clone(segment), Vec::new()));
            if !frames.iter().any(|(known, _)| *known == subject) {
                frames.push((subject, Coverage::Mask(segment.mask.clone())));
            }
        }
    }
    let of_series = |(series, segments): (SeriesUid, BTreeMap<String, OfSegment>)| {
        let is_meant = |known: &&Arc<Series>| {
            let mut subjects = segments.values().flat_map(|(_, frames)| frames);
            known.uid == series && subjects.any(|(subject, _)| known.instances.iter().any(|one| one.sop == subject.sop))
        };
        let series = study.series.iter().find(is_meant)?;
        let (ids, segments): (Vec<_>, Vec<_>) = segments
            .into_iter()
            .map(|(id, (segment, frames))| {
                let to_write = SegmentToWrite {
                    label: segment.name.clone(),
                    code: segment.code.clone(),
                    algorithm: Algorithm::Automatic(algorithm(model)),
                    tracking: (segment.name.clone(), segment_tracking_uid(study, model, &series.uid, &id)),
                    color: segment.color,
                    frames,
                };
                (id, to_write)
            })
            .unzip();
        Some(MaskSet { series, segments, ids })
    };
    by_series.into_iter().filter_map(of_series).collect()
}

/// On its own picture, and on the others that it reaches through.
fn masks_of(finding: &Finding) -> impl Iterator<Item = (Subject, &Arc<Segment>)> {
    let Finding { subject, evidence, .. } = finding;
    let own = evidence.segments.iter().map(|segment| (subject.clone(), segment));
    let elsewhere = evidence.elsewhere.iter().map(|placed| {
        let (sop, frame) = (placed.sop.clone(), placed.frame);
        (Subject { sop, frame, ..subject.clone() }, &placed.segment)
    });
    own.chain(elsewhere)
}

/// What tells a model's segments of one series apart. Anatomy is one segment whoever speaks of it; what a finding is
/// itself is its own, however many there are of the kind.
pub fn segment_key(finding: &Finding, segment: &str) -> String {
    let is_itself = segment == finding.label.id && finding.place.region().is_some();
    if is_itself { format!("{segment} {}", finding.id) } else { segment.to_owned() }
}

/// The identity of a segment through all its edits.
pub fn segment_tracking_uid(study: &Study, model: &ModelIdentity, series: &SeriesUid, id: &str) -> String {
    tracking_uid(&format!("{} {} {series} {id}", study.uid, model.id))
}

pub fn algorithm(model: &ModelIdentity) -> AlgorithmIdentity {
    AlgorithmIdentity {
        name: model.name.clone(),
        version: model.version.clone(),
        source: MANUFACTURER.to_owned(),
        parameters: format!("weights SHA-256 {}", model.weights_sha256),
    }
}

impl MaskSet<'_> {
    pub fn sop(&self, study: &Study, model: &ModelIdentity, kind: SegmentationKind) -> String {
        let kind = format!("{kind:?}");
        let mut words = vec![
            "masks",
            &kind,
            study.uid.as_str(),
            self.series.uid.as_str(),
            model.id.as_str(),
            &model.version,
            &model.weights_sha256,
        ];
        let frames = self.segments.iter().flat_map(|segment| &segment.frames);
        words.extend(frames.map(|(subject, _)| subject.sop.as_str()));
        uid_of(&words)
    }

    /// The segment's number and, where it lies on one picture, its frame, both from 1.
    fn place_of(&self, id: &str) -> Option<(u32, Option<u32>)> {
        let at = self.ids.iter().position(|known| known == id)?;
        let n_frames = |segment: &SegmentToWrite| segment.frames.len();
        let before: usize = self.segments.iter().take(at).map(n_frames).sum();
        let is_single = self.segments.get(at).map(n_frames) == Some(1);
        let number = u32::try_from(at).ok()? + 1;
        Some((number, is_single.then(|| u32::try_from(before).ok()).flatten().map(|before| before + 1)))
    }
}

impl ModelSet<'_> {
    /// The pictures it is about, each once.
    pub fn subjects(&self) -> Vec<Subject> {
        let mut subjects: Vec<Subject> = Vec::new();
        for reported in &self.findings {
            if !subjects.contains(&reported.finding.subject) {
                subjects.push(reported.finding.subject.clone());
            }
        }
        subjects
    }

    pub fn report_sop(&self) -> String {
        let ModelIdentity { id, version, weights_sha256, .. } = &self.model;
        let beside = format!("seg {} pm {}", self.has_masks_beside, self.has_maps_beside);
        let mut words = vec!["report", self.study.uid.as_str(), id.as_str(), version, weights_sha256, &beside];
        words.extend(self.findings.iter().map(|reported| reported.finding.id.as_str()));
        uid_of(&words)
    }

    pub fn map_sop(&self, finding: &Finding) -> String {
        uid_of(&["map", self.study.uid.as_str(), self.model.id.as_str(), &self.model.version, finding.id.as_str()])
    }

    /// The objects that leave beside the report and a finding points to.
    pub fn links(&self, finding: &Finding) -> Links {
        Links { segment: self.segment_link(finding), map: self.map_link(finding) }
    }

    fn segment_link(&self, finding: &Finding) -> Option<SegmentLink> {
        // A region of its own counts more, and what is about several segments is about none of them
        let [segment] = finding.evidence.segments.as_slice() else { return None };
        let masks = self.masks.iter().find(|masks| masks.series.uid == finding.subject.series)?;
        let (number, frame) = masks.place_of(&segment_key(finding, &segment.id)).filter(|_| self.has_masks_beside)?;
        let (_, instance) = self.study.instance(&finding.subject.sop)?;
        let kind = SegmentationKind::Binary;
        let object = ObjectReference {
            sop_class: kind.sop_class().to_owned(),
            sop: SopInstanceUid::new(masks.sop(self.study, &self.model, kind)),
            frames: frame.into_iter().collect(),
            segments: vec![number],
        };
        let frames = if instance.n_frames() > 1 { vec![finding.subject.frame + 1] } else { Vec::new() };
        let (sop_class, sop) = (instance.sop_class.clone(), SopInstanceUid::new(written(instance)));
        Some(SegmentLink { object, source: ObjectReference { sop_class, sop, frames, segments: Vec::new() } })
    }

    fn map_link(&self, finding: &Finding) -> Option<ObjectReference> {
        finding.evidence.saliency.as_ref().filter(|_| self.has_maps_beside)?;
        self.study.instance(&finding.subject.sop)?;
        let (sop_class, sop) = (PARAMETRIC_MAP.to_owned(), SopInstanceUid::new(self.map_sop(finding)));
        Some(ObjectReference { sop_class, sop, frames: Vec::new(), segments: Vec::new() })
    }

    /// Where the objects lie that [`ModelSet::links`] names.
    pub fn objects(&self, study: &Study) -> Vec<PlaceOfObject> {
        let series = |what: &str| SeriesUid::new(uid_of(&["series", study.uid.as_str(), what]));
        let links = self.findings.iter().map(|reported| self.links(&reported.finding));
        let of = |series: SeriesUid, object: &ObjectReference| PlaceOfObject {
            study: study.uid.clone(),
            series,
            sop_class: object.sop_class.clone(),
            sop: object.sop.clone(),
        };
        let objects = links.flat_map(|links| {
            let segment = links.segment.map(|link| of(series("segmentations"), &link.object));
            let map = links.map.map(|object| of(series("maps"), &object));
            segment.into_iter().chain(map).collect::<Vec<_>>()
        });
        objects.collect()
    }
}
