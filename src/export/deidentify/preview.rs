//! What a copy of one file would change, before anything is written.

use std::path::Path;

use dicom_core::value::Value;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::file::ReadPreamble;
use dicom_object::{InMemDicomObject, OpenFileOptions};

use crate::domain::deidentification::{ChangeLine, Options};
use crate::domain::intake::Notice;
use crate::export::deidentify::dataset;
use crate::export::deidentify::pseudonyms::Secret;
use crate::export::deidentify::study_copy::{attribute_name, refuse_unreadable_content};

/// Longer values are cut here: they are looked at, not read.
const MAX_LETTERS: usize = 60;

/// Every attribute of the file that changes, in their order. Pixels are not read.
pub fn lines(path: &Path, options: &Options, secret: &Secret) -> Result<Vec<ChangeLine>, Notice> {
    let file = OpenFileOptions::new().read_preamble(ReadPreamble::Auto).read_until(tags::PIXEL_DATA).open_file(path);
    let file = file.map_err(|_| Notice::new("not_rewritable", "The file's structure cannot be written anew"))?;
    let mut before = file.into_inner();
    let sop_class = before.get(tags::SOP_CLASS_UID).and_then(|element| element.to_str().ok());
    refuse_unreadable_content(&before, sop_class.as_deref().unwrap_or_default().trim_end_matches('\0'))?;
    before.convert_to_utf8();
    let mut after = before.clone();
    let changes = dataset::deidentify(&mut after, options, secret);
    let line = |(tag, what): (Tag, &'static str)| ChangeLine {
        tag: (tag.0, tag.1),
        name: attribute_name(tag),
        what,
        before: words(&before, tag),
        after: words(&after, tag),
    };
    Ok(changes.keys().map(|(tag, act)| (*tag, act.word())).map(line).collect())
}

/// The value at the top of the data set as somebody may read it.
fn words(object: &InMemDicomObject, tag: Tag) -> String {
    let Some(element) = object.get(tag) else { return String::new() };
    match element.value() {
        Value::Sequence(sequence) => match sequence.items().len() {
            1 => "1 item".to_owned(),
            n => format!("{n} items"),
        },
        Value::Primitive(_) if matches!(element.vr(), VR::OB | VR::OW | VR::UN | VR::OF | VR::OD | VR::OL | VR::OV) => {
            "bytes".to_owned()
        }
        Value::Primitive(value) => {
            let text = value.to_str().trim_end_matches(['\0', ' ']).replace(['\r', '\n'], " ");
            match text.char_indices().nth(MAX_LETTERS) {
                Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
                None => text,
            }
        }
        Value::PixelSequence(_) => "pixels".to_owned(),
    }
}
