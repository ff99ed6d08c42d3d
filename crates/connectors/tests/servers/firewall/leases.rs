//! Leases that the kernel holds, and withdrawals on trial.

use super::*;

#[test]
fn the_kernel_ends_a_lease_though_cordon_be_dead() {
    let Some(bed) = bed() else { return };
    let mut first = point(&config(&bed));
    assert!(first.capabilities().holds_lease);
    let prior = first.observe(&one_port(), DEADLINE).unwrap().state;
    let started = Instant::now();
    apply_for(&mut *first, &one_port(), &prior, Some(20)).unwrap();
    drop(first);
    assert!(!can_open(&bed, FirewallBed::SERVER[0], PORT));
    wait_until("the lease ends by itself", 120, || {
        can_open(&bed, FirewallBed::SERVER[0], PORT)
    });
    assert!(
        started.elapsed() >= Duration::from_secs(18),
        "it ended before its time"
    );

    let mut later = point(&config(&bed));
    let seen = later.observe(&one_port(), DEADLINE).unwrap();
    assert_eq!((seen.standing, &seen.state), (Standing::Open, &prior));
    // The empty sets that stayed behind go with the lift.
    lift(&mut *later, &one_port(), &(prior.clone(), prior.clone())).unwrap();
    assert_eq!(ruleset(&bed), "");
}

#[test]
fn a_later_lease_renews_and_an_earlier_one_does_not_shorten() {
    let Some(bed) = bed() else { return };
    let mut point = point(&config(&bed));
    let prior = point.observe(&one_port(), DEADLINE).unwrap().state;
    let first = apply_for(&mut *point, &one_port(), &prior, Some(600)).unwrap();
    // How many seconds there shall be, and since when.
    let mut held = (0, Instant::now());
    for lease_seconds in [620, 1200, 630] {
        if lease_seconds > held.0 {
            held = (lease_seconds, Instant::now());
        }
        let again = apply_for(&mut *point, &one_port(), &prior, Some(lease_seconds)).unwrap();
        assert_eq!(again, first, "the state holds nothing that varies by itself");
        let listed = bed.router.run("nft", &["-j", "list", "table", "inet", "cordon"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let expires: Vec<u64> = listed["nftables"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|object| object.pointer("/set/elem/0/elem/expires")?.as_u64())
            .collect();
        assert_eq!(expires.len(), 2);
        let least = i64::try_from(expires.iter().copied().min().unwrap()).unwrap();
        let passed = i64::try_from(held.1.elapsed().as_secs()).unwrap();
        assert!(least >= held.0 - passed - 5, "{expires:?}");
    }
    let past = apply_for(&mut *point, &one_port(), &prior, Some(-5)).unwrap_err();
    assert_eq!(past.kind, PointErrorKind::Input);
}

#[test]
fn what_would_cut_cordons_own_path_is_taken_back() {
    let Some(bed) = bed() else { return };
    let mut with_path = config(&bed);
    let path = json!({"to": "10.91.2.2:8080", "via": in_namespace(bed.client.name())});
    with_path["own-path"] = json!([path]);
    let mut guarded = point(&with_path);
    let prior = guarded.observe(&whole_network(), DEADLINE).unwrap().state;
    let error = apply_for(&mut *guarded, &whole_network(), &prior, None).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input);
    assert!(error.text.contains("own path"), "{error}");
    assert_eq!(ruleset(&bed), "");
    assert!(can_open(&bed, FirewallBed::SERVER[0], PORT));
    // What leaves the path whole is carried out.
    let states = withdraw(&mut *guarded, &one_port());
    assert!(!can_open(&bed, FirewallBed::SERVER[0], PORT));
    lift(&mut *guarded, &one_port(), &states).unwrap();

    // A path that is broken before says nothing about the withdrawal: nothing is begun.
    let path = json!({"to": "10.91.2.2:8081", "via": in_namespace(bed.client.name())});
    with_path["own-path"] = json!([path]);
    let error = apply_for(&mut *point(&with_path), &one_port(), &prior, None).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target);
    assert_eq!(ruleset(&bed), "");
}

#[test]
fn a_trial_that_nobody_can_confirm_is_ended_by_the_kernel() {
    let Some(bed) = bed() else { return };
    let folder = Folder::new();
    // The way to the firewall breaks with the first transaction, as when a withdrawal cuts it.
    let script = format!(
        "#!/bin/sh\nif [ -e {0} ]; then exec sleep 300; fi\ncase \"$*\" in *-f*) : > {0};; esac\nexec ip netns exec {1} \"$@\"\n",
        folder.file("broken"),
        bed.router.name()
    );
    let via = folder.program("via", &script);
    let mut cut_off = config(&bed);
    cut_off["via"] = json!([via]);
    cut_off["confirm-seconds"] = json!(3);
    let mut healthy = point(&config(&bed));
    let prior = healthy.observe(&one_port(), DEADLINE).unwrap().state;
    let applying = Applying {
        target: &one_port(),
        prior: &prior,
        mark: &mark(),
        lease_until: None,
    };
    let error = point(&cut_off)
        .apply(&applying, Duration::from_secs(15))
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    wait_until("the trial ends by itself", 120, || {
        can_open(&bed, FirewallBed::SERVER[0], PORT)
    });
    assert_eq!(
        healthy.observe(&one_port(), DEADLINE).unwrap().standing,
        Standing::Open
    );
}

#[test]
fn a_trial_is_not_taken_for_a_withdrawal_and_can_be_finished() {
    let Some(bed) = bed() else { return };
    let mut point = point(&config(&bed));
    let (prior, left) = withdraw(&mut *point, &one_port());
    let table = bed.router.run("nft", &["list", "table", "inet", "cordon"]);
    let trial = table.replace(&mark().0, &format!("{} trial", mark().0));
    let folder = Folder::new();
    let file = folder.write("trial.nft", &format!("delete table inet cordon\n{trial}"));
    bed.router.run("nft", &["-f", &file]);
    let seen = point.observe(&one_port(), DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Partly);
    let again = apply_for(&mut *point, &one_port(), &prior, None).unwrap();
    assert_eq!(again.state, left);
    bed.router.run("nft", &["-f", &file]);
    lift(&mut *point, &one_port(), &(prior, left)).unwrap();
    assert_eq!(ruleset(&bed), "");
}
