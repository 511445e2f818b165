//! Which part of the open series is loaded before anybody asks for it.

use std::ops::Range;
use std::sync::Arc;

use crate::domain::series::Series;

/// The stretch of a stack that was last sent for.
#[derive(Default)]
pub struct Ahead {
    series: Option<Arc<Series>>,
    span: Range<usize>,
    /// Where the reader was when last asked.
    at: usize,
}

impl Ahead {
    /// The stretch to load for a reader at `at`, of as many images as there is room for; `None` when the one that was
    /// sent for will do. Further ahead than back, by the way the reader goes.
    pub fn follow(&mut self, series: &Arc<Series>, at: usize, n_room: usize) -> Option<Range<usize>> {
        let n_images = series.stack.len();
        let is_same = self.series.as_ref().is_some_and(|known| Arc::ptr_eq(known, series));
        let is_forward = !is_same || at >= self.at;
        self.at = at;
        let n_room = n_room.clamp(1, n_images.max(1));
        let margin = n_room / 6;
        let reaches = match is_forward {
            true => self.span.end >= (at + 1 + margin).min(n_images),
            false => self.span.start <= at.saturating_sub(margin),
        };
        if is_same && self.span.contains(&at) && reaches {
            return None;
        }
        let n_behind = if is_forward { n_room / 3 } else { n_room - n_room / 3 };
        let start = at.saturating_sub(n_behind).min(n_images.saturating_sub(n_room));
        self.series = Some(Arc::clone(series));
        self.span = start..(start + n_room).min(n_images);
        Some(self.span.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::series::{Modality, SeriesGeometry, StackImage};
    use crate::domain::uid::SeriesUid;

    fn series(n_images: u32) -> Arc<Series> {
        Arc::new(Series {
            uid: SeriesUid::new("1.2"),
            number: None,
            modality: Modality("CT".to_owned()),
            description: String::new(),
            part: String::new(),
            body_part: String::new(),
            frame_of_reference: None,
            instances: Vec::new(),
            stack: (0..n_images).map(|frame| StackImage { instance: 0, frame }).collect(),
            geometry: SeriesGeometry::default(),
            notices: Vec::new(),
        })
    }

    #[test]
    fn a_series_that_fits_is_sent_for_once() {
        let (mut ahead, one) = (Ahead::default(), series(100));
        assert_eq!(ahead.follow(&one, 50, 500), Some(0..100));
        assert!((0..100).all(|at| ahead.follow(&one, at, 500).is_none()));
        assert_eq!(ahead.follow(&series(80), 10, 500), Some(0..80), "another series");
    }

    #[test]
    fn the_stretch_moves_with_the_reader_before_the_end_is_reached() {
        let (mut ahead, one) = (Ahead::default(), series(1000));
        assert_eq!(ahead.follow(&one, 0, 90), Some(0..90));
        assert_eq!(ahead.follow(&one, 74, 90), None);
        assert_eq!(ahead.follow(&one, 76, 90), Some(46..136));
        assert_eq!(ahead.follow(&one, 70, 90), None, "turning back");
        assert_eq!(ahead.follow(&one, 55, 90), Some(0..90));
        assert_eq!(ahead.follow(&one, 999, 90), Some(910..1000));
    }
}
