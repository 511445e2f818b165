//! Palette color lookup tables, plain and segmented (PS3.3 C.7.9.1, C.7.9.2).

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::domain::presentation::Palette;
use crate::import::dicom::dataset::{Coding, View, words};
use crate::import::dicom::lut::{Descriptor, entries, packed_bytes};

struct Channel {
    descriptor: Tag,
    data: Tag,
    segmented: Tag,
}

const CHANNELS: [Channel; 3] = [
    Channel {
        descriptor: tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        data: tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        segmented: tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    },
    Channel {
        descriptor: tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        data: tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        segmented: tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    },
    Channel {
        descriptor: tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        data: tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        segmented: tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    },
];

/// `None` when a channel is missing, too short, or of another length than the others.
pub fn palette(view: &View<'_>, is_signed: bool) -> Option<Palette> {
    let [red_facts, green_facts, blue_facts] = &CHANNELS;
    let descriptor = Descriptor::read(view, red_facts.descriptor, is_signed)?;
    let red = channel(view, red_facts, is_signed)?;
    let green = channel(view, green_facts, is_signed)?;
    let blue = channel(view, blue_facts, is_signed)?;
    if red.len() != green.len() || green.len() != blue.len() {
        return None;
    }
    // Some writers declare 16 bits and fill 8
    let is_deep = [&red, &green, &blue].into_iter().flatten().any(|value| *value > 255);
    let scaled = |value: u16| if is_deep { value } else { value * 257 };
    let entries = red.iter().zip(&green).zip(&blue).map(|((r, g), b)| [*r, *g, *b].map(scaled)).collect();
    Some(Palette { first_mapped: descriptor.first, entries })
}

/// One channel as written.
fn channel(view: &View<'_>, facts: &Channel, is_signed: bool) -> Option<Vec<u16>> {
    let descriptor = Descriptor::read(view, facts.descriptor, is_signed)?;
    match view.raw(facts.segmented) {
        Some(_) if view.raw(facts.data).is_none() => segmented(view, facts.segmented, &descriptor),
        _ => entries(view, facts.data, &descriptor),
    }
}

/// Discrete, linear and indirect segments (PS3.3 C.7.9.2.1 to C.7.9.2.3).
fn segmented(view: &View<'_>, tag: Tag, descriptor: &Descriptor) -> Option<Vec<u16>> {
    let element = view.element(tag)?;
    let coding = Coding { is_explicit: true, is_big_endian: element.is_big_endian };
    let bytes = view.raw(tag)?;
    let code_bits = if descriptor.bits <= 8 { 8 } else { 16 };
    let codes: Vec<u16> = match code_bits {
        8 => packed_bytes(bytes, element.vr, coding).into_iter().map(u16::from).collect(),
        _ => words(bytes, coding).collect(),
    };
    let mut expansion = Expansion { codes: &codes, code_bits, values: Vec::new(), n_wanted: descriptor.n_entries };
    let mut at = 0;
    while expansion.values.len() < descriptor.n_entries {
        at = expansion.segment(at, true)?;
    }
    expansion.values.truncate(descriptor.n_entries);
    Some(expansion.values)
}

struct Expansion<'a> {
    codes: &'a [u16],
    code_bits: usize,
    values: Vec<u16>,
    n_wanted: usize,
}

impl Expansion<'_> {
    /// Expands the segment at `at`; returns where the next one starts.
    fn segment(&mut self, at: usize, may_refer: bool) -> Option<usize> {
        let (opcode, n) = (*self.codes.get(at)?, usize::from(*self.codes.get(at + 1)?));
        match opcode {
            0 => {
                let values = self.codes.get(at + 2..at + 2 + n)?;
                self.values.extend_from_slice(values);
                Some(at + 2 + n)
            }
            1 => {
                let (from, to) = (f64::from(*self.values.last()?), f64::from(*self.codes.get(at + 2)?));
                let step = |i: usize| from + (to - from) * i as f64 / n as f64;
                self.values.extend((1..=n).map(|i| step(i).round() as u16));
                Some(at + 3)
            }
            2 if may_refer => {
                // A 32-bit offset, least significant part first, in parts as wide as the entries
                let n_parts = 32 / self.code_bits;
                let parts = self.codes.get(at + 2..at + 2 + n_parts)?;
                let mut target = parts.iter().rev().fold(0, |sum, part| sum << self.code_bits | usize::from(*part));
                for _ in 0..n {
                    if self.values.len() >= self.n_wanted {
                        break;
                    }
                    target = self.segment(target, false)?;
                }
                Some(at + 2 + n_parts)
            }
            _ => None,
        }
    }
}
