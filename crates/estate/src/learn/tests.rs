//! Tests of learning.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::activity::{AccountName, SystemName};
use crate::activity::{Activity, ActivityKind};
use crate::{AccountId, ControlKind, Means, Ports, Protocol, Target};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_600_000_000 + second).unwrap()
}

fn account(name: &str) -> AccountName<'_> {
    AccountName {
        name: Some(name),
        domain: None,
        sid: None,
    }
}

fn system(name: &str) -> SystemName<'_> {
    SystemName {
        name: Some(name),
        address: None,
    }
}

fn logon<'a>(who: &'a str, on: &'a str, from: Option<&'a str>, means: Means) -> ActivityKind<'a> {
    ActivityKind::Logon {
        account: account(who),
        on: system(on),
        from: from.map(system),
        means,
        outcome: Outcome::Success,
        leaves_credentials: means == Means::Console,
        elevated: false,
    }
}

fn learn(kinds: &[ActivityKind<'_>]) -> Estate {
    let mut learner = Learner::new(Estate::default(), None);
    for (second, kind) in kinds.iter().enumerate() {
        learner.observe(&Activity {
            time: at(second as i64),
            kind: *kind,
        });
    }
    learner.into_estate()
}

fn learned(estate: &Estate) -> Vec<AccessKind> {
    let is_learned = |access: &&crate::Access| access.provenance.origin == Origin::Learned;
    estate
        .accesses
        .iter()
        .filter(is_learned)
        .map(|access| access.kind)
        .collect()
}

fn bind<'a>(name: &'a str, address: &str) -> ActivityKind<'a> {
    ActivityKind::Address {
        system: system(name),
        address: address.parse().unwrap(),
    }
}

#[test]
fn a_console_logon_is_a_right_and_a_session() {
    let estate = learn(&[logon("pat", "WS1", None, Means::Console)]);
    let (pat, ws1) = (AccountId(0), SystemId(0));
    assert_eq!(
        learned(&estate),
        [
            AccessKind::Right {
                holder: Principal::Account(pat),
                on: Target::System(ws1),
                means: Means::Console
            },
            AccessKind::Session {
                account: pat,
                system: ws1
            },
        ]
    );
}

#[test]
fn opening_a_share_is_no_right_to_run_there() {
    let estate = learn(&[logon("pat", "FILES", Some("WS1"), Means::FileShare)]);
    assert_eq!(
        learned(&estate),
        [AccessKind::Assignment {
            holder: Principal::Account(AccountId(0)),
            app: SystemId(0),
            admin: false
        }]
    );
}

#[test]
fn an_elevated_logon_over_the_share_port_is_a_right() {
    let mut kind = logon("root", "FILES", None, Means::FileShare);
    if let ActivityKind::Logon { elevated, .. } = &mut kind {
        *elevated = true;
    }
    let estate = learn(&[kind]);
    assert!(matches!(
        learned(&estate).as_slice(),
        [AccessKind::Right {
            means: Means::FileShare,
            ..
        }]
    ));
}

#[test]
fn use_counts_times_and_people() {
    let estate = learn(&[
        bind("WS1", "10.0.1.5"),
        bind("WS2", "10.0.1.6"),
        bind("FILES", "10.0.2.9"),
        logon("pat", "FILES", Some("WS1"), Means::FileShare),
        logon("lee", "FILES", Some("WS2"), Means::FileShare),
        logon("pat", "FILES", Some("WS1"), Means::FileShare),
    ]);
    let flow = estate
        .accesses
        .iter()
        .find(|access| {
            matches!(
                access.kind,
                AccessKind::Flow {
                    ports: Ports::One(Protocol::Tcp, 445),
                    ..
                }
            )
        })
        .unwrap();
    let usage = flow.provenance.usage.unwrap();
    assert_eq!((usage.uses, usage.people), (3, 2));
    assert_eq!((usage.first_seen, usage.last_seen), (at(3), at(5)));
}

#[test]
fn zones_follow_subnets() {
    let estate = learn(&[
        bind("WS1", "10.0.1.5"),
        bind("WS2", "10.0.1.6"),
        bind("FILES", "10.0.2.9"),
        logon("pat", "FILES", Some("WS1"), Means::FileShare),
        logon("pat", "FILES", Some("WS2"), Means::FileShare),
    ]);
    let names: Vec<&str> = estate.zones.iter().map(|zone| zone.name.as_str()).collect();
    assert_eq!(names, ["10.0.1.0/24", "10.0.2.0/24"]);
}

#[test]
fn a_directory_server_is_a_jewel_by_what_it_writes() {
    let estate = learn(&[ActivityKind::DirectoryServer {
        system: system("DC1.corp.local"),
    }]);
    let dc = &estate.systems[0];
    assert_eq!(dc.kind, SystemKind::DomainController);
    assert!(dc.jewel.unwrap().inferred && dc.jewel.unwrap().never);
}

#[test]
fn a_declared_kind_is_not_overruled() {
    let mut base = Estate::default();
    let mut server = learned_system("DC1".into());
    server.kind = SystemKind::Server;
    server.provenance.origin = Origin::Declared {
        source: crate::SourceId(0),
        line: 1,
    };
    base.add_system(server);
    let mut learner = Learner::new(base, None);
    let kind = ActivityKind::DirectoryServer {
        system: system("DC1"),
    };
    learner.observe(&Activity { time: at(0), kind });
    let estate = learner.into_estate();
    assert_eq!(estate.systems[0].kind, SystemKind::Server);
    assert!(
        estate.groups.is_empty(),
        "nothing is assumed of a declared estate"
    );
}

#[test]
fn refused_attempts_teach_nothing() {
    let mut kind = logon("made-up", "WS1", None, Means::Console);
    if let ActivityKind::Logon { outcome, .. } = &mut kind {
        *outcome = Outcome::Failure;
    }
    let estate = learn(&[kind]);
    assert!(estate.accounts.is_empty() && estate.systems.is_empty());
}

#[test]
fn nothing_is_learned_after_the_end() {
    let mut learner = Learner::new(Estate::default(), Some(at(5)));
    learner.observe(&Activity {
        time: at(5),
        kind: logon("pat", "WS1", None, Means::Console),
    });
    learner.observe(&Activity {
        time: at(6),
        kind: logon("lee", "WS1", None, Means::Console),
    });
    let estate = learner.into_estate();
    assert_eq!(estate.accounts.len(), 1);
}

#[test]
fn an_empty_estate_assumes_what_a_careful_person_would_fear() {
    let estate = learn(&[
        bind("WS1", "10.0.1.5"),
        bind("DC1", "10.0.2.9"),
        logon("pat", "DC1", Some("WS1"), Means::FileShare),
    ]);
    let assumed = |wanted: fn(&AccessKind) -> bool| {
        estate
            .accesses
            .iter()
            .any(|access| access.provenance.origin == Origin::Assumed && wanted(&access.kind))
    };
    assert!(assumed(|kind| matches!(
        kind,
        AccessKind::Right {
            means: Means::Admin,
            ..
        }
    )));
    assert!(assumed(|kind| matches!(
        kind,
        AccessKind::Flow {
            ports: Ports::Any,
            ..
        }
    )));
    assert_eq!(estate.points.len(), 3);
}

#[test]
fn a_machine_account_is_its_system() {
    let estate = learn(&[
        logon("WS1$", "DC1", None, Means::FileShare),
        logon("pat", "WS1", None, Means::Console),
    ]);
    assert_eq!(estate.accounts.len(), 1);
}

#[test]
fn asking_for_a_ticket_makes_the_other_a_service_account() {
    let estate = learn(&[ActivityKind::Ticket {
        account: account("pat"),
        service: Some(account("svc-backup")),
        issuer: system("DC1"),
        from: None,
        outcome: Outcome::Success,
    }]);
    let service = estate
        .accounts
        .iter()
        .find(|account| account.name == "svc-backup")
        .unwrap();
    assert_eq!(service.kind, AccountKind::Service);
    assert!(estate.accesses.iter().any(|access| {
        matches!(
            access.kind,
            AccessKind::Control {
                by: ControlKind::RoastTicket,
                ..
            }
        )
    }));
}

proptest! {
    #[test]
    fn ids_stay_valid_and_facts_are_unique(steps in prop::collection::vec((0..6_u8, 0..5_usize, 0..5_usize), 0..60)) {
        let people = ["pat", "CORP\\lee", "dana@corp.local", "WS3$", "svc"];
        let hosts = ["WS1", "ws1.corp.local", "WS2", "DC1", "WS3"];
        let mut learner = Learner::new(Estate::default(), None);
        let mut before = (0, 0, 0);
        for (second, (what, who, host)) in steps.into_iter().enumerate() {
            let kind = match what {
                0 => logon(people[who], hosts[host], None, Means::Console),
                1 => logon(people[who], hosts[host], Some(hosts[who]), Means::FileShare),
                2 => ActivityKind::Runs { account: account(people[who]), on: system(hosts[host]) },
                3 => ActivityKind::DirectoryServer { system: system(hosts[host]) },
                4 => bind(hosts[host], ["10.0.1.1", "10.0.1.2", "10.0.2.1", "127.0.0.1", "fd00::1"][who]),
                _ => ActivityKind::SignIn {
                    account: account(people[who]), app: "mail", from: None, outcome: Outcome::Success,
                },
            };
            learner.observe(&Activity { time: at(second as i64), kind });
            let estate = learner.estate();
            let now = (estate.accounts.len(), estate.systems.len(), estate.accesses.len());
            prop_assert!(now.0 >= before.0 && now.1 >= before.1 && now.2 >= before.2);
            before = now;
        }
        let estate = learner.into_estate();
        let mut kinds: Vec<AccessKind> = estate.accesses.iter().map(|access| access.kind).collect();
        kinds.sort();
        let all = kinds.len();
        kinds.dedup();
        prop_assert_eq!(all, kinds.len());
        for kind in kinds {
            if let AccessKind::Session { account, system } = kind {
                prop_assert!(estate.account(account).is_some() && estate.system(system).is_some());
            }
        }
    }
}
