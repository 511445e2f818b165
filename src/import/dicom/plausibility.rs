//! What a file says that cannot be so: dates that no calendar has, identifiers that are none, sides and directions that
//! contradict each other. Shown as they stand, and said.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use jiff::civil::Date;

use crate::domain::geometry::{ImagePlane, Vec3};
use crate::domain::intake::Notice;
use crate::import::dicom::dataset::View;
use crate::import::reason;

/// What contradicts itself at the root; `plane` is the first frame's.
pub fn notices(root: &View<'_>, plane: Option<&ImagePlane>) -> Vec<Notice> {
    [dates(root), identifiers(root), laterality(root), orientation(root, plane), rescale(root), burned_in(root)]
        .into_iter()
        .flatten()
        .collect()
}

const DATES: [Tag; 4] = [tags::STUDY_DATE, tags::SERIES_DATE, tags::ACQUISITION_DATE, tags::CONTENT_DATE];
const TIMES: [Tag; 4] = [tags::STUDY_TIME, tags::SERIES_TIME, tags::ACQUISITION_TIME, tags::CONTENT_TIME];

fn dates(root: &View<'_>) -> Option<Notice> {
    let written = |tag| Some(root.code(tag)).filter(|text| !text.is_empty());
    let is_missing = |text: &String| date(text).is_none();
    let birth = written(tags::PATIENT_BIRTH_DATE);
    let has_no_day = DATES.into_iter().filter_map(written).chain(birth.clone()).any(|text| is_missing(&text));
    let has_no_hour = TIMES.into_iter().filter_map(written).any(|text| !is_time(&text));
    let has_no_zone = written(tags::TIMEZONE_OFFSET_FROM_UTC).is_some_and(|text| !is_offset(&text));
    let day = written(tags::STUDY_DATE).and_then(|text| date(&text));
    let born = birth.and_then(|text| date(&text));
    // Clocks of other zones are a day ahead at most
    let tomorrow = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow().ok();
    let text = if has_no_day || has_no_hour || has_no_zone {
        "A date, time or time zone of the file does not exist; it is shown as it stands"
    } else if day.zip(born).is_some_and(|(day, born)| day < born) {
        "The study is dated before the patient was born"
    } else if day.zip(tomorrow).is_some_and(|(day, tomorrow)| day > tomorrow) {
        "The study is dated in the future"
    } else {
        return None;
    };
    Some(Notice::new(reason::DATE_INVALID, text))
}

/// `YYYYMMDD`, or `YYYY.MM.DD` of the standard's past (PS3.5 6.2); `None` when the calendar has no such day.
fn date(text: &str) -> Option<Date> {
    let digits: String = match text.split('.').collect::<Vec<_>>()[..] {
        [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2 => [year, month, day].concat(),
        _ => text.to_owned(),
    };
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let [year, month, day] = [number / 10_000, number / 100 % 100, number % 100];
    // A calendar of the nineteenth century at the earliest
    let year = i16::try_from(year).ok().filter(|year| *year >= 1800)?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// `HHMMSS.FFFFFF`, cut short anywhere between its parts, or with the colons of old.
fn is_time(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = whole.chars().filter(|c| *c != ':').collect();
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let limits = [24, 60, 61];
    matches!(digits.len(), 2 | 4 | 6)
        && is_number(&digits)
        && is_number(fraction)
        && digits
            .as_bytes()
            .as_chunks::<2>()
            .0
            .iter()
            .zip(limits)
            .all(|([tens, ones], limit)| u32::from(tens - b'0') * 10 + u32::from(ones - b'0') < limit)
}

/// `+HHMM` from −12 to +14 hours.
fn is_offset(text: &str) -> bool {
    let (sign, digits) = text.split_at_checked(1).unwrap_or_default();
    let minutes = digits.parse::<u32>().ok().filter(|_| digits.len() == 4 && matches!(sign, "+" | "-"));
    minutes.is_some_and(|written| {
        let minutes = written / 100 * 60 + written % 100;
        written % 100 < 60 && minutes <= if sign == "+" { 14 * 60 } else { 12 * 60 }
    })
}

fn identifiers(root: &View<'_>) -> Option<Notice> {
    let all = [
        tags::SOP_INSTANCE_UID,
        tags::STUDY_INSTANCE_UID,
        tags::SERIES_INSTANCE_UID,
        tags::FRAME_OF_REFERENCE_UID,
        tags::SOP_CLASS_UID,
    ];
    let written = |tag| Some(root.code(tag)).filter(|text| !text.is_empty());
    let text = "An identifier of the file is not a valid one; it is used as it stands";
    all.into_iter().filter_map(written).any(|uid| !is_uid(&uid)).then(|| Notice::new(reason::UID_INVALID, text))
}

/// Numbers without leading zeros between dots, 64 characters at most (PS3.5 9.1).
fn is_uid(text: &str) -> bool {
    let is_part = |part: &str| {
        let has_leading_zero = part.len() > 1 && part.starts_with('0');
        !part.is_empty() && !has_leading_zero && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.len() <= 64 && text.contains('.') && text.split('.').all(is_part)
}

fn laterality(root: &View<'_>) -> Option<Notice> {
    let coded = [tags::IMAGE_LATERALITY, tags::LATERALITY, tags::FRAME_LATERALITY].map(|tag| root.code(tag));
    let described = [tags::BODY_PART_EXAMINED, tags::SERIES_DESCRIPTION, tags::VIEW_POSITION].map(|tag| root.text(tag));
    let mut said = coded.iter().filter_map(|code| side(code)).peekable();
    let first = *said.peek()?;
    // "Left lateral" and its like are views, not sides
    let is_side_view = described.iter().any(|text| text.to_uppercase().contains("LAT"));
    let is_other = |side: char| side != first;
    let contradicts =
        said.any(is_other) || (!is_side_view && described.iter().filter_map(|text| side_in_words(text)).any(is_other));
    let text = "The file names both the left and the right side; which one the picture shows is not certain";
    contradicts.then(|| Notice::new(reason::LATERALITY_CONTRADICTED, text))
}

fn side(code: &str) -> Option<char> {
    matches!(code, "L" | "R").then(|| code.chars().next()).flatten()
}

/// The one side that a text names in full, or as the first letter of a mammography view.
fn side_in_words(text: &str) -> Option<char> {
    let upper = text.to_uppercase();
    let has = |wanted: &[&str]| upper.split(|c: char| !c.is_alphanumeric()).any(|word| wanted.contains(&word));
    match (has(&["LEFT", "LCC", "LMLO", "LML", "LLM"]), has(&["RIGHT", "RCC", "RMLO", "RML", "RLM"])) {
        (true, false) => Some('L'),
        (false, true) => Some('R'),
        _ => None,
    }
}

/// Patient Orientation (0020,0020) against Image Orientation (Patient).
fn orientation(root: &View<'_>, plane: Option<&ImagePlane>) -> Option<Notice> {
    let plane = plane?;
    let codes = root.codes(tags::PATIENT_ORIENTATION);
    let [row, column] = codes.as_slice() else { return None };
    let is_against = |code: &str, direction: Vec3| main_direction(code).is_some_and(|main| main.dot(direction) < 0.1);
    let text = "Two attributes say in different ways how the patient lies in the picture; its sides are not certain";
    (is_against(row, plane.row_dir) || is_against(column, plane.col_dir))
        .then(|| Notice::new(reason::ORIENTATION_CONTRADICTED, text))
}

/// Toward the letter that stands first, the main direction (PS3.3 C.7.6.1.1.1). Of people only.
fn main_direction(code: &str) -> Option<Vec3> {
    Some(Vec3(match code.chars().next()? {
        'L' => [1.0, 0.0, 0.0],
        'R' => [-1.0, 0.0, 0.0],
        'P' => [0.0, 1.0, 0.0],
        'A' => [0.0, -1.0, 0.0],
        'H' => [0.0, 0.0, 1.0],
        'F' => [0.0, 0.0, -1.0],
        _ => return None,
    }))
}

const CT_CLASSES: [&str; 2] = ["1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1"];

/// A CT without rescale has no Hounsfield units (PS3.3 C.8.2.1.1.2 requires it).
fn rescale(root: &View<'_>) -> Option<Notice> {
    let is_ct = CT_CLASSES.contains(&root.code(tags::SOP_CLASS_UID).as_str()) && root.code(tags::MODALITY) == "CT";
    let is_grouped = root.has(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let is_missing = is_ct && !is_grouped && !root.has(tags::RESCALE_SLOPE) && !root.has(tags::MODALITY_LUT_SEQUENCE);
    let text = "The CT image has no rescale values; its numbers are not Hounsfield units";
    is_missing.then(|| Notice::new(reason::RESCALE_MISSING, text))
}

fn burned_in(root: &View<'_>) -> Option<Notice> {
    let text = "The file says that text is burned into the picture; it may name the patient";
    (root.code(tags::BURNED_IN_ANNOTATION) == "YES").then(|| Notice::new(reason::BURNED_IN, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_hours_and_zones_are_those_that_exist() {
        for text in ["20240229", "1997.04.24", "18991231"] {
            assert!(date(text).is_some(), "{text}");
        }
        for text in ["20260230", "99999999", "2026.02.30", "2024-02-29", "202402", "00000000", "20240229x", ""] {
            assert!(date(text).is_none(), "{text}");
        }
        for text in ["00", "2359", "235960", "235959.999999", "12:30:00", "120000."] {
            assert!(is_time(text), "{text}");
        }
        for text in ["246060", "24", "1", "12345", "ab", "12.a", "126000"] {
            assert!(!is_time(text), "{text}");
        }
        assert!(is_offset("+0100") && is_offset("-1200") && is_offset("+1400"));
        assert!(!is_offset("+2500") && !is_offset("0100") && !is_offset("+0160") && !is_offset(""));
    }

    #[test]
    fn identifiers_are_numbers_and_dots() {
        assert!(is_uid("1.2.840.10008.1.2") && is_uid("2.25.0") && is_uid("1.0.3"));
        for text in ["1.02", "1..2", ".1", "..", "1.2 .3", "1.2a", "12", "../../etc/x"] {
            assert!(!is_uid(text), "{text}");
        }
        assert!(!is_uid(&format!("1.{}", "2".repeat(63))));
    }
}
