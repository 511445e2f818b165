//! The strip below an exported picture: what each number means, its score, and what was decided.

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::decision::{Decision, Verdict};
use crate::domain::finding::{DocumentSource, Finding, Origin};
use crate::domain::report::ReportedFinding;
use crate::export::canvas::{Canvas, Color, Pen};
use crate::export::capture_picture::{self, CAUTION_COLOR, COLORMAP, Numbered};
use crate::export::typeface::Typeface;
use crate::imaging::overlay;

pub const BACKGROUND: Color = [16, 16, 20];
const TEXT: Color = [205, 205, 210];
const QUIET: Color = [150, 150, 158];

/// One line of the strip, before it is drawn.
struct Row {
    mark: Mark,
    /// From the strip's left padding, in font sizes.
    indent: f64,
    text: String,
    color: Color,
}

/// What stands before a row's text.
enum Mark {
    None,
    Line(Pen),
    Swatch(Color),
    ColorBar,
}

/// The rows of one picture, laid out for a width.
pub struct Legend<'a> {
    rows: Vec<Row>,
    font_px: f64,
    width: usize,
    face: &'a Typeface,
}

impl<'a> Legend<'a> {
    /// `quiet` are the findings below their operating point on which nothing was decided.
    pub fn new(
        width: usize,
        numbered: &[Numbered<'_>],
        quiet: &[&ReportedFinding],
        made_by: &str,
        face: &'a Typeface,
    ) -> Self {
        let font_px = capture_picture::font_px(width);
        let mut legend = Self { rows: Vec::new(), font_px, width, face };
        legend.add(Mark::None, 0.0, &format!("{RESEARCH_USE_ONLY} {made_by}"), CAUTION_COLOR);
        for finding in numbered {
            legend.add_finding(finding);
        }
        legend.add_evidence(numbered);
        if !quiet.is_empty() {
            let scores: Vec<String> = quiet.iter().map(|reported| below(&reported.finding)).collect();
            let text = format!("Not flagged (does not exclude): {}", scores.join("; "));
            legend.add(Mark::None, 0.0, &text, QUIET);
        }
        legend
    }

    pub fn height(&self) -> usize {
        (self.line_px() * self.rows.len() as f64 + self.font_px * 1.2).ceil() as usize
    }

    /// Draws the strip with its upper edge at `top`.
    pub fn draw(&self, canvas: &mut Canvas, top: usize) {
        let font_px = self.font_px;
        for (i, Row { mark, indent, text, color }) in self.rows.iter().enumerate() {
            let baseline = top as f64 + font_px * 1.5 + self.line_px() * i as f64;
            let left = font_px * 0.8;
            let middle = baseline - font_px * 0.32;
            match mark {
                Mark::None => {}
                Mark::Line(pen) => canvas.stroke(&[[left, middle], [left + font_px * 2.2, middle]], *pen),
                Mark::Swatch(fill) => canvas.fill(
                    [left + font_px * 0.7, middle - font_px * 0.4],
                    [left + font_px * 1.5, middle + font_px * 0.4],
                    *fill,
                    1.0,
                ),
                Mark::ColorBar => self.draw_color_bar(canvas, [left, middle]),
            }
            self.face.draw(canvas, text, [left + indent * font_px, baseline], font_px, *color);
        }
    }

    fn line_px(&self) -> f64 {
        self.font_px * 1.45
    }

    /// Adds a text as wide as the strip allows, on as many rows as it takes.
    fn add(&mut self, mark: Mark, indent: f64, text: &str, color: Color) {
        let max_width = self.width as f64 - self.font_px * (1.6 + indent);
        let mut mark = Some(mark);
        for line in self.face.wrap(text, self.font_px, max_width) {
            self.rows.push(Row { mark: mark.take().unwrap_or(Mark::None), indent, text: line, color });
        }
    }

    fn add_finding(&mut self, numbered: &Numbered<'_>) {
        let ReportedFinding { finding, decision, .. } = numbered.reported;
        let pen = numbered.pen(self.font_px / 7.0);
        let state = state(finding, decision.as_ref());
        let head = format!("{}  {}: {state}", numbered.number, finding.label.name);
        self.add(Mark::Line(pen), 3.0, &head, TEXT);
        self.add(Mark::None, 3.0, &facts(finding), QUIET);
    }

    /// What the colors on the picture mean.
    fn add_evidence(&mut self, numbered: &[Numbered<'_>]) {
        for segment in capture_picture::shown_segments(numbered) {
            self.add(Mark::Swatch(segment.color), 3.0, &format!("Outline: {}", segment.name), QUIET);
        }
        let with_map: Vec<&Numbered<'_>> =
            numbered.iter().filter(|finding| finding.shown_saliency().is_some()).collect();
        if let [only] = with_map.as_slice() {
            let text = format!(
                "{}: relative activation, per image, line at half its peak. Where the network looked, not where \
                 disease is",
                only.number
            );
            self.add(Mark::ColorBar, 6.5, &text, QUIET);
            return;
        }
        for finding in with_map {
            let text = format!(
                "{}: relative activation at half its peak. Where the network looked, not where disease is",
                finding.number
            );
            self.add(Mark::Swatch(capture_picture::contour_color(finding.number)), 3.0, &text, QUIET);
        }
    }

    /// From 0 to 1, with the numbers at its ends.
    fn draw_color_bar(&self, canvas: &mut Canvas, [left, middle]: [f64; 2]) {
        let font_px = self.font_px;
        let (start, width) = (left + font_px * 0.9, font_px * 4.0);
        self.face.draw(canvas, "0", [left, middle + font_px * 0.32], font_px, QUIET);
        self.face.draw(canvas, "1", [start + width + font_px * 0.35, middle + font_px * 0.32], font_px, QUIET);
        for step in 0..width as u32 {
            let x = start + f64::from(step);
            let color = overlay::colormap(COLORMAP, (f64::from(step) / width) as f32);
            canvas.fill([x, middle - font_px * 0.35], [x + 1.0, middle + font_px * 0.35], color, 1.0);
        }
    }
}

/// `Accepted by …`, with the reasons of a rejection.
fn state(finding: &Finding, decision: Option<&Decision>) -> String {
    let Some(decision) = decision else {
        return match &finding.origin {
            Origin::Model(_) | Origin::Document(_) => "Unreviewed".to_owned(),
            Origin::Reader(reader) => format!("Added by {reader}"),
        };
    };
    let word = decision.verdict.word();
    let reader = &decision.reader;
    match &decision.verdict {
        Verdict::Rejected { reasons, .. } if !reasons.is_empty() => {
            let reasons: Vec<String> = reasons.iter().map(|reason| reason.word().to_lowercase()).collect();
            format!("{word} by {reader} ({})", reasons.join("; "))
        }
        _ => format!("{word} by {reader}"),
    }
}

/// Score, measurements and model in a row.
fn facts(finding: &Finding) -> String {
    let mut facts: Vec<String> = finding.assessment.iter().map(|assessment| assessment.sentence()).collect();
    facts.extend(finding.measurements.iter().map(|measurement| {
        let number = digits(measurement.value);
        match measurement.unit.as_str() {
            "1" | "" => format!("{} {number}", measurement.name),
            unit => format!("{} {number} {}", measurement.name, unit.trim_matches(['{', '}'])),
        }
    }));
    facts.extend(finding.model_run().map(|run| format!("{} {}", run.model.name, run.model.version)));
    facts.extend(finding.imported().map(DocumentSource::words));
    facts.join(" · ")
}

fn below(finding: &Finding) -> String {
    let score = finding.assessment.as_ref().map(|assessment| {
        format!(" {:.2} (operating point {:.2})", assessment.score.value(), assessment.operating_point.threshold)
    });
    format!("{}{}", finding.label.name, score.unwrap_or_default())
}

/// From 100 no decimals, from 10 one, else two.
fn digits(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
