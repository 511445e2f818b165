//! The review folded into what leaves the house.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::exported::ExportedObject;
use crate::domain::finding::Subject;
use crate::domain::report::{Report, ReportedAnnotation, ReportedCourse, ReportedFinding};
use crate::domain::study::Study;
use crate::domain::uid::FindingId;
use crate::review::event::Change;
use crate::review::session::{LoggedEvent, ReviewSession};

impl ReviewSession {
    /// The state as it stands, in the panel's order; findings that were withdrawn stay behind in the record, and so does
    /// what the viewer may not see.
    ///
    /// It includes decisions that are not kept yet: a caller that exports asks [`ReviewSession::unkept_events`] first.
    pub fn report(&self, study: Option<Arc<Study>>, made_at: &str, made_by: &str) -> Report {
        let suggested_at = self.suggested_at();
        let findings = self.findings().iter().map(|review| ReportedFinding {
            finding: Arc::clone(&review.finding),
            decision: review.decision.clone(),
            history: review.history.clone(),
            by_reader: review.by_reader.clone(),
            adjudicated: review.adjudicated.clone(),
            suggested_at: suggested_at.get(&review.finding.id).map(|at| (*at).to_owned()),
        });
        let annotations = self.annotations().iter().map(|review| ReportedAnnotation {
            annotation: Arc::clone(&review.annotation),
            placed: review.placed.clone(),
            changed: review.changed.clone(),
        });
        let key_images = self.key_images_in_order(study.as_deref());
        Report {
            study_uid: self.study().clone(),
            study,
            findings: findings.collect(),
            annotations: annotations.collect(),
            key_images,
            masks: Vec::new(),
            course: ReportedCourse {
                readings: self.course().readings().to_vec(),
                signatures: self.course().signatures().to_vec(),
                is_ai_hidden: self.is_ai_hidden(),
            },
            displays: Vec::new(),
            made_at: made_at.to_owned(),
            made_by: made_by.to_owned(),
        }
    }

    /// When each suggestion was recorded first.
    fn suggested_at(&self) -> BTreeMap<&FindingId, &str> {
        let mut at = BTreeMap::new();
        for LoggedEvent { event, .. } in self.events() {
            if let Change::SuggestionsRecorded { findings, .. } = &event.change {
                for id in findings {
                    at.entry(id).or_insert(event.at.as_str());
                }
            }
        }
        at
    }

    /// What has left of this study before, oldest first.
    pub fn exported(&self) -> Vec<ExportedObject> {
        let exports = self.events().iter().filter_map(|logged| match &logged.event.change {
            Change::Exported(exported) => Some(exported.objects.iter().cloned()),
            _ => None,
        });
        exports.flatten().collect()
    }

    /// In the study's order; those whose images are not at hand come last.
    fn key_images_in_order(&self, study: Option<&Study>) -> Vec<Subject> {
        let place = |image: &Subject| {
            let series = &study?.series;
            series.iter().enumerate().filter(|(_, series)| series.uid == image.series).find_map(|(at, series)| {
                let is_it = |index: &usize| {
                    series.image(*index).is_some_and(|(found, frame)| found.sop == image.sop && frame == image.frame)
                };
                (0..series.stack.len()).find(is_it).map(|index| (at, index))
            })
        };
        let mut images: Vec<Subject> = self.notes().key_images().iter().cloned().collect();
        images.sort_by_cached_key(|image| place(image).unwrap_or((usize::MAX, usize::MAX)));
        images
    }
}
