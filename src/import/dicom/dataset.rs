//! The attribute tree as the guard found it, and typed reads from it. Values stay in the header's bytes.

use std::ops::Range;

use dicom_core::{DataDictionary as _, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use sha2::{Digest as _, Sha256};

use crate::import::dicom::text::Charset;

/// Characters of a text that are kept: more than any VR of the standard has for one line.
const MAX_TEXT_CHARS: usize = 1024;
/// Bytes of a text that are looked at.
const MAX_TEXT_BYTES: usize = 64 << 10;
/// Bytes of a list of values that are looked at; the longest of the standard, offsets of 100,000 frames, fits.
const MAX_VALUES_BYTES: usize = 2 << 20;

/// How a data set's bytes are laid out (PS3.5 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    pub is_explicit: bool,
    pub is_big_endian: bool,
}

impl Coding {
    pub const IMPLICIT_LE: Self = Self { is_explicit: false, is_big_endian: false };
    pub const EXPLICIT_LE: Self = Self { is_explicit: true, is_big_endian: false };
    pub const EXPLICIT_BE: Self = Self { is_explicit: true, is_big_endian: true };

    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.is_big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// One element: where its value lies in the header's bytes, or its items.
#[derive(Debug, Default)]
pub struct Element {
    pub tag: TagNumber,
    /// As written; `None` in implicit VR.
    pub vr: Option<[u8; 2]>,
    pub is_big_endian: bool,
    pub value: Range<usize>,
    pub items: Option<Vec<DataSet>>,
}

/// Group and element in one sortable number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagNumber(pub u32);

impl From<Tag> for TagNumber {
    fn from(Tag(group, element): Tag) -> Self {
        Self(u32::from(group) << 16 | u32::from(element))
    }
}

impl TagNumber {
    pub fn tag(self) -> Tag {
        let [a, b, c, d] = self.0.to_be_bytes();
        Tag(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
    }

    /// The dictionary's VR; `UN` for what it does not know.
    pub fn dictionary_vr(self) -> VR {
        StandardDataDictionary.by_tag(self.tag()).map_or(VR::UN, |entry| entry.vr.relaxed())
    }
}

#[derive(Debug, Default)]
pub struct DataSet {
    pub elements: Vec<Element>,
    /// A tag is not greater than the one before it.
    pub is_unordered: bool,
}

/// A data set with the bytes its values lie in.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub bytes: &'a [u8],
    pub set: &'a DataSet,
    pub charset: Charset,
}

impl<'a> View<'a> {
    /// The last element of that tag: what other readers take when a tag stands twice.
    pub fn element(&self, tag: Tag) -> Option<&'a Element> {
        let number = TagNumber::from(tag);
        let DataSet { elements, is_unordered } = self.set;
        match is_unordered {
            true => elements.iter().rev().find(|element| element.tag == number),
            false => elements.get(elements.binary_search_by_key(&number, |element| element.tag).ok()?),
        }
    }

    pub fn has(&self, tag: Tag) -> bool {
        self.element(tag).is_some()
    }

    /// The raw value; `None` when absent or empty.
    pub fn raw(&self, tag: Tag) -> Option<&'a [u8]> {
        let element = self.element(tag)?;
        self.bytes.get(element.value.clone()).filter(|bytes| !bytes.is_empty())
    }

    /// Decoded text without padding and control characters; empty when absent.
    pub fn text(&self, tag: Tag) -> String {
        let Some((element, bytes)) = self.element(tag).zip(self.raw(tag)) else { return String::new() };
        let text = self.charset.decode(bytes.get(..MAX_TEXT_BYTES).unwrap_or(bytes), vr_of(element));
        match text.char_indices().nth(MAX_TEXT_CHARS) {
            Some((end, _)) => shortened(text.get(..end).unwrap_or_default(), bytes),
            None => text,
        }
    }

    /// Backslash-separated values of a text that is ASCII by its VR (CS, DS, IS, UI).
    pub fn codes(&self, tag: Tag) -> Vec<String> {
        let Some(bytes) = self.raw(tag) else { return Vec::new() };
        lossy(bytes).split('\\').map(cleaned).collect()
    }

    /// First of [`View::codes`]; empty when absent.
    pub fn code(&self, tag: Tag) -> String {
        lossy(self.raw(tag).unwrap_or_default()).split('\\').next().map(cleaned).unwrap_or_default()
    }

    /// Numbers of any numeric or number-like VR. What is not a number reads as NaN, so that positions are kept.
    pub fn numbers(&self, tag: Tag) -> Vec<f64> {
        let (Some(element), Some(bytes)) = (self.element(tag), self.raw(tag)) else { return Vec::new() };
        let bytes = bytes.get(..MAX_VALUES_BYTES).unwrap_or(bytes);
        let coding = Coding { is_explicit: true, is_big_endian: element.is_big_endian };
        match vr_of(element) {
            VR::US | VR::OW => words(bytes, coding).map(f64::from).collect(),
            VR::SS => words(bytes, coding).map(|word| f64::from(word.cast_signed())).collect(),
            VR::UL | VR::OL => longs(bytes, coding).map(f64::from).collect(),
            VR::SL => longs(bytes, coding).map(|long| f64::from(long.cast_signed())).collect(),
            VR::FL | VR::OF => longs(bytes, coding).map(|long| f64::from(f32::from_bits(long))).collect(),
            VR::FD | VR::OD => doubles(bytes, coding).map(f64::from_bits).collect(),
            VR::OB => bytes.iter().map(|byte| f64::from(*byte)).collect(),
            _ => lossy(bytes).split('\\').map(decimal).collect(),
        }
    }

    /// First number, if it is finite.
    pub fn number(&self, tag: Tag) -> Option<f64> {
        let element = self.element(tag)?;
        let is_text = !matches!(
            vr_of(element),
            VR::US | VR::OW | VR::SS | VR::UL | VR::OL | VR::SL | VR::FL | VR::OF | VR::FD | VR::OD | VR::OB
        );
        let first = match is_text {
            true => lossy(self.raw(tag)?).split('\\').next().map(decimal),
            false => self.numbers(tag).first().copied(),
        };
        first.filter(|value| value.is_finite())
    }

    /// First number as an integer; `None` when it is none.
    pub fn integer(&self, tag: Tag) -> Option<i64> {
        let value = self.number(tag)?;
        let is_whole = value.fract() == 0.0 && value.abs() < 9e15;
        is_whole.then_some(value as i64)
    }

    pub fn items(&self, tag: Tag) -> Vec<Self> {
        let sets = self.element(tag).and_then(|element| element.items.as_deref()).unwrap_or_default();
        sets.iter().map(|set| self.item(set)).collect()
    }

    pub fn first_item(&self, tag: Tag) -> Option<Self> {
        let set = self.element(tag)?.items.as_ref()?.first()?;
        Some(self.item(set))
    }

    /// An item may declare a character set of its own, which holds inside of it only (PS3.3 C.12.1.1.2).
    fn item(&self, set: &'a DataSet) -> Self {
        let item = Self { bytes: self.bytes, set, charset: self.charset };
        match item.has(tags::SPECIFIC_CHARACTER_SET) {
            true => Self { charset: Charset::from_codes(&item.codes(tags::SPECIFIC_CHARACTER_SET)).0, ..item },
            false => item,
        }
    }
}

/// The beginning of a text too long to show. Two texts that differ only behind it must not become one.
fn shortened(start: &str, whole: &[u8]) -> String {
    let digest = Sha256::digest(whole);
    let mark = digest.iter().take(4).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    format!("{start}… [{mark:08x}]")
}

/// As far as values are read.
fn lossy(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes.get(..MAX_VALUES_BYTES).unwrap_or(bytes))
}

/// One value without padding and control characters.
fn cleaned(part: &str) -> String {
    let part = unpadded(part);
    if part.contains(char::is_control) { part.replace(char::is_control, "") } else { part.to_owned() }
}

/// Without the padding DICOM adds.
fn unpadded(text: &str) -> &str {
    text.trim_matches(|c: char| c == '\0' || c.is_whitespace())
}

/// A value of DS or IS; NaN when it is none.
fn decimal(text: &str) -> f64 {
    let text = unpadded(text);
    text.parse().or_else(|_| cleaned(text).parse()).unwrap_or(f64::NAN)
}

/// The element's VR; the dictionary's when the file gives none or `UN`.
pub fn vr_of(element: &Element) -> VR {
    let written = element.vr.and_then(VR::from_binary).filter(|vr| *vr != VR::UN);
    written.unwrap_or_else(|| element.tag.dictionary_vr())
}

/// 16-bit words; a trailing odd byte is dropped.
pub fn words(bytes: &[u8], coding: Coding) -> impl Iterator<Item = u16> + '_ {
    bytes.as_chunks::<2>().0.iter().map(move |chunk| coding.u16(*chunk))
}

fn longs(bytes: &[u8], coding: Coding) -> impl Iterator<Item = u32> + '_ {
    bytes.as_chunks::<4>().0.iter().map(move |chunk| coding.u32(*chunk))
}

fn doubles(bytes: &[u8], coding: Coding) -> impl Iterator<Item = u64> + '_ {
    let read = move |chunk: &[u8; 8]| match coding.is_big_endian {
        true => u64::from_be_bytes(*chunk),
        false => u64::from_le_bytes(*chunk),
    };
    bytes.as_chunks::<8>().0.iter().map(read)
}
