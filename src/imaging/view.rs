//! Where an image lies in its viewport: zoom, pan, quarter turns and flip, and the affine maps they make.
//!
//! Screen, shader and CPU twin all take their mapping from here, so that one point has one place. Image coordinates
//! are pixel-edge coordinates (the first pixel covers 0 to 1, `x` runs with columns); viewport coordinates are physical
//! pixels from the viewport's top-left corner, also edge-based.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::domain::instance::Instance;
use crate::imaging::orientation::ViewOrientation;

/// Screen pixels per image pixel, from far away to very near.
pub const ZOOM_RANGE: RangeInclusive<f64> = 0.01..=128.0;

/// The grid an image lies on: its size and the shape of its pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageGrid {
    pub rows: u32,
    pub cols: u32,
    /// Height over width of a pixel; finite and positive.
    pub aspect: f64,
}

impl ImageGrid {
    /// An aspect that is not finite and positive counts as 1.
    pub fn new(rows: u32, cols: u32, aspect: f64) -> Self {
        let is_usable = aspect.is_finite() && aspect > 0.0;
        Self { rows, cols, aspect: if is_usable { aspect } else { 1.0 } }
    }

    pub fn of(instance: &Instance) -> Self {
        Self::new(instance.pixels.rows, instance.pixels.cols, instance.spacing.aspect)
    }
}

/// How the reader looks at an image: first flipped left to right, then turned clockwise, scaled, and moved by `pan`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Screen pixels per image column; 1 is one to one.
    pub zoom: f64,
    /// From the viewport's center to the image's center, physical pixels.
    pub pan: [f64; 2],
    /// Clockwise, 0 to 3.
    pub quarter_turns: u8,
    pub flip_h: bool,
}

impl Default for View {
    fn default() -> Self {
        Self { zoom: 1.0, pan: [0.0, 0.0], quarter_turns: 0, flip_h: false }
    }
}

impl View {
    /// The whole image, upright, as large as the viewport allows.
    pub fn fit(grid: &ImageGrid, viewport: [f64; 2]) -> Self {
        Self::default().fitted(grid, viewport)
    }

    /// The whole image, as large as the viewport allows; turns and flip stay.
    pub fn fitted(self, grid: &ImageGrid, viewport: [f64; 2]) -> Self {
        let (width, height) = (f64::from(grid.cols), f64::from(grid.rows) * grid.aspect);
        let (width, height) = if self.quarter_turns.is_multiple_of(2) { (width, height) } else { (height, width) };
        let zoom = (viewport[0] / width).min(viewport[1] / height);
        Self { zoom: clamp_zoom(zoom), pan: [0.0, 0.0], ..self }
    }

    /// Zooms by `factor`; the image point under `cursor` (viewport pixels) stays there.
    pub fn zoomed_about(self, cursor: [f64; 2], factor: f64, viewport: [f64; 2]) -> Self {
        let zoom = clamp_zoom(self.zoom * factor);
        let factor = zoom / self.zoom;
        let pan = [0, 1].map(|axis| {
            let from_center = cursor[axis] - viewport[axis] / 2.0;
            from_center - (from_center - self.pan[axis]) * factor
        });
        Self { zoom, pan, ..self }
    }

    /// To an absolute zoom about the viewport's center.
    pub fn zoomed_to(self, zoom: f64) -> Self {
        self.zoomed_about([0.0, 0.0], zoom / self.zoom, [0.0, 0.0])
    }

    /// Moved by `delta` physical pixels.
    pub fn panned(self, delta: [f64; 2]) -> Self {
        Self { pan: [self.pan[0] + delta[0], self.pan[1] + delta[1]], ..self }
    }

    /// The image point lies in the middle of the viewport.
    pub fn centered_on(self, point_in_image: [f64; 2], grid: &ImageGrid) -> Self {
        let [dx, dy] = self.linear(grid).vector(from_center(point_in_image, grid));
        Self { pan: [-dx, -dy], ..self }
    }

    /// A quarter turn clockwise about the viewport's center.
    pub fn turned_clockwise(self) -> Self {
        Self { quarter_turns: (self.quarter_turns + 1) % 4, pan: [-self.pan[1], self.pan[0]], ..self }
    }

    /// A quarter turn counterclockwise about the viewport's center.
    pub fn turned_counterclockwise(self) -> Self {
        Self { quarter_turns: (self.quarter_turns + 3) % 4, pan: [self.pan[1], -self.pan[0]], ..self }
    }

    /// Left and right change places, as seen on the screen.
    pub fn flipped_left_right(self) -> Self {
        Self {
            quarter_turns: (4 - self.quarter_turns % 4) % 4,
            flip_h: !self.flip_h,
            pan: [-self.pan[0], self.pan[1]],
            ..self
        }
    }

    /// Top and bottom change places, as seen on the screen.
    pub fn flipped_top_bottom(self) -> Self {
        Self {
            quarter_turns: (6 - self.quarter_turns % 4) % 4,
            flip_h: !self.flip_h,
            pan: [self.pan[0], -self.pan[1]],
            ..self
        }
    }

    /// For the letters at the viewport's edges.
    pub fn orientation(&self) -> ViewOrientation {
        ViewOrientation { rotation_quarter_turns: self.quarter_turns % 4, flip_h: self.flip_h }
    }

    /// The maps between this image and a viewport of `viewport` physical pixels.
    ///
    /// At whole-number zooms the image's corner is set on a whole screen pixel, so that no pixel is split.
    pub fn transform(&self, grid: &ImageGrid, viewport: [f64; 2]) -> ViewTransform {
        let linear = self.linear(grid);
        let corner = linear.vector(from_center([0.0, 0.0], grid));
        let mut origin = [0, 1].map(|axis| viewport[axis] / 2.0 + self.pan[axis] + corner[axis]);
        if self.zoom.fract() == 0.0 && (self.zoom * grid.aspect).fract() == 0.0 {
            origin = origin.map(f64::round);
        }
        let viewport_from_image = linear.translated(origin);
        ViewTransform { viewport_from_image, image_from_viewport: viewport_from_image.inverse(), viewport }
    }

    /// Scale, flip and turn, without translation.
    fn linear(&self, grid: &ImageGrid) -> Affine {
        let sx = if self.flip_h { -self.zoom } else { self.zoom };
        let sy = self.zoom * grid.aspect;
        // Clockwise with y downward: (x, y) becomes (−y, x).
        match self.quarter_turns % 4 {
            0 => Affine { x: [sx, 0.0, 0.0], y: [0.0, sy, 0.0] },
            1 => Affine { x: [0.0, -sy, 0.0], y: [sx, 0.0, 0.0] },
            2 => Affine { x: [-sx, 0.0, 0.0], y: [0.0, -sy, 0.0] },
            _ => Affine { x: [0.0, sy, 0.0], y: [-sx, 0.0, 0.0] },
        }
    }
}

/// The two maps of one view; each undoes the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewTransform {
    pub image_from_viewport: Affine,
    pub viewport_from_image: Affine,
    /// Size of the viewport the maps were made for, physical pixels.
    pub viewport: [f64; 2],
}

impl ViewTransform {
    pub fn to_image(&self, point_in_viewport: [f64; 2]) -> [f64; 2] {
        self.image_from_viewport.point(point_in_viewport)
    }

    pub fn to_viewport(&self, point_in_image: [f64; 2]) -> [f64; 2] {
        self.viewport_from_image.point(point_in_image)
    }
}

/// `x' = x[0]·px + x[1]·py + x[2]`, likewise y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    pub x: [f64; 3],
    pub y: [f64; 3],
}

impl Affine {
    pub fn point(&self, p: [f64; 2]) -> [f64; 2] {
        let [dx, dy] = self.vector(p);
        [dx + self.x[2], dy + self.y[2]]
    }

    /// Maps a direction: no translation.
    pub fn vector(&self, v: [f64; 2]) -> [f64; 2] {
        [self.x[0] * v[0] + self.x[1] * v[1], self.y[0] * v[0] + self.y[1] * v[1]]
    }

    fn translated(self, origin: [f64; 2]) -> Self {
        let Self { x: [a, b, _], y: [c, d, _] } = self;
        Self { x: [a, b, origin[0]], y: [c, d, origin[1]] }
    }

    /// The zoom is never 0, so the determinant is not either.
    fn inverse(&self) -> Self {
        let Self { x: [a, b, tx], y: [c, d, ty] } = *self;
        let determinant = a * d - b * c;
        let (ia, ib, ic, id) = (d / determinant, -b / determinant, -c / determinant, a / determinant);
        Self { x: [ia, ib, -(ia * tx + ib * ty)], y: [ic, id, -(ic * tx + id * ty)] }
    }
}

fn from_center(point_in_image: [f64; 2], grid: &ImageGrid) -> [f64; 2] {
    [point_in_image[0] - f64::from(grid.cols) / 2.0, point_in_image[1] - f64::from(grid.rows) / 2.0]
}

fn clamp_zoom(zoom: f64) -> f64 {
    if zoom.is_finite() { zoom.clamp(*ZOOM_RANGE.start(), *ZOOM_RANGE.end()) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEWPORT: [f64; 2] = [641.0, 480.0];

    fn all_orientations(view: View) -> impl Iterator<Item = View> {
        (0..8).map(move |i| View { quarter_turns: i % 4, flip_h: i >= 4, ..view })
    }

    fn is_near(a: [f64; 2], b: [f64; 2], tolerance: f64) -> bool {
        (a[0] - b[0]).abs() <= tolerance && (a[1] - b[1]).abs() <= tolerance
    }

    /// Deterministic numbers in 0 to 1.
    fn numbers(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            f64::from((state >> 40) as u32) / f64::from(1 << 24)
        }
    }

    #[test]
    fn every_point_survives_the_way_to_the_image_and_back() {
        let mut next = numbers(1);
        for _ in 0..200 {
            let grid = ImageGrid::new(1 + (next() * 4000.0) as u32, 1 + (next() * 4000.0) as u32, 0.25 + 4.0 * next());
            let pan = [next() * 900.0 - 450.0, next() * 900.0 - 450.0];
            let view = View { zoom: 0.05 + next() * 20.0, pan, ..View::default() };
            for view in all_orientations(view) {
                let transform = view.transform(&grid, VIEWPORT);
                let p = [next() * VIEWPORT[0], next() * VIEWPORT[1]];
                assert!(is_near(transform.to_viewport(transform.to_image(p)), p, 1e-8), "{view:?} {p:?}");
            }
        }
    }

    #[test]
    fn the_eight_orientations_put_the_first_pixel_where_they_say() {
        let grid = ImageGrid::new(2, 3, 1.0);
        let top_left = |turns, flip_h| {
            let view = View { zoom: 10.0, quarter_turns: turns, flip_h, ..View::default() };
            view.transform(&grid, [100.0, 100.0]).to_viewport([0.5, 0.5])
        };
        assert_eq!(top_left(0, false), [40.0, 45.0]);
        assert_eq!(top_left(1, false), [55.0, 40.0]);
        assert_eq!(top_left(2, false), [60.0, 55.0]);
        assert_eq!(top_left(3, false), [45.0, 60.0]);
        assert_eq!(top_left(0, true), [60.0, 45.0]);
        assert_eq!(top_left(1, true), [55.0, 60.0]);
        assert_eq!(top_left(2, true), [40.0, 55.0]);
        assert_eq!(top_left(3, true), [45.0, 40.0]);
    }

    #[test]
    fn zooming_about_the_cursor_keeps_its_image_point_still() {
        let grid = ImageGrid::new(512, 700, 1.3);
        let cursor = [100.25, 333.0];
        for view in all_orientations(View { zoom: 0.7, pan: [31.0, -12.5], ..View::default() }) {
            let before = view.transform(&grid, VIEWPORT).to_image(cursor);
            let after = view.zoomed_about(cursor, 1.37, VIEWPORT).transform(&grid, VIEWPORT).to_image(cursor);
            assert!(is_near(before, after, 1e-9), "{view:?}");
        }
    }

    #[test]
    fn turning_and_flipping_happen_about_the_viewports_center_as_seen_on_the_screen() {
        let grid = ImageGrid::new(300, 200, 1.0);
        let center = [VIEWPORT[0] / 2.0, VIEWPORT[1] / 2.0];
        for view in all_orientations(View { zoom: 1.7, pan: [40.0, -25.0], ..View::default() }) {
            let point = [20.0, 70.0];
            let seen = |view: View| {
                let [x, y] = view.transform(&grid, VIEWPORT).to_viewport(point);
                [x - center[0], y - center[1]]
            };
            let [x, y] = seen(view);
            assert!(is_near(seen(view.turned_clockwise()), [-y, x], 1e-9));
            assert!(is_near(seen(view.turned_counterclockwise()), [y, -x], 1e-9));
            assert!(is_near(seen(view.flipped_left_right()), [-x, y], 1e-9));
            assert!(is_near(seen(view.flipped_top_bottom()), [x, -y], 1e-9));
        }
    }

    #[test]
    fn fit_shows_the_whole_image_and_touches_the_viewport() {
        let grid = ImageGrid::new(3000, 1000, 0.5);
        for view in all_orientations(View::default()) {
            let transform = view.fitted(&grid, VIEWPORT).transform(&grid, VIEWPORT);
            let corners = [[0.0, 0.0], [1000.0, 3000.0]].map(|corner| transform.to_viewport(corner));
            let size = [(corners[0][0] - corners[1][0]).abs(), (corners[0][1] - corners[1][1]).abs()];
            let fill = (size[0] / VIEWPORT[0]).max(size[1] / VIEWPORT[1]);
            assert!((fill - 1.0).abs() < 1e-9, "{view:?}: {fill}");
        }
    }

    #[test]
    fn at_one_to_one_no_pixel_is_split() {
        let grid = ImageGrid::new(101, 200, 1.0);
        for view in all_orientations(View { pan: [3.3, 0.0], ..View::default() }) {
            let [x, y] = view.transform(&grid, VIEWPORT).to_image([0.0, 0.0]);
            assert_eq!((x.fract(), y.fract()), (0.0, 0.0));
        }
    }

    #[test]
    fn a_view_can_be_centered_on_a_finding() {
        let grid = ImageGrid::new(300, 200, 2.0);
        for view in all_orientations(View { zoom: 3.5, pan: [9.0, 9.0], ..View::default() }) {
            let transform = view.centered_on([11.0, 250.0], &grid).transform(&grid, VIEWPORT);
            assert!(is_near(transform.to_viewport([11.0, 250.0]), [VIEWPORT[0] / 2.0, VIEWPORT[1] / 2.0], 1e-9));
        }
    }
}
