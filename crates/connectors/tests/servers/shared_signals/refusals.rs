//! Servers that refuse, lie or do not answer.

use super::bed::*;

#[test]
fn a_refusal_is_told_apart_by_its_reason_and_leaves_nothing_behind() {
    let Some(mut shop) = Shop::new("EC") else { return };
    let target = account("alice");
    let prior = point(&shop.config).observe(&target, DEADLINE).unwrap().state;
    let good = shop.config.clone();
    let folder = Folder::new();
    let mut cases: Vec<(&str, Config, PointErrorKind)> = Vec::new();
    let mut changed = |what, kind, change: &dyn Fn(&mut Config)| {
        let mut config = good.clone();
        change(&mut config);
        cases.push((what, config, kind));
    };
    changed("issuer", PointErrorKind::Config, &|config| {
        config.issuer = "https://other.example".to_owned()
    });
    changed("audience", PointErrorKind::Config, &|config| {
        config.audience = "https://other.example".to_owned()
    });
    changed("key name", PointErrorKind::Config, &|config| {
        config.key_id = "other".to_owned()
    });
    changed("key", PointErrorKind::Config, &|config| {
        config.key = key(&folder, "EC")
    });
    changed("bearer", PointErrorKind::Denied, &|config| config.bearer = None);
    changed("authority", PointErrorKind::Config, &|config| {
        config.server.ca_file = None;
        if !std::path::Path::new("/etc/ssl/certs/ca-certificates.crt").exists() {
            config.issuer = "https://other.example".to_owned();
            config.server = good.server.clone();
        }
    });
    for (what, config, kind) in cases {
        let error = apply(&config, &target, &prior).unwrap_err();
        assert_eq!(error.kind, kind, "{what}: {error}");
        assert!(!error.text.contains(Receiver::BEARER));
        assert_eq!(
            point(&config).observe(&target, DEADLINE).unwrap().standing,
            Standing::Open,
            "{what}"
        );
    }
    assert!(shop.received().is_empty());
    shop.receiver.stop();
    let error = apply(&shop.config, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert_eq!(
        point(&shop.config).observe(&target, DEADLINE).unwrap().standing,
        Standing::Open
    );
}

#[test]
fn hostile_answers_are_no_acknowledgement_and_the_deadline_holds() {
    let folder = Folder::new();
    if let Some(program) = missing_program(&["openssl"]) {
        return skip(&format!("{program} is not installed"));
    }
    let mut config = config(&folder, "EC");
    let target = sessions("alice");
    let prior = PointState(json!({"last-order": "none"}));
    for (status, body, kind) in [
        (200, "<html>Welcome</html>", PointErrorKind::Unknown),
        (204, "", PointErrorKind::Unknown),
        (302, "", PointErrorKind::Config),
        (400, "garbage", PointErrorKind::Target),
        (400, "{\"err\": 7}", PointErrorKind::Target),
        (403, "", PointErrorKind::Denied),
        (500, "", PointErrorKind::Unknown),
    ] {
        let server = Responder::always(status, body);
        config.server.url = server.address();
        let error = apply(&config, &target, &prior).unwrap_err();
        assert_eq!(error.kind, kind, "{status} {body}: {error}");
        std::fs::remove_dir_all(&config.memory).unwrap();
        std::fs::create_dir_all(&config.memory).unwrap();
    }
    let slow = Responder::start(|_, _| std::thread::sleep(Duration::from_secs(120)));
    config.server.url = slow.address();
    let mark = Mark::from(MARK);
    let applying = Applying {
        target: &target,
        prior: &prior,
        mark: &mark,
        lease_until: None,
    };
    let begun = Instant::now();
    let error = point(&config)
        .apply(&applying, Duration::from_secs(1))
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown);
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_second_signal_that_is_refused_leaves_the_withdrawal_unknown() {
    let folder = Folder::new();
    if let Some(program) = missing_program(&["openssl"]) {
        return skip(&format!("{program} is not installed"));
    }
    let mut config = config(&folder, "EC");
    let count = AtomicUsize::new(0);
    let server = Responder::start(move |_, stream| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let answer = response(if first { 202 } else { 400 }, "");
        let _ = std::io::Write::write_all(stream, &answer);
    });
    config.server.url = server.address();
    let target = account("alice");
    let prior = point(&config).observe(&target, DEADLINE).unwrap().state;
    let error = apply(&config, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    assert_eq!(
        point(&config).observe(&target, DEADLINE).unwrap().standing,
        Standing::Partly
    );
}

#[test]
fn a_probe_proves_that_signals_arrive_and_claims_no_more() {
    let Some(mut shop) = Shop::new("EC") else { return };
    let before = shop.accounts();
    let probe = point(&shop.config).probe(&account("alice"), DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Inconclusive);
    assert!(probe.how.contains("verification"));
    assert_eq!(shop.accounts(), before);
    assert_eq!(shop.received().len(), 1);
    shop.receiver.stop();
    let error = point(&shop.config)
        .probe(&account("alice"), DEADLINE)
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target);
    shop.receiver.restart();
    point(&shop.config).probe(&account("alice"), DEADLINE).unwrap();
}

#[test]
fn kinds_follow_the_configuration_and_a_spoiled_memory_is_said() {
    let folder = Folder::new();
    if let Some(program) = missing_program(&["openssl"]) {
        return skip(&format!("{program} is not installed"));
    }
    let mut config = config(&folder, "EC");
    config.account = None;
    assert_eq!(point(&config).capabilities().kinds, [TargetKind::Sessions]);
    let error = point(&config).observe(&account("alice"), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input);

    let prior = PointState(json!({"last-order": "none"}));
    let server = Responder::always(202, "");
    config.server.url = server.address();
    apply(&config, &sessions("alice"), &prior).unwrap();
    let file = std::fs::read_dir(&config.memory)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::write(file, "{\"step\": ").unwrap();
    let error = point(&config).observe(&sessions("alice"), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config);

    std::fs::set_permissions(
        &config.memory,
        std::os::unix::fs::PermissionsExt::from_mode(0o777),
    )
    .unwrap();
    let error = connect(&PointName::from("shop"), config.clone())
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config);
    config.key = private(&folder.write("no-key", "s3cret that is no key"));
    let error = connect(&PointName::from("shop"), config).map(|_| ()).unwrap_err();
    assert!(error.kind == PointErrorKind::Config && !error.text.contains("s3cret"));
}
