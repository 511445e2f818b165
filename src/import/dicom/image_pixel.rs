//! The Image Pixel module (PS3.3 C.7.6.3), checked against itself: what is missing is defaulted and said, what
//! contradicts itself is refused.

use dicom_dictionary_std::tags;

use crate::domain::instance::PixelDescription;
use crate::domain::intake::Notice;
use crate::domain::presentation::Photometric;
use crate::domain::stored_pixels::{ColorModel, PixelLayout, SampleKind};
use crate::import::dicom::dataset::View;
use crate::import::dicom::file::DicomFile;
use crate::import::error::ImportError;
use crate::import::limits::Limits;
use crate::import::reason;

impl ColorModel {
    pub fn is_color(self) -> bool {
        !matches!(self, Self::Monochrome1 | Self::Monochrome2 | Self::Palette)
    }

    fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "MONOCHROME1" => Self::Monochrome1,
            "MONOCHROME2" => Self::Monochrome2,
            "PALETTE COLOR" => Self::Palette,
            "RGB" => Self::Rgb,
            "YBR_FULL" => Self::YbrFull,
            "YBR_FULL_422" => Self::YbrFull422,
            "YBR_PARTIAL_422" => Self::YbrPartial422,
            "YBR_PARTIAL_420" => Self::YbrPartial420,
            "YBR_ICT" => Self::YbrIct,
            "YBR_RCT" => Self::YbrRct,
            _ => return None,
        })
    }

    fn after_decoding(self) -> Photometric {
        match self {
            Self::Monochrome1 => Photometric::Monochrome1,
            Self::Monochrome2 => Photometric::Monochrome2,
            Self::Palette => Photometric::PaletteColor,
            _ => Photometric::Rgb,
        }
    }
}

impl PixelLayout {
    pub fn read(file: &DicomFile, limits: &Limits, notices: &mut Vec<Notice>) -> Result<Self, ImportError> {
        let view = file.root();
        let rows = dimension(&view, tags::ROWS, "Rows")?;
        let cols = dimension(&view, tags::COLUMNS, "Columns")?;
        let kind = match file.scanned.pixels.as_ref().map(|pixels| pixels.tag.0) {
            Some(0x7FE0_0008) => SampleKind::Float,
            Some(0x7FE0_0009) => SampleKind::Double,
            _ => SampleKind::Integer,
        };
        let n_frames = n_frames(&view, notices);
        let (color, samples_per_pixel) = color(&view, notices)?;
        let bits = Bits::read(&view, kind, notices)?;
        let layout = Self {
            rows,
            cols,
            samples_per_pixel,
            bits_allocated: bits.allocated,
            bits_stored: bits.stored,
            high_bit: bits.high,
            is_signed: bits.is_signed,
            color,
            is_planar: samples_per_pixel == 3 && view.integer(tags::PLANAR_CONFIGURATION) == Some(1),
            kind,
            n_frames,
        };
        layout.check(limits)?;
        Ok(layout)
    }

    fn check(&self, limits: &Limits) -> Result<(), ImportError> {
        let n_bytes = self.n_samples() as u64 * u64::from(self.bits_allocated.max(8) / 8);
        if n_bytes > limits.max_frame_bytes {
            return Err(ImportError::TooLarge { what: "One picture", limit: limits.max_frame_bytes });
        }
        if self.color.is_color() && (self.is_signed || self.kind != SampleKind::Integer || self.bits_allocated == 1) {
            return Err(ImportError::UnsupportedPixels("color with signed, fractional or one-bit samples".into()));
        }
        Ok(())
    }

    /// The description after decoding.
    pub fn description(&self, transfer_syntax: &str, lossy: Option<String>) -> PixelDescription {
        PixelDescription {
            rows: self.rows,
            cols: self.cols,
            samples_per_pixel: self.samples_per_pixel,
            bits_allocated: self.bits_allocated,
            bits_stored: self.bits_stored,
            high_bit: self.high_bit,
            is_signed: self.is_signed,
            photometric: self.color.after_decoding(),
            transfer_syntax: transfer_syntax.to_owned(),
            lossy,
        }
    }
}

fn defaulted(name: &str, value: &str) -> Notice {
    Notice::new(reason::ATTRIBUTE_DEFAULTED, format!("{name} is missing or invalid; {value} was assumed"))
}

fn invalid(name: &'static str, fault: impl Into<String>) -> ImportError {
    ImportError::InvalidAttribute { name, fault: fault.into() }
}

fn dimension(view: &View<'_>, tag: dicom_core::Tag, name: &'static str) -> Result<u32, ImportError> {
    if !view.has(tag) {
        return Err(ImportError::MissingAttribute(name));
    }
    let value = view.integer(tag).unwrap_or(0);
    match u16::try_from(value) {
        Ok(value) if value > 0 => Ok(u32::from(value)),
        _ => Err(invalid(name, "not between 1 and 65535")),
    }
}

fn n_frames(view: &View<'_>, notices: &mut Vec<Notice>) -> u32 {
    if view.raw(tags::NUMBER_OF_FRAMES).is_none() {
        return 1;
    }
    let value = view.integer(tags::NUMBER_OF_FRAMES).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    value.unwrap_or_else(|| {
        notices.push(defaulted("Number of Frames", "1"));
        1
    })
}

fn color(view: &View<'_>, notices: &mut Vec<Notice>) -> Result<(ColorModel, u16), ImportError> {
    let code = view.code(tags::PHOTOMETRIC_INTERPRETATION);
    let written = view.integer(tags::SAMPLES_PER_PIXEL);
    if matches!(code.as_str(), "HSV" | "ARGB" | "CMYK") {
        return Err(ImportError::UnsupportedPixels(format!("photometric interpretation {code}")));
    }
    let model = ColorModel::from_code(&code).unwrap_or_else(|| {
        let (model, name) = match written {
            Some(3) => (ColorModel::Rgb, "RGB"),
            _ => (ColorModel::Monochrome2, "MONOCHROME2"),
        };
        notices.push(defaulted("Photometric Interpretation", name));
        model
    });
    let expected = if model.is_color() { 3 } else { 1 };
    match written {
        Some(n) if n == i64::from(expected) => {}
        Some(_) => return Err(invalid("Samples per Pixel", "in contradiction to the photometric interpretation")),
        None => notices.push(defaulted("Samples per Pixel", if expected == 3 { "3" } else { "1" })),
    }
    Ok((model, expected))
}

struct Bits {
    allocated: u16,
    stored: u16,
    high: u16,
    is_signed: bool,
}

impl Bits {
    fn read(view: &View<'_>, kind: SampleKind, notices: &mut Vec<Notice>) -> Result<Self, ImportError> {
        match kind {
            SampleKind::Float => return Ok(Self { allocated: 32, stored: 32, high: 31, is_signed: true }),
            SampleKind::Double => return Ok(Self { allocated: 64, stored: 64, high: 63, is_signed: true }),
            SampleKind::Integer => {}
        }
        let allocated = view.integer(tags::BITS_ALLOCATED).ok_or(ImportError::MissingAttribute("Bits Allocated"))?;
        let allocated = match allocated {
            1 | 8 | 16 | 32 => u16::try_from(allocated).unwrap_or(16),
            _ => return Err(invalid("Bits Allocated", "not 1, 8, 16 or 32")),
        };
        let stored = match view.integer(tags::BITS_STORED) {
            Some(stored) => u16::try_from(stored).ok().filter(|stored| (1..=allocated).contains(stored)),
            None => {
                notices.push(defaulted("Bits Stored", "Bits Allocated"));
                Some(allocated)
            }
        };
        let stored = stored.ok_or_else(|| invalid("Bits Stored", "0 or more than Bits Allocated"))?;
        let high = view.integer(tags::HIGH_BIT).and_then(|high| u16::try_from(high).ok());
        let high = high.filter(|high| *high < allocated && *high + 1 >= stored).unwrap_or_else(|| {
            notices.push(defaulted("High Bit", "Bits Stored − 1"));
            stored - 1
        });
        let is_signed = match view.integer(tags::PIXEL_REPRESENTATION) {
            Some(0) => false,
            Some(1) => true,
            _ => {
                notices.push(defaulted("Pixel Representation", "unsigned"));
                false
            }
        };
        Ok(Self { allocated, stored, high, is_signed })
    }
}
