//! A report in words, line by line: what a reader can always look at, understood or not.

use crate::domain::content_item::{ContentItem, ContentValue, GraphicType};
use crate::domain::document::DocumentLine;

/// Longer reports end with a word that says so.
const MAX_LINES: usize = 2000;

pub fn lines(root: &ContentItem) -> Vec<DocumentLine> {
    let mut lines = Vec::new();
    put(root, 0, &mut lines);
    if lines.len() > MAX_LINES {
        lines.truncate(MAX_LINES);
        lines.push(DocumentLine { depth: 0, text: "… more follows in the file".to_owned() });
    }
    lines
}

fn put(item: &ContentItem, depth: usize, lines: &mut Vec<DocumentLine>) {
    if lines.len() > MAX_LINES {
        return;
    }
    let name = item.name.as_ref().map_or("", |name| name.meaning.as_str());
    let value = words(&item.value);
    let text = match (name.is_empty(), value.is_empty()) {
        (true, _) => value,
        (false, true) => name.to_owned(),
        (false, false) => format!("{name}: {value}"),
    };
    let is_shown = !text.is_empty();
    if is_shown {
        lines.push(DocumentLine { depth, text });
    }
    item.children.iter().for_each(|child| put(child, depth + usize::from(is_shown), lines));
}

/// The value as a reader knows it; identifiers stay behind.
pub fn words(value: &ContentValue) -> String {
    match value {
        ContentValue::Container | ContentValue::UidRef(_) | ContentValue::ByReference(_) => String::new(),
        ContentValue::Code(code) => code.meaning.clone(),
        ContentValue::Text(text)
        | ContentValue::PersonName(text)
        | ContentValue::Date(text)
        | ContentValue::Time(text)
        | ContentValue::DateTime(text) => text.clone(),
        ContentValue::Number(number) => match number.value {
            Some(value) if matches!(number.unit.value.as_str(), "1" | "") => format!("{value}"),
            Some(value) => format!("{value} {}", number.unit.value),
            None => "no value".to_owned(),
        },
        ContentValue::Image(_) => "an image".to_owned(),
        ContentValue::Composite(_) => "another object".to_owned(),
        ContentValue::Coordinates(graphic, points) => place(*graphic, points.len()),
        ContentValue::Coordinates3d { graphic, points, .. } => {
            format!("{} in the patient", place(*graphic, points.len()))
        }
        ContentValue::Other(kind) if kind.is_empty() => String::new(),
        ContentValue::Other(kind) => format!("({kind}, not read)"),
    }
}

fn place(graphic: GraphicType, n_points: usize) -> String {
    format!("{} of {n_points} points", graphic.word().to_lowercase())
}

/// Items of the tree whose value could not be read.
pub fn n_unread(item: &ContentItem) -> usize {
    let own = usize::from(matches!(&item.value, ContentValue::Other(_)));
    own + item.children.iter().map(n_unread).sum::<usize>()
}
