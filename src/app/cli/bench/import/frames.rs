//! A frame anywhere in a file of 500 compressed ones, beside pydicom.

use crate::app::cli::bench::import::{Setting, jpeg_lossless, peers, volume, writing};
use crate::app::cli::bench::measure::{Part, Way, interleaved};
use crate::app::cli::bench::sheet::Sheet;
use crate::import::{Importer, ScanOptions};

const SIZE: u16 = 512;
/// Pictures that differ; the rest are the same ones again.
const N_PICTURES: u32 = 25;

pub fn measure(setting: &Setting<'_>) -> Result<Sheet, String> {
    let n_frames = setting.n(500);
    let encode = |index: u32| jpeg_lossless::encode(&writing::smooth_frame(index, SIZE), SIZE, SIZE);
    let pictures: Vec<Vec<u8>> = (0..N_PICTURES.min(n_frames)).map(encode).collect();
    let fragments: Vec<Vec<u8>> = pictures.iter().cycle().take(n_frames as usize).cloned().collect();
    let file = setting.folder.join("frames.dcm");
    writing::multi_frame(&file, SIZE, &fragments)?;
    let series = volume::only_series(setting.importer, setting.folder)?;
    let (instance, _) = series.image(0).ok_or_else(|| "the file cannot be read".to_owned())?;
    let first = setting.importer.load_frame(instance, 0).map_err(|error| error.to_string())?;
    let expected = writing::smooth_frame(0, SIZE);
    let is_same = expected.iter().enumerate().all(|(at, value)| first.samples().at(at) == Some(f64::from(*value)));
    if !is_same {
        return Err("the frame did not come back as it was written".to_owned());
    }
    let in_process = Importer::in_process(ScanOptions::default());
    let random = |importer: &Importer, turn: &mut u32| -> Result<(), String> {
        *turn = (*turn + 337) % n_frames;
        importer.load_frame(instance, *turn).map(drop).map_err(|error| error.to_string())
    };
    let (mut turn_a, mut turn_b) = (0, 0);
    let ours = Part::new("frame", "ours: one frame by its number, worker process");
    let inside = Part::new("frame_in_process", "ours, without worker process");
    let all = Part::new("all_frames", "ours: all frames in parallel, worker processes");
    let mut ways = vec![
        Way::timed(ours, || random(setting.importer, &mut turn_a)),
        Way::timed(inside, || random(&in_process, &mut turn_b)),
        Way::timed(all, || volume::load(setting.importer, &series).map(drop)),
    ];
    let what = "pydicom: pixel_array(path, index=n) with its quickest decoder";
    ways.extend(peers::python(setting, "pydicom_frame", what, &[file], n_frames)?);
    let measured = interleaved(setting.n_rounds, &mut ways)?;
    let pairs = ["frame", "frame_in_process"].map(|ours| (ours.to_owned(), "pydicom_frame".to_owned()));
    drop(ways);
    Ok(Sheet::new("import frames", setting.n_rounds, measured, &pairs)
        .with_fact("frames", n_frames)
        .with_fact("syntax", "JPEG lossless, first-order prediction, 512 × 512, 16 bits")
        .with_ratio_target("frame", "pydicom_frame", 1.0))
}
