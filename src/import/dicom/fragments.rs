//! Which fragments of encapsulated Pixel Data make which frame (PS3.5 A.4).

use dicom_dictionary_std::tags;

use crate::domain::stored_pixels::Fragment;
use crate::import::dicom::dataset::View;
use crate::import::dicom::source::{Blocks, Source};
use crate::import::error::ImportError;
use crate::import::limits::Limits;

/// Fragments by frame. A file that was cut short has fewer frames than declared.
#[derive(Debug, Default)]
pub struct FrameIndex {
    pub frames: Vec<Vec<Fragment>>,
}

struct Walked {
    offset_table: Vec<u64>,
    fragments: Vec<Fragment>,
    /// Of the first fragment's item header: what offsets count from.
    base: u64,
    /// The file ends before its delimiter: even a last fragment that is whole may have gone on behind the cut.
    is_cut: bool,
}

const SEQUENCE_END: [u8; 4] = [0xFE, 0xFF, 0xDD, 0xE0];
const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];

/// Index of `n_frames` frames; the pixel data's first value byte is at `start`.
pub fn index(
    source: &Source,
    root: &View<'_>,
    start: u64,
    n_frames: u32,
    limits: &Limits,
) -> Result<FrameIndex, ImportError> {
    let walked = walk(source, start, limits)?;
    let n_frames = n_frames as usize;
    if walked.fragments.is_empty() {
        return Ok(FrameIndex::default());
    }
    if n_frames == 1 {
        // Cut in the middle: the one frame is not whole
        let frames = if walked.is_cut { Vec::new() } else { vec![walked.fragments] };
        return Ok(FrameIndex { frames });
    }
    let extended = extended_offsets(root);
    let by_table = [extended, walked.offset_table.clone()]
        .into_iter()
        .filter(|offsets| offsets.len() == n_frames)
        .find_map(|offsets| by_offsets(&walked, &offsets));
    if let Some(frames) = by_table {
        return Ok(FrameIndex { frames });
    }
    if walked.fragments.len() <= n_frames {
        let n_whole = walked.fragments.len() - usize::from(walked.is_cut);
        let frames = walked.fragments.into_iter().take(n_whole).map(|fragment| vec![fragment]).collect();
        return Ok(FrameIndex { frames });
    }
    by_codestream_starts(source, &walked, n_frames)
}

fn walk(source: &Source, start: u64, limits: &Limits) -> Result<Walked, ImportError> {
    let (mut at, end) = (start, source.n_bytes());
    let mut items: Vec<Fragment> = Vec::new();
    let mut is_cut = false;
    let mut blocks = Blocks::of(source);
    loop {
        if at + 8 > end {
            is_cut = true;
            break;
        }
        let [t0, t1, t2, t3, length @ ..] = blocks.read::<8>(at)?;
        match [t0, t1, t2, t3] {
            ITEM if length == [0xFF; 4] => {
                return Err(ImportError::Malformed { at, fault: "a fragment does not say how long it is" });
            }
            ITEM => {}
            SEQUENCE_END => break,
            _ => return Err(ImportError::Malformed { at, fault: "a fragment of the pixel data was expected here" }),
        }
        let n_bytes = u64::from(u32::from_le_bytes(length));
        at += 8;
        if at + n_bytes > end {
            is_cut = true;
            items.push(Fragment { offset: at, n_bytes: end - at });
            break;
        }
        items.push(Fragment { offset: at, n_bytes });
        at += n_bytes;
        if items.len() > limits.max_fragments {
            return Err(ImportError::Malformed { at, fault: "there are too many fragments" });
        }
    }
    let mut items = items.into_iter();
    let table = items.next();
    let fragments: Vec<Fragment> = items.collect();
    let Some(table) = table else {
        return Err(ImportError::Malformed { at: start, fault: "the pixel data has no fragments" });
    };
    let offset_table = offset_table(source, table)?;
    Ok(Walked { offset_table, fragments, base: table.offset + table.n_bytes, is_cut })
}

fn offset_table(source: &Source, table: Fragment) -> Result<Vec<u64>, ImportError> {
    let n_bytes = table.n_bytes.min(64 << 20);
    let bytes = source.read_at(table.offset, n_bytes)?;
    Ok(bytes.as_chunks::<4>().0.iter().map(|chunk| u64::from(u32::from_le_bytes(*chunk))).collect())
}

/// Extended Offset Table (7FE0,0001).
fn extended_offsets(root: &View<'_>) -> Vec<u64> {
    let bytes = root.raw(tags::EXTENDED_OFFSET_TABLE).unwrap_or_default();
    bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect()
}

/// `None` when an offset does not fall on a fragment: then the table is not to be trusted.
fn by_offsets(walked: &Walked, offsets: &[u64]) -> Option<Vec<Vec<Fragment>>> {
    let starts: Vec<u64> = walked.fragments.iter().map(|fragment| fragment.offset - 8 - walked.base).collect();
    let mut firsts = Vec::with_capacity(offsets.len());
    for offset in offsets {
        match starts.binary_search(offset) {
            Ok(index) if firsts.last().is_none_or(|last| *last < index) => firsts.push(index),
            // Frames past the end of a file that was cut
            Err(index) if walked.is_cut && index == starts.len() => break,
            _ => return None,
        }
    }
    if firsts.first() != Some(&0) {
        return None;
    }
    let ends = firsts.iter().skip(1).copied().chain([starts.len()]);
    let ranges = firsts.iter().copied().zip(ends);
    let mut frames: Vec<Vec<Fragment>> =
        ranges.map(|(from, to)| walked.fragments.get(from..to).unwrap_or_default().to_vec()).collect();
    if walked.is_cut {
        frames.pop();
    }
    Some(frames)
}

/// Without a table, a frame begins where a codestream begins.
fn by_codestream_starts(source: &Source, walked: &Walked, n_frames: usize) -> Result<FrameIndex, ImportError> {
    let mut frames: Vec<Vec<Fragment>> = Vec::new();
    let mut blocks = Blocks::of(source);
    for fragment in &walked.fragments {
        let head = if fragment.n_bytes < 4 { [0; 4] } else { blocks.read::<4>(fragment.offset)? };
        let is_start = [&[0xFF, 0xD8, 0xFF][..], &[0xFF, 0x4F, 0xFF, 0x51], &[0xFF, 0x0A]]
            .iter()
            .any(|magic| head.starts_with(magic));
        match frames.last_mut() {
            Some(frame) if !is_start => frame.push(*fragment),
            _ => frames.push(vec![*fragment]),
        }
    }
    if walked.is_cut {
        frames.pop();
    }
    match frames.len() == n_frames || (walked.is_cut && frames.len() < n_frames) {
        true => Ok(FrameIndex { frames }),
        false => Err(ImportError::UnsupportedPixels("fragments that cannot be told apart into frames".to_owned())),
    }
}
