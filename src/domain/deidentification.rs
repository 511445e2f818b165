//! Copies that name nobody: what one keeps, the words and codes that say so (PS3.15 E.3, PS3.16 CID 7050), and what is
//! seen of one before it is made.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::geometry::PixelBox;
use crate::domain::picture::CapturedPicture;
use crate::domain::uid::{SeriesUid, SopInstanceUid};

/// What becomes of dates and times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// As the Basic Profile has it: removed, emptied, or 1900-01-01 where an object cannot be without.
    #[default]
    Remove,
    /// All dates of one patient are moved by one secret number of days; distances and times of day stay.
    Shift,
    Keep,
}

/// What becomes of private attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Private {
    #[default]
    Remove,
    /// Those stay which the standard lists as safe (PS3.15 table E.3.10-1) and whose creator is the listed one.
    KeepSafe,
}

/// What becomes of pictures with writing in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BurnedIn {
    /// They are left out of the copy, and the report says which.
    #[default]
    LeaveOut,
    /// The writing that is found is blacked out.
    BlackOut,
    /// They are copied as they are: somebody has looked at them.
    Keep,
}

/// The Basic Application Level Confidentiality Profile with its options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub dates: Dates,
    pub private: Private,
    pub burned_in: BurnedIn,
    pub keeps_uids: bool,
    pub keeps_device: bool,
    pub keeps_institution: bool,
    /// Age (90 at the most), sex, size, weight.
    pub keeps_patient_characteristics: bool,
    /// Free descriptions keep their radiological words; otherwise they are removed whole.
    pub cleans_descriptors: bool,
    /// Structured reports keep their codes, numbers and coordinates; otherwise their content is removed.
    pub cleans_structured_content: bool,
}

impl Options {
    /// Code value and meaning of the profile and each option in force (CID 7050).
    pub fn codes(&self) -> Vec<(&'static str, &'static str)> {
        let Self { dates, private, burned_in, .. } = self;
        let all = [
            (true, "113100", "Basic Application Confidentiality Profile"),
            (*burned_in == BurnedIn::BlackOut, "113101", "Clean Pixel Data Option"),
            (self.cleans_structured_content, "113104", "Clean Structured Content Option"),
            (self.cleans_descriptors, "113105", "Clean Descriptors Option"),
            (*dates == Dates::Keep, "113106", "Retain Longitudinal Temporal Information Full Dates Option"),
            (*dates == Dates::Shift, "113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
            (self.keeps_patient_characteristics, "113108", "Retain Patient Characteristics Option"),
            (self.keeps_device, "113109", "Retain Device Identity Option"),
            (self.keeps_uids, "113110", "Retain UIDs Option"),
            (*private == Private::KeepSafe, "113111", "Retain Safe Private Option"),
            (self.keeps_institution, "113112", "Retain Institution Identity Option"),
        ];
        all.into_iter().filter(|(is_on, ..)| *is_on).map(|(_, value, meaning)| (value, meaning)).collect()
    }

    /// Longitudinal Temporal Information Modified (0028,0303).
    pub fn temporal_information(&self) -> &'static str {
        match self.dates {
            Dates::Remove => "REMOVED",
            Dates::Shift => "MODIFIED",
            Dates::Keep => "UNMODIFIED",
        }
    }
}

/// What becomes of one kind of attribute, as it is shown before a copy is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeLine {
    /// Group and element.
    pub tag: (u16, u16),
    pub name: &'static str,
    /// Such as `removed`.
    pub what: &'static str,
    /// Of the first file that has it; empty where it stands below a sequence, or is no text.
    pub before: String,
    pub after: String,
}

/// What a copy would change, seen on the first file of each series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyPreview {
    pub options: Options,
    /// Of the whole study.
    pub n_files: usize,
    /// In the order of the attributes.
    pub lines: Vec<ChangeLine>,
    /// Names of series that cannot be copied, and why.
    pub left_out: Vec<(String, String)>,
}

/// An image with what may be writing in it.
#[derive(Clone, Debug, PartialEq)]
pub struct WritingFound {
    pub sop: SopInstanceUid,
    pub series: SeriesUid,
    /// Which image of the study it is.
    pub title: String,
    /// Columns and rows of the image itself.
    pub size: [u32; 2],
    /// As its file wants it shown, maybe smaller.
    pub picture: CapturedPicture,
    /// Where the writing stands, image pixels; empty where the file says there is some and none was found.
    pub boxes: Arc<[PixelBox]>,
}

/// What a search for writing came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritingSearch {
    pub found: Vec<WritingFound>,
    /// Images in which there is none.
    pub clean: BTreeSet<SopInstanceUid>,
}

/// What somebody who has looked at an image wants done with its writing.
#[derive(Clone, Debug, PartialEq)]
pub enum WritingVerdict {
    BlackOut(Vec<PixelBox>),
    /// What was found says nothing about anybody.
    Harmless,
    LeaveOut,
}

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopySummary {
    pub n_files: usize,
    pub n_blacked_out: usize,
    /// Reasons, with how many files each kept back.
    pub left_out: Vec<(String, usize)>,
    /// Each attribute's name, what became of it, and how often.
    pub changes: Vec<(String, &'static str, u64)>,
}
