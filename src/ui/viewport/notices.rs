//! What a reader must know before trusting the picture: a quiet block above the lower left corner, whole on hover.

use egui::{Align2, Color32, FontId, Id, Painter, Pos2, Rect, RichText, Sense, Shape, Stroke, Ui, pos2, vec2};

use crate::domain::fitness;
use crate::domain::geometry::SpacingKind;
use crate::domain::intake::Notice;
use crate::domain::series::Series;
use crate::ui::theme::{faded, theme};
use crate::ui::viewport::shown::{Shown, Tone};
use crate::ui::widgets::outlined_text::outlined_text;
use crate::ui::words::{clipped, counted};

/// Lines shown at once; the rest is counted.
const MOST: usize = 4;
const LINE: f32 = 17.0;

/// One thing to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub text: String,
    /// About how the file is made or the series laid out: true, and harmless to the picture.
    pub is_aside: bool,
}

impl Remark {
    fn grave(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_aside: false }
    }

    /// The first clause: what a reader sees without asking.
    fn short(&self) -> &str {
        self.text.split([':', ';']).next().unwrap_or(&self.text)
    }
}

/// Everything about this picture that a reader must know before trusting it, the gravest first.
pub fn remarks(shown: &Shown<'_>) -> Vec<Remark> {
    let instance = shown.instance;
    let of_frame = shown.frame().map_or(&[][..], |frame| frame.notices());
    let notices: Vec<&Notice> =
        shown.study.notices.iter().chain(&shown.series.notices).chain(&instance.notices).chain(of_frame).collect();
    let (stopping, others): (Vec<&Notice>, Vec<&Notice>) =
        notices.into_iter().partition(|notice| fitness::STOPPING_CODES.contains(&notice.code));
    let resampled = shown.cut.as_ref().and_then(|cut| cut.picture?.request.volume.space().warning());
    let mut said: Vec<Remark> = resampled.map(Remark::grave).into_iter().collect();
    said.extend(stopping.iter().map(|notice| Remark::grave(&notice.text)));
    if shown.tone.as_ref().is_some_and(Tone::is_outside) {
        said.push(Remark::grave("Outside window levels"));
    }
    let (asides, others): (Vec<&Notice>, Vec<&Notice>) =
        others.into_iter().partition(|notice| fitness::is_aside(notice));
    said.extend(others.iter().map(|notice| Remark::grave(&notice.text)));
    match shown.spacing.kind {
        SpacingKind::User => said.push(Remark::grave("Scale set by the reader: along a line of known length")),
        SpacingKind::None => said.push(Remark::grave("No pixel spacing: lengths are in px")),
        SpacingKind::Detector if others.iter().all(|notice| notice.code != "spacing_at_detector") => {
            said.push(Remark::grave("Spacing known at the detector only: lengths are in px"));
        }
        SpacingKind::Magnified => said.push(Remark::grave("Spacing estimated from the magnification")),
        _ => {}
    }
    if let Some(lossy) = &instance.pixels.lossy {
        said.push(Remark::grave(format!("LOSSY {lossy}")));
    }
    said.extend(asides.iter().map(|notice| Remark { text: notice.text.clone(), is_aside: true }));
    let mut once: Vec<Remark> = Vec::with_capacity(said.len());
    said.into_iter().for_each(|remark| {
        if !once.contains(&remark) {
            once.push(remark);
        }
    });
    once
}

/// The lines of the block: grave remarks each, harmless ones counted in the last.
fn lines(remarks: &[Remark]) -> Vec<(String, bool)> {
    let grave: Vec<&Remark> = remarks.iter().filter(|remark| !remark.is_aside).collect();
    let n_shown = if grave.len() > MOST { MOST - 1 } else { grave.len() };
    let mut lines: Vec<(String, bool)> =
        grave.iter().take(n_shown).map(|remark| (clipped(remark.short(), 64), true)).collect();
    if grave.len() > n_shown {
        lines.push((format!("and {} more", grave.len() - n_shown), true));
    }
    let n_asides = remarks.len() - grave.len();
    if n_asides > 0 {
        lines.push((counted(n_asides, "note"), false));
    }
    lines
}

/// Draws the block with its lower left corner at `at`; hovering it tells all in full.
pub fn notices_ui(ui: &Ui, painter: &Painter, at: Pos2, remarks: &[Remark]) {
    let lines = lines(remarks);
    if lines.is_empty() {
        return;
    }
    let font = FontId::proportional(12.5);
    let mut block = Rect::from_min_size(at, vec2(0.0, 0.0));
    for (index, (text, is_grave)) in lines.iter().rev().enumerate() {
        let line_at = pos2(at.x, at.y - LINE * index as f32);
        let color: Color32 = if *is_grave { theme().state.warning.into() } else { theme().text.on_picture.into() };
        sign(painter, pos2(line_at.x + 5.0, line_at.y - 8.0), *is_grave, color);
        let rect =
            outlined_text(painter, pos2(line_at.x + 16.0, line_at.y), Align2::LEFT_BOTTOM, text, font.clone(), color);
        block = block.union(rect);
    }
    let response = ui.interact(block.expand(4.0), Id::unique("notices"), Sense::hover());
    response.on_hover_ui(|ui| {
        ui.set_max_width(440.0);
        ui.spacing_mut().item_spacing.y = 6.0;
        for remark in remarks {
            let color = if remark.is_aside { theme().text.normal } else { theme().state.warning };
            ui.label(RichText::new(&remark.text).color(color));
        }
    });
}

/// A small triangle for what limits trust, a dot for a note.
fn sign(painter: &Painter, center: Pos2, is_grave: bool, color: Color32) {
    let outline = Stroke::new(1.0, faded(theme().text.outline, 0.6));
    match is_grave {
        true => {
            let corners = [vec2(0.0, -5.0), vec2(5.0, 4.0), vec2(-5.0, 4.0)].map(|corner| center + corner);
            painter.add(Shape::convex_polygon(corners.to_vec(), color, outline));
        }
        false => {
            painter.circle(center, 2.5, color, outline);
        }
    }
}

/// The mark of a series with something grave to know, at the upper left of its tile.
pub fn tile_mark(painter: &Painter, corner: Pos2) {
    let center = corner + vec2(16.0, 17.0);
    painter.circle_filled(center, 9.0, faded(theme().surface.picture, 0.85));
    sign(painter, center, true, theme().state.warning.into());
}

/// Notices of the series or of any of its instances that limit what may be measured or trusted, each text once.
pub fn grave_of_series(series: &Series) -> Vec<&str> {
    let own = series.notices.iter().filter(|notice| !fitness::is_aside(notice));
    let mut texts: Vec<&str> = own.map(|notice| notice.text.as_str()).collect();
    // The first image stands for the rest: a mark must not cost a walk over ten thousand files on every pass
    let of_first = series.instances.first().map_or(&[][..], |instance| instance.notices.as_slice());
    for notice in of_first.iter().filter(|notice| !fitness::is_aside(notice)) {
        if !texts.contains(&notice.text.as_str()) {
            texts.push(&notice.text);
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grave_remarks_have_lines_and_harmless_ones_are_counted() {
        let grave = |text: &str| Remark::grave(text);
        let aside = Remark { text: "The slices overlap: 5 mm thick, 2.5 mm apart".into(), is_aside: true };
        let gap = grave("A slice is missing between images 2 and 3: 6 mm where slices are 3 mm apart");
        let lines = lines(&[gap, aside]);
        let short = "A slice is missing between images 2 and 3".to_owned();
        assert_eq!(lines, [(short, true), ("1 note".to_owned(), false)]);
        let many: Vec<Remark> = (0..6).map(|n| grave(&format!("Fault {n}"))).collect();
        assert_eq!(super::lines(&many).len(), MOST);
        assert_eq!(super::lines(&many)[3], ("and 3 more".to_owned(), true));
    }
}
