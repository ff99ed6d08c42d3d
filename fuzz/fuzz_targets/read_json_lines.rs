//! Lines behind a good one, so that they are read as JSON lines.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| cordon_fuzz::read(b"{\"time\":1}\n", data));
