//! What is assumed where nobody declared anything.

use super::limits::ZONES_ASSUMED_OPEN_MAX;
use crate::{
    Access, AccessKind, AccountId, EnforcementPoint, Estate, Group, GroupId, Guard, Means, Origin, Place,
    PointKind, Ports, Principal, Provenance, SystemId, Target, ZoneId, ZoneKind,
};

const ASSUMED: Provenance = Provenance::new(Origin::Assumed);

/// The two groups that stand for rights nobody knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assumed {
    everyone: GroupId,
    everything: GroupId,
}

impl Assumed {
    /// Adds the groups, the right between them, and the enforcement points that every company has.
    pub(super) fn begin(estate: &mut Estate) -> Self {
        let everyone = estate.add_group(group("every account (assumed)"));
        let everything = estate.add_group(group("every system (assumed)"));
        let kind = AccessKind::Right {
            holder: Principal::Group(everyone),
            on: Target::Group(everything),
            means: Means::Admin,
        };
        estate.add_access(Access {
            kind,
            provenance: ASSUMED,
        });
        if estate.points.is_empty() {
            points(estate);
        }
        Self { everyone, everything }
    }

    pub(super) const fn everyone(&self) -> GroupId {
        self.everyone
    }

    pub(super) const fn account_joins(&self, account: AccountId) -> AccessKind {
        AccessKind::Membership {
            member: Principal::Account(account),
            group: self.everyone,
        }
    }

    pub(super) const fn system_joins(&self, system: SystemId) -> AccessKind {
        AccessKind::Membership {
            member: Principal::System(system),
            group: self.everything,
        }
    }
}

fn group(name: &str) -> Group {
    Group {
        name: name.into(),
        aliases: Vec::new(),
        jewel: None,
        provenance: ASSUMED,
    }
}

/// Seconds to effect are assumptions: one second to change an account or close a flow and see it refused, which is what
/// Cordon holds itself to on a server of the company's own, and two for an endpoint service to reach its agent. A
/// declared point overrides them.
fn points(estate: &mut Estate) {
    let mut add = |name: &str, kind, guards, effect_seconds| {
        estate.add_point(EnforcementPoint {
            name: name.into(),
            kind,
            guards,
            effect_seconds,
            effect_median_seconds: None,
            certainty: 0.95,
            provenance: ASSUMED,
        });
    };
    add(
        "directory",
        PointKind::ActiveDirectory,
        vec![Guard::Accounts(None), Guard::Credentials],
        1.0,
    );
    add(
        "endpoint-isolation",
        PointKind::Edr,
        vec![Guard::Systems(None)],
        2.0,
    );
    add("firewall", PointKind::Nftables, vec![Guard::Flows(None)], 1.0);
}

/// The flows between a new zone and the others.
pub(super) fn zone_opens(estate: &Estate, zone: ZoneId) -> Vec<AccessKind> {
    if estate.zones.len() > ZONES_ASSUMED_OPEN_MAX {
        return Vec::new();
    }
    let internal = estate
        .zones_with_ids()
        .filter(|(id, other)| *id != zone && other.kind == ZoneKind::Internal);
    internal
        .flat_map(|(other, _)| [(zone, other), (other, zone)])
        .map(|(from, to)| AccessKind::Flow {
            from: Place::Zone(from),
            to: Place::Zone(to),
            ports: Ports::Any,
        })
        .collect()
}
