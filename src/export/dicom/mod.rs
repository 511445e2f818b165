//! What leaves as DICOM objects: reports, segmentations, maps, assessments, presentation states and key objects.
//!
//! All of it is made from the record and from what the files said of their pictures, never from what a screen showed.

pub mod assessment;
pub mod assessments;
pub mod content_tree;
pub mod corrected_masks;
pub mod header;
pub mod key_objects;
pub mod model_set;
pub mod object;
pub mod parametric_map;
pub mod presentation_state;
pub mod report_items;
pub mod result_set;
pub mod secondary_capture_object;
pub mod segmentation;
pub mod segmentation_frames;
pub mod structured_report;
pub mod uids;
