//! Text of a file in its own character sets (PS3.5 6.1, PS3.3 C.12.1.1.2), code extensions included.

mod repertoire;

use dicom_core::VR;
use encoding_rs::{EUC_JP, Encoding, WINDOWS_1252};

use crate::import::dicom::text::repertoire::{Designation, Lower, Upper, designation, repertoire};

const ESC: u8 = 0x1b;

/// What Specific Character Set (0008,0005) says: the sets that text starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset {
    coding: Coding,
    /// Nothing was declared: bytes beyond ASCII are a guess.
    is_declared: bool,
}

/// How bytes become letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    /// One encoding for all bytes, without escapes: UTF-8, GB18030, GBK.
    Whole(&'static Encoding),
    /// A lower and an upper half, which escapes may exchange (ISO 2022).
    Halves(Lower, Upper),
}

/// How well the declared names were understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Understanding {
    /// Nothing declared, or a defined term.
    Exact,
    /// Misspelled, but what is meant is plain.
    Misspelled,
    /// Read as Latin-1.
    Unknown,
}

/// What ends a run of switched sets (PS3.5 6.1.2.5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delimiters {
    /// Control characters; backslash, caret and equals sign.
    Name,
    /// Control characters and backslash.
    Values,
    /// Control characters.
    Lines,
}

impl Delimiters {
    fn of(vr: VR) -> Self {
        match vr {
            VR::PN => Self::Name,
            VR::ST | VR::LT | VR::UT => Self::Lines,
            _ => Self::Values,
        }
    }

    fn has(self, byte: u8) -> bool {
        match byte {
            b'\t' | b'\n' | 0x0c | b'\r' => true,
            b'\\' => self != Self::Lines,
            b'^' | b'=' => self == Self::Name,
            _ => false,
        }
    }
}

impl Default for Charset {
    fn default() -> Self {
        Self { coding: Coding::Halves(Lower::Ascii, Upper::Empty), is_declared: false }
    }
}

impl Charset {
    /// From the values of (0008,0005). Escapes need no declaration: only the first value is needed.
    pub fn from_codes(codes: &[String]) -> (Self, Understanding) {
        let first = codes.first().map(String::as_str).unwrap_or_default();
        let understood = codes.iter().map(|code| repertoire(code).1);
        let worst = understood.max_by_key(|understanding| *understanding as u8).unwrap_or(Understanding::Exact);
        if codes.iter().all(String::is_empty) {
            return (Self::default(), worst);
        }
        (Self { coding: repertoire(first).0, is_declared: true }, worst)
    }

    /// Text without padding. Control and direction-changing characters are dropped, line ends become spaces, bytes
    /// that mean nothing become U+FFFD.
    pub fn decode(&self, bytes: &[u8], vr: VR) -> String {
        let mut text = String::with_capacity(bytes.len());
        match self.coding {
            Coding::Whole(encoding) => text.push_str(&encoding.decode_without_bom_handling(bytes).0),
            Coding::Halves(Lower::Ascii, _) if bytes.is_ascii() && !bytes.contains(&ESC) => {
                text.extend(bytes.iter().copied().map(char::from));
            }
            Coding::Halves(..) if !self.is_declared && is_utf8(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
            Coding::Halves(lower, upper) => {
                Switching { initial: (lower, upper), lower, upper, delimiters: Delimiters::of(vr), text: &mut text }
                    .run(bytes);
            }
        }
        cleaned(&text)
    }

    /// Whether bytes beyond ASCII are read by guess, as no set was declared.
    pub fn guesses(&self, bytes: &[u8]) -> bool {
        !self.is_declared && !bytes.is_ascii()
    }
}

/// Undeclared text that is UTF-8 throughout is hardly ever anything else.
fn is_utf8(bytes: &[u8]) -> bool {
    !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok()
}

fn cleaned(text: &str) -> String {
    let is_line_end = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{c}');
    let mut n_marks = 0;
    let keep = |c: &char| {
        n_marks = if is_mark(*c) { n_marks + 1 } else { 0 };
        !c.is_control() && !is_invisible(*c) && n_marks <= MAX_MARKS
    };
    let clean: String = text.chars().map(|c| if is_line_end(c) { ' ' } else { c }).filter(keep).collect();
    clean.trim().to_owned()
}

/// Characters that turn the direction of what follows, and those that have no width and join nothing.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

/// Marks on one letter: no script stacks more, a text that does hides what is around it.
const MAX_MARKS: usize = 6;

fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{64b}'..='\u{65f}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Decoding under code extensions (PS3.5 6.1.2.5).
struct Switching<'a> {
    initial: (Lower, Upper),
    lower: Lower,
    upper: Upper,
    delimiters: Delimiters,
    text: &'a mut String,
}

impl Switching<'_> {
    fn run(mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            let n_taken = match *first {
                ESC => self.escape(rest),
                byte if byte < 0x21 || byte == 0x7f => self.control(byte),
                byte if byte < 0x80 && self.lower.is_double() => self.pair(rest),
                byte if byte < 0x80 => self.ascii(byte),
                _ => self.high(rest),
            };
            rest = rest.get(n_taken..).unwrap_or_default();
        }
    }

    fn reset(&mut self) {
        (self.lower, self.upper) = self.initial;
    }

    fn escape(&mut self, rest: &[u8]) -> usize {
        let Some((n_bytes, designation)) = designation(rest) else {
            self.text.push(char::REPLACEMENT_CHARACTER);
            return 1;
        };
        match designation {
            Designation::Lower(lower) => self.lower = lower,
            Designation::Upper(upper) => self.upper = upper,
        }
        n_bytes
    }

    fn control(&mut self, byte: u8) -> usize {
        if self.delimiters.has(byte) {
            self.reset();
        }
        self.text.push(char::from(byte));
        1
    }

    fn ascii(&mut self, byte: u8) -> usize {
        if self.delimiters.has(byte) {
            self.reset();
        }
        self.text.push(char::from(byte));
        1
    }

    /// Two bytes of a double-byte lower half, as EUC-JP has them.
    fn pair(&mut self, rest: &[u8]) -> usize {
        match *rest {
            [first, second, ..] if (0x21..0x7f).contains(&second) => {
                let coded: &[u8] = match self.lower {
                    Lower::JisX0212 => &[0x8f, first | 0x80, second | 0x80],
                    _ => &[first | 0x80, second | 0x80],
                };
                self.push(EUC_JP, coded);
                2
            }
            // A sender that forgot to switch back before a delimiter
            [first, ..] if self.delimiters.has(first) => self.ascii(first),
            _ => {
                self.text.push(char::REPLACEMENT_CHARACTER);
                1
            }
        }
    }

    /// Bytes from 0x80 on, up to the next that the lower half, a delimiter or an escape may claim.
    fn high(&mut self, rest: &[u8]) -> usize {
        let Some(encoding) = self.upper.encoding() else {
            // Nothing declared for them: Latin-1, as most senders mean
            let n_bytes = rest.iter().take_while(|byte| **byte >= 0x80).count();
            self.push(WINDOWS_1252, rest.get(..n_bytes).unwrap_or_default());
            return n_bytes;
        };
        let n_bytes = match self.upper.is_double() {
            // Second bytes of the wider forms of these encodings may be below 0x80; the sets proper have none
            true => rest.iter().take_while(|byte| **byte >= 0x80).count(),
            false if self.upper == Upper::Katakana => katakana_run(rest),
            false => rest.iter().take_while(|byte| **byte >= 0x80).count(),
        };
        self.push(encoding, rest.get(..n_bytes).unwrap_or_default());
        n_bytes
    }

    fn push(&mut self, encoding: &'static Encoding, bytes: &[u8]) {
        self.text.push_str(&encoding.decode_without_bom_handling(bytes).0);
    }
}

/// Single-byte katakana, and the double bytes of Shift_JIS, which some senders mean by ISO_IR 13: their second byte may
/// be below 0x80.
fn katakana_run(rest: &[u8]) -> usize {
    let mut n_bytes = 0;
    while let Some(byte) = rest.get(n_bytes).filter(|byte| **byte >= 0x80) {
        let is_lead = matches!(byte, 0x81..=0x9f | 0xe0..=0xfc);
        let has_trail = rest.get(n_bytes + 1).is_some_and(|next| matches!(next, 0x40..=0x7e | 0x80..=0xfc));
        n_bytes += if is_lead && has_trail { 2 } else { 1 };
    }
    n_bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(codes: &[&str], bytes: &[u8], expected: &str) {
        let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
        assert_eq!(Charset::from_codes(&codes).0.decode(bytes, VR::PN), expected, "{codes:?}");
    }

    fn check_understanding(code: &str, expected: Understanding) {
        assert_eq!(Charset::from_codes(&[code.to_owned()]).1, expected, "{code}");
    }

    #[test]
    fn the_standards_example_names_are_read() {
        // PS3.5 H.3.1, H.3.2, I.2, J.3, K.2 and X.2
        check(
            &["", "ISO 2022 IR 87"],
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        );
        check(
            &["ISO 2022 IR 13", "ISO 2022 IR 87"],
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        );
        check(
            &["", "ISO 2022 IR 149"],
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            "Hong^Gildong=洪^吉洞=홍^길동",
        );
        check(
            &["", "ISO 2022 IR 58"],
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
            "Zhang^XiaoDong=张^小东=",
        );
        check(&["ISO_IR 192"], "Wang^XiaoDong=王^小東".as_bytes(), "Wang^XiaoDong=王^小東");
        check(&["GB18030"], b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab", "Wang^XiaoDong=王^小东");
        check(&["ISO_IR 100"], b"Buc^J\xe9r\xf4me", "Buc^Jérôme");
        check(&["", "ISO 2022 IR 159"], b"\x1b$(D\x30\x21\x1b(B", "丂");
    }

    #[test]
    fn every_single_byte_set_has_its_letters() {
        let cases: [(&str, &[u8], &str); 10] = [
            ("ISO_IR 101", b"Wa\xb3\xeasa", "Wałęsa"),
            ("ISO_IR 109", b"\xa6afa", "Ĥafa"),
            ("ISO_IR 110", b"V\xf9tols", "Vųtols"),
            ("ISO_IR 144", b"\xbb\xee\xdace\xdc\xd1yp\xd3", "Люкceмбypг"),
            ("ISO_IR 127", b"\xe2\xc8\xc7\xe6\xea", "قباني"),
            ("ISO_IR 126", b"\xc4\xe9\xef", "Διο"),
            ("ISO_IR 138", b"\xf9\xf8\xe5\xef", "שרון"),
            ("ISO_IR 148", b"\xc7a\xf0\xfd", "Çağı"),
            ("ISO_IR 166", b"\xb9\xd2\xc1", "นาม"),
            ("ISO_IR 203", b"\xa4\xbd", "€œ"),
        ];
        cases.into_iter().for_each(|(code, bytes, expected)| check(&[code], bytes, expected));
    }

    #[test]
    fn delimiters_bring_back_the_first_set() {
        // Cyrillic from an escape, then a caret: the next part is Latin-1 again
        check(&["ISO 2022 IR 100", "ISO 2022 IR 144"], b"\x1b-L\xbb^\xe9=\x1b-L\xbb\\\xe9", "Л^é=Л\\é");
        let (charset, _) = Charset::from_codes(&["ISO 2022 IR 100".to_owned(), "ISO 2022 IR 144".to_owned()]);
        assert_eq!(charset.decode(b"\x1b-L\xbb^\xbb", VR::LO), "Л^Л");
        assert_eq!(charset.decode(b"\x1b-L\xbb\r\n\xe9", VR::LT), "Л  é");
    }

    #[test]
    fn what_means_nothing_is_visible_and_nothing_panics() {
        check(&["ISO_IR 192"], b"A\xff\xfeB", "A\u{fffd}\u{fffd}B");
        check(&["", "ISO 2022 IR 87"], b"A\x1b$B;3E", "A山\u{fffd}");
        check(&["", "ISO 2022 IR 87"], b"A\x1b$", "A\u{fffd}$");
        check(&["ISO_IR 126"], b"\xd2", "\u{fffd}");
        check(&["nonsense"], b"J\xe9r\xf4me\x07\x00", "Jérôme");
        check(&[], "Żółć".as_bytes(), "Żółć");
        check(&[], b"J\xe9r\xf4me", "Jérôme");
        let (all, _) = Charset::from_codes(&["ISO 2022 IR 13".to_owned(), "ISO 2022 IR 159".to_owned()]);
        for n in 0..=u16::MAX {
            let [a, b] = n.to_be_bytes();
            let _ = all.decode(&[0x1b, b'$', b'(', b'D', a, b, 0x1b, a, b], VR::UC);
        }
    }

    #[test]
    fn misspelled_sets_are_read_and_said() {
        for code in ["ISO IR 192", "utf8", "UTF-8", "ISO_IR192"] {
            check(&[code], "é王".as_bytes(), "é王");
            check_understanding(code, Understanding::Misspelled);
        }
        for code in ["ISO_IR100", "latin1", "ISO-IR 100", "ISO8859-1"] {
            check(&[code], b"\xe9", "é");
            check_understanding(code, Understanding::Misspelled);
        }
        check_understanding("ISO_IR 100", Understanding::Exact);
        check_understanding("ISO 2022 IR 87", Understanding::Exact);
        check_understanding("", Understanding::Exact);
        check_understanding("nonsense", Understanding::Unknown);
    }
}
