//! A content tree on its way from a worker: item by item with its depth, so that no word of a worker can nest deeper
//! than the reader of it has stack.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::coding::CodedConcept;
use crate::domain::content_item::{ContentItem, ContentValue, Relationship, Template};
use crate::import::limits::Limits;

#[derive(Serialize, Deserialize)]
struct FlatItem {
    depth: u16,
    relationship: Option<Relationship>,
    name: Option<CodedConcept>,
    value: ContentValue,
    observation_uid: Option<String>,
    template: Option<Template>,
}

pub fn serialize<S: Serializer>(root: &ContentItem, serializer: S) -> Result<S::Ok, S::Error> {
    let mut items = Vec::new();
    put(root, 0, &mut items);
    items.serialize(serializer)
}

fn put(item: &ContentItem, depth: u16, items: &mut Vec<FlatItem>) {
    let ContentItem { relationship, name, value, observation_uid, template, children } = item;
    items.push(FlatItem {
        depth,
        relationship: *relationship,
        name: name.clone(),
        value: value.clone(),
        observation_uid: observation_uid.clone(),
        template: template.clone(),
    });
    children.iter().for_each(|child| put(child, depth.saturating_add(1), items));
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ContentItem, D::Error> {
    let items = Vec::<FlatItem>::deserialize(deserializer)?;
    // The way from the root to the item that was read last
    let mut way: Vec<ContentItem> = Vec::new();
    for FlatItem { depth, relationship, name, value, observation_uid, template } in items {
        let depth = usize::from(depth);
        let is_root = way.is_empty();
        if depth > way.len() || depth > Limits::MAX_NESTING || is_root != (depth == 0) {
            return Err(D::Error::custom("a content tree that is none"));
        }
        fold(&mut way, depth);
        way.push(ContentItem { relationship, name, value, observation_uid, template, children: Vec::new() });
    }
    fold(&mut way, 1);
    way.pop().ok_or_else(|| D::Error::custom("an empty content tree"))
}

/// Puts finished items into those above them until `n` are left.
fn fold(way: &mut Vec<ContentItem>, n: usize) {
    while way.len() > n {
        let (Some(finished), Some(above)) = (way.pop(), way.last_mut()) else { return };
        above.children.push(finished);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Sent(#[serde(with = "super")] ContentItem);

    fn item(words: &str) -> ContentItem {
        let name = CodedConcept::new("DCM", "121106", "Comment");
        ContentItem::new(Relationship::Contains, name, ContentValue::Text(words.to_owned()))
    }

    #[test]
    fn a_tree_arrives_as_it_was_sent_and_one_too_deep_does_not() {
        let tree = Sent(item("a").with(item("b").with(item("c"))).with(item("d")).with(item("e").with(item("f"))));
        let bytes = postcard::to_stdvec(&tree).unwrap();
        assert_eq!(postcard::from_bytes::<Sent>(&bytes).unwrap(), tree);
        let mut deep = item("0");
        for _ in 0..400 {
            deep = item("x").with(deep);
        }
        let bytes = postcard::to_stdvec(&Sent(deep)).unwrap();
        assert!(postcard::from_bytes::<Sent>(&bytes).is_err());
    }
}
