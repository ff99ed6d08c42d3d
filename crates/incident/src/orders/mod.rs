//! What a plan becomes when it is to be carried out: its withdrawals in the words of the servers.
//!
//! A plan speaks in ids of the estate; a server knows logon names, networks and groups. What no connector can do at
//! an enforcement point of that kind, or what an order would do to more than the plan says, is left to people.

mod names;
mod never;
mod routes;
mod targets;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use cordon_act::{LeaseEnd, ORDERS_FORMAT, Order, Orders, Placement, PointName, Target, VolumeLimits};
use cordon_estate::{EnforcementPoint, Estate};
use cordon_plan::PlanDocument;
use cordon_plan::document::{Act, Outcome, WithdrawalEntry, estate_digest, plan_hash};

use never::{Never, Verdict};
use targets::Servers;

/// What is agreed for every order of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long each withdrawal is valid unless renewed, in minutes; at least 1.
    pub lease_minutes: u32,
    /// What happens when the lease ends and nobody has answered.
    pub at_lease_end: LeaseEnd,
    /// How much may be done, how fast. The number of accounts is taken from the estate.
    pub limits: VolumeLimits,
}

/// Something of a plan that no connector can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// The plan's name of the withdrawal. An order may carry the rest of it.
    pub withdrawal: String,
    /// What is to be done, in words.
    pub text: String,
    /// Why people must do it.
    pub why: String,
}

/// A plan as orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What is carried out; without any order if all of the plan is to be done by hand.
    pub orders: Orders,
    /// What people must do.
    pub by_hand: Vec<ByHand>,
}

/// Why a plan does not become orders.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrdersError {
    /// The estate is not the one that the plan was made from.
    #[error("the estate has changed since the plan was made: make the plan anew")]
    Stale,
    /// The document was changed after it was sealed.
    #[error("the plan does not hash to the hash that it states: make the plan anew")]
    Altered,
    /// The plan withdraws nothing.
    #[error("the plan withdraws nothing: there is nothing to carry out")]
    NothingToDo,
    /// The plan does not keep what must be kept.
    #[error(
        "the plan cannot keep everything that must be kept: decide what to give up, then make the plan anew"
    )]
    Infeasible,
    /// The plan names something that the estate does not have.
    #[error("the withdrawal {0} names something that the estate does not have: make the plan anew")]
    Unknown(String),
    /// An order would withdraw what must never be withdrawn.
    #[error(
        "the withdrawal {withdrawal} would withdraw {placement}, but {never} must never be withdrawn: {why}; make the plan anew"
    )]
    Never {
        /// The plan's name of the withdrawal.
        withdrawal: String,
        /// What it would withdraw.
        placement: Box<Placement>,
        /// What must never be withdrawn.
        never: Box<Placement>,
        /// Why not.
        why: String,
    },
    /// The orders as a whole cannot be.
    #[error(transparent)]
    Orders(#[from] cordon_act::OrdersError),
}

/// Turns a plan into orders. The same plan, estate and terms give the same orders, byte for byte.
///
/// # Errors
/// [`OrdersError`] if the plan is not of this estate, keeps not everything or withdraws nothing, if it would withdraw
/// what must never be withdrawn, or if [`Orders::validate`] refuses what came out.
pub fn orders(plan: &PlanDocument, estate: &Estate, terms: &Terms) -> Result<Made, OrdersError> {
    check(plan, estate)?;
    let servers = Servers::new(estate, plan.assumptions.duration_hours);
    let never = Never::new(plan, estate, &servers);
    let mut made = Made {
        orders: bare(plan, estate, terms, &never),
        by_hand: Vec::new(),
    };
    for entry in &plan.withdrawals {
        let point = point(entry, estate)?;
        let (targets, whys) = sift(entry, point, &servers, &never)?;
        by_hand(entry, whys, &mut made.by_hand);
        if !targets.is_empty() {
            let id = Orders::order_id(&plan.plan_hash, made.orders.orders.len() + 1);
            made.orders.orders.push(Order {
                id,
                withdrawal: entry.id.0.clone(),
                text: text(entry),
                point: PointName(entry.point_name.clone()),
                targets,
                lease_minutes: terms.lease_minutes,
                at_lease_end: terms.at_lease_end,
            });
        }
    }
    if !made.orders.orders.is_empty() {
        made.orders.validate()?;
    }
    Ok(made)
}

fn check(plan: &PlanDocument, estate: &Estate) -> Result<(), OrdersError> {
    if plan.estate_digest != estate_digest(estate) {
        return Err(OrdersError::Stale);
    }
    if plan.plan_hash != plan_hash(plan) {
        return Err(OrdersError::Altered);
    }
    if plan.outcome == Outcome::Infeasible || plan.infeasibility.is_some() {
        return Err(OrdersError::Infeasible);
    }
    if plan.outcome == Outcome::NothingToDo || plan.withdrawals.is_empty() {
        return Err(OrdersError::NothingToDo);
    }
    Ok(())
}

/// The document without any order yet.
fn bare(plan: &PlanDocument, estate: &Estate, terms: &Terms, never: &Never) -> Orders {
    let points: BTreeSet<&str> = plan
        .withdrawals
        .iter()
        .map(|entry| entry.point_name.as_str())
        .collect();
    Orders {
        format: ORDERS_FORMAT.to_owned(),
        plan_hash: plan.plan_hash.clone(),
        organisation: plan.organisation.clone(),
        orders: Vec::new(),
        limits: VolumeLimits {
            accounts: u32::try_from(estate.accounts.len()).unwrap_or(u32::MAX),
            ..terms.limits
        },
        never: never.placements(points),
    }
}

fn point<'e>(entry: &WithdrawalEntry, estate: &'e Estate) -> Result<&'e EnforcementPoint, OrdersError> {
    estate
        .point(entry.point)
        .filter(|point| point.name == entry.point_name)
        .ok_or_else(|| OrdersError::Unknown(entry.id.0.clone()))
}

/// The targets of a withdrawal, and why the rest of it is left to people.
fn sift(
    entry: &WithdrawalEntry,
    point: &EnforcementPoint,
    servers: &Servers<'_>,
    never: &Never,
) -> Result<(Vec<Target>, Vec<String>), OrdersError> {
    let parts = servers
        .parts(entry.act, point)
        .ok_or_else(|| OrdersError::Unknown(entry.id.0.clone()))?;
    let (mut targets, mut whys, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for part in parts {
        match part.map(|target| (never.verdict(&target, entry.act), target)) {
            Err(why) | Ok((Verdict::ByHand(why), _)) => whys.push(why),
            Ok((Verdict::Never { target: kept, why }, target)) => {
                let at = |target| {
                    Box::new(Placement {
                        point: PointName(point.name.clone()),
                        target,
                    })
                };
                return Err(OrdersError::Never {
                    withdrawal: entry.id.0.clone(),
                    placement: at(target),
                    never: at(kept),
                    why,
                });
            }
            Ok((Verdict::Free, target)) => {
                if seen.insert(target.clone()) {
                    targets.push(target);
                }
            }
        }
    }
    if targets.is_empty() && whys.is_empty() {
        whys.push("the estate shows nothing of it that could be withdrawn".to_owned());
    }
    Ok((targets, whys))
}

/// One entry for each different reason.
fn by_hand(entry: &WithdrawalEntry, whys: Vec<String>, into: &mut Vec<ByHand>) {
    let mut seen = BTreeSet::new();
    for why in whys {
        if seen.insert(why.clone()) {
            into.push(ByHand {
                withdrawal: entry.id.0.clone(),
                text: entry.text.clone(),
                why,
            });
        }
    }
}

fn text(entry: &WithdrawalEntry) -> String {
    match entry.act {
        Act::ResetCredential { .. } => format!(
            "{}: the account is stopped until a person has issued new credentials and lifts this",
            entry.text
        ),
        _ => entry.text.clone(),
    }
}
