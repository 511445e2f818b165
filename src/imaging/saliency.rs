//! A saliency map read at source pixels.

use crate::domain::saliency::SaliencyMap;

/// The map at a point of the source image (pixel-centre coordinates), bilinear, 0 to 1.
///
/// Up to half a pixel beyond the map's outer centres the edge value holds; further out is 0: the network saw nothing
/// there.
pub fn saliency_at(map: &SaliencyMap, source_x: f64, source_y: f64) -> f32 {
    saliency_and_slope_at(map, source_x, source_y).0
}

/// [`saliency_at`], and how much the map rises per source pixel along x and y: the slope of the bilinear patch.
pub fn saliency_and_slope_at(map: &SaliencyMap, source_x: f64, source_y: f64) -> (f32, [f32; 2]) {
    let place = map.facts().map_from_source;
    let x = place.scale_x * source_x + place.offset_x;
    let y = place.scale_y * source_y + place.offset_y;
    let (Some(along_x), Some(along_y)) = (neighbors(x, map.cols()), neighbors(y, map.rows())) else {
        return (0.0, [0.0; 2]);
    };
    let value = |row: usize, col: usize| map.values().get(row * map.cols() as usize + col).copied().unwrap_or(0.0);
    let (x0, x1, share_x) = along_x;
    let (y0, y1, share_y) = along_y;
    let [a, b, c, d] = [value(y0, x0), value(y0, x1), value(y1, x0), value(y1, x1)];
    let top = a * (1.0 - share_x) + b * share_x;
    let bottom = c * (1.0 - share_x) + d * share_x;
    let slope_x = (b - a) * (1.0 - share_y) + (d - c) * share_y;
    let slope = [slope_x * place.scale_x as f32, (bottom - top) * place.scale_y as f32];
    (top * (1.0 - share_y) + bottom * share_y, slope)
}

/// The map at every source pixel, row-major `source_rows` × `source_cols`.
pub fn saliency_on_source_grid(map: &SaliencyMap) -> Vec<f32> {
    let facts = map.facts();
    let mut values = Vec::with_capacity(facts.source_rows as usize * facts.source_cols as usize);
    for row in 0..facts.source_rows {
        for col in 0..facts.source_cols {
            values.push(saliency_at(map, f64::from(col), f64::from(row)));
        }
    }
    values
}

/// Two neighboring grid indices and the share of the second; `None` off the map.
fn neighbors(at: f64, n: u32) -> Option<(usize, usize, f32)> {
    let last = f64::from(n) - 1.0;
    if !(-0.5..=last + 0.5).contains(&at) {
        return None;
    }
    let clamped = at.clamp(0.0, last);
    let first = clamped.floor();
    Some((first as usize, (first + 1.0).min(last) as usize, (clamped - first) as f32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::saliency::{MapFromSource, SaliencyFacts};

    fn map(map_from_source: MapFromSource) -> SaliencyMap {
        let facts = SaliencyFacts {
            method: "grad-cam".into(),
            layer: "features.norm5".into(),
            raw_peak: 1.0,
            map_from_source,
            source_rows: 4,
            source_cols: 4,
        };
        SaliencyMap::new(2, 2, vec![0.0, 1.0, 0.5, 0.25], facts).unwrap()
    }

    #[test]
    fn the_map_is_bilinear_between_its_centres_and_holds_its_edge() {
        // Twice as fine: source centre 0.5 + 2i lies on map centre i.
        let place = MapFromSource { scale_x: 0.5, offset_x: -0.25, scale_y: 0.5, offset_y: -0.25 };
        let map = map(place);
        assert_eq!(saliency_at(&map, 0.5, 0.5), 0.0);
        assert_eq!(saliency_at(&map, 2.5, 0.5), 1.0);
        assert_eq!(saliency_at(&map, 1.5, 0.5), 0.5);
        assert_eq!(saliency_at(&map, 1.5, 1.5), 0.4375);
        assert_eq!(saliency_at(&map, 3.0, 0.0), 1.0);
        assert_eq!(saliency_at(&map, 4.0, 0.0), 0.0);
        let grid = saliency_on_source_grid(&map);
        assert_eq!(grid.len(), 16);
        assert_eq!(grid[3], 1.0);
        assert_eq!(grid[1], 0.25);
    }
}
