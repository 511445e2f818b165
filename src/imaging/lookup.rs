//! Reading a lookup table: one rule for modality, VOI and palette tables.

use crate::domain::presentation::{LookupTable, Palette};

/// Entry for `input`, rounded to the nearest integer (half up). Input below the first mapped value takes the first
/// entry, input past the end the last (PS3.3 C.11.1.1.1, C.11.2.1.1). Not-a-number takes the first entry.
pub fn entry(table: &LookupTable, input: f64) -> u16 {
    table.entries.get(index(table.first_mapped, table.entries.len(), input)).copied().unwrap_or(0)
}

/// Red, green and blue of 16 bits for a palette index, clamped alike (PS3.3 C.7.6.3.1.5).
pub fn palette_entry(palette: &Palette, input: f64) -> [u16; 3] {
    palette.entries.get(index(palette.first_mapped, palette.entries.len(), input)).copied().unwrap_or([0; 3])
}

/// Largest value an entry of the table can have: 2^bits − 1.
pub fn max_entry(table: &LookupTable) -> f64 {
    f64::from(2_u32.pow(u32::from(table.bits.clamp(1, 16))) - 1)
}

fn index(first_mapped: i64, n_entries: usize, input: f64) -> usize {
    let offset = (input + 0.5).floor() - first_mapped as f64;
    // The cast saturates and takes NaN to 0, which is the clamping the standard asks for.
    (offset.max(0.0) as usize).min(n_entries.saturating_sub(1))
}
