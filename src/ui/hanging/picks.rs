//! Which series of a study a pane's rule means.

use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::ui::hanging::Pick;

impl Pick {
    /// The series' place in the study and the image's place in its stack.
    pub(super) fn found(&self, study: &Study) -> Option<(usize, usize)> {
        match self {
            Self::Main => Some((main_series(study)?, 0)),
            Self::View(views) => image(study, |_, acquisition| {
                views.iter().any(|view| acquisition.view_position.eq_ignore_ascii_case(view))
            }),
            Self::Breast { laterality, view } => image(study, |_, acquisition| {
                acquisition.laterality.eq_ignore_ascii_case(laterality)
                    && acquisition.view_position.eq_ignore_ascii_case(view)
            }),
            Self::Series { description, index } => {
                let is_named = |series: &Series| !description.is_empty() && &series.description == description;
                let named = study.series.iter().position(|series| is_named(series));
                let found = named.or_else(|| (*index < study.series.len()).then_some(*index))?;
                Some((found, 0))
            }
        }
    }
}

fn image(
    study: &Study,
    is_it: impl Fn(&Series, &crate::domain::instance::Acquisition) -> bool,
) -> Option<(usize, usize)> {
    study.series.iter().enumerate().find_map(|(index, series)| {
        let matches = |at: &usize| series.image(*at).is_some_and(|(instance, _)| is_it(series, &instance.acquisition));
        (0..series.stack.len()).find(matches).map(|at| (index, at))
    })
}

/// The series with most images; localizers and series without a place in space come after the others.
fn main_series(study: &Study) -> Option<usize> {
    let rank = |index: &usize| {
        let series = &study.series[*index];
        let first = series.image(0);
        let kind = first.and_then(|(instance, frame)| Some(instance.frame(frame)?.setting.image_kind.clone()));
        let is_localizer = kind.is_some_and(|kind| matches!(kind.as_str(), "LOCALIZER" | "SCOUT"));
        (!is_localizer, series.stack.len(), std::cmp::Reverse(*index))
    };
    (0..study.series.len()).max_by_key(rank)
}
