//! Estates and incidents, drawn from one seed.

use cordon_estate::{AccessKind, AccountKind, Entity, Estate, Principal, SystemKind};
use cordon_sim::northgate::Options;

/// Fewest and most stores.
pub(crate) const STORES: (u32, u32) = (20, 2_000);

/// Incidents at each estate.
pub(crate) const PER_ESTATE: usize = 25;

/// How likely one, two … five things are held, in percent.
pub(crate) const COUNTS: [u32; 5] = [30, 30, 20, 12, 8];

/// What an intruder may hold, with how often each is drawn, in percent. All weights are assumptions.
pub(crate) const KINDS: [(Kind, &str, u32); 8] = [
    (
        Kind::Remote,
        "office account that may use the VPN, held outside",
        20,
    ),
    (Kind::StorePc, "back-office PC of a store", 15),
    (Kind::Clerk, "call-centre clerk's account", 15),
    (Kind::Service, "service account", 13),
    (Kind::Server, "server that is no jewel", 12),
    (Kind::Till, "store till", 10),
    (Kind::HelpDesk, "help desk agent's account", 8),
    (Kind::Administrator, "administrator's account", 7),
];

/// What kind of thing is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Remote,
    StorePc,
    Clerk,
    Service,
    Server,
    Till,
    HelpDesk,
    Administrator,
}

/// Steele, Lea & Flood 2014 (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    /// One stream for each purpose, so that one more incident changes no other.
    pub(crate) const fn of(seed: u64, purpose: u64) -> Self {
        Self(
            seed.wrapping_mul(0xd134_2543_de82_ef95)
                .wrapping_add(purpose.wrapping_mul(0x2545_f491_4f6c_dd1d)),
        )
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((self.unit() * end as f64) as usize).min(end.saturating_sub(1))
    }

    /// The place of a weight, as often as it weighs.
    fn weighed(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut left = self.unit() * f64::from(weights.clone().sum::<u32>());
        for (place, weight) in weights.enumerate() {
            left -= f64::from(weight);
            if left < 0.0 {
                return place;
            }
        }
        0
    }
}

/// The estates: as many as `count`, one from each slice of the range on a logarithmic scale, the smallest first.
pub(crate) fn estates(count: usize, stores: (u32, u32), seed: u64) -> Vec<Options> {
    let mut random = Random::of(seed, 1);
    let (least, most) = (f64::from(stores.0), f64::from(stores.1));
    let sizes = (0..count).map(|place| {
        let share = (place as f64 + random.unit()) / count as f64;
        (least * (most / least).powf(share)).round() as u32
    });
    let sizes: Vec<u32> = sizes.collect();
    let seeds = 1_000 * seed..;
    sizes
        .into_iter()
        .zip(seeds)
        .map(|(stores, seed)| Options {
            seed,
            stores,
            ..Options::default()
        })
        .collect()
}

/// What can be held at one estate, by kind.
pub(crate) struct Pools(Vec<Vec<Entity>>);

impl Pools {
    pub(crate) fn of(estate: &Estate) -> Self {
        let pool = |&(kind, _, _): &(Kind, &str, u32)| match kind {
            Kind::Remote => accounts_in(estate, "vpn-users"),
            Kind::Clerk => accounts_in(estate, "call-centre-staff"),
            Kind::HelpDesk => accounts_in(estate, "helpdesk"),
            Kind::StorePc => members(estate, "store-pcs"),
            Kind::Service => accounts_of(estate, AccountKind::Service),
            Kind::Administrator => accounts_of(estate, AccountKind::Admin),
            Kind::Server => systems_of(estate, SystemKind::Server),
            Kind::Till => systems_of(estate, SystemKind::Till),
        };
        Self(KINDS.iter().map(pool).collect())
    }

    /// What is held in one incident: one to five different things.
    pub(crate) fn draw(&self, random: &mut Random) -> Vec<(Kind, Entity)> {
        let count = 1 + random.weighed(COUNTS.into_iter());
        let mut held: Vec<(Kind, Entity)> = Vec::new();
        while held.len() < count {
            let place = random.weighed(KINDS.iter().map(|(_, _, weight)| *weight));
            let (Some((kind, _, _)), Some(pool)) = (KINDS.get(place), self.0.get(place)) else {
                continue;
            };
            if let Some(&entity) = pool.get(random.below(pool.len()))
                && held.iter().all(|(_, other)| *other != entity)
            {
                held.push((*kind, entity));
            }
        }
        held
    }
}

fn members(estate: &Estate, name: &str) -> Vec<Entity> {
    let group = estate.groups_with_ids().find(|(_, group)| group.name == name);
    let wanted = group.map(|(id, _)| id);
    let of_group = estate.accesses.iter().filter_map(|access| match access.kind {
        AccessKind::Membership { member, group } if Some(group) == wanted => Some(member),
        _ => None,
    });
    of_group
        .filter_map(|member| match member {
            Principal::Account(id) => Some(Entity::Account(id)),
            Principal::System(id) => Some(Entity::System(id)),
            Principal::Group(_) => None,
        })
        .collect()
}

fn accounts_in(estate: &Estate, group: &str) -> Vec<Entity> {
    let mut found = members(estate, group);
    found.retain(|entity| matches!(entity, Entity::Account(_)));
    found
}

fn accounts_of(estate: &Estate, kind: AccountKind) -> Vec<Entity> {
    let accounts = estate.accounts_with_ids();
    accounts
        .filter(|(_, account)| account.kind == kind)
        .map(|(id, _)| Entity::Account(id))
        .collect()
}

fn systems_of(estate: &Estate, kind: SystemKind) -> Vec<Entity> {
    let systems = estate.systems_with_ids();
    systems
        .filter(|(_, system)| system.kind == kind && system.jewel.is_none())
        .map(|(id, _)| Entity::System(id))
        .collect()
}
