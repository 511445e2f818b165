//! A DICOM data set under construction: values that fit their VR whatever they are given, and the file around them.

use dicom_core::value::{DataSetSequence, PixelFragmentSequence};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use crate::domain::coding::CodedConcept;
use crate::export::dicom::uids::uid_of;
use crate::export::error::ExportError;

/// A data set or an item.
#[derive(Clone)]
pub struct DataSet(InMemDicomObject);

impl Default for DataSet {
    fn default() -> Self {
        Self::new()
    }
}

impl DataSet {
    pub fn new() -> Self {
        Self(InMemDicomObject::new_empty())
    }

    /// Text of one value, cut and cleaned to what its VR may hold (PS3.5 6.2).
    pub fn text(&mut self, tag: Tag, vr: VR, text: &str) -> &mut Self {
        self.put(tag, vr, fitting(text, vr))
    }

    /// Several values of a VR without free text, such as CS.
    pub fn words(&mut self, tag: Tag, vr: VR, words: &[&str]) -> &mut Self {
        self.put(tag, vr, words.join("\\"))
    }

    pub fn uid(&mut self, tag: Tag, uid: &str) -> &mut Self {
        self.put(tag, VR::UI, uid.to_owned())
    }

    /// DS, each value of at most 16 characters.
    pub fn decimals(&mut self, tag: Tag, values: &[f64]) -> &mut Self {
        let texts: Vec<String> = values.iter().copied().map(decimal_string).collect();
        self.put(tag, VR::DS, texts.join("\\"))
    }

    pub fn integer(&mut self, tag: Tag, value: i64) -> &mut Self {
        self.put(tag, VR::IS, value.to_string())
    }

    pub fn u16(&mut self, tag: Tag, value: u16) -> &mut Self {
        self.value(tag, VR::US, PrimitiveValue::from(value))
    }

    pub fn value(&mut self, tag: Tag, vr: VR, value: PrimitiveValue) -> &mut Self {
        self.0.put(DataElement::new(tag, vr, value));
        self
    }

    pub fn sequence(&mut self, tag: Tag, items: Vec<Self>) -> &mut Self {
        let items: Vec<InMemDicomObject> = items.into_iter().map(|item| item.0).collect();
        self.0.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
        self
    }

    pub fn item(&mut self, tag: Tag, item: Self) -> &mut Self {
        self.sequence(tag, vec![item])
    }

    pub fn code(&mut self, tag: Tag, code: &CodedConcept) -> &mut Self {
        self.item(tag, code_item(code))
    }

    pub fn empty(&mut self, tag: Tag, vr: VR) -> &mut Self {
        self.value(tag, vr, PrimitiveValue::Empty)
    }

    pub fn fragments(&mut self, fragments: Vec<Vec<u8>>) -> &mut Self {
        let sequence: PixelFragmentSequence<Vec<u8>> = PixelFragmentSequence::new_fragments(fragments);
        self.0.put(DataElement::new(tags::PIXEL_DATA, VR::OB, sequence));
        self
    }

    fn put(&mut self, tag: Tag, vr: VR, text: String) -> &mut Self {
        let value = if text.is_empty() { PrimitiveValue::Empty } else { PrimitiveValue::from(text) };
        self.value(tag, vr, value)
    }

    /// The file: meta header, Explicit VR Little Endian, the data set.
    pub fn to_file(&self, sop_class: &str, sop: &str) -> Result<Vec<u8>, ExportError> {
        let refused = |reason: String| ExportError::Dicom(reason);
        let meta = FileMetaTableBuilder::new()
            .media_storage_sop_class_uid(sop_class)
            .media_storage_sop_instance_uid(sop)
            .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .implementation_class_uid(uid_of(&["implementation class"]))
            .implementation_version_name("OVERREAD");
        let with_meta = self.0.clone().with_meta(meta).map_err(|error| refused(error.to_string()))?;
        let mut bytes = Vec::new();
        with_meta.write_all(&mut bytes).map_err(|error| refused(error.to_string()))?;
        Ok(bytes)
    }
}

/// One item of a code sequence (PS3.3 8.8).
pub fn code_item(code: &CodedConcept) -> DataSet {
    let mut item = DataSet::new();
    match code.value.len() <= 16 {
        true => item.text(tags::CODE_VALUE, VR::SH, &code.value),
        false => item.text(tags::LONG_CODE_VALUE, VR::UC, &code.value),
    };
    item.text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, &code.scheme).text(tags::CODE_MEANING, VR::LO, &code.meaning);
    item
}

/// A reference to an object: class and instance.
pub fn reference_item(sop_class: &str, sop: &str) -> DataSet {
    let mut item = DataSet::new();
    item.uid(tags::REFERENCED_SOP_CLASS_UID, sop_class).uid(tags::REFERENCED_SOP_INSTANCE_UID, sop);
    item
}

/// The text as its VR takes it: without control characters and delimiters, not longer than allowed.
fn fitting(text: &str, vr: VR) -> String {
    let keeps_lines = matches!(vr, VR::ST | VR::LT | VR::UT);
    let may_stand = |c: char| if keeps_lines { c == '\n' || !c.is_control() } else { !c.is_control() && c != '\\' };
    let cleaned: String = text.chars().map(|c| if may_stand(c) { c } else { ' ' }).collect();
    let most = match vr {
        VR::SH | VR::AE | VR::CS | VR::DS => 16,
        VR::LO => 64,
        // Three groups of 64
        VR::PN => 194,
        VR::ST => 1024,
        VR::LT => 10_240,
        _ => usize::MAX,
    };
    cleaned.trim().chars().take(most).collect::<String>().trim_end().to_owned()
}

/// At most 16 characters, as exact as they allow.
pub fn decimal_string(value: f64) -> String {
    const MOST: usize = 16;
    let plain = format!("{value}");
    if plain.len() <= MOST {
        return plain;
    }
    (0..=14)
        .rev()
        .map(|digits| format!("{value:.digits$}"))
        .chain((0..=9).rev().map(|digits| format!("{value:.digits$e}")))
        .find(|text| text.len() <= MOST)
        .unwrap_or_else(|| "0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_fit_sixteen_characters_and_keep_what_they_can() {
        for value in [0.1 + 0.2, -123_456.789_012_345_67, 1e-12, -1.0 / 3.0, 1e300, 0.0, 512.0, -1e-7 / 3.0] {
            let text = decimal_string(value);
            let read: f64 = text.parse().unwrap();
            assert!(text.len() <= 16, "{text}");
            assert!((read - value).abs() <= value.abs() * 1e-6 + 1e-12, "{value} became {text}");
        }
    }

    #[test]
    fn text_is_cut_and_cleaned_to_its_vr() {
        assert_eq!(fitting("a\\b\u{7}c", VR::LO), "a b c");
        assert_eq!(fitting(&"x".repeat(99), VR::SH).len(), 16);
        assert_eq!(fitting("one\ntwo", VR::LT), "one\ntwo");
        assert_eq!(fitting("one\ntwo", VR::LO), "one two");
    }
}
