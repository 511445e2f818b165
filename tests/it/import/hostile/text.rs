//! Section F of the catalog: text that wants to be more than text.

use std::process::Command;

use overread::domain::patient::Patient;
use overread::import::reason;

use crate::import::hostile::case::{Table, ct};
use crate::import::hostile::harness::check;
use crate::import::synthetic::{Written, element, items, scan_all};

/// Nothing in `output` steers a terminal or turns the direction of text.
pub fn check_harmless(output: &[u8]) {
    let text = String::from_utf8(output.to_vec()).expect("output is text");
    let is_harmful = |c: &char| (c.is_control() && *c != '\n') || is_steering(*c);
    let found: Vec<char> = text.chars().filter(is_harmful).collect();
    assert!(found.is_empty(), "{found:?} in the output");
}

fn is_steering(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn named(charset: &str, name: &[u8]) -> Written {
    let mut file = ct();
    file.text(0x0008_0005, "CS", charset).raw(0x0010_0010, "PN", name);
    file
}

fn patient_of(file: &Written) -> Patient {
    let folder = tempfile::tempdir().unwrap();
    let intake = scan_all(&file.write(folder.path(), "file"));
    (*intake.studies[0].patient).clone()
}

/// Row 95: every file opens, whatever its letters are.
#[test]
fn broken_letters_never_keep_a_picture_away() {
    let mut table = Table::default();
    let texts: [(&str, &str, &[u8]); 16] = [
        ("bogus set", "nonsense", b"J\xe9r\xf4me"),
        ("set of blanks", "    ", b"plain"),
        ("escape cut short", "ISO 2022 IR 6\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$"),
        ("escape alone", "ISO 2022 IR 6\\ISO 2022 IR 87", b"\x1b"),
        ("half a letter", "ISO 2022 IR 6\\ISO 2022 IR 87", b"\x1b$B;"),
        ("unknown escape", "ISO 2022 IR 6\\ISO 2022 IR 87", b"\x1b%Gx\x1b&@y"),
        ("many escapes", "\\ISO 2022 IR 149", &b"\x1b$)C\x1b(B".repeat_to(6_000)),
        ("GB18030", "GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab"),
        ("half of GB18030", "GB18030", b"Wang\x81"),
        ("GBK", "GBK", b"\xcd\xf5\xff"),
        ("yen of Shift-JIS", "ISO_IR 13", b"\xd4\xcf\xc0\xde\\~"),
        ("UTF-8 that is none", "ISO_IR 192", b"ab\xff\xfe\xc0\x80\xed\xa0\x80"),
        ("UTF-8 cut short", "ISO_IR 192", b"Wang=\xe7\x8e"),
        ("Thai", "ISO_IR 166", b"\xa1\xa2\xff"),
        ("Greek", "ISO_IR 126", b"\xc4\xe9\xff"),
        ("thirty sets", &"ISO 2022 IR 87\\".repeat(30), b"\x1b$B;3ED\x1b(B"),
    ];
    for (name, charset, text) in texts {
        let codes: &[&str] = if name == "bogus set" { &[reason::CHARSET_GUESSED] } else { &[] };
        table.opens(95, name, named(charset, text).bytes(), codes);
    }
    check(&table.cases);
}

trait RepeatTo {
    fn repeat_to(&self, n_bytes: usize) -> Vec<u8>;
}

impl RepeatTo for [u8] {
    fn repeat_to(&self, n_bytes: usize) -> Vec<u8> {
        self.iter().copied().cycle().take(n_bytes).collect()
    }
}

/// Row 95: a sequence item's own character set stays in its item.
#[test]
fn the_character_set_of_an_item_stays_in_it() {
    let item = [element(0x0008_0005, "CS", b"ISO_IR 144"), element(0x0040_A160, "UT", b"\xbf")].concat();
    let mut file = named("ISO_IR 100", b"J\xe9r\xf4me");
    file.raw(0x0008_1140, "SQ", &items(&[item]));
    assert_eq!(patient_of(&file).name, "Jérôme");
    assert!(patient_of(&named("ISO_IR 192", b"Ren\xe9e")).name.contains('\u{fffd}'), "what is no letter is seen");
}

/// Rows 96, 97, 99, 100 and 101: kept as text, without what steers.
#[test]
fn names_are_cleaned_of_what_steers_and_kept_otherwise() {
    let cleaned: [(&[u8], &str); 10] = [
        (b"A\0B", "AB"),
        (b"A\r\nB", "A  B"),
        (b"\x1b[2J\x1b]0;title\x07A", "[2J]0;titleA"),
        (b"A\x7fB\xc2\x9bC", "ABC"),
        ("A\u{202e}B\u{2066}C".as_bytes(), "ABC"),
        ("A\u{200b}\u{feff}B".as_bytes(), "AB"),
        (b"<script>alert(1)</script>&amp;]]>", "<script>alert(1)</script>&amp;]]>"),
        (b"${jndi:ldap://x}", "${jndi:ldap://x}"),
        (b"'; DROP TABLE events; --", "'; DROP TABLE events; --"),
        (b"%s%n{}{0}~|&^=", "%s%n{}{0}~|&^="),
    ];
    for (written, read) in cleaned {
        let found = patient_of(&named("ISO_IR 192", written)).name;
        assert_eq!(found, read, "{}", String::from_utf8_lossy(written));
    }
    let stacked = format!("A{}", "\u{301}".repeat(10_000));
    let found = patient_of(&named("ISO_IR 192", stacked.as_bytes())).name;
    assert!(found.chars().count() < 100, "{} marks on one letter", found.chars().count());
}

/// Row 41: what is shown is short, and two that differ only far behind stay two.
#[test]
fn a_very_long_name_is_shown_in_short() {
    let long = |end: &str| patient_of(&named("ISO_IR 192", format!("{}{end}", "N".repeat(60_000)).as_bytes())).name;
    assert!(long("A").chars().count() < 2_000);
    assert_ne!(long("A"), long("B"));
}

/// Rows 20, 96 and 97 where they come out: the terminal and the document.
#[test]
fn what_inspect_prints_neither_steers_a_terminal_nor_breaks_a_document() {
    let folder = tempfile::tempdir().unwrap();
    let evil: &[u8] = "\u{1b}[2J\u{7}\u{9b}31m\u{202e}\"},{\"<script>\\\r\n\u{0}".as_bytes();
    let mut file = ct();
    file.text(0x0008_0005, "CS", "ISO_IR 192");
    for (tag, vr) in [
        (0x0010_0010, "PN"),
        (0x0010_0020, "LO"),
        (0x0010_0030, "DA"),
        (0x0008_0020, "DA"),
        (0x0008_0030, "TM"),
        (0x0008_0050, "SH"),
        (0x0008_0060, "CS"),
        (0x0008_1030, "LO"),
        (0x0008_103E, "LO"),
        (0x0018_0015, "CS"),
        (0x0020_0010, "SH"),
        (0x0008_0018, "UI"),
        (0x0020_000D, "UI"),
        (0x0020_000E, "UI"),
        (0x0020_0052, "UI"),
        (0x0008_0080, "LO"),
    ] {
        file.raw(tag, vr, evil);
    }
    let path = file.write(folder.path(), "file");
    for arguments in [&["inspect"][..], &["inspect", "--json"], &["decode", "--json"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_overread")).args(arguments).arg(&path).output().unwrap();
        check_harmless(&output.stdout);
        check_harmless(&output.stderr);
        if arguments.contains(&"--json") && arguments[0] == "inspect" {
            let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(document["counts"]["images"], 1);
        }
    }
    assert!(scan_all(&path).refused().next().is_none_or(|(_, notice)| notice.code != reason::PANICKED));
}
