//! Some thousand files that differ from a good one by a few bytes, the same ones in every run.
//!
//! The fuzzers of `fuzz/` go on where this stops; their seeds are used here. They run in a child process, for a decoder
//! written in C may take its process along.

use std::panic;
use std::path::{Path, PathBuf};
use std::process::Command;

use overread::domain::stored_pixels::PixelCoding;
use overread::import::fuzzing;

/// A fuzz target and what it calls.
type Door = (&'static str, fn(&[u8]));

const MARK: &str = "OVERREAD_MUTATIONS";
const N_MUTATIONS: u32 = 250;

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Xorshift: no dependency, and the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % n.max(1)
    }
}

fn mutated(seed: &[u8], dice: &mut Dice) -> Vec<u8> {
    const TELLING: [u8; 8] = [0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF, 0x20, 0x5C];
    let mut bytes = seed.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        match dice.below(7) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes[at] = TELLING[dice.below(TELLING.len())],
            2 => bytes.truncate(at.max(1)),
            3 => {
                let n = dice.below(40).min(bytes.len() - at);
                bytes.drain(at..at + n);
            }
            4 => {
                let n = dice.below(40).min(bytes.len() - at);
                let again = bytes[at..at + n].to_vec();
                bytes.splice(at..at, again);
            }
            5 => {
                let end = (at + 4).min(bytes.len());
                bytes[at..end].fill(0xFF);
            }
            _ => {
                let (n, to) = (dice.below(16).min(bytes.len() - at), dice.below(bytes.len()));
                let moved = bytes[at..at + n].to_vec();
                let end = (to + n).min(bytes.len());
                bytes[to..end].copy_from_slice(&moved[..end - to]);
            }
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    bytes
}

#[test]
fn no_small_change_of_a_file_makes_the_reader_panic() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["import::hostile::mutations::reads_mutations", "--exact", "--nocapture", "--test-threads=1"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let tail: Vec<&str> = text.lines().rev().take(5).collect();
    assert!(output.status.success(), "{tail:?}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("all mutations read"), "{tail:?}");
}

/// The child's part. A panic of this program's own code ends it, even where it would be caught.
#[test]
fn reads_mutations() {
    if std::env::var_os(MARK).is_none() {
        return;
    }
    panic::set_hook(Box::new(|facts| {
        let place = facts.location().map(|place| place.file().to_owned()).unwrap_or_default();
        if !place.contains("/registry/") && !place.contains("/rustc/") {
            eprintln!("{facts}");
            std::process::exit(101);
        }
    }));
    let doors: [Door; 9] = [
        ("guard", fuzzing::guard),
        ("open_decode", fuzzing::open_decode),
        ("dicomdir", fuzzing::dicomdir),
        ("charset", fuzzing::charset),
        ("jpeg", |bytes| fuzzing::codec(PixelCoding::Jpeg, bytes)),
        ("jpeg_ls", |bytes| fuzzing::codec(PixelCoding::JpegLs, bytes)),
        ("jpeg_2000", |bytes| fuzzing::codec(PixelCoding::Jpeg2000, bytes)),
        ("jpeg_xl", |bytes| fuzzing::codec(PixelCoding::JpegXl, bytes)),
        ("rle", |bytes| fuzzing::codec(PixelCoding::Rle, bytes)),
    ];
    let mut n_read = 0_u32;
    for (target, read) in doors {
        for (index, (path, seed)) in seeds(target).into_iter().enumerate() {
            println!("{}", path.display());
            read(&seed);
            let mut dice = Dice(0x9E37_79B9_7F4A_7C15 ^ index as u64);
            for _ in 0..N_MUTATIONS {
                read(&mutated(&seed, &mut dice));
                n_read += 1;
            }
        }
    }
    assert!(n_read > 5_000);
    println!("all mutations read");
}
