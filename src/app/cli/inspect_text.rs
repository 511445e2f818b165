//! `overread inspect` for people: what is there, what is odd about it, what was not opened.

use std::collections::BTreeMap;

use crate::domain::fitness;
use crate::domain::geometry::SpacingKind;
use crate::domain::intake::{Intake, Notice};
use crate::domain::series::{Regularity, Series};
use crate::domain::study::Study;
use crate::ui::words::{counted, date};

/// Refused files are told by reason; of each so many by name.
const MOST_FILES: usize = 8;

pub fn lines(intake: &Intake) -> Vec<String> {
    let mut lines = Vec::new();
    for study in &intake.studies {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(study_lines(study));
    }
    lines.extend(refused_lines(intake));
    lines
}

fn study_lines(study: &Study) -> Vec<String> {
    let name = study.patient.display_name();
    let name = if name.is_empty() { "No patient name".to_owned() } else { name };
    let id = if study.patient.id.is_empty() { String::new() } else { format!("ID {}", study.patient.id) };
    let uid = study.written_uid.as_ref().unwrap_or(&study.uid);
    let mut lines =
        vec![joined(" · ", &[name, id, date(&study.date), study.description.clone()]), format!("  study {uid}")];
    lines.extend(study.notices.iter().map(|notice| noted(2, notice, "")));
    study.series.iter().for_each(|series| lines.extend(series_lines(series)));
    lines
}

fn series_lines(series: &Series) -> Vec<String> {
    let number = series.number.map_or_else(String::new, |number| format!("#{number}"));
    let title = joined(" ", &[series.modality.to_string(), number, series.description.clone()]);
    let mut lines = vec![format!("  {}", joined(" · ", &[title, series.part.clone(), extent(series)]))];
    let n_instances = series.instances.len();
    let mut of_files: BTreeMap<&Notice, usize> = BTreeMap::new();
    for notice in series.instances.iter().flat_map(|instance| &instance.notices) {
        *of_files.entry(notice).or_default() += 1;
    }
    let mut told: Vec<(&Notice, String)> = series.notices.iter().map(|notice| (notice, String::new())).collect();
    told.extend(of_files.into_iter().map(|(notice, n)| match n == n_instances {
        true => (notice, String::new()),
        false => (notice, format!(" (in {n} of {n_instances} files)")),
    }));
    // What limits trust comes first; the series' name already says which part it is
    told.retain(|(notice, _)| notice.code != "series_split");
    told.sort_by_key(|(notice, _)| fitness::is_aside(notice));
    lines.extend(told.iter().map(|(notice, where_)| noted(4, notice, where_)));
    lines
}

/// `99 images of 512 × 512, 0.7 × 0.7 mm pixels, every 3 mm`.
fn extent(series: &Series) -> String {
    let mut sizes: Vec<(u32, u32)> =
        series.instances.iter().map(|instance| (instance.pixels.cols, instance.pixels.rows)).collect();
    sizes.dedup();
    let size = match sizes.as_slice() {
        [(cols, rows)] => format!(" of {cols} × {rows}"),
        _ => String::new(),
    };
    let images = format!("{}{size}", counted(series.stack.len(), "image"));
    let pixels = series.image(0).map(|(instance, _)| match instance.spacing.kind {
        SpacingKind::None => "no pixel spacing (lengths in px)".to_owned(),
        SpacingKind::Detector => "spacing at the detector only (lengths in px)".to_owned(),
        _ => match [instance.spacing.row_mm, instance.spacing.col_mm].map(shortest) {
            [row, col] if row == col => format!("{row} mm pixels"),
            [row, col] => format!("{row} × {col} mm pixels"),
        },
    });
    let slices = match (&series.geometry.regularity, series.geometry.slice_spacing_mm) {
        (Regularity::Regular, Some(mm)) => format!("every {} mm", shortest(mm)),
        _ => String::new(),
    };
    joined(", ", &[images, pixels.unwrap_or_default(), slices])
}

/// Millimeters with two digits at most, and none that say nothing.
fn shortest(mm: f64) -> String {
    let text = format!("{mm:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `!` before what limits trust, `·` before what is good to know.
fn noted(indent: usize, notice: &Notice, end: &str) -> String {
    let sign = if fitness::is_aside(notice) { '·' } else { '!' };
    format!("{:indent$}{sign} {}{end}", "", notice.text)
}

fn refused_lines(intake: &Intake) -> Vec<String> {
    let mut by_reason: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for (path, notice) in intake.refused() {
        let files = by_reason.entry((notice.code, notice.text.as_str())).or_default();
        files.push(path.display().to_string());
    }
    let mut lines = Vec::new();
    if !by_reason.is_empty() && !intake.studies.is_empty() {
        lines.push(String::new());
    }
    for ((code, text), files) in by_reason {
        match files.as_slice() {
            [only] => lines.push(format!("refused: {text} [{code}] {only}")),
            several => {
                lines.push(format!("refused: {text} [{code}] {}", counted(several.len(), "file")));
                lines.extend(several.iter().take(MOST_FILES).map(|file| format!("  {file}")));
                if several.len() > MOST_FILES {
                    lines.push(format!("  and {} more", several.len() - MOST_FILES));
                }
            }
        }
    }
    lines
}

fn joined(between: &str, words: &[String]) -> String {
    words.iter().filter(|word| !word.is_empty()).cloned().collect::<Vec<_>>().join(between)
}
