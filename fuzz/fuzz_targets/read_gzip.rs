//! Behind the start of a gzip member.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| cordon_fuzz::read(b"\x1f\x8b\x08\0\0\0\0\0\0\x03", data));
