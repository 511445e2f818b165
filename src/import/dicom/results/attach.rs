//! Results held against the pictures of their study, once all files are there.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::document::{Document, DocumentKind};
use crate::domain::intake::Notice;
use crate::domain::study::Study;
use crate::import::dicom::person;
use crate::import::dicom::results::{
    DocumentBody, DocumentObject, key_objects, presentation, report, report_lines, segments, structure_set,
};
use crate::import::reason;

/// What became of the objects.
#[derive(Default)]
pub struct Attached {
    /// Those without a picture of their study here.
    pub orphans: Vec<Document>,
    /// What is to be said of files.
    pub warned: Vec<(PathBuf, Notice)>,
}

/// Every study gets the results that belong to it, those that open as pictures too.
pub fn attach(studies: &mut [Arc<Study>], mut objects: Vec<DocumentObject>) -> Attached {
    objects.sort_by(|a, b| a.path.cmp(&b.path));
    let mut attached = Attached::default();
    let mut by_study: BTreeMap<usize, Vec<Document>> = BTreeMap::new();
    for object in objects {
        match study_of(studies, &object).and_then(|index| Some((index, studies.get(index)?))) {
            Some((index, study)) => {
                let document = understood(&object, study);
                let path = || object.path.clone();
                attached.warned.extend(document.notices.iter().map(|notice| (path(), notice.clone())));
                by_study.entry(index).or_default().push(document);
            }
            None => attached.orphans.push(understood(&object, &nowhere(&object))),
        }
    }
    for (index, study) in studies.iter_mut().enumerate() {
        let mut documents = by_study.remove(&index).unwrap_or_default();
        documents.extend(segments::documents(study));
        if documents.is_empty() {
            continue;
        }
        // The same object in two files counts once
        documents.sort_by(|a, b| (a.kind, &a.date, &a.sop).cmp(&(b.kind, &b.date, &b.sop)));
        documents.dedup_by(|a, b| a.sop == b.sop);
        Arc::make_mut(study).documents = documents.into_iter().map(Arc::new).collect();
    }
    attached
}

/// The study it names, of the same person.
fn study_of(studies: &[Arc<Study>], object: &DocumentObject) -> Option<usize> {
    let is_same = |study: &Arc<Study>| {
        let uid = study.written_uid.as_ref().unwrap_or(&study.uid);
        uid == &object.study.uid && person::may_be_same(&study.patient, &object.study.patient)
    };
    studies.iter().position(is_same)
}

/// A study without pictures, for an object whose own are not here.
fn nowhere(object: &DocumentObject) -> Study {
    let facts = object.study.as_ref();
    Study {
        uid: facts.uid.clone(),
        patient: Arc::new(facts.patient.clone()),
        date: facts.date.clone(),
        time: facts.time.clone(),
        description: facts.description.clone(),
        id: facts.id.clone(),
        accession: facts.accession.clone(),
        institution: facts.institution.clone(),
        series: Vec::new(),
        written_uid: None,
        documents: Vec::new(),
        notices: Vec::new(),
    }
}

fn understood(object: &DocumentObject, study: &Study) -> Document {
    let DocumentObject { series, path, head, body, notices, .. } = object;
    let kind = body.kind();
    let titles = [head.label.clone(), series.description.clone(), kind.word().to_owned()];
    let mut maker: Vec<&str> =
        [head.model.as_str(), head.manufacturer.as_str()].into_iter().filter(|word| !word.is_empty()).collect();
    maker.dedup();
    let mut document = Document {
        sop: head.sop.clone(),
        sop_class: head.sop_class.clone(),
        series: series.uid.clone(),
        path: path.clone(),
        kind,
        title: titles.into_iter().find(|title| !title.is_empty()).unwrap_or_default(),
        maker: maker.join(", "),
        date: head.date.clone(),
        is_verified: head.is_verified,
        findings: Vec::new(),
        masks: BTreeMap::new(),
        key_images: Vec::new(),
        displays: Vec::new(),
        lines: Vec::new(),
        notices: notices.clone(),
    };
    match body {
        DocumentBody::Report(root) => {
            let understood = report::understand(head, series, root, study);
            document.lines = report_lines::lines(root);
            document.findings = understood.findings;
            document.notices.extend(understood.notices);
        }
        DocumentBody::KeyObjects(root) => {
            let (images, n_absent) = key_objects::images(root, study);
            document.lines = report_lines::lines(root);
            document.key_images = images;
            document.notices.extend(absent(n_absent));
        }
        DocumentBody::Presentation(state) => {
            let applied = presentation::apply(head, series, state, study);
            document.findings = applied.findings;
            document.displays = applied.displays;
            document.notices.extend(applied.notices);
        }
        DocumentBody::StructureSet(set) => {
            let placed = structure_set::place(head, series, set, study);
            document.findings = placed.findings;
            document.masks = placed.masks;
            document.notices.extend(placed.notices);
        }
    }
    document
}

fn absent(n_absent: usize) -> Option<Notice> {
    let text = || format!("{n_absent} of the marked images are not here");
    (n_absent > 0).then(|| Notice::new(reason::RESULT_NOT_PLACED, text()))
}

/// Why the file of an orphan is not on the worklist.
pub fn refusal(document: &Document) -> Notice {
    let kind = match document.kind {
        DocumentKind::StructuredReport => "a structured report",
        DocumentKind::KeyObjects => "a key object selection",
        DocumentKind::PresentationState => "a presentation state",
        DocumentKind::StructureSet => "an RT structure set",
        DocumentKind::Segmentation => "a segmentation",
        DocumentKind::ParametricMap => "a parametric map",
    };
    let found = match document.findings.len() {
        0 => String::new(),
        1 => " with one finding".to_owned(),
        n => format!(" with {n} findings"),
    };
    Notice::new(reason::NOT_AN_IMAGE, format!("This is {kind}{found}, and no picture of its study is here"))
}
