//! How long the hand was at work: pauses of more than 30 s do not count.

/// Longer without a move is a pause, seconds.
const PAUSE_S: f64 = 30.0;

#[derive(Clone, Copy, Debug, Default)]
pub struct HandAtWork {
    last_s: Option<f64>,
    spent_s: f64,
}

impl HandAtWork {
    /// The reader did something at this time.
    pub fn moved(&mut self, now_s: f64) {
        if let Some(last) = self.last_s {
            let since = now_s - last;
            if (0.0..=PAUSE_S).contains(&since) {
                self.spent_s += since;
            }
        }
        self.last_s = Some(now_s);
    }

    /// Since the last call, milliseconds; counting begins anew.
    pub fn take_ms(&mut self) -> u32 {
        let spent = std::mem::take(&mut self.spent_s);
        (spent * 1000.0).round().clamp(0.0, f64::from(u32::MAX)) as u32
    }

    pub fn spent_s(&self) -> f64 {
        self.spent_s
    }

    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_pause_does_not_count() {
        let mut hand = HandAtWork::default();
        for at in [10.0, 12.0, 20.0, 100.0, 101.5] {
            hand.moved(at);
        }
        assert_eq!(hand.take_ms(), 11_500);
        assert_eq!(hand.take_ms(), 0);
    }
}
