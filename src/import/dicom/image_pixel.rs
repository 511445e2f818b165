//! The Image Pixel module (PS3.3 C.7.6.3), checked against itself: what is missing is defaulted and said, what
//! contradicts itself is refused.

use dicom_dictionary_std::tags;

use crate::domain::instance::PixelDescription;
use crate::domain::intake::Notice;
use crate::domain::presentation::Photometric;
use crate::domain::stored_pixels::{ColorModel, PixelCoding, PixelLayout, SampleKind};
use crate::import::dicom::dataset::View;
use crate::import::dicom::file::DicomFile;
use crate::import::dicom::native;
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
        let n_frames = n_frames(&view, limits, notices)?;
        let (color, samples_per_pixel) = color(&view, notices)?;
        let is_packed = matches!(
            file.syntax.pixels,
            PixelCoding::Native | PixelCoding::EncapsulatedNative | PixelCoding::DeflatedFrames
        );
        let is_planar = samples_per_pixel == 3 && is_planar(&view, is_packed, notices)?;
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
            is_planar,
            kind,
            n_frames,
        };
        layout.check(limits)?;
        let n_bytes = file.scanned.pixels.as_ref().and_then(|pixels| pixels.n_bytes);
        if is_packed && n_bytes.is_some_and(|n_bytes| native::is_halved(&layout, n_bytes)) {
            layout.check_halved()?;
        }
        Ok(layout)
    }

    /// What is left over when every declared frame has its bytes; a byte of padding is none.
    pub fn surplus(&self, n_bytes: u64) -> Option<Notice> {
        let n_bits = native::frame_bits(self, n_bytes).checked_mul(u64::from(self.n_frames))?;
        let n_surplus = n_bytes.checked_sub(n_bits.div_ceil(8).next_multiple_of(2)).filter(|n| *n > 0)?;
        let text = format!("The pixel data is {n_surplus} bytes longer than the picture needs; the rest was left out");
        Some(Notice::new(reason::PIXELS_SURPLUS, text))
    }

    /// Two neighbors share their color (PS3.3 C.7.6.3.1.2): that takes pairs of columns, and no planes.
    fn check_halved(&self) -> Result<(), ImportError> {
        match (self.cols.is_multiple_of(2), self.is_planar) {
            (true, false) => Ok(()),
            (false, _) => Err(invalid("Columns", "odd although two pixels share their color (4:2:2)")),
            (_, true) => Err(invalid("Planar Configuration", "1 although two pixels share their color (4:2:2)")),
        }
    }

    fn check(&self, limits: &Limits) -> Result<(), ImportError> {
        let n_samples = u64::from(self.rows) * u64::from(self.cols) * u64::from(self.samples_per_pixel);
        let n_bytes = n_samples * u64::from(self.bits_allocated.max(8) / 8);
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
    let is_one = view.numbers(tag).len() == 1;
    let value = view.integer(tag).filter(|_| is_one).unwrap_or(0);
    match u16::try_from(value) {
        Ok(value) if value > 0 => Ok(u32::from(value)),
        _ => Err(invalid(name, "not a number between 1 and 65535")),
    }
}

fn n_frames(view: &View<'_>, limits: &Limits, notices: &mut Vec<Notice>) -> Result<u32, ImportError> {
    let codes = view.codes(tags::NUMBER_OF_FRAMES);
    let written = match codes.as_slice() {
        [] => return Ok(1),
        [blank] if blank.is_empty() => return Ok(1),
        // IS has digits only: "1e9" is no number of frames
        [digits] if digits.chars().all(|c| c.is_ascii_digit()) => digits.parse::<u64>().ok(),
        [text] => slipped_letters(text, notices),
        _ => None,
    };
    let n = written.filter(|n| *n > 0).ok_or_else(|| invalid("Number of Frames", "not a whole number above 0"))?;
    match u32::try_from(n) {
        Ok(n) if n <= limits.max_frames => Ok(n),
        _ => Err(ImportError::TooManyFrames { limit: limits.max_frames }),
    }
}

/// A number with letters behind it, such as `1A`, is still that number; with anything else it is none.
fn slipped_letters(text: &str, notices: &mut Vec<Notice>) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let n = digits.parse::<u64>().ok()?;
    notices.push(defaulted("Number of Frames", digits));
    Some(n)
}

/// Planar Configuration matters where samples lie uncompressed; codecs have an order of their own.
fn is_planar(view: &View<'_>, is_packed: bool, notices: &mut Vec<Notice>) -> Result<bool, ImportError> {
    if view.raw(tags::PLANAR_CONFIGURATION).is_none() {
        if is_packed {
            notices.push(defaulted("Planar Configuration", "0"));
        }
        return Ok(false);
    }
    match view.integer(tags::PLANAR_CONFIGURATION) {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        _ if is_packed => Err(invalid("Planar Configuration", "neither 0 nor 1")),
        _ => Ok(false),
    }
}

fn color(view: &View<'_>, notices: &mut Vec<Notice>) -> Result<(ColorModel, u16), ImportError> {
    let codes = view.codes(tags::PHOTOMETRIC_INTERPRETATION);
    let written = view.integer(tags::SAMPLES_PER_PIXEL);
    let code = match codes.as_slice() {
        [] => "",
        [code] => code.as_str(),
        _ => return Err(invalid("Photometric Interpretation", "written with more than one value")),
    };
    let model = match code {
        "" => {
            let (model, name) = match written {
                Some(3) => (ColorModel::Rgb, "RGB"),
                _ => (ColorModel::Monochrome2, "MONOCHROME2"),
            };
            let text = format!(
                "Photometric Interpretation is missing; {name} was assumed, so black and white may have changed places"
            );
            notices.push(Notice::new(reason::PHOTOMETRIC_ASSUMED, text));
            model
        }
        "HSV" | "ARGB" | "CMYK" => {
            return Err(ImportError::UnsupportedPixels(format!("photometric interpretation {code}")));
        }
        // What is not known cannot be shown right: white may be black, and numbers may be names of colors
        _ => ColorModel::from_code(code).ok_or_else(|| {
            ImportError::UnsupportedPixels("the photometric interpretation is not one of the standard".to_owned())
        })?,
    };
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
        let high = high_bit(view, allocated, stored, notices)?;
        let is_signed = match view.raw(tags::PIXEL_REPRESENTATION).map(|_| view.integer(tags::PIXEL_REPRESENTATION)) {
            Some(Some(0)) => false,
            Some(Some(1)) => true,
            Some(_) => return Err(invalid("Pixel Representation", "neither 0 (unsigned) nor 1 (signed)")),
            None => {
                notices.push(defaulted("Pixel Representation", "unsigned"));
                false
            }
        };
        if !is_signed && says_negative(view) {
            let text = "The pixels are called unsigned, but their smallest value is negative";
            notices.push(Notice::new(reason::SIGN_CONTRADICTED, text));
        }
        Ok(Self { allocated, stored, high, is_signed })
    }
}

/// The stored bits end at High Bit; left-aligned ones are of the standard's past (PS3.5 8.1.1).
fn high_bit(view: &View<'_>, allocated: u16, stored: u16, notices: &mut Vec<Notice>) -> Result<u16, ImportError> {
    if view.raw(tags::HIGH_BIT).is_none() {
        notices.push(defaulted("High Bit", "Bits Stored − 1"));
        return Ok(stored - 1);
    }
    let high = view.integer(tags::HIGH_BIT).and_then(|high| u16::try_from(high).ok());
    if high == Some(allocated) && stored == allocated {
        // Every bit is stored, so that the highest can be no other
        notices.push(defaulted("High Bit", "Bits Stored − 1"));
        return Ok(stored - 1);
    }
    let high = high.filter(|high| (stored - 1..allocated).contains(high));
    let high =
        high.ok_or_else(|| invalid("High Bit", "outside of what Bits Allocated and Bits Stored leave room for"))?;
    if high != stored - 1 {
        let text = format!("The values end at bit {high} instead of {}; they were moved into place", stored - 1);
        notices.push(Notice::new(reason::HIGH_BIT_UNUSUAL, text));
    }
    Ok(high)
}

/// Smallest or Largest Image Pixel Value is below zero, in a VR that can say so.
fn says_negative(view: &View<'_>) -> bool {
    let is_negative = |tag| {
        let is_signed = view.element(tag).is_some_and(|element| element.vr.is_some_and(|vr| &vr == b"SS"));
        is_signed && view.number(tag).is_some_and(|value| value < 0.0)
    };
    is_negative(tags::SMALLEST_IMAGE_PIXEL_VALUE) || is_negative(tags::LARGEST_IMAGE_PIXEL_VALUE)
}
