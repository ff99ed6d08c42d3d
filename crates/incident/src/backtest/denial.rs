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

    /// The withdrawn accesses: few, where the accesses of an estate are many.
    fn withdrawn_accesses(&self) -> impl Iterator<Item = AccessId> + '_ {
        self.withdrawn.keys().filter_map(|base| match base {
            Base::Access(id) => Some(*id),
            _ => None,
        })
    }

    /// Denied by the network if there were flows for it and every one of them is closed.
    fn flow_closed(&self, estate: &Estate, from: SystemId, attempt: &Attempt) -> Option<&str> {
        self.all_like(estate, attempt.time, |kind| carries(estate, kind, from, attempt))
    }

    /// Denied by the target if the account had rights of this means there and every one of them is taken.
    fn right_taken(&self, estate: &Estate, attempt: &Attempt) -> Option<&str> {
        let account = Principal::Account(attempt.account?);
        self.all_like(estate, attempt.time, |kind| match *kind {
            AccessKind::Right { holder, on, means } => {
                holder == account
                    && on == Target::System(attempt.on)
                    && attempt
                        .means
                        .is_none_or(|wanted| wanted == means || means == Means::Admin)
            }
            _ => false,
        })
    }

    /// The withdrawal of the last access that would do, if there were such accesses and all are withdrawn. The whole
    /// estate is searched only if at least one of them is.
    fn all_like(
        &self,
        estate: &Estate,
        time: Timestamp,
        would_do: impl Fn(&AccessKind) -> bool,
    ) -> Option<&str> {
        let of = |id: AccessId| estate.access(id).is_some_and(|access| would_do(&access.kind));
        self.withdrawn_accesses().find(|id| of(*id))?;
        let all = estate
            .accesses_with_ids()
            .filter(|(_, access)| would_do(&access.kind));
        self.all_withdrawn(all.map(|(id, _)| id), time)
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

#[cfg(test)]
mod tests {
    use cordon_estate::{Access, Origin, Provenance, System, SystemKind, ZoneId};

    use super::*;

    const PAT: AccountId = AccountId(0);
    const DESK: SystemId = SystemId(0);
    const FILES: SystemId = SystemId(1);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn system(name: &str, zone: u32) -> System {
        System {
            name: name.into(),
            aliases: Vec::new(),
            kind: SystemKind::Server,
            zone: Some(ZoneId(zone)),
            site: None,
            addresses: Vec::new(),
            holds: Vec::new(),
            people: None,
            jewel: None,
            provenance: Provenance::new(Origin::Learned),
        }
    }

    /// Two systems in two zones, with two flows for file shares between them.
    fn estate() -> Estate {
        let mut estate = Estate::default();
        estate.add_system(system("DESK", 0));
        estate.add_system(system("FILES", 1));
        for ports in [Ports::Any, Ports::One(Protocol::Tcp, 445)] {
            let (from, to) = (Place::Zone(ZoneId(0)), Place::Zone(ZoneId(1)));
            let kind = AccessKind::Flow { from, to, ports };
            let provenance = Provenance::new(Origin::Learned);
            estate.add_access(Access { kind, provenance });
        }
        estate
    }

    fn withdrawn(bases: &[Base]) -> Denial {
        let withdrawn = bases
            .iter()
            .map(|base| (*base, (at(10), format!("{base:?}"))))
            .collect();
        Denial { withdrawn }
    }

    fn attempt(second: i64, stolen: bool) -> Attempt {
        Attempt {
            account: Some(PAT),
            from: Some(DESK),
            on: FILES,
            means: Some(Means::FileShare),
            stolen,
            time: at(second),
        }
    }

    fn denies(bases: &[Base], attempt: &Attempt) -> bool {
        withdrawn(bases).denies(&estate(), attempt).is_some()
    }

    #[test]
    fn nothing_is_denied_before_it_takes_effect() {
        assert!(!denies(&[Base::Enabled(PAT)], &attempt(9, true)));
        assert!(denies(&[Base::Enabled(PAT)], &attempt(10, true)));
    }

    #[test]
    fn a_reset_stops_the_thief_and_not_the_owner() {
        assert!(denies(&[Base::Credential(PAT)], &attempt(11, true)));
        assert!(!denies(&[Base::Credential(PAT)], &attempt(11, false)));
    }

    #[test]
    fn every_flow_that_would_carry_it_must_be_closed() {
        let (one, other) = (Base::Access(AccessId(0)), Base::Access(AccessId(1)));
        assert!(!denies(&[one], &attempt(11, true)));
        assert!(!denies(&[other], &attempt(11, true)));
        assert!(denies(&[one, other], &attempt(11, true)));
    }

    #[test]
    fn isolation_stops_what_crosses_the_network_and_nothing_local() {
        let local = Attempt {
            from: Some(FILES),
            ..attempt(11, true)
        };
        assert!(denies(&[Base::Connected(DESK)], &attempt(11, true)));
        assert!(denies(&[Base::Connected(FILES)], &attempt(11, true)));
        assert!(!denies(&[Base::Connected(FILES), Base::Enabled(PAT)], &local));
    }
}
