//! Lines behind a good one, so that they are read as syslog.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| cordon_fuzz::read(b"<34>Oct 11 22:14:15 host sshd[1]: x\n", data));
