//! The person. `Debug` never prints who.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Patient module attributes (PS3.3 C.7.1.1), already decoded to Unicode; empty text when absent.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Patient {
    /// Patient ID (0010,0020).
    pub id: String,
    /// Patient's Name (0010,0010) as read, with its `^` component delimiters.
    pub name: String,
    /// Patient's Birth Date (0010,0030), `YYYYMMDD`.
    pub birth_date: String,
    /// Patient's Sex (0010,0040).
    pub sex: String,
}

impl Patient {
    /// `FAMILY, Given Middle` of the alphabetic group (PS3.5 6.2.1.1); the name as read when it has no components.
    pub fn display_name(&self) -> String {
        let alphabetic = self.name.split('=').find(|group| !group.is_empty()).unwrap_or("");
        let mut components = alphabetic.split('^').map(str::trim);
        let family = components.next().unwrap_or("").to_owned();
        let given: Vec<&str> = components.take(2).filter(|part| !part.is_empty()).collect();
        if given.is_empty() { family } else { format!("{family}, {}", given.join(" ")) }
    }
}

/// Years, of Patient's Age (0010,1010) as written: `045Y`, `018M`, `003W`, `010D` (PS3.5 6.2, AS).
pub fn years_of_age(written: &str) -> Option<f64> {
    let text = written.trim();
    let per_year = match text.chars().last()? {
        'Y' => 1.0,
        'M' => 12.0,
        'W' => 365.25 / 7.0,
        'D' => 365.25,
        _ => return None,
    };
    let digits = text.get(..text.len() - 1)?;
    let is_number = !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse::<f64>().ok().map(|n| n / per_year)).flatten()
}

/// Years from a birth date to a day, both `YYYYMMDD`; `None` for what is no date or lies before birth.
pub fn years_between(birth: &str, day: &str) -> Option<f64> {
    let parts = |text: &str| {
        let is_date = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
        let (year, month, day) = is_date.then(|| Some((part(0..4)?, part(4..6)?, part(6..8)?)))??;
        let is_day = (1..=12).contains(&month) && (1..=31).contains(&day);
        is_day.then(|| f64::from(year) + (f64::from(month) - 1.0) / 12.0 + (f64::from(day) - 1.0) / 372.0)
    };
    let years = parts(day)? - parts(birth)?;
    (0.0..=150.0).contains(&years).then_some(years)
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patient(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_read_in_every_unit_and_from_dates() {
        assert_eq!(years_of_age("045Y"), Some(45.0));
        assert_eq!(years_of_age("018M"), Some(1.5));
        assert!((years_of_age("010D").unwrap() - 0.027).abs() < 1e-3);
        assert_eq!(["", "Y", "45", "-45Y", "0045Y", "4 Y"].map(years_of_age), [None; 6]);
        assert_eq!(years_between("20000615", "20180615"), Some(18.0));
        assert!(years_between("20000615", "20180614").unwrap() < 18.0);
        assert_eq!(years_between("20000615", "19990101"), None);
        assert_eq!(years_between("20001345", "20180614"), None);
    }

    #[test]
    fn a_person_name_reads_family_then_given_and_debug_hides_it() {
        let patient = Patient { name: "Doe^Jane^Q^^=".into(), ..Patient::default() };
        assert_eq!(patient.display_name(), "Doe, Jane Q");
        assert!(!format!("{patient:?}").contains("Doe"));
    }
}
