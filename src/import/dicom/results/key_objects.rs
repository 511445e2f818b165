//! Key object selections: the images that somebody marked.

use crate::domain::content_item::{ContentItem, ContentValue};
use crate::domain::finding::Subject;
use crate::domain::study::Study;
use crate::import::dicom::results::regions::named_image;

/// The marked images that are here, and how many are not.
pub fn images(root: &ContentItem, study: &Study) -> (Vec<Subject>, usize) {
    let mut found = Vec::new();
    let mut n_absent = 0;
    for item in &root.children {
        let (ContentValue::Image(object) | ContentValue::Composite(object)) = &item.value else { continue };
        let frames = if object.frames.is_empty() { vec![1] } else { object.frames.clone() };
        for frame in frames {
            match named_image(study, &object.sop, &[frame]) {
                Some((series, instance, frame)) => {
                    let (series, sop) = (series.uid.clone(), instance.sop.clone());
                    found.push(Subject { study: study.uid.clone(), series, sop, frame });
                }
                None => n_absent += 1,
            }
        }
    }
    (found, n_absent)
}
