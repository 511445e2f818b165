//! Patient, study, series, instance: picture objects sorted into the hierarchy.
//!
//! What two files contradict each other about is never settled here: both are shown, apart, and both say so.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::instance::Instance;
use crate::domain::intake::Notice;
use crate::domain::patient::Patient;
use crate::domain::series::{Series, StackImage};
use crate::domain::study::Study;
use crate::domain::uid::{SeriesUid, SopInstanceUid, StudyUid};
use crate::import::dicom::attributes::{ImageObject, SeriesFacts, StudyFacts, derived_uid};
use crate::import::dicom::parts::{self, Member, Part};
use crate::import::dicom::{person, stack};
use crate::import::reason;

/// The studies, and what is to be said of single files because of the others.
#[derive(Default)]
pub struct Grouped {
    pub studies: Vec<Arc<Study>>,
    /// Left out.
    pub refused: Vec<(PathBuf, Notice)>,
    /// Same bytes as a file that was kept.
    pub duplicates: Vec<PathBuf>,
    /// Shown, with a conflict.
    pub warned: Vec<(PathBuf, Notice)>,
}

/// A hash of a file's bytes; `None` when it cannot be read any more.
pub type Digest<'a> = &'a dyn Fn(&Path) -> Option<Vec<u8>>;

/// Objects in path order become studies by patient, date and UID.
pub fn group(objects: Vec<ImageObject>, digest: Digest<'_>) -> Grouped {
    let mut grouped = Grouped::default();
    let objects = told_apart(objects, digest, &mut grouped);
    let mut by_uid: BTreeMap<StudyUid, Vec<ImageObject>> = BTreeMap::new();
    for object in objects {
        match by_uid.get_mut(&object.study.uid) {
            Some(known) => known.push(object),
            None => drop(by_uid.insert(object.study.uid.clone(), vec![object])),
        }
    }
    let mut studies: Vec<Study> = Vec::new();
    for (uid, objects) in by_uid {
        let persons = by_person(objects);
        let is_shared = persons.len() > 1;
        for objects in persons {
            if is_shared {
                grouped.warned.extend(objects.iter().map(|object| (object.instance.path.clone(), other_patient())));
            }
            studies.extend(study(objects, is_shared.then(|| uid.clone())));
        }
    }
    mark_doubtful_patients(&mut studies);
    studies.sort_by(|a, b| (&a.patient, &a.date, &a.uid).cmp(&(&b.patient, &b.date, &b.uid)));
    grouped.studies = studies.into_iter().map(Arc::new).collect();
    grouped
}

/// Each object once, each under an identity of its own: files that claim one identifier with different contents get
/// identities derived from those contents, all of them, so that no decision ever stands beside the wrong picture.
fn told_apart(objects: Vec<ImageObject>, digest: Digest<'_>, grouped: &mut Grouped) -> Vec<ImageObject> {
    let mut seen: HashSet<&SopInstanceUid> = HashSet::with_capacity(objects.len());
    let again = objects.iter().map(|object| &object.instance.sop).filter(|sop| !seen.insert(sop));
    let repeated: HashSet<SopInstanceUid> = again.cloned().collect();
    if repeated.is_empty() {
        return objects;
    }
    let (mut kept, disputed): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(|object| !repeated.contains(&object.instance.sop));
    let mut claims: BTreeMap<SopInstanceUid, BTreeMap<Vec<u8>, ImageObject>> = BTreeMap::new();
    for object in disputed {
        let path = object.instance.path.clone();
        let claim = claims.entry(object.instance.sop.clone()).or_default();
        match digest(&path) {
            None => grouped.refused.push((path, unreadable_claim())),
            Some(contents) if claim.contains_key(&contents) => grouped.duplicates.push(path),
            Some(contents) => drop(claim.insert(contents, object)),
        }
    }
    for (sop, claim) in claims {
        let is_disputed = claim.len() > 1;
        for (contents, mut object) in claim {
            if is_disputed {
                let own = derived_uid(&[b"disputed", sop.as_str().as_bytes(), &contents]);
                let instance = Arc::make_mut(&mut object.instance);
                instance.sop = SopInstanceUid::new(own);
                instance.written_sop = Some(sop.clone());
                instance.notices.insert(0, conflicting_sop());
                grouped.warned.push((instance.path.clone(), conflicting_sop()));
            }
            kept.push(object);
        }
    }
    kept.sort_by(|a, b| a.instance.path.cmp(&b.instance.path));
    kept
}

fn conflicting_sop() -> Notice {
    let text = "Another file has the same identifier but other contents; both are shown, and no model reads either";
    Notice::new(reason::CONFLICTING_SOP, text)
}

fn unreadable_claim() -> Notice {
    let text = "Another file has the same identifier, and this one could not be read again to compare them";
    Notice::new(reason::CONFLICTING_SOP, text)
}

fn other_patient() -> Notice {
    let text = "Files of another patient carry the same study identifier; each patient is shown apart";
    Notice::new(reason::PATIENT_CONFLICT, text)
}

/// Objects of one study identifier by the person they name.
fn by_person(objects: Vec<ImageObject>) -> Vec<Vec<ImageObject>> {
    let mut persons: Vec<(BTreeSet<Patient>, Vec<ImageObject>)> = Vec::new();
    for object in objects {
        let own = &object.study.patient;
        // Nearly always the same words again
        let is_same =
            |known: &BTreeSet<Patient>| known.contains(own) || known.iter().all(|one| person::may_be_same(one, own));
        match persons.iter_mut().find(|(known, _)| is_same(known)) {
            Some((known, own)) => {
                if !known.contains(&object.study.patient) {
                    known.insert(object.study.patient.clone());
                }
                own.push(object);
            }
            None => persons.push((BTreeSet::from([object.study.patient.clone()]), vec![object])),
        }
    }
    persons.into_iter().map(|(_, objects)| objects).collect()
}

/// Studies of which another one here says something else about the same patient.
fn mark_doubtful_patients(studies: &mut [Study]) {
    let patients: Vec<Arc<Patient>> = studies.iter().map(|study| Arc::clone(&study.patient)).collect();
    let distinct: BTreeSet<&Patient> = patients.iter().map(AsRef::as_ref).collect();
    for study in studies {
        let doubt = distinct.iter().find_map(|other| person::doubt(&study.patient, other));
        study.notices.extend(doubt.map(|text| Notice::new(reason::PATIENT_CONFLICT, text)));
    }
}

/// One study of one person. `shared_uid` is the identifier that files of other persons claim too.
fn study(objects: Vec<ImageObject>, shared_uid: Option<StudyUid>) -> Option<Study> {
    let facts = StudyFacts::clone(&objects.first()?.study);
    // Whichever file comes first: the identity is made of the same words
    let person = objects.iter().map(|object| &object.study.patient).min()?.clone();
    let mut bins: BTreeMap<SeriesUid, Vec<Member>> = BTreeMap::new();
    for ImageObject { series, instance, .. } in objects {
        match bins.get_mut(&series.uid) {
            Some(bin) => bin.push((series, instance)),
            None => drop(bins.insert(series.uid.clone(), vec![(series, instance)])),
        }
    }
    let mut series: Vec<Series> = bins.into_values().flat_map(|members| series_parts(&members)).collect();
    // Parts of one series keep their order
    series.sort_by(|a, b| {
        let number = |series: &Series| series.number.unwrap_or(i64::MAX);
        (number(a), &a.uid).cmp(&(number(b), &b.uid))
    });
    let StudyFacts { uid, patient, date, time, description, id, accession, institution } = facts;
    let mut notices = Vec::new();
    let own_uid = match &shared_uid {
        None => uid,
        Some(shared) => {
            notices.push(other_patient());
            series.iter_mut().for_each(|series| series.notices.insert(0, other_patient()));
            let Patient { id, name, birth_date, sex: _ } = &person;
            let parts = ["patient", shared.as_str(), id, name, birth_date].map(str::as_bytes);
            StudyUid::new(derived_uid(&parts))
        }
    };
    Some(Study {
        uid: own_uid,
        patient: Arc::new(patient),
        date,
        time,
        description,
        id,
        accession,
        institution,
        series: series.into_iter().map(Arc::new).collect(),
        written_uid: shared_uid,
        documents: Vec::new(),
        notices,
    })
}

/// One series becomes one stack, or as many as it holds.
fn series_parts(members: &[Member]) -> Vec<Series> {
    let conflict = parts::conflict(members);
    let parts = parts::parts(members);
    let n_parts = parts.len();
    parts.into_iter().filter_map(|part| series(part, n_parts, conflict.as_deref())).collect()
}

fn series(part: Part<'_>, n_parts: usize, conflict: Option<&str>) -> Option<Series> {
    let Part { mut images, label } = part;
    let stack = stack::stack(&mut images);
    // Instances in path order, each once
    let members: BTreeMap<usize, &Arc<Instance>> =
        images.iter().map(|image| (image.at.instance, image.instance)).collect();
    let index_of: BTreeMap<usize, usize> = members.keys().copied().zip(0..).collect();
    let place = |at: StackImage| Some(StackImage { instance: *index_of.get(&at.instance)?, frame: at.frame });
    let mut notices = stack.notices;
    notices.extend(conflict.map(|text| Notice::new(reason::SERIES_CONFLICT, text)));
    if n_parts > 1 {
        let text = format!("The series is shown in {n_parts} parts; this one is: {label}");
        notices.push(Notice::new(reason::SERIES_SPLIT, text));
    }
    let SeriesFacts { uid, number, modality, description, body_part, frame_of_reference } =
        images.first()?.facts.clone();
    Some(Series {
        uid,
        number,
        modality,
        description,
        part: if n_parts > 1 { label } else { String::new() },
        body_part,
        frame_of_reference,
        stack: images.iter().filter_map(|image| place(image.at)).collect(),
        instances: members.into_values().cloned().collect(),
        geometry: stack.geometry,
        notices,
    })
}
