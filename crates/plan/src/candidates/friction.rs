//! What an act costs by itself: the sum over what it takes, as `trade` prices it. What services lose is counted apart.

use cordon_estate::{AccessId, AccessKind, AccountKind, Estate, Principal, SystemKind};
use cordon_reach::Base;
use cordon_trade::Taken;

use super::Index;

/// Legitimate use that an act denies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Denied {
    /// People who cannot work as usual.
    pub people: u32,
    /// Uses a day.
    pub uses_per_day: f64,
}

/// Prices acts for one estate.
#[derive(Debug)]
pub struct Friction<'e> {
    /// How long withdrawals are expected to stay.
    pub duration_hours: f64,
    trade: cordon_trade::Friction<'e>,
}

/// What `trade` calls a base fact; footholds and the internet cannot be taken from anybody.
const fn taken(fact: Base) -> Option<Taken> {
    match fact {
        Base::Access(id) => Some(Taken::Access(id)),
        Base::Enabled(id) => Some(Taken::Account(id)),
        Base::Credential(id) => Some(Taken::Credential(id)),
        Base::Connected(id) => Some(Taken::System(id)),
        Base::Presence(_) | Base::Within(_) | Base::Posing(_) | Base::Internet => None,
    }
}

impl<'e> Friction<'e> {
    /// For an estate; use is judged against the newest use seen in it.
    #[must_use]
    pub fn new(estate: &'e Estate, duration_hours: f64) -> Self {
        Self {
            duration_hours,
            trade: cordon_trade::Friction::of(estate, None),
        }
    }

    /// What taking some base facts costs over the expected duration.
    #[must_use]
    pub fn pence(&self, removes: &[Base]) -> i64 {
        let prices = removes.iter().filter_map(|fact| taken(*fact));
        prices.fold(0, |sum: i64, taken| {
            sum.saturating_add(self.trade.pence(taken, self.duration_hours).0.max(0))
        })
    }

    /// The use that goes with some base facts.
    #[must_use]
    pub fn denied(&self, estate: &Estate, index: &Index, removes: &[Base]) -> Denied {
        let mut denied = Denied::default();
        for fact in removes {
            let people = match *fact {
                Base::Access(id) => {
                    denied.uses_per_day += self.trade.uses_per_day(id);
                    self.users(estate, index, id)
                }
                Base::Enabled(id) => u32::from(is_person(estate, id)),
                Base::Connected(id) => estate.system(id).map_or(0, |system| {
                    system
                        .people
                        .unwrap_or(u32::from(system.kind == SystemKind::Workstation))
                }),
                _ => 0,
            };
            denied.people = denied.people.saturating_add(people);
        }
        denied
    }

    /// People who use an access that somebody's work hangs on.
    fn users(&self, estate: &Estate, index: &Index, id: AccessId) -> u32 {
        let Some(access) = estate.access(id).filter(|_| !self.trade.is_unused(id)) else {
            return 0;
        };
        let holder = match access.kind {
            AccessKind::RemoteAccess { holder, .. }
            | AccessKind::Assignment { holder, .. }
            | AccessKind::Right { holder, .. } => holder,
            AccessKind::Membership { member, .. } => member,
            _ => return 0,
        };
        let holders = match holder {
            Principal::Account(account) => u32::from(is_person(estate, account)),
            other => index.people(other),
        };
        access.provenance.usage.map_or(holders, |usage| usage.people)
    }
}

fn is_person(estate: &Estate, id: cordon_estate::AccountId) -> bool {
    let kind = estate.account(id).map(|account| account.kind);
    matches!(kind, Some(AccountKind::Person | AccountKind::Admin))
}
