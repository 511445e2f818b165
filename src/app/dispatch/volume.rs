//! Volumes and planes that the screen wants.

use std::sync::Arc;

use crate::app::hall::App;
use crate::app::memory_budget;
use crate::domain::intake::Progress;
use crate::domain::series::Series;
use crate::ui::context::VolumeState;
use crate::ui::stage::SeriesRef;

/// Builds a volume that is not here, unless it cannot fit. One at a time: the next is asked for again.
pub fn want(app: &mut App, wanted: &SeriesRef) {
    let Some(study) = app.library.study(&wanted.study) else { return };
    let Some(series) = wanted.index_in(study).and_then(|index| study.series.get(index)).map(Arc::clone) else { return };
    if !matches!(app.frames.volumes.state(&series), VolumeState::Absent) {
        return;
    }
    let open = app.library.open_study();
    let is_open =
        |series: &Arc<Series>| open.is_some_and(|study| study.series.iter().any(|one| Arc::ptr_eq(one, series)));
    if app.frames.volumes.loading().is_some_and(is_open) {
        return;
    }
    let (needed, budget) = (n_bytes(&series), memory_budget::volume_bytes());
    if needed > budget {
        let gb = |n_bytes: usize| n_bytes as f64 / f64::from(1 << 30);
        let text =
            format!("The volume needs {:.1} GB of memory; this machine leaves {:.1} GB for it", gb(needed), gb(budget));
        app.frames.volumes.set(&series, VolumeState::Failed(text));
        return;
    }
    let here = (0..series.stack.len()).map(|index| {
        let (instance, frame) = series.image(index)?;
        app.frames.get(&instance.frame_key(frame))?.as_ref().ok().map(Arc::clone)
    });
    let here = here.collect();
    let progress = Progress { n_done: 0, n_total: series.stack.len() };
    app.frames.volumes.set(&series, VolumeState::Loading(progress));
    app.runner.build_volume(app.frames.generation, series, here);
}

/// Decoded; wide samples become f32.
fn n_bytes(series: &Series) -> usize {
    let of_image = |index: usize| {
        let pixels = &series.image(index)?.0.pixels;
        let bytes = usize::from(pixels.bits_allocated.div_ceil(8)).min(4);
        Some(pixels.rows as usize * pixels.cols as usize * bytes)
    };
    (0..series.stack.len()).filter_map(of_image).sum()
}
