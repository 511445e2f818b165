//! Free text that is to leave: only words that radiology has for parts, planes, techniques and phases stay (PS3.15
//! E.3.5). A name that is also such a word goes when it is one of the patient's own.

use std::collections::BTreeSet;
use std::sync::LazyLock;

const WORDS: &str = include_str!("../../../assets/deidentification/words.txt");

static VOCABULARY: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| WORDS.split_whitespace().collect());

/// Words of the original's names and identifiers, lower-case: wherever they turn up again, they are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identifiers {
    words: BTreeSet<String>,
}

impl Identifiers {
    /// Takes the words of a name, an ID, an address; short ones say nothing and are everywhere.
    pub fn learn(&mut self, value: &str) {
        let is_telling = |word: &String| word.chars().count() >= 4 || (!word.is_ascii() && word.chars().count() >= 2);
        self.words.extend(words(value).map(str::to_lowercase).filter(is_telling));
    }

    /// Whether one of the identifiers stands in the text as a word.
    pub fn are_in(&self, text: &str) -> bool {
        !self.words.is_empty() && words(text).any(|word| self.words.contains(&word.to_lowercase()))
    }

    fn has(&self, word: &str) -> bool {
        self.words.contains(word)
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// The text with every other word left out; numbers of up to two digits stay (`5 mm`, `10 min`), longer ones could be
/// identifiers. Empty where nothing is left.
pub fn cleaned(text: &str, identifiers: &Identifiers) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        // `T2-FLAIR`, `W/O`: all of its parts must be known
        let parts = || words(bare).map(str::to_lowercase);
        if parts().count() > 0 && parts().all(|part| is_known(&part) && !identifiers.has(&part)) {
            kept.push(bare);
        }
    }
    kept.join(" ")
}

fn is_known(word: &str) -> bool {
    let is_small_number = word.len() <= 2 && word.chars().all(|letter| letter.is_ascii_digit());
    // `5mm`, `120kv`
    let unit = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let is_measure = word.len() - unit.len() <= 3 && matches!(unit, "mm" | "cm" | "kv" | "min" | "s" | "sec" | "mas");
    is_small_number || is_measure || VOCABULARY.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_radiology_stay_and_never_the_patients_own() {
        let mut identifiers = Identifiers::default();
        identifiers.learn("Head^Jane^Q");
        let cases = [
            ("CT Chest w/o contrast 5mm AX, Dr. Miller", "CT Chest contrast 5mm AX"),
            ("T2-FLAIR axial", "T2-FLAIR axial"),
            ("Head (Jane) knee", "knee"),
            ("MRN 12345678 0815", ""),
            ("Thorax 12.03.1960", "Thorax"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(cleaned(text, &identifiers), expected, "{text}");
        }
        assert!(identifiers.are_in("seen with JANE today") && !identifiers.are_in("janet"));
    }
}
