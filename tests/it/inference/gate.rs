//! A study outside a model's scope is not run, and a forced run says so on every finding.

use std::sync::Arc;

use overread::domain::instance::Instance;
use overread::domain::presentation::Photometric;
use overread::domain::series::{Modality, Series, SeriesGeometry};
use overread::domain::uid::SeriesUid;
use overread::inference::gate;

use crate::inference::{instance, tiny};

fn series(modality: &str, body_part: &str) -> Series {
    Series {
        uid: SeriesUid::new("1.2"),
        number: None,
        modality: Modality(modality.into()),
        description: String::new(),
        part: String::new(),
        body_part: body_part.into(),
        frame_of_reference: None,
        instances: vec![],
        stack: vec![],
        geometry: SeriesGeometry::default(),
        notices: vec![],
    }
}

#[test]
fn only_pictures_of_the_cards_scope_are_admitted() {
    let model = tiny("densenet");
    let picture = |rows, cols| instance(rows, cols, Photometric::Monochrome2);
    let with = |change: &dyn Fn(&mut Instance)| {
        let mut picture = picture(300, 200);
        change(&mut picture);
        picture
    };
    let check = |series: Series, picture: &Instance, expected: Option<&str>| {
        let refusal = gate::admits(model.card(), &series, picture).err();
        assert_eq!(refusal.as_ref().map(|refusal| refusal.code), expected, "{refusal:?}");
        if let Some(refusal) = refusal {
            assert!(refusal.to_string().starts_with("Outside intended use of Tiny classification: "), "{refusal}");
        }
    };
    check(series("DX", "CHEST"), &picture(300, 200), None);
    check(series("DX", ""), &picture(300, 200), None);
    check(series(" dx ", "chest "), &with(&|i| i.acquisition.view_position = "PA".into()), None);
    check(series("CT", "CHEST"), &picture(300, 200), Some("modality"));
    check(series("", "CHEST"), &picture(300, 200), Some("modality"));
    check(series("OT", ""), &picture(300, 200), Some("modality"));
    check(series("DX", "HAND"), &picture(300, 200), Some("body_part"));
    check(series("DX", "CHEST"), &with(&|i| i.acquisition.view_position = "LL".into()), Some("view"));
    let oriented = |rows: &str, cols: &str| {
        let orientation = Some([rows.to_owned(), cols.to_owned()]);
        with(&|i| i.patient_orientation = orientation.clone())
    };
    check(series("DX", "CHEST"), &oriented("L", "FP"), None);
    check(series("DX", "CHEST"), &oriented("P", "F"), Some("orientation"));
    check(series("DX", "CHEST"), &oriented("R", "F"), Some("orientation"));
    check(series("DX", "CHEST"), &oriented("L", "H"), Some("orientation"));
    check(series("DX", "CHEST"), &with(&|i| i.frames.push(Arc::clone(&i.frames[0]))), Some("frames"));
    check(series("DX", "CHEST"), &picture(300, 20), Some("size"));
    check(series("DX", "CHEST"), &picture(3000, 200), Some("shape"));
    check(series("DX", "CHEST"), &with(&|i| i.spacing.aspect = 2.0), Some("pixel_aspect"));
}
