//! What the files of a study and of a series repeat is kept once: a hundred thousand files name few patients.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use crate::import::dicom::attributes::{ImageObject, SeriesFacts, StudyFacts};

#[derive(Default)]
pub struct RepeatedFacts {
    studies: HashSet<Arc<StudyFacts>>,
    series: HashSet<Arc<SeriesFacts>>,
}

impl RepeatedFacts {
    /// The same object; what another said in the same words before is shared with that one.
    pub fn shared(&mut self, object: ImageObject) -> ImageObject {
        let ImageObject { study, series, instance } = object;
        ImageObject { study: kept(&mut self.studies, study), series: kept(&mut self.series, series), instance }
    }
}

fn kept<T: Eq + Hash>(known: &mut HashSet<Arc<T>>, facts: Arc<T>) -> Arc<T> {
    match known.get(&facts) {
        Some(known) => Arc::clone(known),
        None => {
            known.insert(Arc::clone(&facts));
            facts
        }
    }
}
