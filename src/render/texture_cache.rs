//! Textures on the adapter: found again by the identity of what they were made from, least recently used ones dropped.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};

use crate::domain::mask::Segment;
use crate::domain::presentation::LookupTable;
use crate::domain::saliency::SaliencyMap;
use crate::imaging::overlay::Colormap;
use crate::render::frame_texture::FrameTextureKey;
use crate::render::renderer::Uploads;

/// Half a gigabyte: some 500 CT slices of a series beside a large chest image.
pub(crate) const DEFAULT_BUDGET_BYTES: u64 = 512 << 20;

/// The very allocation, not its content: values behind an `Arc` never change here. The weak pointer keeps the address
/// from being given away.
#[derive(Debug)]
pub(crate) struct Identity<T>(Weak<T>);

impl<T> Identity<T> {
    pub fn of(value: &Arc<T>) -> Self {
        Self(Arc::downgrade(value))
    }

    fn is_alive(&self) -> bool {
        self.0.strong_count() > 0
    }
}

impl<T> PartialEq for Identity<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

impl<T> Eq for Identity<T> {}

impl<T> Hash for Identity<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_ptr().hash(state);
    }
}

/// What a texture was made from.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum TextureKey {
    Frame(FrameTextureKey),
    Table(Identity<LookupTable>),
    Labels(Vec<Identity<Segment>>),
    Saliency(Identity<SaliencyMap>),
    Colormap(Colormap),
    /// Stands where a pipeline does not look.
    Nothing(wgpu::TextureFormat),
}

impl TextureKey {
    /// Whether a request could still ask for it.
    fn is_alive(&self) -> bool {
        match self {
            Self::Frame(frame) => frame.identity.is_alive(),
            Self::Table(table) => table.is_alive(),
            Self::Labels(segments) => segments.iter().all(Identity::is_alive),
            Self::Saliency(map) => map.is_alive(),
            Self::Colormap(_) | Self::Nothing(_) => true,
        }
    }
}

/// Texels ready for upload, level by level; each level has half the size of the one before, rounded down.
pub(crate) struct Texels<'a> {
    pub format: wgpu::TextureFormat,
    pub width: u32,
    pub height: u32,
    pub levels: Vec<Cow<'a, [u8]>>,
}

/// A texture on the adapter. The number names it, for a bind group to know whether it still holds the right ones.
#[derive(Clone, Debug)]
pub(crate) struct GpuTexture {
    pub id: u64,
    pub view: wgpu::TextureView,
}

#[derive(Debug)]
struct Entry {
    texture: GpuTexture,
    bytes: u64,
    last_used: u64,
}

#[derive(Debug)]
pub(crate) struct TextureCache {
    entries: HashMap<TextureKey, Entry>,
    pub budget_bytes: u64,
    held_bytes: u64,
    clock: u64,
    pub uploads: Uploads,
}

impl Default for TextureCache {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            budget_bytes: DEFAULT_BUDGET_BYTES,
            held_bytes: 0,
            clock: 0,
            uploads: Uploads::default(),
        }
    }
}

impl TextureCache {
    pub fn find_or_upload<'a>(
        &mut self,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        key: TextureKey,
        texels: impl FnOnce() -> Texels<'a>,
    ) -> GpuTexture {
        self.clock += 1;
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.last_used = self.clock;
            return entry.texture.clone();
        }
        let texels = texels();
        let bytes = texels.levels.iter().map(|level| level.len() as u64).sum();
        let texture = GpuTexture { id: self.clock, view: upload(device, queue, &texels) };
        self.count(&key, bytes);
        self.held_bytes += bytes;
        self.entries.insert(key, Entry { texture: texture.clone(), bytes, last_used: self.clock });
        self.make_room();
        texture
    }

    /// Gives everything back that no viewport holds.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.held_bytes = 0;
    }

    /// Names a texture that is made elsewhere.
    pub fn fresh_id(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    pub fn held_bytes(&self) -> u64 {
        self.held_bytes
    }

    fn count(&mut self, key: &TextureKey, bytes: u64) {
        let uploads = &mut self.uploads;
        uploads.bytes += bytes;
        match key {
            TextureKey::Frame(_) => uploads.frames += 1,
            TextureKey::Table(_) => uploads.tables += 1,
            TextureKey::Labels(_) => uploads.masks += 1,
            TextureKey::Saliency(_) => uploads.saliency_maps += 1,
            TextureKey::Colormap(_) | TextureKey::Nothing(_) => {}
        }
    }

    /// What nobody can ask for goes at once, then what was longest unused. The newest stays, however large. A texture
    /// still bound by a viewport lives on until that viewport is prepared anew.
    fn make_room(&mut self) {
        self.entries.retain(|key, entry| {
            let is_alive = key.is_alive();
            if !is_alive {
                self.held_bytes -= entry.bytes;
            }
            is_alive
        });
        if self.held_bytes <= self.budget_bytes {
            return;
        }
        let mut by_age: Vec<u64> = self.entries.values().map(|entry| entry.last_used).collect();
        by_age.sort_unstable();
        for last_used in by_age {
            if self.held_bytes <= self.budget_bytes || last_used == self.clock {
                return;
            }
            self.entries.retain(|_, entry| {
                let stays = entry.last_used != last_used;
                if !stays {
                    self.held_bytes -= entry.bytes;
                }
                stays
            });
        }
    }
}

fn upload(device: &wgpu::Device, queue: &wgpu::Queue, texels: &Texels<'_>) -> wgpu::TextureView {
    let Texels { format, width, height, levels } = texels;
    let size = wgpu::Extent3d { width: *width, height: *height, depth_or_array_layers: 1 };
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("overread texture"),
        size,
        mip_level_count: u32::try_from(levels.len()).unwrap_or(1),
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: *format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    let texel_bytes = format.block_copy_size(None).unwrap_or(1);
    for (level, data) in (0..).zip(levels) {
        let (width, height) = ((width >> level).max(1), (height >> level).max(1));
        queue.write_texture(
            wgpu::TexelCopyTextureInfo {
                texture: &texture,
                mip_level: level,
                origin: wgpu::Origin3d::ZERO,
                aspect: wgpu::TextureAspect::All,
            },
            data,
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(width * texel_bytes),
                rows_per_image: Some(height),
            },
            wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        );
    }
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}
