//! Standing plans as they are read: checked against the estate, with their approvals. When their time has come, `incident::standing` says.

use std::path::Path;

use cordon_act::Orders;
use cordon_act::approval::{ApprovalStatement, SignedStatement};
use cordon_estate::Entity;
use cordon_incident::standing::Awaited;
use cordon_plan::PlanDocument;
use jiff::Timestamp;

use crate::command::carry::Planned;
use crate::console::Console;
use crate::failure::Failure;
use crate::input::{entity, estate};

/// A plan that waits.
pub(crate) struct Standing {
    pub(crate) orders: Orders,
    pub(crate) signatures: Vec<SignedStatement>,
    pub(crate) approved_until: Timestamp,
    /// The footholds that it waits for, by name.
    names: Vec<String>,
    pub(crate) awaited: Awaited,
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
        let footholds = footholds(&planned.plan, &planned.estate, console)?;
        let (names, entities) = footholds.into_iter().unzip();
        Ok(Self {
            orders: made.orders,
            signatures,
            approved_until,
            names,
            awaited: Awaited::new(entities),
        })
    }

    /// The footholds that it waits for, by name.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
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
