//! What other products said about the open study becomes part of its review, once all of its files are here.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::app::dispatch::review;
use crate::app::hall::App;
use crate::domain::finding::Finding;
use crate::domain::uid::StudyUid;
use crate::export::dicom::uids::tracking_uid;
use crate::review::command::Command;

/// Suggests the findings that came in with the study's files; those known already are passed over.
pub fn take_in(app: &mut App, study: &StudyUid) {
    if app.library.is_partial(study) {
        return;
    }
    let Some(of_study) = app.library.study(study).cloned() else { return };
    let Some(desk) = app.desks.get(study).filter(|desk| desk.is_record_read) else { return };
    // What this program wrote itself comes back under the identity it left with
    let known = desk.session.events().iter().flat_map(|logged| logged.event.findings());
    let mut own: BTreeSet<String> = known.map(|finding| tracking_uid(finding.as_str())).collect();
    own.extend(desk.session.annotations().iter().map(|review| tracking_uid(review.annotation.id.as_str())));
    let is_own = |finding: &Finding| {
        finding.imported().and_then(|source| source.tracking_uid.as_ref()).is_some_and(|uid| own.contains(uid))
    };
    let findings = of_study.documents.iter().flat_map(|document| &document.findings);
    let findings: Vec<Arc<Finding>> =
        findings.filter(|finding| desk.session.finding(&finding.id).is_none() && !is_own(finding)).cloned().collect();
    if !findings.is_empty() {
        review::apply(app, study, Command::AddSuggestions(findings));
    }
}
