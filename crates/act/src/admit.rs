//! What must hold before orders are carried out at all, checked at the moment of execution, whatever the plan was checked for
//! before.

use std::collections::{BTreeMap, BTreeSet};

use crate::approval::Approved;
use crate::{Accepted, Book, Capabilities, Orders, OrdersError, Placement, PointName, Target, TargetKind};

/// How many people who can lift must always remain.
pub const LIFTERS_MIN: usize = 2;

/// Orders that were admitted. Only [`admit`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted(Accepted);

impl From<Admitted> for Accepted {
    fn from(admitted: Admitted) -> Self {
        admitted.0
    }
}

impl Admitted {
    /// Admits orders without asking anybody, in a simulation that asked [`check`] itself.
    #[cfg(feature = "planted-bugs")]
    #[must_use]
    pub const fn in_simulation(accepted: Accepted) -> Self {
        Self(accepted)
    }
}

/// What orders are checked against.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// What every reachable point can do.
    pub points: &'a BTreeMap<PointName, Capabilities>,
    /// What is in force already.
    pub book: &'a Book,
    /// Accounts that are never withdrawn, by logon name: break-glass accounts and Cordon's own.
    pub never_accounts: &'a BTreeSet<String>,
    /// The accounts of those who can lift, by logon name.
    pub lifters: &'a BTreeSet<String>,
}

/// Why orders are not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The orders themselves are wrong.
    #[error(transparent)]
    Orders(#[from] OrdersError),
    /// The same plan was accepted before.
    #[error("this plan is being carried out already: see `cordon status`")]
    Again,
    /// A protected service, a break-glass account or Cordon itself rests on it.
    #[error("order {order} would withdraw {placement}, which must never be withdrawn: {why}")]
    Never {
        /// The order.
        order: crate::OrderId,
        /// What.
        placement: Box<Placement>,
        /// Why.
        why: &'static str,
    },
    /// No such point.
    #[error("order {order} is for the enforcement point {point}, which the actuator does not have")]
    NoPoint {
        /// The order.
        order: crate::OrderId,
        /// The point.
        point: PointName,
    },
    /// The point cannot do it.
    #[error("the enforcement point {point} cannot withdraw what order {order} asks for ({kind:?})")]
    Cannot {
        /// The order.
        order: crate::OrderId,
        /// The point.
        point: PointName,
        /// What kind of target.
        kind: TargetKind,
    },
    /// Too few would remain who can undo it.
    #[error(
        "after this plan only {left} of those who can lift could still log on, {LIFTERS_MIN} must remain: {names}"
    )]
    Lifters {
        /// How many remain.
        left: usize,
        /// Who would be locked out.
        names: String,
    },
    /// The approval is for something else.
    #[error("the approval is for other orders than these: make the plan anew, or approve this one")]
    OtherOrders,
}

/// Checks the orders against everything but their approval.
///
/// # Errors
/// The first [`Refusal`].
pub fn check(orders: &Orders, grounds: &Grounds<'_>) -> Result<(), Refusal> {
    orders.validate()?;
    let known = |order: &crate::Order| grounds.book.orders().contains_key(&order.id);
    if grounds.book.plans().contains_key(&orders.plan_hash) || orders.orders.iter().any(known) {
        return Err(Refusal::Again);
    }
    let never: BTreeSet<&Placement> = orders.never.iter().collect();
    for (order, placement) in orders.placements() {
        let refuse = |why| Refusal::Never {
            order: order.id.clone(),
            placement: Box::new(placement.clone()),
            why,
        };
        if never.contains(&placement) {
            return Err(refuse("a protected service rests on it"));
        }
        let spared = account(&placement.target).is_some_and(|name| contains(grounds.never_accounts, name));
        #[cfg(feature = "planted-bugs")]
        let spared = spared && !crate::bugs::is_planted(crate::bugs::Bug::SparesNobody);
        if spared {
            return Err(refuse("it is a break-glass account or one of Cordon's own"));
        }
        let point = &placement.point;
        let Some(capabilities) = grounds.points.get(point) else {
            return Err(Refusal::NoPoint {
                order: order.id.clone(),
                point: point.clone(),
            });
        };
        let kind = placement.target.kind();
        if !capabilities.kinds.contains(&kind) {
            return Err(Refusal::Cannot {
                order: order.id.clone(),
                point: point.clone(),
                kind,
            });
        }
    }
    lifters_remain(orders, grounds)
}

/// The account that a target stops from logging on.
fn account(target: &Target) -> Option<&str> {
    match target {
        Target::Account { account } => Some(account),
        _ => None,
    }
}

fn contains(names: &BTreeSet<String>, name: &str) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

fn lifters_remain(orders: &Orders, grounds: &Grounds<'_>) -> Result<(), Refusal> {
    let held = grounds
        .book
        .placements()
        .iter()
        .filter(|(_, state)| state.is_active())
        .map(|(placement, _)| placement);
    let ordered = orders.orders.iter().flat_map(|order| &order.targets);
    let stopped: BTreeSet<String> = held
        .map(|placement| &placement.target)
        .chain(ordered)
        .filter_map(account)
        .map(str::to_ascii_lowercase)
        .collect();
    let (out, left): (Vec<&String>, Vec<&String>) = grounds
        .lifters
        .iter()
        .partition(|name| stopped.contains(&name.to_ascii_lowercase()));
    if out.is_empty() || left.len() >= LIFTERS_MIN {
        return Ok(());
    }
    let names = out.into_iter().cloned().collect::<Vec<_>>().join(", ");
    Err(Refusal::Lifters {
        left: left.len(),
        names,
    })
}

/// Admits orders that were approved: checks them against everything that stands at this moment.
///
/// # Errors
/// The first [`Refusal`].
pub fn admit(
    orders: Orders,
    approved: &Approved,
    break_glass: Vec<(PointName, String)>,
    grounds: &Grounds<'_>,
) -> Result<Admitted, Refusal> {
    check(&orders, grounds)?;
    if approved.orders_digest() != orders.digest() || approved.plan_hash() != orders.plan_hash {
        return Err(Refusal::OtherOrders);
    }
    let people = approved.approvers().iter();
    let approved_by: Vec<String> = people
        .map(|one| format!("{} ({}, {})", one.person, one.role, one.fingerprint))
        .collect();
    let break_glass_overridden = approved.without_break_glass().then(|| approved_by.join(", "));
    Ok(Admitted(Accepted {
        orders,
        approved_by,
        break_glass,
        break_glass_overridden,
    }))
}
