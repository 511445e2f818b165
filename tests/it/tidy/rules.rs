//! The rules for one source file, as pure functions of its path and text.

use crate::tidy::code::{self, CodePath};

const MAX_LINES: usize = 500;
const MAX_FUNCTION_LINES: usize = 100;
const MAX_APP_FIELDS: usize = 10;

/// Which room may name which; `app`, `lib.rs` and `main.rs` may name all.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("imaging", &["domain"]),
    ("segmentation", &["domain", "imaging"]),
    ("review", &["domain"]),
    ("import", &["domain", "imaging", "segmentation"]),
    ("inference", &["domain", "imaging", "segmentation"]),
    ("export", &["domain", "imaging", "segmentation"]),
    ("render", &["domain", "imaging", "segmentation"]),
    ("store", &["domain", "review"]),
    ("validation", &["domain", "review", "segmentation"]),
    ("context", &["domain"]),
    ("network", &["domain"]),
    (
        "jobs",
        &[
            "domain",
            "imaging",
            "segmentation",
            "review",
            "import",
            "inference",
            "export",
            "store",
            "validation",
            "context",
            "network",
        ],
    ),
    ("ui", &["domain", "imaging", "segmentation", "review", "validation", "context", "render"]),
    ("app", ALL_ROOMS),
];

const ALL_ROOMS: &[&str] = &[
    "domain",
    "imaging",
    "segmentation",
    "review",
    "import",
    "inference",
    "export",
    "render",
    "store",
    "validation",
    "context",
    "network",
    "jobs",
    "ui",
];

/// Foreign words, as path beginnings, and the places (path prefixes under `src/`) where they may be said.
const FOREIGN: &[(&str, &[&str])] = &[
    ("egui", &["ui/", "app/"]),
    ("eframe", &["ui/", "app/"]),
    ("rfd", &["ui/", "app/"]),
    ("wgpu", &["render/", "ui/viewport/paint_callback.rs", "app/startup"]),
    ("naga", &["render/"]),
    ("pollster", &["render/", "jobs/", "app/startup"]),
    ("candle_core", &["inference/"]),
    ("candle_nn", &["inference/"]),
    ("dicom_core", &["import/", "export/", "network/"]),
    ("dicom_dictionary_std", &["import/", "export/", "network/"]),
    ("dicom_encoding", &["import/", "export/", "network/"]),
    // A measurement runs what others would have used beside what is used here.
    ("dicom_object", &["import/", "export/", "network/", "app/cli/bench/"]),
    ("dicom_pixeldata", &["import/", "export/", "network/"]),
    ("dicom_transfer_syntax_registry", &["import/", "export/", "network/"]),
    ("rusqlite", &["store/"]),
    ("argon2", &["store/"]),
    ("keyring", &["store/"]),
    ("native_tls", &["store/"]),
    ("postgres", &["store/"]),
    ("postgres_native_tls", &["store/"]),
    ("ed25519_dalek", &["store/"]),
    ("clap", &["app/", "main.rs"]),
    // Worker processes have threads that start them, wait for them and end with them.
    // A measurement sleeps while the window it watches rests.
    ("std::thread", &["jobs/", "import/worker/", "app/cli/bench/viewer/idle.rs"]),
    // A worker tries to reach the network on purpose, and must not.
    ("std::net", &["network/", "import/worker/drill.rs"]),
    // A model nobody has checked yet is read by a process of its own.
    ("std::process::Command", &["app/", "import/worker/", "jobs/work/model_adding.rs"]),
    ("std::fs", &["import/", "inference/", "export/", "store/", "network/", "context/", "jobs/", "app/"]),
    (
        "rayon",
        &["imaging/", "import/", "inference/", "render/", "validation/", "segmentation/", "export/", "app/cli/bench/"],
    ),
    ("std::time::SystemTime", &["import/", "inference/", "export/", "store/", "network/", "jobs/", "ui/", "app/"]),
    ("jiff", &["import/", "inference/", "export/", "store/", "network/", "context/", "jobs/", "ui/", "app/"]),
];

const HOMELESS_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "misc", "manager"];

/// What is wrong with the file at `path` (relative to `src/`); a sentence each, with the line where one is known.
pub fn violations(path: &str, text: &str) -> Vec<String> {
    let code = code::without_comments_and_texts(text);
    let shipped = code::without_tests(&code);
    let all_paths = code::paths(&code);
    let shipped_paths = code::paths(&shipped);
    let mut found = Vec::new();
    found.extend(shape(path, text));
    found.extend(arrows(path, &all_paths));
    found.extend(foreign_words(path, &shipped_paths));
    found.extend(climbing_and_globs(&shipped_paths));
    found.extend(long_functions(&code));
    found.extend(colors(path, &code));
    found.extend(silenced_lints(&shipped));
    found.extend(app_fields(path, &shipped));
    found.into_iter().map(|what| format!("src/{path}{what}")).collect()
}

/// The room of a path under `src/`; `None` for `lib.rs` and `main.rs`.
fn room(path: &str) -> Option<&str> {
    path.split_once('/').map(|(room, _)| room)
}

fn shape(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.trim_start_matches('\u{feff}').starts_with("//!") {
        found.push(": does not open with //!".to_owned());
    }
    let n_lines = text.lines().count();
    if n_lines > MAX_LINES {
        found.push(format!(": {n_lines} lines, at most {MAX_LINES}"));
    }
    if let Some(name) = path.split(['/', '.']).find(|part| HOMELESS_NAMES.contains(part)) {
        found.push(format!(": '{name}' is no noun"));
    }
    found
}

fn arrows(path: &str, paths: &[CodePath]) -> Vec<String> {
    let Some(room) = room(path) else { return Vec::new() };
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
        return vec![format!(": there is no room '{room}' in the house")];
    };
    let is_forbidden = |other: &str| {
        // A lower-case second segment is a module; anything else is an item of lib.rs.
        let is_module = other.starts_with(|c: char| c.is_lowercase());
        is_module && other != room && other != "self" && !allowed.contains(&other)
    };
    paths
        .iter()
        .filter(|found| found.segment(0) == "crate" && is_forbidden(found.segment(1)))
        .map(|found| format!(":{}: {room} may not name {}", found.line, found.segment(1)))
        .collect()
}

fn foreign_words(path: &str, paths: &[CodePath]) -> Vec<String> {
    let mut found = Vec::new();
    for (word, homes) in FOREIGN {
        if homes.iter().any(|home| path.starts_with(home)) {
            continue;
        }
        let prefix: Vec<&str> = word.split("::").collect();
        let is_said = |said: &&CodePath| {
            // eframe and egui hand on wgpu under their own names.
            let is_handed_on = prefix == ["wgpu"] && said.segments.iter().any(|s| s == "wgpu" || s == "egui_wgpu");
            said.starts_with(&prefix) || is_handed_on
        };
        found.extend(paths.iter().filter(is_said).map(|said| format!(":{}: {word} is not spoken here", said.line)));
    }
    found
}

fn climbing_and_globs(paths: &[CodePath]) -> Vec<String> {
    let mut found = Vec::new();
    for path in paths {
        if path.segments.iter().any(|segment| segment == "super") {
            found.push(format!(":{}: super:: outside a test module; write crate::", path.line));
        }
        if path.segments.last().is_some_and(|segment| segment == "*") {
            found.push(format!(":{}: glob import", path.line));
        }
    }
    found
}

fn long_functions(code: &str) -> Vec<String> {
    code::functions(code)
        .into_iter()
        .filter(|(_, _, n_lines)| *n_lines > MAX_FUNCTION_LINES)
        .map(|(name, line, n_lines)| format!(":{line}: fn {name} has {n_lines} lines, at most {MAX_FUNCTION_LINES}"))
        .collect()
}

fn colors(path: &str, code: &str) -> Vec<String> {
    if path.starts_with("ui/theme") {
        return Vec::new();
    }
    lines_with(code, "Color32::from_").map(|line| format!(":{line}: colors come from ui/theme")).collect()
}

fn silenced_lints(code: &str) -> Vec<String> {
    lines_with(code, "[allow(")
        .map(|line| format!(":{line}: a lint exception is #[expect(…, reason = \"…\")]"))
        .collect()
}

fn lines_with<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.lines().zip(1..).filter(move |(line, _)| line.contains(word)).map(|(_, number)| number)
}

fn app_fields(path: &str, code: &str) -> Vec<String> {
    let Some(start) = code.find("struct App {").filter(|_| path.starts_with("app/")) else { return Vec::new() };
    let body = &code[start..code::end_of_item(code, start)];
    let n_fields = body.lines().skip(1).filter(|line| line.contains(": ")).count();
    if n_fields <= MAX_APP_FIELDS {
        return Vec::new();
    }
    vec![format!(": App has {n_fields} fields, at most {MAX_APP_FIELDS}")]
}
