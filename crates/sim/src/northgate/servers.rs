//! Data centres: what serves, what it runs on, and the accounts that programs use.

use cordon_estate::{
    AccountId, AccountKind, ControlKind, Means, Principal, SystemId, SystemKind, Target, ZoneId,
};
use rand::RngExt;

use super::build::{Build, Spec, address};
use super::directory::Directory;
use super::network::Network;
use super::scale::Scale;

/// Virtual servers that one hypervisor host carries.
const GUESTS_PER_HOST: usize = 24;

/// Named systems.
pub(super) struct Servers {
    pub(super) domain_controllers: Vec<SystemId>,
    pub(super) hypervisor_managers: Vec<SystemId>,
    pub(super) backup: Vec<SystemId>,
    pub(super) member_database: SystemId,
    pub(super) orders_database: SystemId,
    pub(super) stock_database: SystemId,
    pub(super) identity_provider: SystemId,
    pub(super) rota_app: SystemId,
    pub(super) mail_app: SystemId,
    pub(super) ticket_app: SystemId,
    pub(super) contact_app: SystemId,
    pub(super) vpn_gateway: SystemId,
    pub(super) contractor_gateway: SystemId,
    pub(super) web_fronts: Vec<SystemId>,
    pub(super) till_switches: Vec<SystemId>,
    pub(super) point_of_sale: Vec<SystemId>,
    pub(super) funeral_app: Vec<SystemId>,
    pub(super) legal_app: SystemId,
    pub(super) stock_app: SystemId,
    pub(super) warehouse_app: SystemId,
    pub(super) orders_app: SystemId,
    pub(super) quick_commerce_app: Vec<SystemId>,
    pub(super) membership_api: SystemId,
    /// Ordinary application servers.
    pub(super) others: Vec<SystemId>,
    /// Servers older than the standard, and the jump host among them last.
    pub(super) legacy: Vec<SystemId>,
    pub(super) jump_host: SystemId,
}

struct Rack<'a> {
    build: &'a mut Build,
    next: [u32; 256],
    guests: Vec<SystemId>,
}

impl Rack<'_> {
    fn put(&mut self, name: &str, kind: SystemKind, zone: ZoneId, net: u8) -> SystemId {
        let offset = self.next.get_mut(usize::from(net)).map_or(0, |next| {
            *next += 1;
            *next + 9
        });
        let spec = Spec {
            kind,
            zone: Some(zone),
            site: None,
            address: Some(address([10, net, 0, 0], offset)),
        };
        self.build.system(name, spec)
    }

    /// A virtual server.
    fn guest(&mut self, name: &str, kind: SystemKind, zone: ZoneId, net: u8) -> SystemId {
        let system = self.put(name, kind, zone, net);
        self.guests.push(system);
        system
    }

    fn pair(&mut self, name: &str, zone: ZoneId, net: u8, real: bool) -> Vec<SystemId> {
        (1..=2)
            .map(|number| {
                let name = format!("{name}-{number}");
                if real {
                    self.put(&name, SystemKind::Server, zone, net)
                } else {
                    self.guest(&name, SystemKind::Server, zone, net)
                }
            })
            .collect()
    }

    fn saas(&mut self, name: &str, kind: SystemKind) -> SystemId {
        let spec = Spec {
            kind,
            zone: None,
            site: None,
            address: None,
        };
        self.build.system(name, spec)
    }

    fn fill(&mut self, scale: &Scale, network: &Network) -> Servers {
        let jump_host = self.put("NG-JMP-02", SystemKind::Server, network.legacy, 17);
        Servers {
            domain_controllers: (1..=4)
                .map(|n| {
                    self.guest(
                        &format!("NG-DC-{n}"),
                        SystemKind::DomainController,
                        network.directory,
                        14,
                    )
                })
                .collect(),
            hypervisor_managers: (1..=2)
                .map(|n| {
                    self.put(
                        &format!("VCENTER-{n}"),
                        SystemKind::HypervisorManager,
                        network.management,
                        13,
                    )
                })
                .collect(),
            backup: (1..=2)
                .map(|n| {
                    self.put(
                        &format!("NG-BAK-{n}"),
                        SystemKind::BackupServer,
                        network.backup,
                        15,
                    )
                })
                .collect(),
            member_database: self.guest("MEMBER-DB", SystemKind::Server, network.data, 11),
            orders_database: self.guest("ORDERS-DB", SystemKind::Server, network.data, 11),
            stock_database: self.guest("STOCK-DB", SystemKind::Server, network.data, 11),
            identity_provider: self.saas("northgate-idp", SystemKind::IdentityProvider),
            rota_app: self.saas("rota", SystemKind::SaasApp),
            mail_app: self.saas("mail-and-files", SystemKind::SaasApp),
            ticket_app: self.saas("service-desk", SystemKind::SaasApp),
            contact_app: self.saas("contact-centre", SystemKind::SaasApp),
            vpn_gateway: self.put("VPN-GW-1", SystemKind::Gateway, network.dmz, 16),
            contractor_gateway: self.put("VPN-GW-2", SystemKind::Gateway, network.dmz, 16),
            web_fronts: self.pair("WEB", network.dmz, 16, false),
            till_switches: self.pair("TILL-SWITCH", network.payments, 12, true),
            point_of_sale: self.pair("POS-CENTRAL", network.store_services, 18, true),
            funeral_app: self.pair("FUNERAL-APP", network.servers, 10, false),
            legal_app: self.guest("LEGAL-APP", SystemKind::Server, network.servers, 10),
            stock_app: self.guest("STOCK-APP", SystemKind::Server, network.servers, 10),
            warehouse_app: self.guest("WAREHOUSE-APP", SystemKind::Server, network.servers, 10),
            orders_app: self.guest("ORDERS-APP", SystemKind::Server, network.servers, 10),
            quick_commerce_app: self.pair("QUICK-APP", network.servers, 10, false),
            membership_api: self.guest("MEMBER-API", SystemKind::Server, network.servers, 10),
            others: (1..=scale.servers)
                .map(|n| self.guest(&format!("NG-APP-{n:04}"), SystemKind::Server, network.servers, 10))
                .collect(),
            legacy: (1..=6)
                .map(|n| self.guest(&format!("NG-OLD-{n:02}"), SystemKind::Server, network.legacy, 17))
                .chain([jump_host])
                .collect(),
            jump_host,
        }
    }
}

/// Racks everything.
pub(super) fn rack(build: &mut Build, scale: &Scale, network: &Network, directory: &Directory) -> Servers {
    let mut rack = Rack {
        build,
        next: [0; 256],
        guests: Vec::new(),
    };
    let servers = rack.fill(scale, network);
    let guests = rack.guests;
    host(build, network, &servers, &guests);
    declare(build, &servers);
    enrol(build, &servers, directory);
    servers
}

/// Puts the virtual servers on hosts, and the hosts under their manager.
fn host(build: &mut Build, network: &Network, servers: &Servers, guests: &[SystemId]) {
    for (index, chunk) in guests.chunks(GUESTS_PER_HOST).enumerate() {
        let spec = Spec {
            kind: SystemKind::Hypervisor,
            zone: Some(network.management),
            site: None,
            address: Some(address([10, 13, 1, 0], index as u32 + 10)),
        };
        let esx = build.system(format!("ESX-{:03}", index + 1), spec);
        for &manager in &servers.hypervisor_managers {
            build.control(
                Principal::System(manager),
                Principal::System(esx),
                ControlKind::Hosts,
                None,
            );
        }
        for &guest in chunk {
            build.control(
                Principal::System(esx),
                Principal::System(guest),
                ControlKind::Hosts,
                None,
            );
        }
    }
}

fn declare(build: &mut Build, servers: &Servers) {
    for &system in &servers.domain_controllers {
        build.jewel(system, 120, &["credentials"]);
    }
    for &system in &servers.hypervisor_managers {
        build.jewel(system, 200, &[]);
    }
    for &system in &servers.backup {
        build.jewel(system, 150, &["backups"]);
    }
    build.jewel(servers.identity_provider, 100, &["credentials"]);
    build.jewel(servers.member_database, 80, &["personal-data"]);
}

/// The groups of machines that rights are given on.
fn enrol(build: &mut Build, servers: &Servers, directory: &Directory) {
    let applications = [
        servers.legal_app,
        servers.stock_app,
        servers.warehouse_app,
        servers.orders_app,
        servers.membership_api,
    ];
    let named = applications
        .iter()
        .chain(&servers.web_fronts)
        .chain(&servers.funeral_app)
        .chain(&servers.quick_commerce_app)
        .chain(&servers.others);
    for &server in named {
        build.member(Principal::System(server), directory.application_servers);
    }
    for &server in &servers.legacy {
        build.member(Principal::System(server), directory.legacy_servers);
    }
}

/// Accounts of programs: each runs on one to three servers and some log on to a database.
pub(super) fn service_accounts(build: &mut Build, scale: &Scale, servers: &Servers, directory: &Directory) {
    for (name, on, database) in [
        ("svc-orders", servers.orders_app, Some(servers.orders_database)),
        ("svc-stock", servers.stock_app, Some(servers.stock_database)),
        (
            "svc-warehouse",
            servers.warehouse_app,
            Some(servers.stock_database),
        ),
        (
            "svc-membership",
            servers.membership_api,
            Some(servers.member_database),
        ),
        ("svc-legal", servers.legal_app, None),
    ] {
        let account = service_account(build, name, &[on], false);
        if let Some(database) = database {
            let usage = build.used(1, 200_000.0);
            build.right(
                Principal::Account(account),
                Target::System(database),
                Means::Database,
                usage,
            );
        }
    }
    service_account(build, "svc-funeral", &servers.funeral_app, false);
    service_account(build, "svc-quick", &servers.quick_commerce_app, false);
    point_of_sale(build, servers, directory);
    backups(build, servers, directory);
    for number in 1..=scale.service_accounts {
        let count = build.rng.random_range(1..=3);
        let on: Vec<SystemId> = (0..count).filter_map(|_| build.pick(&servers.others)).collect();
        service_account(build, &format!("svc-app-{number:04}"), &on, number % 10 == 0);
    }
}

fn service_account(build: &mut Build, name: &str, on: &[SystemId], forgotten: bool) -> AccountId {
    let account = build.account(name, AccountKind::Service, None);
    for &system in on {
        let usage = if forgotten {
            let days = build.rng.random_range(95..900);
            build.forgotten(days)
        } else {
            build.used(1, 300.0)
        };
        build.session(account, system, usage);
    }
    account
}

/// One account for every point of sale: it lies on every store machine and administers the tills.
fn point_of_sale(build: &mut Build, servers: &Servers, directory: &Directory) {
    let account = service_account(build, "svc-pos", &servers.point_of_sale, false);
    let stores: Vec<SystemId> = build
        .estate
        .accesses
        .iter()
        .filter_map(|access| match access.kind {
            cordon_estate::AccessKind::Membership {
                member: Principal::System(system),
                group,
            } if group == directory.store_pcs => Some(system),
            _ => None,
        })
        .collect();
    for pc in stores {
        let usage = build.used(1, 24.0);
        build.session(account, pc, usage);
    }
    let usage = build.used(1, 2_300.0);
    build.right(
        Principal::Account(account),
        Target::Group(directory.tills),
        Means::FileShare,
        usage,
    );
    for &system in &servers.point_of_sale {
        let usage = build.used(1, 900.0);
        build.right(
            Principal::Account(account),
            Target::System(system),
            Means::Admin,
            usage,
        );
    }
}

fn backups(build: &mut Build, servers: &Servers, directory: &Directory) {
    let account = service_account(build, "svc-backup", &servers.backup, false);
    let usage = build.used(1, 600.0);
    build.right(
        Principal::Account(account),
        Target::Group(directory.application_servers),
        Means::FileShare,
        usage,
    );
}
