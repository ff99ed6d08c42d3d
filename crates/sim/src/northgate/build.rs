//! The estate under construction: one short call per fact.

use std::net::{IpAddr, Ipv4Addr};

use cordon_estate::{
    Access, AccessId, AccessKind, Account, AccountId, AccountKind, ControlKind, Estate, Group, GroupId,
    Jewel, Means, Member, Origin, Pence, Place, Ports, Principal, Protocol, Provenance, Site, SiteId,
    SiteKind, SourceId, System, SystemId, SystemKind, Target, Usage, Zone, ZoneId, ZoneKind,
};
use ipnet::{IpNet, Ipv4Net};
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::{Options, names::Names};

/// Days of use that the fictional logs cover.
pub(super) const WINDOW_DAYS: i64 = 90;

pub(super) struct Build {
    pub(super) estate: Estate,
    pub(super) rng: ChaCha12Rng,
    pub(super) names: Names,
    epoch: Timestamp,
}

/// What a system is, beside its name.
#[derive(Clone, Copy)]
pub(super) struct Spec {
    pub(super) kind: SystemKind,
    pub(super) zone: Option<ZoneId>,
    pub(super) site: Option<SiteId>,
    pub(super) address: Option<Ipv4Addr>,
}

impl Build {
    pub(super) fn new(options: &Options) -> Self {
        let estate = Estate {
            organisation: "Northgate Co-operative".to_owned(),
            sources: vec![format!("northgate, seed {}", options.seed)],
            ..Estate::default()
        };
        Self {
            estate,
            rng: ChaCha12Rng::seed_from_u64(options.seed),
            names: Names::default(),
            epoch: options.epoch,
        }
    }

    pub(super) fn finish(self) -> Estate {
        self.estate
    }

    fn known(usage: Option<Usage>) -> Provenance {
        Provenance {
            origin: Origin::Imported { source: SourceId(0) },
            usage,
        }
    }

    pub(super) const PLAIN: Provenance = Provenance::new(Origin::Imported { source: SourceId(0) });

    /// Used by `people`, `daily` times a day all together.
    pub(super) fn used(&mut self, people: u32, daily: f64) -> Option<Usage> {
        let minutes_ago = self.rng.random_range(1..720);
        let uses = (daily * WINDOW_DAYS as f64).max(1.0) as u64;
        Some(self.usage(WINDOW_DAYS * 1_440, minutes_ago, uses, people))
    }

    /// Last used `days` ago and hardly before.
    pub(super) fn forgotten(&mut self, days: i64) -> Option<Usage> {
        let first = self.rng.random_range(30..400);
        Some(self.usage((days + first) * 1_440, days * 1_440, 3, 1))
    }

    fn usage(&self, first_minutes_ago: i64, last_minutes_ago: i64, uses: u64, people: u32) -> Usage {
        let ago = |minutes: i64| {
            self.epoch
                .checked_sub(SignedDuration::from_mins(minutes))
                .unwrap_or(self.epoch)
        };
        Usage {
            first_seen: ago(first_minutes_ago),
            last_seen: ago(last_minutes_ago),
            uses,
            people,
        }
    }

    pub(super) fn zone(
        &mut self,
        name: &str,
        subnet: Option<(Ipv4Addr, u8)>,
        isolated_members: bool,
    ) -> ZoneId {
        let subnets = subnet
            .and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok())
            .map(|net| vec![IpNet::V4(net)])
            .unwrap_or_default();
        let kind = if name == "internet" {
            ZoneKind::Internet
        } else {
            ZoneKind::Internal
        };
        self.estate.add_zone(Zone {
            name: name.to_owned(),
            kind,
            subnets,
            isolated_members,
            provenance: Self::PLAIN,
        })
    }

    pub(super) fn site(&mut self, name: String, kind: SiteKind, people: u32) -> SiteId {
        self.estate.add_site(Site {
            name,
            kind,
            people,
            provenance: Self::PLAIN,
        })
    }

    pub(super) fn system(&mut self, name: impl Into<String>, spec: Spec) -> SystemId {
        self.estate.add_system(System {
            name: name.into(),
            aliases: Vec::new(),
            kind: spec.kind,
            zone: spec.zone,
            site: spec.site,
            addresses: spec.address.map(IpAddr::V4).into_iter().collect(),
            holds: Vec::new(),
            people: None,
            jewel: None,
            provenance: Self::PLAIN,
        })
    }

    /// Marks a system as a jewel that would cost this many million pounds.
    pub(super) fn jewel(&mut self, system: SystemId, million_pounds: i64, holds: &[&str]) {
        if let Some(system) = self.estate.systems.get_mut(system.index()) {
            system.jewel = Some(Jewel {
                loss: Some(Pence(million_pounds * 100_000_000)),
                never: true,
                inferred: false,
            });
            system.holds = holds.iter().map(|&kind| kind.to_owned()).collect();
        }
    }

    pub(super) fn account(
        &mut self,
        name: impl Into<String>,
        kind: AccountKind,
        site: Option<SiteId>,
    ) -> AccountId {
        self.estate.add_account(Account {
            name: name.into(),
            aliases: Vec::new(),
            kind,
            site,
            enabled: true,
            jewel: None,
            provenance: Self::PLAIN,
        })
    }

    pub(super) fn group(&mut self, name: impl Into<String>) -> GroupId {
        self.estate.add_group(Group {
            name: name.into(),
            aliases: Vec::new(),
            jewel: None,
            provenance: Self::PLAIN,
        })
    }

    pub(super) fn access(&mut self, kind: AccessKind, usage: Option<Usage>) -> AccessId {
        self.estate.add_access(Access {
            kind,
            provenance: Self::known(usage),
        })
    }

    pub(super) fn member(&mut self, member: Member, group: GroupId) -> AccessId {
        self.access(AccessKind::Membership { member, group }, None)
    }

    pub(super) fn right(
        &mut self,
        holder: Principal,
        on: Target,
        means: Means,
        usage: Option<Usage>,
    ) -> AccessId {
        self.access(AccessKind::Right { holder, on, means }, usage)
    }

    pub(super) fn session(&mut self, account: AccountId, system: SystemId, usage: Option<Usage>) -> AccessId {
        self.access(AccessKind::Session { account, system }, usage)
    }

    pub(super) fn control(
        &mut self,
        holder: Principal,
        over: Principal,
        by: ControlKind,
        usage: Option<Usage>,
    ) -> AccessId {
        self.access(AccessKind::Control { holder, over, by }, usage)
    }

    /// A TCP flow between zones.
    pub(super) fn flow(&mut self, from: ZoneId, to: ZoneId, port: u16, usage: Option<Usage>) -> AccessId {
        let ports = Ports::One(Protocol::Tcp, port);
        self.wire(Place::Zone(from), Place::Zone(to), ports, usage)
    }

    pub(super) fn wire(&mut self, from: Place, to: Place, ports: Ports, usage: Option<Usage>) -> AccessId {
        self.access(AccessKind::Flow { from, to, ports }, usage)
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.rng.random_bool(probability.clamp(0.0, 1.0))
    }

    /// One of them, if there is one.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() {
            return None;
        }
        let index = self.rng.random_range(0..from.len());
        from.get(index).copied()
    }
}

/// The address this many after the first.
pub(super) fn address(first: [u8; 4], offset: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::from(first)).saturating_add(offset))
}
