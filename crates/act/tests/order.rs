//! What is withdrawn is begun in the order of its plan, point by point and wave by wave, however answers come in.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use cordon_act::{
    Accepted, Answer, Ask, Book, Capabilities, Effect, Entry, Event, LeaseEnd, ORDERS_FORMAT, Observation,
    Order, Orders, Placement, PointName, PointState, Probe, ProbeAnswer, Reconciler, Request, Standing,
    Target, TargetKind, VolumeLimits, wave_of,
};
use jiff::{SignedDuration, Timestamp};

const CANARY: u32 = 2;
const ORDERS: usize = 30;

/// Points in an order that is neither that of their names nor that of the plan's text.
const POINTS: [&str; 3] = ["vpn", "directory", "firewall"];

fn accepted() -> Entry {
    let plan_hash = "cd".repeat(32);
    let order = |place: usize| Order {
        id: Orders::order_id(&plan_hash, place),
        // Names fall while places rise, so that an order by name would be found out.
        withdrawal: format!("disable-account/account:user{:02}", ORDERS - place),
        text: format!("Disable user{:02}", ORDERS - place),
        point: PointName::from(POINTS[(5 * place + place / 4) % 3]),
        targets: vec![Target::Account {
            account: format!("user{:02}", ORDERS - place),
        }],
        lease_minutes: 60,
        at_lease_end: LeaseEnd::Hold,
    };
    Entry::Accepted(Accepted {
        orders: Orders {
            format: ORDERS_FORMAT.to_owned(),
            orders: (1..=ORDERS).map(order).collect(),
            plan_hash,
            organisation: "test".to_owned(),
            limits: VolumeLimits {
                canary: CANARY,
                ..VolumeLimits::default()
            },
            never: Vec::new(),
        },
        approved_by: Vec::new(),
        break_glass: Vec::new(),
        break_glass_overridden: None,
    })
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

/// What a server says that remembers which accounts were withdrawn.
fn answer(request: &Request, withdrawn: &mut BTreeSet<Placement>) -> Answer {
    let stands = |standing, withdrawn: bool| {
        Answer::Stands(Ok(Observation {
            standing,
            state: PointState(serde_json::json!({ "disabled": withdrawn })),
            mark: None,
        }))
    };
    match &request.ask {
        Ask::Apply { .. } => {
            withdrawn.insert(request.placement.clone());
            stands(Standing::Withdrawn, true)
        }
        Ask::Observe if withdrawn.contains(&request.placement) => stands(Standing::Withdrawn, true),
        Ask::Observe | Ask::Lift { .. } => stands(Standing::Open, false),
        Ask::Probe => Answer::Tried(Ok(Probe {
            answer: ProbeAnswer::Refused,
            how: "tried".to_owned(),
        })),
    }
}

/// The place in the plan of everything that is withdrawn, in the order in which it is asked for.
fn begun(turn_round: bool) -> Vec<(PointName, usize)> {
    let mut reconciler = Reconciler::new(Book::replay([(at(0), &accepted())]), at(0));
    for point in POINTS {
        let claimed = Event::Claimed {
            point: PointName::from(point),
            epoch: 1,
            capabilities: Capabilities {
                kinds: vec![TargetKind::Account],
                holds_lease: false,
                survives_restart: true,
                leaves_open: String::new(),
            },
        };
        reconciler.handle(claimed, at(0));
    }
    let (mut begun, mut servers) = (Vec::new(), BTreeSet::new());
    for turn in 0..200 {
        let now = at(turn);
        let mut events = Vec::new();
        for effect in reconciler.poll(now) {
            events.push(match effect {
                Effect::Write(write) => Event::Written(write.id),
                Effect::ProbeServices { plan_hash } => Event::ServicesProbed {
                    plan_hash,
                    failing: Vec::new(),
                },
                Effect::Ask(request) => {
                    if matches!(request.ask, Ask::Apply { .. }) {
                        let (_, place) = request.order.0.rsplit_once('-').expect("named after its place");
                        let place = place.parse().expect("a number");
                        begun.push((request.placement.point.clone(), place));
                    }
                    let answer = answer(&request, &mut servers);
                    Event::Answered(request.call, answer)
                }
            });
        }
        // Writes and answers in their order, or all the other way round: no server owes anybody an order.
        if turn_round {
            events.reverse();
        }
        for event in events {
            reconciler.handle(event, now);
        }
    }
    begun
}

#[test]
fn what_is_begun_follows_the_order_of_the_plan() {
    let begun = begun(false);
    assert_eq!(begun.len(), ORDERS);
    for point in POINTS {
        let own: Vec<usize> = begun
            .iter()
            .filter(|(at, _)| at.0 == point)
            .map(|(_, place)| *place)
            .collect();
        assert!(own.is_sorted(), "{point}: {own:?}");
        assert!(own.len() > 3, "{point}: {own:?}");
    }
}

#[test]
fn no_wave_is_begun_before_the_one_before_it_whatever_comes_in_first() {
    for turn_round in [false, true] {
        let begun = begun(turn_round);
        assert_eq!(begun.len(), ORDERS);
        let waves: Vec<u32> = begun
            .iter()
            .map(|(_, place)| wave_of(place - 1, CANARY))
            .collect();
        assert!(waves.is_sorted(), "{waves:?}");
        let mut first: Vec<usize> = begun
            .iter()
            .take(CANARY as usize)
            .map(|(_, place)| *place)
            .collect();
        first.sort_unstable();
        assert_eq!(first, [1, 2], "the canary is what the plan has first");
    }
}
