//! Withdrawing and giving back, with everything that goes wrong between.

use super::bed::*;

#[test]
fn an_account_is_withdrawn_and_given_back_at_canaille_whatever_fails_between() {
    let Some(mut world) = at_canaille() else { return };
    let runs = sweep(&mut world, &account("alice")).unwrap();
    assert!(runs > 15, "{runs}");
}

#[test]
fn an_assignment_is_withdrawn_and_given_back_at_canaille_whatever_fails_between() {
    let Some(mut world) = at_canaille() else { return };
    world.canaille.administer(&[
        "create",
        "group",
        "--display-name",
        "payroll",
        "--members",
        "alice",
        "--members",
        "bob",
    ]);
    sweep(&mut world, &assignment("alice", "payroll")).unwrap();
}

#[test]
fn an_account_and_an_assignment_are_withdrawn_and_given_back_at_scim2_server() {
    let Some(mut world) = AtScimServer::new() else {
        return;
    };
    sweep(&mut world, &account("alice")).unwrap();
    for removal in [Removal::ValueFilter, Removal::ReplaceList] {
        world.removal = removal;
        sweep(&mut world, &assignment("alice", "payroll")).unwrap();
    }
}

#[test]
fn a_withdrawn_account_cannot_log_on_and_its_open_session_and_refresh_token_are_dead() {
    let Some(mut world) = at_canaille() else { return };
    let mut alice = world.canaille.browser("alice");
    let mut bob = world.canaille.browser("bob");
    alice.login().unwrap();
    bob.login().unwrap();
    assert_eq!(
        [alice.session(), alice.refresh(), alice.userinfo()],
        [200, 200, 200]
    );

    let target = account("alice");
    let mut point = world.point();
    let prior = point.observe(&target, DEADLINE).unwrap().state;
    apply(&mut *point, &target, &prior).unwrap();

    let refusal = world.canaille.browser("alice").login().unwrap_err();
    assert!(refusal.contains("locked"), "{refusal}");
    assert_eq!([alice.session(), alice.refresh()], [403, 400]);
    // What is left open, and `leaves-open` is there to say: an access token already out works until it expires.
    assert_eq!(alice.userinfo(), 200);
    assert_eq!([bob.session(), bob.refresh(), bob.userinfo()], [200, 200, 200]);

    lift(&mut *point, &target, &prior).unwrap();
    world.canaille.browser("alice").login().unwrap();
}

#[test]
fn a_restart_of_the_server_neither_ends_nor_spoils_a_withdrawal() {
    let Some(mut world) = at_canaille() else { return };
    let target = account("alice");
    let mut point = world.point();
    let prior = point.observe(&target, DEADLINE).unwrap().state;
    apply(&mut *point, &target, &prior).unwrap();

    world.canaille.stop();
    let error = point.observe(&target, Duration::from_secs(5)).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target);
    world.canaille.restart();

    assert_eq!(
        point.observe(&target, DEADLINE).unwrap().standing,
        Standing::Withdrawn
    );
    assert_eq!(
        lift(&mut *point, &target, &prior).unwrap().standing,
        Standing::Open
    );
}

#[test]
fn a_change_in_the_last_moment_is_seen_by_its_version() {
    let Some(world) = AtScimServer::new() else { return };
    let target = account("alice");
    // Just before each change arrives, somebody else changes something: first what does not matter, then what does.
    let race = |field: &'static str, value: Value| {
        let raced = AtomicUsize::new(0);
        point_through(&world, move |asked, port, stream| {
            if asked.head.starts_with("PATCH") && raced.fetch_add(1, Ordering::SeqCst) == 0 {
                let _ = hand_on(&patch_request(asked, field, &value), port);
            }
            let _ = stream.write_all(&hand_on(asked, port));
        })
    };
    let (_relay, mut point) = race("displayName", json!("Alice A."));
    let prior = point.observe(&target, DEADLINE).unwrap().state;
    assert_eq!(
        apply(&mut *point, &target, &prior).unwrap().standing,
        Standing::Withdrawn
    );

    let (_relay, mut point) = race("active", json!(true));
    let left = point.observe(&target, DEADLINE).unwrap();
    assert_eq!(left.standing, Standing::Withdrawn);
    // Somebody else gives it back while Cordon does: it stands as before, which is what was asked for.
    assert_eq!(
        lift(&mut *point, &target, &prior).unwrap().standing,
        Standing::Open
    );

    // Somebody else goes on changing it for ever: refused in the end, without a change of Cordon's.
    let times = AtomicUsize::new(0);
    let (_relay, mut point) = point_through(&world, move |asked, port, stream| {
        if asked.head.starts_with("PATCH") {
            let name = json!(times.fetch_add(1, Ordering::SeqCst).to_string());
            let _ = hand_on(&patch_request(asked, "displayName", &name), port);
        }
        let _ = stream.write_all(&hand_on(asked, port));
    });
    let error = apply(&mut *point, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Stale, "{error}");
    assert_eq!(world.read(&world.path("alice"))["active"], json!(true));
}

#[test]
fn a_lost_reply_is_cleared_up_by_reading_back_and_unknown_if_that_fails_too() {
    let Some(world) = AtScimServer::new() else { return };
    let target = account("alice");
    let (_relay, mut point) = point_through(&world, |asked, port, stream| {
        let answer = hand_on(asked, port);
        if !asked.head.starts_with("PATCH") {
            let _ = stream.write_all(&answer);
        }
    });
    let prior = point.observe(&target, DEADLINE).unwrap().state;
    assert_eq!(
        apply(&mut *point, &target, &prior).unwrap().standing,
        Standing::Withdrawn
    );
    lift(&mut *point, &target, &prior).unwrap();

    let dead = Arc::new(AtomicUsize::new(0));
    let (_relay, mut point) = point_through(&world, move |asked, port, stream| {
        let is_change = asked.head.starts_with("PATCH");
        let answer = hand_on(asked, port);
        if is_change {
            dead.fetch_add(1, Ordering::SeqCst);
        }
        if dead.load(Ordering::SeqCst) == 0 {
            let _ = stream.write_all(&answer);
        }
    });
    let error = apply(&mut *point, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    assert_eq!(world.read(&world.path("alice"))["active"], json!(false));
}

#[test]
fn the_deadline_holds_before_and_after_a_change_was_sent() {
    let Some(world) = AtScimServer::new() else { return };
    let target = account("alice");
    let (_relay, mut point) = point_through(&world, |asked, port, stream| {
        if asked.head.starts_with("PATCH") {
            std::thread::sleep(Duration::from_secs(120));
            return;
        }
        let _ = stream.write_all(&hand_on(asked, port));
    });
    let prior = point.observe(&target, DEADLINE).unwrap().state;
    let mark = Mark::from("cordon:0123456789abcdef");
    let applying = Applying {
        target: &target,
        prior: &prior,
        mark: &mark,
        lease_until: None,
    };
    let begun = Instant::now();
    let error = point.apply(&applying, Duration::from_secs(15)).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(60));

    let (_relay, mut point) = point_through(&world, |_, _, _| std::thread::sleep(Duration::from_secs(120)));
    let begun = Instant::now();
    let error = point.apply(&applying, Duration::from_secs(1)).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(60));
}
