//! Faults on request, so that a test can see what becomes of the window: the file that `OVERREAD_FAULTS` names is looked
//! for ten times a second; it holds `device` (the graphics device is lost), `memory` (the adapter has none left) or
//! `panic` (drawing fails), and is removed.

use std::path::PathBuf;
use std::time::Duration;

use crate::render::device_watch::DeviceWatch;

const LOOKS_EVERY: Duration = Duration::from_millis(100);

pub struct Faults {
    file: Option<PathBuf>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { file: std::env::var_os("OVERREAD_FAULTS").map(PathBuf::from) }
    }
}

impl Faults {
    pub fn of_device(&self, watch: &DeviceWatch) {
        if self.is_asked_for("device") {
            watch.lose();
        }
        if self.is_asked_for("memory") {
            watch.run_out_of_memory();
        }
    }

    pub fn of_drawing(&self) {
        assert!(!self.is_asked_for("panic"), "asked for");
    }

    pub fn look_again(&self, ctx: &egui::Context) {
        if self.file.is_some() {
            ctx.request_repaint_after(LOOKS_EVERY);
        }
    }

    fn is_asked_for(&self, fault: &str) -> bool {
        let Some(file) = &self.file else { return false };
        let is_it = std::fs::read_to_string(file).is_ok_and(|text| text.trim() == fault);
        is_it && std::fs::remove_file(file).is_ok()
    }
}
