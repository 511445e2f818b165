//! Section A of the catalog again: what lies in folders, and under which names.

use std::path::Path;

use overread::domain::intake::Intake;
use overread::import::{ScanOptions, load_frame, reason, scan};

use crate::import::hostile::case::ct;
use crate::import::synthetic::{Written, codes, only_instance, scan_all};

fn images(intake: &Intake) -> usize {
    intake.studies.iter().map(|study| study.n_images()).sum()
}

/// Rows 14 and 15.
#[cfg(unix)]
#[test]
fn pipes_sockets_and_devices_are_passed_by() {
    let folder = tempfile::tempdir().unwrap();
    ct().write(folder.path(), "a picture");
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    let intake = scan_all(folder.path());
    assert_eq!(codes(&intake), [reason::NOT_A_FILE, reason::NOT_A_FILE]);
    assert_eq!(images(&intake), 1);
    for path in [pipe.as_path(), &folder.path().join("socket"), Path::new("/dev/zero"), Path::new("/dev/null")] {
        assert_eq!(codes(&scan_all(path)), [reason::NOT_A_FILE], "{}", path.display());
    }
}

/// A regular file at the scan, a pipe when its frame is wanted: nothing waits for a writer.
#[cfg(unix)]
#[test]
fn a_file_that_became_a_pipe_does_not_stop_the_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = ct().write(folder.path(), "file");
    let intake = scan_all(&path);
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let frame = load_frame(only_instance(&intake), 0);
    assert_eq!(frame.map_err(|error| error.code()), Err(reason::NOT_A_FILE));
}

/// Row 16. The rule: a link is followed inside the folder that was named, never out of it.
#[cfg(unix)]
#[test]
fn links_are_followed_inside_the_folder_and_never_out_of_it() {
    use std::os::unix::fs::symlink;
    let place = tempfile::tempdir().unwrap();
    let (inside, outside) = (place.path().join("inside"), place.path().join("outside"));
    std::fs::create_dir_all(inside.join("real")).unwrap();
    std::fs::create_dir_all(&outside).unwrap();
    ct().write(&inside.join("real"), "1");
    Written::ct("1.2.3.5").write(&outside, "2");
    symlink(&outside, inside.join("way out")).unwrap();
    symlink(outside.join("2"), inside.join("file out")).unwrap();
    symlink("/", inside.join("everything")).unwrap();
    symlink(inside.join("real"), inside.join("again")).unwrap();
    symlink(&inside, inside.join("real").join("loop")).unwrap();
    symlink(inside.join("b"), inside.join("a")).unwrap();
    symlink(inside.join("a"), inside.join("b")).unwrap();
    symlink(inside.join("gone"), inside.join("dangling")).unwrap();
    let intake = scan_all(&inside);
    assert_eq!(images(&intake), 1);
    let mut found = codes(&intake);
    found.sort_unstable();
    let out = reason::LINK_OUTSIDE;
    assert_eq!(found, [out, out, out, reason::NOT_FOUND, reason::UNREADABLE, reason::UNREADABLE]);
    // Named itself, a link is what the person means
    assert_eq!(images(&scan_all(&inside.join("way out"))), 1);
    assert_eq!(images(&scan_all(&inside.join("file out"))), 1);
}

/// Row 17.
#[cfg(target_os = "linux")]
#[test]
fn folders_without_end_are_left_at_a_depth() {
    use rustix::fs::{Mode, OFlags, mkdirat, open, openat};
    let folder = tempfile::tempdir().unwrap();
    ct().write(folder.path(), "a picture");
    // Deeper than a path can be long: made from folder to folder
    let long = "d".repeat(200);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut at = open(folder.path(), flags, Mode::empty()).unwrap();
    for _ in 0..60 {
        mkdirat(&at, &long, Mode::RWXU).unwrap();
        at = openat(&at, &long, flags, Mode::empty()).unwrap();
    }
    std::fs::create_dir_all(folder.path().join("a/".repeat(300))).unwrap();
    let intake = scan_all(folder.path());
    assert_eq!(images(&intake), 1);
    let found = codes(&intake);
    assert_eq!(found.len(), 2);
    assert!(found.contains(&reason::NOT_REACHED) && found.contains(&reason::UNREADABLE), "{found:?}");
}

/// Row 18, in small and of files that are no pictures; see `memory` for a hundred thousand.
#[test]
fn many_files_in_one_folder_can_be_stopped_and_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..3_000 {
        std::fs::write(folder.path().join(format!("{index}")), "words").unwrap();
    }
    let paths = [folder.path().to_owned()];
    let intake = scan_all(folder.path());
    assert_eq!(intake.refused().count(), 3_000);
    let asked = std::cell::Cell::new(0);
    let cancel = || asked.replace(asked.get() + 1) > 100;
    let stopped = scan(&paths, &ScanOptions::default(), &cancel, &|_| {});
    assert!(stopped.was_cancelled && stopped.files.len() < 3_000);
    let mut few = ScanOptions::default();
    few.limits.max_files = 10;
    let bounded = scan(&paths, &few, &|| false, &|_| {});
    assert_eq!(bounded.files.len(), 11);
    assert!(codes(&bounded).contains(&reason::NOT_REACHED));
}

/// Row 19, as a person without privileges: root may read everything, so a thread gives root up for good.
#[cfg(target_os = "linux")]
#[test]
fn what_may_not_be_read_is_listed() {
    use rustix::process::{Uid, geteuid};
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let closed = ct().write(folder.path(), "closed");
    Written::ct("1.2.3.6").write(folder.path(), "open");
    let (locked, blind) = (folder.path().join("locked"), folder.path().join("names only"));
    let forbid = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    for inner in [&locked, &blind] {
        std::fs::create_dir(inner).unwrap();
        Written::ct("1.2.3.5").write(inner, "inside");
    }
    forbid(folder.path(), 0o755);
    forbid(&closed, 0o000);
    forbid(&locked, 0o000);
    // May be listed, but nothing in it may be opened
    forbid(&blind, 0o444);
    let place = folder.path().to_owned();
    let look = move || {
        if geteuid().is_root() {
            // Of this thread and of those that it starts, which are all that the scan uses
            rustix::thread::set_thread_uid(Uid::from_raw(65_534)).unwrap();
        }
        assert!(std::fs::File::open(place.join("closed")).is_err(), "this user may read everything");
        scan_all(&place)
    };
    let intake = std::thread::spawn(look).join().unwrap();
    forbid(&locked, 0o755);
    forbid(&blind, 0o755);
    assert_eq!(codes(&intake), [reason::UNREADABLE; 3], "{:?}", intake.files);
    assert_eq!((intake.files.len(), images(&intake)), (4, 1));
}

/// Rows 20 and 24.
#[cfg(target_os = "linux")]
#[test]
fn names_of_files_are_only_names() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let long = "n".repeat(255);
    let names: [&[u8]; 16] = [
        b"\xff\xfe\x80.dcm",
        b"two\nlines",
        "\u{202e}mcd.exe".as_bytes(),
        "\u{1b}[2J".as_bytes(),
        long.as_bytes(),
        b"CON",
        b"nul.dcm",
        b"trailing.",
        b"trailing ",
        b" ",
        b"-rf",
        b"$(reboot)",
        b"..dcm",
        b"%s%n",
        b"case",
        b"CASE",
    ];
    for (index, name) in names.iter().enumerate() {
        let bytes = Written::ct(&format!("1.2.3.{index}")).bytes();
        std::fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), bytes).unwrap();
    }
    let intake = scan_all(folder.path());
    assert_eq!((intake.files.len(), images(&intake), codes(&intake).len()), (16, 16, 0));
    let shown = std::process::Command::new(env!("CARGO_BIN_EXE_overread"))
        .args(["inspect", "--json"])
        .arg(folder.path())
        .output()
        .unwrap();
    let document: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(document["counts"]["images"], 16);
    crate::import::hostile::text::check_harmless(&shown.stdout);
    let shown = std::process::Command::new(env!("CARGO_BIN_EXE_overread")).arg("inspect").arg(folder.path()).output();
    crate::import::hostile::text::check_harmless(&shown.unwrap().stdout);
}

/// Row 21.
#[test]
fn a_file_that_changes_or_goes_after_the_scan_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let scanned = || {
        let path = ct().write(folder.path(), "file");
        (path.clone(), scan_all(&path))
    };
    let code = |intake: &Intake| load_frame(only_instance(intake), 0).map(|_| ()).map_err(|error| error.code());
    let (path, intake) = scanned();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(code(&intake), Err(reason::NOT_FOUND));
    let (path, intake) = scanned();
    std::fs::write(&path, &ct().bytes()[..400]).unwrap();
    assert_eq!(code(&intake), Err(reason::FILE_CHANGED));
    let (path, intake) = scanned();
    std::fs::write(&path, [ct().bytes(), vec![0; 100]].concat()).unwrap();
    assert_eq!(code(&intake), Err(reason::FILE_CHANGED));
    let (path, intake) = scanned();
    std::fs::write(&path, "").unwrap();
    assert_eq!(code(&intake), Err(reason::EMPTY));
    let (path, intake) = scanned();
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(code(&intake), Err(reason::NOT_A_FILE));
}

/// Row 23.
#[cfg(unix)]
#[test]
fn the_same_file_by_many_names_is_one_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = ct().write(folder.path(), "a");
    std::fs::hard_link(&path, folder.path().join("b")).unwrap();
    std::fs::copy(&path, folder.path().join("c")).unwrap();
    std::os::unix::fs::symlink(&path, folder.path().join("d")).unwrap();
    let intake = scan(&[path, folder.path().to_owned()], &ScanOptions::default(), &|| false, &|_| {});
    assert_eq!(images(&intake), 1);
    assert_eq!(codes(&intake), [reason::DUPLICATE_SOP; 3]);
}
