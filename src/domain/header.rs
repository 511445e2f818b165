//! What a file says of itself, attribute by attribute, as a person reads it.

use serde::{Deserialize, Serialize};

/// One attribute, or the beginning of a sequence's item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderLine {
    /// 0 for the data set itself, one more within each sequence.
    pub depth: u8,
    /// Group and element in one; 0 for the line that begins an item.
    pub tag: u32,
    /// Value representation, two letters; empty for the line that begins an item.
    pub vr: String,
    /// Keyword of the standard (PS3.6), such as `PatientName`; `Private` for what it does not know.
    pub name: String,
    /// In words, shortened where it is long.
    pub value: String,
}

impl HeaderLine {
    /// `(0010,0010)`; empty for the line that begins an item.
    pub fn tag_words(&self) -> String {
        if self.tag == 0 { String::new() } else { format!("({:04X},{:04X})", self.tag >> 16, self.tag & 0xffff) }
    }

    /// Whether what somebody looks for is in its tag, its name or its value; letters of either case, blanks do not count
    /// in names.
    pub fn holds(&self, wanted: &str) -> bool {
        let (wanted, squeezed) =
            (wanted.trim().to_lowercase(), wanted.replace([' ', '(', ')', ','], "").to_lowercase());
        self.name.to_lowercase().contains(&squeezed)
            || self.value.to_lowercase().contains(&wanted)
            || self.tag != 0 && format!("{:08x}", self.tag).contains(&squeezed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_found_by_its_tag_its_name_or_its_value() {
        let line = HeaderLine {
            depth: 0,
            tag: 0x0028_0030,
            vr: "DS".into(),
            name: "PixelSpacing".into(),
            value: "0.7\\0.7".into(),
        };
        assert_eq!(line.tag_words(), "(0028,0030)");
        for wanted in ["pixel sp", "PIXELSPACING", "0028,0030", "(0028,0030)", "00280030", "0.7", ""] {
            assert!(line.holds(wanted), "{wanted}");
        }
        assert!(!line.holds("slice") && !line.holds("0018"));
    }
}
