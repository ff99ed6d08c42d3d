//! What is sent, and what comes of it.

use super::bed::*;

fn sweep_over(key_kind: &str, signal: AccountSignal) {
    let Some(mut shop) = Shop::new(key_kind) else {
        return;
    };
    shop.config.account = Some(signal);
    sweep(&mut shop, &account("alice")).unwrap();
    sweep(&mut shop, &sessions("alice")).unwrap();
    assert_eq!(shop.state_of("bob"), json!({"may_log_on": true, "sessions": 1}));
}

#[test]
fn accounts_are_disabled_and_enabled_with_sessions_whatever_fails_between() {
    sweep_over("EC", AccountSignal::AccountDisabled {});
}

#[test]
fn credentials_are_revoked_and_given_back_with_sessions_whatever_fails_between() {
    let credential_type = "password".to_owned();
    sweep_over("ED25519", AccountSignal::CredentialChange { credential_type });
}

#[test]
fn what_is_sent_is_what_the_specifications_say() {
    let Some(mut shop) = Shop::new("EC") else { return };
    shop.config
        .subjects
        .insert("a.smith".to_owned(), "alice".to_owned());
    let target = account("a.smith");
    let prior = point(&shop.config).observe(&target, DEADLINE).unwrap().state;
    apply(&shop.config, &target, &prior).unwrap();
    assert_eq!(
        shop.state_of("alice"),
        json!({"may_log_on": false, "sessions": 0})
    );
    assert!(!shop.receiver.log_on("alice"));
    lift(&shop.config, &target, &prior).unwrap();
    assert!(shop.receiver.log_on("alice"));

    let received = shop.received();
    let kinds: Vec<&str> = received
        .iter()
        .map(|claims| {
            claims["events"]
                .as_object()
                .unwrap()
                .keys()
                .next()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(kinds, ["account-disabled", "session-revoked", "account-enabled"]);
    let first = &received[0];
    assert_eq!(first["txn"], MARK);
    assert_eq!(
        first["sub_id"],
        json!({"format": "iss_sub", "iss": "https://id.example", "sub": "alice"})
    );
    let says = &first["events"]["https://schemas.openid.net/secevent/risc/event-type/account-disabled"];
    assert_eq!(says["reason"], "hijacking");
    assert_eq!(says["event_timestamp"], first["iat"]);
    let ids: std::collections::BTreeSet<&str> = received
        .iter()
        .map(|claims| claims["jti"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), received.len());
}

#[test]
fn other_ways_to_name_a_subject_are_understood_and_a_name_that_is_none_is_refused() {
    let Some(mut shop) = Shop::new("ED25519") else {
        return;
    };
    shop.config.subject = Subject::Email {
        domain: Some("northgate.example".to_owned()),
    };
    shop.config.subject_in_event = true;
    let prior = point(&shop.config)
        .observe(&sessions("pat"), DEADLINE)
        .unwrap()
        .state;
    apply(&shop.config, &sessions("pat"), &prior).unwrap();
    let received = shop.received();
    let subject = json!({"format": "email", "email": "pat@northgate.example"});
    assert_eq!(received[0]["sub_id"], subject);
    let events = received[0]["events"].as_object().unwrap();
    assert_eq!(events.values().next().unwrap()["subject"], subject);

    shop.config.subject = Subject::Email { domain: None };
    let long = "x".repeat(513);
    for name in ["no-address", "", "a\nb", &long] {
        let error = apply(&shop.config, &sessions(name), &prior).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Input, "{name}");
        // Nothing was sent, and nothing is remembered as sent.
        let seen = point(&shop.config).observe(&sessions(name), DEADLINE).unwrap();
        assert_eq!(seen.standing, Standing::Open);
    }
    // Quotes and line ends of JSON are data.
    shop.config.subject = Subject::Opaque {};
    let odd = sessions("\"},{\\ärger");
    apply(&shop.config, &odd, &prior).unwrap();
    assert_eq!(shop.received()[1]["sub_id"]["id"], "\"},{\\ärger");
}

#[test]
fn a_signal_that_was_sent_and_not_acknowledged_is_unknown_and_sent_again_as_the_same() {
    let Some(mut shop) = Shop::new("EC") else { return };
    let target = account("alice");
    let prior = point(&shop.config).observe(&target, DEADLINE).unwrap().state;
    // A receiver that takes the signal and says nothing.
    let good = shop.config.server.clone();
    let mute = Responder::start(|_, _| {});
    shop.config.server.url = format!("{}/events", mute.address());
    let error = apply(&shop.config, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    let seen = point(&shop.config).observe(&target, DEADLINE).unwrap();
    assert_eq!(seen.standing, Standing::Partly);
    assert_eq!(seen.mark, Some(Mark::from(MARK)));

    // After a lost answer a lift is signalled even if nothing was acknowledged.
    shop.config.server = good.clone();
    apply(&shop.config, &target, &prior).unwrap();
    let ids: Vec<Value> = shop
        .received()
        .iter()
        .map(|claims| claims["jti"].clone())
        .collect();
    shop.config.server.url = format!("{}/events", mute.address());
    let error = lift(&shop.config, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown);
    shop.config.server = good;
    assert_eq!(lift(&shop.config, &target, &prior).unwrap().state, prior);
    assert_eq!(shop.state_of("alice")["may_log_on"], json!(true));
    assert_eq!(ids.len(), 2);
    assert_eq!(shop.received().len(), 3);
}

#[test]
fn the_same_signal_sent_twice_is_the_same_token() {
    let Some(mut shop) = Shop::new("EC") else { return };
    let target = sessions("alice");
    let prior = point(&shop.config).observe(&target, DEADLINE).unwrap().state;
    let tokens = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = std::sync::Arc::clone(&tokens);
    let mute = Responder::start(move |asked, _| kept.lock().unwrap().push(asked.body.clone()));
    shop.config.server.url = format!("{}/events", mute.address());
    for _ in 0..2 {
        let error = apply(&shop.config, &target, &prior).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Unknown);
    }
    let tokens = tokens.lock().unwrap();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[0], tokens[1]);
}
