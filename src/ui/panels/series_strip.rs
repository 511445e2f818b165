//! The strip at the left: one thumbnail a series, those of priors below.

use std::sync::Arc;

use egui::{
    Align2, Color32, FontId, Rect, Response, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    pos2, vec2,
};

use crate::domain::finding::Subject;
use crate::domain::frame::FrameKey;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::SopInstanceUid;
use crate::review::session::ReviewSession;
use crate::ui::context::UiContext;
use crate::ui::hanging::priors_of;
use crate::ui::stage::SeriesRef;
use crate::ui::theme::{faded, theme};
use crate::ui::view_state::{SeriesPart, ViewState};
use crate::ui::viewport::DraggedSeries;
use crate::ui::viewport::notices::{grave_of_series, tile_mark};
use crate::ui::viewport::thumbnail::{Thumbnail, thumbnail};
use crate::ui::words::{clipped, counted, date, time_before};

const PICTURE: f32 = 104.0;
const TEXT_HEIGHT: f32 = 56.0;

/// Earlier studies whose series are offered, too.
const N_PRIORS: usize = 3;

pub fn series_strip_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, wanted: &mut Vec<FrameKey>) {
    let Some(study) = context.open_study else { return };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        series_of_study_ui(ui, context, view, study, wanted);
        for prior in priors_of(context.studies, study).into_iter().take(N_PRIORS) {
            ui.add_space(4.0);
            ui.separator();
            let ago = time_before(&prior.date, &study.date).unwrap_or_default();
            ui.label(RichText::new(format!("Prior {}", date(&prior.date))).color(theme().marks.other_study));
            ui.label(RichText::new(ago).small().color(theme().text.weak));
            series_of_study_ui(ui, context, view, prior, wanted);
        }
    });
}

/// One tile a series; a click puts it into the active pane.
fn series_of_study_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    study: &Arc<Study>,
    wanted: &mut Vec<FrameKey>,
) {
    let Some(open) = context.open_study else { return };
    let is_open_study = study.uid == open.uid;
    let look = view.look(&open.uid);
    let active = match look {
        Some(look) => look.series_of_pane(study, look.stage.active),
        None => is_open_study.then_some(0),
    };
    for (index, series) in study.series.iter().enumerate() {
        let part = SeriesPart::of(study, index);
        let size = vec2(ui.available_width(), PICTURE + TEXT_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let is_open = active == Some(index);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_open, series_words(series)));
        if ui.is_rect_visible(rect) {
            let picture = thumbnail(ui.ctx(), context, series, &part, &mut view.transient, wanted);
            tile(ui, rect, &response, series, &picture, is_open);
            badge(ui, rect, series, context.session.filter(|_| is_open_study));
        }
        response.dnd_set_drag_payload(DraggedSeries(SeriesRef::new(study, part)));
        if response.clicked() {
            view.look_mut(&open.uid).open(study, index);
        }
        response.on_hover_ui(|ui| told_ui(ui, series));
    }
}

/// `Series 2, CT, Thorax axial, 120 images`.
fn series_words(series: &Series) -> String {
    let number = series.number.map_or_else(|| "Series".to_owned(), |number| format!("Series {number}"));
    let images = counted(series.stack.len(), "image");
    let parts = [number, series.modality.to_string(), series.description.clone(), series.part.clone(), images];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The series in words, and what is to be known of it.
fn told_ui(ui: &mut Ui, series: &Series) {
    ui.set_max_width(440.0);
    ui.label(series_words(series));
    for text in grave_of_series(series) {
        ui.label(RichText::new(text).color(theme().state.warning));
    }
}

fn tile(ui: &Ui, rect: Rect, response: &Response, series: &Series, picture: &Thumbnail, is_open: bool) {
    let painter = ui.painter_at(rect.expand(1.0));
    let ground = if is_open { theme().surface.selected } else { theme().surface.raised };
    painter.rect_filled(rect, 6.0, ground);
    let line = match (is_open, response.hovered() || response.has_focus()) {
        (true, _) => Stroke::new(1.5, theme().accent.main),
        (false, true) => Stroke::new(1.0, theme().surface.pressed),
        (false, false) => Stroke::new(1.0, theme().surface.line),
    };
    painter.rect_stroke(rect, 6.0, line, StrokeKind::Inside);
    let place = Rect::from_min_size(rect.min, vec2(rect.width(), PICTURE)).shrink(6.0);
    painter.rect_filled(place, 3.0, theme().surface.picture);
    let small = FontId::proportional(11.5);
    match picture {
        Thumbnail::Ready(texture) => {
            let size = texture.size_vec2();
            let scale = (place.width() / size.x).min(place.height() / size.y);
            let shown = Rect::from_center_size(place.center(), size * scale);
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            // White is no color of its own here: the texture as it is.
            painter.image(texture.id(), shown, whole, Color32::WHITE);
        }
        Thumbnail::Loading => {
            painter.text(place.center(), Align2::CENTER_CENTER, "Loading…", small.clone(), theme().text.weak.into());
        }
        Thumbnail::Failed => {
            painter.text(
                place.center(),
                Align2::CENTER_CENTER,
                "No picture",
                small.clone(),
                theme().state.error.into(),
            );
        }
    }
    let number = series.number.map_or_else(String::new, |number| format!("{number}  "));
    let first = format!("{number}{}", series.modality);
    let at = pos2(rect.left() + 8.0, rect.top() + PICTURE);
    let n_chars = ((rect.width() - 16.0) / 6.0) as usize;
    painter.text(at, Align2::LEFT_TOP, first, FontId::proportional(12.5), theme().text.strong.into());
    let images = counted(series.stack.len(), "image");
    let right = pos2(rect.right() - 8.0, at.y);
    painter.text(right, Align2::RIGHT_TOP, images, small.clone(), theme().text.weak.into());
    let described = clipped(&series.description, n_chars);
    painter.text(at + vec2(0.0, 19.0), Align2::LEFT_TOP, described, small.clone(), theme().text.normal.into());
    let part = clipped(&series.part, n_chars);
    painter.text(at + vec2(0.0, 34.0), Align2::LEFT_TOP, part, small, theme().text.strong.into());
    if !grave_of_series(series).is_empty() {
        tile_mark(&painter, rect.min);
    }
}

/// How many flagged findings the series holds, as a small sign on its picture.
fn badge(ui: &Ui, rect: Rect, series: &Series, session: Option<&ReviewSession>) {
    let is_here = |subject: &Subject| {
        // Parts of one series may share an object, and then each has its own frames
        let is_own = |instance: usize| instance_is(series, instance, &subject.sop);
        let is_single = |instance: usize| series.instances.get(instance).is_some_and(|own| own.n_frames() == 1);
        (0..series.instances.len()).filter(|at| is_own(*at)).any(|at| {
            is_single(at) || series.stack.iter().any(|image| image.instance == at && image.frame == subject.frame)
        })
    };
    let flagged = session
        .map_or(&[][..], ReviewSession::findings)
        .iter()
        .filter(|review| review.finding.is_flagged() && is_here(&review.finding.subject));
    let (mut n_flagged, mut n_open) = (0, 0);
    for review in flagged {
        n_flagged += 1;
        n_open += usize::from(review.is_unreviewed());
    }
    if n_flagged == 0 {
        return;
    }
    let color: Color32 = if n_open > 0 { theme().marks.ai.into() } else { theme().state.accepted.into() };
    let center = pos2(rect.right() - 18.0, rect.top() + 18.0);
    let painter = ui.painter_at(rect);
    painter.circle(center, 9.0, faded(theme().surface.picture, 0.85), Stroke::new(1.2, color));
    painter.text(center, Align2::CENTER_CENTER, n_flagged.to_string(), FontId::proportional(11.0), color);
}

fn instance_is(series: &Series, index: usize, sop: &SopInstanceUid) -> bool {
    series.instances.get(index).is_some_and(|instance| &instance.sop == sop)
}
