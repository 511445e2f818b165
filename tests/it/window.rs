//! The real binary in a real window: Xvfb, a real mouse, real keys, from opening to a restart.

mod killed;
mod picture;
mod reading;
mod trouble;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use overread::app::hall::{App, AppOptions};
use overread::app::startup;
use serde_json::{Value, json};

use crate::data;

const SCREEN: (u32, u32) = (1600, 1000);
const READER: &str = "Dr. Window";

/// An X server of our own, ended with the test.
struct Screen {
    server: Child,
    name: String,
    /// Where the server keeps what it shows.
    shown: tempfile::TempDir,
}

impl Screen {
    fn start() -> Option<Self> {
        let has = |tool: &str| Command::new("which").arg(tool).output().is_ok_and(|output| output.status.success());
        if !cfg!(target_os = "linux") || !has("Xvfb") || !has("xdotool") {
            println!("skipped: Xvfb and xdotool are not installed");
            return None;
        }
        // Another test run may hold a number.
        (90..120).find_map(|number| {
            let name = format!(":{number}");
            let shown = tempfile::tempdir().ok()?;
            let size = format!("{}x{}x24", SCREEN.0, SCREEN.1);
            let mut server = Command::new("Xvfb")
                .args([&name, "-screen", "0", &size, "-nolisten", "tcp", "-fbdir"])
                .arg(shown.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .ok()?;
            std::thread::sleep(Duration::from_millis(700));
            match server.try_wait() {
                Ok(None) => Some(Self { server, name, shown }),
                _ => None,
            }
        })
    }

    fn xdotool(&self, arguments: &[&str]) {
        let status = Command::new("xdotool").args(arguments).env("DISPLAY", &self.name).status().unwrap();
        assert!(status.success(), "xdotool {arguments:?}");
    }

    /// Without a window manager nobody else gives the window its keyboard.
    fn focus(&self) {
        self.xdotool(&["search", "--sync", "--onlyvisible", "--name", "Overread", "windowfocus", "--sync"]);
    }

    fn key(&self, name: &str) {
        self.xdotool(&["key", "--clearmodifiers", name]);
        std::thread::sleep(Duration::from_millis(150));
    }

    fn click(&self, at: [f32; 2]) {
        self.xdotool(&["mousemove", &format!("{:.0}", at[0]), &format!("{:.0}", at[1])]);
        std::thread::sleep(Duration::from_millis(150));
        self.xdotool(&["click", "1"]);
        std::thread::sleep(Duration::from_millis(150));
    }

    /// A picture of the screen for a person to look at when the test fails.
    fn keep_picture(&self, path: &Path) {
        let root = ["-silent", "-root", "-display", &self.name, "-out"];
        let xwd = Command::new("xwd").args(root).arg(path.with_extension("xwd")).status();
        if xwd.is_ok_and(|status| status.success()) {
            println!("screen kept at {}", path.with_extension("xwd").display());
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let ended = self.server.kill().and_then(|()| self.server.wait());
        assert!(ended.is_ok(), "the X server could not be ended");
    }
}

/// One user with a study, a store and settings of their own.
struct Desk {
    root: PathBuf,
}

impl Desk {
    fn study(&self) -> PathBuf {
        self.root.join("study")
    }

    fn store(&self) -> PathBuf {
        self.root.join("review.sqlite")
    }

    fn settings(&self) -> PathBuf {
        self.root.join(".config/overread/settings.json")
    }

    /// A study of a small phantom, and a reader who has accepted the terms.
    fn new(folder: &Path) -> Self {
        let desk = Self { root: folder.to_owned() };
        data::write_small_phantom(&desk.study());
        fs::create_dir_all(desk.settings().parent().unwrap()).unwrap();
        let settings = json!({ "reader": READER, "has_accepted_research_use": true });
        fs::write(desk.settings(), settings.to_string()).unwrap();
        desk
    }

    fn study_uid(&self) -> String {
        let inspected = self.job(&["inspect", self.study().to_str().unwrap()]).unwrap();
        inspected["patients"][0]["studies"][0]["study_instance_uid"].as_str().unwrap().to_owned()
    }

    /// The file by which faults are asked for.
    fn faults(&self) -> PathBuf {
        self.root.join("faults")
    }

    fn open_window(&self, screen: &Screen) -> Child {
        Command::new(env!("CARGO_BIN_EXE_overread"))
            .arg(self.study())
            .arg("--store")
            .arg(self.store())
            .env("DISPLAY", &screen.name)
            .env("HOME", &self.root)
            .env("XDG_CONFIG_HOME", self.root.join(".config"))
            .env("XDG_DATA_HOME", self.root.join(".data"))
            .env("XDG_CACHE_HOME", self.root.join(".cache"))
            .env("OVERREAD_FAULTS", self.faults())
            .env_remove("WAYLAND_DISPLAY")
            .spawn()
            .unwrap()
    }

    fn job(&self, arguments: &[&str]) -> Option<Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_overread"))
            .args(arguments)
            .arg("--json")
            .arg("--store")
            .arg(self.store())
            .env("HOME", &self.root)
            .stderr(Stdio::null())
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).ok()
    }

    /// Id and verdict of each finding in the record, flagged ones only, as the panel lists them.
    fn flagged(&self, study: &str) -> Vec<(String, Option<String>, Value)> {
        let document = self.job(&["findings", "--study", study]).unwrap_or(Value::Null);
        let findings = document["findings"].as_array().cloned().unwrap_or_default();
        let flagged = findings.into_iter().filter(|finding| finding["flagged"] == true);
        flagged
            .map(|finding| {
                let verdict = finding["decision"]["verdict"].as_str().map(ToOwned::to_owned);
                (finding["id"].as_str().unwrap().to_owned(), verdict, finding["decision"].clone())
            })
            .collect()
    }

    /// Where a control is, found by its label in the same program drawn at the same size without a window.
    fn center_of(&self, label: &str) -> [f32; 2] {
        let options = AppOptions {
            importer: overread::import::Importer::default(),
            store: self.store(),
            settings: self.settings(),
            open: vec![self.study()],
            ..AppOptions::default()
        };
        #[expect(clippy::cast_precision_loss, reason = "a screen's size")]
        let size = [SCREEN.0 as f32, SCREEN.1 as f32];
        let mut harness: Harness<'_, App> =
            Harness::builder().with_size(size).build_eframe(|cc| startup::create(cc, options).unwrap());
        let start = Instant::now();
        loop {
            harness.step();
            if let Some(node) = harness.query_by_label(label)
                && start.elapsed() > Duration::from_secs(2)
            {
                let center = node.rect().center();
                return [center.x, center.y];
            }
            assert!(start.elapsed() < Duration::from_secs(60), "no control is labelled {label}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn wait_for<T>(what: &str, screen: &Screen, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(120) {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(400));
    }
    screen.keep_picture(&std::env::temp_dir().join("overread-window-test"));
    panic!("waited in vain for {what}")
}

#[test]
fn a_reader_accepts_rejects_with_a_reason_and_finds_both_again_after_a_kill() {
    let Some(screen) = Screen::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::new(folder.path());
    let study = desk.study_uid();
    let mut window = desk.open_window(&screen);
    let flagged = wait_for("two flagged findings in the record", &screen, || {
        let flagged = desk.flagged(&study);
        (flagged.len() >= 2).then_some(flagged)
    });
    // The first flagged finding is selected and on screen; Enter accepts it and goes on to the next.
    screen.focus();
    screen.xdotool(&["mousemove", "800", "500"]);
    std::thread::sleep(Duration::from_secs(3));
    screen.key("Return");
    let accepted = |list: &[(String, Option<String>, Value)]| {
        list.iter().find(|(_, verdict, _)| verdict.as_deref() == Some("accepted")).cloned()
    };
    let (first, _, decision) = wait_for("an accepted finding", &screen, || accepted(&desk.flagged(&study)));
    assert_eq!(decision["reader"], READER);
    assert!(decision["seen"].is_object(), "what was on screen is part of the decision");

    // The second one is rejected with the mouse, its reason chosen with a key.
    let reject = desk.center_of("Reject");
    let rejected = || {
        let flagged = desk.flagged(&study);
        flagged.into_iter().find(|(_, verdict, _)| verdict.as_deref() == Some("rejected"))
    };
    // A busy machine may take a while to show the reasons: then the palette is closed and asked for again.
    for _ in 0..4 {
        screen.click(reject);
        std::thread::sleep(Duration::from_secs(2));
        screen.key("1");
        std::thread::sleep(Duration::from_secs(2));
        if rejected().is_some() {
            break;
        }
        screen.key("Escape");
    }
    let (second, _, decision) = wait_for("a rejected finding", &screen, rejected);
    assert_ne!(first, second);
    assert!(flagged.iter().any(|(id, ..)| id == &second));
    assert_eq!(decision["reasons"], json!(["normal_variant"]));

    // What is kept is kept: the program is not even asked to end.
    window.kill().unwrap();
    window.wait().unwrap();

    // After a restart both are still there, and even the undo history is: Ctrl+Z takes back the rejection.
    let mut window = desk.open_window(&screen);
    let is_undone = || {
        let flagged = desk.flagged(&study);
        let of = |id: &str| flagged.iter().find(|(other, ..)| other == id).map(|(_, verdict, _)| verdict.clone());
        of(&second) == Some(None) && of(&first) == Some(Some("accepted".to_owned()))
    };
    for _ in 0..4 {
        // Long enough for a busy machine to read the study and its record; before that there is nothing to undo.
        std::thread::sleep(Duration::from_secs(8));
        screen.focus();
        screen.key("ctrl+z");
        std::thread::sleep(Duration::from_secs(3));
        if is_undone() {
            break;
        }
    }
    wait_for("the rejection undone after the restart", &screen, || is_undone().then_some(()));
    window.kill().unwrap();
    window.wait().unwrap();
    let document = desk.job(&["findings", "--study", &study]).unwrap();
    assert_eq!(document["findings"].as_array().map(|list| list.iter().any(|f| f["id"] == first.as_str())), Some(true));
}
