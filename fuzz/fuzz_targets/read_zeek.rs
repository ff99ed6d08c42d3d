//! Rows and headers behind a header.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| cordon_fuzz::read(b"#fields\tts\tid.orig_h\tn\n#types\ttime\taddr\tcount\n", data));
