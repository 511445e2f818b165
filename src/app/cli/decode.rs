//! `overread decode`: one frame's values as a NumPy file, exactly as the viewer uses them.

use serde_json::json;

use crate::app::cli::arguments::{DecodeArguments, ValueFormat};
use crate::app::cli::output::{self, Outcome};
use crate::domain::frame::{Frame, Samples};
use crate::export::numpy;
use crate::imaging::modality_lut;
use crate::jobs::work::single::{self, OpenedFrame};

pub fn run(arguments: &DecodeArguments) -> Outcome {
    let opened = match single::open(&arguments.file, arguments.frame) {
        Ok(opened) => opened,
        Err(notice) => return output::failed(arguments.json, notice.code, &notice.text),
    };
    let (dtype, written) = match arguments.format {
        ValueFormat::Stored => write_stored(&opened.frame, arguments),
        ValueFormat::Modality => write_modality(&opened, arguments),
    };
    if let Err(text) = written {
        return output::failed(arguments.json, "not_written", &text);
    }
    if arguments.json {
        let frame = &opened.frame;
        output::print_document(&output::stamped(json!({
            "file": arguments.file,
            "frame": arguments.frame,
            "out": arguments.out,
            "format": match arguments.format { ValueFormat::Stored => "stored", ValueFormat::Modality => "modality" },
            "dtype": dtype,
            "shape": shape(frame),
            "unit": opened.instance.value_unit.suffix(),
            "notices": opened.notices,
        })));
    }
    Outcome::Done
}

fn shape(frame: &Frame) -> Vec<usize> {
    let mut shape = vec![frame.rows() as usize, frame.cols() as usize];
    if frame.samples().is_color() {
        shape.push(3);
    }
    shape
}

fn write_stored(frame: &Frame, arguments: &DecodeArguments) -> (&'static str, Result<(), String>) {
    let (out, shape) = (arguments.out.as_path(), shape(frame));
    let (dtype, result) = match frame.samples() {
        Samples::U8(v) | Samples::Rgb8(v) => ("uint8", numpy::write_npy_u8(out, &shape, v)),
        Samples::I8(v) => ("int8", numpy::write_npy_i8(out, &shape, v)),
        Samples::U16(v) | Samples::Rgb16(v) => ("uint16", numpy::write_npy_u16(out, &shape, v)),
        Samples::I16(v) => ("int16", numpy::write_npy_i16(out, &shape, v)),
        Samples::U32(v) => ("uint32", numpy::write_npy_u32(out, &shape, v)),
        Samples::I32(v) => ("int32", numpy::write_npy_i32(out, &shape, v)),
        Samples::F32(v) => ("float32", numpy::write_npy_f32(out, &shape, v)),
        Samples::F64(v) => ("float64", numpy::write_npy_f64(out, &shape, v)),
    };
    (dtype, result.map_err(|error| error.to_string()))
}

fn write_modality(opened: &OpenedFrame, arguments: &DecodeArguments) -> (&'static str, Result<(), String>) {
    let frame = &opened.frame;
    let Some(attributes) = opened.instance.frame(arguments.frame) else {
        return ("float32", Err("The file has no such frame".to_owned()));
    };
    let values = modality_lut::modality_values(frame, attributes);
    let written = numpy::write_npy_f32(&arguments.out, &shape(frame), &values);
    ("float32", written.map_err(|error| error.to_string()))
}
