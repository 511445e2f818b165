//! One large radiograph in every transfer syntax, decoded here and by the usual peers.
//!
//! The files are made for the run: the phantom, enlarged and made noisy as a detector does, in 12 bits. What the
//! libraries at hand cannot write (JPEG 2000, HTJ2K) a Python with imagecodecs writes, or it is left out.

mod picture;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::json;

use crate::app::cli::bench::measure::{Part, Way, clocked, interleaved};
use crate::app::cli::bench::peer::Peer;
use crate::app::cli::bench::scratch::Scratch;
use crate::app::cli::bench::sheet::Sheet;
use crate::app::cli::bench::syntaxes::picture::Radiograph;
use crate::domain::instance::Instance;
use crate::import::Importer;
use crate::jobs::work::scan;

const DECODE: &str = include_str!("syntaxes/decode.py");
const ENCODE: &str = include_str!("syntaxes/encode.py");

/// One transfer syntax and who else reads it.
struct Syntax {
    /// Stable, for scripts.
    id: &'static str,
    uid: &'static str,
    what: &'static str,
    /// DCMTK's program, its arguments before the files.
    dcmtk: Option<&'static [&'static str]>,
    /// pydicom's plugins.
    plugins: &'static [&'static str],
}

const SYNTAXES: [Syntax; 8] = {
    const fn one(
        id: &'static str,
        uid: &'static str,
        what: &'static str,
        dcmtk: Option<&'static [&'static str]>,
        plugins: &'static [&'static str],
    ) -> Syntax {
        Syntax { id, uid, what, dcmtk, plugins }
    }
    [
        one("native", "1.2.840.10008.1.2.1", "uncompressed", Some(&["dcmconv"]), &["gdcm"]),
        one("rle", "1.2.840.10008.1.2.5", "RLE", Some(&["dcmdrle"]), &["gdcm", "pylibjpeg"]),
        one("jpeg_8", "1.2.840.10008.1.2.4.50", "JPEG, 8 bits", Some(&["dcmdjpeg"]), &["gdcm", "pylibjpeg"]),
        one("jpeg_12", "1.2.840.10008.1.2.4.51", "JPEG, 12 bits", Some(&["dcmdjpeg"]), &["gdcm", "pylibjpeg"]),
        one("jpeg_lossless", "1.2.840.10008.1.2.4.70", "JPEG lossless", Some(&["dcmdjpeg"]), &["gdcm", "pylibjpeg"]),
        one("jpeg_ls", "1.2.840.10008.1.2.4.80", "JPEG-LS", Some(&["dcmdjpls"]), &["gdcm", "pylibjpeg"]),
        one("jpeg_2000", "1.2.840.10008.1.2.4.90", "JPEG 2000", None, &["pylibjpeg", "gdcm"]),
        one("htj2k", "1.2.840.10008.1.2.4.201", "HTJ2K", None, &["pylibjpeg"]),
    ]
};

struct Written {
    syntax: &'static Syntax,
    path: PathBuf,
    instance: Arc<Instance>,
}

pub fn measure(importer: &Importer, folder: &Path, n_rounds: u32, peer_python: Option<&Path>) -> Result<Sheet, String> {
    let scratch = Scratch::within(folder)?;
    let radiograph = Radiograph::new()?;
    let written = written(importer, &radiograph, scratch.path(), peer_python)?;
    let mut pairs = Vec::new();
    let mut ways = Vec::new();
    let mut versions = serde_json::Map::new();
    for one in &written {
        let Syntax { id, what, dcmtk, plugins, .. } = one.syntax;
        let frame = Part::new(*id, format!("{what}: overread"));
        ways.push(Way::timed(frame, || match importer.load_frame(&one.instance, 0) {
            Ok(frame) => {
                std::hint::black_box(frame);
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        }));
        if importer.load_preview(&one.instance, 0).is_ok_and(|preview| preview.is_some()) {
            let part = Part::new(format!("{id}_preview"), format!("{what}: overread, preview"));
            ways.push(Way::timed(part, || {
                std::hint::black_box(importer.load_preview(&one.instance, 0).map_err(|error| error.to_string())?);
                Ok(())
            }));
        }
        if let Some(command) = dcmtk
            && let Some(way) = dcmtk_way(one, command, scratch.path())
        {
            pairs.push(((*id).to_owned(), format!("{id}_dcmtk")));
            ways.push(way);
        }
        for plugin in peer_python.map(|_| *plugins).unwrap_or_default() {
            let header = json!({ "path": one.path.to_string_lossy(), "plugin": plugin });
            let Some(mut peer) = peer_python.map(|python| Peer::python(python, DECODE, &header, &[])).transpose()?
            else {
                continue;
            };
            if peer.facts.get("error").is_some() {
                continue;
            }
            versions.insert("pydicom".to_owned(), peer.facts.get("version").cloned().unwrap_or_default());
            let part = Part::new(format!("{id}_{plugin}"), format!("{what}: pydicom with {plugin}"));
            pairs.push(((*id).to_owned(), part.id.clone()));
            ways.push(Way::new(vec![part], move || peer.round().map(|seconds| vec![seconds])));
        }
    }
    let series = interleaved(n_rounds, &mut ways)?;
    drop(ways);
    Ok(Sheet::new("syntaxes", n_rounds, series, &pairs)
        .with_fact("rows", picture::ROWS)
        .with_fact("columns", picture::COLS)
        .with_fact("threads", rayon::current_num_threads())
        .with_fact("peers", versions)
        .with_fact("dcmtk", "its programs as they are run: they also start, and write the pixels to a file"))
}

/// DCMTK's program from file to file; `None` where it is not installed.
fn dcmtk_way<'a>(one: &'a Written, command: &'static [&'static str], folder: &Path) -> Option<Way<'a>> {
    let (program, arguments) = command.split_first()?;
    Command::new(program).arg("--version").output().ok().filter(|output| output.status.success())?;
    let target = folder.join("dcmtk.dcm");
    let part = Part::new(format!("{}_dcmtk", one.syntax.id), format!("{}: DCMTK, {program}", one.syntax.what));
    Some(Way::new(vec![part], move || {
        let mut process = Command::new(program);
        process.args(arguments).arg(&one.path).arg(&target);
        let (status, seconds) = clocked(|| process.status());
        match status {
            Ok(status) if status.success() => Ok(vec![seconds]),
            _ => Err(format!("{program} failed")),
        }
    }))
}

fn written(
    importer: &Importer,
    radiograph: &Radiograph,
    folder: &Path,
    python: Option<&Path>,
) -> Result<Vec<Written>, String> {
    let mut all = Vec::new();
    for syntax in &SYNTAXES {
        let fragment = match syntax.id {
            "native" => None,
            "jpeg_2000" | "htj2k" => match python {
                Some(python) => Some(by_python(radiograph, python, syntax.id, folder)?),
                None => continue,
            },
            id => Some(radiograph.encoded(id)?),
        };
        let path = folder.join(format!("{}.dcm", syntax.id));
        let n_bits = if syntax.id == "jpeg_8" { 8 } else { picture::N_BITS };
        std::fs::write(&path, radiograph.file(syntax.uid, n_bits, fragment.as_deref()))
            .map_err(|error| format!("a picture cannot be written: {error}"))?;
        let intake = scan::quietly(importer, std::slice::from_ref(&path));
        let series = intake.studies.first().and_then(|study| study.series.first());
        let instance = series.and_then(|series| series.instances.first()).cloned();
        let instance = instance.ok_or_else(|| format!("our own {} file does not open", syntax.what))?;
        all.push(Written { syntax, path, instance });
    }
    Ok(all)
}

fn by_python(radiograph: &Radiograph, python: &Path, id: &str, folder: &Path) -> Result<Vec<u8>, String> {
    let out = folder.join("encoded");
    let header = json!({
        "rows": picture::ROWS, "cols": picture::COLS, "bits": picture::N_BITS, "kind": id, "out": out.to_string_lossy(),
    });
    Peer::python(python, ENCODE, &header, &radiograph.native(picture::N_BITS))?;
    std::fs::read(&out).map_err(|error| format!("what Python encoded is not there: {error}"))
}
