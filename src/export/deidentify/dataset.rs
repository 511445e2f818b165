//! One data set made anonymous, at every depth.

use std::collections::{BTreeMap, BTreeSet};

use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_core::header::HasLength as _;
use dicom_core::value::{DataSetSequence, Value};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};
use dicom_object::InMemDicomObject;

use crate::domain::deidentification::{Dates, Options, Private};
use crate::export::deidentify::descriptors::{Identifiers, cleaned};
use crate::export::deidentify::profile::{self, Act};
use crate::export::deidentify::pseudonyms::{Secret, shifted};

/// How often each attribute met each fate; never a value.
pub type Changes = BTreeMap<(Tag, Act), u64>;

/// What one data set is treated with.
pub struct Treatment<'a> {
    pub options: &'a Options,
    pub secret: &'a Secret,
    pub changes: Changes,
    identifiers: Identifiers,
    n_days: i64,
}

/// What an attribute the table lacks is worth to someone who looks for a person.
const TEXTS: [VR; 7] = [VR::LO, VR::SH, VR::ST, VR::LT, VR::UT, VR::UC, VR::UR];
/// Attributes whose values are looked for in what is left.
const TELLING: [Tag; 13] = [
    tags::PATIENT_ID,
    // Other Patient IDs, retired
    Tag(0x0010, 0x1000),
    tags::ACCESSION_NUMBER,
    tags::PATIENT_ADDRESS,
    tags::PATIENT_TELEPHONE_NUMBERS,
    // Medical Record Locator, retired
    Tag(0x0010, 0x1090),
    tags::ADMISSION_ID,
    tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
    tags::SERVICE_EPISODE_ID,
    tags::STUDY_ID,
    tags::REGION_OF_RESIDENCE,
    tags::PATIENT_BIRTH_DATE,
];
const STAND_IN: &str = "REMOVED";
/// Ages above are one group (45 CFR 164.514(b)(2)(i)(C)).
const OLDEST_YEARS: u32 = 90;

/// Whose data set it is: Patient ID with its issuer, else the name, else the study.
pub fn identity(object: &InMemDicomObject) -> String {
    let text = |tag: Tag| {
        let value = object.get(tag).and_then(|element| element.to_str().ok());
        value.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    match (text(tags::PATIENT_ID), text(tags::PATIENT_NAME)) {
        (Some(id), _) => format!("{id}\0{}", text(tags::ISSUER_OF_PATIENT_ID).unwrap_or_default()),
        (None, Some(name)) => format!("name\0{name}\0{}", text(tags::PATIENT_BIRTH_DATE).unwrap_or_default()),
        (None, None) => format!("study\0{}", text(tags::STUDY_INSTANCE_UID).unwrap_or_default()),
    }
}

/// Makes `object` anonymous in place and says by what. `object` holds Unicode text.
pub fn deidentify(object: &mut InMemDicomObject, options: &Options, secret: &Secret) -> Changes {
    understand(object);
    let identity = identity(object);
    let mut identifiers = Identifiers::default();
    learn(object, &mut identifiers);
    let n_days = secret.days(&identity);
    let mut treatment = Treatment { options, secret, changes: Changes::new(), identifiers, n_days };
    treatment.treat(object);
    let code = secret.patient(&identity);
    put(object, tags::PATIENT_ID, VR::LO, &code);
    put(object, tags::PATIENT_NAME, VR::PN, &format!("Anonymous^{code}"));
    cap_age(object);
    say_so(object, options);
    let mut changes = treatment.changes;
    // The patient's own were not left empty but named anew
    for tag in [tags::PATIENT_ID, tags::PATIENT_NAME] {
        if let Some(n) = changes.get_mut(&(tag, Act::Empty)) {
            *n -= 1;
            *changes.entry((tag, Act::Replace)).or_default() += 1;
        }
    }
    changes.retain(|_, n| *n > 0);
    changes
}

/// Every person's name and number in the data set, at any depth.
fn learn(object: &InMemDicomObject, identifiers: &mut Identifiers) {
    for element in object {
        match element.value() {
            Value::Sequence(sequence) => sequence.items().iter().for_each(|item| learn(item, identifiers)),
            Value::Primitive(value) if element.vr() == VR::PN || TELLING.contains(&element.header().tag) => {
                value.to_multi_str().iter().for_each(|text| identifiers.learn(text));
            }
            _ => {}
        }
    }
}

impl Treatment<'_> {
    fn treat(&mut self, object: &mut InMemDicomObject) {
        understand(object);
        let elements: Vec<(Tag, VR)> = object.iter().map(|element| (element.header().tag, element.vr())).collect();
        let kept_creators = self.kept_creators(object, &elements);
        for (tag, vr) in elements {
            let Tag(group, element) = tag;
            if element == 0 {
                object.remove_element(tag);
                continue;
            }
            let act = match group & 1 == 1 {
                true if kept_creators.contains(&tag) => Act::Keep,
                true => self.private_act(object, tag, vr),
                false => self.act(object, tag, vr),
            };
            self.carry_out(object, tag, vr, act);
        }
    }

    fn act(&self, object: &InMemDicomObject, tag: Tag, vr: VR) -> Act {
        let known = StandardDataDictionary.by_tag(tag).map(|entry| entry.vr().relaxed());
        // What a sender wrote as unknown is judged as what it is
        let meant = if vr == VR::UN { known.unwrap_or(VR::UN) } else { vr };
        if tag == tags::TEXT_VALUE {
            return Act::CleanText;
        }
        match profile::act(tag, meant, self.options) {
            Some(Act::MapUid | Act::Keep | Act::Shift | Act::CleanText | Act::Enter) if vr == VR::UN => Act::Remove,
            Some(act) => act,
            None if vr == VR::UN || known.is_none() => Act::Remove,
            None => self.act_beyond_table(object, tag, vr),
        }
    }

    /// The table is not the whole world: names are names, dates are dates, and a text may repeat either.
    fn act_beyond_table(&self, object: &InMemDicomObject, tag: Tag, vr: VR) -> Act {
        match vr {
            VR::PN => Act::Replace,
            VR::SQ => Act::Enter,
            VR::DA | VR::DT | VR::TM => match self.options.dates {
                // Its type is not known here: a value of the kind is valid whatever the type
                Dates::Remove => Act::Replace,
                Dates::Shift => Act::Shift,
                Dates::Keep => Act::Keep,
            },
            _ if TEXTS.contains(&vr) => {
                let value = object.get(tag).and_then(|element| element.to_str().ok());
                let tells = value.is_some_and(|text| self.identifiers.are_in(&text));
                if tells { Act::Replace } else { Act::Keep }
            }
            _ => Act::Keep,
        }
    }

    fn private_act(&self, object: &InMemDicomObject, tag: Tag, vr: VR) -> Act {
        let is_safe = self.options.private == Private::KeepSafe
            && !matches!(vr, VR::SQ | VR::UN | VR::PN)
            && creator(object, tag).is_some_and(|(_, creator)| profile::is_safe_private(&creator, tag));
        if is_safe { Act::Keep } else { Act::Remove }
    }

    fn kept_creators(&self, object: &InMemDicomObject, elements: &[(Tag, VR)]) -> BTreeSet<Tag> {
        let private = elements.iter().filter(|(Tag(group, element), _)| group & 1 == 1 && *element >= 0x1000);
        let kept = private.filter(|(tag, vr)| self.private_act(object, *tag, *vr) == Act::Keep);
        kept.filter_map(|(tag, _)| creator(object, *tag).map(|(place, _)| place)).collect()
    }

    fn carry_out(&mut self, object: &mut InMemDicomObject, tag: Tag, vr: VR, act: Act) {
        match act {
            Act::Keep => return,
            Act::Remove => {
                object.remove_element(tag);
            }
            Act::Empty => {
                let value =
                    if vr == VR::SQ { Value::from(DataSetSequence::empty()) } else { PrimitiveValue::Empty.into() };
                object.put(DataElement::new(tag, vr, value));
            }
            Act::Replace if tag == tags::CONTENT_SEQUENCE => {
                object.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(vec![removed_content()])));
            }
            // The module that it belongs to may be left out as a whole
            Act::Replace if tag == tags::GRAPHIC_ANNOTATION_SEQUENCE => {
                object.remove_element(tag);
            }
            // What says nothing needs no stand-in
            Act::Replace if object.get(tag).is_some_and(|element| element.value().is_empty()) => return,
            Act::Replace => {
                object.update_value(tag, |value| match value {
                    Value::Sequence(sequence) => sequence.items_mut().iter_mut().for_each(stand_in),
                    value => *value = Value::Primitive(dummy(vr)),
                });
            }
            Act::Enter => {
                let mut element = object.take(tag);
                if let Some(Value::Sequence(sequence)) = element.as_ref().map(|element| element.value().clone()) {
                    let mut items: Vec<InMemDicomObject> = sequence.into_items().into_iter().collect();
                    items.iter_mut().for_each(|item| self.treat(item));
                    element = Some(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
                }
                element.and_then(|element| object.put(element));
                // What happens inside is counted there
                return;
            }
            Act::MapUid => self.rewrite(object, tag, vr, |this, text| Some(this.secret.uid(text))),
            Act::Shift if vr == VR::TM || tag == tags::TIMEZONE_OFFSET_FROM_UTC => return,
            Act::Shift => self.rewrite(object, tag, vr, |this, text| shifted(text, this.n_days)),
            Act::CleanText => self.rewrite(object, tag, vr, |this, text| {
                let text = cleaned(text, &this.identifiers);
                match text.is_empty() {
                    // A text item without text is none (PS3.3 table C.17-5)
                    true => (tag == tags::TEXT_VALUE).then(|| STAND_IN.to_owned()),
                    false => Some(text),
                }
            }),
        }
        *self.changes.entry((tag, act)).or_default() += 1;
    }

    /// Every value by `new`; a value that has none becomes empty.
    fn rewrite(&self, object: &mut InMemDicomObject, tag: Tag, vr: VR, new: impl Fn(&Self, &str) -> Option<String>) {
        let Some(element) = object.get(tag) else { return };
        let Value::Primitive(value) = element.value() else {
            object.remove_element(tag);
            return;
        };
        let rewritten = |text: &String| match text.trim_end_matches(['\0', ' ']) {
            "" => String::new(),
            text => new(self, text).unwrap_or_default(),
        };
        let texts: Vec<String> = value.to_multi_str().iter().map(rewritten).collect();
        let value = match texts.iter().all(String::is_empty) {
            true => PrimitiveValue::Empty,
            false => PrimitiveValue::Strs(texts.into()),
        };
        object.put(DataElement::new(tag, vr, value));
    }
}

/// What a sender wrote as unknown (UN) gets the kind that the dictionary has for it, so that it is treated as what it is.
/// Values in UN are little endian (PS3.5 6.2.2).
fn understand(object: &mut InMemDicomObject) {
    let unknown = object.iter().filter(|element| element.vr() == VR::UN);
    let meant = unknown.filter_map(|element| {
        let tag = element.header().tag;
        let vr = StandardDataDictionary.by_tag(tag).map(|entry| entry.vr().relaxed())?;
        let bytes = element.value().primitive()?.to_bytes();
        Some(DataElement::new(tag, vr, read_as(vr, &bytes)?))
    });
    let meant: Vec<_> = meant.collect();
    meant.into_iter().for_each(|element| {
        object.put(element);
    });
}

/// `None` for sequences and what stays bytes.
fn read_as(vr: VR, bytes: &[u8]) -> Option<PrimitiveValue> {
    if bytes.is_empty() {
        return (vr != VR::SQ).then_some(PrimitiveValue::Empty);
    }
    Some(match vr {
        VR::US => PrimitiveValue::U16(words(bytes, u16::from_le_bytes)),
        VR::SS => PrimitiveValue::I16(words(bytes, i16::from_le_bytes)),
        VR::UL => PrimitiveValue::U32(words(bytes, u32::from_le_bytes)),
        VR::SL => PrimitiveValue::I32(words(bytes, i32::from_le_bytes)),
        VR::FL => PrimitiveValue::F32(words(bytes, f32::from_le_bytes)),
        VR::FD => PrimitiveValue::F64(words(bytes, f64::from_le_bytes)),
        VR::AT => {
            let halves = words::<2, u16, Vec<u16>>(bytes, u16::from_le_bytes);
            PrimitiveValue::Tags(halves.chunks_exact(2).map(|pair| Tag(pair[0], pair[1])).collect())
        }
        VR::SQ | VR::UN | VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::UV | VR::SV => return None,
        _ => {
            let text = String::from_utf8_lossy(bytes);
            let text = text.trim_end_matches(['\0', ' ']);
            match vr {
                VR::LT | VR::ST | VR::UT | VR::UR => PrimitiveValue::from(text),
                _ => PrimitiveValue::Strs(text.split('\\').map(str::to_owned).collect()),
            }
        }
    })
}

fn words<const N: usize, T, C: FromIterator<T>>(bytes: &[u8], word: fn([u8; N]) -> T) -> C {
    bytes.chunks_exact(N).filter_map(|chunk| chunk.try_into().ok()).map(word).collect()
}

/// Where the creator of a private attribute stands, and its name.
fn creator(object: &InMemDicomObject, Tag(group, element): Tag) -> Option<(Tag, String)> {
    let place = Tag(group, element >> 8);
    let name = object.get(place)?.to_str().ok()?.trim().to_owned();
    (element >= 0x1000).then_some((place, name))
}

/// Every value below replaced by one that says nothing.
fn stand_in(item: &mut InMemDicomObject) {
    let elements: Vec<(Tag, VR)> = item.iter().map(|element| (element.header().tag, element.vr())).collect();
    for (tag, vr) in elements {
        let Tag(group, _) = tag;
        if group & 1 == 1 || vr == VR::UN {
            item.remove_element(tag);
            continue;
        }
        item.update_value(tag, |value| match value {
            Value::Sequence(sequence) => sequence.items_mut().iter_mut().for_each(stand_in),
            value => *value = Value::Primitive(dummy(vr)),
        });
    }
}

/// A valid value of the VR that tells nothing (PS3.5 table 6.2-1).
fn dummy(vr: VR) -> PrimitiveValue {
    match vr {
        VR::DA => "19000101".into(),
        VR::TM => "000000".into(),
        VR::DT => "19000101000000".into(),
        VR::AS => "000Y".into(),
        VR::DS | VR::IS => "0".into(),
        VR::UI => "2.25.0".into(),
        VR::UR => "urn:removed".into(),
        VR::FD => PrimitiveValue::F64([0.0].as_slice().into()),
        VR::FL => PrimitiveValue::F32([0.0].as_slice().into()),
        VR::US => PrimitiveValue::U16([0].as_slice().into()),
        VR::SS => PrimitiveValue::I16([0].as_slice().into()),
        VR::UL => PrimitiveValue::U32([0].as_slice().into()),
        VR::SL => PrimitiveValue::I32([0].as_slice().into()),
        VR::UV => PrimitiveValue::U64([0].as_slice().into()),
        VR::SV => PrimitiveValue::I64([0].as_slice().into()),
        VR::AT => PrimitiveValue::Tags([Tag(0, 0)].as_slice().into()),
        VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::UN => PrimitiveValue::U8(vec![0; 8].into()),
        _ => STAND_IN.into(),
    }
}

/// What stands in the place of a report's content.
fn removed_content() -> InMemDicomObject {
    let mut name = InMemDicomObject::new_empty();
    put(&mut name, tags::CODE_VALUE, VR::SH, "121106");
    put(&mut name, tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM");
    put(&mut name, tags::CODE_MEANING, VR::LO, "Comment");
    let mut item = InMemDicomObject::new_empty();
    put(&mut item, tags::RELATIONSHIP_TYPE, VR::CS, "CONTAINS");
    put(&mut item, tags::VALUE_TYPE, VR::CS, "TEXT");
    item.put(DataElement::new(tags::CONCEPT_NAME_CODE_SEQUENCE, VR::SQ, DataSetSequence::from(vec![name])));
    put(&mut item, tags::TEXT_VALUE, VR::UT, "The content was removed when this object was de-identified");
    item
}

fn cap_age(object: &mut InMemDicomObject) {
    let age = object.get(tags::PATIENT_AGE).and_then(|element| element.to_str().ok());
    let years = age.and_then(|age| age.trim().strip_suffix('Y').and_then(|years| years.parse::<u32>().ok()));
    if years.is_some_and(|years| years > OLDEST_YEARS) {
        put(object, tags::PATIENT_AGE, VR::AS, &format!("{OLDEST_YEARS:03}Y"));
    }
}

/// Patient module and SOP Common of a copy: that it is one, and how it was made (PS3.15 E.2, PS3.3 C.7.1.1).
fn say_so(object: &mut InMemDicomObject, options: &Options) {
    put(object, tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES");
    let method = "Overread: PS3.15 Basic Application Level Confidentiality Profile";
    put(object, tags::DEIDENTIFICATION_METHOD, VR::LO, method);
    let codes = options.codes().into_iter().map(|(value, meaning)| {
        let mut item = InMemDicomObject::new_empty();
        put(&mut item, tags::CODE_VALUE, VR::SH, value);
        put(&mut item, tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM");
        put(&mut item, tags::CODE_MEANING, VR::LO, meaning);
        item
    });
    let codes = DataSetSequence::from(codes.collect::<Vec<_>>());
    object.put(DataElement::new(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE, VR::SQ, codes));
    let modified = tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED;
    put(object, modified, VR::CS, options.temporal_information());
}

pub fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, text: &str) {
    let value = if text.is_empty() { PrimitiveValue::Empty } else { PrimitiveValue::from(text) };
    object.put(DataElement::new(tag, vr, value));
}
