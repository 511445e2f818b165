//! How long it took from asking for files to the first picture of them on screen, for the log.

use std::time::{Duration, Instant};

/// So long everything else waits for it.
const MOST: Duration = Duration::from_secs(1);

/// Between a request to open something and the first pass that is through with a picture of it.
#[derive(Clone, Copy, Debug, Default)]
pub enum FirstImage {
    #[default]
    Nothing,
    Asked(Instant),
    /// A study that came is open.
    Opened(Instant),
    /// Its picture is in the paint list of the pass that is not yet over.
    Drawn(Instant),
}

impl FirstImage {
    pub fn asked() -> Self {
        Self::Asked(Instant::now())
    }

    pub fn opened(&mut self) {
        if let Self::Asked(when) = *self {
            *self = Self::Opened(when);
        }
    }

    /// Whether that was the first time: the pass after it is to come at once.
    pub fn drawn(&mut self) -> bool {
        let Self::Opened(when) = *self else { return false };
        *self = Self::Drawn(when);
        true
    }

    /// At the beginning of a pass: what the one before has drawn is on screen. Says whether that was the first picture.
    pub fn told(&mut self) -> bool {
        let Self::Drawn(when) = *self else { return false };
        log::info!("first image painted after {} ms", when.elapsed().as_millis());
        *self = Self::Nothing;
        true
    }

    /// Whether its files are read and it is about to be on screen.
    pub fn is_near(&self) -> bool {
        matches!(self, Self::Opened(when) | Self::Drawn(when) if when.elapsed() < MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_counts_once_and_only_after_its_study_was_opened() {
        let mut first = FirstImage::asked();
        // Of the study that was open before
        assert!(!first.drawn());
        first.opened();
        assert!(first.is_near());
        assert!(first.drawn() && !first.drawn());
        assert!(first.told() && !first.told() && !first.is_near());
        first.opened();
        assert!(!first.drawn() && matches!(first, FirstImage::Nothing));
    }
}
