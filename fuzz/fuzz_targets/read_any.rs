//! Any bytes: the format is recognised, or not.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| cordon_fuzz::read(b"", data));
