//! Decoded frames, within a byte budget: the least recently seen go first.
//!
//! Frames may lie in memory that they share. What counts is that memory, whole, however few of its frames are here; so
//! it is given up whole.

use std::collections::HashMap;
use std::sync::Arc;

use crate::app::state::ahead::Ahead;
use crate::app::volume_shelf::VolumeShelf;
use crate::domain::frame::{Frame, FrameKey};
use crate::jobs::event::Generation;

/// A failure is a sentence.
const FAILURE_BYTES: usize = 256;
/// Previews stand in for frames that are on their way: one on screen, one in a thumbnail.
const MAX_PREVIEWS: usize = 2;

struct Entry {
    result: Result<Arc<Frame>, String>,
    memory: MemoryId,
}

/// Memory that frames lie in, or a failure's place in the queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum MemoryId {
    Samples(usize),
    Failure(u64),
}

struct Memory {
    n_bytes: usize,
    last_seen: u64,
    keys: Vec<FrameKey>,
}

/// Answers and failures by key. A failure is kept too, so that a broken file is decoded once.
pub struct FrameCache {
    entries: HashMap<FrameKey, Entry>,
    memories: HashMap<MemoryId, Memory>,
    previews: Vec<(FrameKey, Arc<Frame>)>,
    n_bytes: usize,
    budget_bytes: usize,
    clock: u64,
    /// Answers to requests of an earlier one are about files as they were.
    pub generation: Generation,
    /// What is loaded before it is asked for.
    pub ahead: Ahead,
    /// There is a screen, and its first picture goes before what is loaded ahead.
    pub waits_for_screen: bool,
    pub volumes: VolumeShelf,
}

impl FrameCache {
    pub fn new(budget_bytes: usize) -> Self {
        Self {
            entries: HashMap::new(),
            memories: HashMap::new(),
            previews: Vec::new(),
            n_bytes: 0,
            budget_bytes,
            clock: 0,
            generation: Generation::default(),
            ahead: Ahead::default(),
            waits_for_screen: false,
            volumes: VolumeShelf::default(),
        }
    }

    /// The first frame under a key stays: the picture on screen is made of it.
    pub fn insert(&mut self, key: FrameKey, result: Result<Arc<Frame>, String>) {
        self.previews.retain(|(of, _)| *of != key);
        if self.entries.get(&key).is_some_and(|entry| entry.result.is_ok()) {
            return self.touch(&key);
        }
        self.remove(&key);
        self.clock += 1;
        let (memory, n_bytes, n_own_bytes) = match &result {
            Ok(frame) => {
                let memory = frame.samples().memory();
                (MemoryId::Samples(memory.id), memory.n_bytes, frame.embedded_bytes())
            }
            Err(_) => (MemoryId::Failure(self.clock), FAILURE_BYTES, 0),
        };
        let place = self.memories.entry(memory).or_insert_with(|| {
            self.n_bytes += n_bytes;
            Memory { n_bytes, last_seen: 0, keys: Vec::new() }
        });
        // Overlays are each frame's own. They are given back with the memory, as frames leave with it
        place.n_bytes += n_own_bytes;
        self.n_bytes += n_own_bytes;
        place.last_seen = self.clock;
        place.keys.push(key.clone());
        self.entries.insert(key, Entry { result, memory });
        self.shrink(memory);
    }

    /// A coarse picture until the frame comes.
    pub fn insert_preview(&mut self, key: FrameKey, frame: Arc<Frame>) {
        if !self.entries.contains_key(&key) {
            self.previews.retain(|(of, _)| *of != key);
            self.previews.push((key, frame));
            let n_surplus = self.previews.len().saturating_sub(MAX_PREVIEWS);
            self.previews.drain(..n_surplus);
        }
    }

    pub fn preview(&self, key: &FrameKey) -> Option<&Arc<Frame>> {
        self.previews.iter().find(|(of, _)| of == key).map(|(_, frame)| frame)
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
        let memory = self.entries.get(key).and_then(|entry| self.memories.get_mut(&entry.memory));
        if let Some(memory) = memory {
            memory.last_seen = self.clock;
        }
    }

    /// Forgets everything, also what is still on its way.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.memories.clear();
        self.previews.clear();
        self.n_bytes = 0;
        self.generation = self.generation.next();
        self.ahead = Ahead::default();
        self.volumes.clear();
    }

    pub fn budget_bytes(&self) -> usize {
        self.budget_bytes
    }

    pub fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    fn remove(&mut self, key: &FrameKey) {
        let Some(entry) = self.entries.remove(key) else { return };
        if let Some(memory) = self.memories.get_mut(&entry.memory) {
            memory.keys.retain(|other| other != key);
            if memory.keys.is_empty() {
                self.n_bytes -= memory.n_bytes;
                self.memories.remove(&entry.memory);
            }
        }
    }

    /// `newest` always stays, however large: it is what the reader waits for.
    fn shrink(&mut self, newest: MemoryId) {
        while self.n_bytes > self.budget_bytes {
            let others = self.memories.iter().filter(|(id, _)| **id != newest);
            let Some(oldest) = others.min_by_key(|(_, memory)| memory.last_seen).map(|(id, _)| *id) else { return };
            if let Some(memory) = self.memories.remove(&oldest) {
                self.n_bytes -= memory.n_bytes;
                memory.keys.iter().for_each(|key| drop(self.entries.remove(key)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::frame::{Buffer, SampleMemory, Samples};
    use crate::domain::overlay::EmbeddedPlane;
    use crate::domain::uid::SopInstanceUid;

    fn key(name: &str) -> FrameKey {
        FrameKey { sop: SopInstanceUid::new(name), index: 0, origin: 0 }
    }

    fn frame(name: &str, side: u32) -> Result<Arc<Frame>, String> {
        let samples = Samples::U8(vec![0; (side * side) as usize].into());
        Ok(Arc::new(Frame::new(key(name), side, side, samples).unwrap()))
    }

    #[test]
    fn the_least_recently_seen_frame_leaves_first_and_the_newest_always_stays() {
        let mut cache = FrameCache::new(250);
        cache.insert(key("a"), frame("a", 10));
        cache.insert(key("b"), frame("b", 10));
        cache.touch(&key("a"));
        cache.insert(key("c"), frame("c", 10));
        assert!(cache.contains(&key("a")) && !cache.contains(&key("b")) && cache.contains(&key("c")));
        cache.insert(key("huge"), frame("huge", 100));
        assert!(cache.contains(&key("huge")) && !cache.contains(&key("a")));
    }

    #[test]
    fn shared_memory_counts_whole_and_goes_whole() {
        let slab: Arc<dyn SampleMemory> = Arc::new(vec![0_u8; 300]);
        let part = |name: &str, slot: usize| {
            let samples = Samples::U8(Buffer::part(Arc::clone(&slab), slot * 100..slot * 100 + 100).unwrap());
            Ok(Arc::new(Frame::new(key(name), 10, 10, samples).unwrap()))
        };
        let mut cache = FrameCache::new(450);
        cache.insert(key("0"), part("0", 0));
        assert_eq!(cache.n_bytes(), 300, "one frame keeps the memory of three");
        cache.insert(key("1"), part("1", 1));
        cache.insert(key("a"), frame("a", 10));
        assert_eq!(cache.n_bytes(), 400);
        cache.insert(key("b"), frame("b", 10));
        assert_eq!(cache.n_bytes(), 200);
        assert!(!cache.contains(&key("0")) && !cache.contains(&key("1")));
        cache.insert(key("c"), Err("broken".to_owned()));
        cache.insert(key("a"), frame("a", 10));
        assert!(cache.n_bytes() <= cache.budget_bytes());
    }

    #[test]
    fn overlays_in_unused_bits_count() {
        let with_overlay = |name: &str| {
            let frame = Arc::unwrap_or_clone(frame(name, 10).unwrap());
            Ok(Arc::new(frame.with_embedded(vec![EmbeddedPlane { bit: 9, set: vec![0; 100].into() }])))
        };
        let mut cache = FrameCache::new(450);
        cache.insert(key("a"), with_overlay("a"));
        cache.insert(key("b"), with_overlay("b"));
        assert_eq!(cache.n_bytes(), 400);
        cache.insert(key("c"), with_overlay("c"));
        assert_eq!(cache.n_bytes(), 400);
        assert!(!cache.contains(&key("a")) && cache.contains(&key("c")));
    }

    #[test]
    fn a_preview_stands_in_until_the_frame_comes() {
        let mut cache = FrameCache::new(1000);
        cache.insert_preview(key("a"), frame("a", 10).unwrap());
        assert!(cache.preview(&key("a")).is_some() && cache.get(&key("a")).is_none());
        cache.insert(key("a"), frame("a", 10));
        assert!(cache.preview(&key("a")).is_none());
        cache.insert_preview(key("a"), frame("a", 10).unwrap());
        assert!(cache.preview(&key("a")).is_none(), "too late");
    }
}
