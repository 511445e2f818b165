//! Segmentations of other products over their pictures, voxel for voxel as the NRRD beside them says.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use overread::domain::geometry::{PixelPlane, Vec3};
use overread::domain::mask::{Mask, Segment};
use overread::domain::series::Series;
use overread::domain::study::Study;
use overread::import::load_frame;
use overread::segmentation::laid_over::{Target, frames_over, segments_over};

use crate::data;
use crate::results::fixture::scanned;

/// A label volume as ITK writes it: attached, little endian, raw or gzip, LPS.
struct Nrrd {
    sizes: [usize; 3],
    origin: Vec3,
    steps: [Vec3; 3],
    labels: Vec<i64>,
}

impl Nrrd {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let header = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let field = |name: &str| {
            let line = header.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap();
            line.split_once(':').unwrap().1.trim().to_owned()
        };
        let vector = |text: &str| {
            let numbers: Vec<f64> =
                text.trim_matches(['(', ')']).split(',').map(|number| number.trim().parse().unwrap()).collect();
            Vec3(numbers.try_into().unwrap())
        };
        let sizes: Vec<usize> = field("sizes").split_whitespace().map(|size| size.parse().unwrap()).collect();
        let steps: Vec<Vec3> = field("space directions").split(") (").map(vector).collect();
        let mut raw = Vec::new();
        match field("encoding").as_str() {
            "raw" => raw.extend_from_slice(&bytes[end + 2..]),
            _ => drop(flate2::read::GzDecoder::new(&bytes[end + 2..]).read_to_end(&mut raw).unwrap()),
        }
        let kind = field("type");
        let labels = match kind.as_str() {
            "unsigned char" | "uchar" | "uint8" | "signed char" | "char" | "int8" => {
                raw.iter().map(|byte| i64::from(*byte)).collect()
            }
            "short" | "unsigned short" | "int16" | "uint16" | "ushort" => {
                raw.as_chunks::<2>().0.iter().map(|pair| i64::from(i16::from_le_bytes(*pair))).collect()
            }
            "float" => raw.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four) as i64).collect(),
            other => panic!("{other}"),
        };
        assert!(field("space").contains("left-posterior-superior"), "{}", field("space"));
        Self {
            sizes: sizes.try_into().unwrap(),
            origin: vector(&field("space origin")),
            steps: steps.try_into().unwrap(),
            labels,
        }
    }

    /// The label at a point of the patient; 0 outside.
    fn at(&self, point: Vec3) -> i64 {
        let way = point.minus(self.origin);
        let index = |axis: usize| (way.dot(self.steps[axis]) / self.steps[axis].dot(self.steps[axis])).round();
        let [i, j, k] = [index(0), index(1), index(2)];
        let is_inside = [i, j, k].iter().zip(self.sizes).all(|(at, n)| *at >= 0.0 && *at < n as f64);
        if !is_inside {
            return 0;
        }
        self.labels[(k as usize * self.sizes[1] + j as usize) * self.sizes[0] + i as usize]
    }
}

/// All masks of one object over every image of a series, by segment number and image.
pub fn laid_over(study: &Study, sop_ends: &str, series: &Series) -> BTreeMap<(u32, usize), Mask> {
    let result = study
        .series
        .iter()
        .flat_map(|series| &series.instances)
        .find(|instance| instance.derivation.is_some() && instance.path.ends_with(sop_ends))
        .unwrap();
    let derivation = result.derivation.as_deref().unwrap();
    let reach_mm = series.geometry.slice_spacing_mm.map_or(0.5, |mm| mm.abs() / 2.0);
    let mut masks = BTreeMap::new();
    for index in 0..series.stack.len() {
        let (instance, frame) = series.image(index).unwrap();
        let target = Target { instance, frame, reach_mm };
        let frames = frames_over(result, derivation, &target);
        let decoded: Vec<_> =
            frames.iter().map(|frame| (*frame, Arc::new(load_frame(result, *frame).unwrap()))).collect();
        for segment in segments_over(result, derivation, &target, &decoded) {
            masks.insert((number_of(&segment), index), segment.mask.clone());
        }
    }
    masks
}

fn number_of(segment: &Segment) -> u32 {
    segment.id.rsplit('#').next().unwrap().parse().unwrap()
}

/// Every pixel of every image: inside the mask exactly where the truth has the label.
fn compare(truth: &Nrrd, label: i64, number: u32, masks: &BTreeMap<(u32, usize), Mask>, series: &Series) {
    let mut n_inside = 0;
    for index in 0..series.stack.len() {
        let (instance, frame) = series.image(index).unwrap();
        let plane =
            PixelPlane::of(&instance.frame(frame).unwrap().plane.unwrap(), &instance.spacing_of(frame)).unwrap();
        for row in 0..instance.pixels.rows {
            for col in 0..instance.pixels.cols {
                let expected = truth.at(plane.point_mm([f64::from(col), f64::from(row)])) == label;
                let found = masks.get(&(number, index)).is_some_and(|mask| mask.contains(row, col));
                assert_eq!(found, expected, "segment {number}, image {index}, row {row}, column {col}");
                n_inside += u64::from(expected);
            }
        }
    }
    assert!(n_inside > 0, "the truth has label {label}");
}

fn images(study: &Study) -> &Arc<Series> {
    let is_pictures = |series: &&Arc<Series>| series.instances[0].sop_class == "1.2.840.10008.5.1.4.1.1.2";
    study.series.iter().find(is_pictures).unwrap()
}

#[test]
fn overlapping_segments_with_gaps_lie_where_the_truth_has_them() {
    let Some(folder) = data::shared("dicom/segmentation/dcmqi/segmentations") else { return };
    let intake = scanned(&[folder.join("ct-3slice"), folder.join("partial_overlaps.dcm")]);
    let study = &intake.studies[0];
    let series = images(study);
    let masks = laid_over(study, "partial_overlaps.dcm", series);
    let document = &study.documents[0];
    assert_eq!(document.findings.len(), 5);
    // What ITK parted into volumes without overlap, by label
    let mut n_compared = 0;
    for number in 1..=3 {
        let truth = Nrrd::read(&folder.join(format!("partial_overlaps-{number}.nrrd")));
        let mut labels: Vec<i64> = truth.labels.iter().copied().filter(|label| *label != 0).collect();
        labels.sort_unstable();
        labels.dedup();
        for label in labels {
            compare(&truth, label, u32::try_from(label).unwrap(), &masks, series);
            n_compared += 1;
        }
    }
    assert_eq!(n_compared, 5);
}

#[test]
fn columns_that_fill_no_byte_and_label_maps_lie_where_the_truth_has_them() {
    let Some(folder) = data::shared("dicom/segmentation/dcmqi/segmentations") else { return };
    for size in ["23x38x3", "24x38x3"] {
        let place = folder.join(size);
        let intake = scanned(&[place.join("image"), place.join("seg/label.seg")]);
        let study = &intake.studies[0];
        let masks = laid_over(study, "seg/label.seg", images(study));
        compare(&Nrrd::read(&place.join("nrrd/label.nrrd")), 1, 1, &masks, images(study));
    }
    for (file, truth) in [
        ("sparse-labelmap-noppv.dcm", "sparse_labelmap_noppv_seg.nrrd"),
        ("sparse-labelmap-ppv5.dcm", "sparse_labelmap_ppv5_seg.nrrd"),
    ] {
        let intake = scanned(&[folder.join("24x38x3/image"), folder.join(file)]);
        let study = &intake.studies[0];
        let masks = laid_over(study, file, images(study));
        let truth = Nrrd::read(&folder.join(truth));
        let mut labels = truth.labels.clone();
        labels.sort_unstable();
        labels.dedup();
        let numbers: Vec<u32> = study.documents[0]
            .findings
            .iter()
            .filter_map(|finding| finding.evidence.volume.as_ref().map(|volume| volume.number))
            .collect();
        for label in labels.into_iter().filter(|label| numbers.contains(&u32::try_from(*label).unwrap_or(0))) {
            compare(&truth, label, u32::try_from(label).unwrap(), &masks, images(study));
        }
    }
}

#[test]
fn every_segmentation_of_the_collection_opens_with_its_segments_and_their_pictures_or_says_why_not() {
    let Some(folder) = data::shared("dicom/segmentation") else { return };
    let intake = scanned(&[folder]);
    let mut n_segments = 0;
    let mut n_placed = 0;
    for study in &intake.studies {
        for document in &study.documents {
            for finding in &document.findings {
                let is_here = study.instance(&finding.subject.sop).is_some();
                assert!(is_here || !finding.notices.is_empty(), "{finding:?}");
                assert!(!finding.imported().unwrap().kind.is_empty());
                n_segments += 1;
                n_placed += usize::from(is_here);
            }
        }
    }
    assert!(n_segments > 150 && n_placed > 20, "{n_placed} of {n_segments}");
}

#[test]
fn a_mask_of_many_frames_lies_on_one_picture_by_reading_only_its_own() {
    let Some(folder) = data::shared("dicom/segmentation/dcmqi/segmentations") else { return };
    let intake = scanned(&[folder.join("ct-3slice"), folder.join("partial_overlaps.dcm")]);
    let study = &intake.studies[0];
    let series = images(study);
    let result = study.series.iter().flat_map(|series| &series.instances).find(|one| one.derivation.is_some()).unwrap();
    let derivation = result.derivation.as_deref().unwrap();
    let (instance, frame) = series.image(1).unwrap();
    let frames = frames_over(result, derivation, &Target { instance, frame, reach_mm: 1.0 });
    assert!(!frames.is_empty() && frames.len() < result.n_frames() as usize);
    let mut segments: Vec<_> = frames.iter().map(|frame| derivation.frames[*frame as usize].segment).collect();
    segments.dedup();
    assert_eq!(segments.len(), frames.len(), "of each segment one");
}
