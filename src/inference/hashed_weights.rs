//! Random weights that any language can make again: each number comes from its tensor's name and its place, so that
//! tests and benchmarks hold whole networks against other frameworks without a large file.
//!
//! The hash is FNV-1a of the name, then splitmix64 (Steele et al. 2014) of place after place.

use serde_json::{Map, Value, json};

use crate::inference::weights::ExpectedTensors;

/// A number in [-1, 1) for each place.
pub fn noise(name: &str, n: usize) -> impl Iterator<Item = f64> {
    let seed = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    (1..).take(n).map(move |place: u64| {
        let mut z = seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // 24 bits: exact in f32 too.
        (z >> 40) as f64 / 8_388_608.0 - 1.0
    })
}

/// A tensor's values: as large as keeps a network's activations in range, by name and shape.
pub fn tensor(name: &str, shape: &[usize]) -> Vec<f32> {
    let fan_in = shape.iter().skip(1).product::<usize>().max(1);
    let (middle, spread) = match shape.len() {
        1 if name.ends_with("running_var") => (1.0, 0.5),
        // A norm's.
        1 if name.ends_with(".weight") => (1.0, 0.3),
        1 => (0.0, 0.1),
        // He et al. 2015, for a uniform distribution.
        _ => (0.0, (6.0 / fan_in as f64).sqrt()),
    };
    noise(name, shape.iter().product()).map(|value| (middle + spread * value) as f32).collect()
}

/// All tensors of a network as a safetensors file.
pub fn safetensors(expected: &ExpectedTensors) -> Vec<u8> {
    let mut header = Map::new();
    let mut end = 0;
    for (name, shape) in expected {
        let begin = end;
        end += 4 * shape.iter().product::<usize>();
        header.insert(name.clone(), json!({ "dtype": "F32", "shape": shape, "data_offsets": [begin, end] }));
    }
    let mut header = Value::Object(header).to_string();
    // The values begin at a multiple of 8.
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut bytes = Vec::with_capacity(8 + header.len() + end);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header.as_bytes());
    for (name, shape) in expected {
        bytes.extend(tensor(name, shape).into_iter().flat_map(f32::to_le_bytes));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::weights::read_tensors;

    #[test]
    fn the_numbers_are_numpys_and_the_file_is_read_back() {
        // Made by `tests/cases/inference/full/make.py`'s own hash.
        let values: Vec<f64> = noise("features.conv0.weight", 3).collect();
        assert_eq!(values, KNOWN);
        let expected: ExpectedTensors =
            [("a.weight".to_owned(), vec![2, 3]), ("b.running_var".to_owned(), vec![4])].into_iter().collect();
        let tensors = read_tensors(&safetensors(&expected), &expected).unwrap();
        assert_eq!(tensors["a.weight"].flatten_all().unwrap().to_vec1::<f32>().unwrap(), tensor("a.weight", &[2, 3]));
        assert!(tensors["b.running_var"].to_vec1::<f32>().unwrap().iter().all(|value| (0.5..1.5).contains(value)));
    }

    const KNOWN: [f64; 3] = [0.37891411781311035, 0.8419265747070312, -0.7615982294082642];
}
