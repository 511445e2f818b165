//! The key in a real keyring: a Secret Service on a bus of its own, as a desktop has it. Skipped where none is installed.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

use crate::cli::Place;
use crate::cli::record::fill;

/// Runs lines of shell on a bus of their own, with a keyring that is open; `$OVERREAD` is the program.
fn on_a_desktop(place: &Place, lines: &str) -> Option<Output> {
    let has = |tool: &str| Command::new("which").arg(tool).output().is_ok_and(|output| output.status.success());
    if !has("dbus-run-session") || !has("gnome-keyring-daemon") {
        println!("skipped: dbus-run-session and gnome-keyring-daemon are not installed");
        return None;
    }
    let runtime = place.at("runtime");
    fs::create_dir_all(&runtime).unwrap();
    let script = format!(
        "chmod 700 \"$XDG_RUNTIME_DIR\"\n\
         printf 'the login' | gnome-keyring-daemon --unlock --components=secrets > /dev/null 2>&1\n{lines}"
    );
    let output = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", &script])
        .env("HOME", &place.root)
        .env("XDG_RUNTIME_DIR", runtime)
        .env("OVERREAD", env!("CARGO_BIN_EXE_overread"))
        .env_remove("XDG_DATA_HOME")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .current_dir(&place.root)
        .output();
    Some(output.unwrap())
}

#[test]
fn the_keyring_of_the_system_opens_what_it_closed_signs_and_elsewhere_the_key_is_asked_for() {
    let place = Place::empty();
    fill(&place, 2);
    let lines = "set -e\n\
        $OVERREAD store encrypt --with keyring --recovery-key recovery --store review.sqlite --json > encrypted.json\n\
        $OVERREAD store sign --store review.sqlite --json > signed.json\n\
        $OVERREAD audit verify --store review.sqlite --json > verified.json\n\
        # The first record of a user, in its usual place\n\
        $OVERREAD store merge review.sqlite --json > merged.json || true\n\
        $OVERREAD store status --json > status.json || true";
    let Some(output) = on_a_desktop(&place, lines) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = |name: &str| -> Value { serde_json::from_slice(&fs::read(place.at(name)).unwrap()).unwrap() };
    let verified = said("verified.json");
    assert_eq!((&verified["intact"], &verified["protection"]), (&true.into(), &"encrypted".into()), "{verified}");
    assert!(verified["signed_events"].as_u64().unwrap() >= 1, "{verified}");

    // Without that keyring only the recovery key helps.
    let (_, status) = place.document(&["store", "status"]);
    assert_eq!(status["error"]["code"], "store_key_needed", "{status}");
    let recovery = place.at("recovery");
    let (code, found) = place.document(&["audit", "verify", "--key-file", recovery.to_str().unwrap()]);
    assert_eq!((code, &found["intact"]), (0, &true.into()), "{found}");
}
