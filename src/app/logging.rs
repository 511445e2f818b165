//! Messages of the program to stderr. Level by `OVERREAD_LOG`: error, warn (default), info, debug, trace.

use std::io::Write as _;

use log::{LevelFilter, Log, Metadata, Record};

struct Stderr;

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The libraries below us speak of their own business at info.
        let is_ours = metadata.target().starts_with("overread");
        is_ours || metadata.level() <= log::Level::Warn && !metadata.target().starts_with("wgpu")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            // A closed stderr leaves nowhere to say so.
            let _closed =
                writeln!(std::io::stderr().lock(), "{} {}: {}", record.level(), record.target(), record.args());
        }
    }

    fn flush(&self) {}
}

/// Installs the logger; a second call changes nothing.
pub fn install() {
    let wanted = std::env::var("OVERREAD_LOG").ok().and_then(|text| text.parse::<LevelFilter>().ok());
    if log::set_boxed_logger(Box::new(Stderr)).is_ok() {
        log::set_max_level(wanted.unwrap_or(LevelFilter::Warn));
        say_where_it_fails();
    }
}

/// A panic is told by its place alone: what it says might hold patient data.
fn say_where_it_fails() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        log::error!("a fault of the program at {place}");
    }));
}
