//! What the worklist needs of one study's review: small, kept beside the record, and made again from it at any time.

use serde::{Deserialize, Serialize};

use crate::domain::decision::Verdict;
use crate::domain::reading::SignatureMeaning;
use crate::domain::score::Assessment;
use crate::domain::uid::ReaderName;
use crate::review::event::Change;
use crate::review::session::{FindingReview, ReviewSession};

/// Raised when the digest of the same events would be another; one of another version is made anew.
const FORMAT: u32 = 1;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StudyDigest {
    pub format: u32,
    /// Of how many events of the study it was made: with more in the record it is stale.
    pub n_events: u64,
    /// A model has looked at the study.
    pub is_analyzed: bool,
    /// What models flagged, decided on or not, the greatest margin first.
    pub flags: Vec<Flag>,
    pub n_unreviewed: usize,
    pub status: StudyStatus,
    pub assigned_to: Option<ReaderName>,
    /// RFC 3339; of the last signature in force.
    pub signed_at: Option<String>,
    pub signed_by: Option<ReaderName>,
    /// One for each reader who began or decided, by name.
    pub readers: Vec<ReaderDigest>,
}

/// One flagged finding of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flag {
    pub label: String,
    /// `Score 0.62, above operating point 0.50`.
    pub sentence: String,
    /// Score minus operating point.
    pub margin: f64,
    pub is_open: bool,
}

/// How one reader stands to the study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReaderDigest {
    pub reader: ReaderName,
    pub is_ai_hidden: bool,
    pub is_independent: bool,
    pub has_signed: bool,
}

/// Where a study stands in the work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StudyStatus {
    #[default]
    Unread,
    /// Somebody has decided something.
    InProgress,
    /// Everything flagged is decided, and something is uncertain.
    NeedsSecondRead,
    /// Readers who signed do not say the same.
    NeedsAdjudication,
    /// Signed, then opened again.
    Amended,
    Signed,
    Adjudicated,
}

impl StudyStatus {
    pub const ALL: [Self; 7] = [
        Self::Unread,
        Self::InProgress,
        Self::NeedsSecondRead,
        Self::NeedsAdjudication,
        Self::Amended,
        Self::Signed,
        Self::Adjudicated,
    ];

    pub fn code(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::InProgress => "in_progress",
            Self::NeedsSecondRead => "needs_second_read",
            Self::NeedsAdjudication => "needs_adjudication",
            Self::Amended => "amended",
            Self::Signed => "signed",
            Self::Adjudicated => "adjudicated",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Unread => "Unread",
            Self::InProgress => "In progress",
            Self::NeedsSecondRead => "Needs second read",
            Self::NeedsAdjudication => "Readers differ",
            Self::Amended => "Amended",
            Self::Signed => "Signed",
            Self::Adjudicated => "Adjudicated",
        }
    }

    /// Nothing is to be done.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Signed | Self::Adjudicated)
    }
}

impl StudyDigest {
    /// Of everything the record holds, whoever views: what a reader may see of it, [`crate::review::work_item`] says.
    pub fn of(session: &ReviewSession) -> Self {
        let reviews = session.unmasked();
        let course = session.course();
        let events = session.events();
        let is_suggested = |change: &Change| matches!(change, Change::SuggestionsRecorded { .. });
        let is_analyzed = events.iter().any(|logged| is_suggested(&logged.event.change));
        let mut flags: Vec<Flag> = reviews.iter().filter_map(flag).collect();
        flags.sort_by(|a, b| b.margin.total_cmp(&a.margin));
        let signature = course.signature();
        Self {
            format: FORMAT,
            n_events: events.len() as u64,
            is_analyzed,
            n_unreviewed: reviews.iter().filter(|review| review.is_unreviewed()).count(),
            flags,
            status: status(session, &reviews),
            assigned_to: course.assignment().map(|assignment| assignment.reader.clone()),
            signed_at: signature.map(|signature| signature.at.clone()),
            signed_by: signature.map(|signature| signature.reader.clone()),
            readers: readers(session),
        }
    }

    /// A kept digest, unless it is of another version or of fewer events.
    pub fn read(json: &str, n_events: u64) -> Option<Self> {
        let digest: Self = serde_json::from_str(json).ok()?;
        (digest.format == FORMAT && digest.n_events == n_events).then_some(digest)
    }

    pub fn reader(&self, reader: &ReaderName) -> Option<&ReaderDigest> {
        self.readers.iter().find(|one| &one.reader == reader)
    }
}

fn flag(review: &FindingReview) -> Option<Flag> {
    let assessment = review.finding.assessment.as_ref().filter(|assessment| assessment.is_flagged())?;
    review.finding.model_run()?;
    Some(Flag {
        label: review.finding.label.name.clone(),
        sentence: Assessment::sentence(assessment),
        margin: review.margin()?,
        is_open: review.decision.is_none(),
    })
}

fn status(session: &ReviewSession, reviews: &[FindingReview]) -> StudyStatus {
    let course = session.course();
    if let Some(signature) = course.signature() {
        let is_adjudicated = signature.meaning == SignatureMeaning::Adjudication || course.adjudicated().is_some();
        return match is_adjudicated {
            true => StudyStatus::Adjudicated,
            false if is_disputed(session, reviews) => StudyStatus::NeedsAdjudication,
            false => StudyStatus::Signed,
        };
    }
    if !course.signatures().is_empty() {
        return StudyStatus::Amended;
    }
    let is_judged = reviews.iter().any(|review| review.decision.is_some() || !review.finding.is_suggested());
    let is_any_open = reviews.iter().any(FindingReview::is_unreviewed);
    let is_uncertain = |review: &FindingReview| {
        review.decision.as_ref().is_some_and(|decision| decision.verdict == Verdict::Uncertain)
    };
    match (is_judged, is_any_open) {
        (false, _) => StudyStatus::Unread,
        (true, false) if reviews.iter().any(is_uncertain) => StudyStatus::NeedsSecondRead,
        (true, _) => StudyStatus::InProgress,
    }
}

/// Two readers have signed and do not say the same of a finding that nobody has adjudicated.
fn is_disputed(session: &ReviewSession, reviews: &[FindingReview]) -> bool {
    let signed: Vec<&ReaderName> = session.course().signatures().iter().map(|signature| &signature.reader).collect();
    let answers = |review: &FindingReview| {
        let of_signed = review.by_reader.iter().filter(|decision| signed.contains(&&decision.reader));
        of_signed.map(|decision| (decision.verdict.word(), decision.details.label.clone())).collect::<Vec<_>>()
    };
    let differs = |review: &&FindingReview| {
        let answers = answers(review);
        answers.iter().any(|answer| Some(answer) != answers.first())
    };
    reviews.iter().filter(|review| review.adjudicated.is_none()).any(|review| differs(&review))
}

fn readers(session: &ReviewSession) -> Vec<ReaderDigest> {
    let course = session.course();
    let acted = session
        .events()
        .iter()
        .map(|logged| &logged.event)
        .filter(|event| !matches!(event.change, Change::SuggestionsRecorded { .. } | Change::StudyAssigned { .. }));
    let mut names: Vec<&ReaderName> = acted.map(|event| &event.reader).filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    let digest = |reader: &ReaderName| ReaderDigest {
        reader: reader.clone(),
        is_ai_hidden: course.hides_ai_from(reader),
        is_independent: course.reading(reader).is_some_and(|reading| reading.is_independent),
        has_signed: course.has_signed(reader),
    };
    names.into_iter().map(digest).collect()
}
