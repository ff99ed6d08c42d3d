//! Cutting sessions at network access servers.

use super::bed::*;

#[test]
fn sessions_are_cut_at_a_real_switch_whatever_fails_between() {
    let Some(runs) = sweep_among(3, switched, &sessions("alice")) else {
        return;
    };
    assert_eq!(runs, 17);
}

#[test]
fn a_client_is_cut_off_while_its_account_is_refused_and_comes_back_after_the_lift() {
    let Some(mut world) = switched() else { return };
    let switch = Arc::clone(&world.switch);
    let target = account("alice");
    let mut point = world.point();
    let prior = point.observe(&target, DEADLINE).unwrap();
    assert_eq!(prior.standing, Standing::Open);
    let prior = prior.state;

    let left = apply(&mut *point, &target, &prior, DEADLINE).unwrap();
    assert_eq!(left.standing, Standing::Withdrawn);
    switch.wait_for(false);
    switch.log_on();
    std::thread::sleep(Duration::from_secs(4));
    assert!(!switch.lets_through(), "a refused account came back");
    let probe = point.probe(&target, DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Refused, "{}", probe.how);

    // Waits until the client gets through again.
    assert_eq!(lift(&mut *point, &target, &prior).unwrap().state, prior);
    assert_eq!(
        point.probe(&target, DEADLINE).unwrap().answer,
        ProbeAnswer::Admitted
    );
}

#[test]
fn a_switch_that_knows_no_such_session_has_nothing_open_and_one_that_refuses_says_why() {
    let Some(mut world) = switched() else { return };
    let prior = world
        .point()
        .observe(&sessions("nobody"), DEADLINE)
        .unwrap()
        .state;
    let done = apply(&mut *world.point(), &sessions("nobody"), &prior, DEADLINE).unwrap();
    assert_eq!(done.standing, Standing::Withdrawn);
    assert!(world.switch.lets_through());

    let mut tell = |change: &dyn Fn(&mut AccessServer)| {
        let before = world.config.clone();
        change(world.config.access_servers.first_mut().unwrap());
        let result = apply(
            &mut *world.point(),
            &sessions("alice"),
            &prior,
            Duration::from_secs(15),
        );
        world.config = before;
        result.unwrap_err()
    };
    let error = tell(&|server| server.identifier = Some("another".to_owned()));
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
    // hostapd 2.10 takes Change-of-Authorization for one purpose of its own only.
    let error = tell(&|server| server.cut = Cut::Reauthorize);
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
    let other = Folder::new();
    let error = tell(&|server| server.secret = secret(&other, "wrong", "not-the-secret"));
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    assert!(!error.text.contains("not-the-secret"));
    assert!(world.switch.lets_through());
}

#[test]
fn freeradius_as_access_server_takes_both_kinds_of_message() {
    let Some((radius, folder)) = started() else { return };
    for cut in [Cut::Disconnect, Cut::Reauthorize] {
        let server = AccessServer {
            cut,
            ..at_freeradius(&folder, &radius)
        };
        let config = Config {
            access_servers: vec![server],
            server: None,
        };
        assert_eq!(point(&config).capabilities().kinds, [TargetKind::Sessions]);
        let tell = |name: &str| {
            let prior = point(&config).observe(&sessions(name), DEADLINE).unwrap().state;
            apply(&mut *point(&config), &sessions(name), &prior, DEADLINE)
        };
        tell("alice").unwrap();
        let error = tell("carol").unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Denied, "{error}");
        let error = tell("bob").unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    }
}

#[test]
fn all_access_servers_are_told_even_if_one_is_down() {
    let Some((radius, folder)) = started() else { return };
    let down = access_server(&folder, "127.0.0.1:9", "any");
    let up = at_freeradius(&folder, &radius);
    let prior = PointState(json!({"sessions": "not told"}));
    let begun = Instant::now();
    for (servers, kind) in [
        (vec![down.clone()], PointErrorKind::Target),
        (vec![down.clone(), up.clone()], PointErrorKind::Unknown),
        (vec![up, down], PointErrorKind::Unknown),
    ] {
        let config = Config {
            access_servers: servers,
            server: None,
        };
        let error = apply(&mut *point(&config), &sessions("alice"), &prior, DEADLINE).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
    assert!(
        begun.elapsed() < DEADLINE,
        "it is known at once that nobody listens"
    );
}

#[test]
fn what_is_lost_is_sent_again_unchanged_and_hostile_replies_are_counted_and_not_believed() {
    let folder = Folder::new();
    let prior = PointState(json!({"sessions": "not told"}));
    let tell = |address: SocketAddr, seconds| {
        let config = Config {
            access_servers: vec![access_server(&folder, &address.to_string(), "xyzzy")],
            server: None,
        };
        apply(
            &mut *point(&config),
            &sessions("alice"),
            &prior,
            Duration::from_secs(seconds),
        )
        .unwrap_err()
    };
    let (address, came) = odd_access_server(|number, packet| {
        let id = packet.get(1).copied().unwrap_or_default();
        // An acknowledgement that nobody signed, one for another request, nonsense, and a packet that says it is longer than it is.
        let mut forged = vec![41, id, 0, 20];
        forged.extend([7; 16]);
        let mut other = forged.clone();
        other.splice(1..2, [id.wrapping_add(1)]);
        if number == 0 {
            vec![forged, other, b"x".to_vec(), vec![41, id, 255, 255, 1]]
        } else {
            vec![]
        }
    });
    let error = tell(address, 8);
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    assert!(error.text.contains("4 replies were not counted"), "{error}");
    let packets: Vec<Vec<u8>> = came.try_iter().collect();
    assert!(packets.len() >= 2, "{}", packets.len());
    assert!(packets.iter().all(|packet| Some(packet) == packets.first()));

    let (address, _came) = odd_access_server(|_, _| vec![vec![0; 4000]; 500]);
    let begun = Instant::now();
    let error = tell(address, 120);
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(60), "a flood is given up");
}
