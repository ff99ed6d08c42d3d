//! One night in virtual time.

mod draw;
mod executors;
mod orders;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use cordon_act::bugs::Bug;
use cordon_act::gate::Gate;
use cordon_act::{Answer, CallId, Event, OrderId, Orders, Placement, PointName, Request, Write};
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

use super::chaos::Chaos;
use super::executor::Executor;
use super::people::Hand;
use super::record::Record;
use super::server::{Cell, SimulatedServer};

/// How long the chaos lasts, in milliseconds.
const CHAOS_MILLISECONDS: i64 = 20 * 60 * 1000;

/// How long everything may take to come to rest afterwards, in milliseconds.
const REST_MILLISECONDS: i64 = 30 * 60 * 1000;

/// Most events of one night. A night that needs more runs in circles.
const EVENTS_MAX: u32 = 60_000;

/// What is going to happen.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    /// An executor looks whether there is something to do.
    Wake { executor: usize },
    /// An executor starts.
    Start { executor: usize },
    /// An executor takes its claims again.
    Claim { executor: usize },
    /// A write reaches the disk.
    Write {
        executor: usize,
        life: u32,
        write: Box<Write>,
        time: Timestamp,
    },
    /// A request arrives.
    Request {
        executor: usize,
        life: u32,
        request: Box<Request>,
    },
    /// A reply arrives, or its sender gives up.
    Reply {
        executor: usize,
        life: u32,
        call: CallId,
        answer: Answer,
    },
    /// Something else is told to an executor.
    Tell {
        executor: usize,
        life: u32,
        event: Event,
    },
    /// People hand over a plan.
    Plan { handed: Box<Handed> },
    /// People lift an order of a plan.
    Lift { plan_hash: String, order: OrderId },
    /// People renew an order of a plan.
    Renew { plan_hash: String, order: OrderId },
    /// Somebody else changes something.
    Outside {
        placement: Placement,
        open: bool,
        detail: u32,
    },
    /// A user logs on.
    LogOn { placement: Placement },
    /// The chaos is over.
    Calm,
}

/// A plan as people hand it over.
#[derive(Clone, Debug)]
pub(super) struct Handed {
    /// Its orders.
    pub(super) orders: Orders,
    /// How its approval comes about.
    pub(super) hand: Hand,
    /// For how many minutes that is valid.
    pub(super) minutes: i64,
    /// True if the executor carries on whatever the actuator says, and checks nothing itself: somebody may have taken it over.
    pub(super) insists: bool,
}

/// What a night came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NightReport {
    /// The seed.
    pub seed: u64,
    /// What was found wrong, first thing first; empty if nothing.
    pub violations: Vec<String>,
    /// How many events there were.
    pub events: u32,
    /// How many changes were made at servers.
    pub effects: u32,
    /// How many times an executor crashed.
    pub crashes: u32,
    /// How many entries were recorded.
    pub entries: usize,
    /// SHA-256 in hex over everything that happened.
    pub digest: String,
}

/// A night; see the module above.
#[derive(Debug)]
pub struct Night {
    seed: u64,
    pub(super) random: ChaCha8Rng,
    pub(super) chaos: Chaos,
    pub(super) now: Timestamp,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    next: u64,
    servers: BTreeMap<PointName, Arc<Mutex<SimulatedServer>>>,
    /// What the servers would hold if Cordon had never been there.
    twins: BTreeMap<PointName, SimulatedServer>,
    pub(super) record: Record,
    executors: Vec<Executor>,
    pub(super) gate: Gate,
    /// The digests of orders that two people signed in time.
    pub(super) approved: BTreeSet<String>,
    /// True if an executor carried on with orders that nobody approved: then it is not promised that everything is given back by itself.
    pub(super) is_tainted: bool,
    /// The hashes of plans that were handed over.
    plans: BTreeSet<String>,
    /// When something was withdrawn, by point.
    pub(super) withdrawn_at: BTreeMap<PointName, Vec<Timestamp>>,
    /// Logons that were refused because of Cordon.
    pub(super) refused: Vec<(Placement, Timestamp)>,
    /// What protected services rest on in this night.
    pub(super) protected: Vec<Placement>,
    /// The highest epoch of any request that arrived, by point.
    pub(super) newest_epoch: BTreeMap<PointName, u64>,
    pub(super) never: BTreeSet<String>,
    bug: Option<Bug>,
    pub(super) report: NightReport,
    trace: Sha256,
    pub(super) printing: bool,
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_772_496_000_000 + milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Night {
    /// The night of a seed, with its own faults.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let chaos = Chaos::draw(&mut random);
        Self::with_chaos(seed, random, chaos)
    }

    /// The night of a seed without faults.
    #[must_use]
    pub fn calm(seed: u64) -> Self {
        Self::with_chaos(seed, ChaCha8Rng::seed_from_u64(seed), Chaos::NONE)
    }

    fn with_chaos(seed: u64, random: ChaCha8Rng, chaos: Chaos) -> Self {
        let mut night = Self {
            seed,
            random,
            chaos,
            now: at(0),
            queue: BTreeMap::new(),
            next: 0,
            servers: BTreeMap::new(),
            twins: BTreeMap::new(),
            record: Record::new(),
            executors: Vec::new(),
            gate: super::actuator::gate(),
            approved: BTreeSet::new(),
            is_tainted: false,
            plans: BTreeSet::new(),
            withdrawn_at: BTreeMap::new(),
            refused: Vec::new(),
            protected: Vec::new(),
            newest_epoch: BTreeMap::new(),
            never: BTreeSet::from(["break-glass".to_owned()]),
            bug: None,
            report: NightReport {
                seed,
                ..NightReport::default()
            },
            trace: Sha256::new(),
            printing: false,
        };
        night.furnish();
        night
    }

    /// Plants a defect.
    #[must_use]
    pub const fn planted(mut self, bug: Bug) -> Self {
        self.bug = Some(bug);
        self
    }

    /// Keeps what happens as text, to be read.
    #[must_use]
    pub const fn printing(mut self) -> Self {
        self.printing = true;
        self
    }

    pub(super) fn chance(&mut self, per_mille: u32) -> bool {
        per_mille > 0 && self.random.random_range(0..1000) < per_mille
    }

    pub(super) fn after(&mut self, milliseconds: i64, happening: Happening) {
        self.next += 1;
        let time = self.now + SignedDuration::from_millis(milliseconds);
        self.queue.insert((time, self.next), happening);
    }

    pub(super) fn say(&mut self, text: impl AsRef<str>) {
        let line = format!("{} {}\n", self.now, text.as_ref());
        self.trace.update(line.as_bytes());
        if self.printing {
            self.report.violations.push(format!("  {}", line.trim_end()));
        }
    }

    pub(super) fn server(&self, point: &PointName) -> Arc<Mutex<SimulatedServer>> {
        self.servers
            .get(point)
            .cloned()
            .unwrap_or_else(|| Arc::new(Mutex::new(SimulatedServer::new([], self.now))))
    }

    pub(super) fn cell(&self, placement: &Placement) -> Option<Cell> {
        let server = self.server(&placement.point);
        let server = server.lock().ok()?;
        server.cell(&placement.target).cloned()
    }

    /// Runs the night to its end and says what it came to.
    #[must_use]
    pub fn run(mut self) -> NightReport {
        let _planted = cordon_act::bugs::plant(self.bug);
        while let Some(((time, _), happening)) = self.queue.pop_first() {
            self.report.events += 1;
            if self.report.events > EVENTS_MAX {
                self.report
                    .violations
                    .push("the night runs in circles".to_owned());
                break;
            }
            self.now = time;
            self.pass_time();
            if time > at(CHAOS_MILLISECONDS + REST_MILLISECONDS) {
                break;
            }
            self.happen(happening);
            self.check_step();
            let found = self.report.violations.iter().any(|line| !line.starts_with(' '));
            if found {
                break;
            }
        }
        self.check_own_effects();
        if !self.is_tainted {
            self.check_end();
        }
        self.report.entries = self.record.entries.len();
        self.report.digest = self
            .trace
            .clone()
            .finalize()
            .iter()
            .fold(String::new(), |mut text, byte| {
                use std::fmt::Write as _;
                let _ = write!(text, "{byte:02x}");
                text
            });
        self.report
    }

    fn pass_time(&mut self) {
        for server in self.servers.values() {
            if let Ok(mut server) = server.lock() {
                server.set_time(self.now);
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Wake { executor } => self.turn(executor, None),
            Happening::Start { executor } => self.start(executor),
            Happening::Claim { executor } => self.claim(executor),
            Happening::Write {
                executor,
                life,
                write,
                time,
            } => self.reach_disk(executor, life, &write, time),
            Happening::Request {
                executor,
                life,
                request,
            } => self.arrive(executor, life, &request),
            Happening::Reply {
                executor,
                life,
                call,
                answer,
            } => {
                self.tell(executor, life, Event::Answered(call, answer));
            }
            Happening::Tell {
                executor,
                life,
                event,
            } => self.tell(executor, life, event),
            Happening::Plan { handed } => self.hand_over(*handed),
            Happening::Lift { plan_hash, order } => self.lift(&plan_hash, order),
            Happening::Renew { plan_hash, order } => self.renew(&plan_hash, order),
            Happening::Outside {
                placement,
                open,
                detail,
            } => self.change_outside(&placement, open, detail),
            Happening::LogOn { placement } => self.log_on(&placement),
            Happening::Calm => self.calm_down(),
        }
    }

    fn change_outside(&mut self, placement: &Placement, open: bool, detail: u32) {
        self.say(format!(
            "somebody turns {placement} {}",
            if open { "on" } else { "off" }
        ));
        if let Ok(mut server) = self.server(&placement.point).lock() {
            server.change_outside(&placement.target, open, detail);
        }
        if let Some(twin) = self.twins.get_mut(&placement.point) {
            twin.change_outside(&placement.target, open, detail);
        }
    }

    /// Somebody logs on, or Cordon tries it. If it is refused because of Cordon, that must be known as its own doing.
    pub(super) fn log_on(&mut self, placement: &Placement) {
        let cell = self.cell(placement);
        if cell.is_some_and(|cell| !cell.open && cell.mark.is_some()) {
            self.refused.push((placement.clone(), self.now));
        }
    }

    pub(super) fn twin_of(&self, point: &PointName) -> Option<&SimulatedServer> {
        self.twins.get(point)
    }

    pub(super) fn points(&self) -> Vec<PointName> {
        self.servers.keys().cloned().collect()
    }
}
