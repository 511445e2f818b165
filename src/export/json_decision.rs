//! The decisions of `report.json`, and how the study was read and signed.

use serde::Serialize;

use crate::domain::circumstances::Circumstances;
use crate::domain::decision::{Acceptance, Decision, Seen, SeenOverlay, Verdict};
use crate::domain::details::DecisionDetails;
use crate::domain::presentation::Window;
use crate::domain::reading::{AiPresentation, Amendment, Answer, FirstRead, Reading, SignOff};
use crate::domain::report::ReportedCourse;
use crate::export::json_document::LabelBlock;

#[derive(Serialize)]
pub struct DecisionBlock<'a> {
    verdict: &'static str,
    /// Codes of the reject reasons; empty for other verdicts.
    reasons: Vec<&'static str>,
    text: &'a str,
    comment: &'a str,
    reader: &'a str,
    at: &'a str,
    event_id: &'a str,
    /// What was on screen; `null` when decided without one.
    seen: Option<SeenBlock<'a>>,
    /// `unmodified` or `after_modification`; only where it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    acceptance: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<DetailsBlock<'a>>,
}

impl<'a> DecisionBlock<'a> {
    pub fn new(decision: &'a Decision) -> Self {
        let Decision { verdict, reader, at, event, seen, comment, details } = decision;
        let (verdict, reasons, text) = match verdict {
            Verdict::Accepted => ("accepted", Vec::new(), ""),
            Verdict::Rejected { reasons, text } => {
                ("rejected", reasons.iter().map(|reason| reason.code()).collect(), text.as_str())
            }
            Verdict::Uncertain => ("uncertain", Vec::new(), ""),
            Verdict::NotAssessable => ("not_assessable", Vec::new(), ""),
        };
        Self {
            verdict,
            reasons,
            text,
            comment,
            reader: reader.as_str(),
            at,
            event_id: event.as_str(),
            seen: seen.as_ref().map(SeenBlock::new),
            acceptance: decision.acceptance().map(|acceptance| match acceptance {
                Acceptance::Unmodified => "unmodified",
                Acceptance::AfterModification => "after_modification",
            }),
            details: (!details.is_empty()).then(|| DetailsBlock::new(decision)),
        }
    }
}

#[derive(Serialize)]
struct SeenBlock<'a> {
    sop_instance_uid: &'a str,
    frame_index: u32,
    window: Option<Window>,
    zoom: f64,
    rotation_deg: u16,
    flipped: bool,
    inverted: bool,
    overlay: &'a SeenOverlay,
    /// How it was looked at; absent in records of older programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    circumstances: Option<&'a Circumstances>,
}

impl<'a> SeenBlock<'a> {
    fn new(seen: &'a Seen) -> Self {
        let Seen { sop, frame, window, zoom, rotation_deg, is_flipped, is_inverted, overlay, circumstances } = seen;
        Self {
            sop_instance_uid: sop.as_str(),
            frame_index: *frame,
            window: *window,
            zoom: *zoom,
            rotation_deg: *rotation_deg,
            flipped: *is_flipped,
            inverted: *is_inverted,
            overlay,
            circumstances: (!circumstances.is_empty()).then(|| circumstances.as_ref()),
        }
    }
}

#[derive(Serialize)]
struct DetailsBlock<'a> {
    /// What the reader calls it instead.
    label: Option<LabelBlock<'a>>,
    severity: Option<&'static str>,
    clinically_relevant: Option<bool>,
    difficulty: Option<&'static str>,
    /// 0 to 100.
    confidence: Option<u8>,
    confidence_before_ai: Option<u8>,
    modifications: Vec<&'static str>,
    /// Of a reader's own finding: how the models missed it.
    miss: Option<&'static str>,
}

impl<'a> DetailsBlock<'a> {
    fn new(decision: &'a Decision) -> Self {
        let DecisionDetails {
            label,
            severity,
            clinically_relevant,
            difficulty,
            confidence,
            confidence_before_ai,
            modifications: _,
            miss,
        } = &decision.details;
        Self {
            label: label.as_ref().map(LabelBlock::new),
            severity: severity.map(|severity| severity.code()),
            clinically_relevant: *clinically_relevant,
            difficulty: difficulty.map(|difficulty| difficulty.code()),
            confidence: confidence.map(|confidence| confidence.percent()),
            confidence_before_ai: confidence_before_ai.map(|confidence| confidence.percent()),
            modifications: decision.modifications().into_iter().map(|modification| modification.code()).collect(),
            miss: miss.map(|miss| miss.code()),
        }
    }
}

#[derive(Serialize)]
pub struct CourseBlock<'a> {
    readings: Vec<ReadingBlock<'a>>,
    signatures: Vec<SignatureBlock<'a>>,
    /// The report was made for a reader from whom the AI is kept: it holds no AI result.
    ai_hidden: bool,
}

impl<'a> CourseBlock<'a> {
    pub fn new(course: &'a ReportedCourse) -> Self {
        let ReportedCourse { readings, signatures, is_ai_hidden } = course;
        Self {
            readings: readings.iter().map(ReadingBlock::new).collect(),
            signatures: signatures.iter().map(SignatureBlock::new).collect(),
            ai_hidden: *is_ai_hidden,
        }
    }
}

#[derive(Serialize)]
struct ReadingBlock<'a> {
    reader: &'a str,
    role: &'static str,
    mode: &'static str,
    presentation: AiPresentation,
    independent: bool,
    audit_seed: Option<u64>,
    started_at: &'a str,
    had_seen_ai: bool,
    /// The answer before the AI; `null` where there was none.
    first_read: Option<FirstReadBlock<'a>>,
    revealed_at: Option<&'a str>,
}

#[derive(Serialize)]
struct FirstReadBlock<'a> {
    locked_at: &'a str,
    answer: &'a Answer,
    findings: Vec<FirstFindingBlock<'a>>,
}

#[derive(Serialize)]
struct FirstFindingBlock<'a> {
    id: &'a str,
    decision: Option<DecisionBlock<'a>>,
}

impl<'a> ReadingBlock<'a> {
    fn new(reading: &'a Reading) -> Self {
        let first_read = |first: &'a FirstRead| FirstReadBlock {
            locked_at: &first.at,
            answer: &first.answer,
            findings: first
                .findings
                .iter()
                .map(|(id, decision)| FirstFindingBlock {
                    id: id.as_str(),
                    decision: decision.as_ref().map(DecisionBlock::new),
                })
                .collect(),
        };
        Self {
            reader: reading.reader.as_str(),
            role: reading.role.code(),
            mode: reading.mode.code(),
            presentation: reading.presentation,
            independent: reading.is_independent,
            audit_seed: reading.audit_seed,
            started_at: &reading.started_at,
            had_seen_ai: reading.had_seen_ai,
            first_read: reading.locked.as_ref().map(first_read),
            revealed_at: reading.revealed_at.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct SignatureBlock<'a> {
    event_id: &'a str,
    reader: &'a str,
    name: &'a str,
    at: &'a str,
    meaning: &'static str,
    role: &'static str,
    n_unreviewed: usize,
    covers_sha256: &'a str,
    /// The study was opened again after it.
    amended: Option<AmendmentBlock<'a>>,
}

#[derive(Serialize)]
struct AmendmentBlock<'a> {
    event_id: &'a str,
    reader: &'a str,
    at: &'a str,
    reason: &'a str,
}

impl<'a> SignatureBlock<'a> {
    fn new(signature: &'a SignOff) -> Self {
        let amendment = |amended: &'a Amendment| AmendmentBlock {
            event_id: amended.event.as_str(),
            reader: amended.reader.as_str(),
            at: &amended.at,
            reason: &amended.reason,
        };
        Self {
            event_id: signature.event.as_str(),
            reader: signature.reader.as_str(),
            name: &signature.name,
            at: &signature.at,
            meaning: signature.meaning.code(),
            role: signature.role.code(),
            n_unreviewed: signature.n_unreviewed,
            covers_sha256: &signature.covers_sha256,
            amended: signature.amended.as_ref().map(amendment),
        }
    }
}
