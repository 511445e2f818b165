//! Anonymous copies: seen before they are made, and made in the order of exports.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::deidentification::Options;
use crate::domain::intake::Progress;
use crate::domain::study::Study;
use crate::export::deidentify::pseudonyms::Secret;
use crate::jobs::event::{CopyEvent, JobEvent};
use crate::jobs::runner::{Outbox, Runner};
use crate::jobs::work::study_copies::{self, CopyOrder};

impl Runner {
    /// What these options would change in the study; a newer call goes before.
    pub fn preview_copies(&self, study: Arc<Study>, options: Options, secret: Secret) {
        let outbox = self.outbox.clone();
        self.previews.submit(Box::new(move |token| {
            if token.is_cancelled() {
                return;
            }
            let event = CopyEvent::Preview(study_copies::preview(&study, &options, &secret));
            outbox.send(JobEvent::Copies { study: study.uid.clone(), event });
        }));
    }

    /// Looks for writing in the study's pictures; a newer call ends this one.
    pub fn look_for_writing(&self, study: Arc<Study>) {
        let (outbox, importer) = (self.outbox.clone(), self.importer.clone());
        self.writing.submit(Box::new(move |token| {
            let send = |event| outbox.send(JobEvent::Copies { study: study.uid.clone(), event });
            let progress = now_and_then(|progress| send(CopyEvent::LookingForWriting(progress)));
            if let Some(found) = study_copies::writing(&importer, &study, &|| token.is_cancelled(), &progress) {
                send(CopyEvent::Writing(found));
            }
        }));
    }

    /// Makes copies after the exports that wait; stopped with them.
    pub fn make_copies(&self, order: CopyOrder) {
        let (outbox, importer) = (self.outbox.clone(), self.importer.clone());
        let token = self.export_token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.exports.submit(move |()| {
            let send = |outbox: &Outbox, event| {
                outbox.send(JobEvent::Copies { study: order.study.uid.clone(), event });
            };
            let progress = now_and_then(|progress| send(&outbox, CopyEvent::Progress(progress)));
            let made = study_copies::make(&order, &importer, &|| token.is_cancelled(), &progress);
            let event = match made {
                Ok(copies) => CopyEvent::Done { folder: order.folder.clone(), summary: copies.summary },
                Err(text) => CopyEvent::Failed(text),
            };
            send(&outbox, event);
        });
    }
}

/// At most some 20 reports a second.
fn now_and_then(tell: impl Fn(Progress)) -> impl Fn(Progress) {
    let told = Mutex::new(Instant::now());
    move |progress| {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= Duration::from_millis(50) {
            *told = Instant::now();
            tell(progress);
        }
    }
}
