//! Which parts of the series on screen are loaded before anybody asks for them.

use std::ops::Range;
use std::sync::Arc;

use crate::domain::series::Series;
use crate::import::stack_loading::outward;

/// The images next to the reader, which stay whatever comes.
pub const N_NEAR: usize = 24;

/// Where the reader is in one series on screen, and for how many of its images there is room.
#[derive(Clone)]
pub struct Reading {
    pub series: Arc<Series>,
    pub at: usize,
    pub n_room: usize,
}

/// The stretch of a stack that was last sent for.
#[derive(Clone)]
pub struct Stretch {
    pub series: Arc<Series>,
    pub span: Range<usize>,
    /// Where the reader was when last asked, and where when it was sent for.
    at: usize,
    sent_at: usize,
    is_forward: bool,
}

impl Stretch {
    /// Of as many images as there is room for; further ahead than back, by the way the reader goes.
    fn around(reading: &Reading, is_forward: bool) -> Self {
        let n_images = reading.series.stack.len();
        let n_room = reading.n_room.clamp(1, n_images.max(1));
        let n_behind = if is_forward { n_room / 3 } else { n_room - n_room / 3 };
        let start = reading.at.saturating_sub(n_behind).min(n_images.saturating_sub(n_room));
        let span = start..(start + n_room).min(n_images);
        let series = Arc::clone(&reading.series);
        Self { series, span, at: reading.at, sent_at: reading.at, is_forward }
    }

    /// Whether there is enough of it before a reader who has gone on.
    fn will_do(&self, reading: &Reading, is_forward: bool) -> bool {
        let n_images = reading.series.stack.len();
        let margin = reading.n_room.clamp(1, n_images.max(1)) / 6;
        let reaches = match is_forward {
            true => self.span.end >= (reading.at + 1 + margin).min(n_images),
            false => self.span.start <= reading.at.saturating_sub(margin),
        };
        self.span.contains(&reading.at) && reaches
    }

    /// The images in the order in which they are wanted: the reader's first, then those in the way the reader goes.
    pub fn order(&self) -> Vec<usize> {
        let n_images = self.series.stack.len();
        let last = n_images.saturating_sub(1);
        let order = match self.is_forward {
            true => outward(n_images, self.at),
            false => outward(n_images, last.saturating_sub(self.at)).into_iter().map(|index| last - index).collect(),
        };
        order.into_iter().filter(|index| self.span.contains(index)).collect()
    }
}

/// What was last sent for, a stretch for each series on screen.
#[derive(Default)]
pub struct Ahead(Vec<Stretch>);

impl Ahead {
    /// The stretches to load for these readings, the most wanted first; `None` when those that were sent for will do.
    /// `misses` says whether images next to the reader are not here.
    pub fn follow(&mut self, readings: &[Reading], misses: impl Fn(&Reading) -> bool) -> Option<&[Stretch]> {
        let former = std::mem::take(&mut self.0);
        let mut is_changed = former.len() != readings.len();
        for reading in readings {
            let known = former.iter().find(|stretch| Arc::ptr_eq(&stretch.series, &reading.series));
            let is_forward = known.is_none_or(|stretch| match reading.at.cmp(&stretch.at) {
                std::cmp::Ordering::Equal => stretch.is_forward,
                way => way.is_gt(),
            });
            let is_jump = known.is_some_and(|known| known.sent_at.abs_diff(reading.at) > N_NEAR) && misses(reading);
            let kept = known.filter(|known| known.will_do(reading, is_forward));
            let stretch = match kept {
                Some(kept) => {
                    let sent_at = if is_jump { reading.at } else { kept.sent_at };
                    Stretch { at: reading.at, sent_at, is_forward, ..kept.clone() }
                }
                None => Stretch::around(reading, is_forward),
            };
            is_changed |= kept.is_none() || is_jump;
            self.0.push(stretch);
        }
        is_changed.then_some(&self.0)
    }
}

/// Shares out `n_bytes` among series, given as bytes of an image and number of images: for each the number of images
/// there is room for, at least one. The first may have twice what the others have, and what one does not need, others get.
pub fn shares(n_bytes: usize, series: &[(usize, usize)]) -> Vec<usize> {
    let mut rooms = vec![1; series.len()];
    let mut left = n_bytes;
    let weight = |place: usize| if place == 0 { 2 } else { 1 };
    let mut waiting: Vec<usize> = (0..series.len()).collect();
    waiting.sort_by_key(|place| series[*place].0.saturating_mul(series[*place].1) / weight(*place));
    // The least needy first: what they leave is shared by the rest
    for (done, place) in waiting.iter().enumerate() {
        let weights: usize = waiting[done..].iter().map(|place| weight(*place)).sum();
        let (n_image_bytes, n_images) = series[*place];
        let share = left / weights.max(1) * weight(*place);
        rooms[*place] = (share / n_image_bytes.max(1)).clamp(1, n_images.max(1));
        left = left.saturating_sub(rooms[*place].saturating_mul(n_image_bytes));
    }
    rooms
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

    /// The one stretch to load, when it is another than before.
    fn follow(ahead: &mut Ahead, series: &Arc<Series>, at: usize, n_room: usize) -> Option<Range<usize>> {
        let reading = Reading { series: Arc::clone(series), at, n_room };
        ahead.follow(&[reading], |_| false).map(|stretches| stretches[0].span.clone())
    }

    #[test]
    fn a_series_that_fits_is_sent_for_once() {
        let (mut ahead, one) = (Ahead::default(), series(100));
        assert_eq!(follow(&mut ahead, &one, 50, 500), Some(0..100));
        assert!((0..100).all(|at| follow(&mut ahead, &one, at, 500).is_none()));
        assert_eq!(follow(&mut ahead, &series(80), 10, 500), Some(0..80), "another series");
    }

    #[test]
    fn the_stretch_moves_with_the_reader_before_the_end_is_reached() {
        let (mut ahead, one) = (Ahead::default(), series(1000));
        assert_eq!(follow(&mut ahead, &one, 0, 90), Some(0..90));
        assert_eq!(follow(&mut ahead, &one, 74, 90), None);
        assert_eq!(follow(&mut ahead, &one, 76, 90), Some(46..136));
        assert_eq!(follow(&mut ahead, &one, 70, 90), None, "turning back");
        assert_eq!(follow(&mut ahead, &one, 55, 90), Some(0..90));
        assert_eq!(follow(&mut ahead, &one, 999, 90), Some(910..1000));
    }

    #[test]
    fn every_series_on_screen_has_its_stretch_and_a_jump_to_what_is_missing_sends_anew() {
        let (mut ahead, one, two) = (Ahead::default(), series(300), series(200));
        let reading = |series: &Arc<Series>, at| Reading { series: Arc::clone(series), at, n_room: 1000 };
        let spans = |stretches: &[Stretch]| stretches.iter().map(|stretch| stretch.span.clone()).collect::<Vec<_>>();
        let sent = ahead.follow(&[reading(&one, 0), reading(&two, 5)], |_| true).map(spans);
        assert_eq!(sent, Some(vec![0..300, 0..200]));
        let on = [reading(&one, 3), reading(&two, 8)];
        assert!(ahead.follow(&on, |_| true).is_none(), "both are on their way");
        let swapped = [reading(&two, 8), reading(&one, 3)];
        assert!(ahead.follow(&swapped, |_| true).is_none(), "the other pane is the active one");
        let jumped = [reading(&two, 8), reading(&one, 250)];
        assert!(ahead.follow(&jumped, |_| false).is_none(), "all is here");
        let first = ahead.follow(&jumped, |reading| reading.at == 250).map(|stretches| stretches[1].order()[0]);
        assert_eq!(first, Some(250));
        assert!(ahead.follow(&jumped, |_| true).is_none(), "sent for a moment ago");
        assert!(ahead.follow(&jumped[..1], |_| true).is_some(), "one series less has more room");
    }

    #[test]
    fn a_reader_going_back_gets_what_lies_before_first() {
        let (mut ahead, one) = (Ahead::default(), series(400));
        let reading = |at| [Reading { series: Arc::clone(&one), at, n_room: 400 }];
        let order = |stretches: Option<&[Stretch]>| stretches.map(|stretches| stretches[0].order()).unwrap();
        assert_eq!(order(ahead.follow(&reading(200), |_| true))[..3], [200, 201, 202]);
        let back = order(ahead.follow(&reading(150), |_| true));
        assert_eq!(back[..3], [150, 149, 148]);
        assert_eq!(back.len(), 400);
    }

    #[test]
    fn room_is_shared_out_and_nothing_of_it_wasted() {
        assert_eq!(shares(1000, &[(10, 500)]), [100]);
        assert_eq!(shares(900, &[(10, 500), (10, 500)]), [60, 30], "the active pane has twice as much");
        assert_eq!(shares(900, &[(10, 500), (10, 10)]), [80, 10], "what one leaves, the other gets");
        assert_eq!(shares(900, &[(10, 20), (10, 500)]), [20, 70]);
        assert_eq!(shares(5, &[(10, 20), (10, 500), (0, 0)]), [1, 1, 1]);
    }
}
