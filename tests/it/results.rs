//! Results that leave as DICOM objects and results that come in from other products.

mod aligned;
mod fixture;
mod reports;
mod round_trip;
mod validity;
mod window;
