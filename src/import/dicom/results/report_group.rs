//! One measurement group, or one finding of a CAD report, as a finding on a picture of the study.

use crate::domain::codes::{Code, Codes};
use crate::domain::coding::CodedConcept;
use crate::domain::content_item::{ContentItem, ContentValue, ObjectReference, Relationship};
use crate::domain::finding::{
    DocumentSource, DrawnPath, Evidence, Finding, FindingLabel, MeasuredLine, Measurement, Origin, Place,
    SegmentInVolume, Subject,
};
use crate::domain::geometry::Vec3;
use crate::domain::intake::Notice;
use crate::domain::shape::Point;
use crate::domain::study::Study;
use crate::domain::uid::{FindingId, SeriesUid, SopInstanceUid};
use crate::import::dicom::attributes::derived_uid;
use crate::import::dicom::results::regions::{
    self, OnImage, PlacedImage, bounds, filled, image_of_points, named_image,
};
use crate::import::dicom::results::report_lines::words;
use crate::import::reason;

/// What a group is read with.
pub struct Context<'a> {
    pub codes: &'a Codes,
    pub study: &'a Study,
    pub images: &'a [PlacedImage<'a>],
    /// Of the whole report.
    pub source: &'a DocumentSource,
    pub root: &'a ContentItem,
}

pub struct Group<'a> {
    pub item: &'a ContentItem,
    /// From 1, in the document.
    pub number: usize,
}

/// What was drawn in a group, with what it measures.
struct Drawn {
    on: OnImage,
    /// `None` for a region.
    measurement: Option<Measurement>,
}

pub fn finding(context: &Context<'_>, group: &Group<'_>, notices: &mut Vec<Notice>) -> Finding {
    let Context { codes, source, .. } = context;
    let item = group.item;
    let text = |code: Code| child(item, codes, code).and_then(ContentItem::text).map(str::to_owned);
    let (tracking_id, tracking_uid) = (text(Code::TrackingIdentifier), text(Code::TrackingUid));
    let measurements = measurements(item, codes);
    let mut absent = Vec::new();
    let drawn = drawn(context, item, &mut absent);
    let segment = referenced_segment(item, codes);
    let subject = subject(context, item, &drawn, &absent);
    let is_here = context.study.instance(&subject.sop).is_some();
    let mut own_notices = Vec::new();
    if !is_here {
        let text = "The picture this finding is about is not here";
        own_notices.push(Notice::new(reason::RESULT_NOT_PLACED, text));
        let text = format!("Finding {}: its picture is not here", group.number);
        notices.push(Notice::new(reason::RESULT_NOT_PLACED, text));
    }
    let on_subject: Vec<&Drawn> = drawn.iter().filter(|one| one.on.subject == subject).collect();
    let all_points: Vec<Point> = on_subject.iter().flat_map(|one| one.on.points.iter().copied()).collect();
    let place = bounds(&all_points).map_or(Place::WholeImage, |region| Place::Region { region });
    let label = label(context, item, tracking_id.as_deref());
    let evidence = Evidence {
        lines: on_subject.iter().filter_map(|one| line(one)).collect(),
        paths: on_subject.iter().filter_map(|one| path(one)).collect(),
        segments: mask_of(context, &subject, &on_subject, &label, group).into_iter().collect(),
        volume: segment,
        ..Evidence::default()
    };
    let (is_presented, statements) = statements(item, codes);
    // Some identify the group, some the finding within it
    let of_finding = || child(item, codes, Code::Finding).and_then(|finding| finding.observation_uid.clone());
    let observation = item.observation_uid.clone().or_else(of_finding);
    let identity = observation.clone().or_else(|| tracking_uid.clone()).unwrap_or_else(|| group.number.to_string());
    let id = derived_uid(&[b"finding of", source.sop.as_str().as_bytes(), identity.as_bytes()]);
    let source = DocumentSource {
        observation_uid: observation,
        tracking_uid,
        tracking_id: tracking_id.unwrap_or_default(),
        segment: evidence.volume.as_ref().map(|segment| segment.number),
        is_presented,
        statements,
        ..algorithm(item, codes, source)
    };
    Finding {
        id: FindingId::new(id),
        subject,
        label,
        origin: Origin::Document(Box::new(source)),
        assessment: None,
        place,
        measurements,
        evidence,
        notices: own_notices,
    }
}

fn child<'a>(item: &'a ContentItem, codes: &Codes, code: Code) -> Option<&'a ContentItem> {
    item.children.iter().find(|child| child.name.as_ref().is_some_and(|name| codes.means(name, code)))
}

/// TID 4019 within the group counts more than the document's observer.
fn algorithm(item: &ContentItem, codes: &Codes, source: &DocumentSource) -> DocumentSource {
    let text = |code| child(item, codes, code).and_then(ContentItem::text).map(str::to_owned);
    DocumentSource {
        name: text(Code::AlgorithmName).unwrap_or_else(|| source.name.clone()),
        version: text(Code::AlgorithmVersion).unwrap_or_else(|| source.version.clone()),
        ..source.clone()
    }
}

/// What was found, where, and which one of several.
fn label(context: &Context<'_>, item: &ContentItem, tracking_id: Option<&str>) -> FindingLabel {
    let codes = context.codes;
    let found = child(item, codes, Code::Finding).and_then(ContentItem::code).or_else(|| item.code());
    let is_free = found.is_some_and(|code| codes.means(code, Code::ClinicalFinding));
    let comment = child(item, codes, Code::Comment).and_then(ContentItem::text).filter(|_| is_free);
    let name = comment.map(str::to_owned).or_else(|| found.map(|code| code.meaning.clone()));
    let tracking = tracking_id.filter(|id| !id.is_empty());
    let mut name = name.or_else(|| tracking.map(str::to_owned)).unwrap_or_else(|| "Finding".to_owned());
    // Short names such as L1 tell findings apart; identifiers written as text do not
    if let Some(id) = tracking.filter(|id| id.chars().count() <= 12 && !name.contains(*id)) {
        name = format!("{name} {id}");
    }
    if let Some(site) = child(item, codes, Code::FindingSite) {
        // The narrower place: lobe before lung
        let narrower = site.children.iter().rev().find_map(ContentItem::code);
        if let Some(place) = narrower.or_else(|| site.code()) {
            name = format!("{name}, {}", place.meaning);
        }
    }
    let code = found.filter(|_| !is_free).cloned();
    let id = code.as_ref().map_or_else(|| "reported".to_owned(), |code| format!("{}:{}", code.scheme, code.value));
    FindingLabel { id, name, code }
}

fn measurements(item: &ContentItem, codes: &Codes) -> Vec<Measurement> {
    let mut all = Vec::new();
    for child in &item.children {
        if let Some(measurement) = measurement(child, codes) {
            all.push(measurement);
        }
        all.extend(measurements(child, codes));
    }
    all
}

/// `None` for what is no number, or says none.
fn measurement(item: &ContentItem, codes: &Codes) -> Option<Measurement> {
    let ContentValue::Number(number) = &item.value else { return None };
    let value = number.value.filter(|value| value.is_finite())?;
    let concept = item.name.as_ref()?;
    let derivation = child(item, codes, Code::Derivation).and_then(ContentItem::code);
    let known = |code: Option<&CodedConcept>, table: &[(Code, &'static str)]| {
        let code = code?;
        table.iter().find(|(known, _)| codes.means(code, *known)).map(|(_, id)| (*id).to_owned())
    };
    let quantities = [
        (Code::Length, "length"),
        (Code::LongAxis, "long_axis"),
        (Code::ShortAxis, "short_axis"),
        (Code::Diameter, "diameter"),
        (Code::Area, "area"),
        (Code::Volume, "volume"),
        (Code::Angle, "angle"),
    ];
    let statistics =
        [(Code::Mean, "mean"), (Code::StandardDeviation, "sd"), (Code::Minimum, "min"), (Code::Maximum, "max")];
    let pixels = [(Code::Attenuation, "value"), (Code::PixelValue, "value")];
    let id = known(derivation, &statistics)
        .or_else(|| known(Some(concept), &quantities))
        .or_else(|| known(Some(concept), &statistics))
        .or_else(|| known(Some(concept), &pixels))
        .unwrap_or_else(|| {
            if concept.scheme == "99OVERREAD" {
                concept.value.clone()
            } else {
                format!("{}:{}", concept.scheme, concept.value)
            }
        });
    let name = match derivation {
        Some(derivation) => format!("{}, {}", concept.meaning, derivation.meaning.to_lowercase()),
        None => concept.meaning.clone(),
    };
    Some(Measurement { id, name, value, unit: number.unit.value.clone() })
}

/// Everything with coordinates below the item; what lies on no picture that is here goes to `absent`.
fn drawn(context: &Context<'_>, item: &ContentItem, absent: &mut Vec<ObjectReference>) -> Vec<Drawn> {
    let mut all = Vec::new();
    for child in &item.children {
        let measurement = measurement(child, context.codes);
        match &child.value {
            ContentValue::Coordinates(..) | ContentValue::Coordinates3d { .. } => {
                all.extend(on_image(context, child, absent).map(|on| Drawn { on, measurement: None }));
            }
            ContentValue::Number(_) => {
                let of_number = child.children.iter().filter_map(|below| on_image(context, below, absent));
                all.extend(of_number.map(|on| Drawn { on, measurement: measurement.clone() }));
            }
            // A CAD report wraps its coordinates once more
            _ => all.extend(drawn(context, child, absent)),
        }
    }
    all
}

fn on_image(context: &Context<'_>, item: &ContentItem, absent: &mut Vec<ObjectReference>) -> Option<OnImage> {
    match &item.value {
        ContentValue::Coordinates(graphic, points) => {
            let object = item.children.iter().find_map(|child| selected(context, child))?;
            let Some((series, instance, frame)) = named_image(context.study, &object.sop, &object.frames) else {
                absent.push(object.clone());
                return None;
            };
            let (series, sop) = (series.uid.clone(), instance.sop.clone());
            let subject = Subject { study: context.study.uid.clone(), series, sop, frame };
            // Pixel-edge coordinates (PS3.3 C.18.6.1.1)
            let centered: Vec<Point> = points.iter().map(|[x, y]| [x - 0.5, y - 0.5]).collect();
            let (points, is_closed) = regions::outline(*graphic, &centered);
            Some(OnImage { subject, points, is_closed })
        }
        ContentValue::Coordinates3d { graphic, points, frame_of_reference } => {
            let points: Vec<Vec3> = points.iter().map(|point| Vec3(*point)).collect();
            let is_frame = |image: &&PlacedImage<'_>| {
                frame_of_reference.is_none() || image.series.frame_of_reference == *frame_of_reference
            };
            if !context.images.iter().any(|image| is_frame(&image)) {
                return None;
            }
            let image = image_of_points(context.images, &points).filter(is_frame)?;
            let flat: Vec<Point> = points.iter().map(|point| image.plane.pixel(*point)).collect();
            let (points, is_closed) = regions::outline(*graphic, &flat);
            Some(OnImage { subject: image.subject(context.study), points, is_closed })
        }
        _ => None,
    }
}

/// The picture that coordinates were selected from, also where it is named by reference to the image library.
fn selected<'a>(context: &Context<'a>, item: &'a ContentItem) -> Option<&'a ObjectReference> {
    match &item.value {
        ContentValue::Image(object) => Some(object),
        ContentValue::ByReference(path) => match &at_path(context.root, path)?.value {
            ContentValue::Image(object) => Some(object),
            _ => None,
        },
        _ => None,
    }
}

/// PS3.3 C.17.3.2.5: the first step is the root itself, the others count from 1.
fn at_path<'a>(root: &'a ContentItem, path: &[u32]) -> Option<&'a ContentItem> {
    let (_, steps) = path.split_first()?;
    steps.iter().try_fold(root, |item, step| item.children.get(usize::try_from(*step).ok()?.checked_sub(1)?))
}

fn referenced_segment(item: &ContentItem, codes: &Codes) -> Option<SegmentInVolume> {
    let named = [Code::ReferencedSegment, Code::ReferencedSegmentationFrame];
    let item = named.into_iter().find_map(|code| child(item, codes, code))?;
    let ContentValue::Image(object) = &item.value else { return None };
    Some(SegmentInVolume { sop: object.sop.clone(), number: object.segments.first().copied().unwrap_or(1) })
}

/// The picture a finding is shown on: where its longest line or its region lies, else its source.
fn subject(context: &Context<'_>, item: &ContentItem, drawn: &[Drawn], absent: &[ObjectReference]) -> Subject {
    let value = |one: &Drawn| one.measurement.as_ref().map_or(f64::MAX, |measurement| measurement.value);
    if let Some(longest) = drawn.iter().max_by(|a, b| value(a).total_cmp(&value(b))) {
        return longest.on.subject.clone();
    }
    let study = context.study;
    let own = item.references();
    let here = own.iter().find_map(|object| {
        let (series, instance, frame) = named_image(study, &object.sop, &object.frames)?;
        let is_source = instance.derivation.is_none();
        is_source.then(|| (series.uid.clone(), instance.sop.clone(), frame))
    });
    if let Some((series, sop, frame)) = here {
        return Subject { study: study.uid.clone(), series, sop, frame };
    }
    // Named, but not here: the finding keeps the name of its picture
    let named = absent.first().or_else(|| own.into_iter().find(|object| is_picture(object)));
    let sop = named.map_or_else(|| SopInstanceUid::new(""), |object| object.sop.clone());
    let frame = named.and_then(|object| object.frames.first()).map_or(0, |frame| frame.saturating_sub(1));
    Subject { study: study.uid.clone(), series: SeriesUid::new(""), sop, frame }
}

fn is_picture(object: &ObjectReference) -> bool {
    crate::import::dicom::object_kind::is_picture(&object.sop_class)
}

/// A measured line with its value.
fn line(drawn: &Drawn) -> Option<MeasuredLine> {
    let measurement = drawn.measurement.as_ref()?;
    let [from, to] = *drawn.on.points.as_slice() else { return None };
    let Measurement { name, value, unit, .. } = measurement;
    let value = (value * 10.0).round() / 10.0;
    Some(MeasuredLine { name: format!("{name} {value} {unit}"), from, to })
}

/// What is drawn and no measured line; single points are their box.
fn path(drawn: &Drawn) -> Option<DrawnPath> {
    let points = &drawn.on.points;
    let is_line = drawn.measurement.is_some() && points.len() == 2;
    (points.len() > 1 && !is_line).then(|| DrawnPath { name: String::new(), points: points.clone() })
}

/// What the closed outlines on the subject enclose.
fn mask_of(
    context: &Context<'_>,
    subject: &Subject,
    drawn: &[&Drawn],
    label: &FindingLabel,
    group: &Group<'_>,
) -> Option<std::sync::Arc<crate::domain::mask::Segment>> {
    let (_, instance) = context.study.instance(&subject.sop)?;
    let outlines: Vec<Vec<Point>> =
        drawn.iter().filter(|one| one.on.is_closed).map(|one| one.on.points.clone()).collect();
    let mask = filled(&outlines, instance.pixels.rows, instance.pixels.cols)?;
    let id = format!("{}#{}", context.source.sop, group.number);
    Some(regions::segment(id, &label.name, label.code.clone(), regions::color_of(group.number - 1), mask))
}

/// Whether the finding is meant to be shown, and what else is said of it in codes and words.
fn statements(item: &ContentItem, codes: &Codes) -> (bool, Vec<String>) {
    let mut is_presented = true;
    let mut statements = Vec::new();
    for child in &item.children {
        let Some(name) = &child.name else { continue };
        let is_known = |known: &[Code]| known.iter().any(|code| codes.means(name, *code));
        let context = [
            Code::TrackingIdentifier,
            Code::TrackingUid,
            Code::Finding,
            Code::FindingSite,
            Code::AlgorithmFamily,
            Code::AlgorithmName,
            Code::AlgorithmVersion,
            Code::AlgorithmParameters,
        ];
        if is_known(&context) {
            continue;
        }
        match &child.value {
            ContentValue::Code(code) => {
                let is_kept_back = codes.means(code, Code::NotForPresentation)
                    || codes.means(code, Code::PresentationOptional)
                    || codes.means(code, Code::Absent);
                is_presented &= !is_kept_back;
                statements.push(format!("{}: {}", name.meaning, code.meaning));
            }
            ContentValue::Text(_) if child.relationship != Some(Relationship::HasAcqContext) => {
                statements.push(format!("{}: {}", name.meaning, words(&child.value)));
            }
            _ => {}
        }
    }
    (is_presented, statements)
}
