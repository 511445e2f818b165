//! Failing on purpose: proof that the bars around a worker hold on the machine at hand.

use std::fs::{self, File, OpenOptions};
use std::hint::black_box;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use rustix::net::{AddressFamily, SocketType};

use crate::import::worker::Drill;

/// In the worker. Returns, if at all, what was possible and should not be.
pub fn run(drill: &Drill) -> Vec<String> {
    match drill {
        Drill::Panic => std::panic::panic_any("a drill"),
        Drill::Abort => std::process::abort(),
        Drill::EndlessRecursion => vec![format!("{} levels", descend(0))],
        Drill::EndlessLoop => loop {
            black_box(());
        },
        Drill::EndlessMemory => {
            let mut taken = Vec::new();
            loop {
                taken.push(black_box(vec![1_u8; 16 << 20]));
            }
        }
        Drill::Leak { n_bytes } => {
            std::mem::forget(black_box(vec![1_u8; *n_bytes]));
            Vec::new()
        }
        Drill::BreakOut { folder } => break_out(folder),
    }
}

fn descend(depth: u64) -> u64 {
    if depth == u64::MAX {
        return depth;
    }
    let room = black_box([depth; 128]);
    descend(depth + 1) + room.first().copied().unwrap_or_default()
}

fn break_out(folder: &Path) -> Vec<String> {
    let file = folder.join("file");
    let attempts = [
        ("make a file", File::create(folder.join("made")).is_ok()),
        ("write to a file", OpenOptions::new().append(true).open(&file).is_ok()),
        ("cut a file", OpenOptions::new().write(true).truncate(true).open(&file).is_ok()),
        ("rename a file", fs::rename(&file, folder.join("renamed")).is_ok()),
        ("link a file", fs::hard_link(&file, folder.join("linked")).is_ok()),
        ("make a folder", fs::create_dir(folder.join("folder")).is_ok()),
        ("remove a file", fs::remove_file(&file).is_ok()),
        ("run a program", Command::new("/bin/true").status().is_ok_and(|status| status.success())),
        ("reach the network", may_connect()),
    ];
    attempts.into_iter().filter(|(_, was_possible)| *was_possible).map(|(what, _)| what.to_owned()).collect()
}

/// Nobody listens there: a refusal by the other side means that the way is open.
fn may_connect() -> bool {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None);
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let connected = socket.and_then(|socket| rustix::net::connect(&socket, &address));
    matches!(connected, Ok(()) | Err(rustix::io::Errno::CONNREFUSED))
}
