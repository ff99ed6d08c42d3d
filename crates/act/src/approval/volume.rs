//! What of orders exceeds their volume limits, exactly.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::limits::SHARE_FLOOR_ACCOUNTS;
use crate::{Orders, Target, VolumeLimits, Whom};

/// A limit that orders exceed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "exceeds")]
pub enum Excess {
    /// Too many targets.
    #[error("{targets} targets in one plan, {limit} at most")]
    Targets {
        /// How many there are.
        targets: usize,
        /// How many may be.
        limit: u32,
    },
    /// Too large a part of the organisation's accounts.
    #[error("{accounts} of the organisation's {of} accounts, {per_mille} in a thousand at most")]
    Accounts {
        /// How many are withdrawn.
        accounts: usize,
        /// How many there are.
        of: u32,
        /// How many of a thousand may be.
        per_mille: u32,
    },
    /// More in a minute than orders may say without the further approval.
    #[error("{per_minute} targets in a minute at one point, {limit} at most")]
    PerMinute {
        /// How many the orders let begin in a minute.
        per_minute: u32,
        /// How many they may.
        limit: u32,
    },
    /// Accounts are withdrawn, but how many there are is not said, so their share cannot be told.
    #[error("{accounts} accounts, and the orders do not say how many the organisation has")]
    ShareUnknown {
        /// How many are withdrawn.
        accounts: usize,
    },
}

/// Every limit that the orders exceed. `ceiling` is the reader's own: of each pair the smaller number counts.
pub(super) fn excesses(orders: &Orders, ceiling: Option<&VolumeLimits>) -> Vec<Excess> {
    let own = &orders.limits;
    let per_plan = ceiling.map_or(own.per_plan, |ceiling| ceiling.per_plan.min(own.per_plan));
    let per_mille = ceiling.map_or(own.accounts_per_mille, |ceiling| {
        ceiling.accounts_per_mille.min(own.accounts_per_mille)
    });
    // A larger organisation would make the share smaller, so the smaller number counts here too.
    let of = match ceiling
        .map(|ceiling| ceiling.accounts)
        .filter(|accounts| *accounts > 0)
    {
        Some(accounts) if own.accounts > 0 => accounts.min(own.accounts),
        Some(accounts) => accounts,
        None => own.accounts,
    };
    let mut found = Vec::new();
    let per_minute_max = VolumeLimits::default().per_point_and_minute;
    if own.per_point_and_minute > per_minute_max {
        found.push(Excess::PerMinute {
            per_minute: own.per_point_and_minute,
            limit: per_minute_max,
        });
    }
    let targets = orders.placements().count();
    if targets > per_plan as usize {
        found.push(Excess::Targets {
            targets,
            limit: per_plan,
        });
    }
    let (accounts, each_named) = accounts(orders, of);
    if each_named && accounts <= SHARE_FLOOR_ACCOUNTS {
        return found;
    }
    if accounts > 0 && of == 0 {
        found.push(Excess::ShareUnknown { accounts });
    } else if accounts as u64 * 1000 > u64::from(per_mille) * u64::from(of) {
        found.push(Excess::Accounts {
            accounts,
            of,
            per_mille,
        });
    }
    found
}

/// How many accounts lose something whole: their logon, their sessions, their remote access. A group's size is not in orders, so a
/// group counts as one. And whether each is named by itself.
fn accounts(orders: &Orders, of: u32) -> (usize, bool) {
    let mut named = BTreeSet::new();
    let mut all_but = None::<usize>;
    let mut each_named = true;
    for (_, placement) in orders.placements() {
        match placement.target {
            Target::Account { account } | Target::Sessions { account } => {
                named.insert(account.to_lowercase());
            }
            Target::RemoteAccess {
                whom: Whom::Account(account),
            } => {
                named.insert(account.to_lowercase());
            }
            Target::RemoteAccess {
                whom: Whom::Group(group),
            } => {
                each_named = false;
                named.insert(format!("group {}", group.to_lowercase()));
            }
            Target::RemoteAccess {
                whom: Whom::AllBut(but),
            } => {
                each_named = false;
                let rest = (of as usize).saturating_sub(but.len()).max(1);
                all_but = all_but.max(Some(rest));
            }
            _ => {}
        }
    }
    (named.len().max(all_but.unwrap_or(0)), each_named)
}
