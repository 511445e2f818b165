//! Which side of the patient lies at which edge of the picture, after any rotation and flip.

use crate::domain::geometry::{ImagePlane, Vec3};
use crate::domain::instance::Instance;

/// How the reader turned the picture: mirrored left to right first if `flip_h`, then rotated clockwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ViewOrientation {
    /// Clockwise; counts modulo 4.
    pub rotation_quarter_turns: u8,
    pub flip_h: bool,
}

impl ViewOrientation {
    /// The eight ways a picture can lie.
    pub const ALL: [Self; 8] = {
        let mut all = [Self { rotation_quarter_turns: 0, flip_h: false }; 8];
        let mut i = 0;
        while i < 8 {
            all[i] = Self { rotation_quarter_turns: (i % 4) as u8, flip_h: i >= 4 };
            i += 1;
        }
        all
    };

    /// Image direction (x right, y down) → viewport direction: `[[a, b], [c, d]]` with
    /// `x_viewport = a·x + b·y`, `y_viewport = c·x + d·y`. Orthogonal, so its transpose is the way back.
    pub fn viewport_from_image(self) -> [[i8; 2]; 2] {
        let mirror = if self.flip_h { -1 } else { 1 };
        match self.rotation_quarter_turns % 4 {
            0 => [[mirror, 0], [0, 1]],
            1 => [[0, -1], [mirror, 0]],
            2 => [[-mirror, 0], [0, -1]],
            _ => [[0, 1], [-mirror, 0]],
        }
    }

    /// A quarter turn clockwise, as the reader sees it.
    #[must_use]
    pub fn rotated(self) -> Self {
        Self { rotation_quarter_turns: (self.rotation_quarter_turns + 1) % 4, ..self }
    }

    /// Mirrored left to right, as the reader sees it.
    #[must_use]
    pub fn flipped_h(self) -> Self {
        // Mirroring after a rotation is mirroring before the opposite rotation.
        Self { rotation_quarter_turns: (4 - self.rotation_quarter_turns % 4) % 4, flip_h: !self.flip_h }
    }

    /// Mirrored top to bottom, as the reader sees it.
    #[must_use]
    pub fn flipped_v(self) -> Self {
        self.flipped_h().rotated().rotated()
    }
}

/// The letters at the four edges, such as `R`, `L`, `A`, `P`, compound as `AL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeLetters {
    pub left: String,
    pub right: String,
    pub top: String,
    pub bottom: String,
}

/// The letters of a frame: from its plane, else from Patient Orientation. `None` when the file says neither; they are
/// never made up.
pub fn letters(instance: &Instance, frame_idx: u32, view: &ViewOrientation) -> Option<EdgeLetters> {
    match instance.frame(frame_idx).and_then(|attrs| attrs.plane.as_ref()) {
        Some(plane) => letters_of_plane(plane, view),
        None => letters_of_projection(instance.patient_orientation.as_ref()?, view),
    }
}

/// From Image Orientation (Patient).
pub fn letters_of_plane(plane: &ImagePlane, view: &ViewOrientation) -> Option<EdgeLetters> {
    let ImagePlane { row_dir, col_dir, .. } = *plane;
    edges(&toward(row_dir), &toward(col_dir), view)
}

/// From Patient Orientation (0020,0020): the direction of the rows, then of the columns.
pub fn letters_of_projection(patient_orientation: &[String; 2], view: &ViewOrientation) -> Option<EdgeLetters> {
    let [along_row, along_col] = patient_orientation;
    edges(along_row, along_col, view)
}

/// Letters of the side a direction points to, by decreasing magnitude; components up to 1e-4 do not count.
fn toward(direction: Vec3) -> String {
    const NEGLIGIBLE: f64 = 1e-4;
    let mut parts: Vec<(f64, char)> = direction
        .0
        .into_iter()
        .zip([('L', 'R'), ('P', 'A'), ('H', 'F')])
        .filter(|(component, _)| component.abs() > NEGLIGIBLE)
        .map(|(component, (positive, negative))| (component.abs(), if component > 0.0 { positive } else { negative }))
        .collect();
    // Stable, so that equal components keep the order x, y, z.
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    parts.into_iter().map(|(_, letter)| letter).collect()
}

/// `None` when either direction is empty or is no biped direction (PS3.3 C.7.6.1.1.1).
fn edges(along_row: &str, along_col: &str, view: &ViewOrientation) -> Option<EdgeLetters> {
    let (image_left, image_top) = (opposite(along_row)?, opposite(along_col)?);
    // The viewport direction of each axis, expressed in image directions, is a column of the transpose.
    let [[a, b], [c, d]] = view.viewport_from_image();
    let side = |x: i8, y: i8| match (x, y) {
        (1, 0) => along_row.to_owned(),
        (-1, 0) => image_left.clone(),
        (0, 1) => along_col.to_owned(),
        _ => image_top.clone(),
    };
    Some(EdgeLetters { left: side(-a, -b), right: side(a, b), top: side(-c, -d), bottom: side(c, d) })
}

fn opposite(letters: &str) -> Option<String> {
    let flipped = letters.chars().map(|letter| match letter {
        'L' => Some('R'),
        'R' => Some('L'),
        'P' => Some('A'),
        'A' => Some('P'),
        'H' => Some('F'),
        'F' => Some('H'),
        _ => None,
    });
    flipped.collect::<Option<String>>().filter(|letters| !letters.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(row_dir: [f64; 3], col_dir: [f64; 3]) -> ImagePlane {
        ImagePlane { position_mm: Vec3([0.0; 3]), row_dir: Vec3(row_dir), col_dir: Vec3(col_dir) }
    }

    fn check(letters: Option<EdgeLetters>, [left, right, top, bottom]: [&str; 4]) {
        let EdgeLetters { left: l, right: r, top: t, bottom: b } = letters.unwrap();
        assert_eq!([l.as_str(), r.as_str(), t.as_str(), b.as_str()], [left, right, top, bottom]);
    }

    #[test]
    fn the_three_main_planes_read_as_in_a_textbook() {
        let upright = ViewOrientation::default();
        let axial = plane([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
        check(letters_of_plane(&axial, &upright), ["R", "L", "A", "P"]);
        let coronal = plane([1.0, 0.0, 0.0], [0.0, 0.0, -1.0]);
        check(letters_of_plane(&coronal, &upright), ["R", "L", "H", "F"]);
        let sagittal = plane([0.0, 1.0, 0.0], [0.0, 0.0, -1.0]);
        check(letters_of_plane(&sagittal, &upright), ["A", "P", "H", "F"]);
    }

    #[test]
    fn turning_and_mirroring_carry_the_letters_along() {
        let axial = plane([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
        let turned = ViewOrientation { rotation_quarter_turns: 1, flip_h: false };
        // Clockwise: the top goes right, the left goes up.
        check(letters_of_plane(&axial, &turned), ["P", "A", "R", "L"]);
        let mirrored = ViewOrientation { rotation_quarter_turns: 0, flip_h: true };
        check(letters_of_plane(&axial, &mirrored), ["L", "R", "A", "P"]);
        check(letters_of_plane(&axial, &turned.flipped_h()), ["A", "P", "R", "L"]);
        check(letters_of_plane(&axial, &ViewOrientation::default().flipped_v()), ["R", "L", "P", "A"]);
        check(letters_of_projection(&["L".into(), "F".into()], &mirrored), ["L", "R", "H", "F"]);
    }

    #[test]
    fn compound_letters_go_by_decreasing_magnitude_and_tiny_parts_are_dropped() {
        let oblique = plane([0.8, 0.6, 0.0], [-0.6, 0.8, 0.00009]);
        check(letters_of_plane(&oblique, &ViewOrientation::default()), ["RA", "LP", "AL", "PR"]);
    }

    #[test]
    fn a_file_without_directions_gets_no_letters() {
        let upright = ViewOrientation::default();
        assert_eq!(letters_of_projection(&[String::new(), "F".into()], &upright), None);
        assert_eq!(letters_of_projection(&["X".into(), "F".into()], &upright), None);
        assert_eq!(letters_of_plane(&plane([0.0; 3], [0.0, 1.0, 0.0]), &upright), None);
    }

    /// What a rotated and flipped 3 × 3 pixel block shows must agree with the letters, for random planes.
    #[test]
    fn letters_agree_with_moved_pixels_for_all_eight_ways_and_random_planes() {
        let mut seed = 1_u64;
        for _ in 0..200 {
            let plane = random_plane(&mut seed);
            let upright = letters_of_plane(&plane, &ViewOrientation::default()).unwrap();
            for view in ViewOrientation::ALL {
                // Edge names as a tiny picture: row 0 holds the top, and so on.
                let mut picture = [
                    ["", upright.top.as_str(), ""],
                    [upright.left.as_str(), "", upright.right.as_str()],
                    ["", upright.bottom.as_str(), ""],
                ];
                if view.flip_h {
                    picture.iter_mut().for_each(|row| row.reverse());
                }
                for _ in 0..view.rotation_quarter_turns {
                    let before = picture;
                    for (y, row) in picture.iter_mut().enumerate() {
                        for (x, cell) in row.iter_mut().enumerate() {
                            *cell = before[2 - x][y];
                        }
                    }
                }
                let expected = [picture[1][0], picture[1][2], picture[0][1], picture[2][1]];
                check(letters_of_plane(&plane, &view), expected);
            }
        }
    }

    #[test]
    fn what_the_reader_turns_is_what_the_matrix_turns() {
        let product = |[[a, b], [c, d]]: [[i8; 2]; 2], [[e, f], [g, h]]: [[i8; 2]; 2]| {
            [[a * e + b * g, a * f + b * h], [c * e + d * g, c * f + d * h]]
        };
        for view in ViewOrientation::ALL {
            let matrix = view.viewport_from_image();
            assert_eq!(view.rotated().viewport_from_image(), product([[0, -1], [1, 0]], matrix));
            assert_eq!(view.flipped_h().viewport_from_image(), product([[-1, 0], [0, 1]], matrix));
            assert_eq!(view.flipped_v().viewport_from_image(), product([[1, 0], [0, -1]], matrix));
        }
    }

    fn random_plane(seed: &mut u64) -> ImagePlane {
        let mut random = || {
            *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (*seed >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0
        };
        let mut vector = || Vec3([random(), random(), random()]);
        let row = vector();
        let row = row.scaled(1.0 / row.length());
        let other = vector();
        let col = other.minus(row.scaled(other.dot(row)));
        let col = col.scaled(1.0 / col.length());
        plane(row.0, col.0)
    }
}
