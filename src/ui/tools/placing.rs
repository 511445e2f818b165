//! Placing: presses and releases become points, by dragging, by clicking, or by turns.
//!
//! A press sets a point. A release away from its press sets the next. So one machine serves drag from end to end, click
//! and click, and a first arm dragged with the second clicked.

use egui::Pos2;

use crate::domain::annotation::Ground;
use crate::domain::shape::Point;
use crate::ui::tools::Tool;

/// A release nearer to its press than this is a click, points.
pub const CLICK_REACH: f32 = 4.0;
/// A click this near to the first corner closes an outline, points.
const CLOSING_REACH: f32 = 9.0;
/// An outline drawn by hand gets a corner each so many points.
const OUTLINE_STEP: f32 = 2.5;

/// A shape being drawn.
#[derive(Clone, Debug)]
pub struct Draft {
    pub tool: Tool,
    /// Where it is drawn.
    pub pane: usize,
    pub ground: Ground,
    points: Vec<Point>,
    /// Where the pointer is: the point that would be set now.
    cursor: Point,
    pressed_at: Option<Pos2>,
    first_at: Pos2,
    last_at: Pos2,
    /// The button has been dragged since it went down.
    is_dragged: bool,
}

/// What the pointer came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Placed {
    Going,
    /// All points, in order.
    Done(Vec<Point>),
}

impl Draft {
    /// By a press.
    pub fn start(tool: Tool, (pane, ground): (usize, Ground), at: Pos2, point: Point) -> Self {
        Self {
            tool,
            pane,
            ground,
            points: vec![point],
            cursor: point,
            pressed_at: Some(at),
            first_at: at,
            last_at: at,
            is_dragged: false,
        }
    }

    /// The points so far, with the one under the pointer.
    pub fn preview(&self) -> Vec<Point> {
        let mut points = self.points.clone();
        if self.points.last() != Some(&self.cursor) && self.tool.n_points().is_none_or(|n| points.len() < n) {
            points.push(self.cursor);
        }
        points
    }

    /// For tools that are done with their first press.
    pub fn after_start(self) -> (Self, Placed) {
        let end = self.end();
        (self, end)
    }

    pub fn pressed(&mut self, at: Pos2, point: Point) -> Placed {
        self.cursor = point;
        if self.tool.n_points().is_none() && self.points.len() >= 3 && at.distance(self.first_at) < CLOSING_REACH {
            return Placed::Done(self.points.clone());
        }
        self.pressed_at = Some(at);
        self.is_dragged = false;
        self.push(at, point);
        self.end()
    }

    pub fn moved(&mut self, at: Pos2, point: Point) {
        self.cursor = point;
        let Some(pressed_at) = self.pressed_at else { return };
        self.is_dragged |= at.distance(pressed_at) >= CLICK_REACH;
        if self.tool.n_points().is_none() && self.is_dragged && at.distance(self.last_at) >= OUTLINE_STEP {
            self.push(at, point);
        }
    }

    pub fn released(&mut self, at: Pos2, point: Point) -> Placed {
        self.moved(at, point);
        let Some(pressed_at) = self.pressed_at.take() else { return Placed::Going };
        let is_drag = at.distance(pressed_at) >= CLICK_REACH;
        match self.tool.n_points() {
            // Drawn around by hand: closed when let go
            None if self.is_dragged && self.points.len() >= 3 => Placed::Done(self.points.clone()),
            None => Placed::Going,
            Some(_) if is_drag => {
                self.push(at, point);
                self.end()
            }
            Some(_) => Placed::Going,
        }
    }

    /// What the next point would be, without a pointer.
    pub fn pointed(&mut self, point: Point) {
        self.cursor = point;
    }

    /// Whether an outline's last corner is set again.
    pub fn is_set_twice(&self, point: Point) -> bool {
        self.tool.n_points().is_none() && self.points.len() >= 3 && self.points.last() == Some(&point)
    }

    /// A double-click or Enter: an outline of corners is closed where it is.
    pub fn closed(&self) -> Placed {
        let mut points = self.points.clone();
        // The second press of a double-click set the same corner again
        points.dedup();
        let is_outline = self.tool.n_points().is_none() && points.len() >= 3;
        if is_outline { Placed::Done(points) } else { Placed::Going }
    }

    fn push(&mut self, at: Pos2, point: Point) {
        self.last_at = at;
        if self.points.last() != Some(&point) {
            self.points.push(point);
        }
    }

    fn end(&self) -> Placed {
        if self.tool.n_points() == Some(self.points.len()) { Placed::Done(self.points.clone()) } else { Placed::Going }
    }
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;
    use crate::domain::finding::Subject;
    use crate::domain::uid::{SeriesUid, SopInstanceUid, StudyUid};

    const A: (f32, f32) = (10.0, 10.0);
    const B: (f32, f32) = (60.0, 20.0);
    const C: (f32, f32) = (70.0, 80.0);
    const D: (f32, f32) = (15.0, 90.0);

    enum Act {
        Press((f32, f32)),
        Move((f32, f32)),
        Release((f32, f32)),
        Close,
    }

    use Act::{Close, Move, Press, Release};

    fn ground() -> Ground {
        let (study, series) = (StudyUid::new("1"), SeriesUid::new("1.1"));
        Ground::Image { subject: Subject { study, series, sop: SopInstanceUid::new("1.1.1"), frame: 0 }, plane: None }
    }

    fn point((x, y): (f32, f32)) -> Point {
        [f64::from(x), f64::from(y)]
    }

    /// What the acts draw; `None` while it goes on.
    fn draws(tool: Tool, acts: &[Act]) -> Option<Vec<Point>> {
        let [Press(first), rest @ ..] = acts else { panic!("begins with a press") };
        let at = |(x, y): (f32, f32)| pos2(x, y);
        let (mut draft, mut placed) = Draft::start(tool, (0, ground()), at(*first), point(*first)).after_start();
        for act in rest {
            assert_eq!(placed, Placed::Going, "went on after it was done");
            placed = match act {
                Press(p) => draft.pressed(at(*p), point(*p)),
                Move(p) => {
                    draft.moved(at(*p), point(*p));
                    Placed::Going
                }
                Release(p) => draft.released(at(*p), point(*p)),
                Close => draft.closed(),
            };
        }
        match placed {
            Placed::Done(points) => Some(points),
            Placed::Going => None,
        }
    }

    #[test]
    fn a_line_is_dragged_or_clicked_and_clicked() {
        let line = Some(vec![point(A), point(B)]);
        assert_eq!(draws(Tool::Length, &[Press(A), Move(B), Release(B)]), line);
        assert_eq!(draws(Tool::Length, &[Press(A), Release(A), Move(C), Press(B)]), line);
        // A hand that shakes clicks all the same
        assert_eq!(draws(Tool::Length, &[Press(A), Move((11.0, 11.0)), Release((11.0, 11.0)), Press(B)]), line);
        assert_eq!(draws(Tool::Length, &[Press(A), Release(A), Press(A)]), None, "no length, no line");
        assert_eq!(draws(Tool::Probe, &[Press(A)]), Some(vec![point(A)]));
    }

    #[test]
    fn an_angle_is_dragged_and_clicked_or_clicked_three_times() {
        let angle = Some(vec![point(A), point(B), point(C)]);
        assert_eq!(draws(Tool::Angle, &[Press(A), Move(B), Release(B), Move(C), Press(C)]), angle);
        let clicks = [Press(A), Release(A), Press(B), Release(B), Press(C)];
        assert_eq!(draws(Tool::Angle, &clicks), angle);
    }

    #[test]
    fn two_lines_are_dragged_each_or_clicked_four_times() {
        let both = Some(vec![point(A), point(B), point(C), point(D)]);
        assert_eq!(draws(Tool::Cobb, &[Press(A), Release(B), Move(C), Press(C), Release(D)]), both);
        let clicks = [Press(A), Release(A), Press(B), Release(B), Press(C), Release(C), Press(D)];
        assert_eq!(draws(Tool::Cobb, &clicks), both);
    }

    #[test]
    fn an_outline_is_drawn_around_or_clicked_and_closed() {
        let drawn = draws(Tool::Freehand, &[Press(A), Move(B), Move(C), Release(D)]);
        assert_eq!(drawn, Some(vec![point(A), point(B), point(C), point(D)]));
        let corners = [Press(A), Release(A), Press(B), Release(B), Press(C), Release(C)];
        let near_first = (A.0 + 3.0, A.1);
        let closing = |last: Act| corners.iter().map(copied).chain([last]).collect::<Vec<_>>();
        let triangle = Some(vec![point(A), point(B), point(C)]);
        assert_eq!(draws(Tool::Freehand, &closing(Press(near_first))), triangle);
        assert_eq!(draws(Tool::Freehand, &closing(Close)), triangle);
        assert_eq!(draws(Tool::Freehand, &[Press(A), Release(A), Press(B), Close]), None);
    }

    fn copied(act: &Act) -> Act {
        match act {
            Press(p) => Press(*p),
            Move(p) => Move(*p),
            Release(p) => Release(*p),
            Close => Close,
        }
    }
}
