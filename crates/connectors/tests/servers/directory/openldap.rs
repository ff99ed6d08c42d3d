//! What a withdrawal at OpenLDAP does, and that it is given back.

use cordon_act::sweep::{World, sweep};
use cordon_act::{EnforcementPoint, Mark, PointErrorKind, ProbeAnswer, Standing, Target};
use cordon_testbed::{Folder, OpenLdap, OpenLdapContent, skip};
use serde_json::{Value, json};

use super::support::{
    Calls as _, DEADLINE, MARK, OTHER_MARK, account, kind, membership, point, secret, with,
};

/// A server, and the configuration of a point for it.
pub(crate) struct Bed {
    pub(crate) server: OpenLdap,
    pub(crate) secrets: Folder,
    pub(crate) config: Value,
}

impl Bed {
    /// A server with this content; `None`, and says so, if none can run here.
    pub(crate) fn start(content: &OpenLdapContent) -> Option<Self> {
        if let Some(why) = OpenLdap::unavailable() {
            skip(&why);
            return None;
        }
        let server = OpenLdap::start(content);
        let secrets = Folder::new();
        let config = json!({
            "dialect": "openldap",
            "server": server.tls_url(),
            "ca-file": server.authority_file(),
            "bind-as": OpenLdap::CORDON,
            "bind-password": secret(&secrets, OpenLdap::CORDON_PASSWORD),
            "base": OpenLdap::BASE,
            "break-glass": {
                "bind-as": OpenLdap::BREAK_GLASS,
                "password": secret(&secrets, OpenLdap::BREAK_GLASS_PASSWORD),
            },
            "openldap": {"default-policy": OpenLdap::POLICY},
        });
        Some(Self {
            server,
            secrets,
            config,
        })
    }

    /// The configuration with the password of an account for probes.
    pub(crate) fn with_canary(&self, name: &str) -> Value {
        let password = secret(&self.secrets, &OpenLdap::password(name));
        with(
            &self.config,
            json!({"openldap": {"probe-passwords": {name: password}}}),
        )
    }

    pub(crate) fn set_lock(&self, name: &str, value: Option<&str>) {
        let dn = OpenLdap::account_name(name);
        let value = value.map_or(String::new(), |value| format!("pwdAccountLockedTime: {value}\n"));
        self.server.modify(&format!(
            "dn: {dn}\nchangetype: modify\nreplace: pwdAccountLockedTime\n{value}"
        ));
    }
}

/// The world of one server for the sweep.
struct Ldap<'a> {
    bed: &'a Bed,
    config: Value,
    decisive: bool,
    /// The attribute and the value by which the group lists the member, for memberships.
    listed: (&'static str, String),
}

impl Ldap<'_> {
    fn group_change(&self, target: &Target, verb: &str) {
        let Target::Membership { group, .. } = target else {
            return;
        };
        let (attribute, value) = &self.listed;
        self.bed.server.modify(&format!(
            "dn: cn={group},ou=groups,{}\nchangetype: modify\n{verb}: {attribute}\n{attribute}: {value}\n",
            OpenLdap::BASE
        ));
    }
}

impl World for Ldap<'_> {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        point(&self.config)
    }

    fn picture(&mut self, target: &Target) -> String {
        let (entry, attributes) = match target {
            Target::Account { account } => (
                OpenLdap::account_name(account),
                vec!["*", "pwdAccountLockedTime", "pwdFailureTime"],
            ),
            Target::Membership { group, .. } => {
                (format!("cn={group},ou=groups,{}", OpenLdap::BASE), vec!["*"])
            }
            other => panic!("no such target here: {other}"),
        };
        // Values of an attribute have no order.
        let text = self.bed.server.read(&entry, &attributes);
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    }

    fn withdraw_outside(&mut self, target: &Target) -> bool {
        match target {
            Target::Account { account } => self.bed.set_lock(account, Some("000001010000Z")),
            _ => self.group_change(target, "delete"),
        }
        true
    }

    fn restore_outside(&mut self, target: &Target) {
        match target {
            Target::Account { account } => self.bed.set_lock(account, None),
            _ => self.group_change(target, "add"),
        }
    }

    fn probe_is_decisive(&mut self, _target: &Target) -> bool {
        self.decisive
    }
}

fn world<'a>(bed: &'a Bed, config: &Value, decisive: bool) -> Ldap<'a> {
    Ldap {
        bed,
        config: config.clone(),
        decisive,
        listed: ("member", OpenLdap::account_name("user0001")),
    }
}

#[test]
fn an_account_with_a_probe_password_passes_the_sweep() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let config = bed.with_canary("user0001");
    let runs = sweep(&mut world(&bed, &config, true), &account("user0001")).unwrap();
    assert_eq!(runs, 18);
}

#[test]
fn an_account_without_a_password_passes_the_sweep_and_is_not_harmed_by_probes() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let config = with(&bed.config, json!({"openldap": {"probe-locked-accounts": true}}));
    sweep(&mut world(&bed, &config, false), &account("user0002")).unwrap();
    assert!(bed.server.can_log_on(
        &OpenLdap::account_name("user0002"),
        &OpenLdap::password("user0002")
    ));
}

#[test]
fn memberships_by_distinguished_name_and_by_logon_name_pass_the_sweep() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    sweep(
        &mut world(&bed, &bed.config, true),
        &membership("user0001", "all"),
    )
    .unwrap();
    let config = with(
        &bed.config,
        json!({"openldap": {"member-attribute": "memberUid"}}),
    );
    let mut posix = world(&bed, &config, true);
    posix.listed = ("memberUid", "user0001".to_owned());
    sweep(&mut posix, &membership("user0001", "posix")).unwrap();
}

#[test]
fn a_locked_account_is_refused_by_the_server_and_only_that_one() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let mut point = point(&bed.with_canary("user0001"));
    let target = account("user0001");
    let can_log_on = |name| {
        bed.server
            .can_log_on(&OpenLdap::account_name(name), &OpenLdap::password(name))
    };
    let prior = point.see(&target);
    assert_eq!((prior.standing, can_log_on("user0001")), (Standing::Open, true));
    assert_eq!(point.try_it(&target).answer, ProbeAnswer::Admitted);
    let left = point.withdraw(&target, &prior.state, MARK).unwrap();
    assert_eq!(
        (left.standing, left.mark),
        (Standing::Withdrawn, Some(Mark::from(MARK)))
    );
    assert_eq!((can_log_on("user0001"), can_log_on("user0002")), (false, true));
    let probe = point.try_it(&target);
    assert_eq!(probe.answer, ProbeAnswer::Refused, "{}", probe.how);
    point.give_back(&target, &prior.state, Some(&left.state)).unwrap();
    assert!(can_log_on("user0001"));
}

#[test]
fn a_lock_of_failed_logons_counts_as_open_and_is_given_back_exactly() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let mut point = point(&bed.config);
    let target = account("user0001");
    bed.set_lock("user0001", Some("20200101101112.5Z"));
    let prior = point.see(&target);
    assert_eq!(prior.standing, Standing::Open);
    let left = point.withdraw(&target, &prior.state, MARK).unwrap();
    assert_eq!(left.standing, Standing::Withdrawn);
    point.give_back(&target, &prior.state, None).unwrap();
    let read = bed
        .server
        .read(&OpenLdap::account_name("user0001"), &["pwdAccountLockedTime"]);
    assert!(read.contains("pwdAccountLockedTime: 20200101101112.5Z"), "{read}");
}

#[test]
fn an_equal_mark_is_the_same_withdrawal_and_another_is_somebody_elses() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let mut point = point(&bed.config);
    let target = account("user0001");
    let prior = point.see(&target).state;
    let left = point.withdraw(&target, &prior, MARK).unwrap();
    assert_eq!(point.withdraw(&target, &prior, MARK).unwrap(), left);
    assert_eq!(
        kind(point.withdraw(&target, &prior, OTHER_MARK)),
        PointErrorKind::Stale
    );
    // Who saw it withdrawn has nothing to do, and gives back that it is.
    assert_eq!(point.withdraw(&target, &left.state, OTHER_MARK).unwrap(), left);
    assert_eq!(point.give_back(&target, &left.state, None).unwrap(), left);
    assert_eq!(point.see(&target), left);
}

#[test]
fn what_somebody_changed_in_between_is_stale_and_stays() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let mut point = point(&bed.config);
    let target = account("user0001");
    let prior = point.see(&target).state;
    bed.set_lock("user0001", Some("20200101101112Z"));
    assert_eq!(kind(point.withdraw(&target, &prior, MARK)), PointErrorKind::Stale);
    bed.set_lock("user0001", None);
    let left = point.withdraw(&target, &prior, MARK).unwrap().state;
    // An administrator locks it for reasons of their own: that is not ours to lift.
    bed.set_lock("user0001", Some("000001010000Z"));
    assert_eq!(
        kind(point.give_back(&target, &prior, Some(&left))),
        PointErrorKind::Stale
    );
    assert_eq!(
        kind(point.give_back(&target, &prior, None)),
        PointErrorKind::Stale
    );
    assert_eq!(point.see(&target).standing, Standing::Withdrawn);
}

#[test]
fn a_rename_between_withdrawal_and_lift_loses_nothing() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let mut point = point(&bed.config);
    let (person, member) = (account("user0001"), membership("user0001", "all"));
    let (locked, listed) = (point.see(&person).state, point.see(&member).state);
    let left = point.withdraw(&person, &locked, MARK).unwrap().state;
    point.withdraw(&member, &listed, MARK).unwrap();
    let rename = |from: &str, to: &str| {
        let dn = OpenLdap::account_name(from);
        bed.server.modify(&format!(
            "dn: {dn}\nchangetype: modrdn\nnewrdn: uid={to}\ndeleteoldrdn: 1\n"
        ));
    };
    rename("user0001", "married");
    // Somebody else has the old name now, and is left alone.
    rename("user0002", "user0001");
    assert_eq!(kind(point.withdraw(&person, &left, MARK)), PointErrorKind::Stale);
    point.give_back(&person, &locked, Some(&left)).unwrap();
    point.give_back(&member, &listed, None).unwrap();
    assert!(bed.server.can_log_on(
        &OpenLdap::account_name("married"),
        &OpenLdap::password("user0001")
    ));
    let group = bed
        .server
        .read(&format!("cn=all,ou=groups,{}", OpenLdap::BASE), &["member"]);
    assert!(group.contains(&OpenLdap::account_name("married")), "{group}");
}

#[test]
fn a_withdrawal_survives_a_restart_and_the_point_reconnects() {
    let Some(mut bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let mut point = point(&bed.with_canary("user0001"));
    let target = account("user0001");
    let prior = point.see(&target).state;
    let left = point.withdraw(&target, &prior, MARK).unwrap();
    bed.server.restart();
    assert_eq!(point.see(&target), left);
    assert_eq!(point.try_it(&target).answer, ProbeAnswer::Refused);
    bed.server.restart();
    assert_eq!(
        point.give_back(&target, &prior, Some(&left.state)).unwrap().state,
        prior
    );
}

#[test]
fn starttls_and_the_unix_socket_serve_as_well() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    let start_tls = with(&bed.config, json!({"server": bed.server.plain_url()}));
    let mut socket = with(&bed.config, json!({"server": bed.server.socket_url()}));
    for key in ["bind-as", "bind-password", "ca-file"] {
        socket.as_object_mut().unwrap().remove(key);
    }
    for config in [start_tls, socket] {
        let mut point = point(&config);
        let target = account("user0001");
        let prior = point.see(&target).state;
        point.withdraw(&target, &prior, MARK).unwrap();
        point.give_back(&target, &prior, None).unwrap();
        assert_eq!(point.see(&target).state, prior);
    }
}

#[test]
fn live_connections_are_seen_and_cut_where_the_server_is_on_this_host() {
    let Some(bed) = Bed::start(&OpenLdapContent::default()) else {
        return;
    };
    if let (Some(why), _) | (None, Some(why)) = (
        cordon_testbed::missing_program(&["ss"]).map(|program| format!("{program} is not installed")),
        (!cordon_testbed::is_root()).then(|| "cutting connections needs root".to_owned()),
    ) {
        return skip(&why);
    }
    let sees = with(&bed.config, json!({"openldap": {"monitor": "cn=Monitor"}}));
    let cuts = with(&sees, json!({"openldap": {"cut-connections": true}}));
    let target = account("user0001");
    let (mut hers, mut his) = (
        bed.server.stay_connected("user0001"),
        bed.server.stay_connected("user0002"),
    );
    let prior = point(&sees).see(&target).state;
    assert_eq!(
        point(&sees).withdraw(&target, &prior, MARK).unwrap().standing,
        Standing::Partly
    );
    assert_eq!(
        point(&sees).observe_all(&[account("user0002"), target.clone()], DEADLINE)[1]
            .as_ref()
            .unwrap()
            .standing,
        Standing::Partly
    );
    assert_eq!(
        point(&cuts).withdraw(&target, &prior, MARK).unwrap().standing,
        Standing::Withdrawn
    );
    assert_eq!((hers.goes_on(), his.goes_on()), (false, true));
}
