//! How and when a frame was taken: what tells apart images of one series that lie at the same place.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::domain::instance::Setting;
use crate::import::dicom::dataset::View;

/// Vendors' b-values from before (0018,9087): GE, Siemens.
const GE_B_VALUE: Tag = Tag(0x0043, 0x1039);
const SIEMENS_B_VALUE: Tag = Tag(0x0019, 0x100C);

/// Where a frame's attributes are written: the root alone in objects of the older kind, functional groups in enhanced
/// ones (`group(sequence)` is the frame's own item, else the shared one).
pub fn setting<'a>(root: &View<'a>, group: &dyn Fn(Tag) -> Option<View<'a>>) -> Setting {
    let content = group(tags::FRAME_CONTENT_SEQUENCE);
    let timing = group(tags::MR_TIMING_AND_RELATED_PARAMETERS_SEQUENCE);
    let echo = group(tags::MR_ECHO_SEQUENCE);
    let modifier = group(tags::MR_MODIFIER_SEQUENCE);
    let diffusion = group(tags::MR_DIFFUSION_SEQUENCE);
    let cardiac = group(tags::CARDIAC_SYNCHRONIZATION_SEQUENCE);
    let x_ray = group(tags::CTX_RAY_DETAILS_SEQUENCE);
    let contrast = group(tags::CONTRAST_BOLUS_USAGE_SEQUENCE);
    let number = |places: [Option<&View<'a>>; 2], tag: Tag| places.into_iter().flatten().find_map(|at| at.number(tag));
    let kinds = frame_type(root, group);
    let component = component(root, &kinds, group);
    let content = content.as_ref();
    let whole = |value: Option<f64>| value.filter(|value| value.fract() == 0.0).map(|value| value as i64);
    Setting {
        image_kind: kinds.get(2).cloned().unwrap_or_default(),
        component,
        acquisition: content
            .and_then(|at| at.integer(tags::FRAME_ACQUISITION_NUMBER))
            .or(root.integer(tags::ACQUISITION_NUMBER)),
        echo: root.integer(tags::ECHO_NUMBERS),
        echo_time_ms: number([echo.as_ref(), None], tags::EFFECTIVE_ECHO_TIME)
            .or_else(|| number([timing.as_ref(), Some(root)], tags::ECHO_TIME)),
        inversion_time_ms: number([modifier.as_ref(), None], tags::INVERSION_TIMES)
            .or(root.number(tags::INVERSION_TIME)),
        b_value: number([diffusion.as_ref(), Some(root)], tags::DIFFUSION_B_VALUE).or_else(|| vendor_b_value(root)),
        temporal_position: whole(
            number([content, None], tags::TEMPORAL_POSITION_INDEX).or(root.number(tags::TEMPORAL_POSITION_IDENTIFIER)),
        ),
        trigger_time_ms: number([cardiac.as_ref(), Some(root)], tags::NOMINAL_CARDIAC_TRIGGER_DELAY_TIME)
            .or(root.number(tags::TRIGGER_TIME)),
        cardiac_phase_percent: number([cardiac.as_ref(), Some(root)], tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE),
        kvp: number([x_ray.as_ref(), Some(root)], tags::KVP),
        contrast_phase: contrast.map(|at| at.text(tags::CONTRAST_BOLUS_AGENT_PHASE)).unwrap_or_default(),
        taken_at_s: taken_at(root, content),
        stack_id: content.map(|at| at.text(tags::STACK_ID)).unwrap_or_default(),
        in_stack_position: content.and_then(|at| at.integer(tags::IN_STACK_POSITION_NUMBER)),
        dimension_index: content.map(|at| dimension_index(root, at)).unwrap_or_default(),
    }
}

/// Frame Type of the frame, else Image Type: original or derived, primary or secondary, kind, and more.
fn frame_type<'a>(root: &View<'a>, group: &dyn Fn(Tag) -> Option<View<'a>>) -> Vec<String> {
    let sequences =
        [tags::MR_IMAGE_FRAME_TYPE_SEQUENCE, tags::CT_IMAGE_FRAME_TYPE_SEQUENCE, tags::PET_FRAME_TYPE_SEQUENCE];
    let own = sequences.into_iter().filter_map(group).map(|item| item.codes(tags::FRAME_TYPE)).find(|t| t.len() > 2);
    own.unwrap_or_else(|| root.codes(tags::IMAGE_TYPE)).into_iter().map(|code| code.to_uppercase()).collect()
}

/// Complex Image Component (0008,9208), or what Image Type says of it (Siemens `M`, Philips `M_FFE`, `PHASE MAP`).
fn component<'a>(root: &View<'a>, kinds: &[String], group: &dyn Fn(Tag) -> Option<View<'a>>) -> String {
    let frame = group(tags::MR_IMAGE_FRAME_TYPE_SEQUENCE).map(|item| item.code(tags::COMPLEX_IMAGE_COMPONENT));
    let said = frame.filter(|said| !said.is_empty()).unwrap_or_else(|| root.code(tags::COMPLEX_IMAGE_COMPONENT));
    let is_mr = root.code(tags::MODALITY) == "MR";
    let by_type = || kinds.iter().skip(2).find_map(|kind| letter(kind).filter(|_| is_mr));
    letter(&said).or_else(by_type).unwrap_or_default().to_owned()
}

fn letter(word: &str) -> Option<&'static str> {
    let head = word.split('_').next().unwrap_or_default();
    match (head, word) {
        ("M" | "MAGNITUDE", _) => Some("M"),
        ("P" | "PHASE", _) | (_, "PHASE MAP") => Some("P"),
        ("R" | "REAL", _) => Some("R"),
        ("I" | "IMAGINARY", _) => Some("I"),
        _ => None,
    }
}

fn vendor_b_value(root: &View<'_>) -> Option<f64> {
    if root.code(tags::MODALITY) != "MR" {
        return None;
    }
    // GE adds a flag of 10^9 to its first value
    let ge = || root.number(GE_B_VALUE).map(|value| value % 100_000.0);
    root.number(SIEMENS_B_VALUE).or_else(ge).filter(|value| (0.0..1e5).contains(value))
}

/// Seconds of a calendar of equal months: enough to put moments in order.
fn taken_at(root: &View<'_>, content: Option<&View<'_>>) -> Option<f64> {
    let of_frame = content.map(|at| at.code(tags::FRAME_ACQUISITION_DATE_TIME)).filter(|text| !text.is_empty());
    let text = of_frame.unwrap_or_else(|| {
        let day = root.code(tags::ACQUISITION_DATE);
        let day = if day.is_empty() { root.code(tags::CONTENT_DATE) } else { day };
        let time = root.code(tags::ACQUISITION_TIME);
        let time = if time.is_empty() { root.code(tags::CONTENT_TIME) } else { time };
        format!("{day}{time}")
    });
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok().map(f64::from);
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute) = (part(8..10)?, part(10..12)?);
    let second: f64 = text.get(12..)?.split(['+', '-']).next()?.parse().ok()?;
    Some(((((year * 12.0 + month) * 31.0 + day) * 24.0 + hour) * 60.0 + minute) * 60.0 + second)
}

/// Dimension Index Values (PS3.3 C.7.6.17) without those that only say the stack and the place within it.
fn dimension_index(root: &View<'_>, content: &View<'_>) -> Vec<i64> {
    let pointers = root.items(tags::DIMENSION_INDEX_SEQUENCE);
    let values = content.numbers(tags::DIMENSION_INDEX_VALUES);
    if pointers.len() != values.len() {
        return Vec::new();
    }
    let places = [tags::STACK_ID, tags::IN_STACK_POSITION_NUMBER, tags::IMAGE_POSITION_PATIENT];
    let says_place = |pointer: &View<'_>| {
        pointer.raw(tags::DIMENSION_INDEX_POINTER).and_then(|bytes| bytes.first_chunk::<4>()).is_some_and(|bytes| {
            let [a, b, c, d] = *bytes;
            places.contains(&Tag(u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])))
        })
    };
    let others = pointers.iter().zip(values).filter(|(pointer, _)| !says_place(pointer));
    others.map(|(_, value)| value as i64).collect()
}
