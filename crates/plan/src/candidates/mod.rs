//! Candidates: every withdrawal that the enforcement points could carry out and that the decision could use.
//!
//! A candidate is made for a base fact that matters only (reached from the footholds and leading to what must be
//! kept), so that tens of thousands of accounts do not become as many columns. Acts in bulk are made once one of
//! their facts matters. Nothing is ever withdrawn from a break-glass account.

mod expand;
mod friction;
mod index;
mod left_open;
mod points;
mod words;

use cordon_estate::{AccessKind, AccountId, AccountKind, ControlKind, Estate, Place, PointId, Principal};
use cordon_reach::Base;

pub use friction::{Denied, Friction};
pub use index::Index;
pub use left_open::left_open;
pub use words::{access_name, entity_name};

use crate::document::Act;

/// One act with where it is done, what it removes and what it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What is done.
    pub act: Act,
    /// Where.
    pub point: PointId,
    /// Seconds until it takes effect, 95th percentile.
    pub effect_seconds: f64,
    /// The median of the same, if the estate tells it.
    pub effect_median_seconds: Option<f64>,
    /// How surely it works, in (0, 1].
    pub certainty: f64,
    /// Every base fact that it removes, ascending.
    pub removes: Vec<Base>,
    /// What the act costs by itself, in pence.
    pub friction_pence: i64,
    /// The legitimate use that it denies.
    pub denied: Denied,
}

/// Makes candidates for one estate.
#[derive(Debug)]
pub struct Candidates<'e> {
    estate: &'e Estate,
    index: Index,
    friction: Friction<'e>,
    /// Enforcement points, the one to prefer first.
    points: Vec<cordon_estate::PointId>,
}

impl<'e> Candidates<'e> {
    /// Indexes an estate.
    #[must_use]
    pub fn new(estate: &'e Estate, duration_hours: f64) -> Self {
        Self {
            estate,
            index: Index::new(estate),
            friction: Friction::new(estate, duration_hours),
            points: Self::in_order(estate),
        }
    }

    /// The same for another expected duration.
    pub fn set_duration(&mut self, duration_hours: f64) {
        self.friction.duration_hours = duration_hours;
    }

    /// The candidate for an act, if some enforcement point can carry it out and it removes anything.
    #[must_use]
    pub fn candidate(&self, act: Act) -> Option<Candidate> {
        let point = self.point(act)?;
        let removes = self.removes(act);
        if removes.is_empty() {
            return None;
        }
        let server = self.estate.point(point)?;
        let denied = self.friction.denied(self.estate, &self.index, &removes);
        Some(Candidate {
            act,
            point,
            effect_seconds: server.effect_seconds,
            effect_median_seconds: server.effect_median_seconds,
            certainty: server.certainty,
            friction_pence: self.friction.pence(&removes),
            denied,
            removes,
        })
    }

    /// Prices a candidate for the expected duration of now.
    pub fn price_again(&self, candidate: &mut Candidate) {
        candidate.friction_pence = self.friction.pence(&candidate.removes);
    }

    /// Candidates for base facts that matter, by act.
    #[must_use]
    pub fn for_facts(&self, facts: impl IntoIterator<Item = Base>) -> Vec<Candidate> {
        self.for_facts_again(&facts.into_iter().collect::<Vec<_>>(), Vec::new())
    }

    /// The same, of which some are known already: those, by act and with the prices of now, are not made again.
    #[must_use]
    pub fn for_facts_again(&self, facts: &[Base], known: Vec<Candidate>) -> Vec<Candidate> {
        let mut known = known.into_iter().peekable();
        let acts = self.acts_for(facts).into_iter();
        acts.filter_map(|act| {
            while known.next_if(|candidate| candidate.act < act).is_some() {}
            known
                .next_if(|candidate| candidate.act == act)
                .or_else(|| self.candidate(act))
        })
        .collect()
    }

    /// Acts for base facts that matter, ascending.
    fn acts_for(&self, facts: &[Base]) -> Vec<Act> {
        let mut acts = Vec::new();
        let mut accounts = Vec::new();
        for &fact in facts {
            self.acts_on(fact, &mut acts);
            if let Base::Enabled(account) = fact {
                accounts.push(account);
            }
        }
        accounts.sort_unstable();
        accounts.dedup();
        self.acts_on_groups(&accounts, &mut acts);
        acts.sort_unstable();
        acts.dedup();
        acts
    }

    /// Every act that would remove a fact.
    pub(crate) fn acts_on(&self, fact: Base, acts: &mut impl Extend<Act>) {
        match fact {
            Base::Enabled(account) if !self.is_break_glass(account) => {
                acts.extend([Act::DisableAccount { account }]);
            }
            Base::Credential(account) if !self.is_break_glass(account) => {
                acts.extend([Act::ResetCredential { account }]);
            }
            Base::Connected(system) => acts.extend([Act::IsolateSystem { system }]),
            Base::Access(id) => self.acts_on_access(id, acts),
            _ => {}
        }
    }

    fn acts_on_access(&self, id: cordon_estate::AccessId, acts: &mut impl Extend<Act>) {
        let Some(access) = self.estate.access(id) else {
            return;
        };
        let first = self.index.first_like(id);
        match access.kind {
            AccessKind::Membership { .. } => acts.extend([Act::DropMembership { access: first }]),
            AccessKind::Right { .. } => acts.extend([Act::TakeRight { access: first }]),
            AccessKind::Control { by, .. } => {
                let can = !matches!(by, ControlKind::Hosts | ControlKind::RoastTicket);
                acts.extend(can.then_some(Act::TakeRight { access: first }));
            }
            AccessKind::Session { account, .. } => acts.extend([Act::EndSessions { account }]),
            AccessKind::RemoteAccess { gateway, .. } => acts.extend([
                Act::BlockRemoteAccess { access: first },
                Act::BlockGateway { gateway },
                Act::BlockAllRemoteAccess,
            ]),
            AccessKind::Assignment { app, .. } => {
                acts.extend([Act::Unassign { access: first }, Act::UnassignAll { app }]);
            }
            AccessKind::Flow { to, .. } => {
                acts.extend([Act::CloseFlow { access: first }]);
                if let Place::Zone(zone) = to {
                    acts.extend([Act::CloseZone { zone }]);
                }
            }
            AccessKind::Recovery { .. } => {
                acts.extend([Act::SuspendRecovery { access: first }, Act::SuspendRecoveries]);
            }
        }
    }

    /// Disabling a whole group is worth a thought if at least two of the accounts that matter are in it.
    fn acts_on_groups(&self, accounts: &[AccountId], acts: &mut impl Extend<Act>) {
        if accounts.len() > crate::limits::GROUPED_ACCOUNTS_MAX {
            return;
        }
        let mut counts = std::collections::BTreeMap::new();
        for &account in accounts {
            for &group in self.index.groups_of(Principal::Account(account)) {
                *counts.entry(group).or_insert(0_u32) += 1;
            }
        }
        let several = counts.into_iter().filter(|(_, count)| *count > 1);
        acts.extend(several.map(|(group, _)| Act::DisableGroup { group }));
    }

    fn is_break_glass(&self, account: AccountId) -> bool {
        self.estate
            .account(account)
            .is_some_and(|account| account.kind == AccountKind::BreakGlass)
    }

    /// The index of the estate.
    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.index
    }
}
