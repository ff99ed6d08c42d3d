mod addresses;

use super::*;
use crate::{Account, AccountKind, Origin, Provenance, System, SystemKind, Zone, ZoneKind};

const DECLARED: Provenance = Provenance::new(Origin::Assumed);

fn with_account(mut estate: Estate, name: &str, aliases: &[&str]) -> Estate {
    estate.add_account(Account {
        name: name.into(),
        aliases: aliases.iter().map(|alias| (*alias).into()).collect(),
        kind: AccountKind::Person,
        site: None,
        enabled: true,
        jewel: None,
        provenance: DECLARED,
    });
    estate
}

fn with_system(mut estate: Estate, name: &str, aliases: &[&str], addresses: &[&str]) -> Estate {
    estate.add_system(System {
        name: name.into(),
        aliases: aliases.iter().map(|alias| (*alias).into()).collect(),
        kind: SystemKind::Server,
        zone: None,
        site: None,
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        holds: Vec::new(),
        people: None,
        jewel: None,
        provenance: DECLARED,
    });
    estate
}

fn account(directory: &mut Directory, name: &str) -> Option<u32> {
    directory
        .account(&AccountName {
            name: Some(name),
            ..AccountName::default()
        })
        .map(|id| id.0)
}

fn in_domain(directory: &mut Directory, domain: &str, name: &str) -> Option<u32> {
    let name = AccountName {
        name: Some(name),
        domain: Some(domain),
        sid: None,
    };
    directory.account(&name).map(|id| id.0)
}

fn with_sid(directory: &mut Directory, name: Option<&str>, sid: &str) -> Option<u32> {
    directory
        .account(&AccountName {
            name,
            domain: None,
            sid: Some(sid),
        })
        .map(|id| id.0)
}

fn system(directory: &mut Directory, name: &str) -> Option<u32> {
    directory
        .system(&SystemName {
            name: Some(name),
            address: None,
        })
        .map(|id| id.0)
}

fn at(directory: &mut Directory, name: Option<&str>, address: &str) -> Option<u32> {
    directory
        .system(&SystemName {
            name,
            address: Some(address.parse().unwrap()),
        })
        .map(|id| id.0)
}

#[test]
fn spellings_of_one_domain_account_are_one() {
    let mut directory = Directory::default();
    let pat = in_domain(&mut directory, "CORP", "pat");
    assert_eq!(pat, Some(0));
    for spelling in [
        "CORP\\PAT",
        "corp\\pat",
        "pat@corp.local",
        "Pat@CORP.LOCAL",
        "pat",
        " pat ",
    ] {
        assert_eq!(account(&mut directory, spelling), pat, "{spelling}");
    }
    assert_eq!(in_domain(&mut directory, "corp.local", "pat"), pat);
    assert_eq!(in_domain(&mut directory, "corp.local", "pat@corp.local"), pat);
    assert_eq!(directory.accounts().len(), 1);
    assert_eq!(directory.accounts()[0].name, "pat");
}

#[test]
fn the_full_name_first_is_the_same_as_the_short_name_first() {
    let mut directory = Directory::default();
    assert_eq!(account(&mut directory, "pat@corp.local"), Some(0));
    assert_eq!(account(&mut directory, "CORP\\pat"), Some(0));
    assert_eq!(
        account(&mut directory, "corp.evil.example\\pat"),
        Some(1),
        "CORP has a full name already"
    );
    assert_eq!(account(&mut directory, "CORP\\pat"), Some(0), "and keeps it");
}

#[test]
fn two_declared_domains_hold_different_accounts_of_one_name() {
    let estate = with_account(Estate::default(), "pat-corp", &["CORP\\pat"]);
    let estate = with_account(estate, "pat-shop", &["SHOP\\pat"]);
    let mut directory = Directory::from_estate(&estate);
    assert_eq!(account(&mut directory, "CORP\\pat"), Some(0));
    assert_eq!(account(&mut directory, "pat@shop.example"), Some(1));
    assert_eq!(
        account(&mut directory, "pat"),
        None,
        "ambiguous, and nobody is made up"
    );
    assert_eq!(
        account(&mut directory, "OTHER\\pat"),
        Some(2),
        "a third domain, a third account"
    );
    assert_eq!(account(&mut directory, "pat-corp"), Some(0));
}

#[test]
fn an_exact_declared_name_beats_ambiguity() {
    let estate = with_account(Estate::default(), "CORP\\pat", &[]);
    let estate = with_account(estate, "pat", &["SHOP\\pat"]);
    let mut directory = Directory::from_estate(&estate);
    assert_eq!(account(&mut directory, "pat"), Some(1));
    assert_eq!(account(&mut directory, "CORP\\pat"), Some(0));
}

#[test]
fn an_account_declared_without_domain_is_meant_in_every_domain() {
    let mut directory = Directory::from_estate(&with_account(Estate::default(), "pat", &[]));
    for spelling in [
        "pat",
        "EVIL\\pat",
        "CORP\\pat",
        "pat@corp.local",
        "pat@mail.example",
    ] {
        assert_eq!(account(&mut directory, spelling), Some(0), "{spelling}");
    }
    assert_eq!(directory.accounts().len(), 1);
}

#[test]
fn one_account_in_two_domains_makes_them_one() {
    let estate = with_account(Estate::default(), "pat", &["CORP\\pat", "pat@northgate.example"]);
    let estate = with_account(estate, "sam", &["sam@northgate.example"]);
    let mut directory = Directory::from_estate(&estate);
    assert_eq!(account(&mut directory, "CORP\\sam"), Some(1));
    assert_eq!(account(&mut directory, "CORP\\new"), Some(2));
    assert_eq!(account(&mut directory, "new@northgate.example"), Some(2));
}

#[test]
fn domains_with_different_people_of_one_name_stay_apart() {
    let estate = with_account(Estate::default(), "pat", &["CORP\\pat", "pat@partner.example"]);
    let estate = with_account(estate, "sam", &["CORP\\sam"]);
    let estate = with_account(estate, "other sam", &["sam@partner.example"]);
    let mut directory = Directory::from_estate(&estate);
    assert_eq!(account(&mut directory, "CORP\\sam"), Some(1));
    assert_eq!(account(&mut directory, "sam@partner.example"), Some(2));
    assert_eq!(account(&mut directory, "pat@partner.example"), Some(0));
    assert_eq!(account(&mut directory, "CORP\\pat"), Some(0));
}

#[test]
fn a_short_domain_of_two_full_ones_says_nothing() {
    let estate = with_account(Estate::default(), "a", &["pat@corp.local"]);
    let estate = with_account(estate, "b", &["pat@corp.example"]);
    let estate = with_account(estate, "c", &["sam@corp.example"]);
    let mut directory = Directory::from_estate(&estate);
    assert_eq!(account(&mut directory, "CORP\\pat"), None);
    assert_eq!(account(&mut directory, "CORP\\sam"), Some(2), "only one sam");
}

#[test]
fn a_log_learns_the_suffix_beside_the_domain() {
    let mut directory = Directory::default();
    assert_eq!(in_domain(&mut directory, "CORP", "pat@mail.example"), Some(0));
    assert_eq!(account(&mut directory, "pat@mail.example"), Some(0));
    assert_eq!(account(&mut directory, "sam@mail.example"), Some(1));
    assert_eq!(account(&mut directory, "CORP\\sam"), Some(1));
}

#[test]
fn a_known_sid_decides() {
    let mut directory =
        Directory::from_estate(&with_account(Estate::default(), "pat", &["S-1-5-21-1-2-3-500"]));
    assert_eq!(
        with_sid(&mut directory, Some("renamed"), "s-1-5-21-1-2-3-500"),
        Some(0)
    );
    assert_eq!(account(&mut directory, "S-1-5-21-1-2-3-500"), Some(0));
    assert_eq!(
        with_sid(&mut directory, Some("sam"), "S-1-5-21-1-2-3-501"),
        Some(1)
    );
    assert_eq!(with_sid(&mut directory, None, "S-1-5-21-1-2-3-501"), Some(1));
}

#[test]
fn a_sid_met_alone_gets_its_name_later() {
    let mut directory = Directory::default();
    assert_eq!(with_sid(&mut directory, None, "S-1-5-21-9-9-9-1000"), Some(0));
    assert_eq!(directory.accounts()[0].name, "S-1-5-21-9-9-9-1000");
    assert_eq!(
        with_sid(&mut directory, Some("pat"), "S-1-5-21-9-9-9-1000"),
        Some(0)
    );
    assert_eq!(directory.accounts()[0].name, "pat");
    assert_eq!(account(&mut directory, "pat"), Some(0));
}

#[test]
fn a_sid_met_alone_merges_into_the_account_of_its_name() {
    let mut directory = Directory::from_estate(&with_account(Estate::default(), "pat", &[]));
    assert_eq!(with_sid(&mut directory, None, "S-1-5-21-9-9-9-1000"), Some(1));
    assert_eq!(
        with_sid(&mut directory, Some("pat"), "S-1-5-21-9-9-9-1000"),
        Some(0)
    );
    assert_eq!(directory.canonical_account(AccountId(1)), AccountId(0));
    assert_eq!(with_sid(&mut directory, None, "S-1-5-21-9-9-9-1000"), Some(0));
}

#[test]
fn a_local_account_is_not_the_domain_account_of_its_name() {
    let estate = with_account(Estate::default(), "administrator", &["CORP\\administrator"]);
    let mut directory = Directory::from_estate(&with_system(estate, "WS5", &[], &[]));
    let local = in_domain(&mut directory, "WS5", "Administrator");
    assert_eq!(local, Some(1));
    assert_eq!(directory.accounts()[1].name, "WS5\\Administrator");
    assert_eq!(directory.accounts()[1].local_to, Some(SystemId(0)));
    assert_eq!(in_domain(&mut directory, "CORP", "Administrator"), Some(0));
    assert_eq!(in_domain(&mut directory, "ws5", "administrator"), local);
    assert_eq!(account(&mut directory, "administrator"), Some(0));
}

#[test]
fn noise_is_nobody() {
    let mut directory = Directory::default();
    let names = [
        "ANONYMOUS LOGON",
        "SYSTEM",
        "NT AUTHORITY\\SYSTEM",
        "NT AUTHORITY\\somebody",
        "local service",
        "NETWORK SERVICE",
        "DWM-1",
        "umfd-12",
        "-",
        "",
        "N/A",
        "S-1-5-18",
        "S-1-5-90-0-1",
        "S-1-0-0",
        "CORP\\",
        "WS5$",
    ];
    for name in names {
        assert_eq!(account(&mut directory, name), None, "{name}");
    }
    assert_eq!(in_domain(&mut directory, "Window Manager", "anything"), None);
    assert_eq!(with_sid(&mut directory, Some("pat"), "S-1-5-7"), None);
    assert_eq!(with_sid(&mut directory, None, "S-1-0-0"), None);
    let long = "x".repeat(5000);
    assert_eq!(account(&mut directory, &long), None);
    assert_eq!(directory.accounts().len(), 0);
    assert_eq!(account(&mut directory, "DWM-ann"), Some(0), "not a number");
    assert_eq!(
        with_sid(&mut directory, Some("kim"), "S-1-0-0"),
        Some(1),
        "a null SID says nothing"
    );
}

#[test]
fn a_machine_account_is_its_system() {
    let estate = with_account(Estate::default(), "gmsa-sql$", &[]);
    let mut directory = Directory::from_estate(&with_system(estate, "WS5", &["ws5.corp.local"], &[]));
    let machine = AccountName {
        name: Some("WS5$"),
        domain: Some("CORP"),
        sid: None,
    };
    assert_eq!(directory.holder(&machine), Some(Holder::System(SystemId(0))));
    assert_eq!(directory.account(&machine), None);
    assert_eq!(
        directory.resolve_holder(&machine),
        Some(Holder::System(SystemId(0)))
    );
    assert_eq!(
        account(&mut directory, "CORP\\GMSA-SQL$"),
        Some(0),
        "declared, so an account"
    );
    assert_eq!(system(&mut directory, "WS5$"), Some(0));
}

#[test]
fn short_and_full_host_names_are_one() {
    for first in ["WORKSTATION6", "workstation6.corp.local"] {
        let mut directory = Directory::default();
        assert_eq!(system(&mut directory, first), Some(0));
        for spelling in [
            "WORKSTATION6",
            "workstation6.corp.local",
            "\\\\workstation6",
            "WORKSTATION6.CORP.LOCAL.",
        ] {
            assert_eq!(
                system(&mut directory, spelling),
                Some(0),
                "{spelling} after {first}"
            );
        }
        assert_eq!(
            system(&mut directory, "cifs/workstation6.corp.local:445"),
            Some(0)
        );
        assert_eq!(
            system(&mut directory, "workstation6.other.local"),
            Some(1),
            "after {first}"
        );
        assert_eq!(
            system(&mut directory, "workstation6"),
            Some(0),
            "a log makes nothing ambiguous"
        );
    }
}

#[test]
fn an_ambiguous_declared_short_host_name_is_nobody() {
    let estate = with_system(Estate::default(), "dc.a.local", &[], &[]);
    let estate = with_system(estate, "dc.b.local", &[], &[]);
    let mut directory = Directory::from_estate(&estate);
    assert_eq!(system(&mut directory, "dc"), None);
    assert_eq!(system(&mut directory, "DC.B.local"), Some(1));
    assert_eq!(system(&mut directory, "dc.c.local"), Some(2));
}

#[test]
fn a_system_declared_by_its_short_name_is_meant_in_every_domain() {
    let mut directory = Directory::from_estate(&with_system(Estate::default(), "shop-web", &[], &[]));
    assert_eq!(system(&mut directory, "shop-web.dmz.example"), Some(0));
    assert_eq!(system(&mut directory, "SHOP-WEB.other.example"), Some(0));
}

#[test]
fn resolving_adds_nothing() {
    let mut directory = Directory::default();
    assert_eq!(
        directory.resolve_account(&AccountName {
            name: Some("pat"),
            ..AccountName::default()
        }),
        None
    );
    assert_eq!(
        directory.resolve_system(&SystemName {
            name: Some("ws6"),
            address: None
        }),
        None
    );
    assert!(directory.accounts().is_empty() && directory.systems().is_empty());
    assert_eq!(account(&mut directory, "CORP\\pat"), Some(0));
    let full = AccountName {
        name: Some("pat@corp.local"),
        ..AccountName::default()
    };
    assert_eq!(directory.resolve_account(&full), Some(AccountId(0)));
    assert_eq!(directory.refused(), 0);
}

proptest::proptest! {
    /// Whatever is asked, the same question has the same answer, now and after everything else was asked.
    #[test]
    fn answers_last(
        names in proptest::collection::vec("([ab]\\\\)?[xy]{1,2}(@[ab](\\.[cd])?)?\\$?", 1..24),
        hosts in proptest::collection::vec("[xy]{1,2}(\\.[cd]){0,2}", 1..12),
    ) {
        let mut directory = Directory::default();
        for host in &hosts {
            system(&mut directory, host);
        }
        let first: Vec<_> = names.iter().map(|name| account(&mut directory, name)).collect();
        let again: Vec<_> = names.iter().map(|name| account(&mut directory, name)).collect();
        proptest::prop_assert_eq!(&first, &again);
        for (name, id) in names.iter().zip(&first) {
            let parts = AccountName { name: Some(name), ..AccountName::default() };
            proptest::prop_assert_eq!(directory.resolve_account(&parts).map(|id| id.0), *id);
        }
    }

    /// Nothing panics on any text.
    #[test]
    fn any_text(text in "\\PC{0,40}", other in "\\PC{0,20}") {
        let mut directory = Directory::default();
        directory.holder(&AccountName { name: Some(&text), domain: Some(&other), sid: Some(&other) });
        directory.system(&SystemName { name: Some(&text), address: None });
        directory.holder(&AccountName { name: Some(&other), domain: Some(&text), sid: None });
    }
}
