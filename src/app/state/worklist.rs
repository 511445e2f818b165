//! The studies of the store, of what is open and of watched folders as one list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::study::Study;
use crate::domain::uid::StudyUid;
use crate::jobs::event::ListedStudy;
use crate::jobs::store_hand::memory_of;
use crate::review::digest::StudyDigest;
use crate::review::urgency::UrgencyRules;
use crate::review::work_item::{self, FirstOpened, StudyCard, TriageTimes, Viewing, WorkItem};
use crate::store::StudyMemory;
use crate::ui::context::WorklistFacts;

/// The order by waiting time is made anew after so many seconds.
const AGES_AFTER_S: i64 = 60;

#[derive(Default)]
pub struct Worklist {
    cards: BTreeMap<StudyUid, StudyCard>,
    digests: BTreeMap<StudyUid, StudyDigest>,
    /// Their digests are to be made anew, by the store's thread.
    stale: Vec<StudyUid>,
    facts: WorklistFacts,
    /// For whom, under which rules and when the list was made.
    made_for: Option<(Viewing, UrgencyRules)>,
    is_dirty: bool,
    /// The store has told what it knows.
    is_read: bool,
}

impl Worklist {
    pub fn facts(&self) -> &WorklistFacts {
        &self.facts
    }

    pub fn is_read(&self) -> bool {
        self.is_read
    }

    pub fn card(&self, study: &StudyUid) -> Option<&StudyCard> {
        self.cards.get(study)
    }

    pub fn digest(&self, study: &StudyUid) -> Option<&StudyDigest> {
        self.digests.get(study)
    }

    /// What the store knows; what was learned meanwhile goes before it.
    pub fn take_in(&mut self, listed: Vec<ListedStudy>) {
        self.is_read = true;
        self.is_dirty = true;
        for ListedStudy { study, card, digest, is_recorded } in listed {
            match digest {
                Some(digest) => drop(self.digests.entry(study.clone()).or_insert(digest)),
                None if is_recorded && !self.digests.contains_key(&study) => self.stale.push(study.clone()),
                None => {}
            }
            if let Some(kept) = card {
                match self.cards.get_mut(&study) {
                    // When it came and was first opened is older news than what the files say now.
                    Some(known) => (known.arrived_s, known.opened) = (kept.arrived_s, kept.opened.or(known.opened)),
                    None => drop(self.cards.insert(study, kept)),
                }
            } else {
                self.cards.entry(study).or_default();
            }
        }
    }

    /// The next few studies whose digest is to be made anew.
    pub fn take_stale(&mut self) -> Vec<StudyUid> {
        const AT_ONCE: usize = 16;
        let n_left = self.stale.len().saturating_sub(AT_ONCE);
        self.stale.split_off(n_left)
    }

    /// Studies that came in; what is to be kept of them.
    pub fn note_studies(&mut self, studies: &[Arc<Study>], places: &[PathBuf], now_s: i64) -> Vec<StudyMemory> {
        let mut memories = Vec::new();
        for study in studies {
            let known = self.cards.get(&study.uid);
            let card = StudyCard {
                arrived_s: known.and_then(|card| card.arrived_s).or(Some(now_s)),
                opened: known.and_then(|card| card.opened),
                ..card_of(study, places)
            };
            if known != Some(&card) {
                memories.extend(memory_of(&study.uid, Some(&card), None));
                self.cards.insert(study.uid.clone(), card);
                self.is_dirty = true;
            }
        }
        memories
    }

    pub fn note_digest(&mut self, study: &StudyUid, digest: StudyDigest) {
        self.cards.entry(study.clone()).or_default();
        let former = self.digests.insert(study.clone(), digest);
        self.is_dirty |= former.as_ref() != self.digests.get(study);
    }

    /// The first time a reader opens a study ends its waiting; what is to be kept of it.
    pub fn note_opened(&mut self, study: &StudyUid, now_s: i64) -> Option<StudyMemory> {
        let item = self.facts.items.iter().find(|item| &item.study == study);
        let was_flagged = item.and_then(|item| match item.ai {
            work_item::AiStanding::Hidden => None,
            _ => Some(item.is_open_flag()),
        });
        let card = self.cards.get_mut(study).filter(|card| card.opened.is_none())?;
        card.opened = Some(FirstOpened { at_s: now_s, was_flagged });
        self.is_dirty = true;
        memory_of(study, Some(card), None)
    }

    /// Something that the list depends on is another.
    pub fn must_refresh(&self, viewing: &Viewing, rules: &UrgencyRules) -> bool {
        let is_same = self.made_for.as_ref().is_some_and(|(made_for, with)| {
            let is_as_old = (viewing.now_s - made_for.now_s).abs() < AGES_AFTER_S;
            let of_now = Viewing { now_s: viewing.now_s, ..made_for.clone() };
            is_as_old && of_now == *viewing && with == rules
        });
        self.is_dirty || !is_same
    }

    /// Makes the list anew. `here` are the studies whose files are open.
    pub fn refresh(&mut self, viewing: &Viewing, rules: &UrgencyRules, here: &BTreeSet<StudyUid>) {
        let item = |(study, card): (&StudyUid, &StudyCard)| {
            let digest = self.digests.get(study);
            WorkItem::new(study.clone(), card.clone(), digest, here.contains(study), viewing, rules)
        };
        let mut items: Vec<WorkItem> = self.cards.iter().map(item).collect();
        work_item::note_priors(&mut items);
        work_item::sort(&mut items);
        let times = TriageTimes::of(self.cards.values());
        self.facts = WorklistFacts { items, now_s: viewing.now_s, times };
        self.made_for = Some((viewing.clone(), rules.clone()));
        self.is_dirty = false;
    }

    /// Which studies' files are open has changed.
    pub fn note_change(&mut self) {
        self.is_dirty = true;
    }
}

fn card_of(study: &Study, places: &[PathBuf]) -> StudyCard {
    let mut modalities: Vec<&str> = study.series.iter().map(|series| series.modality.0.as_str()).collect();
    modalities.sort_unstable();
    modalities.dedup();
    StudyCard {
        patient: study.patient.as_ref().clone(),
        date: study.date.clone(),
        time: study.time.clone(),
        description: study.description.clone(),
        accession: study.accession.clone(),
        modalities: modalities.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join(" "),
        n_images: study.n_images(),
        places: places.iter().map(|place| place.to_string_lossy().into_owned()).collect(),
        arrived_s: None,
        opened: None,
    }
}
