//! What people do in a night: hand plans over, lift, renew, and lift everything at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cordon_act::approval::OrderChoice;
use cordon_act::{Accepted, EnforcementPoint as _, OrderId, Orders, Placement, Reconciler};

use super::{CHAOS_MILLISECONDS, Handed, Happening, Night, REST_MILLISECONDS, at};
use crate::execution::SimulatedPoint;
use crate::execution::chaos::Chaos;
use crate::execution::people::{self, Hand};

/// How long a lease that people renew runs, in minutes.
const RENEWED_MINUTES: i64 = 10;

fn these(order: &OrderId) -> OrderChoice {
    OrderChoice::These(BTreeSet::from([order.clone()]))
}

impl Night {
    /// People ask an executor that runs; if none does, nobody hears them.
    fn command(&mut self, ask: impl Fn(&mut Reconciler)) {
        for executor in 0..self.executors.len() {
            self.read_record(executor);
            let Some(state) = self.executors.get_mut(executor) else {
                continue;
            };
            if let Some(reconciler) = &mut state.running {
                ask(reconciler);
                return self.turn(executor, None);
            }
        }
    }

    /// As `cordon apply`: the orders are checked, registered with the actuator, and accepted.
    pub(super) fn hand_over(&mut self, handed: Handed) {
        let Handed {
            orders,
            hand,
            minutes,
            insists,
        } = handed;
        if let Err(refusal) = self.check(&orders)
            && !insists
        {
            return self.say(format!("orders are refused: {refusal}"));
        }
        self.plans.insert(orders.plan_hash.clone());
        match self.register(&orders, hand, minutes) {
            Ok(()) => {}
            Err(why) if insists => {
                self.is_tainted = true;
                self.say(format!("the executor carries on although {why}"));
            }
            Err(why) => return self.say(format!("orders are not registered: {why}")),
        }
        let accepted = Accepted {
            orders,
            approved_by: vec!["one".to_owned(), "two".to_owned()],
            break_glass: Vec::new(),
            break_glass_overridden: None,
        };
        self.say("orders are accepted");
        let admitted = cordon_act::Admitted::in_simulation(accepted);
        self.command(|reconciler| reconciler.accept(admitted.clone()));
    }

    fn check(&self, orders: &Orders) -> Result<(), cordon_act::admit::Refusal> {
        let capabilities = self.servers.iter().map(|(name, server)| {
            let point = SimulatedPoint::new(Arc::clone(server));
            (name.clone(), point.capabilities())
        });
        let points: BTreeMap<_, _> = capabilities.collect();
        let grounds = cordon_act::admit::Grounds {
            points: &points,
            book: &self.record.book,
            never_accounts: &self.never,
            lifters: &BTreeSet::new(),
        };
        cordon_act::admit::check(orders, &grounds)
    }

    /// The actuator verifies what people signed, and registers the orders.
    fn register(&mut self, orders: &Orders, hand: Hand, minutes: i64) -> Result<(), String> {
        if hand == Hand::Two {
            self.approved.insert(orders.digest());
        }
        let approved = people::approval(orders, hand, minutes, self.now)
            .ok_or_else(|| "nothing could be signed".to_owned())?
            .map_err(|error| error.to_string())?;
        let registered = self.gate.register(orders.clone(), &approved, self.now);
        registered.map_err(|refusal| refusal.to_string())
    }

    /// As `cordon lift`: the actuator is told first.
    pub(super) fn lift(&mut self, plan_hash: &str, order: OrderId) {
        let permitted = people::lift(plan_hash, these(&order), self.now)
            .map(|approved| self.gate.permit_lift(&approved, self.now));
        if !matches!(permitted, Some(Ok(_))) {
            return self.say("there is nothing to lift");
        }
        self.command(|reconciler| reconciler.lift(vec![order.clone()], "people".to_owned(), false));
    }

    /// As `cordon renew`: the actuator is told first.
    pub(super) fn renew(&mut self, plan_hash: &str, order: OrderId) {
        let approved = people::renewal(plan_hash, these(&order), RENEWED_MINUTES, self.now);
        let Some(approved) = approved else {
            return self.say("nothing could be signed");
        };
        if let Err(refusal) = self.gate.renew(&approved, self.now) {
            return self.say(format!("nothing is renewed: {refusal}"));
        }
        let until = approved.lease_until();
        self.command(|reconciler| reconciler.renew(vec![order.clone()], until, "people".to_owned()));
    }

    /// From here on nothing goes wrong, everything is lifted, and what others changed is left as it is.
    pub(super) fn calm_down(&mut self) {
        self.say("calm");
        self.chaos = Chaos::NONE;
        for executor in 0..self.executors.len() {
            if self
                .executors
                .get(executor)
                .is_some_and(|state| state.running.is_none())
            {
                self.start(executor);
            }
        }
        self.permit_every_lift();
        let orders = self.still_active();
        if !orders.is_empty() {
            self.command(|reconciler| reconciler.lift(orders.clone(), "people".to_owned(), true));
        }
        // A command may be lost with the executor that took it: it is given again until it is recorded.
        if self.now < at(CHAOS_MILLISECONDS + REST_MILLISECONDS / 2) {
            self.after(120_000, Happening::Calm);
        }
    }

    fn permit_every_lift(&mut self) {
        for plan_hash in self.plans.clone() {
            let registered = self.gate.state().registered.values();
            let mut of_plan = registered.filter(|one| one.orders.plan_hash == plan_hash);
            if of_plan.all(|one| one.given_up.len() == one.orders.orders.len()) {
                continue;
            }
            if let Some(approved) = people::lift(&plan_hash, OrderChoice::All, self.now)
                && let Err(refusal) = self.gate.permit_lift(&approved, self.now)
            {
                self.say(format!("not to be lifted: {refusal}"));
            }
        }
    }

    /// An order that was lifted without leave to accept changes may wait for just that.
    fn still_active(&self) -> Vec<OrderId> {
        let book = &self.record.book;
        let is_open = |order: &&cordon_act::OrderState| {
            let targets = order.order.targets.iter();
            let mut placements = targets.map(|target| Placement {
                point: order.order.point.clone(),
                target: target.clone(),
            });
            placements.any(|placement| {
                book.placement(&placement)
                    .is_some_and(cordon_act::PlacementState::is_active)
            })
        };
        let orders = book.orders().values().filter(is_open);
        orders.map(|order| order.order.id.clone()).collect()
    }
}
