//! Masks under a reader's hand: label texels in tiles, of which only those that changed are sent again.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::render::mask_pass::Labels;
use crate::render::request::MAX_SEGMENTS;
use crate::render::texture_cache::GpuTexture;

/// Side of a tile, pixels.
pub const TILE: u32 = 64;
/// A tile is one texel on its coarsest level.
pub(crate) const N_LEVELS: usize = 7;
/// Textures of so many pictures stay.
const MOST_TEXTURES: usize = 12;
/// From so many tiles on the whole texture is sent at once.
const MANY_TILES: usize = 48;

/// One picture's labels. A copy shares its tiles.
#[derive(Clone)]
pub struct LiveMasks {
    /// Names the texture; two pictures on screen have two.
    pub id: u64,
    pub cols: u32,
    pub rows: u32,
    /// Row by row, as many as cover the picture. Pixels off the picture have no bits.
    pub tiles: Vec<LabelTile>,
    /// Bit by bit; at most [`MAX_SEGMENTS`].
    pub layers: Vec<LiveLayer>,
}

/// Bits of the segments at each of 64 × 64 pixels.
#[derive(Clone)]
pub struct LabelTile {
    /// Another number whenever the bits are others.
    pub version: u64,
    pub bits: Arc<[u32]>,
}

/// How a segment looks; changing it sends nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiveLayer {
    /// sRGB.
    pub color: [u8; 3],
    pub is_visible: bool,
    /// Of outline and inside, 0 to 1.
    pub opacity: f32,
}

impl fmt::Debug for LiveMasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LiveMasks({} × {}, {} segments)", self.cols, self.rows, self.layers.len())
    }
}

impl LiveMasks {
    /// Tiles side by side.
    pub fn n_across(cols: u32) -> usize {
        cols.div_ceil(TILE) as usize
    }

    pub fn n_tiles(cols: u32, rows: u32) -> usize {
        Self::n_across(cols) * Self::n_across(rows)
    }

    /// As many tiles as the picture needs, each whole.
    pub(crate) fn is_whole(&self) -> bool {
        self.layers.len() <= MAX_SEGMENTS
            && self.tiles.len() == Self::n_tiles(self.cols, self.rows)
            && self.tiles.iter().all(|tile| tile.bits.len() == (TILE * TILE) as usize)
    }

    /// Last column and row of a level.
    pub(crate) fn last_texel(&self, level: usize) -> [u32; 2] {
        [self.cols, self.rows].map(|n| (n.max(1) - 1) >> level)
    }

    /// One level as the twin reads it.
    pub(crate) fn labels(&self, level: usize) -> Labels {
        let [last_col, last_row] = self.last_texel(level);
        let (cols, rows) = (last_col + 1, last_row + 1);
        let across = Self::n_across(self.cols);
        let side = TILE >> level;
        let mut bits = vec![0_u32; cols as usize * rows as usize];
        for (index, tile) in self.tiles.iter().enumerate() {
            let (left, top) = ((index % across) as u32 * side, (index / across) as u32 * side);
            let texels = coarse(&tile.bits, level);
            for (y, line) in (top..).zip(texels.chunks_exact(side as usize)).take_while(|(y, _)| *y < rows) {
                for (x, texel) in (left..).zip(line).take_while(|(x, _)| *x < cols) {
                    bits[y as usize * cols as usize + x as usize] = *texel;
                }
            }
        }
        Labels { rows, cols, bits }
    }
}

/// A tile on a coarser level: each texel has the bits of all pixels under it.
fn coarse(bits: &[u32], level: usize) -> Vec<u32> {
    let mut texels = bits.to_vec();
    let mut side = TILE as usize;
    for _ in 0..level {
        texels = halved(&texels, side);
        side /= 2;
    }
    texels
}

fn halved(texels: &[u32], side: usize) -> Vec<u32> {
    let lines = texels.chunks_exact(2 * side).map(|two| two.split_at(side));
    lines.flat_map(|(a, b)| a.chunks_exact(2).zip(b.chunks_exact(2)).map(|(a, b)| a[0] | a[1] | b[0] | b[1])).collect()
}

/// The textures of pictures whose masks are being changed.
#[derive(Debug, Default)]
pub(crate) struct LiveTextures {
    held: HashMap<u64, Held>,
    clock: u64,
    pub bytes_sent: u64,
}

#[derive(Debug)]
struct Held {
    texture: wgpu::Texture,
    view: wgpu::TextureView,
    /// Names what is in it now.
    id: u64,
    format: wgpu::TextureFormat,
    size: [u32; 2],
    versions: Vec<u64>,
    last_used: u64,
}

impl LiveTextures {
    pub fn clear(&mut self) {
        self.held.clear();
    }

    /// The picture's texture with every tile as it is now. `fresh_id` names a content no draw has seen.
    pub fn update(
        &mut self,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        live: &LiveMasks,
        fresh_id: impl FnOnce() -> u64,
    ) -> GpuTexture {
        self.clock += 1;
        let format = format_of(live.layers.len());
        let size = [live.cols, live.rows].map(|n| n.max(1).div_ceil(TILE) * TILE);
        let is_fitting = |held: &Held| held.format == format && held.size == size;
        if !self.held.get(&live.id).is_some_and(is_fitting) {
            self.make_room();
            self.held.insert(live.id, Held::new(device, format, size, live.tiles.len()));
        }
        let Some(held) = self.held.get_mut(&live.id) else { unreachable!("inserted above") };
        held.last_used = self.clock;
        let changed: Vec<usize> = live
            .tiles
            .iter()
            .zip(&held.versions)
            .enumerate()
            .filter(|(_, (tile, sent))| tile.version != **sent)
            .map(|(index, _)| index)
            .collect();
        if !changed.is_empty() {
            self.bytes_sent +=
                if changed.len() >= MANY_TILES { held.send_all(queue, live) } else { held.send(queue, live, &changed) };
            held.versions = live.tiles.iter().map(|tile| tile.version).collect();
            held.id = fresh_id();
        }
        GpuTexture { id: held.id, view: held.view.clone() }
    }

    fn make_room(&mut self) {
        while self.held.len() >= MOST_TEXTURES {
            let oldest = self.held.iter().min_by_key(|(_, held)| held.last_used).map(|(id, _)| *id);
            let Some(oldest) = oldest else { return };
            self.held.remove(&oldest);
        }
    }
}

impl Held {
    fn new(device: &wgpu::Device, format: wgpu::TextureFormat, [width, height]: [u32; 2], n_tiles: usize) -> Self {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("overread live masks"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: N_LEVELS as u32,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        // No tile has this version: the first update sends all
        let versions = vec![u64::MAX; n_tiles];
        Self { texture, view, id: 0, format, size: [width, height], versions, last_used: 0 }
    }

    fn send(&self, queue: &wgpu::Queue, live: &LiveMasks, changed: &[usize]) -> u64 {
        let across = LiveMasks::n_across(live.cols);
        let mut n_bytes = 0;
        for index in changed {
            let (left, top) = ((index % across) as u32 * TILE, (index / across) as u32 * TILE);
            let mut texels = live.tiles[*index].bits.to_vec();
            for level in 0..N_LEVELS as u32 {
                let side = TILE >> level;
                n_bytes += self.write(queue, level, [left >> level, top >> level], [side, side], &texels);
                texels = halved(&texels, side as usize);
            }
        }
        n_bytes
    }

    fn send_all(&self, queue: &wgpu::Queue, live: &LiveMasks) -> u64 {
        let across = LiveMasks::n_across(live.cols);
        let mut tiles: Vec<Vec<u32>> = live.tiles.iter().map(|tile| tile.bits.to_vec()).collect();
        let mut n_bytes = 0;
        for level in 0..N_LEVELS as u32 {
            let side = (TILE >> level) as usize;
            let [width, height] = self.size.map(|n| n >> level);
            let mut texels = vec![0_u32; width as usize * height as usize];
            for (index, tile) in tiles.iter().enumerate() {
                let (left, top) = (index % across * side, index / across * side);
                for (line, row) in tile.chunks_exact(side).zip(top..) {
                    let start = row * width as usize + left;
                    texels[start..start + side].copy_from_slice(line);
                }
            }
            n_bytes += self.write(queue, level, [0, 0], [width, height], &texels);
            tiles.iter_mut().for_each(|tile| *tile = halved(tile, side));
        }
        n_bytes
    }

    fn write(&self, queue: &wgpu::Queue, level: u32, [x, y]: [u32; 2], [width, height]: [u32; 2], bits: &[u32]) -> u64 {
        let (data, texel_bytes): (Vec<u8>, u32) = match self.format {
            wgpu::TextureFormat::R8Uint => (bits.iter().map(|bits| *bits as u8).collect(), 1),
            wgpu::TextureFormat::R16Uint => (bits.iter().flat_map(|bits| (*bits as u16).to_ne_bytes()).collect(), 2),
            _ => (bytemuck::cast_slice(bits).to_vec(), 4),
        };
        queue.write_texture(
            wgpu::TexelCopyTextureInfo {
                texture: &self.texture,
                mip_level: level,
                origin: wgpu::Origin3d { x, y, z: 0 },
                aspect: wgpu::TextureAspect::All,
            },
            &data,
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(width * texel_bytes),
                rows_per_image: Some(height),
            },
            wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        );
        data.len() as u64
    }
}

/// As few bytes a pixel as the number of segments allows.
fn format_of(n_layers: usize) -> wgpu::TextureFormat {
    match n_layers {
        0..=8 => wgpu::TextureFormat::R8Uint,
        9..=16 => wgpu::TextureFormat::R16Uint,
        _ => wgpu::TextureFormat::R32Uint,
    }
}
