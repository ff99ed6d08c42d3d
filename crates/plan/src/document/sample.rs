//! A realistic document for tests of whatever renders one.

use cordon_estate::{AccessId, AccountId, PointId, SystemId};

use super::{
    Act, Alternative, Assumptions, Baseline, BaselineKind, Change, ConstraintsEntry, CostEntry,
    ExposureCount, ExposureEntry, FORMAT, FootholdEntry, JewelEntry, JewelState, Metrics, Optimality,
    Outcome, Path, PeopleEntry, PlanDocument, ServiceEntry, ServiceLevel, Status, Step, UnnecessaryIf,
    WithdrawalEntry,
};

fn step(
    from: &[&str],
    to: &str,
    words: (&str, &str, Option<&str>),
    minutes: (f64, f64),
    cut_by: &[&str],
) -> Step {
    let (rule, text, technique) = words;
    Step {
        from: from.iter().map(|&one| one.to_owned()).collect(),
        to: to.to_owned(),
        rule: rule.to_owned(),
        text: text.to_owned(),
        technique: technique.map(str::to_owned),
        minutes: minutes.0,
        arrival_minutes: minutes.1,
        cut_by: cut_by.iter().map(|&id| id.into()).collect(),
    }
}

const BLOCK: &str = "block-remote-access/group:all-staff>system:vpn1";
const TAKE: &str = "take-right/account:svc-orders>system:orders-db:remote-desktop";

fn path() -> Path {
    Path {
        to: "system:vcenter".into(),
        arrival_minutes: 62.0,
        steps: vec![
            step(
                &["account:pat", "system:vpn1"],
                "zone:vpn-pool",
                ("remote_access", "comes in through vpn1 as pat", Some("T1133")),
                (2.0, 2.0),
                &[BLOCK],
            ),
            step(
                &["zone:vpn-pool", "account:svc-orders", "system:orders-db"],
                "system:orders-db",
                (
                    "logon",
                    "logs on to orders-db as svc-orders by remote desktop",
                    Some("T1021.001"),
                ),
                (20.0, 22.0),
                &[TAKE],
            ),
            step(
                &["system:orders-db", "account:vi-admin"],
                "account:vi-admin",
                (
                    "theft",
                    "takes the credentials of vi-admin, which lie on orders-db",
                    Some("T1003.001"),
                ),
                (15.0, 37.0),
                &[],
            ),
            step(
                &["account:vi-admin", "system:vcenter"],
                "system:vcenter",
                (
                    "logon",
                    "logs on to vcenter as vi-admin by web console",
                    Some("T1021"),
                ),
                (25.0, 62.0),
                &[],
            ),
        ],
        steps_omitted: 0,
    }
}

fn withdrawal(order: u32, act: Act, id: &str, text: &str, entities: &[&str]) -> WithdrawalEntry {
    WithdrawalEntry {
        id: id.into(),
        order,
        act,
        text: text.to_owned(),
        entities: entities.iter().map(|&one| one.to_owned()).collect(),
        point: PointId(order - 1),
        point_name: if order == 1 { "vpn" } else { "directory" }.into(),
        effect_seconds: 2.0,
        effect_median_seconds: (order == 2).then_some(0.5),
        deadline_seconds: (order < 4).then_some(f64::from(order * 120)),
        too_late: 0,
        leaves_open: None,
        certainty: 0.99,
        removes: 1,
        friction_pence: 40_000,
        stops_jewels: vec!["system:vcenter".into()],
        stops: Vec::new(),
        downs: Vec::new(),
        degrades: Vec::new(),
        people: 0,
        uses_per_day: 0.0,
        refusal_price_pence: Some(1_250_000),
        refusal_instead: Some(vec!["isolate-system/system:orders-db".into()]),
        indispensable: false,
        forced: false,
        unnecessary_if: Vec::new(),
    }
}

fn unnecessary_if() -> Vec<UnnecessaryIf> {
    let cleared = UnnecessaryIf {
        text: "pat is not held".to_owned(),
        change: Change::Cleared {
            entities: vec!["account:pat".to_owned()],
        },
    };
    let instead = UnnecessaryIf {
        text: "this is done instead: isolate orders-db from the network".to_owned(),
        change: Change::Instead {
            withdrawal: "isolate-system/system:orders-db".into(),
            price_pence: 1_250_000,
        },
    };
    vec![cleared, instead]
}

fn withdrawals() -> Vec<WithdrawalEntry> {
    let mut first = withdrawal(
        1,
        Act::BlockRemoteAccess { access: AccessId(17) },
        BLOCK,
        "Block remote access through vpn1 for all-staff",
        &["group:all-staff", "system:vpn1"],
    );
    first.people = 412;
    first.uses_per_day = 390.0;
    first.degrades = vec!["legal-services".into()];
    first.stops = vec![path()];
    first.unnecessary_if = unnecessary_if();
    let mut second = withdrawal(
        2,
        Act::TakeRight {
            access: AccessId(230),
        },
        TAKE,
        "Take svc-orders' right to log on to orders-db by remote desktop",
        &["account:svc-orders", "system:orders-db"],
    );
    second.friction_pence = 500;
    let mut third = withdrawal(
        3,
        Act::DisableAccount {
            account: AccountId(4),
        },
        "disable-account/account:pat",
        "Disable pat",
        &["account:pat"],
    );
    third.people = 1;
    third.indispensable = true;
    third.refusal_price_pence = None;
    third.refusal_instead = None;
    let mut fourth = withdrawal(
        4,
        Act::IsolateSystem { system: SystemId(9) },
        "isolate-system/system:WORKSTATION6",
        "Isolate WORKSTATION6 from the network",
        &["system:WORKSTATION6"],
    );
    fourth.point_name = "edr".into();
    vec![first, second, third, fourth]
}

fn jewel(entity: &str, state: JewelState, before: Option<f64>, after: Option<f64>) -> JewelEntry {
    JewelEntry {
        entity: entity.to_owned(),
        name: entity.split_once(':').map_or(entity, |(_, name)| name).to_owned(),
        kind: "hypervisor manager".into(),
        inferred: false,
        never: true,
        loss_pence: 5_000_000_000,
        state,
        arrival_minutes_before: before,
        arrival_minutes_after: after,
        margin_minutes: (state == JewelState::Stopped).then_some(61.9),
        path: before.map(|_| Path {
            to: entity.to_owned(),
            ..path()
        }),
        path_after: None,
    }
}

fn service(name: &str, level: ServiceLevel, cost_pence: i64) -> ServiceEntry {
    ServiceEntry {
        name: name.to_owned(),
        protected: level == ServiceLevel::Up,
        level,
        capacity: match level {
            ServiceLevel::Up => 1.0,
            ServiceLevel::Degraded => 0.3,
            ServiceLevel::Down => 0.0,
        },
        fallback: (level == ServiceLevel::Degraded).then(|| "phone".to_owned()),
        cost_pence,
        people: u32::from(level != ServiceLevel::Up) * 120,
        beyond_tolerable_downtime: false,
        because_of: if level == ServiceLevel::Up {
            Vec::new()
        } else {
            vec![BLOCK.into()]
        },
    }
}

fn cost() -> CostEntry {
    CostEntry {
        services_pence: 900_000,
        friction_pence: 120_500,
        spread_pence: 31_000,
        ..CostEntry::default()
    }
    .summed()
}

fn metrics(withdrawals: u32, cost: CostEntry, jewels_reachable: u32, protected_down: u32) -> Metrics {
    Metrics {
        withdrawals,
        cost: cost.summed(),
        jewels_reachable,
        entities_reachable: 214 * jewels_reachable.max(1),
        services_down: protected_down * 3,
        services_degraded: 1,
        protected_down,
        people: 413,
        jewel_loss_pence: i64::from(jewels_reachable) * 5_000_000_000,
        expected: None,
    }
}

fn alternatives() -> Vec<Alternative> {
    let chosen = Alternative {
        text: "the plan".into(),
        chosen: true,
        withdrawals: withdrawals().into_iter().map(|one| one.id).collect(),
        metrics: metrics(4, cost(), 0, 0),
        ..Alternative::default()
    };
    let cheaper = Alternative {
        text: "leave vcenter in reach".into(),
        withdrawals: vec!["disable-account/account:pat".into()],
        metrics: metrics(
            1,
            CostEntry {
                friction_pence: 40_000,
                ..CostEntry::default()
            },
            1,
            0,
        ),
        jewels: vec!["system:vcenter".into()],
        ..Alternative::default()
    };
    vec![cheaper, chosen]
}

fn baselines() -> Vec<Baseline> {
    let baseline = |kind, text: &str, metrics| Baseline {
        kind,
        text: text.to_owned(),
        metrics,
    };
    vec![
        baseline(
            BaselineKind::DoNothing,
            "withdraw nothing",
            metrics(
                0,
                CostEntry {
                    residual_pence: 9_000_000_000,
                    ..CostEntry::default()
                },
                2,
                0,
            ),
        ),
        baseline(
            BaselineKind::IsolateDetected,
            "isolate the detected systems and disable the detected accounts",
            metrics(
                2,
                CostEntry {
                    residual_pence: 5_000_000_000,
                    ..CostEntry::default()
                },
                1,
                0,
            ),
        ),
        baseline(
            BaselineKind::PullEverything,
            "block all remote access and isolate every system without a protected service",
            metrics(
                3_120,
                CostEntry {
                    services_pence: 820_000_000,
                    ..CostEntry::default()
                },
                0,
                1,
            ),
        ),
    ]
}

fn exposure() -> ExposureEntry {
    ExposureEntry {
        before: ExposureCount {
            accounts: 61,
            groups: 14,
            systems: 153,
            zones: 6,
            jewels: 1,
        },
        after: ExposureCount {
            accounts: 2,
            groups: 5,
            systems: 1,
            zones: 1,
            jewels: 0,
        },
    }
}

/// A plan of a small retailer with every kind of field filled, sealed; always the same.
#[must_use]
pub fn sample() -> PlanDocument {
    PlanDocument {
        format: FORMAT.to_owned(),
        plan_hash: String::new(),
        organisation: "Northgate Co-operative".into(),
        estate_digest: "5f".repeat(32),
        outcome: Outcome::Planned,
        assumptions: Assumptions {
            foothold_threshold: 0.5,
            duration_hours: 24.0,
            race: true,
            pace: 1.0,
            spread: true,
        },
        constraints: ConstraintsEntry {
            refused: vec!["disable-account/account:svc-orders".into()],
            ..ConstraintsEntry::default()
        },
        footholds: vec![
            foothold("account:pat", "person", 0.97),
            foothold("system:WORKSTATION6", "workstation", 0.81),
        ],
        jewels: vec![
            jewel("system:vcenter", JewelState::Stopped, Some(62.0), None),
            jewel("system:backup1", JewelState::OutOfReach, None, None),
        ],
        exposure: exposure(),
        withdrawals: withdrawals(),
        services: vec![
            service("legal-services", ServiceLevel::Degraded, 900_000),
            service("card-payments", ServiceLevel::Up, 0),
            service("online-orders", ServiceLevel::Up, 0),
        ],
        people: PeopleEntry {
            denied: 413,
            services_down: 120,
            uses_per_day: 391.0,
            accounts_disabled: vec!["pat".into()],
            accounts_disabled_total: 1,
            sites: vec!["Head office".into()],
            sites_total: 1,
        },
        cost: cost(),
        optimality: Optimality {
            status: Status::Optimal,
            lower_bound_pence: cost().total_pence,
            gap: 0.0,
            rounds: 7,
            derivations: 23,
            candidates: 181,
            facts: 104_112,
            kernel_facts: 640,
            solver: "branch-and-bound".into(),
            seconds: Some(0.12),
        },
        alternatives: alternatives(),
        front: None,
        not_chosen: Vec::new(),
        baselines: baselines(),
        infeasibility: None,
        margin_minutes: Some(61.9),
        uncertainty: None,
        certificate: None,
    }
    .sealed()
}

fn foothold(entity: &str, kind: &str, probability: f64) -> FootholdEntry {
    FootholdEntry {
        entity: entity.to_owned(),
        name: entity.split_once(':').map_or(entity, |(_, name)| name).to_owned(),
        kind: kind.to_owned(),
        probability,
    }
}
