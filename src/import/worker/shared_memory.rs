//! A room that this process shares with one worker: the worker lays samples in it, this process copies them out.
//!
//! One room serves a worker for life, so the system makes its pages once: memory fresh for each frame costs more than
//! the copy. The worker can write to it at any time; therefore nothing in it is looked at, only the copy is.

#![expect(unsafe_code, reason = "a mapped file is memory only by promise; here the kernel's seals keep the promise")]

use std::fs::File;
use std::io;
use std::sync::Arc;

use memmap2::{MmapOptions, MmapRaw};
use rustix::fs::{MemfdFlags, SealFlags};

use crate::domain::frame::SampleMemory;
use crate::import::slab::{SLAB_BYTES, Slab};

/// A larger frame comes in pieces. Whole words of eight bytes.
pub const ROOM_BYTES: usize = 8 << 20;
/// Of the words that small frames are kept in, so that every type of sample is aligned.
const WORD_BYTES: usize = 8;

/// This process's end. Takes no memory until it is filled.
pub struct Room {
    map: MmapRaw,
}

impl Room {
    /// With the file for the worker. Its size is fixed before anybody else sees it.
    pub fn new() -> io::Result<(Self, File)> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = File::from(rustix::fs::memfd_create("overread samples", flags)?);
        file.set_len(ROOM_BYTES as u64)?;
        rustix::fs::fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW)?;
        let map = MmapOptions::new().len(ROOM_BYTES).map_raw_read_only(&file)?;
        Ok((Self { map }, file))
    }

    /// Fetches a frame of `n_bytes`; `next` has the worker lay down every piece but the first, which must lie here.
    /// `None` when there is no memory for it.
    pub fn fetch<E>(
        &self,
        n_bytes: usize,
        mut next: impl FnMut() -> Result<(), E>,
    ) -> Result<Option<Arc<dyn SampleMemory>>, E> {
        // Slabs of three quarters or less would waste what a cache may hold
        if n_bytes <= SLAB_BYTES / 4 * 3 {
            return Ok(self.words(n_bytes).map(|words| Arc::new(words) as Arc<dyn SampleMemory>));
        }
        let Some(mut slab) = Slab::new(n_bytes) else { return Ok(None) };
        for (index, piece) in slab.bytes_mut().get_mut(..n_bytes).unwrap_or_default().chunks_mut(ROOM_BYTES).enumerate()
        {
            if index > 0 {
                next()?;
            }
            // SAFETY: the room is mapped as long as `self` lives, and no process can shrink the file behind it. A piece
            // is no longer than the room and lies in other memory. No reference to the room is ever made, so that a
            // worker that writes meanwhile spoils its samples and nothing else.
            unsafe { self.map.as_ptr().copy_to_nonoverlapping(piece.as_mut_ptr(), piece.len()) };
        }
        Ok(Some(Arc::new(slab)))
    }

    /// `None` too when the room does not hold so many bytes.
    fn words(&self, n_bytes: usize) -> Option<Vec<u64>> {
        let n_words = n_bytes.div_ceil(WORD_BYTES);
        let mut words: Vec<u64> = Vec::new();
        words.try_reserve_exact(n_words).ok().filter(|()| n_words <= ROOM_BYTES / WORD_BYTES)?;
        // SAFETY: as above; the vector has room for so many words, and after the copy they hold something.
        unsafe {
            self.map.as_ptr().copy_to_nonoverlapping(words.as_mut_ptr().cast::<u8>(), n_words * WORD_BYTES);
            words.set_len(n_words);
        }
        Some(words)
    }
}

/// The worker's end.
pub struct Counter {
    map: MmapRaw,
}

impl Counter {
    /// `file` is what [`Room::new`] gave.
    pub fn new(file: &File) -> io::Result<Self> {
        Ok(Self { map: MmapOptions::new().len(ROOM_BYTES).map_raw(file)? })
    }

    /// Lays down as much of `bytes` as there is room for.
    pub fn lay(&mut self, bytes: &[u8]) {
        let n_bytes = bytes.len().min(self.map.len());
        // SAFETY: the room is mapped as long as `self` lives, holds so many bytes and is no part of `bytes`, for no
        // reference to it is ever made.
        unsafe { self.map.as_mut_ptr().copy_from_nonoverlapping(bytes.as_ptr(), n_bytes) };
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::os::unix::fs::FileExt as _;

    use super::*;

    #[test]
    fn frames_of_any_length_come_back_whole() {
        let (room, file) = Room::new().unwrap();
        let mut counter = Counter::new(&file).unwrap();
        for n_bytes in [1, 7, 1000, 6 << 20, (6 << 20) + 1, ROOM_BYTES, ROOM_BYTES + 1, 2 * ROOM_BYTES + 4097] {
            let pattern: Vec<u8> = (0..n_bytes).map(|i| (i % 251) as u8).collect();
            let mut pieces = pattern.chunks(ROOM_BYTES);
            counter.lay(pieces.next().unwrap());
            let memory = room.fetch(n_bytes, || pieces.next().map(|piece| counter.lay(piece)).ok_or(())).unwrap();
            assert!(memory.unwrap().bytes().get(..n_bytes) == Some(&pattern[..]), "{n_bytes}");
            assert!(pieces.next().is_none());
        }
    }

    #[test]
    fn a_frame_whose_next_piece_does_not_come_is_none() {
        let (room, _file) = Room::new().unwrap();
        let n_asked = Cell::new(0);
        let never = || {
            n_asked.set(n_asked.get() + 1);
            Err(())
        };
        assert!(room.fetch(3 * ROOM_BYTES, never).is_err());
        assert_eq!(n_asked.get(), 1);
    }

    #[test]
    fn nobody_takes_the_room_away_or_changes_what_was_fetched() {
        let (room, file) = Room::new().unwrap();
        let mut counter = Counter::new(&file).unwrap();
        counter.lay(&[1; 100]);
        let memory = room.fetch(100, || Err(())).unwrap().unwrap();
        assert!(file.set_len(0).is_err() && file.set_len(1 << 30).is_err());
        counter.lay(&[2; 100]);
        file.write_all_at(&[3; 100], 0).unwrap();
        assert_eq!(memory.bytes().get(..100), Some(&[1; 100][..]));
        // Longer than the room: no more than fits
        counter.lay(&vec![4; ROOM_BYTES + 1]);
    }
}
