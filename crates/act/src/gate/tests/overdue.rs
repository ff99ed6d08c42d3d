//! What stands when its lease ends and its orders say that it stays.

use super::*;
use crate::{
    Accepted, Answer, Ask, Book, Capabilities, Effect, Entry, Event, Observation, ProbeAnswer, Reconciler,
    Standing,
};

/// An order whose lease ends after 61 minutes in a hold, begun after one.
fn bed() -> Bed {
    let mut bed = Bed::with(GateRules::default(), |orders| {
        orders.orders[0].at_lease_end = LeaseEnd::Hold
    });
    bed.call(Verb::Apply, at(1)).unwrap();
    bed
}

#[test]
fn what_stood_before_its_lease_ended_is_withdrawn_again_and_nothing_else() {
    let mut bed = bed();
    bed.settle(Settlement::SeenWithdrawn, at(2));
    // Somebody else undid it.
    bed.settle(Settlement::SeenOpen, at(62));
    let other = PointState(json!({"enabled": true}));
    let refused = bed.call_with(Verb::Apply, at(62), |asked| asked.prior = Some(other.clone()));
    assert!(
        matches!(refused, Err(Refusal::PriorDiffers { .. })),
        "nothing is begun anew"
    );
    bed.call(Verb::Apply, at(62)).unwrap();
    permit_lift(&mut bed.gate, PLAN, OrderChoice::All, at(63)).unwrap();
    bed.call(Verb::Lift, at(63)).unwrap();
    bed.settle(Settlement::Lifted, at(63));
    let refused = bed.call(Verb::Apply, at(64)).unwrap_err();
    assert!(matches!(refused, Refusal::GivenUp { .. }), "{refused}");
}

#[test]
fn what_was_never_seen_to_stand_is_not_withdrawn_after_its_lease() {
    let mut bed = bed();
    bed.settle(Settlement::SeenOpen, at(2));
    bed.settle(Settlement::SeenWithdrawn, at(3));
    let refused = bed.call(Verb::Apply, at(62)).unwrap_err();
    assert!(matches!(refused, Refusal::LeaseOver { .. }), "{refused}");
}

#[test]
fn an_order_whose_placement_another_withdrew_counts_as_begun() {
    let mut bed = bed();
    let plan = PLAN.replace('0', "f");
    let other = orders_of(
        &plan,
        vec![order(&plan, 1, vec![account("pat")], 600, LeaseEnd::Hold)],
    );
    bed.gate
        .register(other.clone(), &approval(&other, at(2)), at(2))
        .unwrap();
    bed.settle(Settlement::SeenWithdrawn, at(3));
    permit_lift(&mut bed.gate, PLAN, OrderChoice::All, at(4)).unwrap();
    // Its approval ended long ago, and nothing was ever asked on its behalf.
    let refused = bed.call(Verb::Lift, at(300)).unwrap_err();
    assert!(matches!(refused, Refusal::StillHeld { .. }), "{refused}");
    let on_its_behalf = |asked: &mut Asked| {
        asked.digest = other.digest();
        asked.orders = vec![Orders::order_id(&plan, 1)];
    };
    bed.call_with(Verb::Apply, at(300), on_its_behalf).unwrap();
    bed.settle(Settlement::SeenOpen, at(700));
    bed.call_with(Verb::Apply, at(700), on_its_behalf).unwrap();
}

fn seen(bed: &Bed, standing: Standing) -> Observation {
    let state = match standing {
        Standing::Open => bed.prior.clone(),
        _ => PointState(json!("withdrawn")),
    };
    Observation {
        standing,
        state,
        mark: None,
    }
}

/// The book of an executor that withdrew the placement of the bed, tried it, and then saw its lease end.
fn book(bed: &Bed) -> Book {
    let placement = placement(bed);
    let accepted = Accepted {
        orders: bed.gate.state().registered[&bed.digest].orders.clone(),
        approved_by: Vec::new(),
        break_glass: Vec::new(),
        break_glass_overridden: None,
    };
    let entries = [
        (at(0), Entry::Accepted(accepted)),
        (
            at(1),
            Entry::Applying {
                placement: placement.clone(),
                prior: seen(bed, Standing::Open),
                epoch: 1,
                attempt: 1,
            },
        ),
        (
            at(2),
            Entry::Applied {
                placement: placement.clone(),
                left: seen(bed, Standing::Withdrawn).state,
                server_lease_until: None,
                adopted: false,
            },
        ),
        (
            at(2),
            Entry::Verified {
                placement,
                answer: ProbeAnswer::Refused,
                how: "tried".to_owned(),
            },
        ),
        (
            at(61),
            Entry::Overdue {
                order: bed.id.clone(),
            },
        ),
    ];
    Book::replay(entries.iter().map(|(time, entry)| (*time, entry)))
}

/// The reconciler withdraws again what somebody else undid after the end of a lease that holds, and the gate lets it.
#[test]
fn reconciler_and_gate_agree_on_what_stays() {
    let mut bed = bed();
    bed.settle(Settlement::SeenWithdrawn, at(2));
    let mut reconciler = Reconciler::new(book(&bed), at(62));
    let capabilities = Capabilities {
        kinds: vec![crate::TargetKind::Account],
        holds_lease: false,
        survives_restart: true,
        leaves_open: String::new(),
    };
    let claimed = Event::Claimed {
        point: bed.point.clone(),
        epoch: 1,
        capabilities,
    };
    reconciler.handle(claimed, at(62));
    for _ in 0..20 {
        for effect in reconciler.poll(at(62)) {
            let event = match effect {
                Effect::Write(write) => Event::Written(write.id),
                Effect::ProbeServices { plan_hash } => Event::ServicesProbed {
                    plan_hash,
                    failing: Vec::new(),
                },
                Effect::Ask(request) => {
                    if let Ask::Apply { prior, .. } = &request.ask {
                        let asked = |asked: &mut Asked| asked.prior = Some(prior.clone());
                        bed.call_with(Verb::Apply, at(62), asked).unwrap();
                        return;
                    }
                    bed.settle(Settlement::SeenOpen, at(62));
                    Event::Answered(request.call, Answer::Stands(Ok(seen(&bed, Standing::Open))))
                }
            };
            reconciler.handle(event, at(62));
        }
    }
    panic!("it was not withdrawn again");
}
