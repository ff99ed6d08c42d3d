//! JSON values behind the start of an array.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| cordon_fuzz::read(b"[\n{\"time\":1},", data));
