//! One frame of one file: all that reading it takes, without the rest of its instance.

use std::path::Path;

use crate::domain::frame::Samples;
use crate::domain::instance::{Instance, PixelDescription};
use crate::domain::stored_pixels::{PixelLayout, StoredPixels};
use crate::import::dicom::file::DicomFile;
use crate::import::dicom::pixel_data;
use crate::import::dicom::source::Source;
use crate::import::error::ImportError;
use crate::import::limits::Limits;
use crate::import::recognize::FileKind;
use crate::import::{raster, scanning};

#[derive(Clone, Copy)]
pub struct PlaceOfFrame<'a> {
    pub path: &'a Path,
    pub pixels: &'a PixelDescription,
    /// `None` for pictures and deflated data sets, which are read anew.
    pub stored: Option<&'a StoredPixels>,
    /// Zero-based, in `stored`.
    pub frame_idx: u32,
}

impl<'a> PlaceOfFrame<'a> {
    pub fn of(instance: &'a Instance, frame_idx: u32) -> Self {
        Self { path: &instance.path, pixels: &instance.pixels, stored: instance.stored.as_deref(), frame_idx }
    }

    /// Decodes in this process.
    pub fn load(&self, limits: &Limits) -> Result<Samples, ImportError> {
        match self.stored {
            Some(stored) => {
                let source = Source::open_unchanged(self.path, stored.stamp)?;
                pixel_data::load(&source, stored, self.frame_idx, limits)
            }
            None => match scanning::kind_of(self.path)? {
                FileKind::Raster(format) => raster::load(self.path, format, limits),
                FileKind::Dicom => self.read_anew(limits),
                FileKind::Other => Err(ImportError::FileChanged),
            },
        }
    }

    /// A coarse picture, where that costs much less than the frame itself.
    pub fn preview(&self, limits: &Limits) -> Result<Option<Samples>, ImportError> {
        let Some(stored) = self.stored else { return Ok(None) };
        let source = Source::open_unchanged(self.path, stored.stamp)?;
        pixel_data::preview(&source, stored, self.frame_idx, limits)
    }

    /// Of a deflated data set, which has no places to go back to.
    fn read_anew(&self, limits: &Limits) -> Result<Samples, ImportError> {
        let file = DicomFile::open(self.path, limits)?;
        let layout = PixelLayout::read(&file, limits, &mut Vec::new())?;
        if layout.description(&file.syntax.uid, self.pixels.lossy.clone()) != *self.pixels {
            return Err(ImportError::FileChanged);
        }
        let stored = pixel_data::stored(&file, layout, limits)?;
        pixel_data::load(&file.source, &stored, self.frame_idx, limits)
    }
}
