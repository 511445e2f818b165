//! Where the network looked, as textures: the map on its own coarse grid, and its color map.

use std::borrow::Cow;

use crate::domain::saliency::SaliencyMap;
use crate::imaging::overlay::Colormap;
use crate::render::texture_cache::Texels;

pub(crate) fn map_texels(map: &SaliencyMap) -> Texels<'_> {
    Texels {
        format: wgpu::TextureFormat::R32Float,
        width: map.cols(),
        height: map.rows(),
        levels: vec![Cow::Borrowed(bytemuck::cast_slice(map.values()))],
    }
}

pub(crate) fn colormap_texels(colormap: Colormap) -> Texels<'static> {
    let rgba: Vec<u8> = colormap.table().iter().flat_map(|[red, green, blue]| [*red, *green, *blue, 255]).collect();
    Texels { format: wgpu::TextureFormat::Rgba8Unorm, width: 256, height: 1, levels: vec![Cow::Owned(rgba)] }
}
