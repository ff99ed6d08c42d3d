//! Standing plans: approved by people beforehand, carried out as soon as the evidence holds every foothold they were made against.
//!
//! Evidence is what an intruder can write. So a foothold counts here only from a high probability, and only if two signals that do not hang
//! together speak for it; and the approval is of the exact orders, by two people, and ends.

use std::path::Path;

use cordon_act::Orders;
use cordon_act::approval::{ApprovalStatement, SignedStatement};
use cordon_estate::Entity;
use cordon_evidence::infer::Suspicion;
use cordon_plan::PlanDocument;
use jiff::Timestamp;

use crate::command::carry::Planned;
use crate::console::Console;
use crate::failure::Failure;
use crate::input::{entity, estate};

/// Signals that must speak for each foothold and do not hang together.
pub(crate) const INDEPENDENT_SIGNALS_MIN: u32 = 2;

/// A plan that waits.
pub(crate) struct Standing {
    pub(crate) orders: Orders,
    pub(crate) signatures: Vec<SignedStatement>,
    pub(crate) approved_until: Timestamp,
    footholds: Vec<(String, Entity)>,
    begun: bool,
}

impl Standing {
    /// Reads a plan, checks it against the estate, and finds its approvals among these.
    pub(crate) fn read(
        planned: &Planned,
        signatures: &[SignedStatement],
        console: &Console,
    ) -> Result<Self, Failure> {
        let made = planned.made(console)?;
        if !made.by_hand.is_empty() {
            return Err(Failure::input(format!(
                "{}: people must do a part of this plan, so it cannot wait for evidence",
                planned.plan.display()
            )));
        }
        let digest = made.orders.digest();
        let own = signatures.iter().filter_map(|signed| {
            let statement = ApprovalStatement::parse(&signed.statement).ok()?;
            (statement.orders_digest == digest).then_some((statement.expires, signed.clone()))
        });
        let (ends, signatures): (Vec<Timestamp>, Vec<SignedStatement>) = own.unzip();
        let Some(approved_until) = ends.into_iter().min() else {
            return Err(Failure::input(format!(
                "{}: no approval given is of this plan\n`cordon approve` writes one; name it with --approval.",
                planned.plan.display()
            )));
        };
        Ok(Self {
            footholds: footholds(&planned.plan, &planned.estate, console)?,
            orders: made.orders,
            signatures,
            approved_until,
            begun: false,
        })
    }

    /// The footholds that it waits for, by name.
    pub(crate) fn awaited(&self) -> impl Iterator<Item = &str> {
        self.footholds.iter().map(|(name, _)| name.as_str())
    }

    /// True once, when every foothold is among these suspicions and is independently borne out.
    pub(crate) fn is_due(&mut self, held: &[Suspicion]) -> bool {
        if self.begun {
            return false;
        }
        let borne_out =
            |one: &Suspicion| one.independent_signals >= INDEPENDENT_SIGNALS_MIN || one.pinned == Some(true);
        self.begun = self
            .footholds
            .iter()
            .all(|(_, entity)| held.iter().any(|one| one.entity == *entity && borne_out(one)));
        self.begun
    }
}

/// The footholds of a plan, as the estate has them. What is learned later is added behind, so that they stay the same.
fn footholds(plan: &Path, folder: &Path, console: &Console) -> Result<Vec<(String, Entity)>, Failure> {
    let document: PlanDocument = serde_json::from_str(&crate::input::text(plan)?)
        .map_err(|error| Failure::input(format!("{}: not a plan: {error}", plan.display())))?;
    let estate = estate::load(Some(folder), console)?;
    let directory = cordon_estate::names::Directory::from_estate(&estate);
    document
        .footholds
        .iter()
        .map(|foothold| {
            let found = entity::find(&estate, &directory, &foothold.entity)?;
            Ok((foothold.entity.clone(), found))
        })
        .collect()
}
