//! Who can connect to what.

use std::collections::BTreeMap;

use cordon_estate::{AccessId, AccessKind, Means, Place, Ports, Protocol, SystemId, ZoneId, ZoneKind};

use super::Intruder;
use crate::{Base, Derived, RuleKind, Unplaced};

/// When a connection for a means can first be opened over some flow that ends at a place.
pub(super) type Opened = BTreeMap<(Place, Means), u32>;

impl Intruder<'_> {
    /// When a connection to the system on a port of this means can first be opened.
    pub(super) fn connects(&self, to: SystemId, means: Means) -> Option<u32> {
        let place = self.place_of(to)?;
        let over_flows = |end: Place| self.opened.get(&(end, means)).copied();
        let to_zone = match place {
            Derived::OnZone(zone) => over_flows(Place::Zone(zone)),
            _ => None,
        };
        let to_itself = over_flows(Place::System(to));
        let within = self.connects_within(place);
        within.into_iter().chain(to_zone).chain(to_itself).min()
    }

    /// Asks every flow what it opens from where the intruder stands now, so that nothing else has to ask them all.
    pub(super) fn open_flows(&mut self) {
        let mut opened = Opened::new();
        for (id, kind) in &self.flows {
            let AccessKind::Flow { from, to, ports } = *kind else {
                continue;
            };
            let Some(at) = self.over_flow(*id, from) else {
                continue;
            };
            for means in Means::ALL.into_iter().filter(|means| carries(ports, to, *means)) {
                let known = opened.entry((to, means)).or_insert(at);
                *known = at.min(*known);
            }
        }
        self.opened = opened;
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
            Derived::OnUnplaced if anywhere => self.inside,
            _ => None,
        };
        own.into_iter().chain(unplaced).min()
    }

    pub(super) fn is_internal(&self, id: ZoneId) -> bool {
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
    use cordon_estate::Estate;
    use proptest::prelude::*;

    use super::super::{Gained, all_of, foothold_fact};
    use super::*;
    use crate::testing::{arbitrary_estate, arbitrary_footholds, arbitrary_options};

    /// The meaning of [`Intruder::connects`], by asking every flow and every zone.
    fn connects_plainly(intruder: &Intruder<'_>, to: SystemId, means: Means) -> Option<u32> {
        let place = intruder.place_of(to)?;
        let covers = |end: Place| match end {
            Place::System(id) => id == to,
            Place::Zone(id) => place == Derived::OnZone(id),
        };
        let flows = intruder.flows.iter().filter_map(|(id, kind)| match *kind {
            AccessKind::Flow { from, to: end, ports } if carries(ports, end, means) && covers(end) => {
                intruder.over_flow(*id, from)
            }
            _ => None,
        });
        let internal = |zone: &ZoneId| intruder.is_internal(*zone);
        let zones = intruder
            .estate
            .zones_with_ids()
            .map(|(id, _)| id)
            .filter(internal);
        let zones: Vec<ZoneId> = zones.collect();
        let anywhere = intruder.options.unplaced == Unplaced::Anywhere;
        let near: Vec<Derived> = match place {
            Derived::OnZone(id) => {
                let is_isolated = intruder.estate.zone(id).unwrap().isolated_members;
                let itself = (!is_isolated).then_some(place);
                let unplaced = (anywhere && zones.contains(&id)).then_some(Derived::OnUnplaced);
                itself.into_iter().chain(unplaced).collect()
            }
            Derived::OnUnplaced if anywhere => {
                let zones = zones.into_iter().map(Derived::OnZone);
                zones.chain([place]).collect()
            }
            _ => vec![place],
        };
        let near = near.into_iter().filter_map(|fact| intruder.when(fact));
        near.chain(flows).min()
    }

    fn every_place_and_means(estate: &Estate) -> Vec<(SystemId, Means)> {
        let systems = estate.systems_with_ids().map(|(id, _)| id);
        systems
            .flat_map(|id| Means::ALL.map(|means| (id, means)))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// At every point of an intrusion, whatever the intruder has.
        #[test]
        fn flows_asked_once_open_what_they_open_one_by_one(
            estate in arbitrary_estate(24),
            has in prop::collection::vec((arbitrary_footholds(), 0_u32..2_000), 0..6),
            unplaced in prop::option::of(0_u32..2_000),
            options in arbitrary_options(),
        ) {
            let mut gained = Gained::nothing(&estate);
            let mut intruder = all_of(&estate, &options, &|_, _| true, &mut gained);
            for (entities, at) in has {
                for entity in entities {
                    intruder.gain(at, foothold_fact(entity));
                }
            }
            if let Some(at) = unplaced {
                intruder.gain(at, Derived::OnUnplaced);
            }
            intruder.open_flows();
            for (system, means) in every_place_and_means(&estate) {
                let plainly = connects_plainly(&intruder, system, means);
                prop_assert_eq!(intruder.connects(system, means), plainly, "{:?} {:?}", system, means);
            }
        }
    }

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
