//! The sweep of the database over every kind of target.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::database_bed::{Bed, account, bed, right, sessions};
use cordon_act::sweep::{World, sweep};
use cordon_act::{Applying, Capabilities, EnforcementPoint, Lifting, Observation, PointError, Probe, Target};
use cordon_testbed::Server;

/// Statements by which an administrator withdraws and gives back.
struct Outside {
    withdraw: &'static str,
    restore: &'static str,
}

struct Roles {
    bed: Bed,
    outside: Outside,
}

impl World for Roles {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        self.bed.point()
    }

    fn picture(&mut self, _target: &Target) -> String {
        self.bed.picture()
    }

    fn withdraw_outside(&mut self, _target: &Target) -> bool {
        self.bed.as_cordon(self.outside.withdraw);
        true
    }

    fn restore_outside(&mut self, _target: &Target) {
        self.bed.as_cordon(self.outside.restore);
    }
}

fn swept(target: &Target, prepare: &str, outside: Outside) {
    let Some(bed) = bed() else { return };
    bed.server.psql(prepare);
    let runs = sweep(&mut Roles { bed, outside }, target).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(runs, 18);
}

#[test]
fn over_an_account() {
    let outside = Outside {
        withdraw: "ALTER ROLE app NOLOGIN",
        restore: "ALTER ROLE app LOGIN",
    };
    swept(&account("app"), "COMMENT ON ROLE app IS 'billing'", outside);
}

#[test]
fn over_a_membership() {
    let outside = Outside {
        withdraw: "REVOKE readers FROM app",
        restore: "GRANT readers TO app WITH ADMIN OPTION",
    };
    swept(&right("app", "readers", "orders"), "SELECT 1", outside);
}

const CONNECT_OUTSIDE: Outside = Outside {
    withdraw: "REVOKE CONNECT ON DATABASE orders FROM app, PUBLIC",
    restore: "GRANT CONNECT ON DATABASE orders TO app WITH GRANT OPTION",
};

#[test]
fn over_connect_on_a_database_that_is_closed_to_public() {
    let prepare = "REVOKE ALL ON DATABASE orders FROM PUBLIC; \
                   GRANT CONNECT, TEMPORARY ON DATABASE orders TO app WITH GRANT OPTION; \
                   GRANT CONNECT ON DATABASE orders TO other";
    swept(&right("app", "CONNECT", "orders"), prepare, CONNECT_OUTSIDE);
}

#[test]
fn over_connect_on_a_database_that_is_open_to_public() {
    let outside = Outside {
        withdraw: "REVOKE CONNECT ON DATABASE orders FROM PUBLIC",
        restore: "GRANT CONNECT ON DATABASE orders TO PUBLIC",
    };
    swept(&right("app", "connect", "orders"), "SELECT 1", outside);
}

#[test]
fn over_temporary_tables_on_a_database() {
    let outside = Outside {
        withdraw: "REVOKE TEMPORARY ON DATABASE orders FROM PUBLIC",
        restore: "GRANT TEMPORARY ON DATABASE orders TO PUBLIC",
    };
    swept(&right("app", "TEMP", "orders"), "SELECT 1", outside);
}

/// A role whose client connects again when its sessions may be there again.
#[derive(Clone)]
struct Clients {
    bed: Arc<Bed>,
    client: Arc<Mutex<Option<Server>>>,
}

impl Clients {
    fn come_back(&self) {
        let mut client = self.client.lock().unwrap();
        if !client.as_mut().is_some_and(Server::is_running) {
            *client = Some(self.bed.server.session("app", "orders", "pw", "SELECT 1"));
        }
    }
}

impl World for Clients {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        Box::new(Returning {
            inner: self.bed.point(),
            clients: self.clone(),
        })
    }

    fn picture(&mut self, _target: &Target) -> String {
        self.bed
            .server
            .psql("SELECT usename, datname FROM pg_stat_activity WHERE usename IN ('app', 'other')")
    }

    fn before_run(&mut self, _target: &Target) {
        self.come_back();
    }
}

/// The point, and a client that comes back after a lift.
struct Returning {
    inner: Box<dyn EnforcementPoint>,
    clients: Clients,
}

impl EnforcementPoint for Returning {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError> {
        self.inner.observe(target, deadline)
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        self.inner.apply(applying, deadline)
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let after = self.inner.lift(lifting, deadline);
        self.clients.come_back();
        after
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        self.inner.probe(target, deadline)
    }
}

#[test]
fn over_sessions() {
    let Some(bed) = bed() else { return };
    let mut world = Clients {
        bed: Arc::new(bed),
        client: Arc::new(Mutex::new(None)),
    };
    let runs = sweep(&mut world, &sessions("app")).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(runs, 17);
}
