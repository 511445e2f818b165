//! Small drawn things that more than one panel needs.

pub mod button;
pub mod histogram_plot;
pub mod keeping;
pub mod line_style;
pub mod outlined_text;
pub mod state_icon;
pub mod tool_icon;
