//! Findings and stamps for the tests of `review` and `store`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops where it is")]

use std::sync::Arc;

use overread::domain::coding::CodedConcept;
use overread::domain::decision::{RejectReason, Seen, SeenOverlay, Verdict};
use overread::domain::finding::{
    Evidence, Finding, FindingLabel, MeasuredLine, Measurement, Origin, Place, PlacedSegment, Subject,
};
use overread::domain::geometry::{PixelBox, Vec3};
use overread::domain::intake::Notice;
use overread::domain::mask::{Mask, Segment};
use overread::domain::model::{DistanceVerdict, InputDistance, ModelIdentity, ModelInput, ModelRun};
use overread::domain::presentation::Window;
use overread::domain::saliency::{MapFromSource, SaliencyFacts, SaliencyMap};
use overread::domain::score::{Assessment, Logit, OperatingPoint, Score};
use overread::domain::uid::{EventId, FindingId, ModelId, ReaderName, SeriesUid, SopInstanceUid, StudyUid};
use overread::review::command::{Command, Stamp};
use overread::review::event::ReviewEvent;
use overread::review::rules::Refusal;
use overread::review::session::ReviewSession;

pub const STUDY: &str = "1.2.826.0.1.3680043.8.498.1";

pub fn study() -> StudyUid {
    StudyUid::new(STUDY)
}

pub fn subject(study: &StudyUid) -> Subject {
    Subject { study: study.clone(), series: SeriesUid::new("1.2.3.4"), sop: SopInstanceUid::new("1.2.3.4.5"), frame: 0 }
}

/// A model's finding in `study` with a map, two masks, a line and a notice.
pub fn suggestion_in(study: &StudyUid, id: &str, logit: f64) -> Arc<Finding> {
    let sop = SopInstanceUid::new("1.2.3.4.5");
    let model = ModelIdentity {
        id: ModelId::new("chest-test"),
        name: "Chest test".to_owned(),
        version: "1.0.0".to_owned(),
        weights_sha256: "ab".repeat(32),
    };
    let run = ModelRun {
        model,
        inputs: vec![ModelInput { sop, frame: 0, pixels_sha256: "cd".repeat(32) }],
        device: "cpu, 2 threads".to_owned(),
        seconds: 1.25,
        distance: Some(InputDistance {
            distance: 31.25,
            percentile: 97.5,
            of_scanner: None,
            verdict: DistanceVerdict::Unusual,
        }),
    };
    let operating_point = OperatingPoint {
        threshold: 0.5,
        sensitivity: Some(0.9),
        specificity: None,
        set: "test".to_owned(),
        n: Some(3),
    };
    Arc::new(Finding {
        id: FindingId::new(id),
        subject: subject(study),
        label: FindingLabel { id: id.to_owned(), name: format!("Label {id}"), code: None },
        origin: Origin::Model(Box::new(run)),
        assessment: Some(Assessment::new(Score::uncalibrated(Logit(logit), 1.0), operating_point)),
        place: Place::WholeImage,
        measurements: vec![Measurement {
            id: "area".into(),
            name: "Area".into(),
            value: 0.1 + 0.2,
            unit: "mm2".into(),
        }],
        evidence: evidence(),
        notices: vec![Notice::new("touches_border", "The mask touches the image border.")],
    })
}

fn evidence() -> Evidence {
    let facts = SaliencyFacts {
        method: "grad-cam".to_owned(),
        layer: "features.norm5".to_owned(),
        raw_peak: 0.1,
        map_from_source: MapFromSource { scale_x: 1.0 / 3.0, offset_x: -0.25, scale_y: 0.5, offset_y: 0.0 },
        source_rows: 24,
        source_cols: 30,
    };
    let values: Vec<f32> = (0..80_u8).map(|n| f32::from(n) / 79.0).collect();
    let segment = |id: &str, period: usize| {
        let dense: Vec<u8> = (0..24 * 30).map(|pixel| u8::from(pixel % period < 3)).collect();
        Arc::new(Segment {
            id: id.to_owned(),
            name: id.to_owned(),
            code: CodedConcept::new("SCT", "39607008", "Lung"),
            color: [10, 20, 30],
            mask: Mask::from_dense(24, 30, &dense).unwrap(),
        })
    };
    Evidence {
        saliency: Some(Arc::new(SaliencyMap::new(8, 10, values, facts).unwrap())),
        segments: vec![segment("right_lung", 7), segment("left_lung", 11)],
        elsewhere: vec![PlacedSegment {
            sop: SopInstanceUid::new("1.2.3.4.6"),
            frame: 3,
            segment: segment("right_lung", 5),
        }],
        center_mm: Some(Vec3([1.5, -2.25, 0.1 + 0.2])),
        lines: vec![MeasuredLine { name: "Heart".into(), from: [1.0, 2.0], to: [0.1, 7.7] }],
        ..Evidence::default()
    }
}

pub fn suggestion(id: &str, logit: f64) -> Arc<Finding> {
    suggestion_in(&study(), id, logit)
}

pub fn readers_finding(id: &str, name: &str) -> Arc<Finding> {
    let region = PixelBox { x0: 1.0, y0: 2.0, x1: 5.0, y1: 9.0 };
    Arc::new(Finding {
        id: FindingId::new(id),
        subject: subject(&study()),
        label: FindingLabel { id: "reader".to_owned(), name: name.to_owned(), code: None },
        origin: Origin::Reader(ReaderName::new("R. Eader")),
        assessment: None,
        place: Place::Region { region },
        measurements: Vec::new(),
        evidence: Evidence::default(),
        notices: Vec::new(),
    })
}

pub fn seen() -> Option<Seen> {
    Some(Seen {
        sop: SopInstanceUid::new("1.2.3.4.5"),
        frame: 0,
        window: Some(Window::linear(40.0, 400.1)),
        zoom: 1.1 / 3.0,
        rotation_deg: 90,
        is_flipped: false,
        is_inverted: true,
        overlay: SeenOverlay { masks_shown: true, saliency_shown: false, opacity: 0.35, score_shown: true },
        circumstances: Default::default(),
    })
}

pub fn reject() -> Verdict {
    Verdict::Rejected { reasons: vec![RejectReason::CompositeShadow], text: "rib".to_owned() }
}

pub fn decide(id: &str, verdict: Verdict, comment: &str) -> Command {
    Command::Decide {
        finding: FindingId::new(id),
        verdict,
        seen: seen(),
        comment: comment.to_owned(),
        details: Default::default(),
    }
}

pub fn show(id: &str) -> Command {
    Command::MarkDisplayed { finding: FindingId::new(id) }
}

/// A session and a clock that counts.
pub struct Desk {
    pub session: ReviewSession,
    pub reader: ReaderName,
    pub n_stamps: usize,
}

impl Desk {
    pub fn new() -> Self {
        Self::with(ReviewSession::new(study()))
    }

    pub fn with(session: ReviewSession) -> Self {
        Self { session, reader: ReaderName::new("R. Eader"), n_stamps: 0 }
    }

    /// With suggestions `a` (well above), `b` (just above) and `c` (below), all displayed.
    pub fn with_three() -> Self {
        let mut desk = Self::new();
        let three = [("c", -1.0), ("b", 0.2), ("a", 2.0)].map(|(id, logit)| suggestion(id, logit));
        desk.does(Command::AddSuggestions(three.to_vec()));
        for id in ["a", "b", "c"] {
            desk.does(show(id));
        }
        desk
    }

    pub fn tries(&mut self, command: Command) -> Result<Vec<ReviewEvent>, Refusal> {
        let (n_stamps, reader) = (&mut self.n_stamps, &self.reader);
        self.session.apply(command, &mut || {
            *n_stamps += 1;
            let n = *n_stamps;
            let at = format!("2026-11-21T10:{:02}:{:02}+01:00", n / 60 % 60, n % 60);
            Stamp { reader: reader.clone(), at, event: EventId::new(format!("{STUDY}-e{n}")) }
        })
    }

    pub fn does(&mut self, command: Command) -> Vec<ReviewEvent> {
        self.tries(command).unwrap()
    }

    pub fn decision(&self, id: &str) -> Option<Verdict> {
        self.session.finding(&FindingId::new(id))?.decision.as_ref().map(|decision| decision.verdict.clone())
    }
}
