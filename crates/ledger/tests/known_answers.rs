//! What another implementation computed. `known/three.ndjson`, the keys and the signature were made by a short Python
//! program from the documentation alone, with hashlib and an Ed25519 library, so that tools outside can verify a ledger.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail loudly"
)]

use cordon_ledger::export::{Line, Reading, checkpoint_line, end_line};
use cordon_ledger::{
    Chain, Checkpoint, CheckpointError, Draft, KeyError, NoteError, SignedNote, Signer, VerifierKey, verify,
};
use serde_json::json;

const KNOWN: &str = include_str!("known/three.ndjson");
const PUBLIC: &str = "example.org/cordon+1fffdcc3+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const SECRET: &str = "PRIVATE+KEY+example.org/cordon+1fffdcc3+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const NAME: &str = "example.org/cordon";

/// The bytes 0 to 31.
fn signer() -> Signer {
    let mut seed = [0; 32];
    (0..).zip(&mut seed).for_each(|(value, byte)| *byte = value);
    Signer::from_seed(NAME, &seed).unwrap()
}

fn drafts() -> [Draft; 3] {
    let draft = |time: &str, kind: &str, body| Draft {
        time: time.parse().unwrap(),
        kind: kind.to_owned(),
        body,
    };
    [
        draft(
            "2025-06-02T03:04:05Z",
            "order.intended",
            json!({"who": ["dana", "lee"], "target": "vpn", "minutes": 30.0}),
        ),
        draft(
            "2025-06-02T03:04:05.250Z",
            "order.applied",
            json!({"target": "vpn", "note": "café €", "share": 0.125}),
        ),
        draft("2025-06-02T03:04:04Z", "order.lifted", json!(null)),
    ]
}

fn note() -> String {
    let line: serde_json::Value = serde_json::from_str(KNOWN.lines().nth(3).unwrap()).unwrap();
    line["checkpoint"].as_str().unwrap().to_owned()
}

#[test]
fn the_export_is_the_known_one() {
    let mut chain = Chain::default();
    let entries: Vec<_> = drafts().iter().map(|draft| chain.next(draft).unwrap()).collect();
    let verified = verify(&entries).unwrap();
    assert_eq!(verified.clock_went_back_at, [2]);
    let signed = Checkpoint::of(&verified, NAME).sign(&signer()).unwrap();
    let mut lines: Vec<String> = entries.iter().map(|entry| entry.to_line().unwrap()).collect();
    lines.push(checkpoint_line(&signed.to_string()));
    lines.push(end_line(&verified));
    assert_eq!(lines.join("\n") + "\n", KNOWN);
}

#[test]
fn the_known_export_is_whole() {
    let mut reading = Reading::new();
    let key: VerifierKey = PUBLIC.parse().unwrap();
    let mut checkpoints = 0;
    for line in KNOWN.lines() {
        if let Line::Checkpoint(note) = reading.line(line).unwrap() {
            note.verify(&key).unwrap();
            checkpoints += 1;
        }
    }
    assert_eq!(checkpoints, 1);
    assert_eq!(reading.finish().unwrap().head.entries, 3);
}

#[test]
fn keys_have_the_known_text() {
    assert_eq!(signer().public().to_string(), PUBLIC);
    assert_eq!(signer().secret_text(), SECRET);
    assert_eq!(
        Signer::from_secret_text(SECRET).unwrap().public().to_string(),
        PUBLIC
    );
    assert!(!format!("{:?}", signer()).contains(SECRET.rsplit('+').next().unwrap()));
}

#[test]
fn wrong_keys_are_refused() {
    let refused = |text: &str| text.parse::<VerifierKey>().unwrap_err();
    assert_eq!(refused(&PUBLIC.replace("org", "com")), KeyError::Hash);
    assert_eq!(refused(&PUBLIC.replacen('+', " ", 1)), KeyError::Name);
    assert_eq!(refused(&PUBLIC.replace("+AQ", "+Ag")), KeyError::Algorithm);
    assert_eq!(
        refused(&PUBLIC.replacen("example", "exam ple", 1)),
        KeyError::Name
    );
    for text in [
        "",
        "name",
        "name+00000000",
        "name+0000000+AQ==",
        "name+00000000+AQ==",
    ] {
        assert_eq!(refused(text), KeyError::Form, "{text}");
    }
    assert_eq!(Signer::from_secret_text(PUBLIC).unwrap_err(), KeyError::Form);
    assert_eq!(Signer::from_seed("a+b", &[0; 32]).unwrap_err(), KeyError::Name);
}

#[test]
fn the_known_checkpoint_opens_and_a_changed_one_does_not() {
    let key: VerifierKey = PUBLIC.parse().unwrap();
    let note = note();
    let checkpoint = Checkpoint::open(&note, &key).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.entries), (NAME, 3));
    for at in 0..note.len() {
        let mut bytes = note.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else {
            continue;
        };
        assert!(Checkpoint::open(&changed, &key).is_err(), "byte {at}: {changed}");
    }
    let other = Signer::from_seed(NAME, &[7; 32]).unwrap();
    assert_eq!(
        Checkpoint::open(&note, other.public()),
        Err(CheckpointError::Note(NoteError::Unsigned))
    );
}

#[test]
fn a_witness_may_add_a_signature_but_not_replace_the_first() {
    let key: VerifierKey = PUBLIC.parse().unwrap();
    let witness = Signer::from_seed("witness.example", &[9; 32]).unwrap();
    let parsed = SignedNote::parse(&note()).unwrap();
    let by_witness = SignedNote::sign(parsed.text(), &witness).unwrap().to_string();
    let line = by_witness.lines().last().unwrap();
    let both = format!("{}{line}\n", note());
    assert!(Checkpoint::open(&both, &key).is_ok());
    SignedNote::parse(&both)
        .unwrap()
        .verify(witness.public())
        .unwrap();
    assert_eq!(
        Checkpoint::open(&by_witness, &key),
        Err(CheckpointError::Note(NoteError::Unsigned))
    );
    assert!(matches!(
        Checkpoint::open(&both, witness.public()),
        Err(CheckpointError::Origin { .. })
    ));
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    let signer = signer();
    for text in [
        "example.org/cordon\n03\nroot\n",
        "example.org/cordon\n3\n",
        "example.org/cordon\n3\nAAAA\n",
        "example.org/cordon\n-3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
    ] {
        let note = SignedNote::sign(text, &signer).unwrap();
        assert_eq!(
            Checkpoint::unverified(&note),
            Err(CheckpointError::Form),
            "{text}"
        );
    }
    for text in ["", "\n", "no newline", "a tab\t\n"] {
        assert_eq!(SignedNote::sign(text, &signer), Err(NoteError::Form), "{text}");
    }
    assert_eq!(SignedNote::parse(&"x".repeat(20_000)), Err(NoteError::TooLarge));
    let many = note()
        + &note()
            .lines()
            .last()
            .map(|line| format!("{line}\n"))
            .unwrap()
            .repeat(32);
    assert_eq!(SignedNote::parse(&many), Err(NoteError::TooLarge));
}
