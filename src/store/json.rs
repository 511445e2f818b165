//! Canonical JSON (keys sorted, no blanks) and hex: the same value is always the same bytes.

use serde::Serialize;
use serde_json::Value;

/// `None` when the value has no JSON form.
pub(crate) fn canonical(value: &impl Serialize) -> Option<String> {
    let value = serde_json::to_value(value).ok()?;
    let mut text = String::new();
    write(&value, &mut text);
    Some(text)
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            // Sorted here, whatever order the map keeps.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(value, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// Lower-case hex of a SHA-256, also as a serde field.
pub(crate) mod hex {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn encode(hash: &[u8; 32]) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn decode(text: &str) -> Option<[u8; 32]> {
        let mut hash = [0; 32];
        if text.len() != 64 || !text.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c)) {
            return None;
        }
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(hash)
    }

    pub fn serialize<S: Serializer>(hash: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(hash))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        decode(&text).ok_or_else(|| D::Error::custom("not a SHA-256 in lower-case hex"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth_and_text_is_escaped() {
        let value = serde_json::json!({"b": [1, {"z": null, "a": "\"\n"}], "a": 0.5});
        assert_eq!(canonical(&value).unwrap(), r#"{"a":0.5,"b":[1,{"a":"\"\n","z":null}]}"#);
    }

    #[test]
    fn hex_goes_both_ways_and_refuses_what_is_not_a_hash() {
        let hash = [0xa7; 32];
        assert_eq!(hex::decode(&hex::encode(&hash)), Some(hash));
        assert_eq!(hex::decode("A7"), None);
        assert_eq!(hex::decode(&"A7".repeat(32)), None);
    }
}
