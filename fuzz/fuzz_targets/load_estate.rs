//! Any text as an estate file, as YAML and as JSON lines; what loads is written and loads again.

#![no_main]

use cordon_estate::load::{load, to_yaml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    for name in ["fuzz.yaml", "fuzz.jsonl"] {
        match load(&[(name, &text)]) {
            Ok(loaded) => {
                let files = to_yaml(&loaded.estate);
                let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
                let again = load(&files).map(|again| again.estate.accesses.len());
                assert_eq!(again.ok(), Some(loaded.estate.accesses.len()), "{files:?}");
            }
            Err(diagnostics) => assert!(!diagnostics.render(false).is_empty()),
        }
    }
});
