//! The steps before anything is withdrawn: a way back is proven, the actuator is told, the orders are admitted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cordon_act::admit::{Grounds, admit};
use cordon_act::approval::{Approved, SignedStatement};
use cordon_act::wire::{Answer as Said, Ask, Claim, Outcome};
use cordon_act::{Orders, PointName};

use super::Executor;
use crate::actuator::Client;
use crate::command::carry::lift::not_taken;
use crate::failure::Failure;
use crate::render::carry as words;

/// How a plan is begun.
pub(crate) struct Begin<'a> {
    /// The socket of the actuator.
    pub(crate) actuator: &'a Path,
    /// True if two people said that no proven break-glass logon is needed.
    pub(crate) without_break_glass: bool,
}

impl Begin<'_> {
    /// Proves a break-glass logon at every point that has one configured.
    pub(crate) fn prove_break_glass(
        &self,
        executor: &Executor,
        orders: &Orders,
    ) -> Result<Vec<(PointName, String)>, Failure> {
        let mut client = Client::new(self.actuator);
        let mut proofs = Vec::new();
        let points: BTreeSet<&PointName> = orders.orders.iter().map(|order| &order.point).collect();
        for point in points {
            let Some(epoch) = executor.epoch(point) else {
                continue;
            };
            let at = Claim {
                point: point.clone(),
                epoch,
                deadline_milliseconds: 20_000,
            };
            let answer = client
                .ask(Ask::ProveBreakGlass { at })
                .map_err(|error| Failure::Point(error.to_string()))?;
            match answer {
                Said::BreakGlass {
                    outcome: Outcome::Done(Some(how)),
                } => proofs.push((point.clone(), how)),
                Said::BreakGlass {
                    outcome: Outcome::Failed(error),
                } if !self.without_break_glass => {
                    return Err(Failure::Point(format!(
                        "the break-glass logon at {point} does not work: {error}\n\
                         Nobody could undo this if it went wrong. Repair it, or have two people override it: \
                         cordon approve --as force, then --dangerously-without-break-glass."
                    )));
                }
                _ => {}
            }
        }
        Ok(proofs)
    }

    /// Tells the actuator and has the orders admitted, unless they were lifted before.
    pub(crate) fn begin(
        &self,
        executor: &mut Executor,
        orders: Orders,
        (approved, signatures): (&Approved, Vec<SignedStatement>),
        break_glass: Vec<(PointName, String)>,
    ) -> Result<(), Failure> {
        if words::is_lifted(executor.book(), &orders.plan_hash) {
            return Err(Failure::input(
                "this plan was carried out and lifted before\nMake a plan anew, from what is known now.",
            ));
        }
        self.register(&orders, signatures)?;
        self.accept(executor, orders, approved, break_glass)
    }

    /// Hands orders and signatures to the actuator, which checks them by itself.
    fn register(&self, orders: &Orders, signatures: Vec<SignedStatement>) -> Result<(), Failure> {
        let ask = Ask::Register {
            orders: Box::new(orders.clone()),
            signatures,
            dangerously_without_break_glass: self.without_break_glass,
        };
        match Client::new(self.actuator).ask(ask) {
            Ok(Said::Registered { .. }) => Ok(()),
            Ok(Said::Refused { refusal }) => Err(Failure::input(format!(
                "the actuator refuses the plan: {refusal}"
            ))),
            Ok(_) => Err(Failure::Bug("the actuator answered another question".to_owned())),
            Err(error) => Err(not_taken(&error)),
        }
    }

    /// Has the reconciler take the orders over, unless they were accepted before: then it goes on where it was.
    fn accept(
        &self,
        executor: &mut Executor,
        orders: Orders,
        approved: &Approved,
        break_glass: Vec<(PointName, String)>,
    ) -> Result<(), Failure> {
        if executor.book().plans().contains_key(&orders.plan_hash) {
            return Ok(());
        }
        let points: BTreeMap<_, _> = executor
            .points()
            .iter()
            .map(|point| (point.name.clone(), point.capabilities.clone()))
            .collect();
        let nobody = BTreeSet::new();
        // Break-glass accounts, Cordon's own and those of the people who can lift are the actuator's to know, and it checks them.
        let grounds = Grounds {
            points: &points,
            book: executor.book(),
            never_accounts: &nobody,
            lifters: &nobody,
        };
        let admitted = admit(orders, approved, break_glass, &grounds)
            .map_err(|refusal| Failure::input(format!("the plan is not carried out: {refusal}")))?;
        executor.reconciler().accept(admitted);
        Ok(())
    }
}
