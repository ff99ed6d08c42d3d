//! What every store must do. Each case gets a fresh, empty store that it can open as often as it likes.

use std::time::Duration;

use cordon_ledger::limits::BODY_BYTES_MAX;
use cordon_ledger::{Checkpoint, Draft, Head, SignedNote, Signer};
use cordon_store::limits::{CLAIM_MAX, DRAFTS_MAX, FENCES_MAX};
use cordon_store::{Claim, FailureKind, Fence, Store, StoreError, entries};
use serde_json::{Value, json};

use super::{at, draft, drafts, refused, verified};

const MINUTE: Duration = Duration::from_secs(60);

/// Where a store is, which can be opened as often as one likes.
pub(crate) trait Place: Sync {
    fn open(&self) -> Result<Box<dyn Store>, StoreError>;
    fn open_to_read(&self) -> Result<Box<dyn Store>, StoreError>;
}

/// A path or an address.
impl Place for String {
    fn open(&self) -> Result<Box<dyn Store>, StoreError> {
        cordon_store::open(self)
    }

    fn open_to_read(&self) -> Result<Box<dyn Store>, StoreError> {
        cordon_store::open_to_read(self)
    }
}

/// A case: its name, and what it does with an empty store.
pub(crate) type Case = (&'static str, fn(&dyn Place));

/// All cases.
pub(crate) const CASES: &[Case] = &[
    (
        "what is written is read back, chained and durable",
        written_is_read_back,
    ),
    ("an append is all or nothing", all_or_nothing),
    ("an empty append checks fences and writes nothing", empty_append),
    ("odd values come back as they were", odd_values),
    ("pages are bounded and complete", pages),
    ("only the current claim writes", fences),
    ("epochs grow with every holder", epochs),
    ("impossible claims are refused", impossible_claims),
    ("one of many wins a claim", one_of_many_wins),
    ("many writers never fork the chain", many_writers),
    ("checkpoints are kept", checkpoints),
    ("a store opened to read changes nothing", read_only),
    ("a store that is not there is not made by reading", absent),
];

/// Runs every case on a store of its own.
pub(crate) fn run<P: Place>(mut fresh: impl FnMut() -> P) {
    for (name, case) in CASES {
        eprintln!("case: {name}");
        case(&fresh());
    }
}

fn claim(store: &mut dyn Store, holder: &str, seconds: i64) -> Result<Claim, StoreError> {
    store.claim("vpn", holder, at(seconds), MINUTE)
}

fn written_is_read_back(place: &dyn Place) {
    let mut store = place.open().unwrap();
    assert_eq!(store.head().unwrap(), Head::EMPTY);
    assert!(store.read(0, 10).unwrap().is_empty());
    let first = store.append(&drafts(3), &[]).unwrap();
    let second = store.append(&drafts(2), &[]).unwrap();
    assert_eq!(first.durable.head(), Head::after(&first.entries[2]));
    assert!(first.entries.iter().all(|entry| first.durable.covers(entry)));
    assert!(!first.durable.covers(&second.entries[0]) && second.durable.covers(&first.entries[0]));
    drop(store);
    let store = place.open().unwrap();
    let all = [first.entries, second.entries].concat();
    assert_eq!(store.read(0, 10).unwrap(), all);
    assert_eq!(verified(store.as_ref()).head, Head::after(&all[4]));
}

fn all_or_nothing(place: &dyn Place) {
    let mut store = place.open().unwrap();
    store.append(&drafts(1), &[]).unwrap();
    let mut one_bad = drafts(3);
    one_bad[2].kind = "not a kind".to_owned();
    assert!(matches!(
        refused(store.append(&one_bad, &[])),
        StoreError::Draft(_)
    ));
    let large = vec![draft(json!(1)), draft(Value::from("x".repeat(BODY_BYTES_MAX)))];
    assert!(matches!(refused(store.append(&large, &[])), StoreError::Draft(_)));
    let unclaimed = Fence {
        resource: "vpn".to_owned(),
        epoch: 1,
    };
    assert!(matches!(
        refused(store.append(&drafts(3), &[unclaimed])),
        StoreError::Fenced { .. }
    ));
    let too_many = drafts(DRAFTS_MAX + 1);
    assert!(matches!(
        refused(store.append(&too_many, &[])),
        StoreError::Input(_)
    ));
    assert_eq!(verified(store.as_ref()).head.entries, 1);
    store.append(&drafts(DRAFTS_MAX), &[]).unwrap();
    assert_eq!(verified(store.as_ref()).head.entries, 1 + DRAFTS_MAX as u64);
}

fn empty_append(place: &dyn Place) {
    let mut store = place.open().unwrap();
    assert_eq!(store.append(&[], &[]).unwrap().durable.head(), Head::EMPTY);
    let written = store.append(&drafts(2), &[]).unwrap();
    let current = claim(store.as_mut(), "first", 0).unwrap();
    let checked = store.append(&[], &[current.fence()]).unwrap();
    assert_eq!((checked.entries.len(), checked.durable), (0, written.durable));
    let other = Fence {
        epoch: 2,
        ..current.fence()
    };
    refused(store.append(&[], std::slice::from_ref(&other)));
    assert!(matches!(
        refused(store.append(&[], &vec![other; FENCES_MAX + 1])),
        StoreError::Input(_)
    ));
}

fn odd_values(place: &dyn Place) {
    let body = json!({
        "quote": "'); DROP TABLE entry; --", "nul": "\0", "line": "a\r\n\u{2028}b", "é": "\u{1f512}\u{202e}",
        "most": u64::MAX, "least": i64::MIN, "tiny": 5e-324, "one": 1.0, "": null, "nested": [[[{}]]]
    });
    let odd = Draft {
        time: "-009999-01-02T01:59:59Z".parse().unwrap(),
        kind: "~!\"'\\$1?".to_owned(),
        body,
    };
    let mut store = place.open().unwrap();
    let written = store.append(&[odd, draft(json!(1))], &[]).unwrap();
    assert_eq!(store.read(0, 2).unwrap(), written.entries);
    assert_eq!(written.entries[0].body["one"], json!(1));
    assert_eq!(verified(store.as_ref()).head.entries, 2);
    let odd_name = "'); --\u{1f512}";
    let claim = store.claim(odd_name, odd_name, at(0), MINUTE).unwrap();
    assert_eq!(store.claims().unwrap(), [claim]);
}

fn pages(place: &dyn Place) {
    let mut store = place.open().unwrap();
    // With its quotes a mebibyte.
    let large = "x".repeat(1024 * 1024 - 2);
    let written = store
        .append(&vec![draft(Value::from(large)); 40], &[])
        .unwrap()
        .entries;
    assert_eq!(store.read(38, 10).unwrap(), written[38..]);
    assert_eq!(store.read(3, 2).unwrap(), written[3..5]);
    assert!(store.read(40, 10).unwrap().is_empty());
    assert!(store.read(u64::MAX, 10).unwrap().is_empty());
    assert!(store.read(0, 0).unwrap().is_empty());
    let page = store.read(0, 40).unwrap();
    assert!(
        (30..36).contains(&page.len()),
        "{} of a mebibyte in a page",
        page.len()
    );
    let all: Vec<_> = entries(store.as_ref(), 1).collect::<Result<_, _>>().unwrap();
    assert_eq!(all, written[1..]);
}

fn fences(place: &dyn Place) {
    let (mut paused, mut successor) = (place.open().unwrap(), place.open().unwrap());
    let old = claim(paused.as_mut(), "paused", 0).unwrap();
    paused.append(&drafts(1), &[old.fence()]).unwrap();
    assert!(
        matches!(refused(claim(successor.as_mut(), "successor", 59)), StoreError::Held { by, until, .. }
        if by == "paused" && until == at(60))
    );
    // The claim has run out, and nobody has taken it: it is still the current one.
    paused.append(&drafts(1), &[old.fence()]).unwrap();
    let new = claim(successor.as_mut(), "successor", 60).unwrap();
    assert!(matches!(refused(paused.append(&drafts(1), &[old.fence()])),
        StoreError::Fenced { resource, epoch: 1, held_epoch: Some(2) } if resource == "vpn"));
    let other = successor.claim("firewall", "successor", at(60), MINUTE).unwrap();
    successor
        .append(&drafts(1), &[other.fence(), new.fence()])
        .unwrap();
    refused(successor.append(&drafts(1), &[other.fence(), old.fence()]));
    successor.release(&new).unwrap();
    assert!(matches!(
        refused(successor.append(&drafts(1), &[new.fence()])),
        StoreError::Fenced {
            epoch: 2,
            held_epoch: None,
            ..
        }
    ));
    assert_eq!(verified(paused.as_ref()).head.entries, 3);
}

fn epochs(place: &dyn Place) {
    let mut store = place.open().unwrap();
    let first = claim(store.as_mut(), "first", 0).unwrap();
    assert_eq!((first.epoch, first.until), (1, at(60)));
    let longer = claim(store.as_mut(), "first", 30).unwrap();
    assert_eq!((longer.epoch, longer.until), (1, at(90)));
    let earlier = claim(store.as_mut(), "first", 10).unwrap();
    assert_eq!(
        earlier.until,
        at(90),
        "a claim is not cut short by a clock that went back"
    );
    assert_eq!(
        claim(store.as_mut(), "first", 500).unwrap().epoch,
        1,
        "nobody else took it"
    );
    let second = claim(store.as_mut(), "second", 560).unwrap();
    assert_eq!(second.epoch, 2);
    store.release(&first).unwrap();
    assert_eq!(
        store.claims().unwrap(),
        std::slice::from_ref(&second),
        "an old claim gives nothing back"
    );
    store.release(&second).unwrap();
    store.release(&second).unwrap();
    assert!(store.claims().unwrap().is_empty());
    assert_eq!(claim(store.as_mut(), "second", 561).unwrap().epoch, 3);
    assert_eq!(store.claim("firewall", "first", at(0), MINUTE).unwrap().epoch, 1);
    let resources: Vec<String> = store
        .claims()
        .unwrap()
        .into_iter()
        .map(|one| one.resource)
        .collect();
    assert_eq!(resources, ["firewall", "vpn"]);
    drop(store);
    assert_eq!(place.open().unwrap().claims().unwrap().len(), 2);
}

fn impossible_claims(place: &dyn Place) {
    let mut store = place.open().unwrap();
    let long = "x".repeat(257);
    for (resource, holder, duration) in [
        ("", "me", MINUTE),
        ("vpn", "", MINUTE),
        ("a\0b", "me", MINUTE),
        ("vpn", "a\nb", MINUTE),
        (long.as_str(), "me", MINUTE),
        ("vpn", "me", CLAIM_MAX + MINUTE),
        ("vpn", "me", Duration::MAX),
    ] {
        let error = refused(store.claim(resource, holder, at(0), duration));
        assert!(matches!(error, StoreError::Input(_)), "{error}");
    }
    let end_of_time = jiff::Timestamp::MAX;
    assert!(matches!(
        refused(store.claim("vpn", "me", end_of_time, MINUTE)),
        StoreError::Input(_)
    ));
    assert!(store.claims().unwrap().is_empty());
}

fn one_of_many_wins(place: &dyn Place) {
    drop(place.open().unwrap());
    let answers: Vec<Result<Claim, StoreError>> = std::thread::scope(|scope| {
        let contenders: Vec<_> = (0..8)
            .map(|number| {
                scope.spawn(move || claim(place.open().unwrap().as_mut(), &format!("holder {number}"), 0))
            })
            .collect();
        contenders.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let won: Vec<&Claim> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    assert_eq!(won.len(), 1);
    for answer in &answers {
        assert!(
            matches!(answer, Ok(_) | Err(StoreError::Held { .. })),
            "{answer:?}"
        );
    }
}

/// Appends once it is its turn. On a slow disk that may take longer than a store waits; then nothing was written.
fn append_in_turn(store: &mut dyn Store, drafts: &[Draft]) {
    loop {
        match store.append(drafts, &[]) {
            Err(error) if error.failure() == Some(FailureKind::Busy) => {}
            done => return drop(done.unwrap()),
        }
    }
}

fn many_writers(place: &dyn Place) {
    std::thread::scope(|scope| {
        for writer in 0..6 {
            scope.spawn(move || {
                // The first to come makes the tables, also if all come at once.
                let mut store = place.open().unwrap();
                for number in 0..20 {
                    let body = json!({"writer": writer, "number": number});
                    append_in_turn(store.as_mut(), &[draft(body.clone()), draft(body)]);
                }
            });
        }
    });
    let store = place.open_to_read().unwrap();
    assert_eq!(verified(store.as_ref()).head.entries, 6 * 20 * 2);
    let all = store.read(0, 1000).unwrap();
    assert!(
        all.chunks(2).all(|pair| pair[0].body == pair[1].body),
        "an append was torn apart"
    );
    for writer in 0..6 {
        let numbers = all
            .iter()
            .step_by(2)
            .filter(|entry| entry.body["writer"] == writer);
        let numbers: Vec<i64> = numbers
            .map(|entry| entry.body["number"].as_i64().unwrap())
            .collect();
        assert_eq!(numbers, (0..20).collect::<Vec<i64>>());
    }
}

fn checkpoints(place: &dyn Place) {
    let signer = Signer::from_seed("example.org/cordon", &[3; 32]).unwrap();
    let sign = |store: &dyn Store| {
        let checkpoint = Checkpoint::of(&verified(store), "example.org/cordon");
        checkpoint.sign(&signer).unwrap()
    };
    let mut store = place.open().unwrap();
    let mut kept = vec![sign(store.as_ref())];
    store.append(&drafts(4), &[]).unwrap();
    kept.push(sign(store.as_ref()));
    for note in [&kept[1], &kept[0], &kept[1]] {
        store.keep_checkpoint(note).unwrap();
    }
    assert_eq!(
        store.checkpoints().unwrap(),
        kept,
        "by number of entries, each once"
    );
    let ahead = Checkpoint {
        entries: 5,
        ..Checkpoint::unverified(&kept[1]).unwrap()
    };
    let ahead = ahead.sign(&signer).unwrap();
    assert!(matches!(
        refused(store.keep_checkpoint(&ahead)),
        StoreError::Input(_)
    ));
    let no_checkpoint = SignedNote::sign("hello\n", &signer).unwrap();
    assert!(matches!(
        refused(store.keep_checkpoint(&no_checkpoint)),
        StoreError::Checkpoint(_)
    ));
}

fn read_only(place: &dyn Place) {
    let mut writing = place.open().unwrap();
    let mut reading = place.open_to_read().unwrap();
    writing.append(&drafts(2), &[]).unwrap();
    assert_eq!(verified(reading.as_ref()).head.entries, 2);
    for answer in [
        reading.append(&drafts(1), &[]).map(|_| ()),
        reading.append(&[], &[]).map(|_| ()),
        claim(reading.as_mut(), "reader", 0).map(|_| ()),
    ] {
        let error = refused(answer);
        assert_eq!(error.failure(), Some(FailureKind::ReadOnly), "{error}");
    }
    assert_eq!(verified(writing.as_ref()).head.entries, 2);
}

fn absent(place: &dyn Place) {
    for _ in 0..2 {
        let error = refused(place.open_to_read());
        assert_eq!(error.failure(), Some(FailureKind::Absent), "{error}");
    }
}
