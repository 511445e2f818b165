//! The structure check in front of everything: walks a data set's bytes without recursion and without trust.
//!
//! No length is believed before it is compared with the bytes that are there; nesting and element counts are capped.
//! What comes out is the attribute tree up to the pixel data, so that nothing is ever parsed twice.

use dicom_core::VR;

use crate::import::dicom::dataset::{Coding, DataSet, Element, TagNumber};
use crate::import::error::ImportError;
use crate::import::limits::Limits;

const ITEM: u32 = 0xFFFE_E000;
const ITEM_END: u32 = 0xFFFE_E00D;
const SEQUENCE_END: u32 = 0xFFFE_E0DD;
const PIXEL_DATA: u32 = 0x7FE0_0010;
const UNDEFINED: u32 = 0xFFFF_FFFF;

/// Pixel Data (7FE0,0010), Float (7FE0,0008) or Double Float (7FE0,0009) as it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PixelElement {
    pub tag: TagNumber,
    pub vr: Option<[u8; 2]>,
    /// Of the first value byte.
    pub offset: u64,
    /// `None`: encapsulated, undefined length.
    pub n_bytes: Option<u64>,
}

impl PixelElement {
    /// Of the value; `None` where only its delimiter tells.
    pub fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.n_bytes?)
    }
}

/// A data set up to its pixel data.
#[derive(Debug, Default)]
pub struct Scanned {
    pub set: DataSet,
    pub pixels: Option<PixelElement>,
    /// Where reading stopped.
    pub end: usize,
    /// Something was not as the standard says, but its meaning was plain.
    pub was_repaired: bool,
    /// A value of odd length: read as it stands.
    pub has_odd_length: bool,
    /// Tags that do not ascend, on any level.
    pub is_unordered: bool,
}

/// Why the scan stopped.
#[derive(Debug)]
pub enum Stop {
    /// The first `n` bytes are needed; the file has them.
    NeedBytes(usize),
    Refused(ImportError),
}

/// Where a scan ends besides the end of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// At the pixel data or the end.
    PixelData,
    /// Before the first element that is not of group 0002.
    EndOfMeta,
}

/// The bytes at hand (a prefix), and how many there are in all.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub bytes: &'a [u8],
    pub n_total: u64,
    pub start: usize,
}

/// Walks one data set from `input.start`.
pub fn scan(input: Input<'_>, coding: Coding, until: Until, limits: &Limits) -> Result<Scanned, Stop> {
    Walk::new(input, coding, until, limits).run()
}

struct Header {
    tag: u32,
    vr: Option<[u8; 2]>,
    n_bytes: u32,
    n_header: usize,
}

enum Open {
    /// Elements follow, up to `end` or a delimiter.
    Set { end: Option<usize>, coding: Coding, set: DataSet },
    /// Items follow.
    Sequence {
        tag: TagNumber,
        vr: Option<[u8; 2]>,
        start: usize,
        end: Option<usize>,
        coding: Coding,
        items: Vec<DataSet>,
    },
}

struct Walk<'a> {
    input: Input<'a>,
    limits: &'a Limits,
    until: Until,
    at: usize,
    n_elements: usize,
    stack: Vec<Open>,
    scanned: Scanned,
}

enum Turn {
    On,
    Done,
}

impl<'a> Walk<'a> {
    fn new(input: Input<'a>, coding: Coding, until: Until, limits: &'a Limits) -> Self {
        let root = Open::Set { end: None, coding, set: DataSet::default() };
        let scanned = Scanned::default();
        Self { input, limits, until, at: input.start, n_elements: 0, stack: vec![root], scanned }
    }

    fn run(mut self) -> Result<Scanned, Stop> {
        loop {
            let turn = match self.stack.last() {
                Some(Open::Set { end, coding, .. }) => self.step_in_set(*end, *coding)?,
                Some(Open::Sequence { end, coding, .. }) => self.step_in_sequence(*end, *coding)?,
                None => Turn::Done,
            };
            if matches!(turn, Turn::Done) {
                break;
            }
        }
        while self.stack.len() > 1 {
            self.close();
        }
        if let Some(Open::Set { set, .. }) = self.stack.pop() {
            self.scanned.set = set;
        }
        self.scanned.end = self.at;
        Ok(self.scanned)
    }

    fn step_in_set(&mut self, end: Option<usize>, coding: Coding) -> Result<Turn, Stop> {
        let is_root = self.stack.len() == 1;
        match end {
            Some(end) if self.at == end => {
                self.close();
                return Ok(Turn::On);
            }
            Some(end) if self.at > end => return Err(self.broken("a sequence is longer than the item it is in")),
            _ => {}
        }
        if is_root && self.n_left() < 8 {
            // Fewer than a header's bytes: padding at the end
            return Ok(Turn::Done);
        }
        // The data set may be laid out otherwise than the meta header: its first tag is all that is read
        if is_root && self.until == Until::EndOfMeta && tag_number(self.pair()?[0], coding) >> 16 != 0x0002 {
            return Ok(Turn::Done);
        }
        let header = self.header(coding)?;
        if header.tag >> 16 == 0xFFFE {
            return self.delimiter_in_set(header.tag, end);
        }
        self.count()?;
        if is_root && matches!(header.tag, 0x7FE0_0008..=0x7FE0_0010) && self.until == Until::PixelData {
            let n_bytes = (header.n_bytes != UNDEFINED).then_some(u64::from(header.n_bytes));
            let offset = (self.at + header.n_header) as u64;
            self.note_order(header.tag);
            self.scanned.pixels = Some(PixelElement { tag: TagNumber(header.tag), vr: header.vr, offset, n_bytes });
            return Ok(Turn::Done);
        }
        self.note_order(header.tag);
        self.element(&header, end, coding)?;
        Ok(Turn::On)
    }

    /// Among elements only the delimiter of the item they are in may stand.
    fn delimiter_in_set(&mut self, tag: u32, end: Option<usize>) -> Result<Turn, Stop> {
        let is_root = self.stack.len() == 1;
        match tag {
            ITEM_END if !is_root && end.is_none() => self.at += 8,
            // An item with a length that ends with a delimiter all the same, and counts it
            ITEM_END if !is_root && end == self.at.checked_add(8) => {
                self.at += 8;
                self.scanned.was_repaired = true;
            }
            // The item's own delimiter was left out, and the sequence's stands for both
            SEQUENCE_END if !is_root && end.is_none() => self.scanned.was_repaired = true,
            _ => return Err(self.broken("an item or a delimiter stands outside its sequence")),
        }
        self.close();
        Ok(Turn::On)
    }

    fn note_order(&mut self, tag: u32) {
        let Some(Open::Set { set, .. }) = self.stack.last_mut() else { return };
        if set.elements.last().is_some_and(|last| last.tag.0 >= tag) {
            set.is_unordered = true;
            self.scanned.is_unordered = true;
        }
    }

    fn element(&mut self, header: &Header, end: Option<usize>, coding: Coding) -> Result<(), Stop> {
        let tag = TagNumber(header.tag);
        let start = self.at + header.n_header;
        let is_sequence = match header.vr {
            Some(vr) => &vr == b"SQ",
            None => tag.dictionary_vr() == VR::SQ,
        };
        // PS3.5 6.2.2 (CP-246): UN of undefined length holds implicit little endian items
        let is_unknown = header.vr.as_ref().is_some_and(|vr| vr == b"UN");
        let inner = if is_unknown { Coding::IMPLICIT_LE } else { coding };
        if header.n_bytes == UNDEFINED {
            self.at = start;
            return match (header.vr, is_sequence || is_unknown) {
                (_, true) => self.open_sequence(tag, header.vr, None, inner),
                // In implicit VR a tag the dictionary does not know may be a sequence
                (None, _) if tag.dictionary_vr() == VR::UN => self.open_sequence(tag, None, None, inner),
                // An icon: pixel data inside an item may be in fragments too (PS3.5 A.4)
                _ if header.tag == PIXEL_DATA => self.skip_fragments(coding),
                _ => Err(self.broken("a value that cannot have one has no length")),
            };
        }
        let value_end = self.value_end(start, header.n_bytes, end)?;
        if is_sequence {
            self.at = start;
            return self.open_sequence(tag, header.vr, Some(value_end), inner);
        }
        self.scanned.has_odd_length |= header.n_bytes % 2 == 1;
        self.need(value_end)?;
        let is_big_endian = coding.is_big_endian && !is_unknown;
        let element = Element { tag, vr: header.vr, is_big_endian, value: start..value_end, items: None };
        if let Some(Open::Set { set, .. }) = self.stack.last_mut() {
            set.elements.push(element);
        }
        self.at = value_end;
        Ok(())
    }

    fn step_in_sequence(&mut self, end: Option<usize>, coding: Coding) -> Result<Turn, Stop> {
        match end {
            Some(end) if self.at == end => {
                self.close();
                return Ok(Turn::On);
            }
            Some(end) if self.at > end => return Err(self.broken("an item is longer than its sequence")),
            _ => {}
        }
        let [tag_bytes, length_bytes] = self.pair()?;
        let (tag, n_bytes) = (tag_number(tag_bytes, coding), coding.u32(length_bytes));
        match tag {
            ITEM => {
                self.count_item()?;
                self.at += 8;
                let item_end = match (n_bytes, end) {
                    (UNDEFINED, _) => None,
                    // Some writers of DICOMDIR count a record longer than it is: no picture can come out wrong of that
                    (_, Some(end)) if self.is_in_index() && self.at.saturating_add(n_bytes as usize) > end => {
                        self.scanned.was_repaired = true;
                        Some(end)
                    }
                    _ => Some(self.value_end(self.at, n_bytes, end)?),
                };
                self.stack.push(Open::Set { end: item_end, coding, set: DataSet::default() });
                self.check_depth()
            }
            SEQUENCE_END if end.is_none_or(|end| end == self.at + 8) => {
                self.at += 8;
                self.close();
                Ok(Turn::On)
            }
            _ => Err(self.broken("an item was expected")),
        }
    }

    /// Inside Directory Record Sequence (0004,1220).
    fn is_in_index(&self) -> bool {
        matches!(self.stack.last(), Some(Open::Sequence { tag: TagNumber(0x0004_1220), .. }))
    }

    fn check_depth(&self) -> Result<Turn, Stop> {
        // Root, then a sequence and an item per level
        let depth = self.stack.len() / 2;
        match depth > self.limits.max_nesting {
            true => Err(Stop::Refused(ImportError::TooDeep { limit: self.limits.max_nesting })),
            false => Ok(Turn::On),
        }
    }

    fn open_sequence(
        &mut self,
        tag: TagNumber,
        vr: Option<[u8; 2]>,
        end: Option<usize>,
        coding: Coding,
    ) -> Result<(), Stop> {
        let start = self.at;
        self.stack.push(Open::Sequence { tag, vr, start, end, coding, items: Vec::new() });
        Ok(())
    }

    /// Moves the innermost open set or sequence into what encloses it.
    fn close(&mut self) {
        let Some(closed) = self.stack.pop() else { return };
        match (closed, self.stack.last_mut()) {
            (Open::Set { set, .. }, Some(Open::Sequence { items, .. })) => items.push(set),
            (Open::Sequence { tag, vr, start, items, .. }, Some(Open::Set { set, .. })) => {
                let value = start..start;
                set.elements.push(Element { tag, vr, is_big_endian: false, value, items: Some(items) });
            }
            _ => {}
        }
    }

    /// Encapsulated data inside an item, such as an icon: stepped over.
    fn skip_fragments(&mut self, coding: Coding) -> Result<(), Stop> {
        loop {
            self.count()?;
            let [tag_bytes, length_bytes] = self.pair()?;
            let n_bytes = coding.u32(length_bytes);
            self.at += 8;
            match tag_number(tag_bytes, coding) {
                ITEM if n_bytes != UNDEFINED => self.at = self.value_end(self.at, n_bytes, None)?,
                SEQUENCE_END => return Ok(()),
                _ => return Err(self.broken("a fragment was expected")),
            }
        }
    }

    fn header(&self, coding: Coding) -> Result<Header, Stop> {
        let [tag_bytes, [a, b, c, d]] = self.pair()?;
        let tag = tag_number(tag_bytes, coding);
        let implicit = Header { tag, vr: None, n_bytes: coding.u32([a, b, c, d]), n_header: 8 };
        if !coding.is_explicit || tag >> 16 == 0xFFFE {
            return Ok(implicit);
        }
        let vr = [a, b];
        match VR::from_binary(vr) {
            Some(known) if has_long_length(known) => self.long_header(tag, vr, coding),
            Some(_) => Ok(Header { tag, vr: Some(vr), n_bytes: u32::from(coding.u16([c, d])), n_header: 8 }),
            None => Err(self.broken("a value representation is not a known one")),
        }
    }

    fn long_header(&self, tag: u32, vr: [u8; 2], coding: Coding) -> Result<Header, Stop> {
        self.need(self.at + 12)?;
        let bytes = self.input.bytes.get(self.at + 8..self.at + 12).and_then(|slice| slice.first_chunk());
        let Some(length) = bytes else { return Err(self.broken("a length is cut off")) };
        Ok(Header { tag, vr: Some(vr), n_bytes: coding.u32(*length), n_header: 12 })
    }

    /// Four bytes of tag and four of what follows it.
    fn pair(&self) -> Result<[[u8; 4]; 2], Stop> {
        self.need(self.at + 8)?;
        let bytes = self.input.bytes.get(self.at..self.at + 8).unwrap_or_default();
        match bytes.as_chunks::<4>().0 {
            [tag, length] => Ok([*tag, *length]),
            _ => Err(self.broken("a tag is cut off")),
        }
    }

    /// Where a value of `n_bytes` ends: inside what encloses it, and inside the file.
    fn value_end(&self, start: usize, n_bytes: u32, enclosing: Option<usize>) -> Result<usize, Stop> {
        let end = usize::try_from(n_bytes).ok().and_then(|n| start.checked_add(n));
        let Some(end) = end.filter(|end| *end as u64 <= self.input.n_total) else {
            return Err(Stop::Refused(ImportError::Truncated { at: self.input.n_total }));
        };
        match enclosing {
            Some(limit) if end > limit => Err(self.broken("a value is longer than its item")),
            _ => Ok(end),
        }
    }

    fn need(&self, end: usize) -> Result<(), Stop> {
        if end <= self.input.bytes.len() {
            return Ok(());
        }
        if end as u64 > self.input.n_total {
            return Err(Stop::Refused(ImportError::Truncated { at: self.input.n_total }));
        }
        let limit = match self.until {
            Until::PixelData => self.limits.max_header_bytes,
            Until::EndOfMeta => self.limits.max_meta_bytes + self.input.start as u64,
        };
        match end as u64 > limit {
            true => Err(Stop::Refused(ImportError::TooLarge { what: "What stands before the pixels", limit })),
            false => Err(Stop::NeedBytes(end)),
        }
    }

    fn n_left(&self) -> u64 {
        self.input.n_total.saturating_sub(self.at as u64)
    }

    fn count(&mut self) -> Result<(), Stop> {
        self.n_elements += 1;
        match self.n_elements > self.limits.max_elements {
            true => Err(self.broken("there are too many elements")),
            false => Ok(()),
        }
    }

    fn count_item(&mut self) -> Result<(), Stop> {
        self.count()?;
        let Some(Open::Sequence { items, .. }) = self.stack.last() else { return Ok(()) };
        match items.len() >= self.limits.max_items {
            true => Err(self.broken("there are too many items in a sequence")),
            false => Ok(()),
        }
    }

    fn broken(&self, fault: &'static str) -> Stop {
        Stop::Refused(ImportError::Malformed { at: self.at as u64, fault })
    }
}

fn tag_number(bytes: [u8; 4], coding: Coding) -> u32 {
    let [a, b, c, d] = bytes;
    u32::from(coding.u16([a, b])) << 16 | u32::from(coding.u16([c, d]))
}

/// Two reserved bytes and a 32-bit length follow these VRs (PS3.5 table 7.1-1).
pub fn has_long_length(vr: VR) -> bool {
    use VR::{OB, OD, OF, OL, OV, OW, SQ, SV, UC, UN, UR, UT, UV};
    matches!(vr, OB | OD | OF | OL | OV | OW | SQ | SV | UC | UN | UR | UT | UV)
}

/// Walks the items of a sequence whose value lies in `input.start..end`; implicit little endian (CP-246).
pub fn scan_items(input: Input<'_>, tag: TagNumber, end: usize, limits: &Limits) -> Option<Vec<DataSet>> {
    let coding = Coding::IMPLICIT_LE;
    let bounded = Input { n_total: end as u64, bytes: input.bytes.get(..end)?, start: input.start };
    let mut walk = Walk::new(bounded, coding, Until::PixelData, limits);
    walk.open_sequence(tag, None, Some(end), coding).ok()?;
    let scanned = walk.run().ok()?;
    scanned.set.elements.into_iter().next()?.items
}
