//! Bringing a model in: read, converted and proved in a process of its own with limits on memory and time, then written
//! as a folder of plain files.
//!
//! The program starts itself again with [`ARGUMENT`]. The child may read files and nothing else; it answers with the
//! package or with the reason why there is none. Elsewhere than on Linux the same code runs in this process.

use std::collections::HashMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::import::worker;
use crate::inference::checkpoint::MAX_CHECKPOINT_BYTES;
use crate::inference::error::ModelError;
use crate::inference::model_card::{MAX_CARD_BYTES, parse_card};
use crate::inference::packing::{Brought, Package, pack};

/// Not for people, so not in the help: makes the program a worker that reads one model.
pub const ARGUMENT: &str = "--model-worker";

/// Address space of the child: the file, its tensors, and the network that runs once.
const MAX_MEMORY_BYTES: u64 = 6 << 30;
/// Processor time of the child; on the clock it may take twice as long.
const MAX_TIME: Duration = Duration::from_secs(120);
/// Card, weights and a little more.
const MAX_ANSWER_BYTES: u64 = MAX_CHECKPOINT_BYTES + (128 << 20);

/// What to bring in, and where to.
#[derive(Clone, Debug)]
pub struct AddRequest {
    /// A folder with `model.toml`, a safetensors file or a checkpoint.
    pub path: PathBuf,
    /// A card for weights that come without one.
    pub card: Option<PathBuf>,
    /// The folder that holds model folders.
    pub to: PathBuf,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Added {
    pub id: String,
    pub folder: PathBuf,
    pub remarks: Vec<String>,
}

/// Why a model was not brought in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotAdded {
    /// Stable word for scripts.
    pub code: String,
    pub text: String,
}

#[derive(Serialize, Deserialize)]
struct Asked {
    path: PathBuf,
    card: Option<PathBuf>,
}

/// Brings a model in. `program` is this very program; `None` reads in this process.
pub fn add(request: &AddRequest, program: Option<&Path>) -> Result<Added, NotAdded> {
    let asked = Asked { path: request.path.clone(), card: request.card.clone() };
    let package = match program.filter(|_| cfg!(target_os = "linux")) {
        Some(program) => ask_child(program, &asked, MAX_TIME)?,
        None => read_and_pack(&asked)?,
    };
    write(package, &request.to)
}

/// The whole life of the child when the command line asks for one; call before anything else.
pub fn serve_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(std::ffi::OsStr::new(ARGUMENT)) || arguments.next().is_some() {
        return None;
    }
    std::panic::set_hook(Box::new(|_| {}));
    worker::confine(MAX_MEMORY_BYTES, MAX_TIME);
    let mut text = String::new();
    let read = std::io::stdin().take(1 << 20).read_to_string(&mut text);
    let Some(asked) = read.ok().and_then(|_| serde_json::from_str::<Asked>(&text).ok()) else {
        return Some(ExitCode::FAILURE);
    };
    let answer = std::panic::catch_unwind(|| read_and_pack(&asked)).unwrap_or_else(|_| Err(crashed()));
    let Ok(bytes) = postcard::to_stdvec(&answer) else { return Some(ExitCode::FAILURE) };
    let said = std::io::stdout().write_all(&bytes);
    Some(if said.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ask_child(program: &Path, asked: &Asked, max_time: Duration) -> Result<Package, NotAdded> {
    let unstarted =
        |error: std::io::Error| not_added("reader_not_started", &format!("its reader did not start: {error}"));
    let mut command = Command::new(program);
    command.arg(ARGUMENT).env_clear().env("RAYON_NUM_THREADS", "2");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(unstarted)?;
    let text = serde_json::to_string(asked).map_err(|error| not_added("path_unusable", &error.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        // A child that does not listen says nothing either.
        input.write_all(text.as_bytes()).unwrap_or_default();
    }
    let output = child.stdout.take();
    let (sender, answers) = mpsc::channel();
    let reading = std::thread::Builder::new().name("model reader".to_owned()).spawn(move || {
        let mut bytes = Vec::new();
        let read = output.map(|output| output.take(MAX_ANSWER_BYTES).read_to_end(&mut bytes));
        // Nobody waits any more after a timeout.
        sender.send(read.and_then(Result::ok).map(|_| bytes)).unwrap_or_default();
    });
    reading.map_err(unstarted)?;
    let answer = answers.recv_timeout(2 * max_time);
    if child.kill().is_err() {
        log::debug!("the reader of a model has ended by itself");
    }
    let status = child.wait();
    match answer {
        Err(_) => Err(not_added("reader_timed_out", "reading it took too long, and was given up")),
        Ok(Some(bytes)) if !bytes.is_empty() => {
            postcard::from_bytes::<Result<Package, NotAdded>>(&bytes).unwrap_or_else(|_| Err(crashed()))
        }
        Ok(_) => {
            log::warn!("the reader of a model ended ({status:?})");
            Err(crashed())
        }
    }
}

fn crashed() -> NotAdded {
    not_added("reader_crashed", "reading it took more memory or time than is allowed, or broke its reader")
}

fn not_added(code: &str, text: &str) -> NotAdded {
    NotAdded { code: code.to_owned(), text: text.to_owned() }
}

fn of_model(error: &ModelError) -> NotAdded {
    NotAdded { code: error.code().to_owned(), text: error.to_string() }
}

/// What the child does.
fn read_and_pack(asked: &Asked) -> Result<Package, NotAdded> {
    let brought = if asked.path.is_dir() { from_folder(&asked.path)? } else { from_file(asked)? };
    pack(brought).map_err(|error| of_model(&error))
}

fn from_folder(folder: &Path) -> Result<Brought, NotAdded> {
    let card = read_text(&folder.join("model.toml"))?;
    let parsed = parse_card(&card).map_err(|error| of_model(&error))?;
    let weights = read(&folder.join(&parsed.weights.file), MAX_CHECKPOINT_BYTES)?;
    let mut beside = HashMap::new();
    for file in [Some(&parsed.golden.file), parsed.distance.as_ref().map(|spec| &spec.file)].into_iter().flatten() {
        beside.insert(file.clone(), read(&folder.join(file), MAX_CHECKPOINT_BYTES)?);
    }
    Ok(Brought { card: Some(card), weights, beside })
}

/// Weights alone, or with the card that is named.
fn from_file(asked: &Asked) -> Result<Brought, NotAdded> {
    let card = asked.card.as_deref().map(read_text).transpose()?;
    let weights = read(&asked.path, MAX_CHECKPOINT_BYTES)?;
    let folder = asked.path.parent().unwrap_or(Path::new("."));
    let mut beside = HashMap::new();
    let table = card.as_deref().and_then(|text| toml::from_str::<toml::Table>(text).ok());
    for key in ["golden", "distance"] {
        let named = table.as_ref().and_then(|table| table.get(key)?.get("file")?.as_str().map(str::to_owned));
        let is_plain = |name: &String| !name.contains(['/', '\\']);
        if let Some(name) = named.filter(is_plain)
            && let Ok(bytes) = read(&folder.join(&name), MAX_CHECKPOINT_BYTES)
        {
            beside.insert(name, bytes);
        }
    }
    Ok(Brought { card, weights, beside })
}

fn read_text(path: &Path) -> Result<String, NotAdded> {
    String::from_utf8(read(path, MAX_CARD_BYTES)?).map_err(|_| not_added("card_invalid", "its card is not UTF-8 text"))
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, NotAdded> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let unreadable =
        |error: std::io::Error| not_added("model_unreadable", &format!("'{name}' cannot be read: {}", error.kind()));
    let file = fs::File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.len() > limit {
        return Err(not_added("model_too_large", &format!("'{name}' is larger than the {limit} bytes that are read")));
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// Into a folder of another name first, which then takes its own: a package is there or it is not.
fn write(package: Package, to: &Path) -> Result<Added, NotAdded> {
    let Package { id, files, remarks } = package;
    let is_plain = |name: &str| {
        let all = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        !name.is_empty() && !name.starts_with('.') && name.chars().all(all)
    };
    if !is_plain(&id) || !files.iter().all(|(name, _)| is_plain(name)) {
        return Err(not_added("package_invalid", "its reader answered with names that are none"));
    }
    let folder = to.join(&id);
    if folder.exists() {
        let text =
            format!("there is a model '{id}' already in {}; remove it first, or give yours another id", to.display());
        return Err(not_added("model_exists", &text));
    }
    let scratch = to.join(format!(".{id}.{}", std::process::id()));
    let written = (|| {
        fs::create_dir_all(&scratch)?;
        for (name, bytes) in &files {
            fs::write(scratch.join(name), bytes)?;
        }
        fs::rename(&scratch, &folder)
    })();
    written.map_err(|error| {
        fs::remove_dir_all(&scratch).unwrap_or_default();
        not_added("model_not_written", &format!("it could not be written to {}: {}", to.display(), error.kind()))
    })?;
    Ok(Added { id, folder, remarks })
}
