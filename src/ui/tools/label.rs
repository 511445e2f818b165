//! Where a label stands: beside its shape, never over its handles, or where the reader put it, with a line back to it.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

use crate::domain::annotation::Annotation;
use crate::domain::shape::Shape;
use crate::ui::tools::lie::Lie;
use crate::ui::viewport::shown::Canvas;

/// Between a shape and its label, points.
const GAP: f32 = 12.0;
/// Kept free around a handle.
const CLEARANCE: f32 = 7.0;

pub struct LabelPlace {
    pub rect: Rect,
    /// From the shape's nearest point to the label, where they lie apart.
    pub leader: Option<[Pos2; 2]>,
}

/// `outline` holds every point of the shape's lines and handles on the screen.
pub fn place(annotation: &Annotation, lie: Lie, canvas: &Canvas, outline: &[Pos2], size: Vec2) -> LabelPlace {
    let [anchor_x, anchor_y] = annotation.shape.anchor();
    if matches!(annotation.shape, Shape::Text { .. }) {
        let start = lie.screen(canvas, [anchor_x, anchor_y]);
        return LabelPlace { rect: Rect::from_min_size(start, size), leader: None };
    }
    if let Some([dx, dy]) = annotation.label_offset {
        let center = lie.screen(canvas, [anchor_x + dx, anchor_y + dy]);
        let rect = kept_inside(Rect::from_center_size(center, size), canvas.rect);
        let nearest = outline.iter().min_by(|a, b| distance_sq(rect, **a).total_cmp(&distance_sq(rect, **b)));
        let apart = nearest.filter(|point| distance_sq(rect, **point) > GAP * GAP);
        let leader = apart.map(|point| [*point, rect.expand(3.0).clamp(*point)]);
        return LabelPlace { rect, leader };
    }
    LabelPlace { rect: beside(outline, canvas.rect, size), leader: None }
}

/// The first of right, left, below and above that fits and covers nothing of the shape; at worst the right.
fn beside(outline: &[Pos2], area: Rect, size: Vec2) -> Rect {
    let bounds =
        if outline.is_empty() { Rect::from_center_size(area.center(), Vec2::ZERO) } else { Rect::from_points(outline) };
    let middle = bounds.center();
    let places = [
        pos2(bounds.right() + GAP, middle.y - size.y / 2.0),
        pos2(bounds.left() - GAP - size.x, middle.y - size.y / 2.0),
        pos2(middle.x - size.x / 2.0, bounds.bottom() + GAP),
        pos2(middle.x - size.x / 2.0, bounds.top() - GAP - size.y),
    ];
    let rects = places.map(|corner| Rect::from_min_size(corner, size));
    let is_free = |rect: &&Rect| {
        let kept_free = rect.expand2(vec2(CLEARANCE, CLEARANCE));
        area.contains_rect(**rect) && !outline.iter().any(|point| kept_free.contains(*point))
    };
    rects.iter().find(is_free).copied().unwrap_or_else(|| kept_inside(rects[0], area))
}

fn kept_inside(rect: Rect, area: Rect) -> Rect {
    let room = (area.size() - rect.size()).max(Vec2::ZERO);
    let corner = rect.min.clamp(area.min, area.min + room);
    Rect::from_min_size(corner, rect.size())
}

fn distance_sq(rect: Rect, point: Pos2) -> f32 {
    rect.distance_sq_to_pos(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_goes_where_there_is_room_and_covers_no_point_of_the_shape() {
        let area = Rect::from_min_max(pos2(0.0, 0.0), pos2(400.0, 300.0));
        let size = vec2(80.0, 40.0);
        let right = beside(&[pos2(100.0, 100.0), pos2(150.0, 120.0)], area, size);
        assert_eq!(right.min, pos2(162.0, 90.0));
        let left = beside(&[pos2(300.0, 100.0), pos2(390.0, 120.0)], area, size);
        assert_eq!(left.max.x, 288.0);
        let below = beside(&[pos2(5.0, 100.0), pos2(390.0, 120.0)], area, size);
        assert_eq!(below.min.y, 132.0);
        let above = beside(&[pos2(5.0, 200.0), pos2(390.0, 290.0)], area, size);
        assert_eq!(above.max.y, 188.0);
        // All over the picture: inside of it at least
        assert!(area.contains_rect(beside(&[pos2(1.0, 1.0), pos2(399.0, 299.0)], area, size)));
    }
}
