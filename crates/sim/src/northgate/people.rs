//! Staff: an account each, the team they are in, and the desk they sit at.

use cordon_estate::{
    AccountId, AccountKind, GroupId, Means, Principal, SiteId, SystemId, SystemKind, Target, ZoneId,
};
use rand::RngExt;

use super::build::{Build, Spec, address};
use super::directory::Directory;
use super::network::Network;
use super::scale::Scale;
use super::sites::Sites;

/// People whom other parts need to name.
pub(super) struct People {
    /// (account, desktop) of the office staff who work remotely and have a desktop of their own.
    pub(super) office: Vec<(AccountId, SystemId)>,
    /// (account, desktop) of the IT staff.
    pub(super) it: Vec<(AccountId, SystemId)>,
    /// Administration accounts of desktop support.
    pub(super) desktop_support: Vec<AccountId>,
    /// Administration accounts of server administrators.
    pub(super) server_admins: Vec<AccountId>,
    /// Administration accounts of those who run the hypervisors.
    pub(super) hypervisor_admins: Vec<AccountId>,
}

pub(super) fn hire(
    build: &mut Build,
    scale: &Scale,
    sites: &Sites,
    network: &Network,
    directory: &Directory,
) -> People {
    shop_floor(build, scale, sites, directory);
    desks(build, scale, sites, network, directory);
    let it = it_staff(build, scale, sites, network, directory);
    let office = office(build, scale, sites, network, directory, it.len() as u32);
    contractors(build, scale, directory);
    let tiers = administrators(build, scale, sites, directory);
    People { office, it, ..tiers }
}

fn person(build: &mut Build, site: SiteId, group: GroupId) -> AccountId {
    let name = build.names.next(&mut build.rng);
    let account = build.account(name, AccountKind::Person, Some(site));
    build.member(Principal::Account(account), group);
    account
}

/// People who share the machines where they work.
fn shop_floor(build: &mut Build, scale: &Scale, sites: &Sites, directory: &Directory) {
    for number in 0..scale.store_staff as usize {
        if let Some(store) = sites.stores.get(number % sites.stores.len().max(1)) {
            let account = person(build, store.site, store.team);
            if number < sites.stores.len() {
                let usage = build.used(1, 2.0);
                build.session(account, store.pc, usage);
            }
        }
    }
    for (staff, places, group) in [
        (scale.funeral_staff, &sites.funeral_homes, directory.funeral_staff),
        (scale.depot_staff, &sites.depots, directory.depot_staff),
    ] {
        for number in 0..staff as usize {
            if let Some(&site) = places.get(number % places.len().max(1)) {
                person(build, site, group);
            }
        }
    }
}

/// A desk: who, of which group, where, with which machine.
struct Desk<'a> {
    site: SiteId,
    group: GroupId,
    zone: ZoneId,
    name: &'a str,
    number: u32,
    first_address: [u8; 4],
}

fn desk(build: &mut Build, directory: &Directory, desk: &Desk<'_>) -> (AccountId, SystemId) {
    let account = person(build, desk.site, desk.group);
    let spec = Spec {
        kind: SystemKind::Workstation,
        zone: Some(desk.zone),
        site: Some(desk.site),
        address: Some(address(desk.first_address, desk.number + 10)),
    };
    let system = build.system(format!("{}-{:05}", desk.name, desk.number + 1), spec);
    build.member(Principal::System(system), directory.workstations);
    let usage = build.used(1, 3.0);
    build.right(
        Principal::Account(account),
        Target::System(system),
        Means::Console,
        usage,
    );
    build.session(account, system, usage);
    (account, system)
}

fn desks(build: &mut Build, scale: &Scale, sites: &Sites, network: &Network, directory: &Directory) {
    for number in 0..scale.legal_staff {
        let place = Desk {
            site: sites.legal,
            group: directory.legal_staff,
            zone: network.legal,
            name: "LEGAL-WS",
            number,
            first_address: [10, 26, 0, 0],
        };
        desk(build, directory, &place);
    }
    let centres = sites.call_centres.iter().zip(&network.call_centres);
    for (centre, (&site, &zone)) in centres.enumerate() {
        let centre = centre as u32;
        for number in 0..scale.call_centre_staff / scale.call_centres.max(1) {
            let place = Desk {
                site,
                group: directory.call_centre_staff,
                zone,
                name: &format!("CC{}-WS", centre + 1),
                number,
                first_address: address([10, 28, 0, 0], centre * 1_024).octets(),
            };
            desk(build, directory, &place);
        }
    }
}

fn head_office<'a>(sites: &Sites, network: &Network, group: GroupId, number: u32) -> Desk<'a> {
    Desk {
        site: sites.head_office,
        group,
        zone: network.head_office,
        name: "HO-WS",
        number,
        first_address: [10, 20, 0, 0],
    }
}

/// One in 12 of the head office is IT, and a fifth of those the help desk.
fn it_staff(
    build: &mut Build,
    scale: &Scale,
    sites: &Sites,
    network: &Network,
    directory: &Directory,
) -> Vec<(AccountId, SystemId)> {
    (0..scale.it_staff())
        .map(|number| {
            let group = if number % 5 == 4 {
                directory.helpdesk
            } else {
                directory.it_staff
            };
            desk(build, directory, &head_office(sites, network, group, number))
        })
        .collect()
}

/// Office staff in the order of their desks; returned are those who work remotely and reach their own desktop.
fn office(
    build: &mut Build,
    scale: &Scale,
    sites: &Sites,
    network: &Network,
    directory: &Directory,
    after: u32,
) -> Vec<(AccountId, SystemId)> {
    let mut remote = Vec::new();
    for number in after..scale.office_staff.max(after + 12) {
        let (account, system) = desk(
            build,
            directory,
            &head_office(sites, network, directory.office_staff, number),
        );
        if build.chance(0.6) || number < after + 4 {
            build.member(Principal::Account(account), directory.vpn_users);
            if build.chance(0.35) || number < after + 4 {
                let usage = build.used(1, 0.8);
                build.right(
                    Principal::Account(account),
                    Target::System(system),
                    Means::RemoteDesktop,
                    usage,
                );
                remote.push((account, system));
            }
        }
    }
    remote
}

fn contractors(build: &mut Build, scale: &Scale, directory: &Directory) {
    for number in 1..=scale.contractors() {
        let account = build.account(format!("ext-{number:03}"), AccountKind::Person, None);
        build.member(Principal::Account(account), directory.contractors);
    }
}

/// Accounts for administration only.
fn administrators(build: &mut Build, scale: &Scale, sites: &Sites, directory: &Directory) -> People {
    let it = scale.it_staff();
    let mut tier = |group: GroupId, name: &str, count: u32| -> Vec<AccountId> {
        (1..=count)
            .map(|number| {
                let account = build.account(
                    format!("adm-{name}-{number:02}"),
                    AccountKind::Admin,
                    Some(sites.head_office),
                );
                build.member(Principal::Account(account), group);
                account
            })
            .collect()
    };
    tier(directory.domain_admins, "domain", 4);
    tier(directory.backup_admins, "backup", 3);
    tier(directory.database_admins, "database", (it / 20).max(2));
    tier(directory.idp_admins, "identity", 3);
    tier(directory.store_support, "stores", (it / 10).max(3));
    People {
        office: Vec::new(),
        it: Vec::new(),
        desktop_support: tier(directory.desktop_support, "desktop", (it / 10).max(4)),
        server_admins: tier(directory.server_admins, "server", (it / 12).max(4)),
        hypervisor_admins: tier(directory.hypervisor_admins, "virtual", 4),
    }
}

/// Some of the people, without repeats, in their own order.
pub(super) fn some<T: Copy>(build: &mut Build, of: &[T], share: f64, at_least: usize) -> Vec<T> {
    let mut left = of.len();
    let mut wanted = ((of.len() as f64 * share) as usize).max(at_least).min(of.len());
    let mut chosen = Vec::with_capacity(wanted);
    for &item in of {
        if wanted > 0 && build.rng.random_range(0..left) < wanted {
            chosen.push(item);
            wanted -= 1;
        }
        left -= 1;
    }
    chosen
}
