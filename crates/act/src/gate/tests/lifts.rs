//! Leases, lifts, and what the gate remembers for them: each rule broken once.

use super::*;

#[test]
fn nothing_is_withdrawn_after_the_lease_or_begun_after_the_approval() {
    let longer = |orders: &mut Orders| orders.orders[0].lease_minutes = 119;
    let mut bed = Bed::with(GateRules::default(), longer);
    let refused = bed.call(Verb::Apply, at(60)).unwrap_err();
    assert!(matches!(refused, Refusal::ApprovalOver { .. }), "{refused}");
    bed.call(Verb::Apply, at(59)).unwrap();
    bed.call(Verb::Apply, at(118)).unwrap();
    let refused = bed.call(Verb::Apply, at(119)).unwrap_err();
    assert!(matches!(refused, Refusal::LeaseOver { .. }), "{refused}");
    let shorter = |orders: &mut Orders| orders.orders[0].lease_minutes = 10;
    let mut bed = Bed::with(GateRules::default(), shorter);
    let refused = bed.call(Verb::Apply, at(10)).unwrap_err();
    assert!(matches!(refused, Refusal::ApprovalOver { .. }), "{refused}");
}

#[test]
fn a_lift_at_the_end_of_a_lease_may_come_a_minute_early() {
    let mut bed = Bed::new();
    bed.call(Verb::Apply, at(1)).unwrap();
    let early = at(60) - SignedDuration::from_secs(1);
    assert!(matches!(
        bed.call(Verb::Lift, early),
        Err(Refusal::LiftNotApproved { .. })
    ));
    bed.call(Verb::Lift, at(60)).unwrap();
}

#[test]
fn what_a_person_left_as_somebody_changed_it_is_begun_anew_by_other_orders() {
    let mut bed = Bed::new();
    bed.call(Verb::Apply, at(1)).unwrap();
    let plan = PLAN.replace('0', "f");
    let other = orders_of(
        &plan,
        vec![order(&plan, 1, vec![account("pat")], 600, LeaseEnd::Lift)],
    );
    bed.gate
        .register(other.clone(), &approval(&other, at(1)), at(1))
        .unwrap();
    let anew = |asked: &mut Asked| {
        asked.digest = other.digest();
        asked.orders = vec![Orders::order_id(&plan, 1)];
        asked.prior = Some(PointState(json!("as it stands now")));
    };
    let refused = bed.call_with(Verb::Apply, at(2), anew).unwrap_err();
    assert!(matches!(refused, Refusal::PriorDiffers { .. }));
    permit_lift(&mut bed.gate, PLAN, OrderChoice::All, at(2)).unwrap();
    bed.call_with(Verb::Apply, at(2), anew).unwrap();
    permit_lift(&mut bed.gate, &plan, OrderChoice::All, at(3)).unwrap();
    let refused = bed.call(Verb::Lift, at(3)).unwrap_err();
    assert!(matches!(refused, Refusal::PriorDiffers { .. }));
    bed.call_with(Verb::Lift, at(3), anew).unwrap();
}

#[test]
fn a_full_gate_makes_room_by_what_holds_nothing_any_more() {
    let mut gate = Gate::new(GateRules::default(), GateState::default());
    let plan_of = |number: usize| format!("{number:064x}");
    let orders = |number: usize| {
        let plan = plan_of(number);
        orders_of(
            &plan,
            vec![order(&plan, 1, vec![account("pat")], 60, LeaseEnd::Lift)],
        )
    };
    for number in 0..REGISTERED_MAX {
        let one = orders(number);
        let approved = approval(&one, at(0));
        gate.register(one, &approved, at(0)).unwrap();
    }
    let one = orders(REGISTERED_MAX);
    let approved = approval(&one, at(0));
    assert_eq!(gate.register(one.clone(), &approved, at(1)), Err(Refusal::Full));
    let stuck = orders(7);
    let asked = Asked {
        point: PointName::from("directory"),
        epoch: 1,
        number: 1,
        digest: stuck.digest(),
        orders: vec![Orders::order_id(&plan_of(7), 1)],
        target: Some(account("pat")),
        prior: Some(PointState(json!(1))),
        lease_until: None,
    };
    gate.admit(&asked.call(Verb::Apply), at(1)).unwrap();
    permit_lift(&mut gate, &plan_of(7), OrderChoice::All, at(1)).unwrap();
    gate.register(one, &approved, at(1)).unwrap();
    assert!(!gate.state().registered.contains_key(&stuck.digest()));
}

#[test]
fn a_lift_needs_somebody_who_says_so_or_the_end_of_the_lease() {
    let mut bed = Bed::new();
    bed.call(Verb::Apply, at(1)).unwrap();
    assert!(matches!(
        bed.call(Verb::Lift, at(2)),
        Err(Refusal::LiftNotApproved { .. })
    ));
    bed.call(Verb::Lift, at(61)).unwrap();

    let mut bed = Bed::with(GateRules::default(), |orders| {
        orders.orders[0].at_lease_end = LeaseEnd::Hold
    });
    assert_eq!(bed.call(Verb::Apply, at(1)).unwrap().lease_until, None);
    assert!(matches!(
        bed.call(Verb::Lift, at(61)),
        Err(Refusal::LiftNotApproved { .. })
    ));
    assert!(matches!(
        bed.call(Verb::Apply, at(61)),
        Err(Refusal::LeaseOver { .. })
    ));
    permit_lift(&mut bed.gate, PLAN, OrderChoice::All, at(62)).unwrap();
    bed.call(Verb::Lift, at(62)).unwrap();
    assert!(matches!(
        bed.call(Verb::Apply, at(62)),
        Err(Refusal::GivenUp { .. })
    ));
}

#[test]
fn a_lift_waits_for_the_last_order_that_withdraws_the_same() {
    let mut bed = Bed::new();
    let plan = PLAN.replace('0', "f");
    let other = orders_of(
        &plan,
        vec![order(&plan, 1, vec![account("pat")], 600, LeaseEnd::Lift)],
    );
    bed.gate
        .register(other.clone(), &approval(&other, at(0)), at(0))
        .unwrap();
    bed.call(Verb::Apply, at(1)).unwrap();
    // The other order may still be begun, and would run for longer.
    permit_lift(&mut bed.gate, PLAN, OrderChoice::All, at(2)).unwrap();
    assert!(matches!(
        bed.call(Verb::Lift, at(2)),
        Err(Refusal::StillHeld { .. })
    ));
    let of_other = |asked: &mut Asked| {
        asked.digest = other.digest();
        asked.orders = vec![Orders::order_id(&plan, 1)];
    };
    let admitted = bed.call_with(Verb::Apply, at(3), of_other).unwrap();
    assert_eq!(admitted.lease_until, Some(at(600)));
    assert!(matches!(
        bed.call(Verb::Lift, at(500)),
        Err(Refusal::StillHeld { .. })
    ));
    bed.call(Verb::Lift, at(600)).unwrap();
}

#[test]
fn the_prior_state_of_a_lift_is_the_one_of_the_first_apply() {
    let mut bed = Bed::new();
    bed.call(Verb::Apply, at(1)).unwrap();
    let other = PointState(json!({"enabled": false}));
    for verb in [Verb::Apply, Verb::Lift] {
        let refused = bed
            .call_with(verb, at(61), |call| call.prior = Some(other.clone()))
            .unwrap_err();
        assert!(
            matches!(refused, Refusal::PriorDiffers { .. } | Refusal::LeaseOver { .. }),
            "{refused}"
        );
    }
    let reordered = PointState(serde_json::from_str(r#"{"groups": ["a","b"], "enabled": true}"#).unwrap());
    bed.call_with(Verb::Lift, at(61), |call| call.prior = Some(reordered.clone()))
        .unwrap();
    bed.settle(Settlement::Lifted, at(61));
    bed.call(Verb::Lift, at(62)).unwrap();
}

#[test]
fn what_was_not_withdrawn_here_is_not_lifted() {
    let mut bed = Bed::new();
    permit_lift(&mut bed.gate, PLAN, OrderChoice::All, at(1)).unwrap();
    assert!(matches!(
        bed.call(Verb::Lift, at(1)),
        Err(Refusal::NeverApplied { .. })
    ));
}

#[test]
fn an_apply_without_effect_may_come_again_with_what_stands_now() {
    let mut bed = Bed::new();
    let now_stands = PointState(json!({"enabled": true, "groups": []}));
    bed.call(Verb::Apply, at(1)).unwrap();
    let refused = bed
        .call_with(Verb::Apply, at(1), |call| call.prior = Some(now_stands.clone()))
        .unwrap_err();
    assert!(matches!(refused, Refusal::PriorDiffers { .. }));
    bed.settle(Settlement::Unchanged, at(1));
    bed.call_with(Verb::Apply, at(1), |call| call.prior = Some(now_stands.clone()))
        .unwrap();
    bed.settle(Settlement::SeenOpen, at(1));
    bed.call(Verb::Apply, at(1)).unwrap();
}

#[test]
fn a_renewal_makes_a_lease_longer_and_never_revives_one() {
    let mut bed = Bed::new();
    bed.call(Verb::Apply, at(1)).unwrap();
    renew(&mut bed.gate, PLAN, OrderChoice::All, at(120), at(10)).unwrap();
    renew(&mut bed.gate, PLAN, OrderChoice::All, at(90), at(10)).unwrap();
    assert_eq!(bed.call(Verb::Apply, at(100)).unwrap().lease_until, Some(at(120)));
    let one = || OrderChoice::These([Orders::order_id(PLAN, 1)].into());
    let refused = renew(&mut bed.gate, PLAN, one(), at(200), at(120)).unwrap_err();
    assert!(matches!(refused, Refusal::LeaseOver { .. }));
    let refused = renew(&mut bed.gate, &PLAN.replace('0', "e"), one(), at(200), at(120)).unwrap_err();
    assert_eq!(refused, Refusal::NotRegistered);
    permit_lift(&mut bed.gate, PLAN, one(), at(100)).unwrap();
    let refused = renew(&mut bed.gate, PLAN, one(), at(200), at(100)).unwrap_err();
    assert!(matches!(refused, Refusal::GivenUp { .. }));
}

#[test]
fn an_approval_is_used_once_and_for_its_own_orders() {
    let mut bed = Bed::new();
    let orders = bed.gate.state().registered[&bed.digest].orders.clone();
    let mut changed = orders.clone();
    changed.orders[0].targets.push(account("sam"));
    let refused = bed
        .gate
        .register(changed, &approval(&orders, at(0)), at(1))
        .unwrap_err();
    assert!(matches!(refused, Refusal::NotApproved { .. }));
    bed.call(Verb::Apply, at(1)).unwrap();
    // Registering again neither restarts the lease nor forgets what was withdrawn.
    bed.gate
        .register(orders.clone(), &approval(&orders, at(2)), at(2))
        .unwrap();
    assert_eq!(bed.call(Verb::Apply, at(3)).unwrap().lease_until, Some(at(61)));
    let over = approval(&orders, at(0));
    permit_lift(&mut bed.gate, PLAN, OrderChoice::All, at(4)).unwrap();
    bed.call(Verb::Lift, at(4)).unwrap();
    bed.settle(Settlement::Lifted, at(4));
    assert_eq!(
        bed.gate.register(orders.clone(), &over, at(5)),
        Err(Refusal::Finished)
    );
    let refused = bed.gate.register(orders, &over, at(60)).unwrap_err();
    assert!(matches!(refused, Refusal::ApprovalOver { .. }));
}

#[test]
fn the_state_survives_being_written() {
    let mut bed = Bed::new();
    bed.call(Verb::Apply, at(1)).unwrap();
    let text = serde_json::to_string(bed.gate.state()).unwrap();
    let state: GateState = serde_json::from_str(&text).unwrap();
    assert_eq!(state, *bed.gate.state());
    bed.gate = Gate::new(GateRules::default(), state);
    let other = PointState(json!(1));
    let refused = bed
        .call_with(Verb::Apply, at(2), |call| call.prior = Some(other.clone()))
        .unwrap_err();
    assert!(matches!(refused, Refusal::PriorDiffers { .. }));
    bed.call(Verb::Lift, at(61)).unwrap();
}

#[test]
fn a_copy_and_what_was_overtaken_change_nothing_any_more() {
    let mut bed = Bed::new();
    let number = |number: u64| move |asked: &mut Asked| asked.number = number;
    bed.call_with(Verb::Apply, at(1), number(5)).unwrap();
    for late in [5, 4, 1] {
        let refused = bed.call_with(Verb::Apply, at(1), number(late)).unwrap_err();
        assert!(
            matches!(refused, Refusal::Overtaken { latest: 5, .. }),
            "{refused}"
        );
    }
    let refused = bed.call_with(Verb::Apply, at(1), number(0)).unwrap_err();
    assert!(matches!(refused, Refusal::Incomplete { .. }), "{refused}");
    bed.call_with(Verb::Lift, at(61), number(7)).unwrap();
    let refused = bed.call_with(Verb::Lift, at(61), number(7)).unwrap_err();
    assert!(matches!(refused, Refusal::Overtaken { .. }), "{refused}");
    bed.call_with(Verb::Observe, at(61), number(9)).unwrap();
    let refused = bed.call_with(Verb::Lift, at(61), number(8)).unwrap_err();
    assert!(
        matches!(refused, Refusal::Overtaken { latest: 9, .. }),
        "{refused}"
    );
    // A look that is itself overtaken harms nobody.
    bed.call_with(Verb::Observe, at(61), number(3)).unwrap();
    bed.call_with(Verb::Lift, at(61), number(10)).unwrap();
    // Numbers begin anew with each epoch.
    let later = |asked: &mut Asked| (asked.epoch, asked.number) = (2, 1);
    bed.call_with(Verb::Lift, at(61), later).unwrap();
}
