//! One byte changed anywhere is found, and the entry named.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail loudly"
)]

use cordon_ledger::export::{Reading, checkpoint_line, end_line};
use cordon_ledger::limits::{BODY_BYTES_MAX, BODY_DEPTH_MAX, KIND_BYTES_MAX};
use cordon_ledger::{
    Broken, BrokenAt, Chain, Checkpoint, Draft, DraftError, Entry, Head, Signer, Verified, Verifying, verify,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn draft(body: Value) -> Draft {
    Draft {
        time: "2025-06-02T03:04:05Z".parse().unwrap(),
        kind: "test.entry".to_owned(),
        body,
    }
}

fn entries(count: u64) -> Vec<Entry> {
    let mut chain = Chain::default();
    (0..count)
        .map(|number| {
            chain
                .next(&draft(
                    json!({"number": number, "half": 0.5, "text": "a \"b\" \u{7}"}),
                ))
                .unwrap()
        })
        .collect()
}

/// An export with checkpoints after every third entry.
fn export(entries: &[Entry]) -> String {
    let signer = Signer::from_seed("example.org/cordon", &[1; 32]).unwrap();
    let mut lines = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        lines.push(entry.to_line().unwrap());
        if place % 3 == 2 {
            let so_far = verify(&entries[..=place]).unwrap();
            let note = Checkpoint::of(&so_far, "example.org/cordon")
                .sign(&signer)
                .unwrap();
            lines.push(checkpoint_line(&note.to_string()));
        }
    }
    lines.push(end_line(&verify(entries).unwrap()));
    lines.join("\n") + "\n"
}

fn read(text: &str) -> Result<Verified, BrokenAt> {
    let mut reading = Reading::new();
    for line in text.lines() {
        reading.line(line)?;
    }
    reading.finish()
}

#[test]
fn an_honest_export_is_whole() {
    let entries = entries(7);
    let verified = read(&export(&entries)).unwrap();
    assert_eq!(verified, verify(&entries).unwrap());
    assert_eq!(verified.head, Head::after(&entries[6]));
    assert_eq!(read(&export(&[])).unwrap().head, Head::EMPTY);
}

#[test]
fn any_changed_byte_of_an_export_is_found_and_named() {
    let text = export(&entries(4));
    let line_starts: Vec<usize> = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    for at in 0..text.len() {
        // The signature is for who has the key, and the line ends are not part of lines.
        let line = line_starts.iter().rposition(|start| *start <= at).unwrap();
        if line == 3 || text.as_bytes()[at] == b'\n' {
            continue;
        }
        for flip in [0x01, 0x20, 0x08] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= flip;
            let Ok(changed) = String::from_utf8(bytes) else {
                continue;
            };
            let broken = read(&changed).expect_err(&changed);
            let expected = [0, 1, 2, 2, 3, 4][line];
            assert!(
                broken.index == expected || (line == 5 && broken.index == 3),
                "byte {at} of line {line}: {broken}"
            );
        }
    }
}

#[test]
fn an_export_that_is_cut_off_is_not_whole() {
    let text = export(&entries(4));
    let lines: Vec<&str> = text.lines().collect();
    for kept in 0..lines.len() {
        assert!(read(&lines[..kept].join("\n")).is_err(), "{kept} lines");
    }
    let without_last_entry = [&lines[..4], &lines[5..]].concat().join("\n");
    assert_eq!(
        read(&without_last_entry),
        Err(BrokenAt {
            index: 3,
            why: Broken::Missing { expected: 4 }
        })
    );
    let more = text.clone() + lines[0];
    assert_eq!(read(&more).unwrap_err().why, Broken::End);
}

#[test]
fn entries_taken_out_put_in_or_swapped_are_found() {
    let good = entries(5);
    let mut out = good.clone();
    out.remove(2);
    assert_eq!(
        verify(&out),
        Err(BrokenAt {
            index: 2,
            why: Broken::Index { found: 3 }
        })
    );
    let mut swapped = good.clone();
    swapped.swap(1, 2);
    assert_eq!(verify(&swapped).unwrap_err().index, 1);
    let mut twice = good.clone();
    twice.insert(3, good[2].clone());
    assert_eq!(verify(&twice).unwrap_err().index, 3);
}

#[test]
fn an_entry_rewritten_with_its_digest_shows_at_the_next() {
    let mut forged = entries(4);
    let mut chain = Chain::from(Head::after(&forged[0]));
    forged[1] = chain.next(&draft(json!("it never happened"))).unwrap();
    assert_eq!(
        verify(&forged),
        Err(BrokenAt {
            index: 2,
            why: Broken::Previous
        })
    );
}

#[test]
fn a_record_rewritten_as_a_whole_is_found_by_its_checkpoint() {
    let good = entries(5);
    let mut chain = Chain::default();
    let forged: Vec<Entry> = (0..5)
        .map(|_| chain.next(&draft(json!("forged"))).unwrap())
        .collect();
    assert!(verify(&forged).is_ok(), "only a checkpoint tells");
    let root = verify(&good[..3]).unwrap().root;
    let against = |entries: &[Entry], size, root| {
        let mut verifying = Verifying::new();
        verifying.expect_root(size, root);
        entries.iter().try_for_each(|entry| verifying.push(entry))?;
        verifying.finish()
    };
    assert_eq!(against(&good, 3, root).unwrap().roots_matched, 1);
    assert_eq!(
        against(&forged, 3, root),
        Err(BrokenAt {
            index: 2,
            why: Broken::Root
        })
    );
    assert_eq!(
        against(&good[..2], 3, root),
        Err(BrokenAt {
            index: 2,
            why: Broken::Missing { expected: 3 }
        })
    );
    let nothing = verify::<Entry>([]).unwrap().root;
    assert_eq!(against(&good, 0, nothing).unwrap().roots_matched, 1);
    assert_eq!(against(&good, 0, root).unwrap_err().why, Broken::Root);
}

#[test]
fn what_is_over_a_limit_is_refused_and_leaves_the_chain_alone() {
    let mut chain = Chain::default();
    let mut kinds = vec![String::new(), "a b".to_owned(), "ä".to_owned(), "a\n".to_owned()];
    kinds.push("k".repeat(KIND_BYTES_MAX + 1));
    for kind in kinds {
        let draft = Draft {
            kind,
            ..draft(json!(1))
        };
        assert_eq!(chain.next(&draft), Err(DraftError::Kind));
    }
    let large = Value::from("x".repeat(BODY_BYTES_MAX - 1));
    assert_eq!(
        chain.next(&draft(large)),
        Err(DraftError::BodyTooLarge {
            bytes: BODY_BYTES_MAX + 1
        })
    );
    let deep = (0..=BODY_DEPTH_MAX).fold(json!(1), |inner, _| json!([inner]));
    assert!(matches!(chain.next(&draft(deep)), Err(DraftError::Body(_))));
    assert_eq!(chain.head(), Head::EMPTY);
}

#[test]
fn the_largest_entry_can_be_exported_and_read() {
    let mut chain = Chain::default();
    let largest = chain
        .next(&draft(Value::from("x".repeat(BODY_BYTES_MAX - 2))))
        .unwrap();
    let deepest = (0..BODY_DEPTH_MAX).fold(json!(1), |inner, _| json!({ "in": inner }));
    let deepest = chain.next(&draft(deepest)).unwrap();
    assert_eq!(read(&export(&[largest, deepest])).unwrap().head.entries, 2);
}

proptest! {
    #[test]
    fn any_changed_field_of_any_entry_is_found_there(
        at in 0usize..6, field in 0usize..6, bit in 0usize..256
    ) {
        let mut entries = entries(6);
        let entry = &mut entries[at];
        let flipped = |digest: cordon_ledger::Digest| {
            let mut bytes = *digest.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            cordon_ledger::Digest::from_bytes(bytes)
        };
        match field {
            0 => entry.index ^= 1 << (bit % 64),
            1 => entry.time = entry.time.checked_add(jiff::SignedDuration::from_nanos(1 + bit as i64)).unwrap(),
            2 => entry.kind.push('x'),
            3 => entry.body["number"] = json!(1_000 + bit),
            4 => entry.previous = flipped(entry.previous),
            _ => entry.digest = flipped(entry.digest),
        }
        prop_assert_eq!(verify(&entries).unwrap_err().index, at as u64);
    }

    #[test]
    fn no_bytes_make_the_reader_fail_otherwise_than_by_saying_so(text in "\\PC{0,200}") {
        prop_assert!(read(&text).is_err());
    }
}
