//! One study on the worklist as one reader may see it; and how the list is ordered, filtered and walked.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::patient::Patient;
use crate::domain::reading::ReadingMode;
use crate::domain::uid::{ReaderName, StudyUid};
use crate::review::digest::{Flag, StudyDigest, StudyStatus};
use crate::review::urgency::{Facts, UrgencyRules};

/// What is known of a study without its review, kept beside the record so that it can be listed when its files are not
/// at hand. Convenience: free to vanish.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StudyCard {
    pub patient: Patient,
    /// `YYYYMMDD`.
    pub date: String,
    /// `HHMMSS`.
    pub time: String,
    pub description: String,
    pub accession: String,
    /// Each once, separated by blanks.
    pub modalities: String,
    pub n_images: usize,
    /// Folders or files that brought it.
    pub places: Vec<String>,
    /// When it first came to this worklist, seconds since 1970.
    pub arrived_s: Option<i64>,
    /// When a reader first opened it, and whether it stood flagged then.
    pub opened: Option<FirstOpened>,
}

impl std::fmt::Debug for StudyCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StudyCard(redacted, {} images)", self.n_images)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstOpened {
    /// Seconds since 1970.
    pub at_s: i64,
    /// The list showed a flag then; `None` where the AI was kept from the reader.
    pub was_flagged: Option<bool>,
}

/// What the models said, as far as the viewer may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AiStanding {
    Flagged,
    NotAnalyzed,
    /// Does not exclude disease.
    NotFlagged,
    /// Kept from the viewer.
    Hidden,
}

impl AiStanding {
    pub fn word(self) -> &'static str {
        match self {
            Self::Flagged => "Flagged",
            Self::NotAnalyzed => "Not analyzed",
            Self::NotFlagged => "Not flagged",
            Self::Hidden => "AI hidden",
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkItem {
    pub study: StudyUid,
    pub card: StudyCard,
    /// Its files are open in this program.
    pub is_here: bool,
    pub has_prior: bool,
    pub ai: AiStanding,
    /// Of the models, the greatest margin first; none where they are hidden.
    pub flags: Vec<Flag>,
    pub status: StudyStatus,
    pub assigned_to: Option<ReaderName>,
    /// The viewer has signed it.
    pub is_signed_by_viewer: bool,
    /// Drawn into the audit's sample.
    pub is_in_audit: bool,
    pub points: i32,
    /// In lower case, of everything that is searched.
    haystack: String,
}

/// Who looks at the list, and under which plan new studies are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Viewing {
    pub viewer: ReaderName,
    pub mode: ReadingMode,
    pub audit: AuditSample,
    /// Seconds since 1970.
    pub now_s: i64,
}

/// A random part of the studies on which the models flagged nothing. Whether a study belongs to it depends on the seed
/// and its UID alone: neither on the order of the list nor on what comes later.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditSample {
    pub seed: u64,
    /// 0 to 1.
    pub rate: f64,
}

impl Default for AuditSample {
    fn default() -> Self {
        Self { seed: 1, rate: 0.1 }
    }
}

impl AuditSample {
    pub fn draws(&self, study: &StudyUid) -> bool {
        let mut hasher = Sha256::new();
        hasher.update(b"overread.audit-sample.v1\0");
        hasher.update(self.seed.to_le_bytes());
        hasher.update(study.as_str().as_bytes());
        let hash: [u8; 32] = hasher.finalize().into();
        let [a, b, c, d, ..] = hash;
        let draw = f64::from(u32::from_le_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0);
        draw < self.rate
    }
}

impl WorkItem {
    pub fn new(
        study: StudyUid,
        card: StudyCard,
        digest: Option<&StudyDigest>,
        is_here: bool,
        viewing: &Viewing,
        rules: &UrgencyRules,
    ) -> Self {
        let of_viewer = digest.and_then(|digest| digest.reader(&viewing.viewer));
        // A study that the viewer has not begun will be read under the plan; one that was, as it was begun.
        let is_hidden = of_viewer.map_or(viewing.mode.begins_without_ai(), |reader| {
            reader.is_ai_hidden || (viewing.mode == ReadingMode::Blind && !reader.has_signed)
        });
        let flags = digest.filter(|_| !is_hidden).map(|digest| digest.flags.clone()).unwrap_or_default();
        let ai = match digest {
            _ if is_hidden => AiStanding::Hidden,
            Some(digest) if !digest.is_analyzed => AiStanding::NotAnalyzed,
            None => AiStanding::NotAnalyzed,
            Some(_) if flags.is_empty() => AiStanding::NotFlagged,
            Some(_) => AiStanding::Flagged,
        };
        let is_negative = digest.is_some_and(|digest| digest.is_analyzed && digest.flags.is_empty());
        let is_audit = viewing.mode == ReadingMode::Audit;
        let status = digest.map_or(StudyStatus::Unread, |digest| status_for(digest, viewing, is_hidden));
        let mut item = Self {
            haystack: haystack(&card, &flags),
            is_here,
            has_prior: false,
            ai,
            flags,
            status,
            assigned_to: digest.and_then(|digest| digest.assigned_to.clone()),
            is_signed_by_viewer: of_viewer.is_some_and(|reader| reader.has_signed),
            is_in_audit: is_audit && is_negative && viewing.audit.draws(&study),
            points: 0,
            study,
            card,
        };
        item.points = rules.points(&item.facts(viewing.now_s));
        item
    }

    /// What the urgency rules look at.
    pub fn facts(&self, now_s: i64) -> Facts<'_> {
        Facts {
            flags: &self.flags,
            is_unanalyzed: self.ai == AiStanding::NotAnalyzed,
            waiting_hours: self.waiting_s(now_s).map(|seconds| seconds as f64 / 3600.0),
            modalities: &self.card.modalities,
            description: &self.card.description,
        }
    }

    /// Since it came, until it was done; `None` where that is not known, or the clock went back.
    pub fn waiting_s(&self, now_s: i64) -> Option<i64> {
        let waited = now_s - self.card.arrived_s?;
        (waited >= 0 && !self.status.is_done()).then_some(waited)
    }

    pub fn is_open_flag(&self) -> bool {
        self.flags.iter().any(|flag| flag.is_open)
    }
}

/// An independent reader is not told how far others are, one without the AI not what is left of its findings.
fn status_for(digest: &StudyDigest, viewing: &Viewing, is_hidden: bool) -> StudyStatus {
    match digest.reader(&viewing.viewer) {
        Some(reader) if reader.is_independent && !reader.has_signed => StudyStatus::InProgress,
        None if is_hidden => StudyStatus::Unread,
        _ => digest.status,
    }
}

fn haystack(card: &StudyCard, flags: &[Flag]) -> String {
    let StudyCard { patient, date, description, accession, modalities, .. } = card;
    let name = patient.display_name();
    let mut text = [name.as_str(), &patient.id, accession, description, modalities, date].join("\n");
    for flag in flags {
        text.push('\n');
        text.push_str(&flag.label);
    }
    text.to_lowercase()
}

/// What is asked to be seen. The whole list is its default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkFilter {
    /// Words that all must be found: name, id, accession, description, modality, date, flag.
    pub text: String,
    pub status: Option<StudyStatus>,
    pub ai: Option<AiStanding>,
    pub modality: Option<String>,
    /// Assigned to the viewer.
    pub is_mine: bool,
    /// Done studies are left out.
    pub hides_done: bool,
    pub is_audit: bool,
}

impl WorkFilter {
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }

    /// Places in `items` of what is asked for, in their order.
    pub fn places(&self, items: &[WorkItem], viewer: &ReaderName) -> Vec<usize> {
        let text = self.text.to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let wanted = |item: &WorkItem| {
            self.status.is_none_or(|status| item.status == status)
                && self.ai.is_none_or(|ai| item.ai == ai)
                && (!self.is_mine || item.assigned_to.as_ref() == Some(viewer))
                && !(self.hides_done && item.status.is_done())
                && (!self.is_audit || item.is_in_audit)
                && self.modality.as_ref().is_none_or(|one| item.card.modalities.split(' ').any(|has| has == one))
                && words.iter().all(|word| item.haystack.contains(word))
        };
        items.iter().enumerate().filter(|(_, item)| wanted(item)).map(|(place, _)| place).collect()
    }
}

/// Sorts by urgency: what is done last; then the points; of equals who waits longest; so that the order is one.
pub fn sort(items: &mut [WorkItem]) {
    items.sort_by(compare);
}

fn compare(a: &WorkItem, b: &WorkItem) -> Ordering {
    let arrived = |item: &WorkItem| item.card.arrived_s.unwrap_or(i64::MAX);
    let by_done = a.status.is_done().cmp(&b.status.is_done());
    let by_points = || b.points.cmp(&a.points);
    by_done.then_with(by_points).then_with(|| arrived(a).cmp(&arrived(b))).then_with(|| a.study.cmp(&b.study))
}

/// Says of each item whether an earlier study of the same patient is on the list.
pub fn note_priors(items: &mut [WorkItem]) {
    // Identity as elsewhere: the patient's id with the birth date; without an id nobody is taken for another.
    let mut earliest: HashMap<(String, String), String> = HashMap::new();
    let key = |item: &WorkItem| {
        let Patient { id, birth_date, .. } = &item.card.patient;
        (!id.is_empty()).then(|| (id.clone(), birth_date.clone()))
    };
    for item in items.iter() {
        let Some(key) = key(item) else { continue };
        let date = &item.card.date;
        let first = earliest.entry(key).or_insert_with(|| date.clone());
        if !date.is_empty() && (first.is_empty() || date < first) {
            first.clone_from(date);
        }
    }
    for item in items.iter_mut() {
        let first = key(item).and_then(|key| earliest.get(&key));
        item.has_prior = first.is_some_and(|first| !first.is_empty() && *first < item.card.date);
    }
}

/// The study to read after `current`: the next below it that is neither done nor another's; then from the top.
pub fn next_to_read<'a>(
    items: &'a [WorkItem],
    current: Option<&StudyUid>,
    viewer: &ReaderName,
) -> Option<&'a WorkItem> {
    let at = current.and_then(|uid| items.iter().position(|item| &item.study == uid));
    let (above, below) = items.split_at(at.map_or(0, |at| at + 1));
    let is_free = |item: &&WorkItem| {
        let is_others = item.assigned_to.as_ref().is_some_and(|holder| holder != viewer);
        !item.status.is_done() && !item.is_signed_by_viewer && !is_others && Some(&item.study) != current
    };
    below.iter().chain(above).find(is_free)
}

/// How long studies waited until a reader opened them, by whether the list showed a flag.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TriageTimes {
    pub flagged: Option<WaitingTime>,
    pub unflagged: Option<WaitingTime>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaitingTime {
    pub n_studies: usize,
    pub median_s: f64,
}

impl TriageTimes {
    pub fn of<'a>(cards: impl Iterator<Item = &'a StudyCard>) -> Self {
        let (mut flagged, mut unflagged) = (Vec::new(), Vec::new());
        for card in cards {
            let (Some(arrived), Some(opened)) = (card.arrived_s, card.opened) else { continue };
            match opened.was_flagged {
                // A clock that went back measures nothing.
                _ if opened.at_s < arrived => {}
                Some(true) => flagged.push(opened.at_s - arrived),
                Some(false) => unflagged.push(opened.at_s - arrived),
                None => {}
            }
        }
        Self { flagged: waiting_time(flagged), unflagged: waiting_time(unflagged) }
    }
}

fn waiting_time(mut seconds: Vec<i64>) -> Option<WaitingTime> {
    seconds.sort_unstable();
    let n_studies = seconds.len();
    let upper = *seconds.get(n_studies / 2)?;
    let lower = *seconds.get(n_studies.checked_sub(1)? / 2)?;
    Some(WaitingTime { n_studies, median_s: (upper + lower) as f64 / 2.0 })
}
