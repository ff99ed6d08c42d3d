//! One night in virtual time.

mod draw;
mod executors;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use cordon_act::{
    Accepted, Answer, CallId, Event, OrderId, Orders, Placement, PointName, Reconciler, Request, Write,
};
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

use super::chaos::Chaos;
use super::executor::Executor;
use super::record::Record;
use super::server::{Cell, SimulatedServer};

/// How long the chaos lasts, in milliseconds.
const CHAOS_MILLISECONDS: i64 = 20 * 60 * 1000;

/// How long everything may take to come to rest afterwards, in milliseconds.
const REST_MILLISECONDS: i64 = 30 * 60 * 1000;

/// Most events of one night. A night that needs more runs in circles.
const EVENTS_MAX: u32 = 60_000;

/// A defect of what surrounds the reconciler, to show that a night finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NightBug {
    /// The actuator lets an executor through that is no longer the newest.
    IgnoresFence,
    /// Orders are accepted without the check of what must never be withdrawn.
    SkipsAdmission,
}

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
    Plan { orders: Box<Orders> },
    /// People lift a plan's orders, all or some.
    Lift { orders: Vec<OrderId> },
    /// People renew orders.
    Renew { orders: Vec<OrderId> },
    /// Somebody else changes something.
    Outside { placement: Placement, open: bool },
    /// The chaos is over.
    Calm,
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
    /// The highest epoch that the actuator let through, by point.
    pub(super) highest_epoch: BTreeMap<PointName, u64>,
    /// The latest request that the actuator let through, by placement: epoch and call.
    pub(super) latest_call: BTreeMap<Placement, (u64, u64)>,
    /// The highest epoch of any request that arrived, by point.
    pub(super) newest_epoch: BTreeMap<PointName, u64>,
    pub(super) never: BTreeSet<String>,
    bug: Option<NightBug>,
    planted: Option<cordon_act::bugs::Bug>,
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
            record: Record::default(),
            executors: Vec::new(),
            highest_epoch: BTreeMap::new(),
            newest_epoch: BTreeMap::new(),
            latest_call: BTreeMap::new(),
            never: BTreeSet::from(["break-glass".to_owned()]),
            bug: None,
            planted: None,
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

    /// Plants a defect around the reconciler.
    #[must_use]
    pub const fn with_bug(mut self, bug: NightBug) -> Self {
        self.bug = Some(bug);
        self
    }

    /// Plants a defect in the reconciler.
    #[must_use]
    pub const fn planted(mut self, bug: cordon_act::bugs::Bug) -> Self {
        self.planted = Some(bug);
        self
    }

    /// Keeps what happens as text, to be read.
    #[must_use]
    pub const fn printing(mut self) -> Self {
        self.printing = true;
        self
    }

    pub(super) fn has_bug(&self, bug: NightBug) -> bool {
        self.bug == Some(bug)
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
        self.check_end();
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
            Happening::Plan { orders } => self.hand_over(*orders),
            Happening::Lift { orders } => self.command(|reconciler| {
                reconciler.lift(orders.clone(), "people".to_owned(), false);
            }),
            Happening::Renew { orders } => {
                let until = self.now + SignedDuration::from_mins(10);
                self.command(|reconciler| reconciler.renew(orders.clone(), until, "people".to_owned()));
            }
            Happening::Outside { placement, open } => self.change_outside(&placement, open),
            Happening::Calm => self.calm_down(),
        }
    }

    fn change_outside(&mut self, placement: &Placement, open: bool) {
        self.say(format!(
            "somebody turns {placement} {}",
            if open { "on" } else { "off" }
        ));
        if let Ok(mut server) = self.server(&placement.point).lock() {
            server.change_outside(&placement.target, open);
        }
        if let Some(twin) = self.twins.get_mut(&placement.point) {
            twin.change_outside(&placement.target, open);
        }
    }

    /// People ask an executor that runs; if none does, they ask again in a minute.
    fn command(&mut self, ask: impl Fn(&mut Reconciler)) {
        for executor in 0..self.executors.len() {
            self.read_record(executor);
            let Some(state) = self.executors.get_mut(executor) else {
                continue;
            };
            if let Some(reconciler) = &mut state.running {
                ask(reconciler);
                return self.turn(executor, None);
            }
        }
    }

    fn hand_over(&mut self, orders: Orders) {
        let known = self.record.book.clone();
        let capabilities = self.servers.iter().map(|(name, server)| {
            let point = super::SimulatedPoint::new(Arc::clone(server));
            (name.clone(), cordon_act::EnforcementPoint::capabilities(&point))
        });
        let points: BTreeMap<_, _> = capabilities.collect();
        let grounds = cordon_act::admit::Grounds {
            points: &points,
            book: &known,
            never_accounts: &self.never,
            lifters: &BTreeSet::new(),
        };
        let checked = cordon_act::admit::check(&orders, &grounds);
        if checked.is_err() && !self.has_bug(NightBug::SkipsAdmission) {
            return self.say("orders are refused");
        }
        let accepted = Accepted {
            orders,
            approved_by: vec!["one".to_owned(), "two".to_owned()],
            break_glass: Vec::new(),
            break_glass_overridden: None,
        };
        self.say("orders are accepted");
        let admitted = cordon_act::Admitted::in_simulation(accepted);
        self.command(|reconciler| reconciler.accept(admitted.clone()));
    }

    /// From here on nothing goes wrong, everything is lifted, and what others changed is left as it is.
    fn calm_down(&mut self) {
        self.say("calm");
        self.chaos = Chaos::NONE;
        for executor in 0..self.executors.len() {
            if self
                .executors
                .get(executor)
                .is_some_and(|state| state.running.is_none())
            {
                self.start(executor);
            }
        }
        // An order that was lifted without leave to accept changes may wait for just that.
        let book = &self.record.book;
        let is_open = |order: &&cordon_act::OrderState| {
            let targets = order.order.targets.iter();
            let placements = targets.map(|target| Placement {
                point: order.order.point.clone(),
                target: target.clone(),
            });
            placements
                .filter_map(|placement| book.placement(&placement).cloned())
                .any(|state| state.is_active())
        };
        let orders: Vec<OrderId> = book
            .orders()
            .values()
            .filter(is_open)
            .map(|order| order.order.id.clone())
            .collect();
        if !orders.is_empty() {
            self.command(|reconciler| reconciler.lift(orders.clone(), "people".to_owned(), true));
        }
        // A command may be lost with the executor that took it: it is given again until it is recorded.
        if self.now < at(CHAOS_MILLISECONDS + REST_MILLISECONDS / 2) {
            self.after(120_000, Happening::Calm);
        }
    }

    pub(super) fn twin_of(&self, point: &PointName) -> Option<&SimulatedServer> {
        self.twins.get(point)
    }

    pub(super) fn points(&self) -> Vec<PointName> {
        self.servers.keys().cloned().collect()
    }
}
