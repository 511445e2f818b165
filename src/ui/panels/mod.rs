//! Bars and panels around the picture, one file each.

pub mod cine_tools;
pub mod documents;
pub mod finding_details;
pub mod findings;
pub mod key_image_tools;
pub mod mask_editor;
pub mod mask_segments;
pub mod mask_tools;
pub mod mask_truth;
pub mod measurements;
pub mod models;
pub mod overlay_controls;
pub mod panes_menu;
pub mod plane_tools;
pub mod reading_bar;
pub mod record_banner;
pub mod series_strip;
pub mod start_page;
pub mod status_bar;
pub mod tool_strip;
pub mod top_bar;
pub mod view_tools;
pub mod worklist;
