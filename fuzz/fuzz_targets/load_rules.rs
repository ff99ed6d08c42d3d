//! Any text as a file of Sigma rules: it never fails, whatever the text is.

#![no_main]

use std::num::NonZeroUsize;

use cordon_evidence::sigma::RuleSet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let rules = RuleSet::load(&[("fuzz.yml", text.as_ref())], NonZeroUsize::MIN);
    assert_eq!(rules.report().files, 1);
});
