//! Servers that refuse, lie or do not answer.

use super::bed::*;

#[test]
fn a_server_that_no_trusted_authority_vouches_for_and_a_wrong_secret_are_told_apart() {
    let Some(world) = at_canaille() else { return };
    let mut untrusting = world.config();
    untrusting.server.ca_file = None;
    if let Credential::ClientCredentials { server, .. } = &mut untrusting.credential {
        server.ca_file = None;
    }
    if std::path::Path::new("/etc/ssl/certs/ca-certificates.crt").exists() {
        let error = point(untrusting)
            .observe(&account("alice"), DEADLINE)
            .unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Config, "{error}");
    }
    let mut wrong = world.config();
    if let Credential::ClientCredentials { client_secret, .. } = &mut wrong.credential {
        *client_secret = secret(&world.folder, "wrong", "not-the-secret");
    }
    let error = point(wrong).observe(&account("alice"), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Denied, "{error}");
    assert!(!error.text.contains("not-the-secret"));
}

#[test]
fn a_wrong_token_is_denied_and_a_token_file_open_to_others_is_a_matter_of_configuration() {
    let Some(world) = AtScimServer::new() else { return };
    let wrong = config(
        plaintext(&world.scim.address()),
        Credential::Bearer(secret(&world.folder, "other", "not-the-token")),
    );
    let error = point(wrong).observe(&account("alice"), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Denied, "{error}");
    let open = world.folder.write("open", ScimServer::TOKEN);
    let config = config(
        plaintext(&world.scim.address()),
        Credential::Bearer(SecretSource::File(PathBuf::from(open))),
    );
    let error = point(config).observe(&account("alice"), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Config, "{error}");
    assert!(!error.text.contains(ScimServer::TOKEN));
}

#[test]
fn hostile_replies_end_in_short_errors() {
    let folder = Folder::new();
    let list = |resources: &str, total: u64| {
        response(
            200,
            &format!("{{\"totalResults\": {total}, \"Resources\": [{resources}]}}"),
        )
    };
    let user = "{\"id\": \"../../evil\", \"userName\": \"alice\"}";
    let long = "x".repeat(10_000);
    let cases: [(&str, Vec<u8>, PointErrorKind); 9] = [
        ("garbage", response(200, "<html>"), PointErrorKind::Target),
        ("no JSON object", response(200, "7"), PointErrorKind::Target),
        (
            "deep",
            response(200, &"[".repeat(100_000)),
            PointErrorKind::Target,
        ),
        (
            "a list that never ends",
            list("{\"id\": \"1\"}", u64::MAX),
            PointErrorKind::Config,
        ),
        ("a list that stops", list("", 7), PointErrorKind::Target),
        ("another resource", list(user, 1), PointErrorKind::Target),
        ("a redirect", response(302, ""), PointErrorKind::Config),
        (
            "a long complaint",
            response(400, &format!("{{\"detail\": \"a\\u0007b {long}\"}}")),
            PointErrorKind::Target,
        ),
        (
            "no HTTP",
            b"\x00\x01\x02\x03\r\n\r\n".to_vec(),
            PointErrorKind::Target,
        ),
    ];
    for (what, answer, kind) in cases {
        let server = Responder::start(move |_, stream| {
            let _ = stream.write_all(&answer);
        });
        let begun = Instant::now();
        let error = point_at(&folder, &server.address())
            .observe(&account("alice"), DEADLINE)
            .unwrap_err();
        assert_eq!(error.kind, kind, "{what}: {error}");
        assert!(
            error.text.len() <= 400 && !error.text.chars().any(char::is_control),
            "{what}"
        );
        assert!(begun.elapsed() < DEADLINE, "{what}");
    }
}

#[test]
fn an_endless_reply_is_cut_off() {
    let folder = Folder::new();
    let endless = Responder::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b' '; 65_536]).is_ok() {}
    });
    let error = point_at(&folder, &endless.address())
        .observe(&account("alice"), DEADLINE)
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target);
    assert!(error.text.contains("longer"), "{error}");
}

#[test]
fn a_server_that_says_yes_and_does_nothing_is_found_out() {
    let folder = Folder::new();
    for active in [json!(true), json!("False")] {
        let patched = AtomicUsize::new(0);
        let lying = Responder::start(move |asked, stream| {
            let now = if patched.load(Ordering::SeqCst) > 0 {
                active.clone()
            } else {
                json!(true)
            };
            let user = json!({"id": "1", "userName": "alice", "active": now});
            let answer = if asked.head.starts_with("PATCH") {
                patched.fetch_add(1, Ordering::SeqCst);
                b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec()
            } else if asked.head.starts_with("GET /Users/1 ") {
                response(200, &user.to_string())
            } else {
                response(200, &json!({"totalResults": 1, "Resources": [user]}).to_string())
            };
            let _ = stream.write_all(&answer);
        });
        let mut point = point_at(&folder, &lying.address());
        let target = account("alice");
        let prior = point.observe(&target, DEADLINE).unwrap().state;
        let error = apply(&mut *point, &target, &prior).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    }
}

#[test]
fn a_configuration_reads_as_documented_and_shows_no_secret() {
    let config: Config = serde_json::from_value(json!({
        "server": {"url": "https://id.example/scim/v2", "ca-file": "/etc/cordon/ca.pem"},
        "credential": {"client-credentials": {
            "server": {"url": "https://id.example/oauth/token"},
            "client-id": "cordon",
            "client-secret": {"file": "/etc/cordon/id.secret"},
        }},
        "users": {"pat": "2819c223"},
        "applications": {"wages": "payroll"},
        "removal": "replace-list",
        "leaves-open": "access tokens, for ten minutes",
    }))
    .unwrap();
    assert_eq!(config.removal, Removal::ReplaceList);
    let unknown = json!({"server": {"url": "https://id.example", "verify": false}, "credential": {"bearer": {"environment": "X"}}});
    assert!(serde_json::from_value::<Config>(unknown).is_err());
}
