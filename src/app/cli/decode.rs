//! `overread decode`: one frame's values as a NumPy file, exactly as the viewer uses them.

use serde_json::json;

use crate::app::cli::arguments::{DecodeArguments, ValueFormat};
use crate::app::cli::output::{self, Outcome};
use crate::app::cli::target;
use crate::domain::frame::{Frame, Samples};
use crate::export::{ExportError, numpy};
use crate::imaging::modality_lut;
use crate::import::Importer;
use crate::import::dicom::second_opinion::{SecondOpinion, second_opinion};
use crate::jobs::work::single::{self, OpenedFrame};

pub fn run(arguments: &DecodeArguments, importer: &Importer) -> Outcome {
    let opened = match single::open(importer, &arguments.file, arguments.frame) {
        Ok(opened) => opened,
        Err(notice) => return output::failed(arguments.json, notice.code, &notice.text),
    };
    if let Err(notice) = target::check(&arguments.file, &arguments.out, target::NPY_START) {
        return output::failed(arguments.json, notice.code, &notice.text);
    }
    let (dtype, written) = match arguments.format {
        ValueFormat::Stored => write_stored(&opened.frame, arguments),
        ValueFormat::Modality => write_modality(&opened, arguments),
    };
    if let Err(error) = written {
        let notice = target::failed(&error);
        return output::failed(arguments.json, notice.code, &notice.text);
    }
    let cross_check = arguments.cross_check.then(|| second_opinion(&opened.instance, &opened.frame));
    if let Some(opinion) = cross_check.as_ref().filter(|_| !arguments.json) {
        output::line(&words(opinion));
    }
    if arguments.json {
        let frame = &opened.frame;
        output::print_document(&output::stamped(json!({
            "file": output::path(&arguments.file),
            "frame": arguments.frame,
            "out": output::path(&arguments.out),
            "format": match arguments.format { ValueFormat::Stored => "stored", ValueFormat::Modality => "modality" },
            "dtype": dtype,
            "shape": shape(frame),
            "unit": opened.instance.value_unit.suffix(),
            "notices": opened.notices,
            "cross_check": cross_check,
        })));
    }
    if matches!(cross_check, Some(SecondOpinion::Differs { .. })) { Outcome::Partly } else { Outcome::Done }
}

fn words(opinion: &SecondOpinion) -> String {
    match opinion {
        SecondOpinion::Agrees => "dicom-pixeldata decodes the same stored values".to_owned(),
        SecondOpinion::Differs { n_values, largest } => {
            format!("dicom-pixeldata differs in {n_values} stored values, by {largest} at most")
        }
        SecondOpinion::NotComparable { why } => format!("dicom-pixeldata cannot be compared: {why}"),
    }
}

fn shape(frame: &Frame) -> Vec<usize> {
    let mut shape = vec![frame.rows() as usize, frame.cols() as usize];
    if frame.samples().is_color() {
        shape.push(3);
    }
    shape
}

fn write_stored(frame: &Frame, arguments: &DecodeArguments) -> (&'static str, Result<(), ExportError>) {
    let (out, shape) = (arguments.out.as_path(), shape(frame));
    let (dtype, result) = match frame.samples() {
        Samples::U8(v) | Samples::Rgb8(v) => ("uint8", numpy::write_npy_u8(out, &shape, v)),
        Samples::I8(v) => ("int8", numpy::write_npy_i8(out, &shape, v)),
        Samples::U16(v) | Samples::Rgb16(v) => ("uint16", numpy::write_npy_u16(out, &shape, v)),
        Samples::I16(v) => ("int16", numpy::write_npy_i16(out, &shape, v)),
        Samples::U32(v) | Samples::Rgb32(v) => ("uint32", numpy::write_npy_u32(out, &shape, v)),
        Samples::I32(v) => ("int32", numpy::write_npy_i32(out, &shape, v)),
        Samples::F32(v) => ("float32", numpy::write_npy_f32(out, &shape, v)),
        Samples::F64(v) => ("float64", numpy::write_npy_f64(out, &shape, v)),
    };
    (dtype, result)
}

/// Color has no modality LUT: its values are the stored ones, as float32.
fn write_modality(opened: &OpenedFrame, arguments: &DecodeArguments) -> (&'static str, Result<(), ExportError>) {
    let frame = &opened.frame;
    let values = match (frame.samples(), opened.instance.frame(arguments.frame)) {
        (Samples::Rgb8(v), _) => v.iter().map(|value| f32::from(*value)).collect(),
        (Samples::Rgb16(v), _) => v.iter().map(|value| f32::from(*value)).collect(),
        (Samples::Rgb32(v), _) => v.iter().map(|value| *value as f32).collect(),
        (_, Some(attributes)) => modality_lut::modality_values(frame, attributes),
        // `single::open` has checked the frame's number.
        (_, None) => Vec::new(),
    };
    ("float32", numpy::write_npy_f32(&arguments.out, &shape(frame), &values))
}
