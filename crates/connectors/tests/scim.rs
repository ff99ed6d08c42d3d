//! The SCIM point against Canaille (an OpenID provider, over TLS) and scim2-server.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail loudly"
)]

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cordon_act::sweep::{World, sweep};
use cordon_act::{
    Applying, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind, PointName,
    PointState, ProbeAnswer, Standing, Target,
};
use cordon_connectors::SecretSource;
use cordon_connectors::https::HttpsServer;
use cordon_connectors::scim::{Config, Credential, Removal, connect};
use cordon_testbed::{Asked, Canaille, Folder, Responder, ScimServer, hand_on, response, skip};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(20);

fn account(name: &str) -> Target {
    Target::Account {
        account: name.to_owned(),
    }
}

fn assignment(holder: &str, application: &str) -> Target {
    Target::Assignment {
        holder: holder.to_owned(),
        application: application.to_owned(),
    }
}

fn secret(folder: &Folder, name: &str, value: &str) -> SecretSource {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.write(name, value);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    SecretSource::File(PathBuf::from(path))
}

fn plaintext(address: &str) -> HttpsServer {
    HttpsServer {
        url: address.to_owned(),
        ca_file: None,
        client_certificate: None,
        plaintext_on_loopback: true,
    }
}

fn config(server: HttpsServer, credential: Credential) -> Config {
    Config {
        server,
        credential,
        users: std::collections::BTreeMap::new(),
        applications: std::collections::BTreeMap::new(),
        removal: Removal::ValueFilter,
        leaves_open: None,
    }
}

fn point(config: Config) -> Box<dyn EnforcementPoint> {
    connect(&PointName::from("idp"), config).unwrap()
}

/// A point that speaks to a server of the test with the token of [`ScimServer`].
fn point_at(folder: &Folder, address: &str) -> Box<dyn EnforcementPoint> {
    point(config(
        plaintext(address),
        Credential::Bearer(secret(folder, "token", ScimServer::TOKEN)),
    ))
}

fn apply(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    prior: &PointState,
) -> Result<Observation, PointError> {
    let mark = Mark::from("cordon:0123456789abcdef");
    let applying = Applying {
        target,
        prior,
        mark: &mark,
        lease_until: None,
    };
    point.apply(&applying, DEADLINE)
}

fn lift(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    prior: &PointState,
) -> Result<Observation, PointError> {
    let mark = Mark::from("cordon:0123456789abcdef");
    let lifting = Lifting {
        target,
        prior,
        left: None,
        mark: &mark,
    };
    point.lift(&lifting, DEADLINE)
}

struct AtCanaille {
    canaille: Canaille,
    folder: Folder,
}

impl AtCanaille {
    fn config(&self) -> Config {
        let (client_id, client_secret) = self.canaille.scim_client();
        let server = |path: &str| HttpsServer {
            url: format!("{}{path}", self.canaille.address()),
            ca_file: Some(PathBuf::from(self.canaille.authority())),
            client_certificate: None,
            plaintext_on_loopback: false,
        };
        Config {
            removal: Removal::ReplaceList,
            ..config(
                server("/scim/v2"),
                Credential::ClientCredentials {
                    server: server("/oauth/token"),
                    client_id: client_id.to_owned(),
                    client_secret: secret(&self.folder, "client-secret", client_secret),
                    scope: Some("openid".to_owned()),
                },
            )
        }
    }
}

impl World for AtCanaille {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        point(self.config())
    }

    /// Everything that the database says of users, groups and members but for times of change.
    fn picture(&mut self, _target: &Target) -> String {
        self.canaille.sql(
            "select id, user_name, hex(password), family_name, given_name, formatted_name, display_name, emails, lock_date \
             from user order by id",
        ) + &self.canaille.sql("select user_id, group_id from membership_association_table order by 1, 2")
            + &self.canaille.sql("select id, display_name from \"group\" order by 1")
    }

    fn withdraw_outside(&mut self, target: &Target) -> bool {
        match target {
            Target::Account { account } => self.canaille.sql(&format!(
                "update user set lock_date = '2026-01-02 03:04:05.000000' where user_name = '{account}'"
            )),
            _ => self
                .canaille
                .sql("delete from membership_association_table where user_id in (select id from user where user_name = 'alice')"),
        };
        true
    }

    fn restore_outside(&mut self, target: &Target) {
        match target {
            Target::Account { account } => self.canaille.sql(&format!(
                "update user set lock_date = null where user_name = '{account}'"
            )),
            _ => self.canaille.sql(
                "insert into membership_association_table (user_id, group_id) \
                 select user.id, \"group\".id from user, \"group\" where user_name = 'alice'",
            ),
        };
    }
}

fn at_canaille() -> Option<AtCanaille> {
    match Canaille::start() {
        Ok(canaille) => Some(AtCanaille {
            canaille,
            folder: Folder::new(),
        }),
        Err(reason) => {
            skip(&reason);
            None
        }
    }
}

struct AtScimServer {
    scim: ScimServer,
    folder: Folder,
    ids: Value,
    removal: Removal,
}

impl AtScimServer {
    fn new() -> Option<Self> {
        match ScimServer::start() {
            Ok(scim) => {
                let mut world = Self {
                    scim,
                    folder: Folder::new(),
                    ids: json!({}),
                    removal: Removal::ValueFilter,
                };
                for name in ["alice", "bob"] {
                    world.user(name);
                }
                world.group("payroll", &["alice", "bob"]);
                Some(world)
            }
            Err(reason) => {
                skip(&reason);
                None
            }
        }
    }

    fn user(&mut self, name: &str) {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": name,
            "active": true,
        });
        self.create("/Users", name, &body);
    }

    fn group(&mut self, name: &str, members: &[&str]) {
        let members: Vec<Value> = members
            .iter()
            .map(|member| json!({"value": self.ids[*member]}))
            .collect();
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
            "members": members,
        });
        self.create("/Groups", name, &body);
    }

    fn create(&mut self, path: &str, name: &str, body: &Value) {
        let made: Value = serde_json::from_str(&self.scim.ask("POST", path, &body.to_string())).unwrap();
        self.ids[name] = made["id"].clone();
    }

    fn read(&self, path: &str) -> Value {
        serde_json::from_str(&self.scim.ask("GET", path, "")).unwrap()
    }

    fn path(&self, name: &str) -> String {
        format!("/Users/{}", self.ids[name].as_str().unwrap())
    }

    fn patch(&self, path: &str, operation: &Value) {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [operation],
        });
        self.scim.ask("PATCH", path, &body.to_string());
    }

    fn set_active(&self, name: &str, active: bool) {
        self.patch(
            &self.path(name),
            &json!({"op": "replace", "path": "active", "value": active}),
        );
    }

    fn set_member(&self, name: &str, is_member: bool) {
        let path = format!("/Groups/{}", self.ids["payroll"].as_str().unwrap());
        let member = self.ids[name].as_str().unwrap();
        let operation = if is_member {
            json!({"op": "add", "path": "members", "value": [{"value": member}]})
        } else {
            json!({"op": "remove", "path": format!("members[value eq \"{member}\"]")})
        };
        self.patch(&path, &operation);
    }
}

impl World for AtScimServer {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        point(Config {
            removal: self.removal,
            ..config(
                plaintext(&self.scim.address()),
                Credential::Bearer(secret(&self.folder, "token", ScimServer::TOKEN)),
            )
        })
    }

    /// All users and groups without versions and times of change, members sorted.
    fn picture(&mut self, _target: &Target) -> String {
        let mut all = [self.read("/Users"), self.read("/Groups")];
        for list in &mut all {
            for resource in list["Resources"].as_array_mut().unwrap() {
                resource.as_object_mut().unwrap().remove("meta");
                if let Some(members) = resource.get_mut("members").and_then(Value::as_array_mut) {
                    members.sort_by_key(ToString::to_string);
                }
            }
        }
        format!("{all:#?}")
    }

    fn withdraw_outside(&mut self, target: &Target) -> bool {
        match target {
            Target::Account { account } => self.set_active(account, false),
            _ => self.set_member("alice", false),
        }
        true
    }

    fn restore_outside(&mut self, target: &Target) {
        match target {
            Target::Account { account } => self.set_active(account, true),
            _ => self.set_member("alice", true),
        }
    }
}

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

/// A point whose every request passes a closure on its way to the server.
fn point_through(
    world: &AtScimServer,
    pass: impl Fn(&Asked, u16, &mut std::net::TcpStream) + Send + Sync + 'static,
) -> (Responder, Box<dyn EnforcementPoint>) {
    let port = world.scim.port();
    let relay = Responder::start(move |asked, stream| pass(asked, port, stream));
    let point = point_at(&world.folder, &relay.address());
    (relay, point)
}

fn patch_request(asked: &Asked, field: &str, value: &Value) -> Asked {
    let line = asked.head.lines().next().unwrap();
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": field, "value": value}],
    })
    .to_string();
    let head = format!(
        "{line}\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/scim+json\r\ncontent-length: {}",
        ScimServer::TOKEN,
        body.len()
    );
    Asked {
        bytes: format!("{head}\r\n\r\n{body}").into_bytes(),
        head,
        body,
    }
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
            std::thread::sleep(Duration::from_secs(8));
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
    let error = point.apply(&applying, Duration::from_secs(3)).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(6));

    let (_relay, mut point) = point_through(&world, |_, _, _| std::thread::sleep(Duration::from_secs(8)));
    let begun = Instant::now();
    let error = point.apply(&applying, Duration::from_secs(1)).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(4));
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
