//! Decoded frames, within a byte budget: the least recently seen go first.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::frame::{Frame, FrameKey};

struct Entry {
    result: Result<Arc<Frame>, String>,
    n_bytes: usize,
    last_seen: u64,
}

/// Answers and failures by key. A failure is kept too, so that a broken file is decoded once.
pub struct FrameCache {
    entries: HashMap<FrameKey, Entry>,
    n_bytes: usize,
    budget_bytes: usize,
    clock: u64,
}

impl FrameCache {
    pub fn new(budget_bytes: usize) -> Self {
        Self { entries: HashMap::new(), n_bytes: 0, budget_bytes, clock: 0 }
    }

    pub fn insert(&mut self, key: FrameKey, result: Result<Arc<Frame>, String>) {
        self.clock += 1;
        let n_bytes = result.as_ref().map_or(256, |frame| frame_bytes(frame));
        let entry = Entry { result, n_bytes, last_seen: self.clock };
        if let Some(old) = self.entries.insert(key, entry) {
            self.n_bytes -= old.n_bytes;
        }
        self.n_bytes += n_bytes;
        self.shrink();
    }

    pub fn get(&self, key: &FrameKey) -> Option<&Result<Arc<Frame>, String>> {
        self.entries.get(key).map(|entry| &entry.result)
    }

    pub fn contains(&self, key: &FrameKey) -> bool {
        self.entries.contains_key(key)
    }

    /// Marks what is on screen or about to be, so that it stays.
    pub fn touch(&mut self, key: &FrameKey) {
        self.clock += 1;
        if let Some(entry) = self.entries.get_mut(key) {
            entry.last_seen = self.clock;
        }
    }

    pub fn clear(&mut self) {
        self.entries.clear();
        self.n_bytes = 0;
    }

    fn shrink(&mut self) {
        if self.n_bytes <= self.budget_bytes {
            return;
        }
        let mut by_age: Vec<(u64, FrameKey)> =
            self.entries.iter().map(|(key, entry)| (entry.last_seen, key.clone())).collect();
        by_age.sort();
        // The newest entry always stays, however large: it is what the reader waits for.
        by_age.pop();
        for (_, key) in by_age {
            if self.n_bytes <= self.budget_bytes {
                return;
            }
            if let Some(entry) = self.entries.remove(&key) {
                self.n_bytes -= entry.n_bytes;
            }
        }
    }
}

fn frame_bytes(frame: &Frame) -> usize {
    use crate::domain::frame::Samples;
    let samples = frame.samples();
    let n_bytes = match samples {
        Samples::U8(_) | Samples::I8(_) | Samples::Rgb8(_) => 1,
        Samples::U16(_) | Samples::I16(_) | Samples::Rgb16(_) => 2,
        Samples::U32(_) | Samples::Rgb32(_) | Samples::I32(_) | Samples::F32(_) => 4,
        Samples::F64(_) => 8,
    };
    samples.len() * n_bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::frame::Samples;
    use crate::domain::uid::SopInstanceUid;

    #[test]
    fn the_least_recently_seen_frame_leaves_first_and_the_newest_always_stays() {
        let key = |name: &str| FrameKey { sop: SopInstanceUid::new(name), index: 0 };
        let frame = |name: &str, side: u32| {
            let samples = Samples::U8(vec![0; (side * side) as usize].into());
            Ok(Arc::new(Frame::new(key(name), side, side, samples).unwrap()))
        };
        let mut cache = FrameCache::new(250);
        cache.insert(key("a"), frame("a", 10));
        cache.insert(key("b"), frame("b", 10));
        cache.touch(&key("a"));
        cache.insert(key("c"), frame("c", 10));
        assert!(cache.contains(&key("a")) && !cache.contains(&key("b")) && cache.contains(&key("c")));
        cache.insert(key("huge"), frame("huge", 100));
        assert!(cache.contains(&key("huge")) && !cache.contains(&key("a")));
    }
}
