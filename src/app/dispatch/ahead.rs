//! Loading the open series before it is asked for, from the shown image outward, as far as the memory goes.

use std::sync::Arc;

use crate::app::hall::App;
use crate::domain::instance::PixelDescription;
use crate::domain::series::Series;
use crate::import::stack_loading::outward;

/// The images next to the reader, which stay whatever comes.
const N_NEAR: usize = 24;

/// Called whenever the reader may have come to another image.
pub fn follow(app: &mut App) {
    let Some((series, at)) = shown(app) else { return };
    let n_bytes = series.image(at).map_or(1, |(instance, _)| frame_bytes(&instance.pixels));
    // A tenth is left for thumbnails and for slabs that are cut at the ends of the stretch
    let n_room = (app.frames.budget_bytes() / 10 * 9 / n_bytes.max(1)).max(1);
    let span = app.frames.ahead.follow(&series, at, n_room);
    let near = at.saturating_sub(N_NEAR)..(at + N_NEAR).min(series.stack.len());
    for index in span.clone().into_iter().flatten().chain(near) {
        if let Some((instance, frame)) = series.image(index) {
            app.frames.touch(&instance.frame_key(frame));
        }
    }
    let Some(span) = span else { return };
    let is_missing = |index: &usize| {
        let image = series.image(*index).filter(|_| span.contains(index));
        image.is_some_and(|(instance, frame)| !app.frames.contains(&instance.frame_key(frame)))
    };
    let order: Vec<usize> = outward(series.stack.len(), at).into_iter().filter(is_missing).collect();
    app.runner.load_ahead(app.frames.generation, series, order);
}

/// The open series and the reader's place in it.
pub fn shown(app: &App) -> Option<(Arc<Series>, usize)> {
    let study = app.library.open_study()?;
    let look = app.view.look(&study.uid);
    let index = look.map_or(0, |look| look.open_index(study));
    let series = study.series.get(index)?;
    let at = look.map_or(0, |look| look.series_view(study, index).stack_index);
    Some((Arc::clone(series), at.min(series.stack.len().saturating_sub(1))))
}

/// Decoded.
fn frame_bytes(pixels: &PixelDescription) -> usize {
    let n_samples = pixels.rows as usize * pixels.cols as usize * usize::from(pixels.samples_per_pixel);
    n_samples * usize::from(pixels.bits_allocated.div_ceil(8))
}
