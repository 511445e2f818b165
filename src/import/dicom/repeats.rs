//! Several images at each place: echoes, phases, time points. Each becomes a stack of its own, named by what differs.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::domain::instance::Setting;
use crate::import::dicom::parts::{Image, joined, tie};
use crate::import::dicom::slice_spacing::{SAME_POSITION_MM, mm};

/// More images than this at each place stay one stack: nobody opens a hundred.
const MAX_SETS: usize = 40;

/// Images of which no two lie at one place, as far as a setting could part them.
pub struct Repeat<'a> {
    pub images: Vec<Image<'a>>,
    /// Empty when nothing had to be parted.
    pub label: String,
}

/// A value to part by: it sorts, and it has words.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Absent,
    Number(f64),
    Text(String),
}

struct Criterion {
    value: fn(&Image<'_>) -> Value,
    words: fn(&Value, &Image<'_>) -> String,
}

/// The gravest difference first.
const CRITERIA: [Criterion; 15] = [
    Criterion { value: |image| number(of(image).echo.map(|n| n as f64)), words: echo_words },
    Criterion { value: |image| number(of(image).echo_time_ms), words: |v, _| named("TE", v, "ms") },
    Criterion { value: |image| number(of(image).inversion_time_ms), words: |v, _| named("TI", v, "ms") },
    Criterion { value: |image| number(of(image).b_value), words: |v, _| named("b", v, "s/mm²") },
    Criterion { value: |image| text(&of(image).contrast_phase), words: |v, _| phase_words(v) },
    Criterion { value: |image| text(&image.instance.acquisition.contrast_agent), words: |v, _| contrast_words(v) },
    Criterion { value: |image| number(of(image).kvp), words: |v, _| named("", v, "kV") },
    Criterion { value: |image| text(&image.instance.acquisition.kernel), words: |v, _| named("Kernel", v, "") },
    Criterion {
        value: |image| number(image.instance.acquisition.slice_thickness_mm),
        words: |v, _| named("", v, "mm thick"),
    },
    Criterion {
        value: |image| number(of(image).temporal_position.map(|n| n as f64)),
        words: |v, _| named("Time point", v, ""),
    },
    Criterion { value: |image| number(of(image).cardiac_phase_percent), words: |v, _| named("Cardiac phase", v, "%") },
    Criterion { value: |image| number(of(image).trigger_time_ms), words: |v, _| named("Trigger", v, "ms") },
    Criterion {
        value: |image| number(of(image).acquisition.map(|n| n as f64)),
        words: |v, _| named("Acquisition", v, ""),
    },
    Criterion { value: dimensions, words: |v, _| named("Dimension", v, "") },
    Criterion { value: |image| number(of(image).taken_at_s), words: |_, _| String::new() },
];

fn of<'a>(image: &'a Image<'_>) -> &'a Setting {
    &image.attributes.setting
}

fn number(value: Option<f64>) -> Value {
    value.map_or(Value::Absent, Value::Number)
}

fn text(value: &str) -> Value {
    if value.is_empty() { Value::Absent } else { Value::Text(value.to_owned()) }
}

fn dimensions(image: &Image<'_>) -> Value {
    match of(image).dimension_index.as_slice() {
        [] => Value::Absent,
        indices => Value::Text(indices.iter().map(|index| format!("{index:06}")).collect::<Vec<_>>().join("/")),
    }
}

fn named(name: &str, value: &Value, unit: &str) -> String {
    let value = match value {
        Value::Absent => return format!("No {}", if name.is_empty() { unit } else { name }),
        Value::Number(number) => mm(*number),
        Value::Text(text) => text.trim_start_matches('0').replace("/0", "/").replace("/0", "/"),
    };
    [name, &value, unit].iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

fn echo_words(value: &Value, image: &Image<'_>) -> String {
    let time = number(of(image).echo_time_ms);
    let time = if time == Value::Absent { String::new() } else { named("TE", &time, "ms") };
    joined(&[&named("Echo", value, ""), &time])
}

fn phase_words(value: &Value) -> String {
    match value {
        Value::Text(code) => {
            let word = code.to_lowercase().replace('_', " ");
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            format!("{first}{} contrast phase", letters.as_str())
        }
        _ => "No contrast phase".to_owned(),
    }
}

fn contrast_words(value: &Value) -> String {
    match value {
        Value::Text(agent) => format!("With contrast ({agent})"),
        _ => "Without contrast".to_owned(),
    }
}

/// Parts parallel images until no two of a stack lie at one place, or nothing tells them apart.
pub fn split(images: Vec<Image<'_>>) -> Vec<Repeat<'_>> {
    let mut done = Vec::new();
    // A stack of our own: criteria nest as deep as there are criteria
    let mut open = vec![Repeat { images, label: String::new() }];
    while let Some(Repeat { images, label }) = open.pop() {
        match parted(&images) {
            None => done.push(Repeat { images, label }),
            Some(parts) => open.extend(
                parts
                    .into_iter()
                    .rev()
                    .map(|part| Repeat { images: part.images, label: joined(&[&label, &part.label]) }),
            ),
        }
    }
    done
}

fn parted<'a>(images: &[Image<'a>]) -> Option<Vec<Repeat<'a>>> {
    let places = places(images)?;
    let most = places.iter().map(Vec::len).max()?;
    // One place at many moments is a film, not many stacks
    if most < 2 || places.len() < 2 {
        return None;
    }
    CRITERIA
        .iter()
        .find_map(|criterion| by(criterion, images, images.len() - places.len(), most))
        .or_else(|| by_rank(&places, most))
}

/// Parted by one criterion, when that leaves fewer repeats and no more parts than there are images at a place.
fn by<'a>(criterion: &Criterion, images: &[Image<'a>], n_repeats: usize, most: usize) -> Option<Vec<Repeat<'a>>> {
    let mut groups: Vec<(Value, Vec<Image<'a>>)> = Vec::new();
    for image in images {
        let value = (criterion.value)(image);
        let n_groups = groups.len();
        match groups.iter_mut().find(|(own, _)| *own == value) {
            Some((_, group)) => group.push(*image),
            None if n_groups > most => return None,
            None => groups.push((value, vec![*image])),
        }
    }
    let n_left: usize = groups.iter().filter_map(|(_, group)| Some(group.len() - places(group)?.len())).sum();
    if groups.len() < 2 || groups.len() > most.min(MAX_SETS) || n_left >= n_repeats {
        return None;
    }
    groups.sort_by(|(a, _), (b, _)| compared(a, b));
    let n_groups = groups.len();
    let parts = (1..).zip(groups).filter_map(|(index, (value, group))| {
        let words = (criterion.words)(&value, group.first()?);
        let label = if words.is_empty() { format!("Time point {index} of {n_groups}") } else { words };
        Some(Repeat { images: group, label })
    });
    Some(parts.collect())
}

/// Where each place holds as many images, the first of each, the second of each, and so on: by time, then by number.
fn by_rank<'a>(places: &[Vec<Image<'a>>], most: usize) -> Option<Vec<Repeat<'a>>> {
    if most > MAX_SETS || places.iter().any(|place| place.len() != most) {
        return None;
    }
    let mut sets: BTreeMap<usize, Vec<Image<'a>>> = BTreeMap::new();
    let mut is_timed = true;
    for place in places {
        let mut place = place.clone();
        place.sort_by(in_time);
        is_timed &= place.windows(2).all(|pair| matches!(pair, [a, b] if moment(a, b) == Ordering::Less));
        for (rank, image) in place.into_iter().enumerate() {
            sets.entry(rank).or_default().push(image);
        }
    }
    let word = if is_timed { "Time point" } else { "Set" };
    let named =
        |(rank, images): (usize, Vec<Image<'a>>)| Repeat { images, label: format!("{word} {} of {most}", rank + 1) };
    Some(sets.into_iter().map(named).collect())
}

/// Images by place along the normal; `None` when they have no places.
fn places<'a>(images: &[Image<'a>]) -> Option<Vec<Vec<Image<'a>>>> {
    let normal = images.first()?.plane?.normal();
    let placed: Option<Vec<(f64, Image<'a>)>> =
        images.iter().map(|image| Some((image.plane?.position_mm.dot(normal), *image))).collect();
    let mut placed = placed?;
    placed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut places: Vec<(f64, Vec<Image<'a>>)> = Vec::new();
    for (distance, image) in placed {
        match places.last_mut().filter(|(at, _)| distance - *at <= SAME_POSITION_MM) {
            Some((_, place)) => place.push(image),
            None => places.push((distance, vec![image])),
        }
    }
    Some(places.into_iter().map(|(_, place)| place).collect())
}

/// Order of images at one place: by the moment, then by number.
pub fn in_time(a: &Image<'_>, b: &Image<'_>) -> Ordering {
    moment(a, b).then_with(|| tie(a, b))
}

fn moment(a: &Image<'_>, b: &Image<'_>) -> Ordering {
    let keys = |image: &Image<'_>| {
        let setting = of(image);
        let position = setting.temporal_position.map(|n| n as f64);
        [position, setting.cardiac_phase_percent, setting.trigger_time_ms, setting.taken_at_s, setting.echo_time_ms]
    };
    let pairs = keys(a).into_iter().zip(keys(b));
    pairs
        .map(|(a, b)| compared(&number(a), &number(b)))
        .find(|order| *order != Ordering::Equal)
        .unwrap_or(Ordering::Equal)
}

fn compared(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Absent, Value::Absent) => Ordering::Equal,
        (Value::Absent, _) => Ordering::Less,
        (_, Value::Absent) => Ordering::Greater,
        (Value::Number(_), Value::Text(_)) => Ordering::Less,
        (Value::Text(_), Value::Number(_)) => Ordering::Greater,
    }
}
