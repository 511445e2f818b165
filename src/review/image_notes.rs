//! What readers note of images as a whole: key images, and scales of their own.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::finding::Subject;
use crate::domain::uid::SopInstanceUid;
use crate::domain::user_scale::UserScale;
use crate::review::event::{Change, ImageScaled};
use crate::review::history::History;
use crate::review::projection::Sight;
use crate::review::session::LoggedEvent;

/// As the review stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageNotes {
    key_images: BTreeSet<Subject>,
    /// Of all frames of an instance.
    scales: BTreeMap<SopInstanceUid, UserScale>,
}

impl ImageNotes {
    pub fn key_images(&self) -> &BTreeSet<Subject> {
        &self.key_images
    }

    pub fn scale(&self, sop: &SopInstanceUid) -> Option<&UserScale> {
        self.scales.get(sop)
    }

    pub(crate) fn folded(log: &[LoggedEvent], history: &History, sight: Sight<'_>) -> Self {
        let mut notes = Self::default();
        let in_force = log.iter().map(|logged| &logged.event).filter(|event| history.is_in_force(&event.id));
        for event in in_force.filter(|event| sight.shows(event)) {
            match &event.change {
                Change::KeyImageMarked { image } => _ = notes.key_images.insert(image.clone()),
                Change::KeyImageUnmarked { image } => _ = notes.key_images.remove(image),
                Change::ImageScaled(ImageScaled { image, scale: Some(scale), .. }) => {
                    notes.scales.insert(image.sop.clone(), scale.clone());
                }
                Change::ImageScaled(ImageScaled { image, scale: None, .. }) => _ = notes.scales.remove(&image.sop),
                _ => {}
            }
        }
        notes
    }
}
