//! Masks as readers left them, as segmentation objects beside the model's own: those say what the model said, these what
//! was made of it, and by whom.

use crate::domain::codes::Code;
use crate::domain::finding::Finding;
use crate::domain::intake::Notice;
use crate::domain::model::ModelIdentity;
use crate::domain::report::{ReportedMask, ReportedSegment};
use crate::domain::series::Series;
use crate::domain::study::Study;
use crate::export::dicom::header::Identity;
use crate::export::dicom::model_set::{algorithm, model_sets, segment_key, segment_tracking_uid};
use crate::export::dicom::result_set::{kept, series_number, series_uid, study_of};
use crate::export::dicom::segmentation::{
    self, Algorithm, Coverage, SegmentToWrite, SegmentationKind, SegmentationToWrite,
};
use crate::export::dicom::uids::{new_uid, tracking_uid};
use crate::export::error::ExportError;
use crate::export::formats::{Output, Task};

/// One object for each mask that was changed or drawn.
pub fn write(task: &Task<'_>, output: &mut Output<'_>, kind: SegmentationKind) -> Result<(), ExportError> {
    let study = study_of(task)?;
    let (format, what, number) = match kind {
        SegmentationKind::LabelMap => ("labelmap", "corrected label maps", series_number::CORRECTED_LABEL_MAP),
        SegmentationKind::Binary | SegmentationKind::Fractional => {
            ("seg", "corrected segmentations", series_number::CORRECTED)
        }
    };
    let own_series = series_uid(study, what);
    let sets = model_sets(task, study);
    let before = task.exported.iter().filter(|object| object.series == own_series).count();
    for (at, mask) in task.report.masks.iter().enumerate() {
        let Some(series) = study.series.iter().find(|series| has_pictures(series, mask)) else { continue };
        let set = sets
            .iter()
            .find(|set| set.findings.iter().any(|reported| Some(&reported.finding.id) == mask.finding.as_ref()));
        // The model's own object leaves beside this one and is named as what it was made of
        let edited_from = set.and_then(|set| {
            let masks = set.masks.iter().find(|masks| masks.series.uid == series.uid)?;
            Some((kind.sop_class().to_owned(), masks.sop(study, &set.model, kind)))
        });
        let of_model = set.and_then(|set| {
            let mut findings = set.findings.iter().map(|reported| &*reported.finding);
            Some((&set.model, findings.find(|finding| Some(&finding.id) == mask.finding.as_ref())?))
        });
        let to_write = |segment: &ReportedSegment| segment_to_write(task, study, series, mask, segment, of_model);
        let segments: Vec<SegmentToWrite> = mask.segments.iter().map(to_write).collect();
        let sop = new_uid();
        let wanted = SegmentationToWrite {
            study,
            series,
            kind,
            segments: &segments,
            identity: Identity {
                sop_class: kind.sop_class(),
                sop: &sop,
                series: &own_series,
                series_number: number,
                instance_number: i64::try_from(before + at).unwrap_or(0) + 1,
                modality: "SEG",
                description: "Corrected segmentation",
                made_at: &task.report.made_at,
            },
            label: if of_model.is_some() { "Corrected segmentation" } else { "Manual segmentation" },
            creator: Some(mask.changed.reader.as_str()).filter(|reader| !reader.trim().is_empty()),
            edited_from,
            codes: task.codes,
        };
        match segmentation::file(&wanted) {
            Ok(bytes) => {
                let object = kept(format, kind.sop_class(), &own_series, &sop);
                output.object(&format!("{format} corrected {}", at + 1), &bytes, object)?;
            }
            // Others may be whole
            Err(ExportError::Dicom(why)) => output.skip(None, Notice::new("no_segmentation", why)),
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

fn has_pictures(series: &Series, mask: &ReportedMask) -> bool {
    let mut pictures = mask.segments.iter().flat_map(|segment| &segment.frames);
    series.uid == mask.series
        && pictures.any(|(subject, _)| series.instances.iter().any(|instance| instance.sop == subject.sop))
}

fn segment_to_write(
    task: &Task<'_>,
    study: &Study,
    series: &Series,
    mask: &ReportedMask,
    segment: &ReportedSegment,
    of_model: Option<(&ModelIdentity, &Finding)>,
) -> SegmentToWrite {
    let ReportedSegment { info, frames, is_models, is_changed } = segment;
    let of_model = of_model.filter(|_| *is_models);
    SegmentToWrite {
        label: info.name.clone(),
        code: info.code.clone().unwrap_or_else(|| task.codes.concept(Code::Tissue)),
        algorithm: match of_model {
            Some((model, _)) if *is_changed => Algorithm::SemiAutomatic(algorithm(model)),
            Some((model, _)) => Algorithm::Automatic(algorithm(model)),
            None => Algorithm::Manual,
        },
        tracking: (
            info.name.clone(),
            match of_model {
                Some((model, finding)) => {
                    segment_tracking_uid(study, model, &series.uid, &segment_key(finding, &info.id))
                }
                None => {
                    let of = mask.finding.as_ref().map_or("", |finding| finding.as_str());
                    tracking_uid(&format!("{} reader {} {of} {}", study.uid, series.uid, info.id))
                }
            },
        ),
        color: info.color,
        frames: frames.iter().map(|(subject, mask)| (subject.clone(), Coverage::Mask(mask.clone()))).collect(),
    }
}
