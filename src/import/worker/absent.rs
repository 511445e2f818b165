//! Where there are no worker processes: a crew that cannot exist, so that nobody else has to ask for the system.

use std::path::Path;
use std::sync::mpsc::Receiver;

use crate::domain::frame::Samples;
use crate::domain::header::HeaderLine;
use crate::import::error::ImportError;
use crate::import::feed::Feed;
use crate::import::limits::Limits;
use crate::import::one_frame::PlaceOfFrame;
use crate::import::scanning::{Read, Readers};
use crate::import::worker::{Detail, Drill, Urgency};

pub enum Crew {}

impl Crew {
    pub fn prepare(&self) {
        match *self {}
    }

    pub fn drill(&self, _: &Drill) -> Option<Result<Vec<String>, ImportError>> {
        match *self {}
    }

    pub fn header(&self, _: &Path, _: &Limits) -> Option<Result<Vec<HeaderLine>, ImportError>> {
        match *self {}
    }

    pub fn decode(
        &self,
        _: &PlaceOfFrame<'_>,
        _: Detail,
        _: &Limits,
        _: Urgency,
    ) -> Option<Result<Option<Samples>, ImportError>> {
        match *self {}
    }
}

impl Readers for Crew {
    fn read(&self, _: &Feed, _: &Limits, _: &mut dyn FnMut(Receiver<Read>)) {
        match *self {}
    }
}
