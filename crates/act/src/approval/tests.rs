//! What suffices and what does not, with keys in memory.

mod changes;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{LeaseEnd, Order, OrderId, Orders, PointName, Target, VolumeLimits, Whom};

fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn hours(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

fn key(number: u8) -> RehearsalKey {
    RehearsalKey::from_seed(&[number; 32])
}

fn signers(text: &str) -> AllowedSigners {
    AllowedSigners::parse(text, &TimeZone::UTC).unwrap()
}

/// Three people with every role, with the keys 1, 2 and 3.
fn three() -> AllowedSigners {
    let names = ["pat", "sam", "lee"];
    let text: String = (1..=3u8)
        .zip(names)
        .map(|(number, name)| key(number).line(name))
        .collect();
    signers(&text)
}

fn orders(targets: usize) -> Orders {
    let plan_hash = "ab".repeat(32);
    Orders {
        format: crate::ORDERS_FORMAT.to_owned(),
        orders: vec![Order {
            id: Orders::order_id(&plan_hash, 1),
            withdrawal: "disable-accounts".to_owned(),
            text: "accounts".to_owned(),
            point: PointName::from("directory"),
            targets: (0..targets)
                .map(|number| Target::Account {
                    account: format!("user-{number}"),
                })
                .collect(),
            lease_minutes: 60,
            at_lease_end: LeaseEnd::Lift,
        }],
        plan_hash,
        organisation: "a test".to_owned(),
        limits: VolumeLimits {
            accounts: 1000,
            ..VolumeLimits::default()
        },
        never: Vec::new(),
    }
}

fn sign(number: u8, decision: Decision, orders: &Orders, expires: Timestamp) -> SignedStatement {
    let role = match decision {
        Decision::Approve => Role::Approve,
        Decision::Bulk => Role::Bulk,
        Decision::Force => Role::Force,
    };
    key(number)
        .sign(role, &ApprovalStatement::of(orders, decision, expires))
        .unwrap()
}

fn two(orders: &Orders) -> Vec<SignedStatement> {
    vec![
        sign(1, Decision::Approve, orders, hours(1)),
        sign(2, Decision::Approve, orders, hours(2)),
    ]
}

fn decide(orders: &Orders, signed: &[SignedStatement]) -> Result<Approved, ApprovalError> {
    approve(orders, signed, &three(), &Terms::at(now()))
}

/// The words of a refusal of two signatures of which the second is changed.
fn words(list: &AllowedSigners, second: SignedStatement) -> String {
    let orders = orders(1);
    let first = sign(1, Decision::Approve, &orders, hours(1));
    approve(&orders, &[first, second], list, &Terms::at(now()))
        .unwrap_err()
        .to_string()
}

#[test]
fn two_people_approve_until_the_earlier_end() {
    let orders = orders(1);
    let approved = decide(&orders, &two(&orders)).unwrap();
    assert_eq!(approved.until(), hours(1));
    assert_eq!(approved.orders_digest(), orders.digest());
    let people: Vec<&str> = approved.approvers().iter().map(|by| by.person.as_str()).collect();
    assert_eq!(people, ["pat", "sam"]);
    assert!(approved.approvers()[0].fingerprint.starts_with("SHA256:"));
}

#[test]
fn the_statement_is_the_text_that_the_documents_show() {
    let orders = orders(1);
    let statement = ApprovalStatement::of(&orders, Decision::Approve, hours(2));
    let text = format!(
        "cordon-approval/1\nplan-hash: {}\norders-digest: {}\ndecision: approve\nexpires: 2026-11-24T12:00:00Z\n",
        "ab".repeat(32),
        orders.digest()
    );
    assert_eq!(statement.to_string(), text);
    assert_eq!(ApprovalStatement::parse(&text).unwrap(), statement);
    for (wrong, why) in [
        (text.replace("12:00:00Z", "12:00:00.5Z"), "line 5"),
        (text.replace("12:00:00Z", "14:00:00+02:00"), "exactly"),
        (text.replace("decision: approve", "decision: maybe"), "line 4"),
        (text.replace("ab", "AB"), "line 2"),
        (text.replace("/1", "/2"), "does not start with"),
        (text.trim_end().to_owned(), "exactly"),
        (format!("{text}\n"), "exactly"),
        (text.replace('\n', "\r\n"), "does not start with"),
        (String::new(), "does not start with"),
        (text.lines().take(3).collect::<Vec<_>>().join("\n"), "line 4"),
    ] {
        let error = ApprovalStatement::parse(&wrong).unwrap_err().to_string();
        assert!(error.contains(why), "{wrong:?}: {error}");
    }
}

#[test]
fn lifts_and_renewals_name_orders_or_all() {
    let ids = OrderChoice::These([OrderId::from("abababababab-02"), OrderId::from("abababababab-01")].into());
    let lift = LiftStatement {
        plan_hash: "ab".repeat(32),
        orders: ids.clone(),
        not_after: hours(1),
    };
    let text = lift.to_string();
    assert!(
        text.contains("order: abababababab-01\norder: abababababab-02\nnot-after:"),
        "{text}"
    );
    assert_eq!(LiftStatement::parse(&text).unwrap(), lift);
    let swapped = text.replace("-01", "-03");
    assert_eq!(LiftStatement::parse(&swapped), Err(StatementError::NotCanonical));
    let none = text.replace("order: abababababab-01\norder: abababababab-02\n", "");
    assert!(LiftStatement::parse(&none).is_err());
    let renewal = RenewalStatement {
        plan_hash: "ab".repeat(32),
        orders: OrderChoice::All,
        lease_until: hours(5),
        not_after: hours(1),
    };
    assert_eq!(RenewalStatement::parse(&renewal.to_string()).unwrap(), renewal);
    assert!(LiftStatement::parse(&renewal.to_string()).is_err());
}

#[test]
fn a_lift_and_a_renewal_need_one_person_with_the_role() {
    let lift = LiftStatement {
        plan_hash: "ab".repeat(32),
        orders: OrderChoice::All,
        not_after: hours(1),
    };
    let renewal = |lease_until| RenewalStatement {
        plan_hash: "ab".repeat(32),
        orders: OrderChoice::All,
        lease_until,
        not_after: hours(1),
    };
    let approved = approve_lift(&key(3).sign(Role::Lift, &lift).unwrap(), &three(), now()).unwrap();
    assert_eq!(approved.approver().person, "lee");
    let other = key(3).sign(Role::Renew, &lift).unwrap();
    assert!(
        approve_lift(&other, &three(), now())
            .unwrap_err()
            .to_string()
            .contains("cordon-lift is needed")
    );
    let late = key(3).sign(Role::Lift, &lift).unwrap();
    assert!(matches!(
        approve_lift(&late, &three(), hours(1)),
        Err(ApprovalError::Expired { .. })
    ));
    let signed = key(3).sign(Role::Renew, &renewal(hours(20))).unwrap();
    assert_eq!(
        approve_renewal(&signed, &three(), now()).unwrap().lease_until(),
        hours(20)
    );
    for wrong in [now(), hours(24 * 31 + 1)] {
        let signed = key(3).sign(Role::Renew, &renewal(wrong)).unwrap();
        assert!(matches!(
            approve_renewal(&signed, &three(), now()),
            Err(ApprovalError::LeaseEnd { .. })
        ));
    }
}

#[test]
fn too_few_people_are_refused_in_their_own_words() {
    let orders = orders(1);
    let one = [sign(1, Decision::Approve, &orders, hours(1))];
    assert_eq!(
        decide(&orders, &one).unwrap_err().to_string(),
        "two different people must sign in the role cordon-approve; so far: pat"
    );
    assert!(
        decide(&orders, &[])
            .unwrap_err()
            .to_string()
            .ends_with("so far: nobody")
    );
    let again = [one[0].clone(), one[0].clone()];
    assert!(
        decide(&orders, &again)
            .unwrap_err()
            .to_string()
            .contains("second person")
    );
    // The same person with two keys, under names that differ in case or are joined by a third line only.
    let text = format!(
        "{}{}{}",
        key(1).line("pat"),
        key(2).line("sam"),
        key(3).line("Pat,sam")
    );
    let error = words(&signers(&text), sign(2, Decision::Approve, &orders, hours(1)));
    assert_eq!(
        error,
        "all approvals in the role cordon-approve are by pat: a second person must sign"
    );
}

#[test]
fn signatures_that_do_not_count_are_refused_each_in_its_own_words() {
    let orders = orders(1);
    let good = || sign(2, Decision::Approve, &orders, hours(1));
    let one_key_of_two = format!(
        "{}{}{}",
        key(1).line("pat"),
        key(2).line("sam"),
        key(2).line("lee")
    );
    assert!(words(&signers(&one_key_of_two), good()).contains("names of different people (lee and sam)"));
    assert!(
        words(&three(), sign(9, Decision::Approve, &orders, hours(1))).contains("does not stand in the list")
    );
    let statement = ApprovalStatement::of(&orders, Decision::Approve, hours(1));
    let other_role = key(2).sign(Role::Lift, &statement).unwrap();
    assert!(words(&three(), other_role).contains("given for \"cordon-lift\", and cordon-approve is needed"));
    let mut edited = good();
    edited.statement = edited.statement.replace("abab", "abac");
    assert!(words(&three(), edited).contains("does not fit the statement"));
    let mut garbage = good();
    garbage.signature = "garbage".to_owned();
    assert!(words(&three(), garbage).contains("no signature as"));
    assert!(
        words(&three(), sign(2, Decision::Approve, &orders, now()))
            .contains("was valid until 2026-11-24T10:00:00Z")
    );
    assert!(
        words(&three(), sign(2, Decision::Approve, &orders, hours(25))).contains("more than 24 hours ahead")
    );
    let mut other_plan = orders.clone();
    other_plan.plan_hash = "cd".repeat(32);
    other_plan.orders[0].id = Orders::order_id(&other_plan.plan_hash, 1);
    assert!(
        words(&three(), sign(2, Decision::Approve, &other_plan, hours(1)))
            .ends_with("by sam is for another plan")
    );
    let other_orders = self::orders(2);
    assert!(
        words(&three(), sign(2, Decision::Approve, &other_orders, hours(1)))
            .ends_with("other orders of this plan")
    );
}

#[test]
fn the_list_says_who_may_sign_as_what_and_when() {
    let orders = orders(1);
    let with = |options: &str| {
        let line = key(2).line("sam").replacen(' ', &format!(" {options} "), 1);
        signers(&format!("{}{line}", key(1).line("pat")))
    };
    let second = || sign(2, Decision::Approve, &orders, hours(1));
    assert!(
        words(&with("namespaces=\"cordon-lift,git\""), second())
            .contains("sam may not sign in the role cordon-approve")
    );
    assert!(
        words(&with("valid-before=\"20261124\""), second()).contains("was valid until 2026-11-24T00:00:00Z")
    );
    assert!(
        words(&with("valid-after=\"20261125\""), second()).contains("valid from 2026-11-25T00:00:00Z only")
    );
    for fine in [
        "namespaces=\"cordon-*\"",
        "valid-after=\"20261124\",valid-before=\"20261125\"",
    ] {
        let signed = [sign(1, Decision::Approve, &orders, hours(1)), second()];
        approve(&orders, &signed, &with(fine), &Terms::at(now())).unwrap();
    }
}

#[test]
fn what_exceeds_a_limit_needs_a_third_person() {
    let orders = orders(501);
    let mut signed = two(&orders);
    let error = decide(&orders, &signed).unwrap_err().to_string();
    assert!(error.contains("501 targets in one plan, 500 at most"), "{error}");
    assert!(
        error.contains("501 of the organisation's 1000 accounts, 50 in a thousand at most"),
        "{error}"
    );
    signed.push(sign(2, Decision::Bulk, &orders, hours(1)));
    assert!(matches!(
        decide(&orders, &signed),
        Err(ApprovalError::Bulk { .. })
    ));
    signed.push(sign(3, Decision::Bulk, &orders, hours(1)));
    let roles: Vec<Role> = decide(&orders, &signed)
        .unwrap()
        .approvers()
        .iter()
        .map(|by| by.role)
        .collect();
    assert_eq!(roles, [Role::Approve, Role::Approve, Role::Bulk, Role::Bulk]);
}

#[test]
fn the_readers_own_limits_count_where_they_are_smaller() {
    let orders = orders(6);
    decide(&orders, &two(&orders)).unwrap();
    let ceiling = VolumeLimits {
        per_plan: 1,
        accounts: 10,
        ..VolumeLimits::default()
    };
    let terms = Terms {
        ceiling: Some(ceiling),
        ..Terms::at(now())
    };
    let Err(ApprovalError::Bulk { excesses }) = approve(&orders, &two(&orders), &three(), &terms) else {
        panic!("expected a refusal");
    };
    assert_eq!(
        excesses,
        [
            Excess::Targets { targets: 6, limit: 1 },
            Excess::Accounts {
                accounts: 6,
                of: 10,
                per_mille: 50
            },
        ]
    );
}

#[test]
fn shares_are_exact_and_an_unknown_share_is_too_much() {
    let mut orders = orders(50);
    decide(&orders, &two(&orders)).unwrap();
    orders.orders[0].targets.push(Target::Sessions {
        account: "USER-1".to_owned(),
    });
    decide(&orders, &two(&orders)).unwrap();
    orders.orders[0].targets.push(Target::Sessions {
        account: "another".to_owned(),
    });
    assert!(matches!(
        decide(&orders, &two(&orders)),
        Err(ApprovalError::Bulk { .. })
    ));
    orders.orders[0].targets = vec![Target::RemoteAccess {
        whom: Whom::AllBut(vec!["pat".to_owned()]),
    }];
    let error = decide(&orders, &two(&orders)).unwrap_err().to_string();
    assert!(error.contains("999 of the organisation's 1000"), "{error}");
    orders.limits.accounts = 0;
    let error = decide(&orders, &two(&orders)).unwrap_err().to_string();
    assert!(error.contains("do not say how many"), "{error}");
}

#[test]
fn a_handful_of_named_accounts_is_never_too_large_a_share() {
    for of in [0, 1, 20, 99] {
        let mut orders = orders(5);
        orders.limits.accounts = of;
        decide(&orders, &two(&orders)).unwrap();
        orders.orders[0].targets.push(Target::Account {
            account: "one-more".to_owned(),
        });
        let error = decide(&orders, &two(&orders)).unwrap_err();
        assert!(matches!(error, ApprovalError::Bulk { .. }), "6 of {of}: {error}");
    }
    // Nobody here knows how many a group has, or all but some are.
    for whom in [Whom::Group("all".to_owned()), Whom::AllBut(Vec::new())] {
        let mut orders = orders(1);
        orders.limits.accounts = 10;
        orders.orders[0].targets = vec![Target::RemoteAccess { whom }];
        let error = decide(&orders, &two(&orders)).unwrap_err();
        assert!(matches!(error, ApprovalError::Bulk { .. }), "{error}");
    }
}

#[test]
fn without_break_glass_two_people_must_force_it() {
    let orders = orders(1);
    let terms = Terms {
        dangerously_without_break_glass: true,
        ..Terms::at(now())
    };
    let mut signed = two(&orders);
    for number in 1..=2 {
        let error = approve(&orders, &signed, &three(), &terms).unwrap_err();
        assert!(
            matches!(
                error,
                ApprovalError::TooFew {
                    role: Role::Force,
                    ..
                }
            ),
            "{error}"
        );
        signed.push(sign(number, Decision::Force, &orders, hours(1)));
    }
    assert!(
        approve(&orders, &signed, &three(), &terms)
            .unwrap()
            .without_break_glass()
    );
    assert!(!decide(&orders, &signed).unwrap().without_break_glass());
}

#[test]
fn the_list_of_signers_is_read_as_openssh_reads_it() {
    let line = key(1).line("pat");
    let bare = line.trim_end().split_once(' ').unwrap().1;
    let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7";
    let text = format!(
        "# a comment\n\n  \t pat,pat@shop.example {bare} a comment with words\r\n\"sam\" NAMESPACES=\"git,cordon-*\",valid-after=\"20260101Z\" {bare}\n*@shop.example {bare}\n"
    );
    let list = signers(&text);
    assert_eq!(list.signers.len(), 2);
    assert_eq!(list.signers[0].principals, ["pat", "pat@shop.example"]);
    assert_eq!(
        (list.signers[1].line, list.signers[1].person.as_str()),
        (4, "sam")
    );
    assert_eq!(list.notes.len(), 1);
    assert_eq!(
        (list.notes[0].line, list.notes[0].text.contains("pattern")),
        (5, true)
    );

    let text = format!(
        "pat cert-authority {bare}\npat\nsam namespaces=\"x {bare}\nlee {rsa}\nkim ssh-ed25519 AAAA\n,x {bare}\nlou options {bare}\n"
    );
    let mistakes = AllowedSigners::parse(&text, &TimeZone::UTC).unwrap_err();
    let found: Vec<usize> = mistakes.iter().map(|mistake| mistake.line).collect();
    assert_eq!(found, [1, 2, 3, 4, 5, 6, 7]);
    assert!(
        mistakes[0].to_string().contains("certificates are not accepted"),
        "{}",
        mistakes[0]
    );
    let long = "x".repeat(limits::ALLOWED_SIGNERS_BYTES_MAX + 1);
    assert_eq!(
        AllowedSigners::parse(&long, &TimeZone::UTC).unwrap_err()[0].line,
        0
    );
}
