//! Series into stacks: what is parted, in which order, under which name, and what is said of each.

use overread::domain::intake::Intake;
use overread::domain::series::{Series, SortRule};
use overread::import::reason;

use crate::import::synthetic::{Written, element, items, scan_all};

/// A folder of files under construction, numbered as they are added.
struct Folder {
    place: tempfile::TempDir,
    n_files: u32,
}

impl Folder {
    fn new() -> Self {
        Self { place: tempfile::tempdir().unwrap(), n_files: 0 }
    }

    /// Adds a slice at height `z`. File names run against the numbers, so that no order depends on them.
    fn add(&mut self, z: f64, change: impl FnOnce(&mut Written)) -> &mut Self {
        self.n_files += 1;
        let mut file = Written::ct(&format!("1.2.3.4.{}", self.n_files));
        file.text(0x0020_0032, "DS", &format!("0\\0\\{z}")).text(0x0020_0013, "IS", &self.n_files.to_string());
        change(&mut file);
        file.write(self.place.path(), &format!("{:03}", 999 - self.n_files));
        self
    }

    fn scan(&self) -> Intake {
        scan_all(self.place.path())
    }
}

fn parts(intake: &Intake) -> Vec<(String, usize, Vec<&'static str>)> {
    let part = |series: &Series| {
        let codes = series.notices.iter().map(|notice| notice.code).filter(|code| *code != reason::SERIES_SPLIT);
        (series.part.clone(), series.stack.len(), codes.collect())
    };
    intake.studies.iter().flat_map(|study| &study.series).map(|series| part(series)).collect()
}

fn check(folder: &Folder, expected: &[(&str, usize, &[&str])]) {
    let intake = folder.scan();
    let found = parts(&intake);
    let found: Vec<(&str, usize, &[&str])> =
        found.iter().map(|(label, n, codes)| (label.as_str(), *n, codes.as_slice())).collect();
    assert_eq!(found, expected);
    for series in &intake.studies[0].series {
        let is_split = series.notices.iter().any(|notice| notice.code == reason::SERIES_SPLIT);
        assert_eq!(is_split, expected.len() > 1);
    }
}

fn mr(file: &mut Written) -> &mut Written {
    file.text(0x0008_0060, "CS", "MR")
}

#[test]
fn echoes_at_the_same_places_are_stacks_of_their_own() {
    let mut folder = Folder::new();
    for z in [0.0, 5.0, 10.0] {
        for (echo, time) in [("1", "20"), ("2", "80")] {
            folder.add(z, |file| {
                mr(file).text(0x0018_0086, "IS", echo).text(0x0018_0081, "DS", time);
            });
        }
    }
    check(&folder, &[("Echo 1, TE 20 ms", 3, &[]), ("Echo 2, TE 80 ms", 3, &[])]);
}

#[test]
fn b_values_and_then_what_repeats_at_one_b_value() {
    let mut folder = Folder::new();
    for z in [0.0, 5.0, 10.0] {
        for (b, n) in [(0.0_f64, 1), (1000.0, 3)] {
            for _ in 0..n {
                folder.add(z, |file| {
                    mr(file).raw(0x0018_9087, "FD", &b.to_le_bytes());
                });
            }
        }
    }
    let b = "b 1000 s/mm²";
    let set = |n: u32| format!("{b}, Set {n} of 3");
    check(&folder, &[("b 0 s/mm²", 3, &[]), (&set(1), 3, &[]), (&set(2), 3, &[]), (&set(3), 3, &[])]);
}

#[test]
fn time_points_phases_and_acquisitions_are_parted_by_what_tells_them_apart() {
    let cases: [(u32, &str, [&str; 2], [&str; 2]); 5] = [
        (0x0020_0100, "IS", ["1", "2"], ["Time point 1", "Time point 2"]),
        (0x0018_1060, "DS", ["0", "350.5"], ["Trigger 0 ms", "Trigger 350.5 ms"]),
        (0x0020_0012, "IS", ["3", "4"], ["Acquisition 3", "Acquisition 4"]),
        (0x0018_0060, "DS", ["80", "140"], ["80 kV", "140 kV"]),
        (0x0018_0010, "LO", ["", "Agent"], ["Without contrast", "With contrast (Agent)"]),
    ];
    for (tag, vr, values, labels) in cases {
        let mut folder = Folder::new();
        for z in [0.0, 1.0, 2.0] {
            for value in values {
                folder.add(z, |file| {
                    file.text(tag, vr, value);
                });
            }
        }
        check(&folder, &[(labels[0], 3, &[]), (labels[1], 3, &[])]);
    }
}

#[test]
fn trigger_times_of_their_own_at_each_slice_are_phases_by_rank() {
    let mut folder = Folder::new();
    for (index, z) in [0.0, 8.0, 16.0].into_iter().enumerate() {
        for phase in 0..4_usize {
            folder.add(z, |file| {
                mr(file).text(0x0018_1060, "DS", &format!("{}", phase * 40 + index));
            });
        }
    }
    let label = |n: u32| format!("Time point {n} of 4");
    check(&folder, &[(&label(1), 3, &[]), (&label(2), 3, &[]), (&label(3), 3, &[]), (&label(4), 3, &[])]);
}

#[test]
fn one_place_at_many_moments_is_one_stack_in_time() {
    let mut folder = Folder::new();
    for time in ["80", "0", "40"] {
        folder.add(0.0, |file| {
            mr(file).text(0x0018_1060, "DS", time);
        });
    }
    check(&folder, &[("", 3, &[])]);
    let intake = folder.scan();
    let series = &intake.studies[0].series[0];
    assert_eq!(series.geometry.sort, SortRule::Time);
    let numbers: Vec<i64> = (0..3).map(|index| series.image(index).unwrap().0.number.unwrap()).collect();
    assert_eq!(numbers, [2, 3, 1]);
}

#[test]
fn acquisitions_that_follow_one_another_stay_one_stack() {
    let mut folder = Folder::new();
    for (z, acquisition) in [(0.0, "1"), (1.0, "1"), (2.0, "2"), (3.0, "2")] {
        folder.add(z, |file| {
            file.text(0x0020_0012, "IS", acquisition);
        });
    }
    check(&folder, &[("", 4, &[])]);
}

#[test]
fn a_localizer_stands_apart_and_last() {
    let mut folder = Folder::new();
    folder.add(50.0, |file| {
        file.text(0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\LOCALIZER").text(0x0020_0037, "DS", "1\\0\\0\\0\\0\\-1");
    });
    for z in [0.0, 1.0, 2.0] {
        folder.add(z, |file| {
            file.text(0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\AXIAL");
        });
    }
    check(&folder, &[("Axial", 3, &[]), ("Localizer", 1, &[])]);
}

#[test]
fn directions_sizes_and_components_are_never_mixed() {
    let mut folder = Folder::new();
    for z in [0.0, 1.0, 2.0] {
        folder.add(z, |_| {});
        folder.add(z, |file| {
            file.text(0x0020_0037, "DS", "1\\0\\0\\0\\0\\-1").text(0x0020_0032, "DS", &format!("0\\{z}\\0"));
        });
    }
    folder.add(1.0, |file| {
        file.size(6, 8);
    });
    check(&folder, &[("4 × 3, Axial", 3, &[]), ("4 × 3, Coronal", 3, &[]), ("8 × 6", 1, &[])]);

    let mut folder = Folder::new();
    for z in [0.0, 1.0, 2.0] {
        for kind in ["M", "P"] {
            folder.add(z, |file| {
                mr(file).text(0x0008_0008, "CS", &format!("ORIGINAL\\PRIMARY\\{kind}"));
            });
        }
    }
    check(&folder, &[("Magnitude", 3, &[]), ("Phase", 3, &[])]);
}

#[test]
fn a_fan_of_directions_stays_together_in_the_order_of_its_numbers() {
    let mut folder = Folder::new();
    for step in 0..9_i32 {
        let (sin, cos) = (f64::from(step) * 0.3).sin_cos();
        folder.add(0.0, |file| {
            file.text(0x0020_0037, "DS", &format!("{cos:.6}\\{sin:.6}\\0\\0\\0\\-1"));
        });
    }
    check(&folder, &[("", 9, &[reason::MIXED_ORIENTATION])]);
}

#[test]
fn another_frame_of_reference_or_modality_under_one_series_identifier_is_a_conflict() {
    let mut folder = Folder::new();
    for (z, frame) in [(0.0, "1.9.1"), (1.0, "1.9.1"), (0.0, "1.9.2"), (1.0, "1.9.2")] {
        folder.add(z, |file| {
            file.text(0x0020_0052, "UI", frame);
        });
    }
    let conflict: &[&str] = &[reason::SERIES_CONFLICT];
    check(&folder, &[("Frame of reference 1", 2, conflict), ("Frame of reference 2", 2, conflict)]);

    let mut folder = Folder::new();
    for (z, modality) in [(0.0, "CT"), (1.0, "CT"), (0.0, "PT"), (1.0, "PT")] {
        folder.add(z, |file| {
            file.text(0x0008_0060, "CS", modality);
        });
    }
    check(&folder, &[("CT", 2, conflict), ("PT", 2, conflict)]);
}

#[test]
fn images_without_places_say_so_and_by_what_they_were_ordered() {
    let mut folder = Folder::new();
    for location in ["7", "5", "6"] {
        folder.add(0.0, |file| {
            file.without(0x0020_0032).text(0x0020_1041, "DS", location);
        });
    }
    check(&folder, &[("", 3, &[reason::MISSING_POSITION])]);
    let intake = folder.scan();
    let series = &intake.studies[0].series[0];
    assert_eq!(series.geometry.sort, SortRule::SliceLocation);
    let numbers: Vec<i64> = (0..3).map(|index| series.image(index).unwrap().0.number.unwrap()).collect();
    assert_eq!(numbers, [2, 3, 1]);
}

#[test]
fn a_gap_is_placed_and_measured_and_a_change_of_spacing_is_told_as_one() {
    let text = |heights: &[f64]| {
        let mut folder = Folder::new();
        heights.iter().for_each(|z| {
            folder.add(*z, |_| {});
        });
        folder.scan().studies[0].series[0].notices[0].text.clone()
    };
    let gap = "A slice is missing between images 2 and 3: 5 mm where slices are 2.5 mm apart";
    assert_eq!(text(&[0.0, 2.5, 7.5, 10.0, 12.5]), gap);
    let change = "The slice spacing changes after image 4, from 2.5 to 5 mm";
    assert_eq!(text(&[0.0, 2.5, 5.0, 7.5, 12.5, 17.5, 22.5]), change);
}

#[test]
fn slices_beside_the_line_and_slices_that_overlap_are_told() {
    let mut folder = Folder::new();
    for (x, z) in [(0.0, 0.0), (0.0, 1.0), (3.0, 2.0), (0.0, 3.0)] {
        folder.add(z, |file| {
            file.text(0x0020_0032, "DS", &format!("{x}\\0\\{z}")).text(0x0018_0050, "DS", "2");
        });
    }
    check(&folder, &[("", 4, &[reason::SHIFTED_SLICES, reason::SLICES_OVERLAP])]);
}

/// One enhanced object: a frame per `(stack, position in stack, z, temporal position)`.
fn enhanced(frames: &[(&str, u32, f64, u32)], has_places: bool) -> Folder {
    let mut folder = Folder::new();
    folder.add(0.0, |file| {
        let group = |(stack, place, z, time): &(&str, u32, f64, u32)| {
            let mut content = element(0x0020_9056, "SH", stack.as_bytes());
            content.extend(element(0x0020_9057, "UL", &place.to_le_bytes()));
            content.extend(element(0x0020_9128, "UL", &time.to_le_bytes()));
            let mut set = element(0x0020_9111, "SQ", &items(&[content]));
            if has_places {
                let position = element(0x0020_0032, "DS", format!("0\\0\\{z}").as_bytes());
                set.extend(element(0x0020_9113, "SQ", &items(&[position])));
            }
            set
        };
        let orientation = element(0x0020_0037, "DS", b"1\\0\\0\\0\\1\\0");
        let shared = element(0x0020_9116, "SQ", &items(&[orientation]));
        let n_frames = frames.len();
        let pixels: Vec<u8> =
            (0..12 * n_frames).flat_map(|value| u16::try_from(value).unwrap().to_le_bytes()).collect();
        mr(file)
            .without(0x0020_0032)
            .without(0x0020_0037)
            .text(0x0028_0008, "IS", &n_frames.to_string())
            .sequence(0x5200_9229, &[shared])
            .sequence(0x5200_9230, &frames.iter().map(group).collect::<Vec<_>>())
            .raw(0x7FE0_0010, "OW", &pixels);
    });
    folder
}

fn frame_order(series: &Series) -> Vec<u32> {
    series.stack.iter().map(|image| image.frame).collect()
}

#[test]
fn frames_of_an_enhanced_object_are_parted_by_stack_and_time_and_ordered_by_place() {
    let frames =
        [("A", 1, 5.0, 1), ("A", 2, 0.0, 1), ("A", 1, 5.0, 2), ("A", 2, 0.0, 2), ("B", 1, 9.0, 1), ("B", 2, 3.0, 1)];
    let folder = enhanced(&frames, true);
    check(&folder, &[("Stack A, Time point 1", 2, &[]), ("Stack A, Time point 2", 2, &[]), ("Stack B", 2, &[])]);
    let intake = folder.scan();
    let orders: Vec<Vec<u32>> = intake.studies[0].series.iter().map(|series| frame_order(series)).collect();
    assert_eq!(orders, [[1, 0], [3, 2], [5, 4]]);
}

#[test]
fn frames_without_places_follow_their_numbers_in_the_stack() {
    let folder = enhanced(&[("A", 3, 0.0, 1), ("A", 1, 0.0, 1), ("A", 2, 0.0, 1)], false);
    let intake = folder.scan();
    let series = &intake.studies[0].series[0];
    assert_eq!(series.geometry.sort, SortRule::InStackPosition);
    assert_eq!(frame_order(series), [1, 2, 0]);
}
