//! Changes by others, hostile replies, missing rights.

use super::*;

#[test]
fn what_somebody_else_changed_is_stale() {
    let Some(bed) = bed() else { return };
    let mut point = point(&config(&bed));
    let shape = |set: &str| {
        let listed = bed.router.run("nft", &["list", "sets", "inet"]);
        let name = listed.split_whitespace().find(|word| word.starts_with(set));
        name.unwrap().to_owned()
    };
    let states = withdraw(&mut *point, &one_port());
    bed.router
        .run("nft", &["flush", "set", "inet", "cordon", &shape("from4_")]);
    let seen = point.observe(&one_port(), DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Partly);
    let damaged = ruleset(&bed);
    let error = lift(&mut *point, &one_port(), &states).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Stale);
    let error = apply_for(&mut *point, &one_port(), &states.0, None).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Stale);
    assert_eq!(ruleset(&bed), damaged);
    // Whoever has seen the damage may heal it.
    let healed = apply_for(&mut *point, &one_port(), &seen.state, None).unwrap();
    assert_eq!(healed.state, states.1);
    bed.router
        .run("nft", &["flush", "chain", "inet", "cordon", "withdrawn"]);
    assert_eq!(
        point.observe(&one_port(), DEADLINE).unwrap().standing,
        Standing::Partly
    );
}

#[test]
fn a_refusal_that_is_not_ours_is_no_withdrawal() {
    let Some(bed) = bed() else { return };
    let target = flow(&["10.91.1.2"], &["10.91.2.2"], None, None);
    let mut nothing_listens = config(&bed);
    nothing_listens["probes"] =
        json!([{"from": "10.91.1.2", "to": "10.91.2.2:6", "via": in_namespace(bed.client.name())}]);
    let probe = point(&nothing_listens).probe(&target, DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Inconclusive, "{}", probe.how);
    nothing_listens["probes"] = json!([]);
    let probe = point(&nothing_listens).probe(&target, DEADLINE).unwrap();
    assert_eq!(probe.answer, ProbeAnswer::Inconclusive);
}

#[test]
fn a_firewall_that_answers_nonsense_or_nothing_is_a_bounded_error() {
    let folder = Folder::new();
    let scripts = [
        ("garbage", "echo not json", PointErrorKind::Target),
        ("other", "echo '[1, 2]'", PointErrorKind::Target),
        ("endless", "exec cat /dev/zero", PointErrorKind::Target),
        ("hanging", "exec sleep 300", PointErrorKind::Target),
        (
            "failing",
            "head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1",
            PointErrorKind::Target,
        ),
        (
            "denying",
            "echo 'Operation not permitted' >&2; exit 1",
            PointErrorKind::Denied,
        ),
    ];
    for (name, script, kind) in scripts {
        let via = folder.program(name, &format!("#!/bin/sh\n{script}\n"));
        let mut point = point(&json!({"via": [via]}));
        let started = Instant::now();
        let deadline = if name == "hanging" {
            Duration::from_millis(1500)
        } else {
            DEADLINE
        };
        let error = point.observe(&one_port(), deadline).unwrap_err();
        assert_eq!(error.kind, kind, "{name}: {error}");
        assert!(error.text.len() <= 400 && started.elapsed() < DEADLINE, "{name}");
    }
    let mut missing = point(&json!({"via": ["/no/such/program"]}));
    let error = missing.observe(&one_port(), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config);
}

#[test]
fn without_the_right_to_change_the_firewall_it_is_denied() {
    let Some(bed) = bed() else { return };
    let mut powerless = config(&bed);
    let words = [
        "ip",
        "netns",
        "exec",
        bed.router.name(),
        "setpriv",
        "--reuid=65534",
        "--clear-groups",
    ];
    powerless["via"] = json!(words);
    let error = point(&powerless).observe(&one_port(), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Denied, "{error}");
    // One capability is enough.
    let mut able = powerless;
    let capability = ["--inh-caps=+net_admin", "--ambient-caps=+net_admin"].map(Value::from);
    let words = able["via"].as_array_mut().unwrap();
    words.extend(capability);
    // nft opens its standard input anew, which the pipe's maker alone may do: here that is another user.
    words.extend(["sh", "-c", "cat | \"$@\"", "sh"].map(Value::from));
    let mut point = point(&able);
    let states = withdraw(&mut *point, &one_port());
    lift(&mut *point, &one_port(), &states).unwrap();
}

#[test]
fn a_wrong_configuration_is_refused() {
    for wrong in [
        json!({"confirm-seconds": 1}),
        json!({"confirm-seconds": 301}),
        json!({"connect-program": []}),
    ] {
        let config = serde_json::from_value(wrong.clone()).unwrap();
        let error = firewall::connect(&PointName::from("edge"), config).err().unwrap();
        assert_eq!(error.kind, PointErrorKind::Config, "{wrong}");
    }
    assert!(serde_json::from_value::<firewall::Config>(json!({"skip-verification": true})).is_err());
}
