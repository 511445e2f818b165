#![no_main]

use libfuzzer_sys::fuzz_target;
use overread::import::fuzzing;

fuzz_target!(init: overread_fuzz::panics_of_our_own_count(), |bytes: &[u8]| fuzzing::open_decode(bytes));
