//! Who can connect to what.

use cordon_estate::{AccessId, AccessKind, Means, Place, Ports, Protocol, SystemId, ZoneId, ZoneKind};

use super::Intruder;
use crate::{Base, Derived, RuleKind, Unplaced};

impl Intruder<'_> {
    /// When a connection to the system on a port of this means can first be opened.
    pub(super) fn connects(&self, to: SystemId, means: Means) -> Option<u32> {
        let near = self.place_of(to).and_then(|place| self.connects_within(place));
        let flows = self.flows.iter().filter_map(|(id, kind)| match *kind {
            AccessKind::Flow { from, to: end, ports }
                if carries(ports, end, means) && self.covers(end, to) =>
            {
                self.over_flow(*id, from)
            }
            _ => None,
        });
        near.into_iter().chain(flows).min()
    }

    fn covers(&self, end: Place, to: SystemId) -> bool {
        match end {
            Place::System(id) => id == to && self.estate.system(id).is_some(),
            Place::Zone(id) => self.place_of(to) == Some(Derived::OnZone(id)),
        }
    }

    fn over_flow(&self, id: AccessId, from: Place) -> Option<u32> {
        match from {
            Place::Zone(zone) => self.done(
                self.when(Derived::OnZone(zone)),
                RuleKind::Connect,
                &[Base::Access(id)],
            ),
            Place::System(system) => {
                let needs = [Base::Access(id), Base::Connected(system)];
                self.done(self.when(Derived::RunsOn(system)), RuleKind::Connect, &needs)
            }
        }
    }

    /// When systems of a place can be reached without a flow: from the place itself, and to or from systems of
    /// which the place is not known.
    fn connects_within(&self, place: Derived) -> Option<u32> {
        let anywhere = self.options.unplaced == Unplaced::Anywhere;
        let free = match place {
            Derived::OnZone(id) => self.estate.zone(id).is_some_and(|zone| !zone.isolated_members),
            _ => true,
        };
        let own = self.when(place).filter(|_| free);
        let unplaced = match place {
            Derived::OnZone(id) if anywhere && self.is_internal(id) => self.when(Derived::OnUnplaced),
            Derived::OnUnplaced if anywhere => {
                let zones = self
                    .estate
                    .zones_with_ids()
                    .map(|(id, _)| id)
                    .filter(|id| self.is_internal(*id));
                zones.filter_map(|id| self.when(Derived::OnZone(id))).min()
            }
            _ => None,
        };
        own.into_iter().chain(unplaced).min()
    }

    fn is_internal(&self, id: ZoneId) -> bool {
        self.estate
            .zone(id)
            .is_some_and(|zone| zone.kind == ZoneKind::Internal)
    }
}

fn carries(ports: Ports, to: Place, means: Means) -> bool {
    match ports {
        Ports::Any => true,
        Ports::One(Protocol::Udp, _) => false,
        Ports::One(Protocol::Tcp, port) => {
            let belongs_to_none = Means::ALL.iter().all(|one| !one.tcp_ports().contains(&port));
            let own_port = belongs_to_none && means == Means::Database && matches!(to, Place::System(_));
            means.tcp_ports().contains(&port) || own_port
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_port_carries_its_means_and_a_strange_one_a_database() {
        let tcp = |port| Ports::One(Protocol::Tcp, port);
        let (zone, system) = (Place::Zone(ZoneId(0)), Place::System(SystemId(0)));
        assert!(carries(tcp(445), zone, Means::FileShare) && carries(tcp(445), zone, Means::Admin));
        assert!(!carries(tcp(445), zone, Means::Ssh) && !carries(tcp(9_999), zone, Means::Database));
        assert!(carries(tcp(9_999), system, Means::Database) && !carries(tcp(9_999), system, Means::Web));
        assert!(!carries(Ports::One(Protocol::Udp, 445), zone, Means::FileShare));
    }
}
