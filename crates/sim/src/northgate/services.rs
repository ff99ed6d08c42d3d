//! Business services: what each stands on, what carries it when that fails, and what its absence costs.

use cordon_estate::{CostCurve, Fallback, Pence, Requirement, Service, ServiceId, SystemId};

use super::build::Build;
use super::network::Network;
use super::servers::Servers;
use super::sites::{REGIONS, Sites};

/// A service before it gets its name.
#[derive(Default)]
struct Draft {
    protected: bool,
    requires: Vec<Requirement>,
    fallbacks: Vec<Fallback>,
    /// (hours since the outage began, thousand pounds an hour)
    cost: Vec<(f64, i64)>,
    tolerable_hours: Option<f64>,
    people: u32,
}

fn add(build: &mut Build, name: &str, draft: Draft) -> ServiceId {
    let points = draft.cost.iter();
    build.estate.add_service(Service {
        name: name.to_owned(),
        protected: draft.protected,
        requires: Requirement::All(draft.requires),
        fallbacks: draft.fallbacks,
        cost: CostCurve {
            points: points
                .map(|&(hours, thousands)| (hours, Pence(thousands * 100_000)))
                .collect(),
        },
        tolerable_downtime_minutes: draft.tolerable_hours.map(|hours| hours * 60.0),
        people: draft.people,
        provenance: Build::PLAIN,
    })
}

fn any(systems: &[SystemId]) -> Requirement {
    Requirement::Any(
        systems
            .iter()
            .map(|&system| Requirement::System(system))
            .collect(),
    )
}

fn fallback(name: &str, capacity: f64, requires: Vec<Requirement>) -> Vec<Fallback> {
    vec![Fallback {
        name: name.to_owned(),
        capacity,
        requires: Requirement::All(requires),
    }]
}

fn account(build: &Build, name: &str) -> Requirement {
    build
        .estate
        .accounts_with_ids()
        .find(|(_, account)| account.name == name)
        .map_or(Requirement::All(Vec::new()), |(id, _)| Requirement::Account(id))
}

pub(super) fn run(build: &mut Build, network: &Network, servers: &Servers, sites: &Sites) {
    let cards = trading(build, network, servers, sites);
    let calls = offices(build, network, servers, sites);
    online(build, network, servers, cards, calls);
    supply(build, network, servers, sites);
    staff(build, network, servers, sites);
}

/// Card payments, the stores by region, and the funeral homes: these must go on.
fn trading(build: &mut Build, network: &Network, servers: &Servers, sites: &Sites) -> ServiceId {
    let cards = Draft {
        protected: true,
        requires: vec![
            any(&servers.till_switches),
            Requirement::Access(network.flows.acquirer),
        ],
        cost: vec![(0.0, 900)],
        tolerable_hours: Some(1.0),
        ..Draft::default()
    };
    let cards = add(build, "card-payments", cards);
    for (region, name) in REGIONS.iter().enumerate() {
        let stores: Vec<_> = sites
            .stores
            .iter()
            .filter(|store| store.region == region)
            .collect();
        let mut requires = vec![
            Requirement::Service(cards),
            any(&servers.point_of_sale),
            account(build, "svc-pos"),
        ];
        requires.extend(stores.iter().map(|store| Requirement::Access(store.card_flow)));
        let draft = Draft {
            protected: true,
            requires,
            cost: vec![(0.0, stores.len() as i64 / 3 + 1)],
            tolerable_hours: Some(2.0),
            people: stores.len() as u32 * 7,
            ..Draft::default()
        };
        add(build, &format!("store-trading-{name}"), draft);
    }
    let funerals = Draft {
        protected: true,
        requires: vec![
            any(&servers.funeral_app),
            Requirement::Access(network.flows.funeral),
            account(build, "svc-funeral"),
        ],
        fallbacks: fallback("paper diary and telephone", 0.6, Vec::new()),
        cost: vec![(0.0, 6), (24.0, 20)],
        tolerable_hours: Some(24.0),
        people: sites.funeral_homes.len() as u32 * 2,
    };
    add(build, "funeral-homes", funerals);
    cards
}

/// Call centres, legal services and the head office; returned is the call centres' service.
fn offices(build: &mut Build, network: &Network, servers: &Servers, sites: &Sites) -> ServiceId {
    let lines = network.flows.call_centres.iter();
    let calls = Draft {
        requires: vec![
            Requirement::System(servers.contact_app),
            Requirement::Any(lines.map(|&flow| Requirement::Access(flow)).collect()),
        ],
        cost: vec![(0.0, 8)],
        tolerable_hours: Some(8.0),
        people: sites.call_centres.len() as u32 * 180,
        ..Draft::default()
    };
    let calls = add(build, "call-centres", calls);
    let legal = Draft {
        requires: vec![
            Requirement::System(servers.legal_app),
            Requirement::Access(network.flows.legal),
            account(build, "svc-legal"),
        ],
        fallbacks: fallback("case files on paper", 0.3, Vec::new()),
        cost: vec![(0.0, 5), (8.0, 12)],
        tolerable_hours: Some(48.0),
        people: 600,
        ..Draft::default()
    };
    add(build, "legal-services", legal);
    let office = Draft {
        requires: vec![
            Requirement::System(servers.mail_app),
            Requirement::Access(network.flows.office),
        ],
        fallbacks: fallback(
            "mail and telephone only",
            0.5,
            vec![Requirement::System(servers.mail_app)],
        ),
        cost: vec![(0.0, 3), (24.0, 30)],
        people: 2_000,
        ..Draft::default()
    };
    add(build, "head-office-work", office);
    calls
}

/// What customers do over the internet.
fn online(build: &mut Build, network: &Network, servers: &Servers, cards: ServiceId, calls: ServiceId) {
    let front = [
        any(&servers.web_fronts),
        Requirement::Access(network.flows.web),
        Requirement::Access(network.flows.web_to_servers),
    ];
    let with = |more: Vec<Requirement>| front.iter().cloned().chain(more).collect::<Vec<_>>();
    let quick = Draft {
        protected: true,
        requires: with(vec![
            any(&servers.quick_commerce_app),
            account(build, "svc-quick"),
            Requirement::Service(cards),
        ]),
        cost: vec![(0.0, 60)],
        tolerable_hours: Some(4.0),
        ..Draft::default()
    };
    add(build, "quick-commerce", quick);
    let orders = Draft {
        requires: with(vec![
            Requirement::System(servers.orders_app),
            Requirement::System(servers.orders_database),
            account(build, "svc-orders"),
            Requirement::Access(network.flows.databases),
        ]),
        fallbacks: fallback("orders by telephone", 0.3, vec![Requirement::Service(calls)]),
        cost: vec![(0.0, 160)],
        tolerable_hours: Some(24.0),
        people: 150,
        ..Draft::default()
    };
    let orders = add(build, "online-orders", orders);
    let collect = Draft {
        requires: vec![
            Requirement::Service(orders),
            Requirement::Access(network.flows.store_to_services),
        ],
        cost: vec![(0.0, 25)],
        tolerable_hours: Some(24.0),
        ..Draft::default()
    };
    add(build, "click-and-collect", collect);
    let members = Draft {
        requires: with(vec![
            Requirement::System(servers.membership_api),
            Requirement::System(servers.member_database),
            account(build, "svc-membership"),
            Requirement::Access(network.flows.databases),
        ]),
        fallbacks: fallback("points booked later", 0.7, Vec::new()),
        cost: vec![(0.0, 4), (72.0, 15)],
        ..Draft::default()
    };
    add(build, "membership", members);
}

/// What fills the shelves: nothing is felt for half a day, then more and more.
fn supply(build: &mut Build, network: &Network, servers: &Servers, sites: &Sites) {
    let stock = Draft {
        requires: vec![
            Requirement::System(servers.stock_app),
            Requirement::System(servers.stock_database),
            account(build, "svc-stock"),
            Requirement::Access(network.flows.databases),
            Requirement::Access(network.flows.store_to_services),
        ],
        fallbacks: fallback("counting by hand", 0.4, Vec::new()),
        cost: vec![(0.0, 0), (12.0, 0), (36.0, 150), (96.0, 600)],
        tolerable_hours: Some(24.0),
        people: 60,
        ..Draft::default()
    };
    let stock = add(build, "stock-monitoring", stock);
    let lines = network.flows.depots.iter();
    let depots = Draft {
        requires: vec![
            Requirement::System(servers.warehouse_app),
            account(build, "svc-warehouse"),
            Requirement::Any(lines.map(|&flow| Requirement::Access(flow)).collect()),
        ],
        fallbacks: fallback("yesterday's orders again", 0.5, vec![Requirement::Service(stock)]),
        cost: vec![(0.0, 10), (8.0, 60), (48.0, 700)],
        tolerable_hours: Some(12.0),
        people: sites.depots.len() as u32 * 200,
        ..Draft::default()
    };
    add(build, "store-deliveries", depots);
}

/// What staff and IT do: nobody outside notices at first.
fn staff(build: &mut Build, network: &Network, servers: &Servers, sites: &Sites) {
    let simple = |requires, cost, people| Draft {
        requires,
        cost,
        people,
        ..Draft::default()
    };
    let backup = vec![
        any(&servers.backup),
        account(build, "svc-backup"),
        Requirement::Access(network.flows.backup),
    ];
    add(
        build,
        "nightly-backup",
        simple(backup, vec![(0.0, 0), (24.0, 5)], 2),
    );
    let rota = vec![Requirement::System(servers.rota_app)];
    add(
        build,
        "rota",
        simple(rota, vec![(0.0, 2), (24.0, 20)], sites.stores.len() as u32),
    );
    let support = vec![
        Requirement::Access(network.flows.store_support),
        Requirement::System(servers.ticket_app),
    ];
    add(
        build,
        "store-support",
        simple(support, vec![(0.0, 1), (12.0, 6)], 30),
    );
    let virtual_machines = vec![Requirement::Access(network.flows.office_management)];
    add(
        build,
        "server-administration",
        simple(virtual_machines, vec![(0.0, 1)], 14),
    );
    let remote = vec![
        Requirement::System(servers.vpn_gateway),
        Requirement::Access(network.flows.remote_apps),
    ];
    add(build, "remote-work", simple(remote, vec![(0.0, 12)], 1_400));
}
