//! What a withdrawal at a Samba domain controller does, and that it is given back.

use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;

use cordon_act::sweep::{World, sweep};
use cordon_act::{EnforcementPoint, Mark, Observation, PointErrorKind, ProbeAnswer, Standing, Target};
use cordon_testbed::{Folder, SambaDc, skip};
use serde_json::{Value, json};

use super::support::{
    Calls as _, DEADLINE, MARK, OTHER_MARK, account, kind, membership, point, secret, with,
};

/// How many accounts the bulk test has.
const MANY: usize = 1_000;

/// The controller that the tests share while any of them runs; each has accounts of its own. `None`, and says so, if none can run.
pub(crate) fn domain() -> Option<Arc<SambaDc>> {
    static LAST: Mutex<Weak<SambaDc>> = Mutex::new(Weak::new());
    if let Some(why) = SambaDc::unavailable() {
        skip(&why);
        return None;
    }
    let mut last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Some(last.upgrade().unwrap_or_else(|| {
        let started = Arc::new(SambaDc::start());
        *last = Arc::downgrade(&started);
        started
    }))
}

/// The configuration of a point for this controller, with the administrator's rights.
pub(crate) fn config(dc: &SambaDc, secrets: &Folder) -> Value {
    let password = secret(secrets, SambaDc::ADMINISTRATOR_PASSWORD);
    json!({
        "dialect": "active-directory",
        "server": SambaDc::TLS_URL,
        "ca-file": dc.authority_file(),
        "bind-as": SambaDc::ADMINISTRATOR,
        "bind-password": password,
        "base": SambaDc::BASE,
    })
}

/// The configuration with the password of accounts for probes.
pub(crate) fn with_canaries(config: &Value, secrets: &Folder, names: &[&str]) -> Value {
    let password = secret(secrets, SambaDc::PASSWORD);
    let passwords: serde_json::Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), password.clone()))
        .collect();
    with(
        config,
        json!({"active-directory": {"probe-passwords": passwords}}),
    )
}

/// Whether an account's user gets a ticket.
pub(crate) fn can_log_on(dc: &SambaDc, name: &str) -> bool {
    dc.log_on(name, SambaDc::PASSWORD).status.success()
}

struct Domain<'a> {
    dc: &'a SambaDc,
    config: Value,
    decisive: bool,
}

impl Domain<'_> {
    fn change(&self, target: &Target, is_back: bool) {
        let ldif = match target {
            Target::Account { account } => {
                let bits = if is_back { 512 } else { 514 };
                let dn = SambaDc::account_name(account);
                format!(
                    "dn: {dn}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: {bits}\n"
                )
            }
            Target::Membership { member, group } => {
                let (group, member) = (SambaDc::account_name(group), SambaDc::account_name(member));
                let verb = if is_back { "add" } else { "delete" };
                format!("dn: {group}\nchangetype: modify\n{verb}: member\nmember: {member}\n")
            }
            other => panic!("no such target here: {other}"),
        };
        self.dc.modify(&ldif);
    }
}

impl World for Domain<'_> {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        point(&self.config)
    }

    fn picture(&mut self, target: &Target) -> String {
        let name = match target {
            Target::Membership { group, .. } => group,
            Target::Account { account } => account,
            other => panic!("no such target here: {other}"),
        };
        let text = self.dc.search(&format!("(sAMAccountName={name})"), &["*"]);
        // When it was changed and when somebody logged on is not part of what was withdrawn.
        let counts = ["whenChanged", "uSNChanged", "lastLogon", "logonCount"];
        let mut lines: Vec<&str> = text
            .lines()
            .filter(|line| !counts.iter().any(|count| line.starts_with(count)))
            .collect();
        lines.sort_unstable();
        lines.join("\n")
    }

    fn withdraw_outside(&mut self, target: &Target) -> bool {
        self.change(target, false);
        true
    }

    fn restore_outside(&mut self, target: &Target) {
        self.change(target, true);
    }

    fn probe_is_decisive(&mut self, _target: &Target) -> bool {
        self.decisive
    }
}

#[test]
fn accounts_pass_the_sweep_with_a_mark_and_without_and_with_a_password_and_without() {
    let Some(dc) = domain() else { return };
    let secrets = Folder::new();
    dc.create_accounts(&["sweep1", "sweep2"]);
    let known = with_canaries(&config(&dc, &secrets), &secrets, &["sweep1"]);
    let known = with(
        &known,
        json!({"active-directory": {"mark-attribute": "adminDescription"}}),
    );
    let unknown = config(&dc, &secrets);
    dc.inside(|| {
        for (config, name, decisive) in [(known, "sweep1", true), (unknown, "sweep2", false)] {
            let mut world = Domain {
                dc: &dc,
                config,
                decisive,
            };
            assert_eq!(sweep(&mut world, &account(name)).unwrap(), 18);
        }
    });
}

#[test]
fn memberships_pass_the_sweep() {
    let Some(dc) = domain() else { return };
    let secrets = Folder::new();
    dc.create_accounts(&["sweep3", "sweep4"]);
    dc.create_group("sweepers", &["sweep3", "sweep4"]);
    let mut world = Domain {
        dc: &dc,
        config: config(&dc, &secrets),
        decisive: true,
    };
    dc.inside(|| sweep(&mut world, &membership("sweep3", "sweepers")).unwrap());
}

#[test]
fn a_disabled_account_is_refused_by_kerberos_and_only_that_one() {
    let Some(dc) = domain() else { return };
    let secrets = Folder::new();
    dc.create_accounts(&["alice", "bob"]);
    let config = with_canaries(&config(&dc, &secrets), &secrets, &["alice", "bob"]);
    let marking = with(
        &config,
        json!({"active-directory": {"mark-attribute": "adminDescription"}}),
    );
    dc.inside(|| {
        let mut point = point(&marking);
        // By logon name, by principal name, and whatever the case.
        let prior = point.see(&account("alice"));
        for name in ["ALICE", "alice@corp.test", "Alice@Corp.Test"] {
            assert_eq!(point.see(&account(name)), prior, "{name}");
        }
        assert_eq!(point.try_it(&account("alice")).answer, ProbeAnswer::Admitted);
        let left = point.withdraw(&account("alice"), &prior.state, MARK).unwrap();
        assert_eq!(
            (left.standing, left.mark.clone()),
            (Standing::Withdrawn, Some(Mark::from(MARK)))
        );
        assert_eq!((can_log_on(&dc, "alice"), can_log_on(&dc, "bob")), (false, true));
        let probe = point.try_it(&account("alice"));
        assert_eq!(probe.answer, ProbeAnswer::Refused, "{}", probe.how);
        assert_eq!(point.try_it(&account("bob")).answer, ProbeAnswer::Admitted);
        assert_eq!(
            kind(point.withdraw(&account("alice"), &prior.state, OTHER_MARK)),
            PointErrorKind::Stale
        );
        point
            .give_back(&account("alice"), &prior.state, Some(&left.state))
            .unwrap();
        assert!(can_log_on(&dc, "alice"));
    });
}

#[test]
fn a_rename_between_withdrawal_and_lift_loses_nothing() {
    let Some(dc) = domain() else { return };
    let secrets = Folder::new();
    dc.create_accounts(&["maiden", "mover"]);
    dc.create_group("choir", &["maiden"]);
    let config = config(&dc, &secrets);
    let rename = |from: &str, to: &str| {
        let (dn, new_dn) = (SambaDc::account_name(from), SambaDc::account_name(to));
        dc.modify(&format!(
            "dn: {dn}\nchangetype: modrdn\nnewrdn: CN={to}\ndeleteoldrdn: 1\n\n\
             dn: {new_dn}\nchangetype: modify\nreplace: sAMAccountName\nsAMAccountName: {to}\n-\n\
             replace: userPrincipalName\nuserPrincipalName: {to}@corp.test\n"
        ));
    };
    dc.inside(|| {
        let mut point = point(&config);
        let (person, member) = (account("maiden"), membership("maiden", "choir"));
        let (enabled, listed) = (point.see(&person).state, point.see(&member).state);
        let left = point.withdraw(&person, &enabled, MARK).unwrap().state;
        point.withdraw(&member, &listed, MARK).unwrap();
        rename("maiden", "married");
        rename("mover", "maiden");
        assert_eq!(kind(point.withdraw(&person, &left, MARK)), PointErrorKind::Stale);
        assert_eq!(
            point.give_back(&person, &enabled, Some(&left)).unwrap().state,
            enabled
        );
        assert_eq!(point.give_back(&member, &listed, None).unwrap().state, listed);
        assert!(can_log_on(&dc, "married"));
        assert_eq!(
            point.see(&membership("married", "choir")).standing,
            Standing::Open
        );
        assert_eq!(
            point.see(&membership("maiden", "choir")).standing,
            Standing::Withdrawn
        );
    });
}

#[test]
fn what_somebody_changed_in_between_is_stale_and_stays() {
    let Some(dc) = domain() else { return };
    let secrets = Folder::new();
    dc.create_accounts(&["stale"]);
    let config = config(&dc, &secrets);
    let set = |bits: i32| {
        let dn = SambaDc::account_name("stale");
        dc.modify(&format!(
            "dn: {dn}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: {bits}\n"
        ));
    };
    dc.inside(|| {
        let mut point = point(&config);
        let target = account("stale");
        let prior = point.see(&target).state;
        // Its password never expires, by now.
        set(66048);
        assert_eq!(kind(point.withdraw(&target, &prior, MARK)), PointErrorKind::Stale);
        set(512);
        let left = point.withdraw(&target, &prior, MARK).unwrap().state;
        set(66050);
        assert_eq!(
            kind(point.give_back(&target, &prior, Some(&left))),
            PointErrorKind::Stale
        );
        assert_eq!(point.see(&target).standing, Standing::Withdrawn);
    });
}

#[test]
fn a_withdrawal_survives_a_restart_and_an_unreachable_server_is_an_error() {
    if let Some(why) = SambaDc::unavailable() {
        return skip(&why);
    }
    // Not the shared one: it is killed here.
    let mut dc = SambaDc::start();
    let secrets = Folder::new();
    dc.create_accounts(&["alice"]);
    let config = with_canaries(&config(&dc, &secrets), &secrets, &["alice"]);
    let target = account("alice");
    let (prior, left) = dc.inside(|| {
        let prior = point(&config).see(&target);
        let left = point(&config).withdraw(&target, &prior.state, MARK).unwrap();
        (prior, left)
    });
    dc.kill();
    dc.inside(|| {
        assert_eq!(
            kind(point(&config).observe(&target, DEADLINE)),
            PointErrorKind::Target
        );
        assert_eq!(
            kind(point(&config).probe(&target, DEADLINE)),
            PointErrorKind::Target
        );
    });
    dc.restart();
    dc.inside(|| {
        let mut point = point(&config);
        assert_eq!(point.see(&target), left);
        assert_eq!(point.try_it(&target).answer, ProbeAnswer::Refused);
        assert_eq!(
            point.give_back(&target, &prior.state, Some(&left.state)).unwrap(),
            prior
        );
    });
}

#[test]
fn a_thousand_accounts_are_withdrawn_verified_and_lifted() {
    let Some(dc) = domain() else { return };
    let secrets = Folder::new();
    let names: Vec<String> = (1..=MANY).map(|number| format!("many{number:04}")).collect();
    dc.create_accounts_without_password(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let canaries = ["canary1", "canary2", "canary3"];
    dc.create_accounts(&canaries);
    let config = with_canaries(&config(&dc, &secrets), &secrets, &canaries);
    let all = names.iter().map(String::as_str).chain(canaries);
    let targets: Vec<Target> = all.map(account).collect();
    dc.inside(|| {
        let mut point = point(&config);
        let clock = Instant::now();
        let prior = see_all(&mut point, &targets, Standing::Open);
        println!("observed after {:?}", clock.elapsed());
        for (target, prior) in targets.iter().zip(&prior) {
            point.withdraw(target, &prior.state, MARK).unwrap();
        }
        println!("withdrawn after {:?}", clock.elapsed());
        let left = see_all(&mut point, &targets, Standing::Withdrawn);
        for target in &targets {
            let is_canary = target.to_string().contains("canary");
            let said = if is_canary {
                ProbeAnswer::Refused
            } else {
                ProbeAnswer::Inconclusive
            };
            assert_eq!(point.try_it(target).answer, said, "{target}");
        }
        println!("tried after {:?}", clock.elapsed());
        for ((target, prior), left) in targets.iter().zip(&prior).zip(&left) {
            point.give_back(target, &prior.state, Some(&left.state)).unwrap();
        }
        assert_eq!(see_all(&mut point, &targets, Standing::Open), prior);
        println!("lifted after {:?}", clock.elapsed());
    });
}

fn see_all(
    point: &mut Box<dyn EnforcementPoint>,
    targets: &[Target],
    standing: Standing,
) -> Vec<Observation> {
    let seen: Vec<_> = point
        .observe_all(targets, DEADLINE)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(seen.iter().all(|one| one.standing == standing));
    seen
}

#[test]
fn of_two_who_withdraw_in_the_same_instant_one_leaves_its_mark_and_the_other_is_stale() {
    let Some(dc) = domain() else { return };
    let secrets = Folder::new();
    dc.create_accounts(&["raced"]);
    let config = with(
        &config(&dc, &secrets),
        json!({"active-directory": {"mark-attribute": "adminDescription"}}),
    );
    let target = account("raced");
    let prior = dc.inside(|| point(&config).see(&target).state);
    for round in 0..10 {
        let race = |mark| {
            dc.inside(|| {
                let mut point = point(&config);
                let _ = point.see(&target);
                point.withdraw(&target, &prior, mark).map_err(|error| error.kind)
            })
        };
        let (one, other) = std::thread::scope(|scope| {
            let other = scope.spawn(|| race(OTHER_MARK));
            (race(MARK), other.join().unwrap())
        });
        let left = match (one, other) {
            (Ok(left), Err(PointErrorKind::Stale)) | (Err(PointErrorKind::Stale), Ok(left)) => left,
            both => panic!("round {round}: {both:?}"),
        };
        dc.inside(|| {
            point(&config)
                .give_back(&target, &prior, Some(&left.state))
                .unwrap()
        });
    }
}
