//! Zones by subnet: declared ones first, else a /24 of IPv4 or a /64 of IPv6.

use std::net::IpAddr;

use ipnet::IpNet;
use rustc_hash::FxHashMap;

use super::limits::ZONES_MAX;
use crate::{Estate, Origin, Provenance, Zone, ZoneId, ZoneKind};

#[derive(Debug, Default)]
pub(super) struct Zones {
    /// Declared and learned subnets by network, by prefix length from long to short.
    by_prefix: Vec<(u8, FxHashMap<IpNet, ZoneId>)>,
}

impl Zones {
    pub(super) fn of(estate: &Estate) -> Self {
        let mut zones = Self::default();
        for (id, zone) in estate.zones_with_ids() {
            for subnet in &zone.subnets {
                zones.insert(subnet.trunc(), id);
            }
        }
        zones
    }

    fn insert(&mut self, subnet: IpNet, id: ZoneId) {
        let length = subnet.prefix_len();
        let at = self.by_prefix.partition_point(|(own, _)| *own > length);
        if self.by_prefix.get(at).is_none_or(|(own, _)| *own != length) {
            self.by_prefix.insert(at, (length, FxHashMap::default()));
        }
        if let Some((_, table)) = self.by_prefix.get_mut(at) {
            table.entry(subnet).or_insert(id);
        }
    }

    fn known(&self, address: IpAddr) -> Option<ZoneId> {
        self.by_prefix.iter().find_map(|(length, table)| {
            let subnet = IpNet::new(address, *length).ok()?.trunc();
            table.get(&subnet).copied()
        })
    }

    /// The zone of an address of the company's own, new if need be; `None` for one that could be anybody's.
    pub(super) fn of_address(&mut self, address: IpAddr, estate: &mut Estate) -> Option<ZoneId> {
        if let Some(id) = self.known(address) {
            return Some(id);
        }
        if !is_private(address) || estate.zones.len() >= ZONES_MAX {
            return None;
        }
        let length = if address.is_ipv4() { 24 } else { 64 };
        let subnet = IpNet::new(address, length).ok()?.trunc();
        let id = estate.add_zone(Zone {
            name: subnet.to_string(),
            kind: ZoneKind::Internal,
            subnets: vec![subnet],
            isolated_members: false,
            provenance: Provenance::new(Origin::Learned),
        });
        self.insert(subnet, id);
        Some(id)
    }

    /// The zone outside, new if need be.
    pub(super) fn internet(&self, estate: &mut Estate) -> ZoneId {
        estate.internet().unwrap_or_else(|| {
            estate.add_zone(Zone {
                name: "internet".into(),
                kind: ZoneKind::Internet,
                subnets: Vec::new(),
                isolated_members: true,
                provenance: Provenance::new(Origin::Learned),
            })
        })
    }
}

/// Addresses that are nobody's on the internet: RFC 1918, RFC 6598 and RFC 4193.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [first, second, ..] = four.octets();
            four.is_private() || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(six) => six
            .segments()
            .first()
            .is_some_and(|segment| segment & 0xfe00 == 0xfc00),
    }
}
