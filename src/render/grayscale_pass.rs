//! The image itself: which variant of the shader a request needs, and the lookup tables as textures.

use std::borrow::Cow;
use std::sync::Arc;

use crate::domain::presentation::{LookupTable, ModalityLut, VoiFunction, Window};
use crate::imaging::voi_lut::Voi;
use crate::render::frame_texture::PixelKind;
use crate::render::request::{DrawRequest, Kernel};
use crate::render::texture_cache::Texels;

/// How the shader maps modality values; the numbers are the shader's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum VoiKind {
    Ramp = 0,
    Sigmoid = 1,
    Table = 2,
}

impl VoiKind {
    pub fn of(request: &DrawRequest) -> Self {
        match &request.voi {
            _ if is_color(request) => Self::Ramp,
            Voi::Table(_) => Self::Table,
            Voi::Window(Window { function: VoiFunction::Sigmoid, .. }) => Self::Sigmoid,
            Voi::Window(_) => Self::Ramp,
        }
    }
}

/// What of the grayscale pass is compiled into the picture layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GrayscaleVariant {
    pub pixel_kind: PixelKind,
    pub kernel: Kernel,
    pub has_modality_table: bool,
    pub has_padding: bool,
}

impl GrayscaleVariant {
    /// What a pixel kind does not use is set alike, so that variants are shared.
    pub fn of(request: &DrawRequest) -> Self {
        let pixel_kind = PixelKind::of(&request.frame, &request.meaning);
        let is_stored = matches!(pixel_kind, PixelKind::StoredUnsigned | PixelKind::StoredSigned);
        Self {
            pixel_kind,
            kernel: request.kernel(),
            has_modality_table: is_stored && matches!(request.meaning.modality_lut, ModalityLut::Table(_)),
            has_padding: is_stored && request.meaning.padding.is_some(),
        }
    }

    /// Values for the shader's overrides.
    pub fn constants(&self) -> Vec<(&'static str, f64)> {
        let Self { pixel_kind, kernel, has_modality_table, has_padding } = *self;
        vec![
            ("is_color", f64::from(pixel_kind == PixelKind::Color)),
            ("pixel_kind", f64::from(pixel_kind as u32)),
            ("kernel", f64::from(kernel as u32)),
            ("has_modality_table", f64::from(has_modality_table)),
            ("has_padding", f64::from(has_padding)),
        ]
    }
}

pub(crate) fn is_color(request: &DrawRequest) -> bool {
    PixelKind::of(&request.frame, &request.meaning) == PixelKind::Color
}

/// The table the picture layer reads.
pub(crate) fn modality_table(request: &DrawRequest) -> Option<&Arc<LookupTable>> {
    match &request.meaning.modality_lut {
        ModalityLut::Table(table) if GrayscaleVariant::of(request).has_modality_table => Some(table),
        _ => None,
    }
}

/// The table the composition reads.
pub(crate) fn voi_table(request: &DrawRequest) -> Option<&Arc<LookupTable>> {
    match &request.voi {
        Voi::Table(table) if VoiKind::of(request) == VoiKind::Table => Some(table),
        _ => None,
    }
}

/// Rows of 256 entries.
pub(crate) fn table_texels(table: &LookupTable) -> Texels<'_> {
    let height = u32::try_from(table.entries.len().div_ceil(256)).unwrap_or(1).max(1);
    let mut entries = table.entries.clone();
    entries.resize(height as usize * 256, 0);
    let level = Cow::Owned(bytemuck::cast_slice(&entries).to_vec());
    Texels { format: wgpu::TextureFormat::R16Uint, width: 256, height, levels: vec![level] }
}

/// Center and width as the shader's formula takes them (PS3.3 C.11.2.1.2.1: LINEAR has a half and a one less).
pub(crate) fn center_and_width(voi: &Voi) -> [f64; 2] {
    match voi {
        Voi::Window(Window { center, width, function: VoiFunction::Linear }) => [center - 0.5, width - 1.0],
        Voi::Window(Window { center, width, .. }) => [*center, *width],
        Voi::Table(_) => [0.0, 1.0],
    }
}
