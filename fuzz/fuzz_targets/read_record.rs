//! Any bytes as an export of the ledger, as a signed checkpoint and as keys: whatever is accepted is what a ledger writes.

#![no_main]

use cordon_ledger::export::{Line, Reading, checkpoint_line, end_line};
use cordon_ledger::{Checkpoint, SignedNote, Signer, VerifierKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    export(&text);
    if let Ok(note) = SignedNote::parse(&text) {
        assert_eq!(note.to_string(), text);
        if let Ok(checkpoint) = Checkpoint::unverified(&note) {
            assert_eq!(checkpoint.text(), note.text());
        }
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = Signer::from_secret_text(&text) {
        assert_eq!(key.secret_text(), text);
    }
});

/// Every line that is accepted is, byte for byte, what the same value would be written as.
fn export(text: &str) {
    let mut reading = Reading::new();
    for line in text.lines() {
        let written = match reading.line(line) {
            Ok(Line::Entry(entry)) => entry.to_line().unwrap(),
            Ok(Line::Checkpoint(note)) => checkpoint_line(&note.to_string()),
            Ok(Line::End) => end_line(&reading.verifying().clone().finish().unwrap()),
            Err(broken) => {
                assert!(broken.index <= reading.verifying().head().entries);
                return;
            }
        };
        assert_eq!(written, line);
    }
}
