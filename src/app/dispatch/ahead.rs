//! Loading what stands in the panes before it is asked for, from the shown images onward, as far as the memory goes.

use std::sync::Arc;

use crate::app::hall::App;
use crate::app::state::ahead::{N_NEAR, Reading, shares};
use crate::domain::instance::PixelDescription;
use crate::domain::series::Series;

/// Called whenever the reader may have come to another image.
pub fn follow(app: &mut App) {
    // On screen at once, and only then the rest: where a processor draws, both would wait for each other
    if app.frames.waits_for_screen && app.library.first_image.is_near() {
        return;
    }
    let readings = readings(app);
    if readings.is_empty() {
        return;
    }
    let mut ahead = std::mem::take(&mut app.frames.ahead);
    let is_here = |series: &Series, index: usize| {
        series.image(index).is_none_or(|(instance, frame)| app.frames.contains(&instance.frame_key(frame)))
    };
    let near = |reading: &Reading| reading.at.saturating_sub(N_NEAR)..(reading.at + N_NEAR);
    let misses = |reading: &Reading| near(reading).any(|index| !is_here(&reading.series, index));
    let sent = ahead.follow(&readings, misses);
    let mut touched: Vec<(Arc<Series>, usize)> = Vec::new();
    let mut parts = Vec::new();
    for stretch in sent.into_iter().flatten() {
        let order = stretch.order();
        touched.extend(order.iter().map(|index| (Arc::clone(&stretch.series), *index)));
        let missing: Vec<usize> = order.into_iter().filter(|index| !is_here(&stretch.series, *index)).collect();
        parts.push((Arc::clone(&stretch.series), missing));
    }
    let is_sent = sent.is_some();
    app.frames.ahead = ahead;
    for reading in &readings {
        touched.extend(near(reading).map(|index| (Arc::clone(&reading.series), index)));
    }
    for (series, index) in touched {
        if let Some((instance, frame)) = series.image(index) {
            app.frames.touch(&instance.frame_key(frame));
        }
    }
    if is_sent {
        app.runner.load_ahead(app.frames.generation, in_turn(parts));
    }
}

/// What lies near the reader in each series comes before the rest of any.
fn in_turn(parts: Vec<(Arc<Series>, Vec<usize>)>) -> Vec<(Arc<Series>, Vec<usize>)> {
    if parts.len() < 2 {
        return parts;
    }
    let split = |(series, order): &(Arc<Series>, Vec<usize>)| {
        let (near, far) = order.split_at(order.len().min(N_NEAR));
        ((Arc::clone(series), near.to_vec()), (Arc::clone(series), far.to_vec()))
    };
    let (near, far): (Vec<_>, Vec<_>) = parts.iter().map(split).unzip();
    near.into_iter().chain(far).filter(|(_, order)| !order.is_empty()).collect()
}

/// The series in the visible panes, each once, the active pane's first, with the memory shared out among them.
fn readings(app: &App) -> Vec<Reading> {
    let mut readings: Vec<Reading> = Vec::new();
    for (series, at) in shown(app).into_iter().chain(beside(app)) {
        if !readings.iter().any(|known| Arc::ptr_eq(&known.series, &series)) {
            readings.push(Reading { series, at, n_room: 1 });
        }
    }
    let needs: Vec<(usize, usize)> = readings
        .iter()
        .map(|Reading { series, at, .. }| {
            let n_bytes = series.image(*at).map_or(1, |(instance, _)| frame_bytes(&instance.pixels));
            (n_bytes, series.stack.len())
        })
        .collect();
    // A tenth is left for thumbnails and for slabs that are cut at the ends of the stretches
    for (reading, n_room) in readings.iter_mut().zip(shares(app.frames.budget_bytes() / 10 * 9, &needs)) {
        reading.n_room = n_room;
    }
    readings
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

/// The series in the other visible panes, of the open study or of another.
fn beside(app: &App) -> Vec<(Arc<Series>, usize)> {
    let Some(open) = app.library.open_study() else { return Vec::new() };
    let Some(look) = app.view.look(&open.uid) else { return Vec::new() };
    let of_pane = |pane: usize| {
        let index = look.series_of_pane(open, pane).map(|index| (open, index));
        let shown = look.stage.panes.get(pane)?;
        let (study, index) = index.or_else(|| {
            let wanted = shown.content.series()?;
            let study = app.library.study(&wanted.study)?;
            Some((study, wanted.index_in(study)?))
        })?;
        let series = study.series.get(index)?;
        Some((Arc::clone(series), shown.view.stack_index.min(series.stack.len().saturating_sub(1))))
    };
    look.stage.visible().filter_map(of_pane).collect()
}

/// Decoded.
fn frame_bytes(pixels: &PixelDescription) -> usize {
    let n_samples = pixels.rows as usize * pixels.cols as usize * usize::from(pixels.samples_per_pixel);
    n_samples * usize::from(pixels.bits_allocated.div_ceil(8))
}
