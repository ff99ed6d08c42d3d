//! A real `cordon-actuator` process of a test, and the people who sign for it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    dead_code,
    reason = "helpers of tests may fail loudly"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use cordon_act::approval::{
    ApprovalStatement, Decision, LiftStatement, OrderChoice, RehearsalKey, Role, SignedStatement,
};
use cordon_act::wire::{Answer, Ask, Claim};
use cordon_act::{LeaseEnd, Order, Orders, PointName, Target, VolumeLimits};
use cordon_testbed::{Folder, wait_until};
use jiff::Timestamp;

#[path = "../../../cli/src/actuator.rs"]
mod client;

pub(crate) use client::Client;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_cordon-actuator");

/// A folder with a configuration, and the process that runs on it.
pub struct Bed {
    pub folder: Folder,
    process: Option<Child>,
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn person(number: u8) -> RehearsalKey {
    RehearsalKey::from_seed(&[number; 32])
}

impl Bed {
    /// A folder with a configuration of which `more` is a part, and two people who may sign.
    pub fn new(more: &str) -> Self {
        let folder = Folder::new();
        let lines: String = [(1, "pat"), (2, "sam")]
            .iter()
            .map(|(number, name)| person(*number).line(name))
            .collect();
        folder.write("allowed_signers", &lines);
        let bed = Self {
            folder,
            process: None,
        };
        let more = more.replace("FOLDER", bed.folder.path().to_str().unwrap());
        let socket = if more.contains("socket:") {
            String::new()
        } else {
            format!("socket:\n  path: {}\n", bed.socket().display())
        };
        bed.folder.write(
            "actuator.yaml",
            &format!(
                "{socket}state: {}\nallowed-signers: {}\n{more}",
                bed.folder.file("state"),
                bed.folder.file("allowed_signers")
            ),
        );
        bed
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("actuator.sock")
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(PROGRAM)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Starts the process and waits until it serves.
    pub fn start(&mut self) {
        self.kill();
        let log = std::fs::File::create(self.folder.file("log")).unwrap();
        let process = Command::new(PROGRAM)
            .arg("run")
            .arg(self.folder.file("actuator.yaml"))
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
        wait_until("the actuator serves", 180, || self.log().contains("serving at"));
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.file("log")).unwrap_or_default()
    }

    pub fn id(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Asks it to end and says with which code it did.
    pub fn end(&mut self, seconds: u64) -> Option<i32> {
        let mut process = self.process.take().unwrap();
        let id = rustix::process::Pid::from_child(&process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(seconds) {
            if let Some(status) = process.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.process = Some(process);
        panic!("it did not end within {seconds} s: {}", self.log());
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.socket())
    }

    /// Registers orders that both people approved, and returns their digest.
    pub fn register(&self, orders: &Orders) -> String {
        let answer = self.client().ask(register(orders, &approvals(orders))).unwrap();
        let Answer::Registered { orders_digest, .. } = answer else {
            panic!("{answer:?}");
        };
        orders_digest
    }
}

/// A connection on which anything can be said.
pub struct Raw(BufReader<UnixStream>);

impl Raw {
    pub fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        Self(BufReader::new(stream))
    }

    /// Says something; what comes back is a line, empty if the other side closed.
    pub fn say(&mut self, bytes: &[u8]) -> String {
        // The other side may have closed before it took everything.
        let _ = self.0.get_mut().write_all(bytes);
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => String::new(),
            Err(error) => panic!("{error}"),
            Ok(_) => line,
        }
    }

    /// True if the other side closed.
    pub fn is_closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0)) || self.say(b"\n").is_empty()
    }
}

pub fn hello() -> Vec<u8> {
    b"{\"id\":1,\"ask\":{\"verb\":\"hello\",\"protocol\":\"cordon-actuator/1\"}}\n".to_vec()
}

pub fn account(name: &str) -> Target {
    Target::Account {
        account: name.to_owned(),
    }
}

/// One order for accounts at a point, of a plan of this number.
pub fn orders(plan: u32, point: &str, accounts: &[&str]) -> Orders {
    let plan_hash = format!("{plan:064x}");
    Orders {
        format: cordon_act::ORDERS_FORMAT.to_owned(),
        orders: vec![Order {
            id: Orders::order_id(&plan_hash, 1),
            withdrawal: "disable-account".to_owned(),
            text: "for the test".to_owned(),
            point: PointName::from(point),
            targets: accounts.iter().map(|name| account(name)).collect(),
            lease_minutes: 60,
            at_lease_end: LeaseEnd::Hold,
        }],
        plan_hash,
        organisation: "a test".to_owned(),
        limits: VolumeLimits {
            accounts: 100_000,
            ..VolumeLimits::default()
        },
        never: Vec::new(),
    }
}

pub fn in_minutes(minutes: i64) -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second() + minutes * 60).unwrap()
}

pub fn approval(number: u8, orders: &Orders) -> SignedStatement {
    let statement = ApprovalStatement::of(orders, Decision::Approve, in_minutes(30));
    person(number).sign(Role::Approve, &statement).unwrap()
}

pub fn approvals(orders: &Orders) -> Vec<SignedStatement> {
    vec![approval(1, orders), approval(2, orders)]
}

pub fn register(orders: &Orders, signatures: &[SignedStatement]) -> Ask {
    Ask::Register {
        orders: Box::new(orders.clone()),
        signatures: signatures.to_vec(),
        dangerously_without_break_glass: false,
    }
}

pub fn permit_lift(orders: &Orders) -> Ask {
    let statement = LiftStatement {
        plan_hash: orders.plan_hash.clone(),
        orders: OrderChoice::All,
        not_after: in_minutes(30),
    };
    Ask::PermitLift {
        signed: person(1).sign(Role::Lift, &statement).unwrap(),
    }
}

pub fn claim(point: &str, epoch: u64) -> Claim {
    Claim {
        point: PointName::from(point),
        epoch,
        deadline_milliseconds: cordon_act::wire::DEADLINE_MILLISECONDS_MAX,
    }
}
