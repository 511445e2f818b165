//! From attributes to domain nouns: one file becomes an instance and what it says of its study and series.

use std::path::Path;
use std::sync::Arc;

use dicom_dictionary_std::tags;
use sha2::{Digest as _, Sha256};

use serde::{Deserialize, Serialize};

use crate::domain::geometry::SpacingKind;
use crate::domain::instance::{Acquisition, Instance};
use crate::domain::intake::Notice;
use crate::domain::patient::Patient;
use crate::domain::presentation::{PixelPadding, ValueUnit};
use crate::domain::series::Modality;
use crate::domain::stored_pixels::{ColorModel, PixelCoding, PixelLayout, PixelPlace, SampleKind};
use crate::domain::uid::{FrameOfReferenceUid, SeriesUid, SopInstanceUid, StudyUid};
use crate::import::dicom::broken_promise;
use crate::import::dicom::dataset::View;
use crate::import::dicom::file::DicomFile;
use crate::import::dicom::frames::Groups;
use crate::import::dicom::object_kind::{self, non_image_kind};
use crate::import::dicom::overlays::{self, overlays};
use crate::import::dicom::palette::palette;
use crate::import::dicom::{pixel_data, plausibility, segmentation, spacing};
use crate::import::error::ImportError;
use crate::import::limits::Limits;
use crate::import::reason;

/// General Study and Patient module.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StudyFacts {
    pub uid: StudyUid,
    pub patient: Patient,
    pub date: String,
    pub time: String,
    pub description: String,
    pub id: String,
    pub accession: String,
    pub institution: String,
}

/// General Series module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SeriesFacts {
    pub uid: SeriesUid,
    pub number: Option<i64>,
    pub modality: Modality,
    pub description: String,
    pub body_part: String,
    pub frame_of_reference: Option<FrameOfReferenceUid>,
}

/// One picture object with its place in the hierarchy. A clone costs next to nothing.
#[derive(Clone, Serialize, Deserialize)]
pub struct ImageObject {
    pub study: Arc<StudyFacts>,
    pub series: Arc<SeriesFacts>,
    pub instance: Arc<Instance>,
}

/// Builds the instance; refuses what holds no picture or one that cannot be decoded.
pub fn image_object(path: &Path, file: &DicomFile, limits: &Limits) -> Result<ImageObject, ImportError> {
    let root = file.root();
    let mut notices = file.notices.clone();
    let sop_class = first_filled([root.code(tags::SOP_CLASS_UID), file.media_class.clone()]);
    refuse_non_images(file, &root, &sop_class)?;
    if file.syntax.pixels == PixelCoding::Unsupported {
        return Err(ImportError::UnsupportedTransferSyntax(file.syntax.name));
    }
    let layout = PixelLayout::read(file, limits, &mut notices)?;
    let stored = pixel_data::stored(file, layout.clone(), limits)?;
    let n_frames = pixel_data::n_whole_frames(&stored, limits)?;
    if n_frames < layout.n_frames {
        let text = format!("Only {n_frames} of {} frames are in the file", layout.n_frames);
        notices.push(Notice::new(reason::PIXELS_TRUNCATED, text));
    }
    if let PixelPlace::Flat { n_bytes, .. } = stored.place {
        notices.extend(layout.surplus(n_bytes));
    }
    let mut lossy = lossy(&root, file);
    let promises_lossless = file.syntax.lossy_method.is_none();
    if promises_lossless && let Some(method) = broken_promise::lossy_method(&file.source, &stored) {
        let text = "The transfer syntax promises lossless compression, but the picture was compressed with loss";
        notices.push(Notice::new(reason::SYNTAX_CONTRADICTED, text));
        lossy.get_or_insert_with(|| method.to_owned());
    }
    let uids = Uids::read(file, &root, &mut notices);
    let series = series_facts(&root, uids.series);
    let groups = Groups::read(root, &series.modality.0);
    let frames = groups.frames(n_frames, layout.is_signed, &mut notices);
    let palette = match layout.color {
        ColorModel::Palette => Some(Arc::new(palette(&root, layout.is_signed).ok_or_else(no_palette)?)),
        _ => None,
    };
    let spacing = groups.spacing(0, &mut notices);
    let mut overlays = overlays(&root, &layout, &mut notices);
    if file.syntax.is_deflated {
        overlays::without_embedded(&mut overlays, &mut notices);
    }
    notices.extend(presentation_notices(&root, &layout));
    let derivation = segmentation::derivation(&root, &sop_class, &mut notices).map(Arc::new);
    let value_unit = value_unit(&root, &groups, &series.modality);
    let acquisition = acquisition(&root, &groups);
    let regions = if spacing.kind == SpacingKind::Region { spacing::regions(&root) } else { Vec::new() };
    drop(groups);
    notices.extend(plausibility::notices(&root, frames.first().and_then(|frame| frame.plane.as_ref())));
    let instance = Instance {
        sop: uids.sop,
        written_sop: None,
        sop_class,
        path: path.to_owned(),
        number: root.integer(tags::INSTANCE_NUMBER),
        pixels: layout.description(&file.syntax.uid, lossy),
        // A deflated data set is inflated again when a frame is wanted
        stored: (!file.syntax.is_deflated).then(|| Arc::new(stored)),
        frames,
        palette,
        padding: padding(&root, &layout),
        regions,
        overlays,
        derivation,
        spacing,
        patient_orientation: patient_orientation(&root),
        presentation_inverse: root.code(tags::PRESENTATION_LUT_SHAPE) == "INVERSE",
        value_unit,
        acquisition,
        notices,
    };
    let study = Arc::new(study_facts(&root, uids.study));
    Ok(ImageObject { study, series: Arc::new(series), instance: Arc::new(instance) })
}

fn no_palette() -> ImportError {
    ImportError::InvalidAttribute { name: "The color palette", fault: "missing or unreadable".to_owned() }
}

fn refuse_non_images(file: &DicomFile, root: &View<'_>, sop_class: &str) -> Result<(), ImportError> {
    if let Some(kind) = non_image_kind(sop_class) {
        return Err(ImportError::NotAnImage(kind.to_owned()));
    }
    match &file.scanned.pixels {
        Some(pixels) if pixels.n_bytes == Some(0) => Err(ImportError::NoPixels),
        Some(_) => Ok(()),
        None if root.has(tags::ROWS) || object_kind::is_picture(sop_class) => Err(ImportError::NoPixels),
        None => Err(ImportError::NotAnImage("an object without pixels".to_owned())),
    }
}

fn first_filled(candidates: [String; 2]) -> String {
    let [first, second] = candidates;
    if first.is_empty() { second } else { first }
}

struct Uids {
    study: StudyUid,
    series: SeriesUid,
    sop: SopInstanceUid,
}

impl Uids {
    /// What is missing is derived from the file's own header, so that a second scan finds the same.
    fn read(file: &DicomFile, root: &View<'_>, notices: &mut Vec<Notice>) -> Self {
        let study = root.code(tags::STUDY_INSTANCE_UID);
        let series = root.code(tags::SERIES_INSTANCE_UID);
        let sop = first_filled([root.code(tags::SOP_INSTANCE_UID), file.media_instance.clone()]);
        if study.is_empty() || series.is_empty() || sop.is_empty() {
            let text = "The file lacks an identifier; one was derived from its contents";
            notices.push(Notice::new(reason::UID_MISSING, text));
        }
        let or_derived = |uid: String, level: &str| match uid.is_empty() {
            true => derived_uid(&[level.as_bytes(), file.header_bytes()]),
            false => uid,
        };
        Self {
            study: StudyUid::new(or_derived(study, "study")),
            series: SeriesUid::new(or_derived(series, "series")),
            sop: SopInstanceUid::new(or_derived(sop, "instance")),
        }
    }
}

/// Study, series and identity of an object that holds no picture.
pub fn facts_of(
    file: &DicomFile,
    root: &View<'_>,
    notices: &mut Vec<Notice>,
) -> (StudyFacts, SeriesFacts, SopInstanceUid) {
    let Uids { study, series, sop } = Uids::read(file, root, notices);
    (study_facts(root, study), series_facts(root, series), sop)
}

/// A UID under 2.25 (PS3.5 B.2) from a hash of `parts`.
pub fn derived_uid(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    let digest = hasher.finalize();
    let number = digest.iter().take(16).fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
    format!("2.25.{number}")
}

fn study_facts(root: &View<'_>, uid: StudyUid) -> StudyFacts {
    StudyFacts {
        uid,
        patient: Patient {
            id: root.text(tags::PATIENT_ID),
            name: root.text(tags::PATIENT_NAME),
            birth_date: root.text(tags::PATIENT_BIRTH_DATE),
            sex: root.text(tags::PATIENT_SEX),
        },
        date: root.text(tags::STUDY_DATE),
        time: root.text(tags::STUDY_TIME),
        description: root.text(tags::STUDY_DESCRIPTION),
        id: root.text(tags::STUDY_ID),
        accession: root.text(tags::ACCESSION_NUMBER),
        institution: root.text(tags::INSTITUTION_NAME),
    }
}

fn series_facts(root: &View<'_>, uid: SeriesUid) -> SeriesFacts {
    let frame_of_reference = FrameOfReferenceUid::new(root.code(tags::FRAME_OF_REFERENCE_UID));
    SeriesFacts {
        uid,
        number: root.integer(tags::SERIES_NUMBER),
        modality: Modality(root.text(tags::MODALITY)),
        description: root.text(tags::SERIES_DESCRIPTION),
        body_part: root.text(tags::BODY_PART_EXAMINED),
        frame_of_reference: (!frame_of_reference.is_empty()).then_some(frame_of_reference),
    }
}

fn acquisition(root: &View<'_>, groups: &Groups<'_>) -> Acquisition {
    let or = |first: String, second: dicom_core::Tag| if first.is_empty() { root.text(second) } else { first };
    Acquisition {
        date: or(root.text(tags::ACQUISITION_DATE), tags::CONTENT_DATE),
        time: or(root.text(tags::ACQUISITION_TIME), tags::CONTENT_TIME),
        slice_thickness_mm: groups.slice_thickness_mm(),
        slice_location_mm: root.number(tags::SLICE_LOCATION),
        kvp: root.number(tags::KVP),
        kernel: root.text(tags::CONVOLUTION_KERNEL),
        repetition_time_ms: root.number(tags::REPETITION_TIME),
        echo_time_ms: root.number(tags::ECHO_TIME),
        contrast_agent: root.text(tags::CONTRAST_BOLUS_AGENT),
        laterality: or(root.text(tags::IMAGE_LATERALITY), tags::LATERALITY),
        view_position: root.text(tags::VIEW_POSITION),
        manufacturer: root.text(tags::MANUFACTURER),
        scanner_model: root.text(tags::MANUFACTURER_MODEL_NAME),
        patient_age: root.text(tags::PATIENT_AGE),
        gantry_tilt_deg: root.number(tags::GANTRY_DETECTOR_TILT),
        frame_rate_hz: frame_rate_hz(root),
    }
}

/// PS3.3 C.7.6.5: the recommended rate, the cine rate, then the time from frame to frame.
fn frame_rate_hz(root: &View<'_>) -> Option<f64> {
    let mean_of_vector = || {
        let times = root.numbers(tags::FRAME_TIME_VECTOR);
        // The first is the time before the first frame.
        let n_steps = times.len().checked_sub(1).filter(|n| *n > 0)?;
        Some(times.iter().skip(1).sum::<f64>() / n_steps as f64)
    };
    let of_time = || root.number(tags::FRAME_TIME).or_else(mean_of_vector).filter(|ms| *ms > 0.0).map(|ms| 1000.0 / ms);
    let is_rate = |rate: &f64| rate.is_finite() && *rate > 0.0;
    let said = root.number(tags::RECOMMENDED_DISPLAY_FRAME_RATE).filter(is_rate);
    said.or_else(|| root.number(tags::CINE_RATE).filter(is_rate)).or_else(of_time).filter(is_rate)
}

/// Row and column direction; both must be there.
fn patient_orientation(root: &View<'_>) -> Option<[String; 2]> {
    let is_direction = |code: &String| !code.is_empty() && code.chars().all(|c| "ALPRFH".contains(c));
    match root.codes(tags::PATIENT_ORIENTATION).as_slice() {
        [row, column] if is_direction(row) && is_direction(column) => Some([row.clone(), column.clone()]),
        _ => None,
    }
}

/// Pixel Padding Value and Range Limit, as signed as the pixels are.
fn padding(root: &View<'_>, layout: &PixelLayout) -> Option<PixelPadding> {
    if layout.kind != SampleKind::Integer || layout.color.is_color() {
        return None;
    }
    let as_stored = |value: i64| match layout.is_signed {
        // Written as US by some: the same 16 bits
        true if value > i64::from(i16::MAX) && layout.bits_allocated <= 16 => value - 65_536,
        false if value < 0 => value + 65_536,
        _ => value,
    };
    let value = as_stored(root.integer(tags::PIXEL_PADDING_VALUE)?);
    let limit = root.integer(tags::PIXEL_PADDING_RANGE_LIMIT).map_or(value, as_stored);
    Some(PixelPadding { low: value.min(limit), high: value.max(limit) })
}

/// Parts of the presentation that are not followed.
fn presentation_notices(root: &View<'_>, layout: &PixelLayout) -> Vec<Notice> {
    let mut notices = Vec::new();
    let has_palette = root.has(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR);
    let wants_color = matches!(root.code(tags::PIXEL_PRESENTATION).as_str(), "COLOR" | "MIXED");
    if has_palette && wants_color && matches!(layout.color, ColorModel::Monochrome1 | ColorModel::Monochrome2) {
        // PS3.3 C.7.6.19
        let text = "Parts of the picture are meant in color; all of it is shown in gray";
        notices.push(Notice::new(reason::COLORS_NOT_SHOWN, text));
    }
    if root.has(tags::PRESENTATION_LUT_SEQUENCE) {
        let text = "The file brings a presentation LUT, which is not applied";
        notices.push(Notice::new(reason::LUT_IGNORED, text));
    }
    let is_colored = layout.color.is_color() || layout.color == ColorModel::Palette;
    if let Some(profile) = root.raw(tags::ICC_PROFILE).filter(|_| is_colored)
        && !is_like_srgb(profile)
        && root.code(tags::COLOR_SPACE) != "SRGB"
    {
        let text = "The colors have a profile of their own; they are shown as sRGB";
        notices.push(Notice::new(reason::COLOR_PROFILE, text));
    }
    let names = [tags::PATIENT_NAME, tags::STUDY_DESCRIPTION, tags::SERIES_DESCRIPTION];
    if names.iter().filter_map(|tag| root.raw(*tag)).any(|bytes| root.charset.guesses(bytes)) {
        let text = "Text has letters beyond ASCII, but no character set is declared";
        notices.push(Notice::new(reason::CHARSET_GUESSED, text));
    }
    notices
}

/// By the name in the profile's description, in one or two bytes a letter.
fn is_like_srgb(profile: &[u8]) -> bool {
    [&b"sRGB"[..], b"s\0R\0G\0B"].iter().any(|name| profile.windows(name.len()).any(|part| part == *name))
}

fn value_unit(root: &View<'_>, groups: &Groups<'_>, modality: &Modality) -> ValueUnit {
    let transformation = groups.transformation();
    let has_rescale = transformation.has(tags::RESCALE_INTERCEPT);
    let lut_type = root.first_item(tags::MODALITY_LUT_SEQUENCE).map(|item| item.text(tags::MODALITY_LUT_TYPE));
    let rescale_type = lut_type.unwrap_or_else(|| transformation.text(tags::RESCALE_TYPE));
    match rescale_type.as_str() {
        "HU" => ValueUnit::Hounsfield,
        // PS3.3 C.8.2.1.1.1: in CT an absent type means Hounsfield, except where a localizer says otherwise
        "" if modality.0 == "CT" && has_rescale => ValueUnit::Hounsfield,
        "" if modality.0 == "PT" => match root.text(tags::UNITS) {
            units if units.is_empty() => ValueUnit::Unspecified,
            units => ValueUnit::Named(units),
        },
        "" if root.has(tags::DOSE_GRID_SCALING) && !has_rescale => match root.code(tags::DOSE_UNITS).as_str() {
            "GY" => ValueUnit::Named("Gy".to_owned()),
            "RELATIVE" => ValueUnit::Named("relative".to_owned()),
            _ => ValueUnit::Unspecified,
        },
        "" if !has_rescale => real_world_unit(groups),
        "" | "US" => ValueUnit::Unspecified,
        other => ValueUnit::Named(other.to_owned()),
    }
}

/// Of the Real World Value, when that is what values are shown in.
fn real_world_unit(groups: &Groups<'_>) -> ValueUnit {
    let unit = groups.shown_real_world_value().and_then(|item| item.first_item(tags::MEASUREMENT_UNITS_CODE_SEQUENCE));
    match unit.map(|unit| unit.text(tags::CODE_VALUE)) {
        // No units, in UCUM
        Some(code) if !code.is_empty() && code != "1" => ValueUnit::Named(code),
        _ => ValueUnit::Unspecified,
    }
}

/// What is known of lossy compression: by the attributes, or by the transfer syntax itself.
fn lossy(root: &View<'_>, file: &DicomFile) -> Option<String> {
    let by_syntax = file.syntax.lossy_method;
    if root.code(tags::LOSSY_IMAGE_COMPRESSION) != "01" && by_syntax.is_none() {
        return None;
    }
    let method = match root.code(tags::LOSSY_IMAGE_COMPRESSION_METHOD).as_str() {
        "ISO_10918_1" => "JPEG",
        "ISO_14495_1" => "JPEG-LS",
        "ISO_15444_1" | "ISO_15444_2" => "JPEG 2000",
        "ISO_15444_15" => "HTJ2K",
        "ISO_18181_1" => "JPEG XL",
        _ => by_syntax.unwrap_or("Lossy"),
    };
    let ratio = root.numbers(tags::LOSSY_IMAGE_COMPRESSION_RATIO).into_iter().rfind(|ratio| *ratio > 0.0);
    Some(ratio.map_or_else(|| method.to_owned(), |ratio| format!("{method} {}:1", (ratio * 10.0).round() / 10.0)))
}
