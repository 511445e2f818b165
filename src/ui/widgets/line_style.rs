//! The line style of a finding's mark: its state, before any color.

use egui::{Color32, Painter, Pos2, Shape, Stroke};

use crate::domain::decision::{Acceptance, Decision, Verdict};
use crate::review::session::FindingReview;
use crate::ui::theme::theme;

/// How a finding stands, as every place of the screen shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkState {
    Unreviewed,
    Accepted,
    /// After the label, the place or the mask was changed.
    Modified,
    Rejected,
    Uncertain,
    NotAssessable,
    /// The reader's own.
    Added,
}

impl MarkState {
    pub fn of(review: &FindingReview) -> Self {
        let acceptance = review.decision.as_ref().and_then(Decision::acceptance);
        match review.decision.as_ref().map(|decision| &decision.verdict) {
            Some(Verdict::Accepted) if acceptance == Some(Acceptance::AfterModification) => Self::Modified,
            Some(Verdict::Accepted) => Self::Accepted,
            Some(Verdict::Rejected { .. }) => Self::Rejected,
            Some(Verdict::Uncertain) => Self::Uncertain,
            Some(Verdict::NotAssessable) => Self::NotAssessable,
            None if !review.finding.is_suggested() => Self::Added,
            None => Self::Unreviewed,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Unreviewed => "Unreviewed",
            Self::Accepted => "Accepted",
            Self::Modified => "Accepted, modified",
            Self::Rejected => "Rejected",
            Self::Uncertain => "Uncertain",
            Self::NotAssessable => "Not assessable",
            Self::Added => "Added by reader",
        }
    }

    /// Of the word and the icon; the mark on the image keeps its family's hue.
    pub fn color(self) -> Color32 {
        let states = &theme().state;
        match self {
            Self::Unreviewed => states.unreviewed.into(),
            Self::Accepted | Self::Modified => states.accepted.into(),
            Self::Rejected | Self::NotAssessable => states.rejected.into(),
            Self::Uncertain => states.uncertain.into(),
            Self::Added => theme().marks.reader.into(),
        }
    }

    /// 0 to 1: a rejected mark steps back.
    pub fn opacity(self) -> f32 {
        match self {
            Self::Rejected => 0.45,
            Self::NotAssessable => 0.6,
            Self::Unreviewed | Self::Accepted | Self::Modified | Self::Uncertain | Self::Added => 1.0,
        }
    }
}

/// Draws a path in the state's style: dashed, solid, dotted or dash-dot.
pub fn styled_path(painter: &Painter, path: &[Pos2], stroke: Stroke, state: MarkState) {
    let (dashes, gaps): (&[f32], &[f32]) = match state {
        MarkState::Accepted | MarkState::Modified | MarkState::Added => {
            painter.line(path.to_vec(), stroke);
            return;
        }
        MarkState::Unreviewed => (&[7.0], &[4.0]),
        MarkState::Rejected | MarkState::NotAssessable => (&[1.5], &[4.0]),
        MarkState::Uncertain => (&[9.0, 2.0], &[4.0, 4.0]),
    };
    painter.extend(Shape::dashed_line_with_offset(path, stroke, dashes, gaps, 0.0));
}

/// A line of dashes, for what is no finding.
pub fn dashed_line(painter: &Painter, ends: [Pos2; 2], stroke: Stroke) {
    painter.extend(Shape::dashed_line(&ends, stroke, 5.0, 5.0));
}
