//! What the point refuses at OpenLDAP, and as what.

use std::time::Instant;

use cordon_act::{PointErrorKind, ProbeAnswer, Standing};
use cordon_testbed::{Folder, OpenLdap, OpenLdapContent};
use serde_json::json;

use super::openldap::Bed;
use super::support::{Calls as _, DEADLINE, MARK, account, kind, membership, point, secret, try_point, with};

#[test]
fn names_with_signs_mean_what_they_say_and_nothing_more() {
    let name = "o'neil, *(x)\\ #é+=";
    let escaped = "o'neil\\2c *(x)\\5c #é\\2b\\3d";
    let more = format!(
        "dn: uid={escaped},ou=people,{base}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: n\nsn: n\nuserPassword: pw\n\n\
         dn: cn={escaped},ou=groups,{base}\nobjectClass: groupOfNames\ncn: {name}\nmember: {base}\n\
         member: uid={escaped},ou=people,{base}\n\n",
        base = OpenLdap::BASE
    );
    let Some(bed) = Bed::start(&OpenLdapContent {
        more,
        ..OpenLdapContent::default()
    }) else {
        return;
    };
    let mut point = point(&bed.config);
    for target in [account(name), membership(name, name)] {
        let prior = point.see(&target);
        assert_eq!(prior.standing, Standing::Open, "{target}");
        let left = point.withdraw(&target, &prior.state, MARK).unwrap();
        assert_eq!(left.standing, Standing::Withdrawn);
        // A value that was loaded while the server was down comes back in the server's own spelling, and is the same to it.
        let back = point.give_back(&target, &prior.state, Some(&left.state)).unwrap();
        assert_eq!(back.standing, Standing::Open);
        assert_eq!(
            point.give_back(&target, &prior.state, Some(&left.state)).unwrap(),
            back
        );
        assert_eq!(point.see(&target), back);
    }
    for name in [
        "*",
        "user000*",
        "user0001)(uid=*",
        "nobody)(|(uid=user0001",
        "\\75ser0001",
        "uid=user0001,ou=people",
    ] {
        assert_eq!(point.see(&account(name)).standing, Standing::Absent, "{name}");
        assert_eq!(
            point.see(&membership(name, "all")).standing,
            Standing::Absent,
            "{name}"
        );
    }
    for name in ["", "user0001\n", "user\u{0}0001", &"a".repeat(600)] {
        assert_eq!(
            kind(point.observe(&account(name), DEADLINE)),
            PointErrorKind::Input,
            "{name:?}"
        );
    }
}

#[test]
fn the_own_account_and_the_break_glass_account_are_never_withdrawn() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let by_name = with(&bed.config, json!({"openldap": {"account-attribute": "cn"}}));
    let mut point = point(&by_name);
    for name in ["glass", "cordon"] {
        let target = account(name);
        let prior = point.see(&target);
        assert_eq!(prior.standing, Standing::Open);
        let error = point.withdraw(&target, &prior.state, MARK).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input, "{error}");
        assert_eq!(point.see(&target), prior);
    }
}

#[test]
fn the_break_glass_logon_is_proved_by_logging_on() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let said = point(&bed.config).prove_break_glass(DEADLINE).unwrap().unwrap();
    assert!(
        said.contains(OpenLdap::BREAK_GLASS) && !said.contains(OpenLdap::BREAK_GLASS_PASSWORD),
        "{said}"
    );
    let wrong = with(
        &bed.config,
        json!({"break-glass": {"password": secret(&bed.secrets, "wrong")}}),
    );
    let error = point(&wrong).prove_break_glass(DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Denied, "{error}");
    let empty = with(
        &bed.config,
        json!({"break-glass": {"password": secret(&bed.secrets, "\n")}}),
    );
    assert_eq!(
        kind(point(&empty).prove_break_glass(DEADLINE)),
        PointErrorKind::Config
    );
    let mut none = bed.config.clone();
    none.as_object_mut().unwrap().remove("break-glass");
    assert_eq!(point(&none).prove_break_glass(DEADLINE).unwrap(), None);
}

#[test]
fn wrong_credentials_missing_rights_and_wrong_configurations_say_who_must_act() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let target = account("user0001");
    let see = |more| point(&with(&bed.config, more)).observe(&target, DEADLINE);
    let denied = see(json!({"bind-password": secret(&bed.secrets, "swordfish")})).unwrap_err();
    assert_eq!(denied.kind, PointErrorKind::Denied);
    assert!(!format!("{denied:?}").contains("swordfish"));
    assert_eq!(
        kind(see(json!({"bind-password": {"file": "/nowhere"}}))),
        PointErrorKind::Config
    );
    assert_eq!(kind(see(json!({"base": "dc=elsewhere"}))), PointErrorKind::Config);
    let plain = json!({"server": bed.server.plain_url(), "plaintext-on-loopback": true});
    assert_eq!(kind(see(plain)), PointErrorKind::Config, "the server wants TLS");
    // Somebody who may read but not write.
    let reader = json!({
        "bind-as": OpenLdap::account_name("user0003"),
        "bind-password": secret(&bed.secrets, &OpenLdap::password("user0003")),
    });
    let mut point = point(&with(&bed.config, reader));
    let prior = point.see(&target).state;
    assert_eq!(
        kind(point.withdraw(&target, &prior, MARK)),
        PointErrorKind::Denied
    );
    assert_eq!(point.see(&target).state, prior);
    for wrong in [
        json!({"server": "http://localhost"}),
        json!({"ca-file": null}),
        json!({"ca-file": "/nowhere"}),
        json!({"bind-password": null}),
        json!({"openldap": {"member-attribute": "member)(x"}}),
        json!({"openldap": {"cut-connections": true}}),
    ] {
        let wrong = with(&bed.config, wrong);
        assert_eq!(
            try_point(&wrong).map(|_| ()).unwrap_err().kind,
            PointErrorKind::Config,
            "{wrong}"
        );
    }
}

#[test]
fn a_server_that_another_authority_vouches_for_gets_no_password() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let folder = Folder::new();
    let other = cordon_testbed::Certificates::new(folder.path(), &["DNS:localhost"]);
    for server in [bed.server.tls_url(), bed.server.plain_url()] {
        let config = with(&bed.config, json!({"server": server, "ca-file": other.authority}));
        let error = point(&config)
            .observe(&account("user0001"), DEADLINE)
            .unwrap_err();
        assert!(error.text.contains("certificate"), "{error}");
    }
    // The right authority, but for another name.
    let named = bed.server.tls_url().replace("localhost", "127.0.0.2");
    let error = point(&with(&bed.config, json!({"server": named}))).observe(&account("user0001"), DEADLINE);
    assert_eq!(kind(error), PointErrorKind::Target);
}

#[test]
fn a_server_that_is_down_is_an_error_within_the_deadline() {
    let Some(mut bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let mut point = point(&bed.config);
    let target = account("user0001");
    let prior = point.see(&target).state;
    bed.server.kill();
    let clock = Instant::now();
    assert_eq!(
        kind(point.withdraw(&target, &prior, MARK)),
        PointErrorKind::Target
    );
    assert_eq!(kind(point.probe(&target, DEADLINE)), PointErrorKind::Target);
    assert_eq!(kind(point.prove_break_glass(DEADLINE)), PointErrorKind::Target);
    assert!(clock.elapsed() < DEADLINE);
}

#[test]
fn a_lock_that_the_policy_does_not_heed_is_neither_set_nor_believed() {
    let Some(bed) = Bed::start(&OpenLdapContent {
        policy_heeds_locks: false,
        ..OpenLdapContent::default()
    }) else {
        return;
    };
    let mut point = point(&bed.config);
    let target = account("user0001");
    let prior = point.see(&target);
    assert_eq!(
        kind(point.withdraw(&target, &prior.state, MARK)),
        PointErrorKind::Config
    );
    bed.set_lock("user0001", Some("000001010000Z"));
    assert_eq!(point.see(&target).standing, Standing::Open);
    assert!(bed.server.can_log_on(
        &OpenLdap::account_name("user0001"),
        &OpenLdap::password("user0001")
    ));
}

#[test]
fn a_probe_claims_no_more_than_it_was_told_and_adds_no_second_failure() {
    let Some(bed) = Bed::start(&OpenLdapContent {
        says_locked: false,
        ..OpenLdapContent::default()
    }) else {
        return;
    };
    let target = account("user0001");
    let mut told = point(&bed.with_canary("user0001"));
    let prior = told.see(&target).state;
    told.withdraw(&target, &prior, MARK).unwrap();
    assert_eq!(
        told.try_it(&target).answer,
        ProbeAnswer::Inconclusive,
        "the server does not say why"
    );
    told.give_back(&target, &prior, None).unwrap();
    // A probe password that is wrong, tried often: one failure is on record, and no lock comes of it.
    let wrong = secret(&bed.secrets, "outdated");
    let mut mistaken = point(&with(
        &bed.config,
        json!({"openldap": {"probe-passwords": {"user0002": wrong}}}),
    ));
    for _ in 0..5 {
        assert_eq!(
            mistaken.try_it(&account("user0002")).answer,
            ProbeAnswer::Inconclusive
        );
    }
    let read = bed
        .server
        .read(&OpenLdap::account_name("user0002"), &["pwdFailureTime"]);
    assert_eq!(read.matches("pwdFailureTime").count(), 1, "{read}");
    // Without a password nothing is tried.
    for _ in 0..5 {
        assert_eq!(
            mistaken.try_it(&account("user0003")).answer,
            ProbeAnswer::Inconclusive
        );
    }
    let read = bed
        .server
        .read(&OpenLdap::account_name("user0003"), &["pwdFailureTime"]);
    assert_eq!(read.matches("pwdFailureTime").count(), 0, "{read}");
}

#[test]
fn memberships_that_cannot_be_withdrawn_are_refused_as_such() {
    let more = format!(
        "dn: cn=last,ou=groups,{base}\nobjectClass: groupOfNames\ncn: last\nmember: {member}\n\n",
        base = OpenLdap::BASE,
        member = OpenLdap::account_name("user0001")
    );
    let Some(bed) = Bed::start(&OpenLdapContent {
        more,
        ..OpenLdapContent::default()
    }) else {
        return;
    };
    let mut by_name = point(&bed.config);
    let last = membership("user0001", "last");
    let prior = by_name.see(&last);
    let error = by_name.withdraw(&last, &prior.state, MARK).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input, "{error}");
    assert_eq!(by_name.see(&last), prior);
    assert_eq!(
        by_name.see(&membership("user0001", "nothing")).standing,
        Standing::Absent
    );
    let mut posix = point(&with(
        &bed.config,
        json!({"openldap": {"member-attribute": "memberUid"}}),
    ));
    let error = posix
        .observe(&membership("user0001", "staff"), DEADLINE)
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input, "{error}");
}

#[test]
fn a_name_that_two_have_is_refused() {
    let more = format!(
        "dn: ou=more,{base}\nobjectClass: organizationalUnit\nou: more\n\n\
         dn: uid=user0001,ou=more,{base}\nobjectClass: inetOrgPerson\nuid: user0001\ncn: x\nsn: x\n\n",
        base = OpenLdap::BASE
    );
    let Some(bed) = Bed::start(&OpenLdapContent {
        more,
        ..OpenLdapContent::default()
    }) else {
        return;
    };
    let mut point = point(&bed.config);
    assert_eq!(
        kind(point.observe(&account("user0001"), DEADLINE)),
        PointErrorKind::Input
    );
    let together = point.observe_all(&[account("user0001"), account("user0002")], DEADLINE);
    assert_eq!(together[0].as_ref().unwrap_err().kind, PointErrorKind::Input);
    assert_eq!(together[1].as_ref().unwrap().standing, Standing::Open);
}
