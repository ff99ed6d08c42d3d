//! Changes by others, passwords, absent and hostile servers.

use super::*;

#[test]
fn what_somebody_else_changed_is_stale_and_untouched() {
    let Some(server) = server() else { return };
    let mut point = point(&config(&server, &[]));
    let target = account("pat");
    let states = withdraw(&mut *point, &target);
    let ours = files(&server.client_folder())["pat"].1.clone();
    for changed in [
        format!("{ours}push \"route 10.0.0.0 255.0.0.0\"\n"),
        "disable\n".to_owned(),
    ] {
        write(&server, "pat", &changed);
        let error = lift(&mut *point, &target, &states).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Stale);
        let error = apply(&mut *point, &target, &states.0).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Stale);
        assert_eq!(files(&server.client_folder())["pat"].1, changed);
    }
    // Who takes the line away has lifted it.
    std::fs::remove_file(server.client_folder().join("pat")).unwrap();
    let seen = lift(&mut *point, &target, &states).unwrap();
    assert_eq!((seen.standing, &seen.state), (Standing::Open, &states.0));
}

#[test]
fn a_withdrawal_that_broke_off_midway_is_finished_or_lifted() {
    let Some(server) = server() else { return };
    write(&server, "pat", "# pat\n");
    let before = files(&server.client_folder());
    let mut point = point(&config(&server, &[]));
    for target in [remote(Whom::Group("sales".to_owned())), all_but(&["kim"])] {
        let states = withdraw(&mut *point, &target);
        let whole = files(&server.client_folder());
        write(&server, "pat", "# pat\n");
        std::fs::write(server.client_folder().join(".cordon.new"), "torn").unwrap();
        let seen = point.observe(&target, DEADLINE).unwrap();
        assert_eq!(seen.standing, Standing::Partly);
        let again = apply(&mut *point, &target, &states.0).unwrap();
        assert_eq!(again.state, states.1);
        assert_eq!(files(&server.client_folder()), whole);
        write(&server, "pat", "# pat\n");
        let lifting = Lifting {
            target: &target,
            prior: &states.0,
            left: None,
            mark: &mark_of(&target),
        };
        point.lift(&lifting, DEADLINE).unwrap();
        assert_eq!(files(&server.client_folder()), before);
    }
}

#[test]
fn a_file_that_is_none_is_not_followed() {
    let Some(server) = server() else { return };
    let folder = Folder::new();
    let elsewhere = folder.write("elsewhere", "untouched");
    std::os::unix::fs::symlink(&elsewhere, server.client_folder().join("pat")).unwrap();
    let error = point(&config(&server, &[]))
        .observe(&account("pat"), DEADLINE)
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target);
    assert_eq!(std::fs::read_to_string(elsewhere).unwrap(), "untouched");
}

#[test]
fn the_password_is_said_and_a_wrong_one_is_denied() {
    let options = VpnOptions {
        exclusive: false,
        password: Some("correct horse".to_owned()),
    };
    let Some(server) = server_with(options) else {
        return;
    };
    let folder = Folder::new();
    let secret = |name: &str, text: &str| {
        let path = folder.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        json!({"file": path})
    };
    let mut protected = config(&server, &[]);
    let observe = |config: &Value| point(config).observe(&account("pat"), DEADLINE);
    assert_eq!(observe(&protected).unwrap_err().kind, PointErrorKind::Config);
    protected["password"] = secret("right", "correct horse\n");
    assert_eq!(observe(&protected).unwrap().standing, Standing::Open);
    // The same over TCP, whose other end leads to the server's socket.
    let address = lead_to(server.management_socket());
    protected["management"] = json!({"loopback": address});
    let states = withdraw(&mut *point(&protected), &account("pat"));
    lift(&mut *point(&protected), &account("pat"), &states).unwrap();
    for wrong in ["battery staple", "two\nlines"] {
        protected["password"] = secret("wrong", wrong);
        let error = observe(&protected).unwrap_err();
        let kinds = [PointErrorKind::Denied, PointErrorKind::Config];
        assert!(kinds.contains(&error.kind), "{error}");
        assert!(
            !format!("{error} {error:?}").contains(wrong),
            "an error told the password"
        );
    }
}

/// A TCP port of this host that leads to a Unix socket, for ever.
fn lead_to(socket: std::path::PathBuf) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            let far = UnixStream::connect(&socket).unwrap();
            let (mut near_read, mut near) = (near.try_clone().unwrap(), near);
            let (mut far_read, mut far) = (far.try_clone().unwrap(), far);
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut near_read, &mut far);
                let _ = far.shutdown(std::net::Shutdown::Both);
            });
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut far_read, &mut near);
                let _ = near.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    address
}

#[test]
fn a_server_that_is_away_or_busy_is_an_error_in_time_and_nothing_is_changed() {
    let Some(mut server) = server() else { return };
    let mut point = point(&config(&server, &[]));
    let prior = point.observe(&account("pat"), DEADLINE).unwrap().state;
    let applying = Applying {
        target: &account("pat"),
        prior: &prior,
        mark: &mark_of(&account("pat")),
        lease_until: None,
    };
    // Another program is attached: the server talks to one at a time.
    let other = UnixStream::connect(server.management_socket()).unwrap();
    let started = Instant::now();
    let error = point.apply(&applying, Duration::from_secs(1)).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert!(started.elapsed() < Duration::from_secs(60));
    drop(other);
    server.stop();
    let error = point.apply(&applying, Duration::from_secs(1)).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert!(files(&server.client_folder()).is_empty());
    server.restart();
    assert_eq!(
        point.apply(&applying, DEADLINE).unwrap().standing,
        Standing::Withdrawn
    );
}

#[test]
fn hostile_replies_are_bounded_errors() {
    let folder = Folder::new();
    std::fs::create_dir(folder.file("ccd")).unwrap();
    let endless_line = vec![b'x'; 1 << 20];
    let many_lines = b"CLIENT_LIST\tx\n".repeat(4 << 20);
    let replies: [&[u8]; 7] = [
        b"",
        b"\xff\xff\0\n\n\n",
        b"ENTER PASSWORD:",
        b">INFO\nERROR: no\n",
        b">INFO\nEND\n",
        &endless_line,
        &many_lines,
    ];
    for (number, reply) in replies.into_iter().enumerate() {
        let socket = folder.file(&format!("hostile-{number}"));
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut ask = [0; 16];
                let _ = stream.write_all(reply);
                let _ = stream.set_read_timeout(Some(Duration::from_secs(3)));
                while matches!(stream.read(&mut ask), Ok(1..)) {}
            });
            let config = json!({"management": {"unix": socket}, "client-config-dir": folder.file("ccd")});
            let started = Instant::now();
            let error = point(&config)
                .observe(&account("pat"), Duration::from_secs(10))
                .unwrap_err();
            // The thread does not wait for a client that did not come.
            drop(UnixStream::connect(&socket));
            let kinds = [PointErrorKind::Target, PointErrorKind::Config];
            assert!(kinds.contains(&error.kind), "{number}: {error}");
            assert!(
                error.text.len() <= 400 && started.elapsed() < Duration::from_secs(40),
                "{number}"
            );
        });
    }
}

#[test]
fn a_missing_folder_is_a_wrong_configuration() {
    let Some(server) = server() else { return };
    let mut missing = config(&server, &[]);
    missing["client-config-dir"] = json!("/no/such/folder");
    let error = point(&missing).observe(&account("pat"), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
}

#[test]
fn a_management_interface_elsewhere_or_without_a_password_is_refused() {
    let password = json!({"environment": "VPN_PASSWORD"});
    for wrong in [
        json!({"management": {"loopback": "192.0.2.1:7505"}, "client-config-dir": "/etc/openvpn/ccd", "password": password}),
        json!({"management": {"loopback": "127.0.0.1:7505"}, "client-config-dir": "/etc/openvpn/ccd"}),
        json!({"management": {"unix": "/run/m"}, "client-config-dir": "/c", "groups": {"g": ["../x"]}}),
    ] {
        assert_eq!(
            try_point(&wrong).err().unwrap().kind,
            PointErrorKind::Config,
            "{wrong}"
        );
    }
}
