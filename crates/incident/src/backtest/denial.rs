//! What a set of withdrawals denies: whether one use of an access would have been refused.

use std::collections::BTreeMap;

use cordon_estate::{
    AccessId, AccessKind, AccountId, Estate, Means, Place, Ports, Principal, Protocol, SystemId, Target,
};
use cordon_plan::PlanDocument;
use cordon_plan::candidates::Candidates;
use cordon_reach::Base;
use jiff::Timestamp;

/// A use of an access, real or attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Who.
    pub account: Option<AccountId>,
    /// From where; the same as `on`, or nothing, for a local one.
    pub from: Option<SystemId>,
    /// On what.
    pub on: SystemId,
    /// How, if it is known.
    pub means: Option<Means>,
    /// True if it uses stolen credentials, which a reset makes worthless.
    pub stolen: bool,
    /// When.
    pub time: Timestamp,
}

impl Attempt {
    fn is_remote(&self) -> bool {
        self.from.is_some_and(|from| from != self.on)
    }
}

/// Base facts withdrawn, each with the instant from which it is and the withdrawal that does it.
#[derive(Clone, Debug, Default)]
pub struct Denial {
    withdrawn: BTreeMap<Base, (Timestamp, String)>,
}

impl Denial {
    /// Puts a plan in force at `decided`. What an earlier plan has withdrawn and this one keeps stays withdrawn from
    /// then; what this one no longer asks for is given back.
    pub fn follow(&mut self, plan: &PlanDocument, estate: &Estate, decided: Timestamp) {
        let candidates = Candidates::new(estate, plan.assumptions.duration_hours);
        let mut next = BTreeMap::new();
        for entry in &plan.withdrawals {
            let effective = after_seconds(decided, entry.effect_seconds);
            for base in candidates.removes(entry.act) {
                let kept = self
                    .withdrawn
                    .get(&base)
                    .map_or(effective, |(since, _)| (*since).min(effective));
                next.entry(base).or_insert((kept, entry.id.to_string()));
            }
        }
        self.withdrawn = next;
    }

    /// The withdrawal that would have refused the attempt, if one would.
    #[must_use]
    pub fn denies(&self, estate: &Estate, attempt: &Attempt) -> Option<&str> {
        let of_account = attempt.account.and_then(|account| {
            let reset = if attempt.stolen {
                self.in_force(Base::Credential(account), attempt.time)
            } else {
                None
            };
            self.in_force(Base::Enabled(account), attempt.time).or(reset)
        });
        if of_account.is_some() && attempt.is_remote() {
            return of_account;
        }
        let from = attempt.from.filter(|_| attempt.is_remote())?;
        self.in_force(Base::Connected(from), attempt.time)
            .or_else(|| self.in_force(Base::Connected(attempt.on), attempt.time))
            .or_else(|| self.flow_closed(estate, from, attempt))
            .or_else(|| self.right_taken(estate, attempt))
    }

    fn in_force(&self, base: Base, time: Timestamp) -> Option<&str> {
        self.withdrawn
            .get(&base)
            .filter(|(since, _)| *since <= time)
            .map(|(_, by)| by.as_str())
    }

    /// Denied by the network if there were flows for it and every one of them is closed.
    fn flow_closed(&self, estate: &Estate, from: SystemId, attempt: &Attempt) -> Option<&str> {
        let flows = estate
            .accesses_with_ids()
            .filter(|(_, access)| carries(estate, &access.kind, from, attempt))
            .map(|(id, _)| id);
        self.all_withdrawn(flows, attempt.time)
    }

    /// Denied by the target if the account had rights of this means there and every one of them is taken.
    fn right_taken(&self, estate: &Estate, attempt: &Attempt) -> Option<&str> {
        let account = Principal::Account(attempt.account?);
        let rights = estate
            .accesses_with_ids()
            .filter(|(_, access)| match access.kind {
                AccessKind::Right { holder, on, means } => {
                    holder == account
                        && on == Target::System(attempt.on)
                        && attempt
                            .means
                            .is_none_or(|wanted| wanted == means || means == Means::Admin)
                }
                _ => false,
            });
        self.all_withdrawn(rights.map(|(id, _)| id), attempt.time)
    }

    fn all_withdrawn(&self, accesses: impl Iterator<Item = AccessId>, time: Timestamp) -> Option<&str> {
        let mut by = None;
        for id in accesses {
            by = Some(self.in_force(Base::Access(id), time)?);
        }
        by
    }
}

/// True if a flow would carry the attempt.
fn carries(estate: &Estate, kind: &AccessKind, from: SystemId, attempt: &Attempt) -> bool {
    let AccessKind::Flow {
        from: start,
        to: end,
        ports,
    } = *kind
    else {
        return false;
    };
    let covers = |place: Place, system: SystemId| match place {
        Place::System(id) => id == system,
        Place::Zone(id) => estate
            .system(system)
            .is_some_and(|system| system.zone == Some(id)),
    };
    let same_zone =
        estate.system(from).and_then(|one| one.zone) == estate.system(attempt.on).and_then(|one| one.zone);
    !same_zone && covers(start, from) && covers(end, attempt.on) && admits(ports, attempt.means)
}

fn admits(ports: Ports, means: Option<Means>) -> bool {
    means.is_none_or(|means| {
        means
            .tcp_ports()
            .iter()
            .any(|port| ports.admits(Protocol::Tcp, *port))
    })
}

fn after_seconds(time: Timestamp, seconds: f64) -> Timestamp {
    let milliseconds = (seconds.clamp(0.0, 1e9) * 1000.0) as i64;
    time.checked_add(jiff::SignedDuration::from_millis(milliseconds))
        .unwrap_or(time)
}
