//! The law of the house, read over every file: see `ARCHITECTURE.md`.

mod code;
mod rules;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What may lie at the top, beside dotfiles.
const TOP_LEVEL: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "assets",
    "benches",
    "clippy.toml",
    "deny.toml",
    "fuzz",
    "models",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "shaders",
    "src",
    "tests",
];

/// Places of the machine a file was written on. In two halves, so that this file may be read too.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/")];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Paths of the repository's files, relative to its root, sorted.
fn repository_files() -> BTreeSet<String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    let from_git: BTreeSet<String> = match listed {
        Ok(output) if output.status.success() => {
            let names = String::from_utf8_lossy(&output.stdout).into_owned();
            names.split('\0').filter(|name| root().join(name).is_file()).map(str::to_owned).collect()
        }
        _ => BTreeSet::new(),
    };
    if !from_git.is_empty() {
        return from_git;
    }
    // An unpacked archive has no index: then everything that is not built counts.
    let mut found = BTreeSet::new();
    walk(&root(), &mut found);
    found
}

fn walk(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", ".git", ".venv"].contains(&name.as_str()) {
            walk(&path, found);
        } else if path.is_file() {
            found.insert(name);
        }
    }
}

fn fail_if_any(violations: &[String]) {
    assert!(violations.is_empty(), "the house is not tidy:\n{}", violations.join("\n"));
}

#[test]
fn every_source_file_keeps_the_law() {
    let files = repository_files();
    let sources: Vec<&String> = files.iter().filter(|path| path.starts_with("src/") && path.ends_with(".rs")).collect();
    assert!(sources.len() > 10, "found only {} source files", sources.len());
    let violations: Vec<String> = sources
        .iter()
        .flat_map(|path| {
            let text = fs::read_to_string(root().join(path)).unwrap();
            rules::violations(path.trim_start_matches("src/"), &text)
        })
        .collect();
    fail_if_any(&violations);
}

#[test]
fn only_the_agreed_things_lie_at_the_top() {
    fail_if_any(&strangers_at_the_top(&repository_files()));
}

fn strangers_at_the_top(files: &BTreeSet<String>) -> Vec<String> {
    let tops: BTreeSet<&str> = files.iter().filter_map(|path| path.split('/').next()).collect();
    let is_stranger = |top: &&&str| !top.starts_with('.') && !TOP_LEVEL.contains(*top);
    tops.iter().filter(is_stranger).map(|top| format!("{top}: does not belong at the top")).collect()
}

#[test]
fn every_shader_has_its_pass_in_render() {
    fail_if_any(&orphan_shaders(&repository_files()));
}

fn orphan_shaders(files: &BTreeSet<String>) -> Vec<String> {
    let shaders = files.iter().filter_map(|path| path.strip_prefix("shaders/")?.strip_suffix(".wgsl"));
    shaders
        .filter(|name| !name.starts_with("shared/"))
        .filter(|name| {
            let as_file = format!("src/render/{name}.rs");
            let as_folder = format!("src/render/{name}/mod.rs");
            !files.contains(&as_file) && !files.contains(&as_folder)
        })
        .map(|name| format!("shaders/{name}.wgsl: there is no src/render/{name}.rs"))
        .collect()
}

#[test]
fn no_text_names_the_machine_it_was_written_on_or_leaves_work_to_nobody() {
    let mut violations = Vec::new();
    for path in repository_files() {
        if let Ok(text) = fs::read_to_string(root().join(&path)) {
            violations.extend(loose_ends(&path, &text));
        }
    }
    fail_if_any(&violations);
}

fn loose_ends(path: &str, text: &str) -> Vec<String> {
    let nobody = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if let Some(place) = MACHINE_PATHS.iter().find(|place| names_place(line, place)) {
            found.push(format!("{path}:{number}: names {place}"));
        }
        let is_unnamed = |word: &&&str| {
            let follows = |at: usize| line[at + word.len()..].chars().next().unwrap_or(' ');
            let precedes = |at: usize| line[..at].chars().next_back().unwrap_or(' ');
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            line.match_indices(**word)
                .any(|(at, _)| !is_word(precedes(at)) && !is_word(follows(at)) && follows(at) != '(')
        };
        if path.ends_with(".rs") || path.ends_with(".wgsl") {
            found
                .extend(nobody.iter().filter(is_unnamed).map(|word| format!("{path}:{number}: {word} without a name")));
        }
    }
    found
}

/// Absolute use only: `https://host/work/` and `$X/home/` name no machine.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back().unwrap_or(' ');
        !before.is_alphanumeric() && !['.', '_', '-', '}'].contains(&before)
    })
}

#[test]
fn the_readme_repeats_the_figures_of_the_models_cards() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let files = repository_files();
    let cards: Vec<&String> =
        files.iter().filter(|path| path.starts_with("models/") && path.ends_with("/model.toml")).collect();
    assert!(!cards.is_empty());
    for path in cards {
        let card: toml::Table = fs::read_to_string(root().join(path)).unwrap().parse().unwrap();
        let entries = ["segment", "label", "derived"].into_iter().filter_map(|key| card.get(key)?.as_array()).flatten();
        for entry in entries {
            let figures =
                ["dice", "auroc", "mean_absolute_error"].into_iter().filter_map(|key| entry.get(key)?.as_float());
            for figure in figures {
                let text = format!("{figure:.3}");
                assert!(readme.contains(&text), "README.md does not have {path}'s {text} of {}", entry["id"]);
            }
        }
    }
}

/// The checker itself: each law is broken once, in a text as small as the law.
mod the_law_bites {
    use crate::tidy::{code, loose_ends, orphan_shaders, rules, strangers_at_the_top};

    fn check(path: &str, text: &str, expected: &str) {
        let found = rules::violations(path, &format!("//! Doc.\n{text}"));
        if expected.is_empty() {
            assert!(found.is_empty(), "{path} {text:?}: {found:?}");
        } else {
            assert!(found.iter().any(|what| what.contains(expected)), "{path} {text:?}: {found:?}");
        }
    }

    #[test]
    fn on_arrows_in_use_trees_and_inline_paths() {
        check("domain/mask.rs", "use crate::imaging::lut;", "domain/mask.rs:2: domain may not name imaging");
        check("import/guard.rs", "use crate::{domain::uid, export::{json, numpy}};", "import may not name export");
        check("store/rows.rs", "fn f() { crate::ui::draw() }", "store may not name ui");
        check("jobs/runner.rs", "use crate::render::cpu;", "jobs may not name render");
        check("cellar/wine.rs", "", "there is no room 'cellar'");
        check("store/rows.rs", "use crate::{domain::uid::StudyUid, review::event};", "");
        check("app/mod.rs", "use crate::{jobs, render, ui};", "");
        check("domain/mask.rs", "/// Not [`crate::ui::draw`].\nconst A: &str = \"crate::ui::draw\";", "");
    }

    #[test]
    fn on_foreign_words() {
        check("review/session.rs", "use egui::Ui;", "egui is not spoken here");
        check("ui/panels/list.rs", "use eframe::wgpu::Device;", "wgpu is not spoken here");
        check("ui/viewport/paint_callback.rs", "use eframe::wgpu::Device;", "");
        check("imaging/pipeline.rs", "fn f() { std::thread::spawn(|| ()); }", "std::thread is not spoken here");
        check("ui/panels/list.rs", "use std::{fs, sync::Arc};", "std::fs is not spoken here");
        check("review/session.rs", "use std::time::SystemTime;", "SystemTime is not spoken here");
        check("ui/panels/list.rs", "use rusqlite::Connection;", "rusqlite is not spoken here");
        check("imaging/pipeline.rs", "use candle_core::Tensor;", "candle_core is not spoken here");
        check("imaging/pipeline.rs", "use dicom_object::mem;", "dicom_object is not spoken here");
        check("ui/mod.rs", "use rayon::prelude::ParallelIterator;", "rayon is not spoken here");
        check("imaging/pipeline.rs", "#[cfg(test)]\nmod tests { use std::fs; }", "");
        check("domain/mask.rs", "fn f(egui: u8) -> u8 { egui }", "");
    }

    #[test]
    fn on_climbing_globs_silence_and_colors() {
        check("domain/mask.rs", "use super::uid;", "super:: outside a test module");
        check("domain/mask.rs", "fn f() { super::g() }", "super:: outside a test module");
        check("domain/mask.rs", "#[cfg(test)]\nmod tests { use super::*; fn f() { [1; 2]; } }", "");
        check("domain/mask.rs", "use crate::domain::uid::*;", "glob import");
        check("domain/mask.rs", "#[allow(dead_code)]\nfn f() {}", "a lint exception is #[expect");
        check("ui/panels/list.rs", "fn f() { egui::Color32::from_gray(3); }", "colors come from ui/theme");
        check("ui/theme.rs", "fn f() { egui::Color32::from_gray(3); }", "");
    }

    #[test]
    fn on_size_and_form() {
        let long_function = format!("fn f(a: [u8; 3]) {{\n{}}}", "    g();\n".repeat(100));
        check("domain/mask.rs", &long_function, "fn f has 102 lines");
        check("domain/mask.rs", &format!("fn f();\n{}", "const A: u8 = 1;\n".repeat(200)), "");
        check("domain/mask.rs", &"\n".repeat(500), "501 lines");
        check("domain/utils.rs", "", "'utils' is no noun");
        let fields: String = (0..11).map(|n| format!("    f{n}: u8,\n")).collect();
        check("app/mod.rs", &format!("pub struct App {{\n{fields}}}"), "App has 11 fields");
        assert_eq!(rules::violations("domain/mask.rs", "// No doc.\n").len(), 1);
    }

    #[test]
    fn on_the_top_shaders_and_loose_ends() {
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(strangers_at_the_top(&files(&["notes.txt", "src/lib.rs", ".gitignore"])).len(), 1);
        let pair = files(&["shaders/grey.wgsl", "src/render/grey.rs", "shaders/shared/blend.wgsl"]);
        assert!(orphan_shaders(&pair).is_empty());
        assert_eq!(orphan_shaders(&files(&["shaders/grey.wgsl"])).len(), 1);
        let todo = concat!("TO", "DO");
        assert_eq!(loose_ends("src/a.rs", &format!("// {todo}: later")).len(), 1);
        assert!(loose_ends("src/a.rs", &format!("// {todo}(ada): once egui can")).is_empty());
        assert_eq!(loose_ends("README.md", concat!("see /wo", "rk/data")).len(), 1);
        assert!(loose_ends("README.md", concat!("https://host.org/wo", "rk/data")).is_empty());
    }

    #[test]
    fn and_reads_code_without_its_comments_and_texts() {
        let text =
            "let a = \"x // y\"; // use crate::ui;\nlet b = r#\"\"q\"\"#; let c = '\\''; let d: &'static str = '\"';\n";
        let code = code::without_comments_and_texts(text);
        assert_eq!(code.lines().count(), 2);
        assert!(!code.contains("crate") && !code.contains('q') && !code.contains('"'));
        assert!(code.contains("&'static str"));
    }
}
