//! PNG, JPEG, BMP and TIFF pictures as one-image studies. Their identity is a hash of their bytes.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use image::{ColorType, DynamicImage, ImageDecoder as _, ImageFormat, ImageReader};

use crate::domain::frame::Samples;
use crate::domain::geometry::Spacing;
use crate::domain::instance::{Acquisition, FrameAttributes, Instance, PixelDescription};
use crate::domain::intake::Notice;
use crate::domain::patient::Patient;
use crate::domain::presentation::{Photometric, ValueUnit};
use crate::domain::series::Modality;
use crate::domain::uid::{SeriesUid, SopInstanceUid, StudyUid};
use crate::import::dicom::attributes::{ImageObject, SeriesFacts, StudyFacts, derived_uid};
use crate::import::error::ImportError;
use crate::import::limits::Limits;
use crate::import::reason;

/// Secondary Capture Image Storage: what the picture would be as an object.
const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";

/// Reads size and depth; decodes nothing.
pub fn image_object(path: &Path, format: ImageFormat, limits: &Limits) -> Result<ImageObject, ImportError> {
    let bytes = read(path, limits)?;
    let decoder = reader(&bytes, format, limits).into_decoder().map_err(|error| failed(&error))?;
    let (cols, rows) = decoder.dimensions();
    let kind = Kind::of(decoder.color_type());
    if rows == 0 || cols == 0 || rows > 65_535 || cols > 65_535 {
        let fault = "not between 1 and 65535".to_owned();
        return Err(ImportError::InvalidAttribute { name: "The picture's size", fault });
    }
    let text = "A plain picture without patient, spacing or modality; the program cannot know what it shows";
    let is_lossy = format == ImageFormat::Jpeg;
    let instance = Instance {
        sop: SopInstanceUid::new(derived_uid(&[b"instance", &bytes])),
        written_sop: None,
        sop_class: SECONDARY_CAPTURE.to_owned(),
        path: path.to_owned(),
        number: Some(1),
        pixels: kind.description(rows, cols, is_lossy),
        stored: None,
        frames: vec![Arc::new(FrameAttributes::default())],
        palette: None,
        padding: None,
        regions: Vec::new(),
        overlays: Vec::new(),
        derivation: None,
        spacing: Spacing::UNKNOWN,
        patient_orientation: None,
        presentation_inverse: false,
        value_unit: ValueUnit::Unspecified,
        acquisition: Acquisition::default(),
        notices: vec![Notice::new(reason::RASTER_FILE, text)],
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let series = SeriesFacts {
        uid: SeriesUid::new(derived_uid(&[b"series", &bytes])),
        number: Some(1),
        modality: Modality("OT".to_owned()),
        description: "Picture file".to_owned(),
        body_part: String::new(),
        frame_of_reference: None,
    };
    let study = Arc::new(study_facts(&bytes, name));
    Ok(ImageObject { study, series: Arc::new(series), instance: Arc::new(instance) })
}

fn study_facts(bytes: &[u8], name: String) -> StudyFacts {
    StudyFacts {
        uid: StudyUid::new(derived_uid(&[b"study", bytes])),
        patient: Patient::default(),
        date: String::new(),
        time: String::new(),
        description: name.chars().filter(|c| !c.is_control()).collect(),
        id: String::new(),
        accession: String::new(),
        institution: String::new(),
    }
}

/// Decodes the picture.
pub fn load(path: &Path, format: ImageFormat, limits: &Limits) -> Result<Samples, ImportError> {
    let bytes = read(path, limits)?;
    let image = reader(&bytes, format, limits).decode().map_err(|error| failed(&error))?;
    Ok(match Kind::of(image.color()) {
        Kind::Grey8 => Samples::U8(image.into_luma8().into_raw().into()),
        Kind::Grey16 => Samples::U16(image.into_luma16().into_raw().into()),
        Kind::Color8 => Samples::Rgb8(image.into_rgb8().into_raw().into()),
        Kind::Color16 => Samples::Rgb16(DynamicImage::into_rgb16(image).into_raw().into()),
    })
}

fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, ImportError> {
    let n_bytes = fs::metadata(path)?.len();
    match n_bytes > limits.max_codestream_bytes {
        true => Err(ImportError::TooLarge { what: "The picture file", limit: limits.max_codestream_bytes }),
        false => Ok(fs::read(path)?),
    }
}

fn reader<'a>(bytes: &'a [u8], format: ImageFormat, limits: &Limits) -> ImageReader<Cursor<&'a [u8]>> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut caps = image::Limits::default();
    caps.max_image_width = Some(65_535);
    caps.max_image_height = Some(65_535);
    caps.max_alloc = Some(limits.max_frame_bytes);
    reader.limits(caps);
    reader
}

fn failed(error: &image::ImageError) -> ImportError {
    use image::ImageError::{Decoding, Limits, Unsupported};
    let fault = match error {
        Decoding(_) => "the picture is damaged",
        Limits(_) => "the picture is too large",
        Unsupported(_) => "this kind of picture is not supported",
        _ => "the picture cannot be read",
    };
    ImportError::DecoderFailed(fault.to_owned())
}

#[derive(Clone, Copy)]
enum Kind {
    Grey8,
    Grey16,
    Color8,
    Color16,
}

impl Kind {
    fn of(color: ColorType) -> Self {
        match (color.has_color(), color.bytes_per_pixel() / color.channel_count()) {
            (false, 1) => Self::Grey8,
            (false, _) => Self::Grey16,
            (true, 1) => Self::Color8,
            (true, _) => Self::Color16,
        }
    }

    fn description(self, rows: u32, cols: u32, is_lossy: bool) -> PixelDescription {
        let (bits, photometric, samples_per_pixel) = match self {
            Self::Grey8 => (8, Photometric::Monochrome2, 1),
            Self::Grey16 => (16, Photometric::Monochrome2, 1),
            Self::Color8 => (8, Photometric::Rgb, 3),
            Self::Color16 => (16, Photometric::Rgb, 3),
        };
        PixelDescription {
            rows,
            cols,
            samples_per_pixel,
            bits_allocated: bits,
            bits_stored: bits,
            high_bit: bits - 1,
            is_signed: false,
            photometric,
            transfer_syntax: String::new(),
            lossy: is_lossy.then(|| "JPEG".to_owned()),
        }
    }
}
