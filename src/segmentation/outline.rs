//! The outlines of a mask: closed paths along pixel edges, outer borders and holes alike.

use std::collections::BTreeMap;

use crate::domain::mask::Mask;
use crate::domain::shape::Point;

/// A corner of the pixel grid: column and row of its lower right pixel.
type Corner = (u32, u32);

/// Closed paths in pixel-edge coordinates, the last point the first again; corners only, by first corner. Inside lies
/// to the right of the way.
pub fn outlines(mask: &Mask) -> Vec<Vec<Point>> {
    let mut steps = steps(mask);
    let mut paths = Vec::new();
    while let Some((start, first)) = steps.first_key_value().and_then(|(from, to)| Some((*from, *to.first()?))) {
        let mut path = vec![start];
        let (mut at, mut next) = (start, first);
        loop {
            take(&mut steps, at, next);
            path.push(next);
            if next == start {
                break;
            }
            let Some(turn) = turn_at(&steps, at, next) else { break };
            (at, next) = (next, turn);
        }
        paths.push(corners_only(&path));
    }
    paths
}

/// Every edge between inside and outside, from its first corner to its second.
fn steps(mask: &Mask) -> BTreeMap<Corner, Vec<Corner>> {
    let mut steps: BTreeMap<Corner, Vec<Corner>> = BTreeMap::new();
    let mut step = |from: Corner, to: Corner| steps.entry(from).or_default().push(to);
    let is_inside = |row: Option<u32>, col: Option<u32>| row.zip(col).is_some_and(|(row, col)| mask.contains(row, col));
    for run in mask.runs() {
        for index in run.start..run.start + run.len {
            let (row, col) = (index / mask.cols(), index % mask.cols());
            if !is_inside(row.checked_sub(1), Some(col)) {
                step((row, col), (row, col + 1));
            }
            if !is_inside(Some(row), Some(col + 1)) {
                step((row, col + 1), (row + 1, col + 1));
            }
            if !is_inside(Some(row + 1), Some(col)) {
                step((row + 1, col + 1), (row + 1, col));
            }
            if !is_inside(Some(row), col.checked_sub(1)) {
                step((row + 1, col), (row, col));
            }
        }
    }
    steps
}

fn take(steps: &mut BTreeMap<Corner, Vec<Corner>>, from: Corner, to: Corner) {
    if let Some(ways) = steps.get_mut(&from) {
        ways.retain(|way| *way != to);
        if ways.is_empty() {
            steps.remove(&from);
        }
    }
}

/// Where two pixels touch at a corner only, the way turns right: they stay two outlines.
fn turn_at(steps: &BTreeMap<Corner, Vec<Corner>>, before: Corner, at: Corner) -> Option<Corner> {
    let ways = steps.get(&at)?;
    let direction =
        |from: Corner, to: Corner| (i64::from(to.0) - i64::from(from.0), i64::from(to.1) - i64::from(from.1));
    let (down, right) = direction(before, at);
    // Rows run down: a right turn goes from (down, right) to (right, -down)
    let wanted = (right, -down);
    ways.iter().find(|way| direction(at, **way) == wanted).or_else(|| ways.first()).copied()
}

fn corners_only(path: &[Corner]) -> Vec<Point> {
    let point = |(row, col): Corner| [f64::from(col), f64::from(row)];
    let is_straight = |a: Corner, b: Corner, c: Corner| a.0 == b.0 && b.0 == c.0 || a.1 == b.1 && b.1 == c.1;
    let mut kept: Vec<Corner> = Vec::new();
    for corner in path {
        if let [.., a, b] = kept.as_slice()
            && is_straight(*a, *b, *corner)
        {
            kept.pop();
        }
        kept.push(*corner);
    }
    kept.into_iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(rows: &[&str]) -> Mask {
        let cols = rows[0].len() as u32;
        let dense: Vec<u8> = rows.concat().bytes().map(|byte| u8::from(byte == b'#')).collect();
        Mask::from_dense(rows.len() as u32, cols, &dense).unwrap()
    }

    /// Twice the area, by the shoelace formula.
    fn doubled_area(path: &[Point]) -> f64 {
        path.windows(2).map(|pair| pair[0][0] * pair[1][1] - pair[1][0] * pair[0][1]).sum::<f64>()
    }

    #[test]
    fn a_rectangle_has_four_corners_and_closes() {
        let paths = outlines(&mask(&["....", ".##.", ".##.", "...."]));
        assert_eq!(paths, [vec![[1.0, 1.0], [3.0, 1.0], [3.0, 3.0], [1.0, 3.0], [1.0, 1.0]]]);
    }

    #[test]
    fn areas_of_outlines_and_holes_add_up_to_the_mask() {
        for rows in [
            &["#####", "#...#", "#.#.#", "#...#", "#####"][..],
            &["#..#", ".##.", "#..#"],
            &["##", "##"],
            &["#.#.#", ".#.#.", "#.#.#"],
        ] {
            let mask = mask(rows);
            let paths = outlines(&mask);
            let sum: f64 = paths.iter().map(|path| doubled_area(path)).sum();
            assert_eq!(sum / 2.0, mask.n_pixels() as f64, "{rows:?}");
            assert!(paths.iter().all(|path| path.first() == path.last() && path.len() >= 5));
        }
        // Pixels that touch at a corner only stay apart
        assert_eq!(outlines(&self::mask(&["#.", ".#"])).len(), 2);
    }
}
