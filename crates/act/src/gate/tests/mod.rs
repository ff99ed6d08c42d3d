//! Each rule of the gate, broken once.

mod lifts;
mod naive;
mod overdue;
mod properties;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::*;
use crate::approval::{
    AllowedSigners, ApprovalStatement, Approved, Decision, LiftStatement, OrderChoice, RehearsalKey,
    RenewalStatement, Role, Terms, approve, approve_lift, approve_renewal,
};
use crate::{LeaseEnd, Order, Orders, VolumeLimits, Whom};

pub(super) const PLAN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub(super) fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

pub(super) fn key(number: u8) -> RehearsalKey {
    RehearsalKey::from_seed(&[number; 32])
}

pub(super) fn signers() -> AllowedSigners {
    let text: String = (1..=4)
        .map(|number| key(number).line(&format!("person-{number}")))
        .collect();
    AllowedSigners::parse(&text, &jiff::tz::TimeZone::UTC).unwrap()
}

pub(super) fn account(name: &str) -> Target {
    Target::Account {
        account: name.to_owned(),
    }
}

pub(super) fn order(
    plan: &str,
    place: usize,
    targets: Vec<Target>,
    lease: u32,
    at_lease_end: LeaseEnd,
) -> Order {
    Order {
        id: Orders::order_id(plan, place),
        withdrawal: format!("withdrawal {place}"),
        text: "for the test".to_owned(),
        point: PointName::from("directory"),
        targets,
        lease_minutes: lease,
        at_lease_end,
    }
}

pub(super) fn orders_of(plan: &str, orders: Vec<Order>) -> Orders {
    Orders {
        format: crate::ORDERS_FORMAT.to_owned(),
        plan_hash: plan.to_owned(),
        organisation: "a test".to_owned(),
        orders,
        limits: VolumeLimits {
            per_point_and_minute: 100,
            accounts: 10_000,
            ..VolumeLimits::default()
        },
        never: Vec::new(),
    }
}

pub(super) fn approval(orders: &Orders, now: Timestamp) -> Approved {
    let expires = now + SignedDuration::from_hours(1);
    let statement = ApprovalStatement::of(orders, Decision::Approve, expires);
    let signed: Vec<_> = (1..=2)
        .map(|number| key(number).sign(Role::Approve, &statement).unwrap())
        .collect();
    approve(orders, &signed, &signers(), &Terms::at(now)).unwrap()
}

pub(super) fn permit_lift(
    gate: &mut Gate,
    plan: &str,
    orders: OrderChoice,
    now: Timestamp,
) -> Result<Vec<OrderId>, Refusal> {
    let statement = LiftStatement {
        plan_hash: plan.to_owned(),
        orders,
        not_after: now + SignedDuration::from_hours(1),
    };
    let signed = key(3).sign(Role::Lift, &statement).unwrap();
    gate.permit_lift(&approve_lift(&signed, &signers(), now).unwrap(), now)
}

pub(super) fn renew(
    gate: &mut Gate,
    plan: &str,
    orders: OrderChoice,
    lease_until: Timestamp,
    now: Timestamp,
) -> Result<Vec<OrderId>, Refusal> {
    let statement = RenewalStatement {
        plan_hash: plan.to_owned(),
        orders,
        lease_until,
        not_after: now + SignedDuration::from_hours(1),
    };
    let signed = key(3).sign(Role::Renew, &statement).unwrap();
    gate.renew(&approve_renewal(&signed, &signers(), now).unwrap(), now)
}

/// A call that owns what it says.
pub(super) struct Asked {
    pub(super) point: PointName,
    pub(super) epoch: u64,
    pub(super) number: u64,
    pub(super) digest: String,
    pub(super) orders: Vec<OrderId>,
    pub(super) target: Option<Target>,
    pub(super) prior: Option<PointState>,
    pub(super) lease_until: Option<Timestamp>,
}

impl Asked {
    pub(super) fn call(&self, verb: Verb) -> GateCall<'_> {
        GateCall {
            verb,
            point: &self.point,
            epoch: self.epoch,
            call: self.number,
            orders_digest: &self.digest,
            orders: &self.orders,
            target: self.target.as_ref(),
            prior: self.prior.as_ref(),
            lease_until: self.lease_until,
        }
    }
}

/// One account in one order with a lease of an hour, registered.
struct Bed {
    gate: Gate,
    digest: String,
    point: PointName,
    id: OrderId,
    target: Target,
    prior: PointState,
    calls: u64,
}

impl Bed {
    fn new() -> Self {
        Self::with(GateRules::default(), |_| {})
    }

    fn with(rules: GateRules, change: impl FnOnce(&mut Orders)) -> Self {
        let target = account("pat");
        let mut orders = orders_of(
            PLAN,
            vec![order(PLAN, 1, vec![target.clone()], 61, LeaseEnd::Lift)],
        );
        change(&mut orders);
        let mut gate = Gate::new(rules, GateState::default());
        gate.register(orders.clone(), &approval(&orders, at(0)), at(0))
            .unwrap();
        Self {
            gate,
            digest: orders.digest(),
            point: PointName::from("directory"),
            id: Orders::order_id(PLAN, 1),
            target: orders.orders[0].targets[0].clone(),
            prior: PointState(json!({"enabled": true, "groups": ["a", "b"]})),
            calls: 0,
        }
    }

    fn call(&mut self, verb: Verb, now: Timestamp) -> Result<Admission, Refusal> {
        self.call_with(verb, now, |_| {})
    }

    fn call_with(
        &mut self,
        verb: Verb,
        now: Timestamp,
        change: impl FnOnce(&mut Asked),
    ) -> Result<Admission, Refusal> {
        self.calls += 1;
        let mut asked = Asked {
            point: self.point.clone(),
            epoch: 1,
            number: self.calls,
            digest: self.digest.clone(),
            orders: vec![self.id.clone()],
            target: Some(self.target.clone()),
            prior: Some(self.prior.clone()),
            lease_until: None,
        };
        change(&mut asked);
        self.gate.admit(&asked.call(verb), now)
    }

    fn settle(&mut self, settlement: Settlement, now: Timestamp) {
        self.gate.settle(&self.point, Some(&self.target), settlement, now);
    }
}

#[test]
fn what_was_approved_is_admitted_with_the_end_of_its_lease() {
    let mut bed = Bed::new();
    let admitted = bed.call(Verb::Apply, at(1)).unwrap();
    assert_eq!(admitted.lease_until, Some(at(61)));
    assert_eq!(admitted.mark, placement(&bed).mark());
    let earlier = bed
        .call_with(Verb::Apply, at(2), |call| call.lease_until = Some(at(30)))
        .unwrap();
    assert_eq!(earlier.lease_until, Some(at(30)));
    let later = bed
        .call_with(Verb::Apply, at(2), |call| call.lease_until = Some(at(300)))
        .unwrap();
    assert_eq!(later.lease_until, Some(at(61)));
}

fn placement(bed: &Bed) -> Placement {
    Placement {
        point: bed.point.clone(),
        target: bed.target.clone(),
    }
}

#[test]
fn a_lower_epoch_is_fenced_off_whatever_the_verb() {
    let mut bed = Bed::new();
    bed.call_with(Verb::Observe, at(1), |call| call.epoch = 7)
        .unwrap();
    for verb in [
        Verb::Observe,
        Verb::Apply,
        Verb::Lift,
        Verb::Probe,
        Verb::ProveBreakGlass,
    ] {
        let refused = bed.call_with(verb, at(1), |call| call.epoch = 6).unwrap_err();
        assert!(
            matches!(
                refused,
                Refusal::Fenced {
                    epoch: 6,
                    highest: 7,
                    ..
                }
            ),
            "{refused}"
        );
    }
    bed.call_with(Verb::Observe, at(1), |call| call.epoch = 0)
        .unwrap();
    let refused = bed
        .call_with(Verb::Apply, at(1), |call| call.epoch = 0)
        .unwrap_err();
    assert!(matches!(refused, Refusal::NoEpoch { .. }));
    bed.call_with(Verb::Apply, at(1), |call| call.epoch = 7).unwrap();
}

#[test]
fn what_is_not_registered_is_not_withdrawn() {
    let mut bed = Bed::new();
    let other = account("sam");
    let refused = bed
        .call_with(Verb::Apply, at(1), |call| call.target = Some(other.clone()))
        .unwrap_err();
    assert!(matches!(refused, Refusal::NotOrdered { .. }));
    let refused = bed
        .call_with(Verb::Apply, at(1), |call| call.digest = "ff".to_owned())
        .unwrap_err();
    assert_eq!(refused, Refusal::NotRegistered);
    let elsewhere = PointName::from("vpn");
    let refused = bed
        .call_with(Verb::Apply, at(1), |call| call.point = elsewhere.clone())
        .unwrap_err();
    assert!(matches!(refused, Refusal::NotOrdered { .. }));
    let ids = [OrderId::from("0123456789ab-02")];
    let refused = bed
        .call_with(Verb::Apply, at(1), |call| call.orders = ids.to_vec())
        .unwrap_err();
    assert!(matches!(refused, Refusal::NotOrdered { .. }));
    for verb in [Verb::Observe, Verb::Probe] {
        bed.call_with(verb, at(1), |call| call.target = Some(other.clone()))
            .unwrap();
    }
}

#[test]
fn calls_that_lack_something_are_refused() {
    let mut bed = Bed::new();
    for refused in [
        bed.call_with(Verb::Apply, at(1), |call| call.prior = None),
        bed.call_with(Verb::Apply, at(1), |call| call.target = None),
        bed.call_with(Verb::Apply, at(1), |call| call.orders = Vec::new()),
        bed.call_with(Verb::Lift, at(1), |call| call.orders = Vec::new()),
        bed.call_with(Verb::Observe, at(1), |call| call.target = None),
    ] {
        assert!(matches!(refused, Err(Refusal::Incomplete { .. })), "{refused:?}");
    }
    let large = PointState(json!("x".repeat(20_000)));
    let refused = bed
        .call_with(Verb::Apply, at(1), |call| call.prior = Some(large.clone()))
        .unwrap_err();
    assert!(matches!(refused, Refusal::PriorTooLarge { .. }));
}

#[test]
fn what_stands_on_a_never_list_is_not_withdrawn() {
    let listed = |orders: &mut Orders| {
        orders.never = vec![Placement {
            point: PointName::from("directory"),
            target: Target::Sessions {
                account: "PAT".to_owned(),
            },
        }];
    };
    let mut bed = Bed::with(GateRules::default(), listed);
    let refused = bed.call(Verb::Apply, at(1)).unwrap_err();
    assert!(matches!(refused, Refusal::Never { .. }), "{refused}");

    let never = NeverAccount {
        account: "shop\\Pat".to_owned(),
        points: None,
    };
    let rules = GateRules {
        never_accounts: vec![never.clone()],
        ..GateRules::default()
    };
    let mut bed = Bed::with(rules, |_| {});
    assert!(matches!(bed.call(Verb::Apply, at(1)), Err(Refusal::Never { .. })));

    let elsewhere = NeverAccount {
        points: Some([PointName::from("vpn")].into()),
        ..never
    };
    let rules = GateRules {
        never_accounts: vec![elsewhere],
        ..GateRules::default()
    };
    let mut bed = Bed::with(rules, |_| {});
    bed.call(Verb::Apply, at(1)).unwrap();
}

#[test]
fn the_never_list_of_any_registered_orders_counts() {
    let mut bed = Bed::new();
    let plan = PLAN.replace('0', "f");
    let mut other = orders_of(
        &plan,
        vec![order(&plan, 1, vec![account("sam")], 60, LeaseEnd::Lift)],
    );
    other.never = vec![placement(&bed)];
    bed.gate
        .register(other.clone(), &approval(&other, at(0)), at(0))
        .unwrap();
    assert!(matches!(bed.call(Verb::Apply, at(1)), Err(Refusal::Never { .. })));
}

#[test]
fn two_people_who_can_lift_are_always_left() {
    let lifters = |count: usize| GateRules {
        lifters: ["pat", "sam", "lee"][..count]
            .iter()
            .map(|name| Lifter {
                person: (*name).to_owned(),
                accounts: [(*name).to_owned(), format!("adm-{name}")].into(),
            })
            .collect(),
        ..GateRules::default()
    };
    let two = |orders: &mut Orders| {
        orders.orders[0].targets = vec![account("adm-pat"), account("sam"), account("pat")];
    };
    let mut bed = Bed::with(lifters(2), two);
    assert!(matches!(
        bed.call(Verb::Apply, at(1)),
        Err(Refusal::LastLifters { .. })
    ));

    let mut bed = Bed::with(lifters(3), two);
    bed.call(Verb::Apply, at(1)).unwrap();
    let again = account("pat");
    bed.call_with(Verb::Apply, at(1), |call| call.target = Some(again.clone()))
        .unwrap();
    let second = account("sam");
    let refused = bed.call_with(Verb::Apply, at(1), |call| call.target = Some(second.clone()));
    assert!(matches!(refused, Err(Refusal::LastLifters { .. })));
    bed.settle(Settlement::Unchanged, at(1));
    bed.gate
        .settle(&bed.point.clone(), Some(&again), Settlement::SeenOpen, at(1));
    bed.call_with(Verb::Apply, at(1), |call| call.target = Some(second.clone()))
        .unwrap();
}

#[test]
fn all_but_some_must_spare_whoever_may_not_be_withdrawn() {
    let rules = GateRules {
        never_accounts: vec![NeverAccount {
            account: "break-glass".to_owned(),
            points: None,
        }],
        ..GateRules::default()
    };
    let all_but = |names: &[&str]| Target::RemoteAccess {
        whom: Whom::AllBut(names.iter().map(|name| (*name).to_owned()).collect()),
    };
    let directory = PointName::from("directory");
    assert!(rules.forbids(&directory, &all_but(&["pat"])).is_some());
    assert!(
        rules
            .forbids(&directory, &all_but(&["Break-Glass@shop.example"]))
            .is_none()
    );
}

#[test]
fn an_order_is_begun_only_with_a_proven_break_glass_logon() {
    let rules = || GateRules {
        break_glass_proof_at: [PointName::from("directory")].into(),
        ..GateRules::default()
    };
    let mut bed = Bed::with(rules(), |_| {});
    assert!(matches!(
        bed.call(Verb::Apply, at(1)),
        Err(Refusal::BreakGlass { .. })
    ));
    bed.call_with(Verb::ProveBreakGlass, at(1), |call| call.target = None)
        .unwrap();
    bed.settle(Settlement::BreakGlassProven, at(-60));
    assert!(matches!(
        bed.call(Verb::Apply, at(1)),
        Err(Refusal::BreakGlass { .. })
    ));
    bed.settle(Settlement::BreakGlassProven, at(-59));
    bed.call(Verb::Apply, at(1)).unwrap();
    // What was begun goes on.
    bed.call(Verb::Apply, at(59)).unwrap();
}

#[test]
fn so_many_in_a_minute_and_the_rest_waits() {
    let mut bed = Bed::with(GateRules::default(), |orders| {
        orders.limits.per_point_and_minute = 2
    });
    bed.call(Verb::Apply, at(1)).unwrap();
    bed.call(Verb::Apply, at(1)).unwrap();
    let refused = bed
        .call(Verb::Apply, at(1) + SignedDuration::from_secs(18))
        .unwrap_err();
    assert_eq!(refused.wait_seconds(), Some(43));
    assert!(bed.call(Verb::Apply, at(2)).is_err());
    bed.call(Verb::Apply, at(2) + SignedDuration::from_secs(1))
        .unwrap();
}
