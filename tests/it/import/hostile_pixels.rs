//! Files whose pixels, codestreams or meaning lie: each has one stated outcome, and nobody is shown a wrong picture.
//!
//! The tables of this folder follow the house's list of hostile input by row. Whatever the outcome: no panic, the
//! original untouched, the same answer a second time, and a sentence that names the fault and not the patient.

mod codecs;
mod description;
mod fragments;
mod geometry;
mod meaning;
mod palettes;
mod segmentations;
mod streams;
mod table;
