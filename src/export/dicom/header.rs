//! What every object that leaves says of its patient, study, series and maker.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::study::Study;
use crate::export::dicom::object::DataSet;
use crate::export::dicom::uids::valid_uid;

/// As objects name their maker.
pub const MANUFACTURER: &str = "Overread";
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Identity of one object and its series.
#[derive(Clone, Debug)]
pub struct Identity<'a> {
    pub sop_class: &'a str,
    pub sop: &'a str,
    pub series: &'a str,
    pub series_number: i64,
    pub instance_number: i64,
    pub modality: &'a str,
    /// Of the series; the research-use statement follows it.
    pub description: &'a str,
    /// RFC 3339.
    pub made_at: &'a str,
}

/// Patient, General Study, General Series, Enhanced General Equipment and SOP Common modules.
pub fn header(study: &Study, identity: &Identity<'_>) -> DataSet {
    let Identity { sop_class, sop, series, series_number, instance_number, modality, description, made_at } = identity;
    let (date, time) = date_time(made_at);
    let mut data = DataSet::new();
    patient_and_study(&mut data, study);
    data.text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192")
        .uid(tags::SOP_CLASS_UID, sop_class)
        .uid(tags::SOP_INSTANCE_UID, sop)
        .text(tags::INSTANCE_CREATION_DATE, VR::DA, &date)
        .text(tags::INSTANCE_CREATION_TIME, VR::TM, &time)
        .uid(tags::SERIES_INSTANCE_UID, series)
        .integer(tags::SERIES_NUMBER, *series_number)
        .text(tags::SERIES_DATE, VR::DA, &date)
        .text(tags::SERIES_TIME, VR::TM, &time)
        .text(tags::SERIES_DESCRIPTION, VR::LO, &described(description))
        .text(tags::MODALITY, VR::CS, modality)
        .integer(tags::INSTANCE_NUMBER, *instance_number)
        .text(tags::CONTENT_DATE, VR::DA, &date)
        .text(tags::CONTENT_TIME, VR::TM, &time)
        .text(tags::MANUFACTURER, VR::LO, MANUFACTURER)
        .text(tags::MANUFACTURER_MODEL_NAME, VR::LO, MANUFACTURER)
        .text(tags::DEVICE_SERIAL_NUMBER, VR::LO, "1")
        .text(tags::SOFTWARE_VERSIONS, VR::LO, VERSION);
    data
}

fn patient_and_study(data: &mut DataSet, study: &Study) {
    let patient = study.patient.as_ref();
    let is_sex = matches!(patient.sex.as_str(), "M" | "F" | "O");
    data.text(tags::PATIENT_NAME, VR::PN, &patient.name)
        .text(tags::PATIENT_ID, VR::LO, &patient.id)
        .text(tags::PATIENT_BIRTH_DATE, VR::DA, &digits(&patient.birth_date, 8))
        .text(tags::PATIENT_SEX, VR::CS, if is_sex { &patient.sex } else { "" })
        .uid(tags::STUDY_INSTANCE_UID, &valid_uid(study.uid.as_str()))
        .text(tags::STUDY_DATE, VR::DA, &digits(&study.date, 8))
        .text(tags::STUDY_TIME, VR::TM, &clock(&study.time))
        .text(tags::REFERRING_PHYSICIAN_NAME, VR::PN, "")
        .text(tags::STUDY_ID, VR::SH, &study.id)
        .text(tags::ACCESSION_NUMBER, VR::SH, &study.accession)
        .text(tags::STUDY_DESCRIPTION, VR::LO, &study.description);
}

/// At most 64 characters, of which the statement loses none.
fn described(description: &str) -> String {
    let statement = "research use only";
    let most = 64 - statement.len() - 2;
    let cut: String = description.chars().take(most).collect();
    debug_assert!(RESEARCH_USE_ONLY.to_lowercase().starts_with(statement));
    format!("{}, {statement}", cut.trim_end())
}

/// DA: exactly `n` digits, or nothing.
fn digits(text: &str, n: usize) -> String {
    if text.len() == n && text.bytes().all(|byte| byte.is_ascii_digit()) { text.to_owned() } else { String::new() }
}

/// TM as a file had it, or nothing.
fn clock(text: &str) -> String {
    let is_time = text.len() >= 2 && text.len() <= 13 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_time { text.to_owned() } else { String::new() }
}

/// DA and TM of an RFC 3339 time, as it stands on its own clock.
pub fn date_time(rfc_3339: &str) -> (String, String) {
    let (date, time) = rfc_3339.split_once('T').unwrap_or((rfc_3339, ""));
    let date: String = date.chars().filter(char::is_ascii_digit).collect();
    // The offset begins at the sign; the fraction may be of any length
    let time = time.split(['+', '-', 'Z']).next().unwrap_or_default();
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let fraction: String = fraction.chars().filter(char::is_ascii_digit).take(6).collect();
    let time = if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") };
    (digits(&date, 8), clock(&time))
}

/// DT with its offset.
pub fn dicom_date_time(rfc_3339: &str) -> String {
    let (date, time) = date_time(rfc_3339);
    let offset = rfc_3339.split_once('T').and_then(|(_, time)| {
        let at = time.find(['+', '-'])?;
        Some(time.get(at..)?.chars().filter(|c| *c != ':').collect::<String>())
    });
    format!("{date}{time}{}", offset.unwrap_or_default())
}

/// A reader's name as PN: what was typed is the family name where it has no delimiters.
pub fn person_name(reader: &str) -> String {
    if reader.contains('^') || !reader.trim().contains(' ') {
        return reader.trim().to_owned();
    }
    // "Given Family" is how people type themselves
    let (given, family) = reader.trim().rsplit_once(' ').unwrap_or(("", reader));
    format!("{family}^{}", given.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_record_becomes_date_time_and_offset() {
        let at = "2026-11-21T10:05:09.123+01:00";
        assert_eq!(date_time(at), ("20261121".to_owned(), "100509.123".to_owned()));
        assert_eq!(dicom_date_time(at), "20261121100509.123+0100");
        assert_eq!(date_time("not a time"), (String::new(), String::new()));
    }

    #[test]
    fn the_statement_stands_behind_any_description() {
        assert_eq!(described("AI result"), "AI result, research use only");
        assert!(described(&"x".repeat(100)).ends_with(", research use only"));
        assert!(described(&"x".repeat(100)).len() <= 64);
    }
}
