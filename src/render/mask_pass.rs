//! Masks as one bit per segment, with coarser levels for when the image is drawn small.

use std::borrow::Cow;

use crate::domain::mask::Mask;
use crate::render::error::RenderError;
use crate::render::live_labels::{self, LiveLayer};
use crate::render::request::{DrawRequest, MAX_SEGMENTS, MaskLayer};
use crate::render::texture_cache::Texels;

/// Down to one label for 256 × 256 pixels.
const MAX_LEVELS: usize = 9;

/// Bits of all segments on one grid, row-major. Level n stands for 2ⁿ × 2ⁿ pixels and holds the bits of all of them,
/// so that a small mask does not slip between screen pixels.
pub(crate) struct Labels {
    pub rows: u32,
    pub cols: u32,
    pub bits: Vec<u32>,
}

impl Labels {
    /// The finest level; masks on another grid and masks past [`MAX_SEGMENTS`] are left out.
    fn finest(rows: u32, cols: u32, masks: &[&Mask]) -> Self {
        let mut bits = vec![0_u32; rows as usize * cols as usize];
        for (segment, mask) in masks.iter().take(MAX_SEGMENTS).enumerate() {
            if (mask.rows(), mask.cols()) != (rows, cols) {
                continue;
            }
            for run in mask.runs() {
                let start = run.start as usize;
                if let Some(covered) = bits.get_mut(start..start + run.len as usize) {
                    covered.iter_mut().for_each(|labels| *labels |= 1 << segment);
                }
            }
        }
        Self { rows, cols, bits }
    }

    /// Half the size, rounded down as textures are; an odd last row or column goes into its neighbor.
    fn halved(&self) -> Self {
        let (rows, cols) = ((self.rows / 2).max(1), (self.cols / 2).max(1));
        let mut bits = vec![0; rows as usize * cols as usize];
        for (y, row) in self.bits.chunks_exact(self.cols as usize).enumerate() {
            let first = (y / 2).min(rows as usize - 1) * cols as usize;
            let Some(coarse) = bits.get_mut(first..first + cols as usize) else { continue };
            for (x, labels) in row.iter().enumerate().filter(|(_, labels)| **labels != 0) {
                if let Some(coarse) = coarse.get_mut((x / 2).min(cols as usize - 1)) {
                    *coarse |= labels;
                }
            }
        }
        Self { rows, cols, bits }
    }

    /// Bits at a pixel of the finest grid, read on this `level`.
    pub fn at(&self, x: u32, y: u32, level: usize) -> u32 {
        let (x, y) = ((x >> level).min(self.cols - 1), (y >> level).min(self.rows - 1));
        self.bits.get(y as usize * self.cols as usize + x as usize).copied().unwrap_or(0)
    }
}

/// Refuses what cannot be drawn whole.
pub(crate) fn check(request: &DrawRequest) -> Result<(), RenderError> {
    if let Some(live) = request.overlay.shown_live() {
        let has_grid = (live.rows, live.cols) == (request.frame.rows(), request.frame.cols());
        return match has_grid && live.is_whole() {
            true => Ok(()),
            false => Err(RenderError::MaskGrid { rows: live.rows, cols: live.cols }),
        };
    }
    let layers = request.overlay.shown_masks();
    if layers.len() > MAX_SEGMENTS {
        return Err(RenderError::TooManySegments { n_segments: layers.len() });
    }
    let grid = (request.frame.rows(), request.frame.cols());
    match layers.iter().map(|layer| &layer.segment.mask).find(|mask| (mask.rows(), mask.cols()) != grid) {
        Some(mask) => Err(RenderError::MaskGrid { rows: mask.rows(), cols: mask.cols() }),
        None => Ok(()),
    }
}

/// Finest first.
pub(crate) fn label_levels(request: &DrawRequest, layers: &[&MaskLayer]) -> Vec<Labels> {
    let masks: Vec<&Mask> = layers.iter().map(|layer| &layer.segment.mask).collect();
    let mut levels = Vec::with_capacity(MAX_LEVELS);
    let mut coarsest = Labels::finest(request.frame.rows(), request.frame.cols(), &masks);
    while levels.len() + 1 < n_levels(request) {
        let halved = coarsest.halved();
        levels.push(coarsest);
        coarsest = halved;
    }
    levels.push(coarsest);
    levels
}

/// The level whose labels are at least as large as a screen pixel.
pub(crate) fn level(request: &DrawRequest) -> usize {
    let [x, y] = request.image_px_per_screen_px();
    let wanted = (x.max(y).max(1.0).log2() - 1e-6).ceil().max(0.0);
    (wanted as usize).min(n_levels(request) - 1)
}

/// The labels of one level, as the twin reads them.
pub(crate) fn labels_of_level(request: &DrawRequest, level: usize) -> Option<Labels> {
    match request.overlay.shown_live() {
        Some(live) => Some(live.labels(level)),
        None => label_levels(request, &request.overlay.shown_masks()).into_iter().nth(level),
    }
}

/// Last column and row of a level of the label texture.
pub(crate) fn last_texel(request: &DrawRequest, level: usize) -> [u32; 2] {
    match request.overlay.shown_live() {
        Some(live) => live.last_texel(level),
        None => [request.frame.cols(), request.frame.rows()].map(|n| (n >> level).max(1) - 1),
    }
}

/// Bits of the layers that are visible now.
pub(crate) fn visible_bits(layers: &[LiveLayer]) -> u32 {
    layers
        .iter()
        .take(MAX_SEGMENTS)
        .enumerate()
        .filter(|(_, layer)| layer.is_visible)
        .fold(0, |bits, (i, _)| bits | 1 << i)
}

/// As few bytes a pixel as the number of segments allows.
pub(crate) fn label_texels(request: &DrawRequest, layers: &[&MaskLayer]) -> Texels<'static> {
    let levels = label_levels(request, layers);
    let (format, bytes): (_, fn(&Labels) -> Vec<u8>) = match layers.len() {
        0..=8 => (wgpu::TextureFormat::R8Uint, |level| level.bits.iter().map(|bits| *bits as u8).collect()),
        9..=16 => (wgpu::TextureFormat::R16Uint, |level| {
            level.bits.iter().flat_map(|bits| (*bits as u16).to_ne_bytes()).collect()
        }),
        _ => (wgpu::TextureFormat::R32Uint, |level| bytemuck::cast_slice(&level.bits).to_vec()),
    };
    Texels {
        format,
        width: request.frame.cols(),
        height: request.frame.rows(),
        levels: levels.iter().map(|level| Cow::Owned(bytes(level))).collect(),
    }
}

fn n_levels(request: &DrawRequest) -> usize {
    if request.overlay.shown_live().is_some() {
        return live_labels::N_LEVELS;
    }
    let longest = request.frame.rows().max(request.frame.cols()).max(1);
    MAX_LEVELS.min(longest.ilog2() as usize + 1)
}
