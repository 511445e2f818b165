//! What a de-identified copy keeps, and the words and codes that say so (PS3.15 E.3, PS3.16 CID 7050).

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
