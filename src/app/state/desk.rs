//! One study on the reader's desk: its review, and what each model did with it.

use std::collections::BTreeMap;

use crate::domain::uid::{ModelId, StudyUid};
use crate::jobs::event::Generation;
use crate::review::session::ReviewSession;
use crate::store::conflict::Basis;
use crate::ui::context::{AnalysisState, Asked};
use crate::ui::copies::CopiesState;

pub struct Desk {
    pub session: ReviewSession,
    /// The record has been read: only then may anything be added to it.
    pub is_record_read: bool,
    /// What of the record the review stands on.
    pub basis: Basis,
    pub analysis: BTreeMap<ModelId, AnalysisState>,
    pub analysis_generation: Generation,
    /// Maps and inputs beyond the findings.
    pub asked: Asked,
    /// Anonymous copies: recomputable, never part of the record.
    pub copies: CopiesState,
}

impl Desk {
    pub fn new(study: StudyUid) -> Self {
        Self {
            session: ReviewSession::new(study),
            is_record_read: false,
            basis: Basis::default(),
            analysis: BTreeMap::new(),
            analysis_generation: Generation::default(),
            asked: Asked::default(),
            copies: CopiesState::default(),
        }
    }

    /// No model runs any more: those that did are now `state`.
    pub fn end_running(&mut self, state: &AnalysisState) {
        for running in self.analysis.values_mut().filter(|known| matches!(known, AnalysisState::Running(_))) {
            running.clone_from(state);
        }
    }

    pub fn is_analyzing(&self) -> bool {
        self.analysis.values().any(|state| matches!(state, AnalysisState::Running(_)))
    }
}
