//! A report as DICOM objects that refer to each other: what each model found, and what the reader made of it.
//!
//! What a model said is said once: its objects have the same identity and contents each time they are written, as long
//! as the same formats leave together. What a reader says is new each time and names what it supersedes.

use crate::domain::exported::ExportedObject;
use crate::domain::finding::Subject;
use crate::domain::intake::Notice;
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::domain::uid::{SeriesUid, SopInstanceUid};
use crate::export::dicom::content_tree::PlaceOfObject;
use crate::export::dicom::corrected_masks;
use crate::export::dicom::header::Identity;
use crate::export::dicom::key_objects::{self, KEY_OBJECT_SELECTION};
use crate::export::dicom::model_set::{ModelSet, model_sets};
use crate::export::dicom::parametric_map::{self, MapToWrite, PARAMETRIC_MAP};
use crate::export::dicom::presentation_state::{self, GRAYSCALE_SOFTCOPY, StateToWrite};
use crate::export::dicom::report_items::Items;
use crate::export::dicom::secondary_capture_object::{self, SECONDARY_CAPTURE};
use crate::export::dicom::segmentation::{self, SegmentationKind, SegmentationToWrite};
use crate::export::dicom::structured_report::{self, Author, COMPREHENSIVE_3D, Document, measurement_report, places};
use crate::export::dicom::uids::{new_uid, uid_of};
use crate::export::error::ExportError;
use crate::export::formats::{Output, Task, for_each_sheet};

/// Numbers of our series, behind those of any device.
pub(crate) mod series_number {
    pub const MODEL_REPORT: i64 = 9001;
    pub const SEGMENTATION: i64 = 9002;
    pub const LABEL_MAP: i64 = 9003;
    pub const MAP: i64 = 9004;
    pub const READER_REPORT: i64 = 9005;
    pub const ASSESSMENT: i64 = 9006;
    pub const CAPTURE: i64 = 9007;
    pub const PRESENTATION: i64 = 9008;
    pub const KEY_OBJECTS: i64 = 9009;
    pub const CORRECTED: i64 = 9010;
    pub const CORRECTED_LABEL_MAP: i64 = 9011;
}

/// One of our series in this study: the same each time.
pub(crate) fn series_uid(study: &Study, what: &str) -> String {
    uid_of(&["series", study.uid.as_str(), what])
}

pub(crate) fn study_of<'a>(task: &Task<'a>) -> Result<&'a Study, ExportError> {
    let study = task.report.study.as_deref();
    study.ok_or_else(|| ExportError::Dicom("the study's files are not at hand".to_owned()))
}

pub(crate) fn kept(format: &str, sop_class: &str, series: &str, sop: &str) -> ExportedObject {
    ExportedObject {
        format: format.to_owned(),
        sop_class: sop_class.to_owned(),
        series: series.to_owned(),
        sop: sop.to_owned(),
        ..ExportedObject::default()
    }
}

pub(crate) fn place(study: &Study, series: &str, sop_class: &str, sop: &str) -> PlaceOfObject {
    PlaceOfObject {
        study: study.uid.clone(),
        series: SeriesUid::new(series),
        sop_class: sop_class.to_owned(),
        sop: SopInstanceUid::new(sop),
    }
}

/// What each model found, then what the reader says.
pub fn write_reports(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    let study = study_of(task)?;
    for set in model_sets(task, study) {
        write_model_report(task, study, &set, output)?;
    }
    write_reader_report(task, study, output)
}

pub(crate) fn write_model_report(
    task: &Task<'_>,
    study: &Study,
    set: &ModelSet<'_>,
    output: &mut Output<'_>,
) -> Result<(), ExportError> {
    let items = Items { codes: task.codes, study };
    let groups =
        set.findings.iter().map(|reported| items.finding_group(&reported.finding, &set.links(&reported.finding)));
    let library: Vec<_> = set.subjects().iter().filter_map(|subject| items.image(subject)).collect();
    let root = measurement_report(&items, Author::Device(&set.model), &library, groups.collect());
    let others = set.objects(study);
    let series = series_uid(study, "model report");
    let sop = set.report_sop();
    let document = Document {
        study,
        identity: Identity {
            sop_class: COMPREHENSIVE_3D,
            sop: &sop,
            series: &series,
            series_number: series_number::MODEL_REPORT,
            instance_number: set.number,
            modality: "SR",
            description: "AI results",
            made_at: &set.made_at,
        },
        root: &root,
        author: Author::Device(&set.model),
        attestation: None,
        is_preliminary: false,
        evidence: &places(study, &root, &others),
        predecessors: &[],
    };
    let bytes = structured_report::file(&document)?;
    output.object(&format!("sr {}", set.model.id), &bytes, kept("sr", COMPREHENSIVE_3D, &series, &sop))
}

fn write_reader_report(task: &Task<'_>, study: &Study, output: &mut Output<'_>) -> Result<(), ExportError> {
    let items = Items { codes: task.codes, study };
    let report = task.report;
    let own = report.findings.iter().filter(|reported| !reported.finding.is_suggested());
    let mut groups: Vec<_> = own.map(|reported| items.finding_group(&reported.finding, &Default::default())).collect();
    for reported in &report.annotations {
        match items.annotation_group(&reported.annotation) {
            Some(group) => groups.push(group),
            None => output.skip(
                reported.annotation.ground.subject().cloned(),
                Notice::new("image_absent", "A measurement's image is not at hand; it is not in the structured report"),
            ),
        }
    }
    let suggested = report.findings.iter().filter(|reported| reported.finding.is_suggested());
    groups.extend(suggested.filter_map(|reported| items.decision_group(reported)));
    if groups.is_empty() {
        return Ok(());
    }
    let reader = match &task.attestation {
        Some(attestation) => attestation.name.as_str(),
        None => task.reader,
    };
    if reader.trim().is_empty() {
        let text = "Nobody is named as the reader: the reader's part has no structured report";
        output.skip(None, Notice::new("no_reader", text));
        return Ok(());
    }
    let root = measurement_report(&items, Author::Person(reader), &[], groups);
    let series = series_uid(study, "reader report");
    let predecessor = task.exported.iter().rfind(|object| object.format == "sr" && object.series == series);
    let predecessor = predecessor.map(|object| place(study, &object.series, &object.sop_class, &object.sop));
    let sop = new_uid();
    let number = task.exported.iter().filter(|object| object.series == series).count();
    let document = Document {
        study,
        identity: Identity {
            sop_class: COMPREHENSIVE_3D,
            sop: &sop,
            series: &series,
            series_number: series_number::READER_REPORT,
            instance_number: i64::try_from(number).unwrap_or(0) + 1,
            modality: "SR",
            description: "Reader's report",
            made_at: &report.made_at,
        },
        root: &root,
        author: Author::Person(reader),
        attestation: task.attestation.as_ref(),
        is_preliminary: task.attestation.is_none(),
        evidence: &places(study, &root, &[]),
        predecessors: predecessor.as_slice(),
    };
    let bytes = structured_report::file(&document)?;
    output.object("sr reader", &bytes, kept("sr", COMPREHENSIVE_3D, &series, &sop))
}

pub fn write_segmentations(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    write_masks(task, output, SegmentationKind::Binary)
}

/// Segments that overlap have no label map; that is said.
pub fn write_label_maps(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    write_masks(task, output, SegmentationKind::LabelMap)
}

fn write_masks(task: &Task<'_>, output: &mut Output<'_>, kind: SegmentationKind) -> Result<(), ExportError> {
    let study = study_of(task)?;
    let is_binary = kind == SegmentationKind::Binary;
    let (format, number) = match is_binary {
        true => ("seg", series_number::SEGMENTATION),
        false => ("labelmap", series_number::LABEL_MAP),
    };
    let series = series_uid(study, if is_binary { "segmentations" } else { "label maps" });
    let mut instance_number = 0;
    for set in model_sets(task, study) {
        for masks in &set.masks {
            instance_number += 1;
            let sop = masks.sop(study, &set.model, kind);
            let wanted = SegmentationToWrite {
                study,
                series: masks.series,
                kind,
                segments: &masks.segments,
                identity: Identity {
                    sop_class: kind.sop_class(),
                    sop: &sop,
                    series: &series,
                    series_number: number,
                    instance_number,
                    modality: "SEG",
                    description: "AI segmentation",
                    made_at: &set.made_at,
                },
                label: &set.model.name,
                creator: None,
                edited_from: None,
                codes: task.codes,
            };
            match segmentation::file(&wanted) {
                Ok(bytes) => {
                    let object = kept(format, kind.sop_class(), &series, &sop);
                    output.object(&format!("{format} {}", set.model.id), &bytes, object)?;
                }
                // Others of the same kind may be whole
                Err(ExportError::Dicom(why)) => output.skip(None, Notice::new("no_segmentation", why)),
                Err(other) => return Err(other),
            }
        }
    }
    corrected_masks::write(task, output, kind)
}

pub fn write_maps(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    let study = study_of(task)?;
    let series_of_maps = series_uid(study, "maps");
    let mut instance_number = 0;
    for set in model_sets(task, study) {
        for reported in &set.findings {
            let finding = &reported.finding;
            let (Some(map), Some(run)) = (&finding.evidence.saliency, finding.model_run()) else { continue };
            if (task.cancel)() {
                return Err(ExportError::Cancelled);
            }
            let Some((series, instance)) = study.instance(&finding.subject.sop) else {
                let notice = Notice::new("image_absent", "A map's image is not at hand");
                output.skip(Some(finding.subject.clone()), notice);
                continue;
            };
            instance_number += 1;
            let sop = set.map_sop(finding);
            let wanted = MapToWrite {
                study,
                series,
                instance,
                frame: finding.subject.frame,
                finding,
                run,
                map,
                identity: Identity {
                    sop_class: PARAMETRIC_MAP,
                    sop: &sop,
                    series: &series_of_maps,
                    series_number: series_number::MAP,
                    instance_number,
                    // PS3.3 A.75.3: of the images it was made of
                    modality: &series.modality.0,
                    description: "Where the network looked",
                    made_at: &set.made_at,
                },
                codes: task.codes,
            };
            let bytes = parametric_map::file(&wanted)?;
            let object = kept("pm", PARAMETRIC_MAP, &series_of_maps, &sop);
            output.object(&format!("pm {} {}", set.model.id, finding.label.id), &bytes, object)?;
        }
    }
    Ok(())
}

pub fn write_captures(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    let study = study_of(task)?;
    let series = new_uid();
    let mut number = 0;
    for_each_sheet(task, output, &mut |output, _, instance, sheet| {
        number += 1;
        let sop = new_uid();
        let identity = Identity {
            sop_class: SECONDARY_CAPTURE,
            sop: &sop,
            series: &series,
            series_number: series_number::CAPTURE,
            instance_number: number,
            modality: "OT",
            description: "Findings drawn in",
            made_at: &task.report.made_at,
        };
        let bytes = secondary_capture_object::file(study, &identity, instance, sheet)?;
        output.object(&format!("sc {number}"), &bytes, kept("sc", SECONDARY_CAPTURE, &series, &sop))
    })
}

/// One for each series that something is drawn on, that is marked, or whose display was set.
pub fn write_presentation_states(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    let study = study_of(task)?;
    let own_series = series_uid(study, "presentation states");
    let mut number = 0;
    for series in &study.series {
        let images = images_to_present(task, series);
        if images.is_empty() {
            continue;
        }
        number += 1;
        let sop = new_uid();
        let wanted = StateToWrite {
            report: task.report,
            series,
            images: &images,
            display: task.report.displays.iter().find(|display| display.series == series.uid),
            identity: Identity {
                sop_class: GRAYSCALE_SOFTCOPY,
                sop: &sop,
                series: &own_series,
                series_number: series_number::PRESENTATION,
                instance_number: number,
                modality: "PR",
                description: "Presentation states",
                made_at: &task.report.made_at,
            },
            creator: Some(task.reader).filter(|reader| !reader.trim().is_empty()),
        };
        let bytes = presentation_state::file(&wanted)?;
        output.object(&format!("gsps {number}"), &bytes, kept("gsps", GRAYSCALE_SOFTCOPY, &own_series, &sop))?;
    }
    Ok(())
}

/// In the order of the stack, of the first one's size.
fn images_to_present(task: &Task<'_>, series: &Series) -> Vec<Subject> {
    let report = task.report;
    let findings = report.findings.iter().map(|reported| &reported.finding.subject);
    let drawings = report.annotations.iter().filter_map(|reported| reported.annotation.ground.subject());
    let marked: Vec<&Subject> = findings.chain(drawings).chain(&report.key_images).collect();
    let is_displayed = report.displays.iter().any(|display| display.series == series.uid);
    let subject = |index: usize| {
        let (instance, frame) = series.image(index)?;
        let is_meant = |other: &&Subject| other.sop == instance.sop && other.frame == frame;
        let is_wanted = is_displayed || marked.iter().any(is_meant);
        let (study, sop) = (report.study_uid.clone(), instance.sop.clone());
        let subject = Subject { study, series: series.uid.clone(), sop, frame };
        (is_wanted && presentation_state::is_grayscale(instance))
            .then_some((subject, (instance.pixels.rows, instance.pixels.cols)))
    };
    let all: Vec<_> = (0..series.stack.len()).filter_map(subject).collect();
    let first = all.first().map(|(_, size)| *size);
    all.into_iter().filter(|(_, size)| Some(*size) == first).map(|(subject, _)| subject).collect()
}

pub fn write_key_objects(task: &Task<'_>, output: &mut Output<'_>) -> Result<(), ExportError> {
    let study = study_of(task)?;
    if task.report.key_images.is_empty() {
        output.skip(None, Notice::new("no_key_images", "No image is marked: there is no key object selection"));
        return Ok(());
    }
    let items = Items { codes: task.codes, study };
    let reader = Some(task.reader).filter(|reader| !reader.trim().is_empty());
    let root = key_objects::tree(&items, reader, &task.report.key_images);
    let places = places(study, &root, &[]);
    let (series, sop) = (series_uid(study, "key objects"), new_uid());
    let identity = Identity {
        sop_class: KEY_OBJECT_SELECTION,
        sop: &sop,
        series: &series,
        series_number: series_number::KEY_OBJECTS,
        instance_number: 1,
        modality: "KO",
        description: "Key images",
        made_at: &task.report.made_at,
    };
    let bytes = key_objects::file(&items, &identity, &root, &places)?;
    output.object("ko", &bytes, kept("ko", KEY_OBJECT_SELECTION, &series, &sop))
}
