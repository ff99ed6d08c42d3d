//! The directory servers of the test bed start, answer and are private.

use cordon_testbed::{OpenLdap, OpenLdapContent, SambaDc, skip};

#[test]
fn openldap_starts_with_its_accounts_and_restarts_with_the_same() {
    if let Some(why) = OpenLdap::unavailable() {
        return skip(&why);
    }
    let mut server = OpenLdap::start(&OpenLdapContent::default());
    let account = OpenLdap::account(2);
    let name = OpenLdap::account_name(&account);
    assert!(server.can_log_on(&name, &OpenLdap::password(&account)));
    assert!(!server.can_log_on(&name, "wrong"));
    assert!(server.can_log_on(OpenLdap::CORDON, OpenLdap::CORDON_PASSWORD));
    assert!(server.can_log_on(OpenLdap::BREAK_GLASS, OpenLdap::BREAK_GLASS_PASSWORD));
    assert!(
        server
            .read("cn=all,ou=groups,dc=corp,dc=test", &["member"])
            .contains(&name)
    );
    server.restart();
    assert!(server.can_log_on(&name, &OpenLdap::password(&account)));
}

#[test]
fn two_domain_controllers_run_side_by_side_and_do_not_meet() {
    if let Some(why) = SambaDc::unavailable() {
        return skip(&why);
    }
    let (first, mut second) = (SambaDc::start(), SambaDc::start());
    first.create_accounts(&["alice"]);
    first.create_group("staff", &["alice"]);
    assert!(first.log_on("alice", SambaDc::PASSWORD).status.success());
    assert!(!first.log_on("alice", "wrong").status.success());
    assert!(!second.log_on("alice", SambaDc::PASSWORD).status.success());
    second.restart();
    assert!(
        second
            .log_on("Administrator", SambaDc::ADMINISTRATOR_PASSWORD)
            .status
            .success()
    );
}
