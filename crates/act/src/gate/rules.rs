//! What a gate never lets through, whatever is approved: its own configuration.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::covers;
use crate::{Placement, PointName, Target, Whom};

/// The fixed rules of a gate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct GateRules {
    /// Accounts that may never be withdrawn in any way: Cordon's own and those of break-glass logons.
    pub never_accounts: Vec<NeverAccount>,
    /// Placements that may never be withdrawn, nor anything that covers one.
    pub never: Vec<Placement>,
    /// The people who can lift. So many are withdrawn at most that two are left.
    pub lifters: Vec<Lifter>,
    /// Points at which no order is begun before their break-glass logon was proven to work within the last
    /// [`super::BREAK_GLASS_PROOF_MINUTES`], unless two people forced it.
    pub break_glass_proof_at: BTreeSet<PointName>,
    /// Most applies in a minute at one point, whatever orders allow.
    pub per_point_and_minute: Option<u32>,
}

/// An account that may never be withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NeverAccount {
    /// Its name. Upper and lower case, a domain before `\` and one after `@` make no difference.
    pub account: String,
    /// At which points; none is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<BTreeSet<PointName>>,
}

/// Somebody who can lift, with every account that this needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Lifter {
    /// Who.
    pub person: String,
    /// The person's accounts.
    pub accounts: BTreeSet<String>,
}

impl GateRules {
    /// Why the target may never be withdrawn at the point, if so.
    #[must_use]
    pub fn forbids(&self, point: &PointName, target: &Target) -> Option<String> {
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(crate::bugs::Bug::SparesNobody) {
            return None;
        }
        let account = self
            .never_accounts
            .iter()
            .filter(|never| never.points.as_ref().is_none_or(|points| points.contains(point)))
            .find(|never| touches(target, &never.account));
        if let Some(never) = account {
            return Some(format!("the account {}", never.account));
        }
        self.never
            .iter()
            .find(|never| never.point == *point && covers(target, &never.target))
            .map(ToString::to_string)
    }

    /// Those who can lift and whom this target would keep from it, by place.
    pub(super) fn lifters_hit(&self, target: &Target) -> BTreeSet<usize> {
        self.lifters
            .iter()
            .enumerate()
            .filter(|(_, lifter)| lifter.accounts.iter().any(|account| touches(target, account)))
            .map(|(place, _)| place)
            .collect()
    }
}

/// True if the account would lose something by the target.
pub(super) fn touches(target: &Target, account: &str) -> bool {
    match target {
        Target::Account { account: name }
        | Target::Sessions { account: name }
        | Target::Membership { member: name, .. }
        | Target::RemoteAccess {
            whom: Whom::Account(name),
        }
        | Target::Right { holder: name, .. }
        | Target::Assignment { holder: name, .. } => same_account(name, account),
        Target::RemoteAccess {
            whom: Whom::AllBut(names),
        } => !names.iter().any(|name| same_account(name, account)),
        // Who is in a group, behind an address or behind a route the gate cannot know.
        Target::RemoteAccess { whom: Whom::Group(_) }
        | Target::Flow { .. }
        | Target::Host { .. }
        | Target::Route { .. } => false,
    }
}

/// True if two logon names are of one account: `SHOP\pat`, `Pat@shop.example` and `pat` are.
pub(super) fn same_account(one: &str, other: &str) -> bool {
    bare(one) == bare(other)
}

fn bare(name: &str) -> String {
    let name = name.trim();
    let name = name.rsplit_once('\\').map_or(name, |(_, name)| name);
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    name.to_lowercase()
}
