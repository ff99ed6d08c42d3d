//! What was left behind over the years: this is what an intruder needs and the business hardly uses.

use cordon_estate::{AccountId, AccountKind, ControlKind, Means, Principal, SystemId, Target};

use super::build::Build;
use super::directory::Directory;
use super::network::Network;
use super::people::{People, some};
use super::servers::Servers;

pub(super) fn leave(
    build: &mut Build,
    _network: &Network,
    servers: &Servers,
    directory: &Directory,
    people: &People,
) {
    forgotten_service_accounts(build, servers, directory);
    jump_host(build, servers, people);
    old_backup_agent(build, servers);
    desktop_sessions(build, people);
    administration_from_laptops(build, people);
    identity_migration(build, directory, people);
}

/// Service accounts with a name in the directory whose password is short enough to guess from a ticket. Anybody
/// in the directory can ask for the ticket.
fn forgotten_service_accounts(build: &mut Build, servers: &Servers, directory: &Directory) {
    let old: Vec<SystemId> = servers.legacy.iter().copied().take(6).collect();
    for (index, name) in [
        "svc-label-print",
        "svc-fax",
        "svc-scanner",
        "svc-intranet-old",
        "svc-report-2014",
        "svc-fuel",
        "svc-kiosk",
        "svc-photo",
    ]
    .into_iter()
    .enumerate()
    {
        let account = build.account(name, AccountKind::Service, None);
        let everyone = Principal::Group(directory.everyone);
        build.control(
            everyone,
            Principal::Account(account),
            ControlKind::RoastTicket,
            None,
        );
        let days = 420 + 37 * index as i64;
        if let Some(&system) = old.get(index % old.len().max(1)) {
            let usage = build.forgotten(days);
            build.session(account, system, usage);
        }
        if index < 3 {
            build.member(Principal::Account(account), directory.legacy_server_admins);
        }
    }
    old_print_rights(build, servers);
}

/// The print account still administers a few application servers that labels were once printed from.
fn old_print_rights(build: &mut Build, servers: &Servers) {
    let printing: Vec<SystemId> = servers.others.iter().copied().take(4).collect();
    let Some(account) = named(build, "svc-label-print") else {
        return;
    };
    for server in printing {
        let usage = build.forgotten(400);
        build.right(
            Principal::Account(account),
            Target::System(server),
            Means::Admin,
            usage,
        );
    }
}

fn named(build: &Build, name: &str) -> Option<AccountId> {
    build
        .estate
        .accounts_with_ids()
        .find(|(_, account)| account.name == name)
        .map(|(id, _)| id)
}

/// Administrators' sessions on the unmanaged jump host, left when it was last needed.
fn jump_host(build: &mut Build, servers: &Servers, people: &People) {
    let virtualisation = people.hypervisor_admins.iter().take(2);
    let servers_too = people.server_admins.iter().take(1);
    for &account in virtualisation.chain(servers_too) {
        let usage = build.forgotten(97);
        build.session(account, servers.jump_host, usage);
    }
}

/// The tape agent was replaced years ago; its account still administers the backup servers.
fn old_backup_agent(build: &mut Build, servers: &Servers) {
    let account = build.account("svc-tape", AccountKind::Service, None);
    for &server in servers.others.iter().skip(2).step_by(9) {
        let usage = build.forgotten(510);
        build.session(account, server, usage);
    }
    for &server in &servers.backup {
        let usage = build.forgotten(510);
        build.right(
            Principal::Account(account),
            Target::System(server),
            Means::Admin,
            usage,
        );
    }
}

/// Desktop support forgets to log off on one desktop in a hundred.
fn desktop_sessions(build: &mut Build, people: &People) {
    let desks: Vec<SystemId> = people.office.iter().map(|&(_, desk)| desk).collect();
    for desk in some(build, &desks, 0.01, 1) {
        if let Some(account) = build.pick(&people.desktop_support) {
            let usage = build.used(1, 0.1);
            build.session(account, desk, usage);
        }
    }
}

/// IT staff who administer from the laptop that they also read mail on.
fn administration_from_laptops(build: &mut Build, people: &People) {
    let mut accounts: Vec<AccountId> = people.server_admins.clone();
    accounts.extend(&people.hypervisor_admins);
    for (index, (person, desk)) in some(build, &people.it, 0.15, 2).into_iter().enumerate() {
        if let Some(&account) = accounts.get(index % accounts.len().max(1)) {
            let usage = build.used(1, 4.0);
            build.session(account, desk, usage);
        }
        let usage = build.used(1, 1.0);
        build.right(
            Principal::Account(person),
            Target::System(desk),
            Means::RemoteDesktop,
            usage,
        );
    }
}

/// Everyday accounts that were made administrators of the identity provider for a migration.
fn identity_migration(build: &mut Build, directory: &Directory, people: &People) {
    for &(person, _) in people.it.iter().take(2) {
        build.member(Principal::Account(person), directory.idp_admins);
    }
}
