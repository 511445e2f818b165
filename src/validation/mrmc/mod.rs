//! Many readers, many cases: are two ways of reading different, beyond this sample of readers and cases?

pub mod bdg;
pub mod covariance;
pub mod obuchowski_rockette;
pub mod sample_size;

use crate::validation::estimate::Undefined;
use crate::validation::scores::checked;

/// Every reader rated every case in every modality.
#[derive(Clone, Debug, PartialEq)]
pub struct Readings {
    truth: Vec<bool>,
    /// By modality, then reader; one rating per case.
    ratings: Vec<Vec<Vec<f64>>>,
}

impl Readings {
    /// `ratings` by modality, then reader, then case. At least two modalities and two readers.
    pub fn new(truth: Vec<bool>, ratings: Vec<Vec<Vec<f64>>>) -> Result<Self, Undefined> {
        let n_readers = ratings.first().map_or(0, Vec::len);
        if ratings.len() < 2 || n_readers < 2 {
            return Err(Undefined::TooFewCases);
        }
        if ratings.iter().any(|readers| readers.len() != n_readers) {
            return Err(Undefined::LengthsDiffer);
        }
        for one in ratings.iter().flatten() {
            checked(one, &truth)?;
        }
        match (truth.contains(&true), truth.contains(&false)) {
            (true, true) => Ok(Self { truth, ratings }),
            (false, true) => Err(Undefined::NoPositives),
            (true, false) => Err(Undefined::NoNegatives),
            (false, false) => Err(Undefined::NoCases),
        }
    }

    pub fn truth(&self) -> &[bool] {
        &self.truth
    }

    pub fn n_modalities(&self) -> usize {
        self.ratings.len()
    }

    pub fn n_readers(&self) -> usize {
        self.ratings.first().map_or(0, Vec::len)
    }

    /// One reader's ratings in one modality.
    pub fn ratings(&self, modality: usize, reader: usize) -> &[f64] {
        self.ratings.get(modality).and_then(|readers| readers.get(reader)).map_or(&[], Vec::as_slice)
    }
}
