//! Zones, and the flows that the firewalls between them let pass.

use std::net::Ipv4Addr;

use cordon_estate::{AccessId, Place, Ports, ZoneId};

use super::build::{Build, address};
use super::scale::Scale;

/// The zones, and the flows that services stand on.
pub(super) struct Network {
    pub(super) internet: ZoneId,
    pub(super) dmz: ZoneId,
    pub(super) vpn_pool: ZoneId,
    pub(super) contractor_pool: ZoneId,
    pub(super) head_office: ZoneId,
    pub(super) call_centres: Vec<ZoneId>,
    pub(super) legal: ZoneId,
    pub(super) funeral: ZoneId,
    pub(super) depots: Vec<ZoneId>,
    pub(super) store_wan: ZoneId,
    pub(super) store_services: ZoneId,
    pub(super) payments: ZoneId,
    pub(super) servers: ZoneId,
    pub(super) data: ZoneId,
    pub(super) management: ZoneId,
    pub(super) directory: ZoneId,
    pub(super) backup: ZoneId,
    pub(super) legacy: ZoneId,
    pub(super) flows: Flows,
}

/// Flows that services require, by what they carry.
pub(super) struct Flows {
    pub(super) web: AccessId,
    pub(super) web_to_servers: AccessId,
    pub(super) databases: AccessId,
    pub(super) acquirer: AccessId,
    pub(super) store_to_services: AccessId,
    pub(super) funeral: AccessId,
    pub(super) legal: AccessId,
    pub(super) call_centres: Vec<AccessId>,
    pub(super) depots: Vec<AccessId>,
    pub(super) office: AccessId,
    pub(super) office_management: AccessId,
    pub(super) store_support: AccessId,
    pub(super) backup: AccessId,
    pub(super) remote_apps: AccessId,
}

pub(super) fn lay_out(build: &mut Build, scale: &Scale) -> Network {
    let net = |a: u8, b: u8, c: u8, prefix: u8| Some((Ipv4Addr::new(a, b, c, 0), prefix));
    let internet = build.zone("internet", None, false);
    let dmz = build.zone("dmz", net(10, 16, 0, 24), false);
    let vpn_pool = build.zone("vpn-pool", net(10, 30, 0, 16), true);
    let contractor_pool = build.zone("contractor-pool", net(10, 31, 0, 24), true);
    let head_office = build.zone("head-office", net(10, 20, 0, 15), false);
    let legal = build.zone("legal-services", net(10, 26, 0, 16), false);
    let funeral = build.zone("funeral-homes", net(10, 24, 0, 15), true);
    let store_wan = build.zone("store-wan", net(10, 128, 0, 10), false);
    let store_services = build.zone("store-services", net(10, 18, 0, 24), false);
    let payments = build.zone("payments", net(10, 12, 0, 24), false);
    let servers = build.zone("servers", net(10, 10, 0, 16), false);
    let data = build.zone("data", net(10, 11, 0, 16), true);
    let management = build.zone("management", net(10, 13, 0, 16), false);
    let directory = build.zone("directory", net(10, 14, 0, 24), false);
    let backup = build.zone("backup", net(10, 15, 0, 24), false);
    let legacy = build.zone("legacy", net(10, 17, 0, 24), false);
    let mut numbered = |name: &str, count: u32, first: [u8; 4], size: u32, prefix: u8| -> Vec<ZoneId> {
        (0..count)
            .map(|n| {
                let subnet = Some((address(first, n * size), prefix));
                build.zone(&format!("{name}-{}", n + 1), subnet, false)
            })
            .collect()
    };
    let call_centres = numbered("call-centre", scale.call_centres, [10, 28, 0, 0], 1_024, 22);
    let depots = numbered("depot", scale.depots, [10, 27, 0, 0], 256, 24);
    let zones = Zones {
        dmz,
        vpn_pool,
        contractor_pool,
        head_office,
        legal,
        funeral,
        store_wan,
        servers,
        data,
    };
    let inner = Inner {
        store_services,
        payments,
        management,
        directory,
        backup,
        legacy,
    };
    let flows = open(build, scale, internet, &zones, &inner, &call_centres, &depots);
    Network {
        internet,
        dmz,
        vpn_pool,
        contractor_pool,
        head_office,
        call_centres,
        legal,
        funeral,
        depots,
        store_wan,
        store_services,
        payments,
        servers,
        data,
        management,
        directory,
        backup,
        legacy,
        flows,
    }
}

struct Zones {
    dmz: ZoneId,
    vpn_pool: ZoneId,
    contractor_pool: ZoneId,
    head_office: ZoneId,
    legal: ZoneId,
    funeral: ZoneId,
    store_wan: ZoneId,
    servers: ZoneId,
    data: ZoneId,
}

struct Inner {
    store_services: ZoneId,
    payments: ZoneId,
    management: ZoneId,
    directory: ZoneId,
    backup: ZoneId,
    legacy: ZoneId,
}

fn open(
    build: &mut Build,
    scale: &Scale,
    internet: ZoneId,
    outer: &Zones,
    inner: &Inner,
    call_centres: &[ZoneId],
    depots: &[ZoneId],
) -> Flows {
    let office = scale.office_staff;
    let remote = office * 6 / 10;
    inside(build, scale, outer, inner);
    Flows {
        web: busy(build, internet, outer.dmz, 443, 50_000, 400_000.0),
        web_to_servers: busy(build, outer.dmz, outer.servers, 443, 3, 900_000.0),
        databases: busy(build, outer.servers, outer.data, 5_432, 12, 2_000_000.0),
        acquirer: busy(build, inner.payments, internet, 443, 2, 3_000_000.0),
        store_to_services: busy(
            build,
            outer.store_wan,
            inner.store_services,
            443,
            scale.store_staff,
            300_000.0,
        ),
        funeral: busy(
            build,
            outer.funeral,
            outer.servers,
            443,
            scale.funeral_staff,
            9_000.0,
        ),
        legal: busy(
            build,
            outer.legal,
            outer.servers,
            443,
            scale.legal_staff,
            20_000.0,
        ),
        call_centres: call_centres
            .iter()
            .map(|&zone| busy(build, zone, outer.servers, 443, scale.call_centre_staff, 12_000.0))
            .collect(),
        depots: depots
            .iter()
            .map(|&zone| {
                busy(
                    build,
                    zone,
                    outer.servers,
                    443,
                    scale.depot_staff / depots.len().max(1) as u32,
                    9_000.0,
                )
            })
            .collect(),
        office: busy(build, outer.head_office, outer.servers, 443, office, 90_000.0),
        office_management: busy(build, outer.head_office, inner.management, 443, 14, 60.0),
        store_support: busy(build, outer.head_office, outer.store_wan, 3_389, 40, 160.0),
        backup: busy(build, inner.backup, outer.servers, 445, 2, 600.0),
        remote_apps: busy(build, outer.vpn_pool, outer.servers, 443, remote, 20_000.0),
    }
}

fn busy(build: &mut Build, from: ZoneId, to: ZoneId, port: u16, people: u32, daily: f64) -> AccessId {
    let usage = build.used(people, daily);
    build.flow(from, to, port, usage)
}

/// Flows that no single service stands on: administration, directory lookups, and what was left open.
fn inside(build: &mut Build, scale: &Scale, outer: &Zones, inner: &Inner) {
    let office = scale.office_staff;
    let remote = office * 6 / 10;
    for (from, people) in [
        (outer.head_office, office),
        (outer.legal, scale.legal_staff),
        (outer.funeral, scale.funeral_staff),
        (outer.store_wan, scale.store_staff),
        (outer.vpn_pool, remote),
        (outer.servers, 20),
    ] {
        busy(build, from, inner.directory, 389, people, f64::from(people));
        busy(build, from, inner.directory, 445, people, f64::from(people));
    }
    busy(
        build,
        outer.vpn_pool,
        outer.head_office,
        3_389,
        remote / 3,
        f64::from(remote / 3),
    );
    busy(
        build,
        outer.vpn_pool,
        outer.servers,
        445,
        remote / 4,
        f64::from(remote),
    );
    busy(build, outer.contractor_pool, outer.dmz, 22, 6, 4.0);
    busy(
        build,
        outer.head_office,
        outer.servers,
        445,
        office / 2,
        f64::from(office),
    );
    busy(build, outer.head_office, outer.servers, 3_389, 60, 180.0);
    busy(build, outer.head_office, inner.directory, 3_389, 6, 4.0);
    busy(build, outer.servers, inner.backup, 445, 2, 40.0);
    busy(build, inner.management, inner.directory, 3_389, 6, 3.0);
    busy(build, inner.management, outer.servers, 3_389, 12, 30.0);
    busy(build, inner.store_services, inner.backup, 445, 1, 2.0);
    left_open(build, outer, inner);
}

/// Flows of projects long over.
fn left_open(build: &mut Build, outer: &Zones, inner: &Inner) {
    for (from, to, days) in [
        (outer.contractor_pool, inner.legacy, 140),
        (outer.head_office, inner.legacy, 110),
        (outer.servers, inner.legacy, 160),
    ] {
        let usage = build.forgotten(days);
        build.flow(from, to, 3_389, usage);
    }
    for (to, days) in [(inner.management, 95), (outer.servers, 120), (inner.backup, 230)] {
        let usage = build.forgotten(days);
        build.wire(Place::Zone(inner.legacy), Place::Zone(to), Ports::Any, usage);
    }
    let usage = build.forgotten(300);
    build.flow(outer.store_wan, outer.data, 1_433, usage);
}
