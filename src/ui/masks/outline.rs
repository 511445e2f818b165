//! The model's mask as a ghost: its outline on a picture, made once a picture and mask.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::shape::Point;
use crate::imaging::volume_space::VolumeSpace;
use crate::segmentation::grid::{Span, VoxelGrid};
use crate::segmentation::polygon::PicturePose;
use crate::segmentation::voxel_mask::VoxelMask;
use crate::ui::masks::tiles::voxel_at;

/// Edges between pixels inside and outside, joined to lines; pixel-edge coordinates.
pub type Outline = Arc<Vec<Vec<Point>>>;

/// Outlines by pane and segment.
#[derive(Default)]
pub struct Ghosts {
    made: BTreeMap<(usize, usize), (PicturePose, u64, Outline)>,
}

impl Ghosts {
    /// The outline of a mask on a picture of its stack, or on a plane through it.
    pub fn of(
        &mut self,
        pane: usize,
        segment: usize,
        pose: &PicturePose,
        space: Option<&VolumeSpace>,
        mask: &VoxelMask,
    ) -> Outline {
        let version = match pose.slice() {
            Some(slice) => mask.version(slice),
            None => (0..mask.grid().slices).map(|slice| mask.version(slice)).fold(0, u64::wrapping_add),
        };
        if let Some((_, _, outline)) =
            self.made.get(&(pane, segment)).filter(|(of, known, _)| of == pose && *known == version)
        {
            return Arc::clone(outline);
        }
        let outline = Arc::new(match pose.slice() {
            Some(slice) => outline_of(mask, slice),
            None => outline_of(&on_plane(mask, pose, space), 0),
        });
        self.made.insert((pane, segment), (*pose, version, Arc::clone(&outline)));
        outline
    }

    pub fn clear(&mut self) {
        self.made.clear();
    }
}

/// What a plane cuts of a mask, as a picture of its own.
fn on_plane(mask: &VoxelMask, pose: &PicturePose, space: Option<&VolumeSpace>) -> VoxelMask {
    let grid = VoxelGrid::flat(pose.cols, pose.rows, [1.0, 1.0]);
    let mut cut = VoxelMask::empty(grid);
    let is_inside = |col: u32, row: u32| {
        let at = pose.voxel([f64::from(col), f64::from(row)]);
        voxel_at(mask.grid(), space, at).is_some_and(|voxel| mask.contains(voxel))
    };
    for row in 0..pose.rows {
        let mut open = None;
        for col in 0..=pose.cols {
            match (open, col < pose.cols && is_inside(col, row)) {
                (None, true) => open = Some(col),
                (Some(from), false) => {
                    cut.fill(&Span { slice: 0, row, from, to: col });
                    open = None;
                }
                _ => {}
            }
        }
    }
    cut
}

/// Walks along the edges with the inside on the right hand.
fn outline_of(mask: &VoxelMask, slice: u32) -> Vec<Vec<Point>> {
    let grid = mask.grid();
    if mask.plane(slice).is_none() {
        return Vec::new();
    }
    let inside = |x: i64, y: i64| x >= 0 && y >= 0 && mask.contains([x as u32, y as u32, slice]);
    // Corner to corner, by the corner each edge begins at
    let mut edges: BTreeMap<(i64, i64), Vec<(i64, i64)>> = BTreeMap::new();
    let mut add = |from, to| edges.entry(from).or_default().push(to);
    for y in 0..i64::from(grid.rows) {
        for (from, to) in crate::segmentation::voxel_mask::runs_of(mask.row(slice, y as u32)) {
            let (from, to) = (i64::from(from), i64::from(to));
            add((from, y + 1), (from, y));
            add((to, y), (to, y + 1));
            for x in from..to {
                if !inside(x, y - 1) {
                    add((x, y), (x + 1, y));
                }
                if !inside(x, y + 1) {
                    add((x + 1, y + 1), (x, y + 1));
                }
            }
        }
    }
    let mut lines = Vec::new();
    while let Some((start, _)) = edges.first_key_value().map(|(from, to)| (*from, to.len())) {
        let mut line = vec![start];
        let mut at = start;
        while let Some(mut ways) = edges.remove(&at) {
            let Some(next) = ways.pop() else { break };
            if !ways.is_empty() {
                edges.insert(at, ways);
            }
            // Straight on is one line
            let is_straight = line.len() >= 2 && {
                let (a, b) = (line[line.len() - 2], line[line.len() - 1]);
                (b.0 - a.0) * (next.1 - b.1) == (b.1 - a.1) * (next.0 - b.0)
            };
            if is_straight {
                line.pop();
            }
            line.push(next);
            at = next;
        }
        lines.push(line.into_iter().map(|(x, y)| [x as f64, y as f64]).collect());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_has_four_corners_and_a_ring_two_outlines() {
        let grid = VoxelGrid::flat(20, 20, [1.0, 1.0]);
        let square: Vec<Span> = (5..10).map(|row| Span { slice: 0, row, from: 4, to: 9 }).collect();
        let mask = VoxelMask::from_spans(grid, &square);
        let lines = outline_of(&mask, 0);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].first(), lines[0].last());
        assert!(lines[0].len() <= 6, "{:?}", lines[0]);
        let mut ring = mask;
        ring.clear(&Span { slice: 0, row: 7, from: 6, to: 7 });
        assert_eq!(outline_of(&ring, 0).len(), 2);
    }
}
