//! Connected components of a mask, on its runs.

use crate::domain::mask::{Mask, Run};

/// The largest 8-connected component; of equals, the first in row-major order. An empty mask stays empty.
pub fn largest_component(mask: &Mask) -> Mask {
    let components = components(mask);
    let mut largest: Option<&Mask> = None;
    for component in &components {
        if largest.is_none_or(|best| component.n_pixels() > best.n_pixels()) {
            largest = Some(component);
        }
    }
    largest.unwrap_or(mask).clone()
}

/// Every 8-connected component, ordered by its first pixel.
pub fn components(mask: &Mask) -> Vec<Mask> {
    let pieces = runs_within_rows(mask);
    let mut parents: Vec<usize> = (0..pieces.len()).collect();
    join_neighbors(&pieces, mask.cols(), &mut parents);
    let mut runs_of: Vec<Vec<Run>> = vec![Vec::new(); pieces.len()];
    for (i, piece) in pieces.iter().enumerate() {
        if let Some(runs) = runs_of.get_mut(root(&parents, i)) {
            append(runs, *piece);
        }
    }
    // The root is the first piece of its component, so the order is that of the first pixels.
    runs_of
        .into_iter()
        .filter(|runs| !runs.is_empty())
        .filter_map(|runs| Mask::from_runs(mask.rows(), mask.cols(), runs).ok())
        .collect()
}

/// A mask's run may go on over the end of a row; these never do.
fn runs_within_rows(mask: &Mask) -> Vec<Run> {
    let mut pieces = Vec::new();
    for run in mask.runs() {
        let (mut start, end) = (run.start, run.start + run.len);
        while start < end {
            let row_end = (start / mask.cols() + 1) * mask.cols();
            let piece_end = end.min(row_end);
            pieces.push(Run { start, len: piece_end - start });
            start = piece_end;
        }
    }
    pieces
}

fn join_neighbors(pieces: &[Run], cols: u32, parents: &mut [usize]) {
    let mut above = 0;
    for (i, piece) in pieces.iter().enumerate() {
        let (row, first) = (piece.start / cols, piece.start % cols);
        let last = first + piece.len - 1;
        // `above` only moves forward: pieces before it end left of every later piece's reach, or lie higher up.
        while let Some(candidate) = pieces.get(above) {
            let candidate_row = candidate.start / cols;
            let candidate_last = candidate.start % cols + candidate.len - 1;
            let is_behind = candidate_row + 1 < row || (candidate_row + 1 == row && candidate_last + 1 < first);
            if !is_behind {
                break;
            }
            above += 1;
        }
        for (j, candidate) in pieces.iter().enumerate().skip(above) {
            if candidate.start / cols + 1 != row || candidate.start % cols > last + 1 {
                break;
            }
            join(parents, i, j);
        }
    }
}

fn root(parents: &[usize], mut i: usize) -> usize {
    while let Some(parent) = parents.get(i).filter(|parent| **parent != i) {
        i = *parent;
    }
    i
}

/// The smaller index becomes the root.
fn join(parents: &mut [usize], i: usize, j: usize) {
    let (a, b) = (root(parents, i), root(parents, j));
    if let Some(parent) = parents.get_mut(a.max(b)) {
        *parent = a.min(b);
    }
    // Halve the path, so that long shapes stay quick.
    if let Some(parent) = parents.get_mut(i) {
        *parent = a.min(b);
    }
}

/// Adds a piece, joined to the run before when they touch over a row's end.
fn append(runs: &mut Vec<Run>, piece: Run) {
    match runs.last_mut() {
        Some(run) if run.start + run.len == piece.start => run.len += piece.len,
        _ => runs.push(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(rows: &[&str]) -> Mask {
        let cols = rows[0].len() as u32;
        let dense: Vec<u8> = rows.iter().flat_map(|row| row.bytes().map(|c| u8::from(c == b'#'))).collect();
        Mask::from_dense(rows.len() as u32, cols, &dense).unwrap()
    }

    #[test]
    fn diagonal_neighbors_are_one_component() {
        let found = components(&mask(&["#...#", ".#.#.", "..#..", ".....", "#####"]));
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], mask(&["#...#", ".#.#.", "..#..", ".....", "....."]));
        assert_eq!(found[1], mask(&[".....", ".....", ".....", ".....", "#####"]));
    }

    #[test]
    fn the_end_of_a_row_does_not_touch_the_start_of_the_next() {
        let split = mask(&["..##", "##..", "....", "#..."]);
        assert_eq!(components(&split).len(), 2);
        let wrapped = mask(&["...#", "#...", "....", "...."]);
        assert_eq!(wrapped.runs().len(), 1);
        assert_eq!(components(&wrapped).len(), 2);
    }

    #[test]
    fn the_largest_component_stays_and_empty_stays_empty() {
        let two = mask(&["##..", "##..", "...#"]);
        assert_eq!(largest_component(&two), mask(&["##..", "##..", "...."]));
        assert!(largest_component(&mask(&["...", "..."])).is_empty());
    }

    #[test]
    fn runs_agree_with_a_flood_fill_on_random_masks() {
        let mut seed = 7_u64;
        for density in [3, 5, 8] {
            let dense: Vec<u8> = (0..40 * 37)
                .map(|_| {
                    seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    u8::from((seed >> 33) % 10 < density)
                })
                .collect();
            let mask = Mask::from_dense(40, 37, &dense).unwrap();
            let mut sizes: Vec<u64> = components(&mask).iter().map(Mask::n_pixels).collect();
            sizes.sort_unstable();
            assert_eq!(sizes, flood_sizes(dense, 40, 37));
        }
    }

    fn flood_sizes(mut dense: Vec<u8>, rows: i32, cols: i32) -> Vec<u64> {
        let mut sizes = Vec::new();
        for start in 0..rows * cols {
            let mut open = vec![start];
            let mut size = 0;
            while let Some(at) = open.pop() {
                if std::mem::take(&mut dense[at as usize]) == 0 {
                    continue;
                }
                size += 1;
                let (y, x) = (at / cols, at % cols);
                for (dy, dx) in [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)] {
                    if (0..rows).contains(&(y + dy)) && (0..cols).contains(&(x + dx)) {
                        open.push((y + dy) * cols + x + dx);
                    }
                }
            }
            if size > 0 {
                sizes.push(size);
            }
        }
        sizes.sort_unstable();
        sizes
    }
}
