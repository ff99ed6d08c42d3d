//! Stores, funeral homes, depots and call centres, with the machines in them.

use cordon_estate::{
    AccessId, GroupId, Means, Place, Ports, Principal, Protocol, SiteId, SiteKind, SystemId, SystemKind,
    Target,
};
use rand::RngExt;

use super::build::{Build, Spec, address};
use super::directory::Directory;
use super::network::Network;
use super::scale::Scale;

/// Regions that store trading is accounted in.
pub(super) const REGIONS: [&str; 8] = [
    "scotland",
    "north-east",
    "north-west",
    "midlands",
    "wales",
    "east",
    "south-west",
    "south-east",
];

/// A store and what other parts need to know of it.
pub(super) struct Store {
    pub(super) site: SiteId,
    pub(super) team: GroupId,
    pub(super) pc: SystemId,
    pub(super) region: usize,
    pub(super) card_flow: AccessId,
}

/// Every site.
pub(super) struct Sites {
    pub(super) stores: Vec<Store>,
    pub(super) funeral_homes: Vec<SiteId>,
    pub(super) depots: Vec<SiteId>,
    pub(super) call_centres: Vec<SiteId>,
    pub(super) head_office: SiteId,
    pub(super) legal: SiteId,
}

pub(super) fn open(build: &mut Build, scale: &Scale, network: &Network, directory: &Directory) -> Sites {
    let head_office = build.site("head-office".to_owned(), SiteKind::Office, scale.office_staff);
    let legal = build.site("legal-office".to_owned(), SiteKind::Office, scale.legal_staff);
    build.site("data-centre-1".to_owned(), SiteKind::DataCentre, 6);
    build.site("data-centre-2".to_owned(), SiteKind::DataCentre, 3);
    let each = |total: u32, count: u32| total / count.max(1);
    let staff = each(scale.store_staff, scale.stores);
    let stores = (0..scale.stores)
        .map(|number| store(build, network, directory, number, staff))
        .collect();
    let funeral_homes = (0..scale.funeral_homes)
        .map(|number| {
            funeral_home(
                build,
                network,
                number,
                each(scale.funeral_staff, scale.funeral_homes),
            )
        })
        .collect();
    let mut numbered = |name: &str, kind, count, people| -> Vec<SiteId> {
        (1..=count)
            .map(|number| build.site(format!("{name}-{number}"), kind, people))
            .collect()
    };
    let depots = numbered(
        "depot",
        SiteKind::DistributionCentre,
        scale.depots,
        each(scale.depot_staff, scale.depots),
    );
    let call_centres = numbered(
        "call-centre",
        SiteKind::CallCentre,
        scale.call_centres,
        each(scale.call_centre_staff, scale.call_centres),
    );
    Sites {
        stores,
        funeral_homes,
        depots,
        call_centres,
        head_office,
        legal,
    }
}

fn store(build: &mut Build, network: &Network, directory: &Directory, index: u32, staff: u32) -> Store {
    let number = index + 1;
    let site = build.site(format!("store-{number:05}"), SiteKind::Store, staff);
    let team = build.group(format!("store-{number:05}-team"));
    build.member(Principal::Group(team), directory.store_colleagues);
    let first = address([10, 64, 0, 0], index * 32);
    let till_zone = build.zone(&format!("store-{number:05}-tills"), Some((first, 27)), true);
    let spec = |kind, zone, address| Spec {
        kind,
        zone: Some(zone),
        site: Some(site),
        address: Some(address),
    };
    let pc_address = address([10, 128, 0, 0], index + 1);
    let pc = build.system(
        format!("S{number:05}-PC"),
        spec(SystemKind::Workstation, network.store_wan, pc_address),
    );
    build.member(Principal::System(pc), directory.store_pcs);
    for till in 0..build.rng.random_range(3..=6_u32) {
        let at = address([10, 64, 0, 0], index * 32 + 2 + till);
        let till = build.system(
            format!("S{number:05}-TILL-{}", till + 1),
            spec(SystemKind::Till, till_zone, at),
        );
        build.member(Principal::System(till), directory.tills);
    }
    store_access(
        build,
        network,
        Parts {
            site,
            team,
            pc,
            till_zone,
            staff,
            index,
        },
    )
}

struct Parts {
    site: SiteId,
    team: GroupId,
    pc: SystemId,
    till_zone: cordon_estate::ZoneId,
    staff: u32,
    index: u32,
}

fn store_access(build: &mut Build, network: &Network, parts: Parts) -> Store {
    let usage = build.used(parts.staff, f64::from(parts.staff));
    build.right(
        Principal::Group(parts.team),
        Target::System(parts.pc),
        Means::Console,
        usage,
    );
    let usage = build.used(parts.staff, 1_400.0);
    let card_flow = build.flow(parts.till_zone, network.payments, 443, usage);
    let usage = build.used(1, 40.0);
    let ports = Ports::One(Protocol::Tcp, 445);
    build.wire(
        Place::System(parts.pc),
        Place::Zone(parts.till_zone),
        ports,
        usage,
    );
    Store {
        site: parts.site,
        team: parts.team,
        pc: parts.pc,
        region: parts.index as usize % REGIONS.len(),
        card_flow,
    }
}

fn funeral_home(build: &mut Build, network: &Network, index: u32, staff: u32) -> SiteId {
    let number = index + 1;
    let site = build.site(format!("funeral-home-{number:04}"), SiteKind::FuneralHome, staff);
    let spec = Spec {
        kind: SystemKind::Workstation,
        zone: Some(network.funeral),
        site: Some(site),
        address: Some(address([10, 24, 0, 0], index + 1)),
    };
    build.system(format!("FH{number:04}-PC"), spec);
    site
}
