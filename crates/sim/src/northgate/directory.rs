//! Groups, who is in which, and the rights of the three tiers of administration.

use cordon_estate::{AccessKind, AccountKind, ControlKind, GroupId, Means, Principal, Target};

use super::build::Build;
use super::network::Network;
use super::scale::Scale;
use super::servers::Servers;

/// The groups that rights are given to.
pub(super) struct Directory {
    pub(super) everyone: GroupId,
    pub(super) store_colleagues: GroupId,
    pub(super) funeral_staff: GroupId,
    pub(super) depot_staff: GroupId,
    pub(super) office_staff: GroupId,
    pub(super) call_centre_staff: GroupId,
    pub(super) legal_staff: GroupId,
    pub(super) it_staff: GroupId,
    pub(super) helpdesk: GroupId,
    pub(super) vpn_users: GroupId,
    pub(super) contractors: GroupId,
    pub(super) domain_admins: GroupId,
    pub(super) hypervisor_admins: GroupId,
    pub(super) backup_admins: GroupId,
    pub(super) server_admins: GroupId,
    pub(super) desktop_support: GroupId,
    pub(super) store_support: GroupId,
    pub(super) database_admins: GroupId,
    pub(super) idp_admins: GroupId,
    pub(super) legacy_server_admins: GroupId,
    pub(super) workstations: GroupId,
    pub(super) store_pcs: GroupId,
    pub(super) tills: GroupId,
    pub(super) application_servers: GroupId,
    pub(super) legacy_servers: GroupId,
    pub(super) domain_controllers: GroupId,
}

/// Makes the groups and nests those that nest.
pub(super) fn groups(build: &mut Build) -> Directory {
    let directory = Directory {
        everyone: build.group("all-staff"),
        store_colleagues: build.group("store-colleagues"),
        funeral_staff: build.group("funeral-staff"),
        depot_staff: build.group("depot-staff"),
        office_staff: build.group("office-staff"),
        call_centre_staff: build.group("call-centre-staff"),
        legal_staff: build.group("legal-staff"),
        it_staff: build.group("it-staff"),
        helpdesk: build.group("helpdesk"),
        vpn_users: build.group("vpn-users"),
        contractors: build.group("contractors"),
        domain_admins: build.group("domain-admins"),
        hypervisor_admins: build.group("hypervisor-admins"),
        backup_admins: build.group("backup-admins"),
        server_admins: build.group("server-admins"),
        desktop_support: build.group("desktop-support"),
        store_support: build.group("store-support"),
        database_admins: build.group("database-admins"),
        idp_admins: build.group("idp-admins"),
        legacy_server_admins: build.group("legacy-server-admins"),
        workstations: build.group("workstations"),
        store_pcs: build.group("store-pcs"),
        tills: build.group("tills"),
        application_servers: build.group("application-servers"),
        legacy_servers: build.group("legacy-servers"),
        domain_controllers: build.group("domain-controllers"),
    };
    for nested in [
        directory.store_colleagues,
        directory.funeral_staff,
        directory.depot_staff,
        directory.office_staff,
        directory.call_centre_staff,
        directory.legal_staff,
        directory.it_staff,
    ] {
        build.member(Principal::Group(nested), directory.everyone);
    }
    build.member(Principal::Group(directory.helpdesk), directory.it_staff);
    build.member(Principal::Group(directory.it_staff), directory.vpn_users);
    directory
}

/// Gives the tiers their rights, the help desk its resets, and people their applications.
pub(super) fn grant(
    build: &mut Build,
    scale: &Scale,
    network: &Network,
    servers: &Servers,
    directory: &Directory,
) {
    administration(build, servers, directory);
    resets(build, scale, network, directory);
    remote_access(build, scale, network, servers, directory);
    applications(build, scale, servers, directory);
    break_glass(build, directory);
}

fn administration(build: &mut Build, servers: &Servers, directory: &Directory) {
    let tiers = [
        (
            directory.domain_admins,
            directory.domain_controllers,
            Means::RemoteDesktop,
            6,
            4.0,
        ),
        (
            directory.server_admins,
            directory.application_servers,
            Means::Admin,
            24,
            120.0,
        ),
        (
            directory.desktop_support,
            directory.workstations,
            Means::Admin,
            30,
            200.0,
        ),
        (
            directory.store_support,
            directory.store_pcs,
            Means::RemoteDesktop,
            30,
            150.0,
        ),
        (
            directory.legacy_server_admins,
            directory.legacy_servers,
            Means::Admin,
            3,
            0.2,
        ),
    ];
    for (holder, on, means, people, daily) in tiers {
        let usage = build.used(people, daily);
        build.right(Principal::Group(holder), Target::Group(on), means, usage);
    }
    machines(build, servers, directory);
}

/// Rights on single machines.
fn machines(build: &mut Build, servers: &Servers, directory: &Directory) {
    for &manager in &servers.hypervisor_managers {
        let usage = build.used(10, 30.0);
        build.right(
            Principal::Group(directory.hypervisor_admins),
            Target::System(manager),
            Means::Web,
            usage,
        );
    }
    for &server in &servers.backup {
        let usage = build.used(5, 10.0);
        build.right(
            Principal::Group(directory.backup_admins),
            Target::System(server),
            Means::Admin,
            usage,
        );
    }
    for database in [
        servers.member_database,
        servers.orders_database,
        servers.stock_database,
    ] {
        let usage = build.used(8, 12.0);
        build.right(
            Principal::Group(directory.database_admins),
            Target::System(database),
            Means::Database,
            usage,
        );
    }
    for &controller in &servers.domain_controllers {
        build.member(Principal::System(controller), directory.domain_controllers);
    }
}

/// Who can have a password or second factor reset by a telephone call, and by whom it is done.
fn resets(build: &mut Build, scale: &Scale, network: &Network, directory: &Directory) {
    for (group, people, share) in [
        (directory.store_colleagues, scale.store_staff, 0.002_5),
        (directory.funeral_staff, scale.funeral_staff, 0.002_5),
        (directory.depot_staff, scale.depot_staff, 0.002_5),
        (directory.office_staff, scale.office_staff, 0.01),
        (directory.call_centre_staff, scale.call_centre_staff, 0.01),
        (directory.legal_staff, scale.legal_staff, 0.01),
        (directory.it_staff, scale.it_staff(), 0.01),
    ] {
        let daily = f64::from(people) * share;
        let usage = build.used((daily * 60.0) as u32 + 1, daily);
        let kind = AccessKind::Recovery {
            of: Principal::Group(group),
            from: network.internet,
        };
        build.access(kind, usage);
    }
    let helpdesk = Principal::Group(directory.helpdesk);
    let everyone = Principal::Group(directory.everyone);
    let agents = scale.it_staff() / 5;
    for by in [ControlKind::ResetPassword, ControlKind::ResetSecondFactor] {
        let usage = build.used(agents, f64::from(agents) * 4.0);
        build.control(helpdesk, everyone, by, usage);
    }
}

fn remote_access(
    build: &mut Build,
    scale: &Scale,
    network: &Network,
    servers: &Servers,
    directory: &Directory,
) {
    let remote = scale.office_staff * 6 / 10 + scale.it_staff();
    let contractors = scale.contractors();
    for (group, gateway, into, people) in [
        (directory.vpn_users, servers.vpn_gateway, network.vpn_pool, remote),
        (
            directory.contractors,
            servers.contractor_gateway,
            network.contractor_pool,
            contractors,
        ),
    ] {
        let usage = build.used(people, f64::from(people) * 0.7);
        let holder = Principal::Group(group);
        build.access(
            AccessKind::RemoteAccess {
                holder,
                gateway,
                into,
            },
            usage,
        );
    }
}

fn applications(build: &mut Build, scale: &Scale, servers: &Servers, directory: &Directory) {
    for (group, app, people) in [
        (directory.everyone, servers.rota_app, scale.staff()),
        (directory.office_staff, servers.mail_app, scale.office_staff),
        (directory.legal_staff, servers.mail_app, scale.legal_staff),
        (directory.it_staff, servers.mail_app, scale.it_staff()),
        (directory.it_staff, servers.ticket_app, scale.it_staff()),
        (
            directory.call_centre_staff,
            servers.contact_app,
            scale.call_centre_staff,
        ),
    ] {
        let usage = build.used(people, f64::from(people));
        let kind = AccessKind::Assignment {
            holder: Principal::Group(group),
            app,
            admin: false,
        };
        build.access(kind, usage);
    }
    let usage = build.used(3, 9.0);
    let kind = AccessKind::Assignment {
        holder: Principal::Group(directory.idp_admins),
        app: servers.identity_provider,
        admin: true,
    };
    build.access(kind, usage);
}

fn break_glass(build: &mut Build, directory: &Directory) {
    for number in 1..=2 {
        let account = build.account(format!("break-glass-{number}"), AccountKind::BreakGlass, None);
        build.member(Principal::Account(account), directory.domain_admins);
    }
}
