//! The four corners: who and what is shown, and everything a reader must be warned of.

use egui::{Align2, FontId, Painter, Pos2, Rect, Ui, pos2, vec2};

use crate::domain::geometry::{ImagePlane, Spacing};
use crate::domain::patient::Patient;
use crate::domain::presentation::VoiFunction;
use crate::domain::study::Study;
use crate::imaging::modality_lut;
use crate::imaging::plane_grid::{Projection, Slab};
use crate::ui::cine::CineState;
use crate::ui::theme::theme;
use crate::ui::viewport::notices;
use crate::ui::viewport::shown::{Canvas, Shown};
use crate::ui::widgets::outlined_text::outlined_text;
use crate::ui::words::{age_at, clipped, date, number, time};

/// Below this size a viewport names the patient and no more.
const SMALLEST: [f32; 2] = [260.0, 200.0];
/// Below this width only what is needed most is said.
const NARROW: f32 = 430.0;
const MARGIN: f32 = 10.0;

/// One line of a corner.
pub struct Line {
    pub text: String,
}

impl Line {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

/// What the corners say besides the picture itself.
pub struct CornerFacts {
    /// Where text may stand: the viewport without its bars.
    pub area: egui::Rect,
    pub is_identity_hidden: bool,
    /// Image point under the pointer.
    pub hovered: Option<[f64; 2]>,
    /// The film that plays here.
    pub film: Option<CineState>,
}

pub fn annotations_ui(ui: &Ui, painter: &Painter, canvas: &Canvas, shown: &Shown<'_>, facts: &CornerFacts) {
    let area = facts.area;
    if area.width() < SMALLEST[0] || area.height() < SMALLEST[1] {
        // Whose picture it is stands in every pane
        corner(painter, area, Align2::LEFT_TOP, &[identity_line(shown, facts)]);
        return;
    }
    let is_narrow = area.width() < NARROW;
    let (top_left, top_right) = match (facts.is_identity_hidden, is_narrow) {
        (true, _) => (vec![identity_line(shown, facts)], Vec::new()),
        (false, false) => (patient_lines(&shown.study.patient, shown.study), study_lines(shown)),
        (false, true) => {
            let Study { patient, date: day, .. } = shown.study.as_ref();
            (vec![identity_line(shown, facts), Line::new(prefixed("ID ", &patient.id))], vec![Line::new(date(day))])
        }
    };
    corner(painter, area, Align2::LEFT_TOP, &top_left);
    corner(painter, area, Align2::RIGHT_TOP, &top_right);
    let probed = facts.hovered.and_then(|point| probe(shown, point));
    // The probe's line has its place whether or not the pointer is on the picture: nothing above it jumps
    let room = if probed.is_some() { 0.0 } else { line_step(area) };
    let above =
        corner(painter, area, Align2::LEFT_BOTTOM, &picture_lines(canvas, shown, probed, facts.film)) - vec2(0.0, room);
    notices::notices_ui(ui, painter, above - vec2(0.0, 4.0), &notices::remarks(shown));
    let said = if is_narrow { vec![Line::new(clipped(&shown.series.description, 24))] } else { series_lines(shown) };
    corner(painter, area, Align2::RIGHT_BOTTOM, &said);
}

/// The patient in one line.
fn identity_line(shown: &Shown<'_>, facts: &CornerFacts) -> Line {
    let name = shown.study.patient.display_name();
    match (facts.is_identity_hidden, name.is_empty()) {
        (true, _) => Line::new("Identity hidden"),
        (false, true) => Line::new("No patient name"),
        (false, false) => Line::new(clipped(&name, 28)),
    }
}

/// From one line to the next.
fn line_step(area: Rect) -> f32 {
    if area.width() < 520.0 { 15.0 } else { 16.5 }
}

/// Draws a corner's lines; returns where the next line would stand.
fn corner(painter: &Painter, area: Rect, anchor: Align2, lines: &[Line]) -> Pos2 {
    let step = line_step(area);
    let font = FontId::proportional(step - 4.0);
    let area = area.shrink(MARGIN);
    let at = anchor.pos_in_rect(&area);
    let is_top = anchor.y() == egui::Align::Min;
    let shown = lines.iter().filter(|line| !line.text.is_empty());
    let lines: Vec<&Line> = if is_top { shown.collect() } else { shown.rev().collect() };
    for (index, line) in lines.iter().enumerate() {
        let down = step * index as f32;
        let y = if is_top { at.y + down } else { at.y - down };
        outlined_text(painter, pos2(at.x, y), anchor, &line.text, font.clone(), theme().text.on_picture);
    }
    let tip = if is_top { at.y + step * lines.len() as f32 } else { at.y - step * lines.len() as f32 };
    pos2(at.x, tip)
}

fn patient_lines(patient: &Patient, study: &Study) -> Vec<Line> {
    let age = age_at(&patient.birth_date, &study.date).map_or_else(String::new, |age| format!(" ({age})"));
    let name = patient.display_name();
    vec![
        Line::new(if name.is_empty() { "No patient name".to_owned() } else { name }),
        Line::new(format!("{}{age}", date(&patient.birth_date))),
        Line::new(prefixed("ID ", &patient.id)),
        Line::new(&patient.sex),
    ]
}

fn study_lines(shown: &Shown<'_>) -> Vec<Line> {
    let Study { institution, description, id, accession, date: study_date, time: study_time, .. } =
        shown.study.as_ref();
    let acquisition = &shown.instance.acquisition;
    let day = if acquisition.date.is_empty() { study_date } else { &acquisition.date };
    let hour = if acquisition.time.is_empty() { study_time } else { &acquisition.time };
    vec![
        Line::new(institution),
        Line::new(clipped(description, 25)),
        Line::new(prefixed("Study ", id)),
        Line::new(prefixed("Acc ", accession)),
        Line::new(format!("{} {}", date(day), time(hour)).trim()),
    ]
}

fn picture_lines(canvas: &Canvas, shown: &Shown<'_>, probed: Option<String>, film: Option<CineState>) -> Vec<Line> {
    let film = film.map(|film| film.words());
    let mut lines: Vec<Line> = film.into_iter().chain(probed).map(Line::new).collect();
    let n_images = shown.series.stack.len();
    let image = if shown.cut.is_some() {
        plane_words(shown)
    } else if n_images > 1 {
        format!("Image {} / {n_images}", shown.look.stack_index + 1)
    } else {
        String::new()
    };
    lines.push(Line::new(image));
    lines.push(Line::new(turn_words(canvas)));
    lines.push(Line::new(format!("Zoom {:.0} %", canvas.view.zoom * 100.0)));
    if let Some(words) = window_words(shown) {
        lines.push(Line::new(words));
    }
    lines
}

/// How thick the plane is, and how.
fn plane_words(shown: &Shown<'_>) -> String {
    let slab = shown.cut.as_ref().and_then(|cut| cut.picture).map_or(Slab::SINGLE, |picture| picture.request.slab);
    match slab.projection {
        Projection::Single => String::new(),
        projection => format!("{}, {:.1} mm thick", projection_words(projection), slab.thickness_mm),
    }
}

/// What readers call it.
pub fn projection_words(projection: Projection) -> &'static str {
    match projection {
        Projection::Single => "Plane",
        Projection::Mip => "MIP",
        Projection::MinIp => "MinIP",
        Projection::Mean => "Mean",
    }
}

fn window_words(shown: &Shown<'_>) -> Option<String> {
    let tone = shown.tone.as_ref()?;
    if tone.is_color {
        return Some("Color".to_owned());
    }
    let inverted = if shown.look.is_inverted { ", inverted" } else { "" };
    let name = if tone.name.is_empty() { String::new() } else { format!("  {}", tone.name) };
    Some(match tone.voi.window() {
        Some(window) => {
            let curve = if window.function == VoiFunction::Sigmoid { ", sigmoid" } else { "" };
            format!("W {} L {}{name}{curve}{inverted}", number(window.width), number(window.center))
        }
        None => format!("VOI LUT{name}{inverted}"),
    })
}

fn turn_words(canvas: &Canvas) -> String {
    let turn = match canvas.view.quarter_turns % 4 {
        0 => String::new(),
        turns => format!("Rotated {}°", u16::from(turns) * 90),
    };
    let flip = if canvas.view.flip_h { "Flipped" } else { "" };
    [turn.as_str(), flip].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The value and the place under the pointer.
fn probe(shown: &Shown<'_>, [x, y]: [f64; 2]) -> Option<String> {
    let frame = shown.frame()?;
    if !(x >= 0.0 && y >= 0.0 && x < f64::from(frame.cols()) && y < f64::from(frame.rows())) {
        return None;
    }
    let (col, row) = (x.floor() as usize, y.floor() as usize);
    let index = row * frame.cols() as usize + col;
    let samples = frame.samples();
    let value = if samples.is_color() {
        let channels: Vec<String> =
            (0..3).filter_map(|channel| samples.at(index * 3 + channel)).map(|v| format!("{v:.0}")).collect();
        format!("RGB {}", channels.join(" "))
    } else {
        let stored = samples.at(index).filter(|value| !value.is_nan())?;
        let attrs = shown.instance.frame(shown.frame_idx)?;
        let value = modality_lut::apply(&attrs.modality_lut, stored);
        format!("{} {}", number(value), shown.instance.value_unit.suffix())
    };
    let place = shown.instance.frame(shown.frame_idx).and_then(|attrs| attrs.plane.as_ref());
    let mm = place.map_or_else(String::new, |plane| {
        let [x, y, z] = position(plane, &shown.instance.spacing_of(shown.frame_idx), [x, y]);
        format!("   {x:.1} {y:.1} {z:.1} mm")
    });
    Some(format!("{}   ({col}, {row}){mm}", value.trim_end()))
}

/// Patient coordinates of a point in pixel-edge coordinates (PS3.3 C.7.6.2.1.1 counts from the first pixel's center).
fn position(plane: &ImagePlane, spacing: &Spacing, [x, y]: [f64; 2]) -> [f64; 3] {
    let along_row = plane.row_dir.scaled((x - 0.5) * spacing.col_mm);
    let along_col = plane.col_dir.scaled((y - 0.5) * spacing.row_mm);
    plane.position_mm.plus(along_row).plus(along_col).0
}

fn series_lines(shown: &Shown<'_>) -> Vec<Line> {
    let series = shown.series;
    let acquisition = &shown.instance.acquisition;
    let number = series.number.map_or_else(String::new, |number| format!("Series {number}"));
    let mm = |name: &str, value: Option<f64>| value.map_or_else(String::new, |value| format!("{name} {value:.1} mm"));
    let tube = acquisition.kvp.map_or_else(String::new, |kvp| format!("{kvp:.0} kVp"));
    let ms = |name: &str, value: Option<f64>| value.map_or_else(String::new, |value| format!("{name} {value:.0} ms"));
    let join = |parts: &[String]| parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("  ");
    vec![
        Line::new(join(&[number, series.modality.to_string(), acquisition.view_position.clone()])),
        Line::new(laterality(&acquisition.laterality)),
        Line::new(prefixed("Contrast ", &clipped(&acquisition.contrast_agent, 30))),
        Line::new(clipped(&series.description, 36)),
        Line::new(clipped(&series.part, 48)),
        Line::new(join(&[
            mm("Thickness", acquisition.slice_thickness_mm),
            mm("Location", acquisition.slice_location_mm),
        ])),
        Line::new(join(&[tube, acquisition.kernel.clone()])),
        Line::new(join(&[ms("TR", acquisition.repetition_time_ms), ms("TE", acquisition.echo_time_ms)])),
    ]
}

fn laterality(code: &str) -> &str {
    match code {
        "L" => "Left",
        "R" => "Right",
        "B" => "Both sides",
        // Unpaired says nothing a reader must know.
        "U" => "",
        other => other,
    }
}

fn prefixed(prefix: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{prefix}{text}") }
}
