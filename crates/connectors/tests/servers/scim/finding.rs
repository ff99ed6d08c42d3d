//! Finding accounts and groups.

use super::bed::*;

#[test]
fn names_are_data_and_find_only_the_account_that_has_them() {
    let Some(mut world) = AtScimServer::new() else {
        return;
    };
    let odd = [
        "o'neil",
        "a\" or userName pr or userName eq \"b",
        "back\\slash",
        "per%20cent&filter=x#y",
        "ärger",
        "two words",
        "*",
    ];
    for name in odd {
        world.user(name);
    }
    let mut point = world.point();
    for name in odd {
        let seen = point.observe(&account(name), DEADLINE).unwrap();
        assert_eq!(seen.state.0["id"], world.ids[name], "{name}");
        apply(&mut *point, &account(name), &seen.state).unwrap();
        assert_eq!(world.read(&world.path(name))["active"], json!(false), "{name}");
        assert_eq!(world.read(&world.path("alice"))["active"], json!(true), "{name}");
        lift(&mut *point, &account(name), &seen.state).unwrap();
    }
    // A filter that matches everything finds nobody of that name.
    let nobody = account("nobody\" or userName pr or userName eq \"x");
    assert_eq!(
        point.observe(&nobody, DEADLINE).unwrap().standing,
        Standing::Absent
    );
    for name in ["", "two\nlines", &"x".repeat(513)] {
        let error = point.observe(&account(name), DEADLINE).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input);
    }
}

#[test]
fn a_name_that_differs_in_case_is_the_same_account_and_two_groups_of_a_name_are_an_error() {
    let Some(mut world) = AtScimServer::new() else {
        return;
    };
    let mut point = world.point();
    let seen = point.observe(&account("Alice"), DEADLINE).unwrap();
    assert_eq!(seen.state.0["id"], world.ids["alice"]);
    world.group("twice", &["alice"]);
    world.group("twice", &["bob"]);
    let error = point
        .observe(&assignment("alice", "twice"), DEADLINE)
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input);
}

#[test]
fn configured_ids_and_names_of_applications_are_used() {
    let Some(world) = AtScimServer::new() else { return };
    let mut config = config(
        plaintext(&world.scim.address()),
        Credential::Bearer(secret(&world.folder, "token", ScimServer::TOKEN)),
    );
    config.users.insert(
        "a.smith".to_owned(),
        world.ids["alice"].as_str().unwrap().to_owned(),
    );
    config.users.insert("gone".to_owned(), "no-such-id".to_owned());
    config
        .applications
        .insert("wages".to_owned(), "payroll".to_owned());
    let mut point = point(config);
    let seen = point.observe(&assignment("a.smith", "wages"), DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Open);
    assert_eq!(seen.state.0["member"], world.ids["alice"]);
    assert_eq!(
        point.observe(&account("gone"), DEADLINE).unwrap().standing,
        Standing::Absent
    );
}

#[test]
fn what_is_absent_stays_so_and_what_this_point_cannot_do_is_refused() {
    let Some(mut world) = AtScimServer::new() else {
        return;
    };
    let mut point = world.point();
    let nobody = account("nobody");
    let seen = point.observe(&nobody, DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Absent);
    assert_eq!(
        apply(&mut *point, &nobody, &seen.state).unwrap().standing,
        Standing::Absent
    );
    assert_eq!(
        lift(&mut *point, &nobody, &seen.state).unwrap().standing,
        Standing::Absent
    );
    assert_eq!(
        point.probe(&nobody, DEADLINE).unwrap().answer,
        ProbeAnswer::Inconclusive
    );
    let route = Target::Route {
        route: "shop".to_owned(),
    };
    assert_eq!(
        point.observe(&route, DEADLINE).unwrap_err().kind,
        PointErrorKind::Input
    );
}

#[test]
fn an_account_made_anew_under_the_same_name_is_stale_and_untouched() {
    let Some(mut world) = AtScimServer::new() else {
        return;
    };
    let mut point = world.point();
    let target = account("alice");
    let prior = point.observe(&target, DEADLINE).unwrap().state;
    apply(&mut *point, &target, &prior).unwrap();
    world.scim.ask("DELETE", &world.path("alice"), "");
    world.user("alice");
    let error = lift(&mut *point, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Stale);
    assert_eq!(world.read(&world.path("alice"))["active"], json!(true));
}
