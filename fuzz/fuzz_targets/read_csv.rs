//! Rows behind a header that the mapping knows.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| cordon_fuzz::read(b"t,h,u\n", data));
