//! What the tests of this point have in common: servers, points and their worlds.

pub(crate) use cordon_act::sweep::{World, sweep};
pub(crate) use cordon_act::{
    Applying, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind, PointName,
    PointState, ProbeAnswer, Standing, Target,
};
pub(crate) use cordon_connectors::SecretSource;
pub(crate) use cordon_connectors::https::HttpsServer;
pub(crate) use cordon_connectors::scim::{Config, Credential, Removal, connect};
pub(crate) use cordon_testbed::{Asked, Canaille, Folder, Responder, ScimServer, hand_on, response, skip};
pub(crate) use serde_json::{Value, json};
pub(crate) use std::io::Write as _;
pub(crate) use std::path::PathBuf;
pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};
pub(crate) use std::time::{Duration, Instant};

pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn account(name: &str) -> Target {
    Target::Account {
        account: name.to_owned(),
    }
}

pub(crate) fn assignment(holder: &str, application: &str) -> Target {
    Target::Assignment {
        holder: holder.to_owned(),
        application: application.to_owned(),
    }
}

pub(crate) fn secret(folder: &Folder, name: &str, value: &str) -> SecretSource {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.write(name, value);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    SecretSource::File(PathBuf::from(path))
}

pub(crate) fn plaintext(address: &str) -> HttpsServer {
    HttpsServer {
        url: address.to_owned(),
        ca_file: None,
        client_certificate: None,
        plaintext_on_loopback: true,
    }
}

pub(crate) fn config(server: HttpsServer, credential: Credential) -> Config {
    Config {
        server,
        credential,
        users: std::collections::BTreeMap::new(),
        applications: std::collections::BTreeMap::new(),
        removal: Removal::ValueFilter,
        leaves_open: None,
    }
}

pub(crate) fn point(config: Config) -> Box<dyn EnforcementPoint> {
    connect(&PointName::from("idp"), config).unwrap()
}

/// A point that speaks to a server of the test with the token of [`ScimServer`].
pub(crate) fn point_at(folder: &Folder, address: &str) -> Box<dyn EnforcementPoint> {
    point(config(
        plaintext(address),
        Credential::Bearer(secret(folder, "token", ScimServer::TOKEN)),
    ))
}

pub(crate) fn apply(
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

pub(crate) fn lift(
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

pub(crate) struct AtCanaille {
    pub(crate) canaille: Canaille,
    pub(crate) folder: Folder,
}

impl AtCanaille {
    pub(crate) fn config(&self) -> Config {
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

pub(crate) fn at_canaille() -> Option<AtCanaille> {
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

pub(crate) struct AtScimServer {
    pub(crate) scim: ScimServer,
    pub(crate) folder: Folder,
    pub(crate) ids: Value,
    pub(crate) removal: Removal,
}

impl AtScimServer {
    pub(crate) fn new() -> Option<Self> {
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

    pub(crate) fn user(&mut self, name: &str) {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": name,
            "active": true,
        });
        self.create("/Users", name, &body);
    }

    pub(crate) fn group(&mut self, name: &str, members: &[&str]) {
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

    pub(crate) fn create(&mut self, path: &str, name: &str, body: &Value) {
        let made: Value = serde_json::from_str(&self.scim.ask("POST", path, &body.to_string())).unwrap();
        self.ids[name] = made["id"].clone();
    }

    pub(crate) fn read(&self, path: &str) -> Value {
        serde_json::from_str(&self.scim.ask("GET", path, "")).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        format!("/Users/{}", self.ids[name].as_str().unwrap())
    }

    pub(crate) fn patch(&self, path: &str, operation: &Value) {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [operation],
        });
        self.scim.ask("PATCH", path, &body.to_string());
    }

    pub(crate) fn set_active(&self, name: &str, active: bool) {
        self.patch(
            &self.path(name),
            &json!({"op": "replace", "path": "active", "value": active}),
        );
    }

    pub(crate) fn set_member(&self, name: &str, is_member: bool) {
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

/// A point whose every request passes a closure on its way to the server.
pub(crate) fn point_through(
    world: &AtScimServer,
    pass: impl Fn(&Asked, u16, &mut std::net::TcpStream) + Send + Sync + 'static,
) -> (Responder, Box<dyn EnforcementPoint>) {
    let port = world.scim.port();
    let relay = Responder::start(move |asked, stream| pass(asked, port, stream));
    let point = point_at(&world.folder, &relay.address());
    (relay, point)
}

pub(crate) fn patch_request(asked: &Asked, field: &str, value: &Value) -> Asked {
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
