//! From marked voxels to findings: connected pieces with their measures, largest score first.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::finding::{
    Evidence, Finding, FindingLabel, MeasuredLine, Measurement, Origin, Place, PlacedSegment, Subject,
};
use crate::domain::geometry::Spacing;
use crate::domain::intake::Notice;
use crate::domain::mask::{Mask, Run, Segment};
use crate::domain::model::ModelRun;
use crate::domain::score::{Assessment, Logit, Probability, Score};
use crate::domain::series::Series;
use crate::imaging::voxels::Volume;
use crate::inference::error::InferenceError;
use crate::inference::identity::finding_id;
use crate::inference::model_card::ModelCard;
use crate::inference::model_card::sliding::{ComponentScore, ComponentSpec};
use crate::inference::sliding_run::Marked;
use crate::segmentation::lesion::{self, LesionMeasures, PlanarAxes};
use crate::segmentation::volume_components::{VolumeComponent, components};

/// Where the pieces lie.
pub enum Ground<'a> {
    /// One image; what its pixels measure.
    Image {
        spacing: Spacing,
        rows: u32,
        cols: u32,
    },
    Volume {
        volume: &'a Volume,
        series: &'a Series,
    },
}

/// What all pieces of one run share.
pub struct LesionFacts<'a> {
    pub card: &'a ModelCard,
    /// Of an image; of a volume every finding has its own, with this one's study and series.
    pub subject: &'a Subject,
    pub run: ModelRun,
    pub notices: Vec<Notice>,
}

/// One connected piece.
struct Piece {
    component: VolumeComponent,
    /// Scores of the card's kind, 0 to 1.
    score: f64,
    measures: Option<LesionMeasures>,
    axes: PlanarAxes,
    /// mm³ or mm²; voxels or pixels where there are no millimeters.
    size: f64,
    slice: usize,
}

/// The pieces that are large enough, those with the highest scores first, as findings.
pub fn of_marked(
    facts: &LesionFacts<'_>,
    marked: &Marked,
    ground: &Ground<'_>,
) -> Result<Vec<Finding>, InferenceError> {
    let Some(spec) = &facts.card.component else {
        return Err(InferenceError::image("the model's card has no components"));
    };
    let (n_slices, rows, cols) = match ground {
        Ground::Image { rows, cols, .. } => (1, *rows, *cols),
        Ground::Volume { volume, .. } => {
            let [cols, rows, n_slices] = volume.space().dims();
            (n_slices as usize, rows, cols)
        }
    };
    let none = Vec::new();
    let masks = (0..n_slices).map(|slice| mask_of(marked.by_slice.get(&slice).unwrap_or(&none), rows, cols));
    let masks = masks.collect::<Result<Vec<Mask>, _>>()?;
    let mut pieces = Vec::new();
    for component in components(&masks) {
        let piece = piece_of(component, spec, &marked.by_slice, ground)?;
        pieces.extend(piece.filter(|piece| piece.size >= spec.min_size));
    }
    pieces.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.size.total_cmp(&a.size)));
    pieces.truncate(spec.max_findings);
    pieces.into_iter().map(|piece| finding_of(facts, spec, piece, ground)).collect()
}

fn mask_of(pixels: &[(u32, f32)], rows: u32, cols: u32) -> Result<Mask, InferenceError> {
    let mut runs: Vec<Run> = Vec::new();
    for (pixel, _) in pixels {
        match runs.last_mut() {
            Some(run) if run.start + run.len == *pixel => run.len += 1,
            _ => runs.push(Run { start: *pixel, len: 1 }),
        }
    }
    Mask::from_runs(rows, cols, runs).map_err(|error| InferenceError::image(error.to_string()))
}

fn piece_of(
    component: VolumeComponent,
    spec: &ComponentSpec,
    by_slice: &BTreeMap<usize, Vec<(u32, f32)>>,
    ground: &Ground<'_>,
) -> Result<Option<Piece>, InferenceError> {
    let score = score_of(&component, spec.score, by_slice);
    if !score.is_finite() {
        return Err(InferenceError::NotFinite { stage: "the score" });
    }
    let piece = match ground {
        Ground::Volume { volume, .. } => lesion::measure(&component, volume).map(|measures| {
            let LesionMeasures { volume_mm3, slice, axes, .. } = measures;
            Piece { component, score, measures: Some(measures), axes, size: volume_mm3, slice }
        }),
        Ground::Image { spacing, .. } => component.slices.first().map(|(_, mask)| mask.clone()).and_then(|mask| {
            let axes = lesion::planar_axes(&mask, spacing.row_mm, spacing.col_mm)?;
            let size = mask.n_pixels() as f64 * spacing.row_mm * spacing.col_mm;
            Some(Piece { component, score, measures: None, axes, size, slice: 0 })
        }),
    };
    Ok(piece)
}

fn score_of(component: &VolumeComponent, kind: ComponentScore, by_slice: &BTreeMap<usize, Vec<(u32, f32)>>) -> f64 {
    let (mut sum, mut peak, mut n) = (0.0, 0.0_f64, 0_u64);
    for (slice, mask) in &component.slices {
        let Some(pixels) = by_slice.get(slice) else { continue };
        for run in mask.runs() {
            let start = pixels.partition_point(|(pixel, _)| *pixel < run.start);
            for (_, probability) in pixels.iter().skip(start).take(run.len as usize) {
                sum += f64::from(*probability);
                peak = peak.max(f64::from(*probability));
                n += 1;
            }
        }
    }
    match kind {
        ComponentScore::Peak => peak,
        ComponentScore::Mean => sum / n as f64,
    }
}

fn finding_of(
    facts: &LesionFacts<'_>,
    spec: &ComponentSpec,
    piece: Piece,
    ground: &Ground<'_>,
) -> Result<Finding, InferenceError> {
    let Some(like) = facts.card.segments.iter().find(|segment| segment.id == spec.segment) else {
        return Err(InferenceError::image("the model's card has no such segment"));
    };
    let image_of = |slice: usize| match ground {
        Ground::Image { .. } => Some((facts.subject.sop.clone(), facts.subject.frame)),
        Ground::Volume { series, .. } => series.image(slice).map(|(instance, frame)| (instance.sop.clone(), frame)),
    };
    let segment = |mask: &Mask| {
        Arc::new(Segment {
            id: like.id.clone(),
            name: like.name.clone(),
            code: like.code.clone(),
            color: like.color,
            mask: mask.clone(),
        })
    };
    let Some((sop, frame)) = image_of(piece.slice) else {
        return Err(InferenceError::image("a slice of it is missing"));
    };
    let subject = Subject { sop, frame, ..facts.subject.clone() };
    let mut evidence = Evidence { center_mm: piece.measures.as_ref().map(|m| m.center_mm), ..Evidence::default() };
    let mut place = Place::WholeImage;
    for (slice, mask) in &piece.component.slices {
        if *slice == piece.slice {
            place = mask.bounds().map_or(place, |region| Place::Region { region });
            evidence.segments.push(segment(mask));
        } else if let Some((sop, frame)) = image_of(*slice) {
            evidence.elsewhere.push(PlacedSegment { sop, frame, segment: segment(mask) });
        }
    }
    let line = |name: &str, [from, to]: [[f64; 2]; 2]| MeasuredLine { name: name.to_owned(), from, to };
    evidence.lines = vec![line("Long axis", piece.axes.long), line("Short axis", piece.axes.short)];
    let score = score(facts.card, piece.score)?;
    Ok(Finding {
        // Two pieces of one label differ by where they are.
        id: finding_id(&facts.run.model.weights_sha256, &subject, &place_id(&like.id, &piece)),
        label: FindingLabel { id: like.id.clone(), name: like.name.clone(), code: Some(like.code.clone()) },
        origin: Origin::Model(Box::new(facts.run.clone())),
        assessment: Some(Assessment::new(score, spec.operating_point.clone())),
        place,
        measurements: measurements(&piece, ground),
        evidence,
        notices: facts.notices.clone(),
        subject,
    })
}

/// Of a piece's probability; claimed as one only where the card says it was calibrated.
fn score(card: &ModelCard, value: f64) -> Result<Score, InferenceError> {
    if !card.output.calibrated {
        return Ok(Score::Uncalibrated(value));
    }
    let logit = Logit((value / (1.0 - value)).ln());
    Score::calibrated(logit, 1.0)
        .or_else(|| Probability::new(value).map(Score::Calibrated))
        .ok_or(InferenceError::NotFinite { stage: "the score" })
}

fn place_id(label: &str, piece: &Piece) -> String {
    let first = piece.component.slices.first().and_then(|(slice, mask)| Some((*slice, mask.runs().first()?.start)));
    let (slice, pixel) = first.unwrap_or_default();
    format!("{label}@{slice}:{pixel}")
}

fn measurements(piece: &Piece, ground: &Ground<'_>) -> Vec<Measurement> {
    let measurement = |id: &str, name: &str, value: f64, unit: &str| Measurement {
        id: id.to_owned(),
        name: name.to_owned(),
        value,
        unit: unit.to_owned(),
    };
    let is_measurable = match ground {
        Ground::Image { spacing, .. } => spacing.is_measurable(),
        Ground::Volume { .. } => true,
    };
    let (length, area) = if is_measurable { ("mm", "mm2") } else { ("{pixels}", "{pixels}") };
    let mut all = Vec::new();
    match &piece.measures {
        Some(LesionMeasures { volume_mm3, .. }) => {
            all.push(measurement("volume", "Volume", *volume_mm3, "mm3"));
            all.push(measurement("volume_ml", "Volume", volume_mm3 / 1000.0, "mL"));
        }
        None => all.push(measurement("area", "Area", piece.size, area)),
    }
    all.push(measurement("long_axis", "Long axis", piece.axes.long_mm, length));
    all.push(measurement("short_axis", "Short axis", piece.axes.short_mm, length));
    let mean = piece.measures.as_ref().and_then(|measures| measures.mean_value);
    all.extend(mean.map(|mean| measurement("mean_hu", "Mean", mean, "[hnsf'U]")));
    all
}
