//! The gate with its state on disk: what it decides is durable before anybody acts on it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cordon_act::approval::{SignedStatement, Terms, approve, approve_lift, approve_renewal};
use cordon_act::gate::{Admission, Gate, GateCall, GateRules, Refusal, Settlement};
use cordon_act::wire::{Answer, RegisteredOrders};
use cordon_act::{Orders, PointErrorKind, PointName, Target, VolumeLimits};
use jiff::Timestamp;

use super::config::read_signers;
use super::store::{Store, StoreError};

/// The gate, its state on disk and the list of allowed signers.
pub(super) struct Keeper {
    inside: Mutex<Inside>,
    /// The gate's own, by which it decides each call; told at once of what it would refuse anyway.
    rules: GateRules,
    allowed_signers: PathBuf,
    ceiling: Option<VolumeLimits>,
}

struct Inside {
    gate: Gate,
    store: Store,
}

/// One settlement of a batch.
pub(super) type Settled<'a> = (&'a Target, Settlement);

impl Keeper {
    pub(super) fn open(
        store: Store,
        rules: GateRules,
        allowed_signers: PathBuf,
        ceiling: Option<VolumeLimits>,
    ) -> Result<Self, StoreError> {
        let gate = Gate::new(rules.clone(), store.load()?);
        Ok(Self {
            inside: Mutex::new(Inside { gate, store }),
            rules,
            allowed_signers,
            ceiling,
        })
    }

    /// A thread that panicked while it held the gate had not written yet; what it changed in memory only forbids more.
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The list is read anew each time: who was taken off it does not sign any more.
    fn signers(&self) -> Result<cordon_act::approval::AllowedSigners, Box<Answer>> {
        read_signers(&self.allowed_signers).map_err(|mistakes| {
            let first = mistakes.first().map(ToString::to_string).unwrap_or_default();
            Box::new(Answer::failed(PointErrorKind::Config, first))
        })
    }

    pub(super) fn register(
        &self,
        orders: Orders,
        signatures: &[SignedStatement],
        dangerously_without_break_glass: bool,
    ) -> Answer {
        let now = Timestamp::now();
        let terms = Terms {
            now,
            dangerously_without_break_glass,
            ceiling: self.ceiling,
        };
        let signers = match self.signers() {
            Ok(signers) => signers,
            Err(answer) => return *answer,
        };
        let approved = match approve(&orders, signatures, &signers, &terms) {
            Ok(approved) => approved,
            Err(error) => return Answer::failed(PointErrorKind::Denied, error),
        };
        if let Some(refusal) = self.forbidden(&orders) {
            return Answer::Refused { refusal };
        }
        let mut inside = self.inside();
        let before = inside.digests();
        if let Err(refusal) = inside.gate.register(orders, &approved, now) {
            return Answer::Refused { refusal };
        }
        let digest = approved.orders_digest().to_owned();
        if let Err(error) = inside.write_orders(&before, &[digest.as_str()]) {
            return not_kept(&error);
        }
        Answer::Registered {
            orders_digest: digest,
            until: approved.until(),
            approvers: approved.approvers().to_vec(),
        }
    }

    /// The first placement of the orders that may never be withdrawn.
    fn forbidden(&self, orders: &Orders) -> Option<Refusal> {
        orders.placements().find_map(|(_, placement)| {
            let why = self.rules.forbids(&placement.point, &placement.target)?;
            let placement = Box::new(placement);
            Some(Refusal::Never { placement, why })
        })
    }

    pub(super) fn permit_lift(&self, signed: &SignedStatement) -> Answer {
        let now = Timestamp::now();
        let approved = match self.signers() {
            Ok(signers) => approve_lift(signed, &signers, now),
            Err(answer) => return *answer,
        };
        match approved {
            Ok(approved) => self.note(approved.plan_hash(), |gate| gate.permit_lift(&approved, now)),
            Err(error) => Answer::failed(PointErrorKind::Denied, error),
        }
    }

    pub(super) fn renew(&self, signed: &SignedStatement) -> Answer {
        let now = Timestamp::now();
        let approved = match self.signers() {
            Ok(signers) => approve_renewal(signed, &signers, now),
            Err(answer) => return *answer,
        };
        match approved {
            Ok(approved) => self.note(approved.plan_hash(), |gate| gate.renew(&approved, now)),
            Err(error) => Answer::failed(PointErrorKind::Denied, error),
        }
    }

    fn note(
        &self,
        plan_hash: &str,
        change: impl FnOnce(&mut Gate) -> Result<Vec<cordon_act::OrderId>, Refusal>,
    ) -> Answer {
        let mut inside = self.inside();
        let orders = match change(&mut inside.gate) {
            Ok(orders) => orders,
            Err(refusal) => return Answer::Refused { refusal },
        };
        let of_plan = inside.of_plan(plan_hash);
        let changed: Vec<&str> = of_plan.iter().map(String::as_str).collect();
        let before = inside.digests();
        match inside.write_orders(&before, &changed) {
            Ok(()) => Answer::Noted { orders },
            Err(error) => not_kept(&error),
        }
    }

    pub(super) fn registered(&self) -> Answer {
        let inside = self.inside();
        let registered = inside
            .gate
            .state()
            .registered
            .iter()
            .map(|(digest, registered)| RegisteredOrders {
                orders_digest: digest.clone(),
                plan_hash: registered.orders.plan_hash.clone(),
                until: registered.until,
                given_up: registered.given_up.keys().cloned().collect(),
            })
            .collect();
        Answer::Orders { registered }
    }

    /// Asks for each call of one point, and keeps what that changed before it answers.
    pub(super) fn admit(
        &self,
        point: &PointName,
        calls: &[GateCall<'_>],
    ) -> Result<Vec<Result<Admission, Refusal>>, StoreError> {
        let mut inside = self.inside();
        let before = inside.gate.state().points.get(point).map(|point| point.epoch);
        let now = Timestamp::now();
        let answers: Vec<_> = calls.iter().map(|call| inside.gate.admit(call, now)).collect();
        let epoch = inside.gate.state().points.get(point).map(|point| point.epoch);
        let applies = calls
            .iter()
            .zip(&answers)
            .any(|(call, answer)| !call.verb.only_reads() && answer.is_ok());
        if applies || epoch != before {
            inside.write_point(point)?;
        }
        Ok(answers)
    }

    /// Takes note of what became of calls. That it is kept is no condition of anything: without it the gate only refuses more.
    pub(super) fn settle(&self, point: &PointName, settled: &[Settled<'_>]) -> Result<(), StoreError> {
        if settled.is_empty() {
            return Ok(());
        }
        let mut inside = self.inside();
        let now = Timestamp::now();
        let mut changed = false;
        for (target, settlement) in settled {
            changed |= inside.gate.settle(point, Some(target), *settlement, now);
        }
        if changed {
            inside.write_point(point)
        } else {
            Ok(())
        }
    }

    pub(super) fn break_glass_proven(&self, point: &PointName) -> Result<(), StoreError> {
        let mut inside = self.inside();
        inside
            .gate
            .settle(point, None, Settlement::BreakGlassProven, Timestamp::now());
        inside.write_point(point)
    }
}

fn not_kept(error: &StoreError) -> Answer {
    Answer::failed(
        PointErrorKind::Target,
        format_args!("the state cannot be kept: {error}"),
    )
}

impl Inside {
    fn digests(&self) -> BTreeSet<String> {
        self.gate.state().registered.keys().cloned().collect()
    }

    fn of_plan(&self, plan_hash: &str) -> Vec<String> {
        self.gate
            .state()
            .registered
            .iter()
            .filter(|(_, registered)| registered.orders.plan_hash == plan_hash)
            .map(|(digest, _)| digest.clone())
            .collect()
    }

    fn write_point(&self, point: &PointName) -> Result<(), StoreError> {
        match self.gate.state().points.get(point) {
            Some(gate) => self.store.write_point(point, gate),
            None => Ok(()),
        }
    }

    /// Writes the orders that changed, then that others are finished, then removes those.
    fn write_orders(&self, before: &BTreeSet<String>, changed: &[&str]) -> Result<(), StoreError> {
        for digest in changed {
            if let Some(registered) = self.gate.state().registered.get(*digest) {
                self.store.write_orders(digest, registered)?;
            }
        }
        let gone: Vec<&String> = before
            .iter()
            .filter(|digest| !self.gate.state().registered.contains_key(*digest))
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.store.write_finished(&self.gate.state().finished)?;
        for point in self.gate.state().points.keys() {
            self.write_point(point)?;
        }
        gone.into_iter()
            .try_for_each(|digest| self.store.remove_orders(digest))
    }
}
