//! Behind the start of a zstd frame.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| cordon_fuzz::read(b"\x28\xb5\x2f\xfd", data));
