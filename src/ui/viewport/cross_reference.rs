//! Where the active pane's plane cuts the others, as lines.

use egui::{Painter, Stroke};

use crate::domain::geometry::{PixelPlane, Vec3};
use crate::domain::uid::StudyUid;
use crate::ui::context::UiContext;
use crate::ui::theme::{faded, theme};
use crate::ui::view_state::ViewState;
use crate::ui::viewport::shown::{Canvas, Shown};

/// Draws the line of the active pane's image on this one, where both lie in one frame of reference and cross.
pub fn lines_ui(
    painter: &Painter,
    context: &UiContext<'_>,
    view: &mut ViewState,
    open: &StudyUid,
    canvas: &Canvas,
    shown: &Shown<'_>,
) {
    let stage = &view.look_mut(open).stage;
    let active = stage.active;
    if !stage.links.lines || stage.is_single() || active == shown.pane {
        return;
    }
    let source = Shown::of_pane(context, view.looks.get(open), active, &mut view.transient);
    let Some(source) = source else { return };
    let shares_space = source.series.frame_of_reference.is_some()
        && source.series.frame_of_reference == shown.series.frame_of_reference
        && source.study.uid == shown.study.uid;
    let (Some(from), Some(onto)) = (source.plane.filter(|_| shares_space), shown.plane) else { return };
    let grid = source.grid();
    let size = [f64::from(grid.cols), f64::from(grid.rows)];
    let Some(ends) = crossing(&from, size, &onto) else { return };
    // Pixel-center to pixel-edge coordinates.
    let [a, b] = ends.map(|[col, row]| canvas.screen_point([col + 0.5, row + 0.5]));
    painter.line_segment([a, b], Stroke::new(2.6, faded(theme().text.outline, 0.5)));
    painter.line_segment([a, b], Stroke::new(1.2, theme().marks.reference));
}

/// The line in which a picture of `size` (columns, rows) meets a plane, as two points of that plane in its pixel-center
/// coordinates; `None` where they are parallel or do not meet.
pub fn crossing(picture: &PixelPlane, size: [f64; 2], onto: &PixelPlane) -> Option<[[f64; 2]; 2]> {
    if picture.is_parallel_to(onto) {
        return None;
    }
    let (right, bottom) = (size[0] - 0.5, size[1] - 0.5);
    let corners = [[-0.5, -0.5], [right, -0.5], [right, bottom], [-0.5, bottom]].map(|corner| picture.point_mm(corner));
    let mut ends = Vec::with_capacity(2);
    for (index, &a) in corners.iter().enumerate() {
        let b = corners[(index + 1) % 4];
        if let Some(point) = met(a, b, onto) {
            ends.push(onto.pixel(point));
        }
    }
    let (first, last) = (*ends.first()?, *ends.last()?);
    (ends.len() >= 2 && first != last).then_some([first, last])
}

/// Where the way from `a` to `b` meets the plane.
fn met(a: Vec3, b: Vec3, plane: &PixelPlane) -> Option<Vec3> {
    let (of_a, of_b) = (plane.distance_mm(a), plane.distance_mm(b));
    if (of_a < 0.0) == (of_b < 0.0) {
        return None;
    }
    Some(a.plus(b.minus(a).scaled(of_a / (of_a - of_b))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(origin: [f64; 3], col: [f64; 3], row: [f64; 3]) -> PixelPlane {
        PixelPlane { origin_mm: Vec3(origin), col_step_mm: Vec3(col), row_step_mm: Vec3(row) }
    }

    #[test]
    fn an_axial_slice_is_a_level_line_across_the_coronal_picture() {
        let axial = plane([-100.0, -80.0, 30.0], [0.5, 0.0, 0.0], [0.0, 0.5, 0.0]);
        let coronal = plane([-100.0, 0.0, 130.0], [0.5, 0.0, 0.0], [0.0, 0.0, -2.0]);
        let [a, b] = crossing(&axial, [400.0, 320.0], &coronal).unwrap();
        assert!((a[1] - 50.0).abs() < 1e-9 && (b[1] - 50.0).abs() < 1e-9, "30 mm lies 100 mm below the first row");
        assert!((a[0] - b[0]).abs() > 399.0);
        assert_eq!(crossing(&axial, [400.0, 320.0], &axial), None);
        let far = plane([-100.0, 500.0, 130.0], [0.5, 0.0, 0.0], [0.0, 0.0, -2.0]);
        assert_eq!(crossing(&axial, [400.0, 320.0], &far), None);
    }
}
