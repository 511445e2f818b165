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

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patient(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_name_reads_family_then_given_and_debug_hides_it() {
        let patient = Patient { name: "Doe^Jane^Q^^=".into(), ..Patient::default() };
        assert_eq!(patient.display_name(), "Doe, Jane Q");
        assert!(!format!("{patient:?}").contains("Doe"));
    }
}
