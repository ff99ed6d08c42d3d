//! Systems by their addresses.

use super::*;

#[test]
fn an_address_becomes_the_system_that_is_met_with_it() {
    let mut directory = Directory::default();
    assert_eq!(at(&mut directory, None, "10.0.0.6"), Some(0));
    assert_eq!(directory.systems()[0].name, "10.0.0.6");
    assert_eq!(at(&mut directory, Some("ws6"), "::ffff:10.0.0.6"), Some(0));
    assert_eq!(directory.systems()[0].name, "ws6");
    assert_eq!(system(&mut directory, "10.0.0.6"), Some(0));
}

#[test]
fn an_address_merges_into_a_known_system() {
    let mut directory = Directory::from_estate(&with_system(Estate::default(), "ws6", &[], &[]));
    assert_eq!(at(&mut directory, None, "10.0.0.6"), Some(1));
    assert_eq!(at(&mut directory, Some("WS6.corp.local"), "10.0.0.6"), Some(0));
    assert_eq!(directory.canonical(SystemId(1)), SystemId(0));
    assert_eq!(at(&mut directory, None, "10.0.0.6"), Some(0));
    assert_eq!(directory.systems()[1].merged_into, Some(SystemId(0)));
}

#[test]
fn a_name_beats_the_address_beside_it() {
    let estate = with_system(Estate::default(), "ws5", &[], &["10.0.0.5"]);
    let mut directory = Directory::from_estate(&with_system(estate, "ws6", &[], &["10.0.0.6"]));
    assert_eq!(at(&mut directory, Some("ws5"), "10.0.0.6"), Some(0));
    assert_eq!(
        at(&mut directory, None, "10.0.0.6"),
        Some(1),
        "declared, so it stays"
    );
}

#[test]
fn a_sure_binding_moves_a_learned_address_but_a_mention_does_not() {
    let mut directory = Directory::default();
    assert_eq!(at(&mut directory, Some("ws5"), "10.0.0.9"), Some(0));
    assert_eq!(
        at(&mut directory, Some("dc1"), "10.0.0.9"),
        Some(1),
        "a name that an intruder may have chosen"
    );
    assert_eq!(at(&mut directory, None, "10.0.0.9"), Some(0));
    let name = SystemName {
        name: Some("ws7"),
        address: None,
    };
    assert_eq!(
        directory.bind(&name, "10.0.0.9".parse().unwrap()),
        Some(SystemId(2))
    );
    assert_eq!(at(&mut directory, None, "10.0.0.9"), Some(2));
}

#[test]
fn the_outside_is_no_system() {
    let mut estate = with_system(Estate::default(), "vpn", &[], &["198.51.100.7"]);
    estate.add_zone(Zone {
        name: "public".into(),
        kind: ZoneKind::Internal,
        subnets: vec!["192.0.2.0/24".parse().unwrap()],
        isolated_members: false,
        provenance: DECLARED,
    });
    let mut directory = Directory::from_estate(&estate);
    assert_eq!(at(&mut directory, None, "203.0.113.9"), None);
    assert_eq!(at(&mut directory, Some("kali"), "203.0.113.9"), None);
    assert_eq!(at(&mut directory, None, "198.51.100.7"), Some(0));
    assert_eq!(
        at(&mut directory, None, "192.0.2.9"),
        Some(1),
        "the company's own subnet"
    );
    for noise in [
        "127.0.0.1",
        "::1",
        "fe80::1",
        "224.0.0.251",
        "0.0.0.0",
        "255.255.255.255",
        "169.254.3.4",
    ] {
        assert_eq!(at(&mut directory, None, noise), None, "{noise}");
    }
    assert_eq!(system(&mut directory, "localhost"), None);
}
