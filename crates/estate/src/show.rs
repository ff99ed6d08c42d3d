//! What an estate holds, for people to look over.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::load::words::Word;
use crate::{AccessKind, Entity, Estate, Origin, Provenance};

/// Counts and names worth showing of an estate. Names are in the order of the estate.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// What the organisation is called.
    pub organisation: String,
    /// Accounts by kind.
    pub accounts: BTreeMap<&'static str, usize>,
    /// How many accounts are disabled already.
    pub disabled_accounts: usize,
    /// Groups.
    pub groups: usize,
    /// Systems by kind.
    pub systems: BTreeMap<&'static str, usize>,
    /// How many systems are in no zone.
    pub systems_without_zone: usize,
    /// Zones.
    pub zones: usize,
    /// Sites by kind.
    pub sites: BTreeMap<&'static str, usize>,
    /// People at all sites together.
    pub people: u64,
    /// Accesses by kind.
    pub accesses: BTreeMap<&'static str, usize>,
    /// How many accesses were seen in use.
    pub accesses_in_use: usize,
    /// Services.
    pub services: usize,
    /// Services that must keep running.
    pub protected: Vec<String>,
    /// What must never be taken.
    pub jewels: Vec<JewelSummary>,
    /// Where access can be withdrawn.
    pub points: Vec<PointSummary>,
    /// How many facts of all kinds there are by where they come from.
    pub origins: BTreeMap<&'static str, usize>,
}

/// A crown jewel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JewelSummary {
    /// What it is.
    pub entity: Entity,
    /// Its name.
    pub name: String,
    /// True if Cordon inferred it.
    pub inferred: bool,
    /// True if no plan may leave it reachable.
    pub never: bool,
    /// Loss if it is taken, in pence, if stated.
    pub loss_pence: Option<i64>,
}

/// An enforcement point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PointSummary {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// How many guards it has.
    pub guards: usize,
    /// Seconds until a withdrawal takes effect, 95th percentile.
    pub effect_seconds: f64,
    /// The median, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect_median_seconds: Option<f64>,
}

/// Sums an estate up.
#[must_use]
pub fn summary(estate: &Estate) -> Summary {
    Summary {
        organisation: estate.organisation.clone(),
        accounts: counted(estate.accounts.iter().map(|account| account.kind.word())),
        disabled_accounts: estate.accounts.iter().filter(|account| !account.enabled).count(),
        groups: estate.groups.len(),
        systems: counted(estate.systems.iter().map(|system| system.kind.word())),
        systems_without_zone: estate
            .systems
            .iter()
            .filter(|system| system.zone.is_none())
            .count(),
        zones: estate.zones.len(),
        sites: counted(estate.sites.iter().map(|site| site.kind.word())),
        people: estate.sites.iter().map(|site| u64::from(site.people)).sum(),
        accesses: counted(estate.accesses.iter().map(|access| kind_word(access.kind))),
        accesses_in_use: estate
            .accesses
            .iter()
            .filter(|access| access.provenance.usage.is_some())
            .count(),
        services: estate.services.len(),
        protected: estate
            .services
            .iter()
            .filter(|service| service.protected)
            .map(|service| service.name.clone())
            .collect(),
        jewels: jewels(estate),
        points: points(estate),
        origins: counted(provenances(estate).map(|provenance| origin_word(provenance.origin))),
    }
}

fn counted(words: impl Iterator<Item = &'static str>) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    words.for_each(|word| *counts.entry(word).or_insert(0) += 1);
    counts
}

/// The word for a kind of access, as in the file format.
#[must_use]
pub const fn kind_word(kind: AccessKind) -> &'static str {
    match kind {
        AccessKind::Membership { .. } => "membership",
        AccessKind::Right { .. } => "right",
        AccessKind::Session { .. } => "session",
        AccessKind::Control { .. } => "control",
        AccessKind::RemoteAccess { .. } => "remote-access",
        AccessKind::Assignment { .. } => "assignment",
        AccessKind::Flow { .. } => "flow",
        AccessKind::Recovery { .. } => "recovery",
    }
}

const fn origin_word(origin: Origin) -> &'static str {
    match origin {
        Origin::Declared { .. } => "declared",
        Origin::Imported { .. } => "imported",
        Origin::Learned => "learned",
        Origin::Assumed => "assumed",
        Origin::Inferred => "inferred",
    }
}

fn provenances(estate: &Estate) -> impl Iterator<Item = Provenance> + '_ {
    let accounts = estate.accounts.iter().map(|one| one.provenance);
    let groups = estate.groups.iter().map(|one| one.provenance);
    let systems = estate.systems.iter().map(|one| one.provenance);
    let zones = estate.zones.iter().map(|one| one.provenance);
    let sites = estate.sites.iter().map(|one| one.provenance);
    let accesses = estate.accesses.iter().map(|one| one.provenance);
    let services = estate.services.iter().map(|one| one.provenance);
    let points = estate.points.iter().map(|one| one.provenance);
    accounts
        .chain(groups)
        .chain(systems)
        .chain(zones)
        .chain(sites)
        .chain(accesses)
        .chain(services)
        .chain(points)
}

fn jewels(estate: &Estate) -> Vec<JewelSummary> {
    let accounts = estate
        .accounts_with_ids()
        .map(|(id, one)| (Entity::Account(id), one.jewel));
    let groups = estate
        .groups_with_ids()
        .map(|(id, one)| (Entity::Group(id), one.jewel));
    let systems = estate
        .systems_with_ids()
        .map(|(id, one)| (Entity::System(id), one.jewel));
    let all = accounts.chain(groups).chain(systems);
    all.filter_map(|(entity, jewel)| {
        let jewel = jewel?;
        Some(JewelSummary {
            entity,
            name: estate.name(entity).to_owned(),
            inferred: jewel.inferred,
            never: jewel.never,
            loss_pence: jewel.loss.map(|loss| loss.0),
        })
    })
    .collect()
}

fn points(estate: &Estate) -> Vec<PointSummary> {
    let points = estate.points.iter().map(|point| PointSummary {
        name: point.name.clone(),
        kind: point.kind.word(),
        guards: point.guards.len(),
        effect_seconds: point.effect_seconds,
        effect_median_seconds: point.effect_median_seconds,
    });
    points.collect()
}
