//! How a series stood on the screen, as far as it may leave: the window and the turns, no more.

use crate::domain::presentation::Window;
use crate::domain::uid::SeriesUid;

/// One series' display.
#[derive(Clone, Debug, PartialEq)]
pub struct DisplayState {
    pub series: SeriesUid,
    /// In modality units; `None` for what the file says.
    pub window: Option<Window>,
    /// Clockwise, 0 to 3.
    pub quarter_turns: u8,
    /// Mirrored left to right before it is turned.
    pub is_flipped: bool,
    pub is_inverted: bool,
}
