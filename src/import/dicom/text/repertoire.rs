//! The character sets of PS3.3 C.12.1.1.2 by their defined terms and by their escape sequences.

use encoding_rs::{
    EUC_KR, Encoding, GB18030, GBK, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8,
    ISO_8859_15, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1252, WINDOWS_1254,
};

use crate::import::dicom::text::{Coding, Understanding};

/// Bytes below 0x80 (G0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lower {
    /// Also JIS X 0201 Romaji, whose yen sign and overline stand where the delimiter and the tilde do.
    Ascii,
    JisX0208,
    JisX0212,
}

impl Lower {
    pub fn is_double(self) -> bool {
        self != Self::Ascii
    }
}

/// Bytes from 0x80 on (G1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upper {
    Empty,
    Single(&'static Encoding),
    Katakana,
    KsX1001,
    Gb2312,
}

impl Upper {
    pub fn is_double(self) -> bool {
        matches!(self, Self::KsX1001 | Self::Gb2312)
    }

    /// An encoding whose upper half is this set, or holds it.
    pub fn encoding(self) -> Option<&'static Encoding> {
        match self {
            Self::Empty => None,
            Self::Single(encoding) => Some(encoding),
            Self::Katakana => Some(SHIFT_JIS),
            Self::KsX1001 => Some(EUC_KR),
            Self::Gb2312 => Some(GBK),
        }
    }
}

pub enum Designation {
    Lower(Lower),
    Upper(Upper),
}

/// The set behind one value of Specific Character Set; Latin-1 for what is not known.
///
/// Windows code pages stand for the Latin sets they extend: they differ only where those have control characters.
pub fn repertoire(term: &str) -> (Coding, Understanding) {
    let key: String = term.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let halves = |upper| Coding::Halves(Lower::Ascii, upper);
    let single = |encoding| halves(Upper::Single(encoding));
    let coding = match number(&key) {
        "" | "6" | "ASCII" | "USASCII" => halves(Upper::Empty),
        "100" | "LATIN1" | "ISO88591" => single(WINDOWS_1252),
        "101" | "LATIN2" | "ISO88592" => single(ISO_8859_2),
        "109" | "ISO88593" => single(ISO_8859_3),
        "110" | "ISO88594" => single(ISO_8859_4),
        "144" | "ISO88595" => single(ISO_8859_5),
        "127" | "ISO88596" => single(ISO_8859_6),
        "126" | "ISO88597" => single(ISO_8859_7),
        "138" | "ISO88598" => single(ISO_8859_8),
        "148" | "LATIN5" | "ISO88599" => single(WINDOWS_1254),
        "166" | "TIS620" | "ISO885911" => single(WINDOWS_874),
        "203" | "LATIN9" | "ISO885915" => single(ISO_8859_15),
        "13" | "SHIFTJIS" | "SJIS" => halves(Upper::Katakana),
        "87" | "159" => halves(Upper::Empty),
        "149" | "EUCKR" => halves(Upper::KsX1001),
        "58" | "GB2312" => halves(Upper::Gb2312),
        "192" | "UTF8" | "UNICODE" => Coding::Whole(UTF_8),
        "GB18030" => Coding::Whole(GB18030),
        "GBK" => Coding::Whole(GBK),
        _ => return (single(WINDOWS_1252), Understanding::Unknown),
    };
    let understanding = if is_defined_term(term, &key) { Understanding::Exact } else { Understanding::Misspelled };
    (coding, understanding)
}

/// The registration number of `ISO_IR n` and `ISO 2022 IR n`; other terms as they are.
fn number(key: &str) -> &str {
    let after = key.strip_prefix("ISO2022IR").or_else(|| key.strip_prefix("ISOIR"));
    after.filter(|digits| !digits.is_empty()).unwrap_or(key)
}

/// Spelled as the standard has it. UTF-8 has no code extensions, JIS and Asian sets nothing else.
fn is_defined_term(term: &str, key: &str) -> bool {
    let number = number(key);
    let spelled = [format!("ISO_IR {number}"), format!("ISO 2022 IR {number}")];
    term.is_empty() || matches!(term, "GB18030" | "GBK") || spelled.iter().any(|spelling| spelling == term)
}

/// Escape sequences of tables C.12-3 and C.12-4, and the older one of JIS X 0208.
pub fn designation(bytes: &[u8]) -> Option<(usize, Designation)> {
    let single = |encoding| Designation::Upper(Upper::Single(encoding));
    Some(match bytes {
        [0x1b, b'(', b'B' | b'J', ..] => (3, Designation::Lower(Lower::Ascii)),
        [0x1b, b')', b'I', ..] => (3, Designation::Upper(Upper::Katakana)),
        [0x1b, b'-', b'A', ..] => (3, single(WINDOWS_1252)),
        [0x1b, b'-', b'B', ..] => (3, single(ISO_8859_2)),
        [0x1b, b'-', b'C', ..] => (3, single(ISO_8859_3)),
        [0x1b, b'-', b'D', ..] => (3, single(ISO_8859_4)),
        [0x1b, b'-', b'L', ..] => (3, single(ISO_8859_5)),
        [0x1b, b'-', b'G', ..] => (3, single(ISO_8859_6)),
        [0x1b, b'-', b'F', ..] => (3, single(ISO_8859_7)),
        [0x1b, b'-', b'H', ..] => (3, single(ISO_8859_8)),
        [0x1b, b'-', b'M', ..] => (3, single(WINDOWS_1254)),
        [0x1b, b'-', b'T', ..] => (3, single(WINDOWS_874)),
        [0x1b, b'-', b'b', ..] => (3, single(ISO_8859_15)),
        [0x1b, b'$', b'B' | b'@', ..] => (3, Designation::Lower(Lower::JisX0208)),
        [0x1b, b'$', b'(', b'D', ..] => (4, Designation::Lower(Lower::JisX0212)),
        [0x1b, b'$', b')', b'C', ..] => (4, Designation::Upper(Upper::KsX1001)),
        [0x1b, b'$', b')', b'A', ..] => (4, Designation::Upper(Upper::Gb2312)),
        _ => return None,
    })
}
