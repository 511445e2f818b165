//! Results that leave as DICOM objects and results that come in from other products.

mod aligned;
mod copies;
mod corrected;
pub mod fixture;
mod foreign;
mod papers;
mod reports;
mod round_trip;
pub mod validity;
mod window;
