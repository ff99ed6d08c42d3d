//! What the tests of the database share: a server with roles, and Cordon's role on it.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use cordon_act::{
    Applying, EnforcementPoint, Lifting, Mark, Observation, PointError, PointName, PointState, Standing,
    Target,
};
use cordon_connectors::SecretSource;
use cordon_connectors::database::{Attempt, ByPublic, Config, Server, connect};
use cordon_testbed::{Folder, Postgres, skip};

pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A server with the login roles `app` and `other`, the role `readers` that `app` is a member of, and the database `orders`, whose
/// owner Cordon's role is a member of. The passwords of all are `pw`.
pub(crate) struct Bed {
    pub(crate) server: Postgres,
    secrets: Folder,
}

pub(crate) fn bed() -> Option<Bed> {
    if let Some(missing) = Postgres::missing() {
        skip(&format!("{missing} is not installed"));
        return None;
    }
    let server = Postgres::start();
    server.psql(
        "CREATE ROLE cordon LOGIN PASSWORD 'pw' CREATEROLE; GRANT pg_signal_backend TO cordon;
         CREATE ROLE app LOGIN PASSWORD 'pw'; CREATE ROLE other LOGIN PASSWORD 'pw';
         CREATE ROLE readers; CREATE ROLE shop; GRANT shop TO cordon",
    );
    server.psql("CREATE DATABASE orders OWNER shop");
    let bed = Bed {
        server,
        secrets: Folder::new(),
    };
    for role in ["app", "other", "readers"] {
        bed.may_alter(role);
    }
    bed.as_cordon("GRANT readers TO app WITH ADMIN OPTION");
    Some(bed)
}

impl Bed {
    /// From version 16 on, CREATEROLE alone alters nobody.
    pub(crate) fn may_alter(&self, role: &str) {
        if self.server.version() >= 160_000 {
            self.server.psql(&format!(
                "GRANT {role} TO cordon WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
            ));
        }
    }

    pub(crate) fn as_cordon(&self, statement: &str) {
        let output = self.server.try_psql("cordon", "postgres", "pw", statement);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    pub(crate) fn secret(&self, text: &str) -> SecretSource {
        let path = self.secrets.write(text, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        SecretSource::File(path.into())
    }

    pub(crate) fn socket(&self) -> Server {
        Server::Socket {
            folder: self.server.socket_folder().into(),
            port: self.server.port(),
        }
    }

    pub(crate) fn tls(&self) -> Server {
        Server::Tls {
            host: "localhost".to_owned(),
            port: self.server.port(),
            ca_file: self.server.authority().certificate().into(),
            identity: None,
        }
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            server: if self.server.has_tls() {
                self.tls()
            } else {
                self.socket()
            },
            role: "cordon".to_owned(),
            password: Some(self.secret("pw")),
            database: "postgres".to_owned(),
            by_public: ByPublic::Replace,
            probe: Some(Attempt {
                server: self.socket(),
                database: "cordon_probe".to_owned(),
            }),
        }
    }

    pub(crate) fn point(&self) -> Box<dyn EnforcementPoint> {
        open(self.config())
    }

    pub(crate) fn comment(&self, role: &str) -> String {
        self.server
            .psql(&format!(
                "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = '{role}'"
            ))
            .trim()
            .to_owned()
    }

    /// Everything that a withdrawal may change, as the superuser sees it. The access list of a database is sorted and its default
    /// spelled out: neither order nor spelling means anything.
    pub(crate) fn picture(&self) -> String {
        self.server.psql(
            "SELECT rolname, rolcanlogin, rolconnlimit, rolvaliduntil, rolconfig, shobj_description(oid, 'pg_authid') \
             FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'admin' ORDER BY 1; \
             SELECT row_to_json(m)::jsonb - 'oid' FROM pg_auth_members m ORDER BY roleid, member, grantor; \
             SELECT datname, a FROM pg_database, unnest(coalesce(datacl, acldefault('d', datdba))) a ORDER BY 1, a::text",
        )
    }
}

pub(crate) fn open(config: Config) -> Box<dyn EnforcementPoint> {
    connect(&PointName::from("db"), config).unwrap()
}

pub(crate) fn account(name: &str) -> Target {
    Target::Account {
        account: name.to_owned(),
    }
}

pub(crate) fn sessions(name: &str) -> Target {
    Target::Sessions {
        account: name.to_owned(),
    }
}

pub(crate) fn right(holder: &str, right: &str, on: &str) -> Target {
    Target::Right {
        holder: holder.to_owned(),
        right: right.to_owned(),
        on: on.to_owned(),
    }
}

pub(crate) fn mark() -> Mark {
    Mark::from("cordon:0123456789abcdef")
}

pub(crate) fn apply(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    prior: &PointState,
) -> Result<Observation, PointError> {
    let applying = Applying {
        target,
        prior,
        mark: &mark(),
        lease_until: None,
    };
    point.apply(&applying, DEADLINE)
}

pub(crate) fn lift(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    prior: &PointState,
    left: Option<&PointState>,
) -> Result<Observation, PointError> {
    let lifting = Lifting {
        target,
        prior,
        left,
        mark: &mark(),
    };
    point.lift(&lifting, DEADLINE)
}

pub(crate) fn withdraw(point: &mut dyn EnforcementPoint, target: &Target) -> (PointState, Observation) {
    let prior = point.observe(target, DEADLINE).unwrap().state;
    let left = apply(point, target, &prior).unwrap();
    assert_eq!(left.standing, Standing::Withdrawn);
    (prior, left)
}

/// A server that says `reply` to every client, or nothing at all.
pub(crate) fn hostile(reply: Option<Vec<u8>>) -> (Folder, Server) {
    let folder = Folder::new();
    let listener = UnixListener::bind(folder.file(".s.PGSQL.5432")).unwrap();
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            match &reply {
                Some(reply) => drop(stream.write_all(reply)),
                None => silent.push(stream),
            }
        }
    });
    let server = Server::Socket {
        folder: folder.path().into(),
        port: 5432,
    };
    (folder, server)
}

pub(crate) fn config_without_password(server: Server) -> Config {
    Config {
        server,
        role: "cordon".to_owned(),
        password: None,
        database: "postgres".to_owned(),
        by_public: ByPublic::Refuse,
        probe: None,
    }
}
