//! JPEG 2000 and HTJ2K codestreams before they are decoded (ITU-T T.800 annex A): what the picture is, whether the
//! stream is all there, and what decoding it would cost.

use crate::import::dicom::codestream::{StreamInfo, be16, broken};
use crate::import::error::ImportError;

/// A codestream whose every tile is there.
pub struct Codestream<'a> {
    pub info: StreamInfo,
    /// From the SOC marker to the end of the last tile-part, or of the EOC marker behind it.
    pub bytes: &'a [u8],
    pub has_end: bool,
    /// How often the picture can be halved.
    pub n_levels: u32,
}

/// The SIZ segment.
struct Size {
    rows: u32,
    cols: u32,
    n_tiles: u64,
    /// Depth byte, horizontal and vertical step.
    components: Vec<[u8; 3]>,
}

/// The COD segment: coding of all tiles that do not say otherwise.
struct Style {
    n_layers: u64,
    has_component_transform: bool,
    n_levels: u32,
    /// Samples of one code block, as a power of two.
    block_exponent: u32,
    /// A byte for each resolution; the default is 15 for both sides.
    precincts: Vec<u8>,
}

/// Decoding may take this much memory beside the picture itself.
const MAX_WORKING_BYTES: u64 = 3 << 30;

const SOT: u16 = 0xFF90;
const EOC: [u8; 2] = [0xFF, 0xD9];

/// Bare or inside a JP2 box.
pub fn read(data: &[u8]) -> Result<Codestream<'_>, ImportError> {
    let soc = data.windows(4).take(1 << 16).position(|bytes| bytes == [0xFF, 0x4F, 0xFF, 0x51]).ok_or_else(broken)?;
    let stream = data.get(soc..).unwrap_or_default();
    let size = size(stream.get(4..).unwrap_or_default()).ok_or_else(broken)?;
    let (style, first_tile) = main_header(stream).ok_or_else(broken)?;
    check_cost(&size, &style, stream.len())?;
    let (end, has_end) = tile_parts(stream, first_tile, size.n_tiles)?;
    let depth = size.components.iter().map(|[depth, ..]| depth & 0x7F).max().unwrap_or(0);
    let info = StreamInfo {
        rows: size.rows,
        cols: size.cols,
        n_components: u16::try_from(size.components.len()).unwrap_or(u16::MAX),
        precision: u16::from(depth) + 1,
        is_signed: size.components.first().is_some_and(|[depth, ..]| depth & 0x80 != 0),
        has_component_transform: style.has_component_transform,
        ..StreamInfo::default()
    };
    let bytes = stream.get(..end).unwrap_or_default();
    Ok(Codestream { info, bytes, has_end, n_levels: style.n_levels })
}

/// `siz` begins with the segment's length.
fn size(siz: &[u8]) -> Option<Size> {
    let long = |at: usize| siz.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    let (x1, y1, x0, y0) = (long(4)?, long(8)?, long(12)?, long(16)?);
    let (tile_cols, tile_rows, tile_x, tile_y) = (long(20)?, long(24)?, long(28)?, long(32)?);
    if tile_cols == 0 || tile_rows == 0 || tile_x > x0 || tile_y > y0 {
        return None;
    }
    let n_tiles = |end: u32, start: u32, step: u32| Some(u64::from(end.checked_sub(start)?.div_ceil(step)));
    let n_components = usize::from(be16(siz, 36)?);
    let components = siz.get(38..38 + 3 * n_components)?.as_chunks::<3>().0.to_vec();
    if components.iter().any(|[depth, step_x, step_y]| depth & 0x7F > 37 || *step_x == 0 || *step_y == 0) {
        return None;
    }
    Some(Size {
        rows: y1.checked_sub(y0)?,
        cols: x1.checked_sub(x0)?,
        n_tiles: n_tiles(x1, tile_x, tile_cols)? * n_tiles(y1, tile_y, tile_rows)?,
        components,
    })
}

/// The coding style, and where the first tile-part begins.
fn main_header(stream: &[u8]) -> Option<(Style, usize)> {
    let mut at = 2;
    let mut style = None;
    loop {
        let marker = be16(stream, at)?;
        if marker == SOT {
            return Some((style?, at));
        }
        let segment = stream.get(at + 4..at + 2 + usize::from(be16(stream, at + 2)?))?;
        if marker == 0xFF52 {
            let [flags, _, _, _, transform, n_levels, block_x, block_y, ..] = segment else { return None };
            style = Some(Style {
                n_layers: u64::from(be16(segment, 2)?),
                has_component_transform: *transform != 0,
                n_levels: u32::from(*n_levels),
                block_exponent: u32::from(block_x & 15) + u32::from(block_y & 15) + 4,
                precincts: if flags & 1 == 0 { Vec::new() } else { segment.get(10..)?.to_vec() },
            });
        }
        at += 4 + segment.len();
    }
}

/// Refuses what promises more than its bytes can say, or would take more memory than anyone should lend it.
fn check_cost(size: &Size, style: &Style, n_bytes: usize) -> Result<(), ImportError> {
    let refuse = |fault: &str| Err(ImportError::DecoderFailed(fault.to_owned()));
    if style.n_levels > 32 {
        return refuse("the header asks for more than 32 resolutions");
    }
    // A tile costs 14 bytes at least, a packet one
    let n_components = size.components.len() as u64;
    let n_packets = style.n_precincts(size).saturating_mul(n_components).saturating_mul(style.n_layers);
    if size.n_tiles > 65_535 || size.n_tiles * 14 > n_bytes as u64 || n_packets > n_bytes as u64 {
        return refuse("the stream is too short for its picture");
    }
    let n_samples = u64::from(size.rows) * u64::from(size.cols) * n_components;
    let n_blocks = (n_samples >> style.block_exponent.min(63)) + n_components * size.n_tiles;
    let n_copies = if size.n_tiles == 1 { 1 } else { 2 };
    let n_working = n_samples * 4 * n_copies + n_blocks * 256 + size.n_tiles * (12 << 10);
    match n_working > MAX_WORKING_BYTES {
        true => Err(ImportError::TooLarge { what: "What decoding this picture takes", limit: MAX_WORKING_BYTES }),
        false => Ok(()),
    }
}

impl Style {
    /// Of one component over all resolutions, at least.
    fn n_precincts(&self, size: &Size) -> u64 {
        let of_resolution = |resolution: u32| {
            let exponents = self.precincts.get(resolution as usize).copied().unwrap_or(0xFF);
            let n_halvings = self.n_levels - resolution;
            let count = |extent: u32, exponent: u8| {
                u64::from(extent).div_ceil(1 << n_halvings).div_ceil(1 << u32::from(exponent))
            };
            count(size.cols, exponents & 15) * count(size.rows, exponents >> 4)
        };
        (0..=self.n_levels.min(32)).map(of_resolution).sum()
    }
}

/// Walks from tile-part to tile-part; returns where the last ends and whether the end marker is there.
fn tile_parts(stream: &[u8], first: usize, n_tiles: u64) -> Result<(usize, bool), ImportError> {
    let cut_short = || ImportError::DecoderFailed("the stream is cut short".to_owned());
    let mut seen = vec![false; usize::try_from(n_tiles).unwrap_or(0)];
    let mut at = first;
    while be16(stream, at) == Some(SOT) {
        let tile = be16(stream, at + 4).ok_or_else(cut_short)?;
        let length = stream.get(at + 6..).and_then(|rest| rest.first_chunk()).map(|bytes| u32::from_be_bytes(*bytes));
        if let Some(seen) = seen.get_mut(usize::from(tile)) {
            *seen = true;
        }
        at = match length.ok_or_else(cut_short)? as usize {
            // The last tile-part need not say how long it is
            0 => stream.len() - if stream.ends_with(&EOC) { 2 } else { 0 },
            1..12 => return Err(cut_short()),
            length => at + length,
        };
        if at > stream.len() {
            return Err(cut_short());
        }
    }
    if seen.iter().any(|seen| !seen) {
        return Err(cut_short());
    }
    let has_end = stream.get(at..).is_some_and(|rest| rest.starts_with(&EOC));
    Ok((if has_end { at + 2 } else { at }, has_end))
}
