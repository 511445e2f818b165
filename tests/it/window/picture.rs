//! What the screen shows, read from the X server's own frame buffer.

use std::fs;
use std::time::{Duration, Instant};

use crate::window::{SCREEN, Screen};

/// Rows of red, green and blue.
pub struct Picture {
    width: usize,
    rgb: Vec<[u8; 3]>,
}

/// Left, top, right and bottom, pixels.
pub type Area = [usize; 4];

impl Picture {
    pub fn area(&self, [left, top, right, bottom]: Area) -> Vec<[u8; 3]> {
        (top..bottom).flat_map(|row| self.rgb[row * self.width + left..row * self.width + right].to_vec()).collect()
    }
}

/// How many pixels differ by more than a step.
pub fn n_different(a: &[[u8; 3]], b: &[[u8; 3]]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a.iter().zip(b.iter()).any(|(a, b)| a.abs_diff(*b) > 1)).count()
}

impl Screen {
    pub fn picture(&self) -> Picture {
        let file = fs::read(self.shown.path().join("Xvfb_screen0")).unwrap();
        // XWD: a header of big-endian words, then the colormap, then rows of blue, green, red and nothing
        let word = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let (header, width, height, line, n_colors) = (word(0), word(16), word(20), word(48), word(76));
        assert_eq!((width, height), (SCREEN.0 as usize, SCREEN.1 as usize));
        let pixels = &file[header + n_colors * 12..];
        let rows = (0..height).flat_map(|row| pixels[row * line..row * line + width * 4].chunks_exact(4));
        Picture { width, rgb: rows.map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect() }
    }

    /// What an area shows once it shows something and keeps still.
    pub fn settled(&self, area: Area) -> Vec<[u8; 3]> {
        let start = Instant::now();
        let mut last = self.picture().area(area);
        loop {
            std::thread::sleep(Duration::from_millis(700));
            let now = self.picture().area(area);
            let has_picture = now.iter().any(|pixel| pixel[0] > 60 && pixel[0] == pixel[1]);
            if has_picture && now == last {
                return now;
            }
            last = now;
            assert!(start.elapsed() < Duration::from_mins(2), "the screen never came to rest");
        }
    }
}
