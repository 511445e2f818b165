//! Deflated data (RFC 1951, PS3.5 A.5), inflated under a cap: a small file must not become a large one.

use flate2::{Decompress, FlushDecompress, Status};

use crate::import::error::ImportError;
use crate::import::limits::Limits;

/// What came out, and how many compressed bytes it took.
#[derive(Debug)]
pub struct Inflated {
    pub bytes: Vec<u8>,
    pub n_consumed: usize,
}

/// Output grows by this much at a time at most, so that what is reserved stays near what is used.
const MAX_STEP: usize = 16 << 20;

/// Inflates one whole stream of at most `most` bytes; a stream that was cut short is refused.
pub fn inflate(compressed: &[u8], most: u64, limits: &Limits) -> Result<Inflated, ImportError> {
    let limit = limits.max_inflated(compressed.len() as u64).min(most);
    let mut decoder = Decompress::new(false);
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        let n_consumed = usize::try_from(decoder.total_in()).unwrap_or(usize::MAX);
        let n_before = bytes.len();
        let broken = |fault| ImportError::Malformed { at: n_before as u64, fault };
        bytes.reserve_exact(n_before.clamp(64 << 10, MAX_STEP));
        let rest = compressed.get(n_consumed..).unwrap_or_default();
        let status = decoder
            .decompress_vec(rest, &mut bytes, FlushDecompress::None)
            .map_err(|_| broken("the deflated data cannot be inflated"))?;
        if bytes.len() as u64 > limit {
            return Err(ImportError::TooLarge { what: "The deflated data", limit });
        }
        let n_now = usize::try_from(decoder.total_in()).unwrap_or(usize::MAX);
        if status == Status::StreamEnd {
            return Ok(Inflated { bytes, n_consumed: n_now });
        }
        if n_now == n_consumed && bytes.len() == n_before {
            return Err(broken("the deflated data is cut short"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_whole_stream_comes_back_and_a_cut_one_does_not() {
        let plain: Vec<u8> = (0..200_000_u32).flat_map(|n| (n % 251).to_le_bytes()).collect();
        let mut stream = deflated(&plain);
        let n_stream = stream.len();
        stream.extend(b"more");
        let inflated = inflate(&stream, u64::MAX, &Limits::default()).unwrap();
        assert_eq!((inflated.bytes == plain, inflated.n_consumed), (true, n_stream));
        for n in [0, 1, n_stream / 2, n_stream - 1] {
            let cut = inflate(&stream[..n], u64::MAX, &Limits::default());
            assert!(matches!(cut, Err(ImportError::Malformed { .. })), "{n}");
        }
    }

    #[test]
    fn a_stream_that_grows_beyond_its_measure_is_refused() {
        let limits = Limits { min_inflated_bytes: 1 << 20, ..Limits::default() };
        let bomb = deflated(&vec![0; 4 << 20]);
        let refused = inflate(&bomb, u64::MAX, &limits);
        let limit = bomb.len() as u64 * 200;
        assert_eq!(refused.map_err(|error| error.code()).err(), Some("too_large"));
        assert_eq!(limits.max_inflated(bomb.len() as u64), limit.max(1 << 20));
        assert!(inflate(&bomb, 4 << 20, &Limits::default()).is_ok());
    }
}
