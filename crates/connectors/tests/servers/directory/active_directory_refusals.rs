//! What the point refuses at a Samba domain controller, and how far its probes go.

use std::time::Instant;

use cordon_act::{PointErrorKind, ProbeAnswer, Standing};
use cordon_testbed::{Folder, SambaDc, skip};
use serde_json::json;

use super::active_directory::{can_log_on, config, domain, with_canaries};
use super::support::{Calls as _, DEADLINE, MARK, account, kind, membership, point, secret, with};

#[test]
fn what_must_not_or_cannot_be_withdrawn_is_refused() {
    let Some(dc) = domain() else { return };
    let secrets = Folder::new();
    dc.create_accounts(&["inner", "glass"]);
    dc.create_group("inside", &["inner"]);
    dc.create_group("outside", &["inside", "inner"]);
    let glass = json!({"bind-as": "glass@corp.test", "password": secret(&secrets, SambaDc::PASSWORD)});
    let config = with(&config(&dc, &secrets), json!({"break-glass": glass}));
    dc.inside(|| {
        let mut point = point(&config);
        for name in ["Administrator", "glass", "DC1$"] {
            let target = account(name);
            let prior = point.see(&target);
            let error = point.withdraw(&target, &prior.state, MARK).unwrap_err();
            assert_eq!(error.kind, PointErrorKind::Input, "{error}");
            assert_eq!(point.see(&target), prior);
        }
        let primary = point.observe(&membership("inner", "Domain Users"), DEADLINE);
        assert_eq!(kind(primary), PointErrorKind::Input);
        // Who is a member through another group is one still.
        let target = membership("inner", "outside");
        let prior = point.see(&target);
        assert_eq!(
            point.withdraw(&target, &prior.state, MARK).unwrap().standing,
            Standing::Partly
        );
        assert_eq!(point.try_it(&target).answer, ProbeAnswer::Admitted);
        let group = membership("inside", "outside");
        let group_prior = point.see(&group);
        assert_eq!(group_prior.standing, Standing::Open);
        point.withdraw(&group, &group_prior.state, MARK).unwrap();
        assert_eq!(point.see(&target).standing, Standing::Withdrawn);
        assert_eq!(point.try_it(&target).answer, ProbeAnswer::Refused);
        point.give_back(&target, &prior.state, None).unwrap();
        point.give_back(&group, &group_prior.state, None).unwrap();
        assert_eq!(point.see(&target), prior);
        let said = point.prove_break_glass(DEADLINE).unwrap().unwrap();
        assert!(said.contains("glass@corp.test"), "{said}");
    });
}

#[test]
fn probes_lock_nobody_out_and_know_a_lock_out_from_a_withdrawal() {
    if let Some(why) = SambaDc::unavailable() {
        return skip(&why);
    }
    // Not the shared one: here wrong passwords lock accounts out.
    let dc = SambaDc::start();
    let secrets = Folder::new();
    dc.create_accounts(&["unknown", "outdated", "locked"]);
    let wrong = json!({"outdated": secret(&secrets, "outdated")});
    let config = with_canaries(&config(&dc, &secrets), &secrets, &["locked"]);
    let config = with(&config, json!({"active-directory": {"probe-passwords": wrong}}));
    dc.modify(&format!(
        "dn: {}\nchangetype: modify\nreplace: lockoutThreshold\nlockoutThreshold: 2\n",
        SambaDc::BASE
    ));
    dc.inside(|| {
        let mut point = point(&config);
        let failures = |name: &str| dc.search(&format!("(sAMAccountName={name})"), &["badPwdCount"]);
        // Samba's KDC asks for the password whether the account is disabled or not, so asking it says nothing, and does nothing.
        for _ in 0..5 {
            let probe = point.try_it(&account("unknown"));
            assert_eq!(probe.answer, ProbeAnswer::Inconclusive, "{}", probe.how);
            assert!(probe.how.contains("even of disabled accounts"), "{}", probe.how);
        }
        assert!(failures("unknown").contains("badPwdCount: 0"));
        // A probe password that is wrong fails once and not again.
        for _ in 0..5 {
            assert_eq!(
                point.try_it(&account("outdated")).answer,
                ProbeAnswer::Inconclusive
            );
        }
        assert!(failures("outdated").contains("badPwdCount: 1"));
        assert!(can_log_on(&dc, "outdated"));
        // An account that is locked out is not withdrawn.
        assert_eq!(point.try_it(&account("locked")).answer, ProbeAnswer::Admitted);
        for _ in 0..3 {
            assert!(!dc.log_on("locked", "wrong").status.success());
        }
        assert!(!can_log_on(&dc, "locked"));
        assert_eq!(point.try_it(&account("locked")).answer, ProbeAnswer::Inconclusive);
        assert_eq!(point.see(&account("locked")).standing, Standing::Open);
        assert_eq!(point.try_it(&account("nobody")).answer, ProbeAnswer::Inconclusive);
    });
}

#[test]
fn names_with_signs_mean_what_they_say_and_nothing_more() {
    let Some(dc) = domain() else { return };
    let secrets = Folder::new();
    let name = "o'neil (é)#&";
    dc.create_accounts(&["plain", name]);
    let config = with_canaries(&config(&dc, &secrets), &secrets, &[name]);
    dc.inside(|| {
        let mut point = point(&config);
        let prior = point.see(&account(name));
        assert_eq!(prior.standing, Standing::Open);
        point.withdraw(&account(name), &prior.state, MARK).unwrap();
        assert_eq!(point.try_it(&account(name)).answer, ProbeAnswer::Refused);
        assert_eq!(
            point.give_back(&account(name), &prior.state, None).unwrap(),
            prior
        );
        for name in [
            "*",
            "plai*",
            "plain)(objectClass=*",
            "nobody)(|(sAMAccountName=plain",
            "\\70lain",
        ] {
            assert_eq!(point.see(&account(name)).standing, Standing::Absent, "{name}");
        }
        assert_eq!(
            kind(point.observe(&account("plain\r\n"), DEADLINE)),
            PointErrorKind::Input
        );
    });
}

#[test]
fn starttls_serves_as_well_and_wrong_credentials_and_authorities_are_told_apart() {
    let Some(dc) = domain() else { return };
    let secrets = Folder::new();
    dc.create_accounts(&["tls", "reader"]);
    let config = config(&dc, &secrets);
    let start_tls = with(&config, json!({"server": SambaDc::PLAIN_URL}));
    let other = cordon_testbed::Certificates::new(secrets.path(), &["IP:10.94.0.1"]);
    let untrusted = with(&start_tls, json!({"ca-file": other.authority}));
    let denied = with(&config, json!({"bind-password": secret(&secrets, "swordfish")}));
    let reader = json!({"bind-as": "reader@corp.test", "bind-password": secret(&secrets, SambaDc::PASSWORD)});
    let reader = with(&config, reader);
    dc.inside(|| {
        let target = account("tls");
        let prior = point(&start_tls).see(&target);
        point(&start_tls).withdraw(&target, &prior.state, MARK).unwrap();
        point(&start_tls).give_back(&target, &prior.state, None).unwrap();
        let error = point(&untrusted).observe(&target, DEADLINE).unwrap_err();
        assert!(error.text.contains("certificate"), "{error}");
        let error = point(&denied).observe(&target, DEADLINE).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Denied);
        assert!(!format!("{error:?}").contains("swordfish"));
        assert_eq!(
            kind(point(&reader).withdraw(&target, &prior.state, MARK)),
            PointErrorKind::Denied
        );
        assert_eq!(point(&reader).see(&target), prior);
    });
}

#[test]
fn a_kdc_that_talks_nonsense_or_nothing_is_an_error_in_time() {
    use std::io::{Read as _, Write as _};
    let Some(dc) = domain() else { return };
    let secrets = Folder::new();
    dc.create_accounts(&["asked"]);
    let config = config(&dc, &secrets);
    dc.inside(|| {
        for nonsense in [
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            &[0, 0, 0, 2, 0x30, 0x80],
            &[0xff; 8],
            b"",
        ] {
            let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let address = listener.local_addr().unwrap();
            let kdc = json!({"active-directory": {"kdc": address.to_string()}});
            let mut point = point(&with(&config, kdc));
            let _ = point.see(&account("asked"));
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let (mut stream, _) = listener.accept().unwrap();
                    let _ = stream.read(&mut [0; 1024]);
                    let _ = stream.write_all(nonsense);
                    // Nothing more, until the client gives up.
                    let _ = stream.read(&mut [0; 1024]);
                });
                let clock = Instant::now();
                let error = point
                    .probe(&account("asked"), std::time::Duration::from_secs(10))
                    .unwrap_err();
                // Nor does the thread wait for a client that did not come.
                drop(std::net::TcpStream::connect(address));
                assert_eq!(error.kind, PointErrorKind::Target, "{error}");
                assert!(clock.elapsed() < std::time::Duration::from_secs(60));
            });
        }
    });
}

/// What `docs/enforcement-points/directory.md` says to grant: reading and writing `userAccountControl` and `adminDescription` of users,
/// and `member` of groups.
const LEAST_RIGHTS: [&str; 3] = [
    "(OA;CI;RPWP;bf967a68-0de6-11d0-a285-00aa003049e2;bf967aba-0de6-11d0-a285-00aa003049e2;SID)",
    "(OA;CI;RPWP;bf967919-0de6-11d0-a285-00aa003049e2;bf967aba-0de6-11d0-a285-00aa003049e2;SID)",
    "(OA;CI;RPWP;bf9679c0-0de6-11d0-a285-00aa003049e2;bf967a9c-0de6-11d0-a285-00aa003049e2;SID)",
];

#[test]
fn the_least_rights_that_the_documentation_names_suffice() {
    let Some(dc) = domain() else { return };
    let secrets = Folder::new();
    dc.create_accounts(&["cordon", "granted"]);
    dc.create_group("grantees", &["granted"]);
    for entry in LEAST_RIGHTS {
        // On both objects and not on their container, where the server would have to visit every account.
        for object in ["granted", "grantees"] {
            dc.grant("cordon", &SambaDc::account_name(object), entry);
        }
    }
    let own = json!({
        "bind-as": "cordon@corp.test",
        "bind-password": secret(&secrets, SambaDc::PASSWORD),
        "active-directory": {"mark-attribute": "adminDescription"},
    });
    let config = with(&config(&dc, &secrets), own);
    dc.inside(|| {
        let mut point = point(&config);
        for target in [account("granted"), membership("granted", "grantees")] {
            let prior = point.see(&target);
            let left = point.withdraw(&target, &prior.state, MARK).unwrap();
            assert_eq!(left.standing, Standing::Withdrawn, "{target}");
            assert_eq!(
                point.give_back(&target, &prior.state, Some(&left.state)).unwrap(),
                prior
            );
        }
        // It cannot take itself away.
        let prior = point.see(&account("cordon"));
        assert_eq!(
            kind(point.withdraw(&account("cordon"), &prior.state, MARK)),
            PointErrorKind::Input
        );
        // And it can do no more than was granted: this group is in another container.
        let elsewhere = membership("Administrator", "Administrators");
        let prior = point.see(&elsewhere);
        assert_eq!(
            kind(point.withdraw(&elsewhere, &prior.state, MARK)),
            PointErrorKind::Denied
        );
        assert_eq!(point.see(&elsewhere), prior);
    });
}
