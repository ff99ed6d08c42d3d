//! Carries orders out: drives the reconciler with the record on one side and the actuator on the other.
//!
//! One thread turns; each enforcement point has a thread of its own, so that a slow server holds up no other. What is written is durable
//! before the reconciler hears of it, and nothing is asked of a server before that.

pub(crate) mod begin;
mod holder;
pub(crate) mod record;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use cordon_act::wire::PointInfo;
use cordon_act::{Book, Effect, Event, PointName, Reconciler, Request};
use cordon_store::Store;
use jiff::Timestamp;

use crate::actuator::Client;
use crate::failure::Failure;
use record::Record;
pub(crate) use record::read;

/// Longest wait between two looks at the record, in which another executor may have written.
const TURN: Duration = Duration::from_millis(500);

/// How long claims are kept before they are taken again.
const CLAIMED_AGAIN: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);

/// What wakes an executor.
pub(crate) enum Told {
    /// An enforcement point answered.
    Answer(Event),
    /// Somebody wants something of it.
    Wake,
}

/// How many times longer than it took to ask whether all is done nobody asks again while things happen.
const ASK_SELDOM: u32 = 20;

/// Whether all is done is a question about every order, so that it is not asked at each turn of a large plan.
#[derive(Default)]
struct Asking {
    next: Option<Instant>,
    is_quiet: bool,
}

impl Asking {
    fn may(&mut self, done: impl FnOnce() -> bool) -> bool {
        let now = Instant::now();
        if !self.is_quiet && self.next.is_some_and(|next| now < next) {
            return false;
        }
        let answer = done();
        self.next = Some(now + now.elapsed() * ASK_SELDOM);
        answer
    }

    /// How long to wait at most before it may be asked again.
    fn next_in(&self) -> Duration {
        let now = Instant::now();
        let next = self.next.map(|next| next.saturating_duration_since(now));
        next.filter(|next| !next.is_zero()).unwrap_or(TURN).min(TURN)
    }
}

/// An executor at work.
pub(crate) struct Executor {
    reconciler: Reconciler,
    record: Record,
    workers: BTreeMap<PointName, Sender<Vec<Request>>>,
    services: Sender<String>,
    told: Receiver<Told>,
    waker: Sender<Told>,
    claimed_at: Timestamp,
    points: Vec<PointInfo>,
    held: BTreeMap<PointName, u64>,
    busy_elsewhere: BTreeSet<String>,
}

impl Executor {
    /// An executor over this record and the actuator at this socket.
    pub(crate) fn start(store: Box<dyn Store>, socket: &Path) -> Result<Self, Failure> {
        let greeting = Client::new(socket)
            .greeting()
            .map_err(|error| Failure::Point(error.to_string()))?;
        let record = Record::open(store)?;
        let reconciler = Reconciler::new(record.book()?, Timestamp::now());
        let (waker, told) = channel();
        let workers = greeting
            .points
            .iter()
            .map(|point| (point.name.clone(), worker::start(socket, waker.clone())))
            .collect();
        let services = worker::start_services(socket, waker.clone());
        let points = greeting.points;
        let (held, busy_elsewhere) = (BTreeMap::new(), BTreeSet::new());
        let mut executor = Self {
            reconciler,
            record,
            workers,
            services,
            told,
            waker,
            claimed_at: Timestamp::now(),
            points,
            held,
            busy_elsewhere,
        };
        executor.take_claims()?;
        Ok(executor)
    }

    /// What was recorded so far.
    pub(crate) const fn book(&self) -> &Book {
        self.reconciler.book()
    }

    /// The points of the actuator.
    pub(crate) fn points(&self) -> &[PointInfo] {
        &self.points
    }

    /// The epoch under which this executor acts at a point.
    pub(crate) fn epoch(&self, point: &PointName) -> Option<u64> {
        self.held.get(point).copied()
    }

    /// Who else acts at points that this executor would act at, in words.
    pub(crate) fn busy_elsewhere(&self) -> impl Iterator<Item = &String> {
        self.busy_elsewhere.iter()
    }

    /// The state machine, to be told what people want.
    pub(crate) const fn reconciler(&mut self) -> &mut Reconciler {
        &mut self.reconciler
    }

    /// Works until `done` says so, showing what was recorded as it happens; gives the claims back at the end.
    pub(crate) fn run(
        &mut self,
        mut done: impl FnMut(&Book) -> bool,
        mut show: impl FnMut(&cordon_act::Entry),
    ) -> Result<(), Failure> {
        let mut asking = Asking::default();
        loop {
            self.work(&mut show)?;
            if self.record.is_idle() && asking.may(|| done(self.reconciler.book())) {
                return self.record.release();
            }
            asking.is_quiet = !self.wait(asking.next_in());
            self.keep_up(&mut |_| {})?;
        }
    }

    /// Does what can be done, then waits until there is more or until it is woken. What others wrote is shown as well.
    pub(crate) fn turn(&mut self, mut show: impl FnMut(&cordon_act::Entry)) -> Result<(), Failure> {
        self.work(&mut show)?;
        self.wait(TURN);
        self.keep_up(&mut show)
    }

    /// What wakes it out of its wait.
    pub(crate) fn waker(&self) -> Sender<Told> {
        self.waker.clone()
    }

    /// Takes its claims again before they end, and takes in what others wrote.
    fn keep_up(&mut self, show: &mut impl FnMut(&cordon_act::Entry)) -> Result<(), Failure> {
        if Timestamp::now().duration_since(self.claimed_at) > CLAIMED_AGAIN {
            self.take_claims()?;
            self.claimed_at = Timestamp::now();
        }
        let learned = self.record.learn()?;
        learned.iter().for_each(|(_, entry)| show(entry));
        if !learned.is_empty() {
            self.reconciler.handle(Event::Learned(learned), Timestamp::now());
        }
        Ok(())
    }

    /// Does everything that can be done without waiting.
    fn work(&mut self, show: &mut impl FnMut(&cordon_act::Entry)) -> Result<(), Failure> {
        loop {
            let effects = self.reconciler.poll(Timestamp::now());
            if effects.is_empty() {
                return Ok(());
            }
            let mut asks: BTreeMap<PointName, Vec<Request>> = BTreeMap::new();
            for effect in effects {
                match effect {
                    Effect::Ask(request) => {
                        asks.entry(request.placement.point.clone())
                            .or_default()
                            .push(*request);
                    }
                    Effect::ProbeServices { plan_hash } => {
                        // A thread that is gone answers nothing; the plan then waits and says so.
                        let _ = self.services.send(plan_hash);
                    }
                    Effect::Write(write) => self.write(&write, show)?,
                }
            }
            for (point, requests) in asks {
                if let Some(worker) = self.workers.get(&point) {
                    let _ = worker.send(requests);
                }
            }
        }
    }

    fn write(
        &mut self,
        write: &cordon_act::Write,
        show: &mut impl FnMut(&cordon_act::Entry),
    ) -> Result<(), Failure> {
        let now = Timestamp::now();
        for event in self.record.write(write, now)? {
            if matches!(event, Event::Written(_)) {
                write.entries.iter().for_each(&mut *show);
            }
            if let Event::ClaimLost { point, .. } = &event {
                self.held.remove(point);
            }
            self.reconciler.handle(event, Timestamp::now());
        }
        Ok(())
    }

    /// Waits for an answer, the next thing that is due, or another executor's entries, at most so long. True if something came.
    fn wait(&mut self, at_most: Duration) -> bool {
        let now = Timestamp::now();
        let due = self.reconciler.wake_at().map(|due| due.duration_since(now));
        let wait = due
            .and_then(|due| Duration::try_from(due).ok())
            .unwrap_or(TURN)
            .min(at_most);
        let mut next = self.told.recv_timeout(wait).ok();
        let came = next.is_some();
        while let Some(told) = next {
            if let Told::Answer(event) = told {
                self.reconciler.handle(event, Timestamp::now());
            }
            next = self.told.try_recv().ok();
        }
        came
    }

    /// Claims every point that nobody else acts at, after reading what others wrote.
    fn take_claims(&mut self) -> Result<(), Failure> {
        let learned = self.record.learn()?;
        let now = Timestamp::now();
        if !learned.is_empty() {
            self.reconciler.handle(Event::Learned(learned), now);
        }
        self.busy_elsewhere.clear();
        for point in &self.points {
            match self.record.claim(&point.name, now)? {
                Ok(epoch) if self.held.get(&point.name) != Some(&epoch) => {
                    self.held.insert(point.name.clone(), epoch);
                    let capabilities = point.capabilities.clone();
                    let claimed = Event::Claimed {
                        point: point.name.clone(),
                        epoch,
                        capabilities,
                    };
                    self.reconciler.handle(claimed, now);
                }
                Ok(_) => {}
                Err(by) => {
                    let by = by.split('@').next().unwrap_or_default();
                    self.busy_elsewhere.insert(format!("{} by {by}", point.name));
                    if let Some(epoch) = self.held.remove(&point.name) {
                        let point = point.name.clone();
                        self.reconciler.handle(Event::ClaimLost { point, epoch }, now);
                    }
                }
            }
        }
        Ok(())
    }
}
