//! Where access can be withdrawn, how fast, and how surely. All times are assumptions: a killed VPN session and a
//! firewall rule are immediate, a directory replicates, people must be told.

use cordon_estate::{EnforcementPoint, GroupId, Guard, Place, PointKind, ZoneId};

use super::build::Build;
use super::directory::Directory;
use super::network::Network;
use super::servers::Servers;

pub(super) fn place(build: &mut Build, network: &Network, servers: &Servers, directory: &Directory) {
    for (name, gateway) in [
        ("vpn", servers.vpn_gateway),
        ("vpn-contractors", servers.contractor_gateway),
    ] {
        let guards = vec![Guard::RemoteAccess(Some(gateway))];
        point(build, name, PointKind::Openvpn, guards, 2.0, 0.99);
    }
    identities(build, directory);
    networks(build, network);
    databases(build, servers);
}

fn identities(build: &mut Build, directory: &Directory) {
    let guards = vec![
        Guard::Accounts(None),
        Guard::Credentials,
        Guard::Memberships(None),
    ];
    point(
        build,
        "active-directory",
        PointKind::ActiveDirectory,
        guards,
        300.0,
        0.95,
    );
    let guards = vec![
        Guard::Accounts(Some(everyone(directory))),
        Guard::Assignments(None),
    ];
    point(
        build,
        "identity-provider",
        PointKind::IdentityProvider,
        guards,
        30.0,
        0.97,
    );
    point(
        build,
        "help-desk",
        PointKind::HelpDesk,
        vec![Guard::Recoveries],
        300.0,
        0.9,
    );
}

fn networks(build: &mut Build, network: &Network) {
    point(
        build,
        "data-centre-firewall",
        PointKind::Nftables,
        data_centre(network),
        1.0,
        0.99,
    );
    point(
        build,
        "head-office-firewall",
        PointKind::Nftables,
        head_office(network),
        1.0,
        0.99,
    );
    point(
        build,
        "endpoint-protection",
        PointKind::Edr,
        managed(network),
        20.0,
        0.95,
    );
    let front = Guard::Flows(Some((Place::Zone(network.internet), Place::Zone(network.dmz))));
    point(build, "front-door", PointKind::Haproxy, vec![front], 1.0, 0.99);
}

fn databases(build: &mut Build, servers: &Servers) {
    let databases = [
        servers.member_database,
        servers.orders_database,
        servers.stock_database,
    ];
    let guards = databases
        .iter()
        .map(|&database| Guard::Rights(Some(database)))
        .collect();
    point(build, "databases", PointKind::Postgres, guards, 1.0, 0.99);
}

const fn everyone(directory: &Directory) -> GroupId {
    directory.everyone
}

fn between(pairs: &[(ZoneId, ZoneId)]) -> Vec<Guard> {
    pairs
        .iter()
        .map(|&(from, to)| Guard::Flows(Some((Place::Zone(from), Place::Zone(to)))))
        .collect()
}

fn data_centre(network: &Network) -> Vec<Guard> {
    between(&[
        (network.dmz, network.servers),
        (network.servers, network.data),
        (network.servers, network.backup),
        (network.servers, network.directory),
        (network.servers, network.legacy),
        (network.backup, network.servers),
        (network.management, network.directory),
        (network.management, network.servers),
        (network.legacy, network.management),
        (network.legacy, network.servers),
        (network.legacy, network.backup),
        (network.store_wan, network.data),
        (network.store_wan, network.store_services),
        (network.store_services, network.backup),
        (network.contractor_pool, network.legacy),
        (network.contractor_pool, network.dmz),
        (network.vpn_pool, network.servers),
        (network.vpn_pool, network.head_office),
        (network.vpn_pool, network.directory),
    ])
}

fn head_office(network: &Network) -> Vec<Guard> {
    let office = network.head_office;
    let mut pairs = vec![
        (office, network.servers),
        (office, network.directory),
        (office, network.management),
        (office, network.legacy),
        (office, network.store_wan),
        (network.legal, network.servers),
        (network.legal, network.directory),
        (network.funeral, network.servers),
        (network.funeral, network.directory),
    ];
    let depots = network.depots.iter().chain(&network.call_centres);
    pairs.extend(depots.map(|&zone| (zone, network.servers)));
    between(&pairs)
}

/// Endpoint protection runs on what is managed: not on the old servers, the appliances or the tills.
fn managed(network: &Network) -> Vec<Guard> {
    [
        network.head_office,
        network.legal,
        network.funeral,
        network.servers,
        network.store_wan,
    ]
    .iter()
    .chain(&network.call_centres)
    .map(|&zone| Guard::Systems(Some(Place::Zone(zone))))
    .collect()
}

fn point(
    build: &mut Build,
    name: &str,
    kind: PointKind,
    guards: Vec<Guard>,
    effect_seconds: f64,
    certainty: f64,
) {
    build.estate.add_point(EnforcementPoint {
        name: name.to_owned(),
        kind,
        guards,
        effect_seconds,
        effect_median_seconds: None,
        certainty,
        provenance: Build::PLAIN,
    });
}
