//! The gate and its naive twin say the same, whatever happens in whatever order.

use proptest::prelude::*;
use serde_json::json;

use super::naive::{Naive, placement};
use super::*;

const POINTS: [&str; 2] = ["directory", "vpn"];
const ACCOUNTS: [&str; 3] = ["pat", "sam", "lee"];

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    Register(usize),
    PermitLift(usize),
    Renew(usize, i64),
    Wait(i64),
    Settle(usize, usize, Settlement),
    Call(Ask),
    /// The placement of the last call is seen withdrawn, or open; after so many minutes the same is asked again, or its lift.
    Again(bool, i64, bool),
    /// Everything is written and read again.
    Restart,
}

#[derive(Clone, Debug)]
struct Ask {
    verb: Verb,
    point: usize,
    account: usize,
    set: usize,
    order: usize,
    epoch: u64,
    /// How much higher its number is than that of the call before.
    further: u64,
    prior: u8,
    lease: Option<i64>,
}

fn ask() -> impl Strategy<Value = Ask> {
    let verb = prop_oneof![
        6 => Just(Verb::Apply),
        4 => Just(Verb::Lift),
        1 => Just(Verb::Observe),
    ];
    let epoch = prop_oneof![8 => Just(3u64), 1 => 0..5u64];
    let further = prop_oneof![9 => Just(1u64), 1 => Just(0u64)];
    let prior = prop_oneof![4 => Just(0u8), 1 => 1..3u8];
    let which = (0..POINTS.len(), 0..ACCOUNTS.len(), 0..SETS, 1..3usize);
    let number = (epoch, further);
    (verb, which, number, prior, prop::option::of(0..300i64)).prop_map(
        |(verb, (point, account, set, order), (epoch, further), prior, lease)| Ask {
            verb,
            point,
            account,
            set,
            order,
            epoch,
            further,
            prior,
            lease,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let settlement = prop_oneof![
        Just(Settlement::Unchanged),
        Just(Settlement::Lifted),
        Just(Settlement::SeenOpen),
        Just(Settlement::SeenWithdrawn),
        Just(Settlement::SeenWithdrawn),
        Just(Settlement::BreakGlassProven),
    ];
    prop_oneof![
        4 => (0..SETS).prop_map(Step::Register),
        2 => (0..SETS).prop_map(Step::PermitLift),
        1 => (0..SETS, 1..200i64).prop_map(|(set, minutes)| Step::Renew(set, minutes)),
        2 => prop_oneof![1..130i64, (1..70i64).prop_map(|minutes| minutes * 60)].prop_map(Step::Wait),
        3 => (0..POINTS.len(), 0..ACCOUNTS.len(), settlement)
            .prop_map(|(point, account, settlement)| Step::Settle(point, account, settlement)),
        12 => ask().prop_map(Step::Call),
        3 => (any::<bool>(), 0..50i64, any::<bool>()).prop_map(|(open, minutes, lift)| Step::Again(open, minutes, lift)),
        1 => Just(Step::Restart),
    ]
}

const SETS: usize = 4;

/// Sets of orders that overlap: the last two are of one plan.
fn sets() -> Vec<Orders> {
    let plan = |number: usize| format!("{number:064x}");
    let at = |mut order: Order, point: usize| {
        order.point = PointName::from(POINTS[point]);
        order
    };
    let set = |number: usize, orders: Vec<Order>| {
        let mut set = orders_of(&plan(number), orders);
        set.limits.per_point_and_minute = 1 + number as u32 / 2;
        set
    };
    let (pat, sam, lee) = (account("pat"), account("sam"), account("lee"));
    let mut sets = vec![
        set(
            1,
            vec![
                at(
                    order(&plan(1), 1, vec![pat.clone(), sam.clone()], 30, LeaseEnd::Lift),
                    0,
                ),
                at(order(&plan(1), 2, vec![pat.clone()], 90, LeaseEnd::Hold), 1),
            ],
        ),
        set(
            2,
            vec![at(order(&plan(2), 1, vec![pat.clone()], 200, LeaseEnd::Lift), 0)],
        ),
        set(
            3,
            vec![
                at(order(&plan(3), 1, vec![pat.clone()], 10, LeaseEnd::Hold), 0),
                at(order(&plan(3), 2, vec![lee.clone()], 10, LeaseEnd::Lift), 1),
            ],
        ),
    ];
    let mut last = sets[2].clone();
    last.orders[1].targets.push(sam);
    last.never = vec![placement(&PointName::from("vpn"), &lee)];
    sets.push(last);
    sets
}

/// The name of the rule that refused.
fn rule(refusal: &Refusal) -> String {
    let text = format!("{refusal:?}");
    text.split([' ', '{']).next().unwrap().to_owned()
}

fn rules() -> GateRules {
    GateRules {
        break_glass_proof_at: [PointName::from("vpn")].into(),
        ..GateRules::default()
    }
}

struct Both {
    gate: Gate,
    naive: Naive,
    sets: Vec<Orders>,
    now: Timestamp,
    last: Option<Ask>,
    calls: u64,
    /// What the gate said so far.
    said: std::collections::BTreeSet<String>,
}

impl Both {
    fn new() -> Self {
        Self {
            gate: Gate::new(rules(), GateState::default()),
            naive: Naive::new(vec![PointName::from("vpn")]),
            sets: sets(),
            now: at(0),
            last: None,
            calls: 0,
            said: std::collections::BTreeSet::new(),
        }
    }

    fn settle(&mut self, point: usize, name: usize, settlement: Settlement) {
        let (point, target) = (PointName::from(POINTS[point]), account(ACCOUNTS[name]));
        self.gate.settle(&point, Some(&target), settlement, self.now);
        self.naive
            .settle(&placement(&point, &target), settlement, self.now);
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let now = self.now;
        match step {
            Step::Wait(seconds) => self.now = now + SignedDuration::from_secs(*seconds),
            Step::Restart => {
                self.naive.looks.clear();
                let text = serde_json::to_string(self.gate.state()).unwrap();
                self.gate = Gate::new(rules(), serde_json::from_str(&text).unwrap());
            }
            Step::Register(set) => {
                let orders = self.sets[*set].clone();
                let approved = approval(&orders, now);
                let twin = self.naive.register(&orders, approved.until(), now);
                let gate = self.gate.register(orders, &approved, now);
                prop_assert_eq!(gate.map_err(|no| rule(&no)), twin.map_err(str::to_owned));
            }
            Step::PermitLift(set) => {
                let plan = self.sets[*set].plan_hash.clone();
                let gate = permit_lift(&mut self.gate, &plan, OrderChoice::All, now);
                let twin = self.naive.permit_lift(&plan);
                prop_assert_eq!(
                    gate.map(drop).map_err(|no| rule(&no)),
                    twin.map_err(str::to_owned)
                );
            }
            Step::Renew(set, minutes) => {
                let (plan, until) = (
                    self.sets[*set].plan_hash.clone(),
                    now + SignedDuration::from_mins(*minutes),
                );
                let gate = renew(&mut self.gate, &plan, OrderChoice::All, until, now);
                let twin = self.naive.renew(&plan, until, now);
                prop_assert_eq!(
                    gate.map(drop).map_err(|no| rule(&no)),
                    twin.map_err(str::to_owned)
                );
            }
            Step::Settle(point, name, settlement) => self.settle(*point, *name, *settlement),
            Step::Again(open, minutes, lift) => {
                let Some(mut last) = self.last.clone() else {
                    return Ok(());
                };
                self.settle(last.point, last.account, Settlement::SeenWithdrawn);
                self.now = now + SignedDuration::from_mins(*minutes);
                if *open {
                    self.settle(last.point, last.account, Settlement::SeenOpen);
                }
                if *lift {
                    last.verb = Verb::Lift;
                }
                self.call(&last)?;
            }
            Step::Call(ask) => self.call(ask)?,
        }
        Ok(())
    }

    fn asked(&self, ask: &Ask) -> Asked {
        let set = &self.sets[ask.set];
        Asked {
            point: PointName::from(POINTS[ask.point]),
            epoch: ask.epoch,
            number: self.calls + ask.further,
            digest: set.digest(),
            orders: vec![Orders::order_id(&set.plan_hash, ask.order)],
            target: Some(account(ACCOUNTS[ask.account])),
            prior: Some(PointState(json!(ask.prior))),
            lease_until: ask.lease.map(at),
        }
    }

    fn call(&mut self, ask: &Ask) -> Result<(), TestCaseError> {
        self.last = Some(ask.clone());
        let said = self.would_say(ask);
        self.said.insert(said);
        let asked = self.asked(ask);
        self.calls += ask.further;
        let gate = self.gate.admit(&asked.call(ask.verb), self.now);
        let twin = self.naive.admit(&asked.call(ask.verb), self.now);
        prop_assert_eq!(
            gate.map(|admission| admission.lease_until)
                .map_err(|no| rule(&no)),
            twin.map_err(str::to_owned)
        );
        Ok(())
    }

    /// The name of what the gate would say, asked on a copy.
    fn would_say(&self, ask: &Ask) -> String {
        let asked = self.asked(ask);
        let answer = self.gate.clone().admit(&asked.call(ask.verb), self.now);
        let overdue = || {
            let registered = &self.gate.state().registered[&asked.digest];
            let order = registered.orders.order(&asked.orders[0]).unwrap();
            let stand = self
                .gate
                .state()
                .stand(&asked.digest, registered, order, self.now);
            matches!(stand, crate::gate::state::Stand::Overdue(_))
        };
        match answer {
            Err(no) => rule(&no),
            Ok(_) if ask.verb == Verb::Apply && overdue() => "ok-overdue".to_owned(),
            Ok(_) => format!("ok-{:?}", ask.verb),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn the_gate_and_its_naive_twin_agree(steps in prop::collection::vec(step(), 1..60)) {
        let mut both = Both::new();
        for step in &steps {
            both.step(step)?;
        }
    }
}

/// The generator reaches what it is for: otherwise agreement says little.
#[test]
fn random_nights_reach_every_rule() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut found = std::collections::BTreeSet::new();
    for _ in 0..300 {
        let steps = prop::collection::vec(step(), 60)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let mut both = Both::new();
        for step in &steps {
            both.step(step).unwrap();
        }
        found.append(&mut both.said);
    }
    for rule in [
        "ok-Apply",
        "ok-overdue",
        "ok-Lift",
        "Fenced",
        "NoEpoch",
        "NotRegistered",
        "NotOrdered",
        "ApprovalOver",
        "LeaseOver",
        "GivenUp",
        "Never",
        "BreakGlass",
        "PriorDiffers",
        "TooFast",
        "LiftNotApproved",
        "StillHeld",
        "NeverApplied",
        "Overtaken",
    ] {
        assert!(found.contains(rule), "{rule} was never reached: {found:?}");
    }
}
