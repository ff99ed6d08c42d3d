//! Any bytes as what other tools export.

#![no_main]

use cordon_estate::import::{bloodhound, csv, edges};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let _ = bloodhound::import(&[("fuzz", data)]);
    let _ = csv::import(&[("fuzz.csv", &text, csv::Mapping::default())]);
    let _ = edges::import("fuzz.csv", &text);
});
