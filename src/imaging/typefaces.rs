//! The bundled typefaces: letters that an alphabet's own font lacks are drawn from the next, on screen and on paper.

/// Latin, Greek, Cyrillic, Hebrew, Arabic and signs.
pub const DEJAVU_SANS: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans.ttf");
pub const NOTO_SANS_THAI: &[u8] = include_bytes!("../../assets/fonts/NotoSansThai-Regular.ttf");
/// Han, kana and what goes with them.
pub const DROID_SANS_FALLBACK: &[u8] = include_bytes!("../../assets/fonts/DroidSansFallbackFull.ttf");
/// Hangul.
pub const NANUM_GOTHIC: &[u8] = include_bytes!("../../assets/fonts/NanumGothic.ttf");
