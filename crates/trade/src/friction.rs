//! What withdrawing one thing costs by the legitimate use that it denies.

use cordon_estate::{
    Access, AccessId, AccessKind, AccountId, AccountKind, Estate, Pence, Principal, SystemId, SystemKind,
    Usage,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cost::to_pence;

/// How use becomes money: the one table. **All of it is assumed**; it orders withdrawals by how much they hurt,
/// and an estate that knows what a service costs says so in the service.
pub mod conversion {
    /// An hour of a person who cannot work, in pence: about the median hourly pay in the United Kingdom with
    /// the employer's on-costs.
    pub const PERSON_HOUR_PENCE: f64 = 2_500.0;
    /// Hours that a person works of the 168 in a week.
    pub const WORKING_HOURS_PER_WEEK: f64 = 40.0;
    /// Hours of a person's time that a use costs when it is denied: finding another way, or asking.
    pub const DENIED_USE_HOURS: f64 = 0.25;
    /// Hours of a person's time that a credential reset costs its holder.
    pub const RESET_HOURS: f64 = 0.5;
    /// The work of withdrawing and giving back an access, in pence.
    pub const ACCESS_ACT_PENCE: f64 = 200.0;
    /// The work of disabling and enabling an account, in pence.
    pub const ACCOUNT_ACT_PENCE: f64 = 500.0;
    /// The work of cutting off and reconnecting a system, in pence.
    pub const SYSTEM_ACT_PENCE: f64 = 1_000.0;
    /// An access not used for so many days is nearly free to withdraw.
    pub const UNUSED_DAYS: f64 = 90.0;
    /// What remains of the act's cost for such an access.
    pub const UNUSED_SHARE: f64 = 0.1;
    /// The shortest time over which a rate of use is taken, in days: one busy hour is not a busy month.
    pub const RATE_DAYS_MIN: f64 = 1.0;
    /// Disabling the account of a program, per hour, beyond the services that name it, in pence.
    pub const SERVICE_ACCOUNT_HOUR_PENCE: f64 = 1_000.0;
}

use conversion as table;

/// One thing withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// An access is no longer given.
    Access(AccessId),
    /// An account is disabled.
    Account(AccountId),
    /// The credential of an account is reset.
    Credential(AccountId),
    /// A system is cut off the network.
    System(SystemId),
}

/// What withdrawals cost by the use they deny, for one estate.
#[derive(Clone, Debug)]
pub struct Friction<'a> {
    estate: &'a Estate,
    now: Option<Timestamp>,
    /// Member accounts of each group, nested ones too; members of several nested groups count for each.
    members: Vec<u32>,
    /// People who work at each system.
    at_system: Vec<u32>,
}

impl<'a> Friction<'a> {
    /// Prepares an estate. `now` tells what has long been unused; without it the last use of anything is now.
    #[must_use]
    pub fn of(estate: &'a Estate, now: Option<Timestamp>) -> Self {
        let seen = || {
            estate
                .accesses
                .iter()
                .filter_map(|access| access.provenance.usage)
        };
        let now = now.or_else(|| seen().map(|usage| usage.last_seen).max());
        Self {
            estate,
            now,
            members: members(estate),
            at_system: at_system(estate),
        }
    }

    /// What one withdrawal costs while it lasts, in pence, beyond what services and their people cost.
    #[must_use]
    pub fn pence(&self, taken: Taken, hours: f64) -> Pence {
        let hours = hours.max(0.0);
        to_pence(match taken {
            Taken::Access(id) => self
                .estate
                .access(id)
                .map_or(0.0, |access| self.access(access, hours)),
            Taken::Account(id) => self.account(id, hours),
            Taken::Credential(id) => self.credential(id),
            Taken::System(id) => self.system(id, hours),
        })
    }

    /// Legitimate uses a day that withdrawing this access denies: seen in logs, or assumed by its kind.
    #[must_use]
    pub fn uses_per_day(&self, id: AccessId) -> f64 {
        self.estate.access(id).map_or(0.0, |access| self.rate(access))
    }

    /// True if the access was seen in use once, but not for 90 days.
    #[must_use]
    pub fn is_unused(&self, id: AccessId) -> bool {
        self.estate
            .access(id)
            .is_some_and(|access| self.long_unused(access))
    }

    fn access(&self, access: &Access, hours: f64) -> f64 {
        if self.long_unused(access) {
            return table::ACCESS_ACT_PENCE * table::UNUSED_SHARE;
        }
        let denied_hours = self.rate(access) * hours / 24.0 * table::DENIED_USE_HOURS;
        let people = f64::from(self.people(access).max(1));
        table::ACCESS_ACT_PENCE + table::PERSON_HOUR_PENCE * denied_hours.min(people * working(hours))
    }

    fn long_unused(&self, access: &Access) -> bool {
        let (Some(usage), Some(now)) = (access.provenance.usage, self.now) else {
            return false;
        };
        days_between(usage.last_seen, now) > table::UNUSED_DAYS
    }

    fn rate(&self, access: &Access) -> f64 {
        match access.provenance.usage {
            Some(usage) => self.observed_rate(usage),
            None => f64::from(self.people(access)) * assumed_uses_per_person_and_day(&access.kind),
        }
    }

    fn observed_rate(&self, usage: Usage) -> f64 {
        let until = self.now.unwrap_or(usage.last_seen);
        usage.uses as f64 / days_between(usage.first_seen, until).max(table::RATE_DAYS_MIN)
    }

    fn people(&self, access: &Access) -> u32 {
        let holders = match access.kind {
            AccessKind::Membership { member, .. } => self.people_of(member),
            AccessKind::Right { holder, .. }
            | AccessKind::Control { holder, .. }
            | AccessKind::RemoteAccess { holder, .. }
            | AccessKind::Assignment { holder, .. }
            | AccessKind::Recovery { of: holder, .. } => self.people_of(holder),
            AccessKind::Session { account, .. } => self.people_of(Principal::Account(account)),
            AccessKind::Flow { .. } => 1,
        };
        access.provenance.usage.map_or(holders, |usage| usage.people)
    }

    fn people_of(&self, who: Principal) -> u32 {
        match who {
            Principal::Account(id) => u32::from(is_person(self.estate, id)),
            Principal::Group(id) => self.members.get(id.index()).copied().unwrap_or(0),
            Principal::System(_) => 0,
        }
    }

    fn account(&self, id: AccountId, hours: f64) -> f64 {
        let denied = match self
            .estate
            .account(id)
            .filter(|account| account.enabled)
            .map(|account| account.kind)
        {
            Some(AccountKind::Person | AccountKind::Admin) => table::PERSON_HOUR_PENCE * working(hours),
            Some(AccountKind::Service) => table::SERVICE_ACCOUNT_HOUR_PENCE * hours,
            Some(AccountKind::BreakGlass) | None => 0.0,
        };
        table::ACCOUNT_ACT_PENCE + denied
    }

    fn credential(&self, id: AccountId) -> f64 {
        let denied = match self.estate.account(id).map(|account| account.kind) {
            Some(AccountKind::Person | AccountKind::Admin) => table::PERSON_HOUR_PENCE * table::RESET_HOURS,
            Some(AccountKind::Service) => table::SERVICE_ACCOUNT_HOUR_PENCE,
            Some(AccountKind::BreakGlass) | None => 0.0,
        };
        table::ACCOUNT_ACT_PENCE + denied
    }

    fn system(&self, id: SystemId, hours: f64) -> f64 {
        let Some(system) = self.estate.system(id) else {
            return 0.0;
        };
        let people = f64::from(self.at_system.get(id.index()).copied().unwrap_or(0));
        table::SYSTEM_ACT_PENCE
            + people * table::PERSON_HOUR_PENCE * working(hours)
            + system_hour_pence(system.kind) * hours
    }
}

/// Uses a day by each person, for an access of which no log was read.
const fn assumed_uses_per_person_and_day(kind: &AccessKind) -> f64 {
    match kind {
        AccessKind::Membership { .. } | AccessKind::RemoteAccess { .. } | AccessKind::Assignment { .. } => {
            1.0
        }
        AccessKind::Session { .. } => 0.5,
        AccessKind::Right { .. } => 0.2,
        AccessKind::Control { .. } => 0.05,
        AccessKind::Recovery { .. } => 0.005,
        AccessKind::Flow { .. } => 20.0,
    }
}

/// What cutting a system off costs an hour beyond its people and the services that name it, in pence.
const fn system_hour_pence(kind: SystemKind) -> f64 {
    match kind {
        SystemKind::DomainController | SystemKind::IdentityProvider => 20_000.0,
        SystemKind::Hypervisor | SystemKind::Gateway | SystemKind::NetworkDevice => 5_000.0,
        SystemKind::Server | SystemKind::SaasApp => 1_000.0,
        SystemKind::HypervisorManager | SystemKind::BackupServer => 500.0,
        SystemKind::Workstation | SystemKind::Till => 0.0,
    }
}

/// Working hours in a stretch of time, for one person.
fn working(hours: f64) -> f64 {
    hours * table::WORKING_HOURS_PER_WEEK / 168.0
}

fn days_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 86_400.0
}

fn is_person(estate: &Estate, id: AccountId) -> bool {
    let kind = estate.account(id).map(|account| account.kind);
    matches!(kind, Some(AccountKind::Person | AccountKind::Admin))
}

/// People at each system: those it says, those whose credentials lie on it, or the one at a desk or a till.
fn at_system(estate: &Estate) -> Vec<u32> {
    let mut sessions = vec![0u32; estate.systems.len()];
    for access in &estate.accesses {
        if let AccessKind::Session { account, system } = access.kind
            && is_person(estate, account)
            && let Some(count) = sessions.get_mut(system.index())
        {
            *count += 1;
        }
    }
    let people = estate
        .systems
        .iter()
        .zip(sessions)
        .map(|(system, sessions)| match system.kind {
            SystemKind::Workstation | SystemKind::Till => system.people.unwrap_or(0).max(sessions).max(1),
            _ => system.people.unwrap_or(0),
        });
    people.collect()
}

/// People in each group. Nested groups add theirs, those in several of them once for each; a group never has more
/// than the whole estate, even where groups are nested in a circle.
fn members(estate: &Estate) -> Vec<u32> {
    let mut members = vec![0u32; estate.groups.len()];
    let mut parents: Vec<Vec<usize>> = vec![Vec::new(); estate.groups.len()];
    for access in &estate.accesses {
        let AccessKind::Membership { member, group } = access.kind else {
            continue;
        };
        match member {
            Principal::Account(id) if is_person(estate, id) => {
                if let Some(count) = members.get_mut(group.index()) {
                    *count += 1;
                }
            }
            Principal::Group(id) => {
                if let Some(parents) = parents.get_mut(id.index()) {
                    parents.push(group.index());
                }
            }
            _ => {}
        }
    }
    let everybody = estate
        .accounts_with_ids()
        .filter(|(id, _)| is_person(estate, *id))
        .count() as u32;
    let mut totals = with_nested(&members, &parents);
    totals
        .iter_mut()
        .for_each(|total| *total = (*total).min(everybody));
    totals
}

/// Levels of nesting followed upwards; real directories nest a handful deep.
const NESTING_MAX: usize = 16;

fn with_nested(own: &[u32], parents: &[Vec<usize>]) -> Vec<u32> {
    let mut totals = own.to_vec();
    let mut level = own.to_vec();
    for _ in 0..NESTING_MAX {
        let mut next = vec![0u32; own.len()];
        for (group, parents) in parents.iter().enumerate() {
            let count = level.get(group).copied().unwrap_or(0);
            for parent in parents.iter().filter(|_| count > 0) {
                if let Some(slot) = next.get_mut(*parent) {
                    *slot = slot.saturating_add(count);
                }
            }
        }
        if next.iter().all(|count| *count == 0) {
            break;
        }
        for (total, more) in totals.iter_mut().zip(&next) {
            *total = total.saturating_add(*more);
        }
        level = next;
    }
    totals
}
