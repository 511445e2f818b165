//! What was on screen, as a picture.

use std::fmt;
use std::sync::Arc;

/// Rows of red, green and blue, 8 bits each.
#[derive(Clone, PartialEq, Eq)]
pub struct CapturedPicture {
    pub width: u32,
    pub height: u32,
    pub rgb: Arc<[u8]>,
}

impl fmt::Debug for CapturedPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { width, height, .. } = self;
        write!(f, "CapturedPicture({width} × {height})")
    }
}
