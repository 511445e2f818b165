//! What a copy keeps: the profile's options in plain words.

use egui::{RichText, ScrollArea, Ui};

use crate::domain::deidentification::{Dates, Options, Private};
use crate::ui::dialogs::copies::CopiesDraft;
use crate::ui::theme::theme;

pub fn choices_ui(ui: &mut Ui, draft: &mut CopiesDraft, height: f32) {
    ScrollArea::vertical().id_salt("choices").max_height(height).auto_shrink(false).show(ui, |ui| {
        let options = &mut draft.options;
        usual_ui(ui, options);
        title(ui, "Dates and times");
        ui.radio_value(&mut options.dates, Dates::Remove, "Remove");
        let tip = "All dates of a patient move by one secret number of days; distances and times of day stay";
        ui.radio_value(&mut options.dates, Dates::Shift, "Move by a secret number of days").on_hover_text(tip);
        ui.radio_value(&mut options.dates, Dates::Keep, "Keep");
        title(ui, "Descriptions");
        ui.radio_value(&mut options.cleans_descriptors, false, "Remove");
        let tip = "Words that radiology has for parts, planes, techniques and phases stay, all others go";
        ui.radio_value(&mut options.cleans_descriptors, true, "Keep the words of radiology").on_hover_text(tip);
        title(ui, "Content of reports and drawings");
        ui.radio_value(&mut options.cleans_structured_content, false, "Remove");
        let words = "Keep codes, numbers and coordinates";
        ui.radio_value(&mut options.cleans_structured_content, true, words);
        title(ui, "Private attributes");
        ui.radio_value(&mut options.private, Private::Remove, "Remove");
        let tip = "Those that the standard lists as safe, of the makers it lists";
        ui.radio_value(&mut options.private, Private::KeepSafe, "Keep what is listed as safe").on_hover_text(tip);
        title(ui, "Keep although it may lead to somebody");
        ui.checkbox(&mut options.keeps_patient_characteristics, "Age, sex, size, weight");
        ui.checkbox(&mut options.keeps_device, "Device: station, serial number");
        ui.checkbox(&mut options.keeps_institution, "Institution");
        ui.checkbox(&mut options.keeps_uids, "UIDs of the originals");
        title(ui, "Beside the study's files");
        let tip = "Reports, masks, maps, assessments, captures, display states and key images as DICOM objects";
        ui.checkbox(&mut draft.with_results, "Results of this review").on_hover_text(tip);
    });
}

/// The two sets that most people want.
fn usual_ui(ui: &mut Ui, options: &mut Options) {
    let strict = Options::default();
    let research = Options {
        dates: Dates::Shift,
        cleans_descriptors: true,
        cleans_structured_content: true,
        keeps_patient_characteristics: true,
        ..strict
    };
    ui.horizontal(|ui| {
        let tip = "The Basic Profile without any option";
        if ui.selectable_label(*options == strict, "Strictest").on_hover_text(tip).clicked() {
            *options = strict;
        }
        let tip = "Dates moved, descriptions and reports cleaned, age, sex, size and weight kept";
        if ui.selectable_label(*options == research, "For research").on_hover_text(tip).clicked() {
            *options = research;
        }
    });
}

fn title(ui: &mut Ui, text: &str) {
    ui.add_space(7.0);
    ui.label(RichText::new(text).small().color(theme().text.weak));
}
