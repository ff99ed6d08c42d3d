//! Plans with thousands of targets: what is written and asked at once stays bounded.

use cordon_act::limits::{CALLS_PER_POINT_MAX, ENTRIES_PER_WRITE_MAX};
use cordon_act::{
    Accepted, Book, Capabilities, Effect, Entry, Event, LeaseEnd, ORDERS_FORMAT, Order, Orders, PointName,
    Reconciler, Target, TargetKind, VolumeLimits,
};
use jiff::{SignedDuration, Timestamp};

const MANY: usize = 5_000;

fn accepted(at_lease_end: LeaseEnd) -> Entry {
    let plan_hash = "ab".repeat(32);
    let order = |place: usize| Order {
        id: Orders::order_id(&plan_hash, place),
        withdrawal: format!("disable-account/account:user{place}"),
        text: format!("Disable user{place}"),
        point: PointName::from("directory"),
        targets: vec![Target::Account {
            account: format!("user{place}"),
        }],
        lease_minutes: 60,
        at_lease_end,
    };
    Entry::Accepted(Accepted {
        orders: Orders {
            format: ORDERS_FORMAT.to_owned(),
            orders: (1..=MANY).map(order).collect(),
            plan_hash,
            organisation: "test".to_owned(),
            limits: VolumeLimits {
                canary: 5_000,
                ..VolumeLimits::default()
            },
            never: Vec::new(),
        },
        approved_by: Vec::new(),
        break_glass: Vec::new(),
        break_glass_overridden: None,
    })
}

fn after(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

/// Everything that is written when the leases of a plan have ended.
fn written_at_the_end(at_lease_end: LeaseEnd) -> Vec<Vec<Entry>> {
    let book = Book::replay([(after(0), &accepted(at_lease_end))]);
    let mut reconciler = Reconciler::new(book, after(61));
    let mut writes = Vec::new();
    for effect in reconciler.poll(after(61)) {
        if let Effect::Write(write) = effect {
            writes.push(write.entries);
        }
    }
    let again = reconciler.poll(after(61));
    assert!(
        again.iter().all(|effect| !matches!(effect, Effect::Write(_))),
        "said twice"
    );
    writes
}

#[test]
fn leases_that_end_in_one_instant_are_said_in_writes_that_a_store_takes() {
    let writes = written_at_the_end(LeaseEnd::Hold);
    assert!(
        writes
            .iter()
            .all(|entries| entries.len() <= ENTRIES_PER_WRITE_MAX)
    );
    assert_eq!(writes.iter().map(Vec::len).sum::<usize>(), MANY);
}

#[test]
fn leases_that_end_in_one_instant_are_lifted_by_one_entry() {
    let writes = written_at_the_end(LeaseEnd::Lift);
    let [entries] = writes.as_slice() else {
        panic!("{} writes", writes.len())
    };
    assert!(matches!(entries.as_slice(), [Entry::LiftAsked { orders, .. }] if orders.len() == MANY));
}

#[test]
fn a_point_is_asked_so_much_at_once_and_the_rest_follows_the_answers() {
    let now = after(1);
    let probed = Entry::ServicesProbed {
        plan_hash: "ab".repeat(32),
        wave: 0,
        failing: Vec::new(),
    };
    let entries = [(after(0), &accepted(LeaseEnd::Hold)), (after(0), &probed)];
    let mut reconciler = Reconciler::new(Book::replay(entries), now);
    let claimed = Event::Claimed {
        point: PointName::from("directory"),
        epoch: 1,
        capabilities: Capabilities {
            kinds: vec![TargetKind::Account],
            holds_lease: false,
            survives_restart: true,
            leaves_open: String::new(),
        },
    };
    reconciler.handle(claimed, now);
    let asked: Vec<_> = reconciler
        .poll(now)
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Ask(request) => Some(request.call),
            _ => None,
        })
        .collect();
    assert_eq!(asked.len(), CALLS_PER_POINT_MAX);
    assert!(
        reconciler.wake_at() > Some(now),
        "nothing is due before an answer"
    );
    let error = cordon_act::PointError::new(cordon_act::PointErrorKind::Target, "away");
    for call in &asked[..10] {
        let answer = cordon_act::Answer::Stands(Err(error.clone()));
        reconciler.handle(Event::Answered(*call, answer), now);
    }
    let more = reconciler.poll(now);
    let more = more.iter().filter(|effect| matches!(effect, Effect::Ask(_)));
    assert_eq!(more.count(), 10);
}
