//! The process that holds the secrets, end to end, with a program as its enforcement point: what reaches the point, what never does,
//! and that killing the process at any moment loses nothing.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

use std::time::Duration;

use crate::actuator_bed::{Bed, Client, account, claim, orders, permit_lift};
use cordon_act::gate::Refusal;
use cordon_act::wire::{Answer, Ask, Outcome, Reading, Return, Withdrawal};
use cordon_act::{Observation, Orders, PointErrorKind, PointState, Standing};
use cordon_connectors::registry;
use cordon_testbed::{skip, wait_until};
use serde_json::json;

/// A point in a folder: an account is withdrawn if a file `off-NAME` is there. It logs what it changes, in the order in which it does,
/// and takes half a second for an account whose name starts with `slow`, five minutes for one with `stuck`, and until the file `go` is there
/// for one with `held`.
const PROGRAM: &str = r#"#!/bin/sh
# Starts no other program: there are many runs, and machines that are slow to start one.
IFS= read -r order || :
verb=${order#*'"verb":"'} verb=${verb%%'"'*}
account=${order#*'"account":"'} account=${account%%'"'*}
mark=${order#*'"mark":"'} mark=${mark%%'"'*}
off="$1/off-$account"
case "$verb" in
  capabilities) echo '{"kinds":["account"],"holds-lease":false,"survives-restart":true,"leaves-open":"nothing"}'; exit ;;
  probe) if [ -e "$off" ]; then a=refused; else a=admitted; fi; echo '{"answer":"'$a'","how":"looked"}'; exit ;;
  apply) echo "begin $account" >>"$1/log"; case "$account" in slow*) sleep 0.5 ;; stuck*) sleep 300 ;;
         held*) until [ -e "$1/go" ]; do sleep 0.05; done ;; esac
         echo "$mark" >"$off"; echo "apply $account" >>"$1/log" ;;
  lift) rm -f "$off"; echo "lift $account" >>"$1/log" ;;
esac
if [ -e "$off" ]
then read -r mark <"$off"; echo '{"standing":"withdrawn","state":{"on":false},"mark":"'$mark'"}'
else echo '{"standing":"open","state":{"on":true}}'
fi
"#;

/// Two points of one folder, or nothing if this build has no such kind.
fn bed() -> Option<Bed> {
    if registry::kind("script").is_none() {
        skip("this build has no point of kind script");
        return None;
    }
    let point = |name: &str| {
        format!(
            "  {name}:\n    kind: script\n    config:\n      program: FOLDER/program\n      arguments: [FOLDER/{name}]\n"
        )
    };
    let bed = Bed::new(&format!("points:\n{}{}", point("one"), point("two")));
    let _ = bed.folder.program("program", PROGRAM);
    for name in ["one", "two"] {
        std::fs::create_dir(bed.folder.file(name)).unwrap();
    }
    Some(bed)
}

/// What a point logged.
fn log(bed: &Bed, point: &str) -> Vec<String> {
    let text = std::fs::read_to_string(bed.folder.file(&format!("{point}/log"))).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn on() -> PointState {
    PointState(json!({"on": true}))
}

/// A higher number for each call.
fn next_call() -> u64 {
    static CALLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

fn apply(orders: &Orders, epoch: u64, names: &[&str]) -> Ask {
    Ask::Apply {
        at: claim(&orders.orders[0].point.0, epoch),
        orders_digest: orders.digest(),
        withdrawals: names
            .iter()
            .map(|name| Withdrawal {
                call: next_call(),
                order: orders.orders[0].id.clone(),
                target: account(name),
                prior: on(),
                lease_until: None,
            })
            .collect(),
    }
}

fn lift(orders: &Orders, epoch: u64, names: &[&str]) -> Ask {
    Ask::Lift {
        at: claim(&orders.orders[0].point.0, epoch),
        orders_digest: orders.digest(),
        returns: names
            .iter()
            .map(|name| Return {
                call: next_call(),
                orders: vec![orders.orders[0].id.clone()],
                target: account(name),
                prior: on(),
                left: None,
            })
            .collect(),
    }
}

fn observe(point: &str, names: &[&str]) -> Ask {
    Ask::Observe(Reading {
        at: claim(point, 0),
        targets: names.iter().map(|name| account(name)).collect(),
        calls: Vec::new(),
    })
}

fn outcomes(answer: Answer) -> Vec<Outcome<Observation>> {
    match answer {
        Answer::Observed { outcomes } => outcomes,
        other => panic!("{other:?}"),
    }
}

fn standings(client: &mut Client, ask: Ask) -> Vec<Standing> {
    outcomes(client.ask(ask).unwrap())
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Done(seen) => seen.standing,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn refusal(client: &mut Client, ask: Ask) -> Refusal {
    match outcomes(client.ask(ask).unwrap()).remove(0) {
        Outcome::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_approved_is_withdrawn_and_given_back_and_nothing_else_reaches_the_point() {
    let Some(mut bed) = bed() else { return };
    bed.start();
    let mut client = bed.client();
    let points = client.greeting().unwrap().points;
    assert_eq!(points[0].capabilities.leaves_open, "nothing");
    let orders = orders(1, "one", &["pat", "sam"]);
    assert_eq!(
        refusal(&mut client, apply(&orders, 5, &["pat"])),
        Refusal::NotRegistered
    );
    bed.register(&orders);
    assert!(matches!(
        refusal(&mut client, apply(&orders, 5, &["lee"])),
        Refusal::NotOrdered { .. }
    ));
    assert!(matches!(
        refusal(&mut client, apply(&orders, 4, &["pat"])),
        Refusal::Fenced { .. }
    ));
    assert!(log(&bed, "one").is_empty());
    assert_eq!(standings(&mut client, observe("one", &["pat"])), [Standing::Open]);
    let both = standings(&mut client, apply(&orders, 5, &["pat", "sam"]));
    assert_eq!(both, [Standing::Withdrawn; 2]);
    let refused = refusal(&mut client, lift(&orders, 5, &["pat"]));
    assert!(matches!(refused, Refusal::LiftNotApproved { .. }), "{refused}");
    client.ask(permit_lift(&orders)).unwrap();
    assert!(matches!(
        refusal(&mut client, lift(&orders, 4, &["pat"])),
        Refusal::Fenced { .. }
    ));
    assert_eq!(
        standings(&mut client, lift(&orders, 5, &["pat", "sam"])),
        [Standing::Open; 2]
    );
    assert!(matches!(
        refusal(&mut client, apply(&orders, 5, &["pat"])),
        Refusal::GivenUp { .. }
    ));
    let wanted = [
        "begin pat",
        "apply pat",
        "begin sam",
        "apply sam",
        "lift pat",
        "lift sam",
    ];
    assert_eq!(log(&bed, "one"), wanted);
}

#[test]
fn many_targets_take_few_requests() {
    let Some(mut bed) = bed() else { return };
    bed.start();
    let names: Vec<String> = (0..150).map(|number| format!("user-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let orders = orders(1, "one", &names);
    bed.register(&orders);
    let mut client = bed.client();
    let standing = standings(&mut client, apply(&orders, 1, &names));
    assert_eq!(standing, vec![Standing::Withdrawn; names.len()]);
}

#[test]
fn a_slow_point_holds_nobody_up() {
    let Some(mut bed) = bed() else { return };
    bed.start();
    let held = orders(1, "one", &["held-1", "held-2", "held-3"]);
    bed.register(&held);
    let mut client = bed.client();
    let waiting =
        std::thread::spawn(move || standings(&mut client, apply(&held, 1, &["held-1", "held-2", "held-3"])));
    wait_until("the slow point is asked", 60, || !log(&bed, "one").is_empty());
    let mut other = bed.client();
    assert_eq!(standings(&mut other, observe("two", &["pat"])), [Standing::Open]);
    assert_eq!(log(&bed, "one"), ["begin held-1"], "the slow point was not slow");
    bed.folder.write("one/go", "");
    assert_eq!(waiting.join().unwrap(), [Standing::Withdrawn; 3]);
}

#[test]
fn what_was_not_begun_in_time_is_not_begun() {
    let Some(mut bed) = bed() else { return };
    bed.start();
    let orders = orders(1, "one", &["stuck-1", "slow-2", "slow-3"]);
    bed.register(&orders);
    let Ask::Apply {
        mut at,
        orders_digest,
        withdrawals,
    } = apply(&orders, 1, &["stuck-1", "slow-2", "slow-3"])
    else {
        panic!("no apply");
    };
    at.deadline_milliseconds = 15_000;
    let ask = Ask::Apply {
        at,
        orders_digest,
        withdrawals,
    };
    let kinds: Vec<_> = outcomes(bed.client().ask(ask).unwrap())
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Failed(error) => error.kind,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            PointErrorKind::Unknown,
            PointErrorKind::Target,
            PointErrorKind::Target
        ]
    );
    assert_eq!(log(&bed, "one"), ["begin stuck-1"]);
}

#[test]
fn being_asked_to_end_it_finishes_what_it_does() {
    let Some(mut bed) = bed() else { return };
    bed.start();
    let orders = orders(1, "one", &["slow-1", "slow-2"]);
    bed.register(&orders);
    let mut client = bed.client();
    let waiting =
        std::thread::spawn(move || standings(&mut client, apply(&orders, 1, &["slow-1", "slow-2"])));
    wait_until("the point is asked", 60, || !log(&bed, "one").is_empty());
    assert_eq!(bed.end(120), Some(0));
    assert_eq!(waiting.join().unwrap(), [Standing::Withdrawn; 2]);
    assert_eq!(log(&bed, "one").len(), 4);
}

/// True while a program of the point runs.
fn is_at_work(bed: &Bed) -> bool {
    let program = bed.folder.file("program");
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok())
        .any(|words| {
            words
                .split(|byte| *byte == 0)
                .any(|word| word == program.as_bytes())
        })
}

/// Kills the process at moments spread over a run of apply and lift. Afterwards nothing was applied that the state does not know of:
/// the old epoch stays fenced off, the prior state stays what it was, and everything can be given back.
#[test]
fn killed_at_any_moment_it_goes_on_where_it_was() {
    let Some(mut bed) = bed() else { return };
    for round in 0..12u32 {
        bed.start();
        let name = format!("slow-{round}");
        let orders = orders(round + 1, "one", &[&name]);
        let epoch = u64::from(round) * 2 + 10;
        bed.register(&orders);
        let (asked, mut client, of) = (apply(&orders, epoch, &[&name]), bed.client(), orders.clone());
        let waiting = std::thread::spawn(move || client.ask(asked).map(|_| of));
        std::thread::sleep(Duration::from_millis(u64::from(round) * 60));
        bed.kill();
        let answered = waiting.join().unwrap();
        bed.start();
        let mut client = bed.client();
        if answered.is_ok() {
            assert_eq!(
                standings(&mut client, observe("one", &[&name])),
                [Standing::Withdrawn]
            );
        }
        let begun = log(&bed, "one").contains(&format!("begin {name}"));
        if begun {
            // What was begun is known: another prior state is refused, and so is whoever came before.
            let older = refusal(&mut client, apply(&orders, epoch - 1, &[&name]));
            assert!(matches!(older, Refusal::Fenced { .. }), "{older}");
            let Ask::Apply {
                at,
                orders_digest,
                mut withdrawals,
            } = apply(&orders, epoch, &[&name])
            else {
                panic!("no apply");
            };
            withdrawals[0].prior = PointState(json!({"on": "another"}));
            let other = Ask::Apply {
                at,
                orders_digest,
                withdrawals,
            };
            let refused = refusal(&mut client, other);
            assert!(
                matches!(refused, Refusal::PriorDiffers { .. }),
                "round {round}: {refused}"
            );
        }
        // The program of the killed process may still be at work; what it does late is ours, and is found standing.
        wait_until("the program has ended", 60, || !is_at_work(&bed));
        assert_eq!(
            standings(&mut client, apply(&orders, epoch, &[&name])),
            [Standing::Withdrawn]
        );
        client.ask(permit_lift(&orders)).unwrap();
        assert_eq!(
            standings(&mut client, lift(&orders, epoch, &[&name])),
            [Standing::Open]
        );
        assert_eq!(
            standings(&mut client, lift(&orders, epoch, &[&name])),
            [Standing::Open]
        );
    }
}
