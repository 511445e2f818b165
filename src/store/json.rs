//! Canonical JSON (keys sorted, no blanks) and hex: the same value is always the same bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

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

/// Reads what [`canonical`] wrote, every number to the bit; `None` for anything else.
///
/// serde_json's reader, unless built with its `float_roundtrip`, is off by a unit in the last place for one number in
/// ten: a score would come back as another score.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    let mut rest = text;
    let value = value(&mut rest, 0)?;
    if rest.is_empty() { serde_json::from_value(value).ok() } else { None }
}

/// Deeper than any event or finding.
const MAX_DEPTH: usize = 64;

fn value(rest: &mut &str, depth: usize) -> Option<Value> {
    match rest.as_bytes().first()? {
        _ if depth > MAX_DEPTH => None,
        b'{' => object(rest, depth),
        b'[' => array(rest, depth),
        b'"' => string(rest).map(Value::String),
        b'-' | b'0'..=b'9' => number(rest),
        _ => {
            let words = [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))];
            words.into_iter().find_map(|(word, value)| take(rest, word).then_some(value))
        }
    }
}

fn object(rest: &mut &str, depth: usize) -> Option<Value> {
    let mut map = Map::new();
    if take(rest, "{}") {
        return Some(Value::Object(map));
    }
    take(rest, "{").then_some(())?;
    loop {
        let key = string(rest)?;
        take(rest, ":").then_some(())?;
        map.insert(key, value(rest, depth + 1)?);
        if take(rest, "}") {
            return Some(Value::Object(map));
        }
        take(rest, ",").then_some(())?;
    }
}

fn array(rest: &mut &str, depth: usize) -> Option<Value> {
    let mut values = Vec::new();
    if take(rest, "[]") {
        return Some(Value::Array(values));
    }
    take(rest, "[").then_some(())?;
    loop {
        values.push(value(rest, depth + 1)?);
        if take(rest, "]") {
            return Some(Value::Array(values));
        }
        take(rest, ",").then_some(())?;
    }
}

fn string(rest: &mut &str) -> Option<String> {
    let inner = rest.strip_prefix('"')?;
    let mut is_escaped = false;
    let end = inner.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })?;
    let (quoted, after) = rest.split_at_checked(end + 2)?;
    *rest = after;
    serde_json::from_str(quoted).ok()
}

fn number(rest: &mut &str) -> Option<Value> {
    let end = rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
    let (digits, after) = rest.split_at_checked(end)?;
    *rest = after;
    let is_integer = !digits.contains(['.', 'e', 'E']);
    let integer =
        || digits.parse::<u64>().ok().map(Number::from).or_else(|| digits.parse::<i64>().ok().map(Number::from));
    let real = || digits.parse::<f64>().ok().and_then(Number::from_f64);
    integer().filter(|_| is_integer).or_else(real).map(Value::Number)
}

fn take(rest: &mut &str, wanted: &str) -> bool {
    let after = rest.strip_prefix(wanted);
    *rest = after.unwrap_or(rest);
    after.is_some()
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
    fn every_number_is_read_back_to_the_bit() {
        // Knuth's MMIX generator; serde_json's own reader misses about one of ten by a unit in the last place.
        let mut bits: u64 = 1;
        for _ in 0..100_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let numbers = [f64::from_bits(bits), (bits >> 11) as f64 / (1_u64 << 53) as f64];
            for number in numbers.into_iter().filter(|number| number.is_finite()) {
                let text = canonical(&[number]).unwrap();
                let [read] = parse::<[f64; 1]>(&text).unwrap();
                assert_eq!(read.to_bits(), number.to_bits(), "{text}");
            }
        }
    }

    #[test]
    fn what_was_written_is_read_and_what_was_not_is_refused() {
        let value =
            serde_json::json!({"": [], "a": {}, "é\\\"\u{1}": [-1, u64::MAX, i64::MIN, 1e300, true, false, null]});
        assert_eq!(parse::<Value>(&canonical(&value).unwrap()), Some(value));
        let deep = "[".repeat(100_000);
        let refused =
            ["", "[1,]", "{\"a\"}", "{\"a\":1", "[1", "1 ", " 1", "\"a", "nul", "01e", "-", "1e999", &deep, "[1]]"];
        for text in refused {
            assert_eq!(parse::<Value>(text), None, "{text:.20}");
        }
    }

    #[test]
    fn hex_goes_both_ways_and_refuses_what_is_not_a_hash() {
        let hash = [0xa7; 32];
        assert_eq!(hex::decode(&hex::encode(&hash)), Some(hash));
        assert_eq!(hex::decode("A7"), None);
        assert_eq!(hex::decode(&"A7".repeat(32)), None);
    }
}
