//! Text of a file in its own character sets (PS3.5 6.1), ISO 2022 escapes included.

use dicom_encoding::text::{SpecificCharacterSet, TextCodec as _};

/// Specific Character Set (0008,0005): the initial set, and whether escapes may switch it.
#[derive(Default)]
pub struct Charset {
    initial: SpecificCharacterSet,
    has_extensions: bool,
}

const ESC: u8 = 0x1b;

impl Charset {
    /// From the values of (0008,0005). An unknown set falls back to Latin-1, where every byte has a letter.
    pub fn from_codes(codes: &[String]) -> Self {
        let has_extensions = codes.len() > 1 || codes.iter().any(|code| code.starts_with("ISO 2022"));
        let first = codes.first().map(String::as_str).unwrap_or_default();
        let initial = match first {
            "" => SpecificCharacterSet::default(),
            code => named(code),
        };
        Self { initial, has_extensions }
    }

    /// Text without padding; control and direction-changing characters are dropped, undecodable bytes replaced.
    pub fn decode(&self, bytes: &[u8]) -> String {
        let text = match self.has_extensions && bytes.contains(&ESC) {
            true => self.decode_escaped(bytes),
            false => decode_with(&self.initial, bytes),
        };
        let clean: String = text.chars().filter(|c| !c.is_control() && !is_direction_mark(*c)).collect();
        clean.trim().to_owned()
    }

    /// Cuts the text at its escapes; each piece is decoded by the set its escape names.
    fn decode_escaped(&self, bytes: &[u8]) -> String {
        let mut text = String::new();
        let mut rest = bytes;
        let mut current: Option<Piece> = None;
        while !rest.is_empty() {
            if let Some(piece) = Piece::from_escape(rest) {
                rest = rest.get(piece.escape.len()..).unwrap_or_default();
                current = Some(piece);
                continue;
            }
            let search = rest.iter().skip(1).position(|byte| *byte == ESC);
            let n_bytes = search.map_or(rest.len(), |at| at + 1);
            let (piece_bytes, after) = rest.split_at(n_bytes);
            rest = after;
            // PS3.5 6.1.2.5.3: delimiters reset to the initial set
            let reset = piece_bytes.iter().position(|byte| matches!(byte, b'\\' | b'^' | b'=' | b'\r' | b'\n'));
            let n_coded = match current.as_ref() {
                Some(piece) if !piece.is_double_byte_g0() => reset.unwrap_or(piece_bytes.len()),
                Some(_) => piece_bytes.len(),
                None => 0,
            };
            let (coded, plain) = piece_bytes.split_at(n_coded);
            if let Some(piece) = &current {
                text.push_str(&piece.decode(coded));
            }
            text.push_str(&decode_with(&self.initial, plain));
            if !plain.is_empty() {
                current = None;
            }
        }
        text
    }
}

/// What one escape sequence designates (PS3.3 C.12.1.1.2, tables C.12-3 and C.12-4).
struct Piece {
    escape: &'static [u8],
    set: &'static str,
    /// The decoder reads ISO-2022-JP and wants the escape itself.
    keeps_escape: bool,
}

const ESCAPES: [(&[u8], &str, bool); 17] = [
    (b"\x1b(B", "ISO_IR 6", false),
    (b"\x1b(J", "ISO_IR 13", false),
    (b"\x1b)I", "ISO_IR 13", false),
    (b"\x1b-A", "ISO_IR 100", false),
    (b"\x1b-B", "ISO_IR 101", false),
    (b"\x1b-C", "ISO_IR 109", false),
    (b"\x1b-D", "ISO_IR 110", false),
    (b"\x1b-L", "ISO_IR 144", false),
    (b"\x1b-G", "ISO_IR 127", false),
    (b"\x1b-F", "ISO_IR 126", false),
    (b"\x1b-H", "ISO_IR 138", false),
    (b"\x1b-T", "ISO_IR 166", false),
    (b"\x1b$B", "ISO_IR 87", true),
    (b"\x1b$@", "ISO_IR 87", true),
    (b"\x1b$(D", "ISO_IR 87", true),
    (b"\x1b$)C", "ISO_IR 149", false),
    (b"\x1b$)A", "GB2312", false),
];

impl Piece {
    fn from_escape(bytes: &[u8]) -> Option<Self> {
        let (escape, set, keeps_escape) = ESCAPES.into_iter().find(|(escape, ..)| bytes.starts_with(escape))?;
        Some(Self { escape, set, keeps_escape })
    }

    /// In a double-byte G0 set the delimiters' codes are halves of letters.
    fn is_double_byte_g0(&self) -> bool {
        self.keeps_escape
    }

    fn decode(&self, bytes: &[u8]) -> String {
        let set = named(self.set);
        if !self.keeps_escape {
            return decode_with(&set, bytes);
        }
        let mut with_escape = self.escape.to_vec();
        with_escape.extend_from_slice(bytes);
        decode_with(&set, &with_escape)
    }
}

fn named(code: &str) -> SpecificCharacterSet {
    SpecificCharacterSet::from_code(code).unwrap_or(SpecificCharacterSet::ISO_IR_100)
}

/// Falls back to Latin-1 for bytes that the set does not know.
fn decode_with(set: &SpecificCharacterSet, bytes: &[u8]) -> String {
    let latin1 = || bytes.iter().copied().map(char::from).collect();
    set.decode(bytes).unwrap_or_else(|_| latin1())
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(codes: &[&str], bytes: &[u8], expected: &str) {
        let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
        assert_eq!(Charset::from_codes(&codes).decode(bytes), expected);
    }

    #[test]
    fn the_standards_example_names_are_read() {
        // PS3.5 H.3.1, I.2, J.3 and K.2
        check(
            &["", "ISO 2022 IR 87"],
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        );
        check(
            &["", "ISO 2022 IR 149"],
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            "Hong^Gildong=洪^吉洞=홍^길동",
        );
        check(&["ISO_IR 192"], "Wang^XiaoDong=王^小東".as_bytes(), "Wang^XiaoDong=王^小東");
        check(&["ISO_IR 100"], b"Buc^J\xe9r\xf4me", "Buc^Jérôme");
        check(&["nonsense"], b"J\xe9r\xf4me\x07\x00", "Jérôme");
    }
}
