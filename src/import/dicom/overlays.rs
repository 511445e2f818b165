//! Overlay planes of an instance (groups 6000 to 601E, PS3.3 C.9.2). One that lies about itself is left out with a
//! notice; it never costs the image.

use std::sync::Arc;

use dicom_core::Tag;

use crate::domain::frame::{Frame, Samples};
use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::overlay::{EmbeddedPlane, Overlay, OverlayKind, OverlayPlane};
use crate::domain::stored_pixels::{ColorModel, PixelLayout, SampleKind, StoredPixels};
use crate::import::dicom::dataset::{Coding, TagNumber, View};
use crate::import::dicom::lut::packed_bytes;
use crate::import::error::ImportError;
use crate::import::reason;

const GROUPS: u16 = 16;

/// All overlays of the data set, by group.
pub fn overlays(root: &View<'_>, layout: &PixelLayout, notices: &mut Vec<Notice>) -> Vec<Overlay> {
    let range = TagNumber(0x6000_0000)..TagNumber(0x6020_0000);
    if !root.set.elements.iter().any(|element| range.contains(&element.tag)) {
        return Vec::new();
    }
    let groups = (0..GROUPS).map(|n| 0x6000 + 2 * n);
    let found = groups.filter_map(|group| match (Group { root, layout, group }).overlay() {
        Ok(overlay) => overlay,
        Err(fault) => {
            let text = format!("An overlay {fault}; it is not shown");
            notices.push(Notice::new(reason::OVERLAY_IGNORED, text));
            None
        }
    });
    found.collect()
}

struct Group<'a> {
    root: &'a View<'a>,
    layout: &'a PixelLayout,
    group: u16,
}

impl Group<'_> {
    fn tag(&self, element: u16) -> Tag {
        Tag(self.group, element)
    }

    /// `None` when the group holds no overlay at all.
    fn overlay(&self) -> Result<Option<Overlay>, &'static str> {
        let is_described = [0x0010, 0x0011, 0x0100, 0x0102].iter().any(|element| self.root.has(self.tag(*element)));
        let data = self.root.raw(self.tag(0x3000));
        if !is_described && data.is_none() {
            return Ok(None);
        }
        let rows = self.dimension(0x0010)?;
        let cols = self.dimension(0x0011)?;
        let origin = self.origin()?;
        let n_frames = self.count(0x0015)?;
        let first_frame = self.count(0x0051)? - 1;
        let plane = match data {
            Some(bytes) => self.packed(bytes, u64::from(rows) * u64::from(cols) * u64::from(n_frames))?,
            None => self.embedded(rows, cols)?,
        };
        let overlay = Overlay {
            group: self.group,
            kind: match self.root.code(self.tag(0x0040)).as_str() {
                "R" => OverlayKind::RegionOfInterest,
                _ => OverlayKind::Graphics,
            },
            rows,
            cols,
            origin,
            label: self.root.text(self.tag(0x1500)),
            description: self.root.text(self.tag(0x0022)),
            first_frame,
            n_frames,
            plane,
        };
        if self.is_beside_the_picture(&overlay) {
            return Err("lies wholly beside the picture");
        }
        Ok(Some(overlay))
    }

    fn dimension(&self, element: u16) -> Result<u32, &'static str> {
        let value = self.root.integer(self.tag(element)).and_then(|value| u16::try_from(value).ok());
        value.filter(|value| *value > 0).map(u32::from).ok_or("does not say its size")
    }

    /// Overlay Origin (60xx,0050) counts from 1, row then column.
    fn origin(&self) -> Result<[i32; 2], &'static str> {
        let written = self.root.numbers(self.tag(0x0050));
        let [row, col] = match written.as_slice() {
            [] => [1.0, 1.0],
            [row, col] | [row, col, _] => [*row, *col],
            _ => return Err("has an unusable origin"),
        };
        let is_usable = |value: f64| value.fract() == 0.0 && value.abs() <= 65_535.0;
        match is_usable(row) && is_usable(col) {
            true => Ok([row as i32 - 1, col as i32 - 1]),
            false => Err("has an unusable origin"),
        }
    }

    /// A number of frames or the number of a frame; 1 when absent.
    fn count(&self, element: u16) -> Result<u32, &'static str> {
        if self.root.raw(self.tag(element)).is_none() {
            return Ok(1);
        }
        let value = self.root.integer(self.tag(element)).and_then(|value| u32::try_from(value).ok());
        value.filter(|value| *value > 0).ok_or("has unusable frame numbers")
    }

    fn packed(&self, bytes: &[u8], n_bits: u64) -> Result<OverlayPlane, &'static str> {
        let element = self.root.element(self.tag(0x3000)).ok_or("has no data")?;
        let n_bytes = usize::try_from(n_bits.div_ceil(8)).unwrap_or(usize::MAX);
        if bytes.len() < n_bytes {
            return Err("is shorter than its size");
        }
        let coding = Coding { is_explicit: true, is_big_endian: element.is_big_endian };
        let mut packed = packed_bytes(bytes, element.vr, coding);
        packed.truncate(n_bytes);
        Ok(OverlayPlane::Packed(packed.into()))
    }

    /// In bits of Pixel Data that hold no sample; retired in 2004 and still met.
    fn embedded(&self, rows: u32, cols: u32) -> Result<OverlayPlane, &'static str> {
        let PixelLayout { bits_allocated, bits_stored, high_bit, color, kind, .. } = *self.layout;
        let bit = self.root.integer(self.tag(0x0102)).and_then(|bit| u16::try_from(bit).ok());
        let bit = bit.ok_or("has no data")?;
        let allocated = self.root.integer(self.tag(0x0100)).unwrap_or(0);
        let is_grey = matches!(color, ColorModel::Monochrome1 | ColorModel::Monochrome2 | ColorModel::Palette);
        if !self.root.has(self.tag(0x0102)) || allocated != i64::from(bits_allocated) || !is_grey {
            return Err("has no data");
        }
        let is_sample = bit <= high_bit && bit + bits_stored > high_bit;
        if kind != SampleKind::Integer || bit >= bits_allocated || is_sample {
            return Err("is said to lie in bits that hold the picture");
        }
        match (rows, cols) == (self.layout.rows, self.layout.cols) {
            true => Ok(OverlayPlane::Embedded { bit }),
            false => Err("within the pixels has another size than the picture"),
        }
    }

    fn is_beside_the_picture(&self, overlay: &Overlay) -> bool {
        let is_apart = |start: i32, n: u32, n_picture: u32| {
            let (start, n) = (i64::from(start), i64::from(n));
            start + n <= 0 || start >= i64::from(n_picture)
        };
        let [row, col] = overlay.origin;
        is_apart(row, overlay.rows, self.layout.rows) || is_apart(col, overlay.cols, self.layout.cols)
    }
}

/// Pixels that have no place to go back to cannot be read bit by bit.
pub fn without_embedded(overlays: &mut Vec<Overlay>, notices: &mut Vec<Notice>) {
    let n_before = overlays.len();
    overlays.retain(|overlay| matches!(overlay.plane, OverlayPlane::Packed(_)));
    if overlays.len() < n_before {
        let text = "An overlay lies within pixels that are deflated; it is not shown";
        notices.push(Notice::new(reason::OVERLAY_IGNORED, text));
    }
}

/// The frame with the overlays that lie in unused bits of its pixels. `load` reads the same frame of an instance whose
/// only stored bit is the overlay's; an overlay that cannot be read is left out.
pub fn with_embedded(
    frame: Frame,
    instance: &Instance,
    load: &dyn Fn(&Instance) -> Result<Frame, ImportError>,
) -> Frame {
    let bits = instance.overlays.iter().filter_map(|overlay| match overlay.plane {
        OverlayPlane::Embedded { bit } => Some(bit),
        OverlayPlane::Packed(_) => None,
    });
    let planes: Vec<EmbeddedPlane> = bits.filter_map(|bit| plane_of_bit(instance, bit, load)).collect();
    if planes.is_empty() { frame } else { frame.with_embedded(planes) }
}

fn plane_of_bit(
    instance: &Instance,
    bit: u16,
    load: &dyn Fn(&Instance) -> Result<Frame, ImportError>,
) -> Option<EmbeddedPlane> {
    let stored = instance.stored.as_deref()?;
    let layout = PixelLayout {
        bits_stored: 1,
        high_bit: bit,
        is_signed: false,
        color: ColorModel::Monochrome2,
        ..stored.layout.clone()
    };
    let stored = Some(Arc::new(StoredPixels { layout, ..stored.clone() }));
    let only_bit = Instance { stored, overlays: Vec::new(), ..instance.clone() };
    let frame = load(&only_bit).ok()?;
    let set: Arc<[u8]> = match frame.samples() {
        Samples::U8(v) => v.iter().copied().collect(),
        Samples::U16(v) => v.iter().map(|value| u8::from(*value != 0)).collect(),
        Samples::U32(v) => v.iter().map(|value| u8::from(*value != 0)).collect(),
        _ => return None,
    };
    Some(EmbeddedPlane { bit, set })
}
