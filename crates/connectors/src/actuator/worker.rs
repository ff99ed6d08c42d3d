//! One thread for each point, so that a slow one holds nobody else up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cordon_act::gate::{Admission, GateCall, Refusal, Settlement, Verb};
use cordon_act::limits::POINT_STATE_BYTES_MAX;
use cordon_act::wire::{Answer, Claim, Outcome, PointInfo, Reading, Return, Withdrawal};
use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Observation, OrderId, PointError, PointErrorKind,
    PointName, Target,
};

use super::config::PointConfig;
use super::keeper::Keeper;
use super::limits::WAITING_MAX;
use super::say;

/// What a point is asked.
pub(super) enum Job {
    Observe(Reading),
    Probe(Reading),
    Apply(Claim, String, Vec<Withdrawal>),
    Lift(Claim, String, Vec<Return>),
    ProveBreakGlass(Claim),
}

impl Job {
    pub(super) const fn claim(&self) -> &Claim {
        match self {
            Self::Observe(reading) | Self::Probe(reading) => &reading.at,
            Self::Apply(claim, ..) | Self::Lift(claim, ..) | Self::ProveBreakGlass(claim) => claim,
        }
    }
}

struct Waiting {
    job: Job,
    until: Instant,
    answer: SyncSender<Answer>,
}

/// The way to a point's thread.
pub(super) struct Worker {
    pub(super) info: PointInfo,
    jobs: SyncSender<Waiting>,
}

/// A worker whose point has yet to say what it can do.
pub(super) struct Starting {
    config: PointInfo,
    said: Receiver<Capabilities>,
    jobs: SyncSender<Waiting>,
    thread: JoinHandle<()>,
}

impl Starting {
    /// Waits until the point has said what it can do. A point answers that by itself, or asks its server within a time of its own.
    pub(super) fn wait(self) -> Result<(Worker, JoinHandle<()>), PointError> {
        let silent = |_| PointError::new(PointErrorKind::Bug, "the point did not say what it can do");
        let capabilities = self.said.recv().map_err(silent)?;
        let info = PointInfo {
            capabilities,
            ..self.config
        };
        let jobs = self.jobs;
        Ok((Worker { info, jobs }, self.thread))
    }
}

impl Worker {
    /// Makes the point and its thread.
    pub(super) fn start(config: PointConfig, keeper: Arc<Keeper>) -> Result<Starting, PointError> {
        let point = (config.connect)()?;
        let (jobs, waiting) = sync_channel(WAITING_MAX);
        let (say, said) = sync_channel(1);
        let info = PointInfo {
            name: config.name.clone(),
            kind: config.kind.name.to_owned(),
            capabilities: Capabilities {
                kinds: Vec::new(),
                holds_lease: false,
                survives_restart: false,
                leaves_open: String::new(),
            },
        };
        let mut hand = Hand {
            name: config.name.clone(),
            config,
            point: None,
            keeper,
        };
        let thread = std::thread::Builder::new()
            .name(format!("point {}", info.name))
            .spawn(move || {
                let _ = say.send(point.capabilities());
                hand.point = Some(point);
                hand.run(&waiting);
            })
            .map_err(|error| PointError::new(PointErrorKind::Target, format_args!("no thread: {error}")))?;
        Ok(Starting {
            config: info,
            said,
            jobs,
            thread,
        })
    }

    /// Has the job done and waits for its answer.
    pub(super) fn ask(&self, job: Job) -> Answer {
        let until = Instant::now() + Duration::from_millis(job.claim().deadline_milliseconds);
        let (answer, answered) = sync_channel(1);
        let busy =
            |text: &str| Answer::failed(PointErrorKind::Target, format_args!("{}: {text}", self.info.name));
        match self.jobs.try_send(Waiting { job, until, answer }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return busy("too many requests wait for this point"),
            Err(TrySendError::Disconnected(_)) => return busy("the process is ending"),
        }
        answered
            .recv()
            .unwrap_or_else(|_| Answer::failed(PointErrorKind::Unknown, "the point's thread ended"))
    }
}

/// What a point's thread has.
struct Hand {
    name: PointName,
    config: PointConfig,
    /// None after the point panicked.
    point: Option<Box<dyn EnforcementPoint>>,
    keeper: Arc<Keeper>,
}

impl Hand {
    fn run(&mut self, waiting: &Receiver<Waiting>) {
        while let Ok(Waiting { job, until, answer }) = waiting.recv() {
            // Whoever asked may have gone; what was done is observed again.
            let _ = answer.send(self.job(job, until));
        }
    }

    fn job(&mut self, job: Job, until: Instant) -> Answer {
        match job {
            Job::Observe(reading) => self.observe(&reading, until),
            Job::Probe(reading) => self.probe(&reading, until),
            Job::Apply(claim, digest, withdrawals) => self.apply(&claim, &digest, &withdrawals, until),
            Job::Lift(claim, digest, returns) => self.lift(&claim, &digest, &returns, until),
            Job::ProveBreakGlass(claim) => self.prove_break_glass(&claim, until),
        }
    }

    /// Runs a call of the point. One that panics is a defect; the point is made anew for the next.
    fn call<T>(
        &mut self,
        after_panic: PointErrorKind,
        call: impl FnOnce(&mut dyn EnforcementPoint) -> Result<T, PointError>,
    ) -> Result<T, PointError> {
        let mut point = match self.point.take() {
            Some(point) => point,
            None => (self.config.connect)()?,
        };
        if let Ok(result) = catch_unwind(AssertUnwindSafe(|| call(&mut *point))) {
            self.point = Some(point);
            return result;
        }
        say(format_args!("{}: a defect: the point's code panicked", self.name));
        Err(PointError::new(
            after_panic,
            "a defect of Cordon: the point's code panicked",
        ))
    }

    /// Runs a call for many. An error of the call, a panic or a wrong number of answers is the answer for each of them.
    fn all<T>(
        &mut self,
        after_panic: PointErrorKind,
        count: usize,
        call: impl FnOnce(&mut dyn EnforcementPoint) -> Vec<Result<T, PointError>>,
    ) -> Vec<Result<T, PointError>> {
        if count == 0 {
            return Vec::new();
        }
        let same = |error: &PointError| (0..count).map(|_| Err(error.clone())).collect();
        match self.call(after_panic, |point| Ok(call(point))) {
            Ok(results) if results.len() == count => results,
            Ok(_) => same(&PointError::new(
                after_panic,
                "a defect of Cordon: the point answered for other targets",
            )),
            Err(error) => same(&error),
        }
    }

    /// Whether each call may be made. What that changed is durable afterwards.
    fn admit(&self, calls: &[GateCall<'_>]) -> Result<Vec<Result<Admission, Refusal>>, Box<Answer>> {
        self.keeper.admit(&self.name, calls).map_err(|error| {
            say(format_args!("{}: {error}", self.name));
            Box::new(Answer::failed(
                PointErrorKind::Target,
                format_args!("the state cannot be kept: {error}"),
            ))
        })
    }

    /// Whether targets may be read. One refusal refuses all: it is about the epoch.
    fn admit_reading(&self, verb: Verb, reading: &Reading) -> Result<(), Box<Answer>> {
        let numbers = reading.calls.iter().copied().chain(std::iter::repeat(0));
        let calls: Vec<_> = reading
            .targets
            .iter()
            .zip(numbers)
            .map(|(target, number)| GateCall {
                call: number,
                ..reading_call(verb, &reading.at, Some(target))
            })
            .collect();
        match self.admit(&calls)?.into_iter().find_map(Result::err) {
            Some(refusal) => Err(Box::new(Answer::Refused { refusal })),
            None => Ok(()),
        }
    }

    fn observe(&mut self, reading: &Reading, until: Instant) -> Answer {
        if let Err(answer) = self.admit_reading(Verb::Observe, reading) {
            return *answer;
        }
        let Some(left) = time_left(until) else {
            return too_late();
        };
        let targets = &reading.targets;
        let all = self.call(PointErrorKind::Bug, |point| Ok(point.observe_all(targets, left)));
        let observed = match all {
            Ok(observed) if observed.len() == targets.len() => observed,
            Ok(_) => return Answer::failed(PointErrorKind::Bug, "the point answered for other targets"),
            Err(error) => return Answer::Failed { error },
        };
        let observed: Vec<_> = observed
            .into_iter()
            .map(|result| result.and_then(bounded))
            .collect();
        let settled: Vec<_> = targets
            .iter()
            .zip(&observed)
            .filter_map(|(target, result)| Some((target, Settlement::after(Verb::Observe, result)?)))
            .collect();
        self.settle(&settled);
        let outcomes = observed.into_iter().map(outcome).collect();
        Answer::Observed { outcomes }
    }

    fn probe(&mut self, reading: &Reading, until: Instant) -> Answer {
        if let Err(answer) = self.admit_reading(Verb::Probe, reading) {
            return *answer;
        }
        let probed = self.all(PointErrorKind::Bug, reading.targets.len(), |point| {
            point.probe_all(&reading.targets, &mut || time_left(until))
        });
        let outcomes = probed.into_iter().map(outcome).collect();
        Answer::Probed { outcomes }
    }

    fn apply(&mut self, claim: &Claim, digest: &str, withdrawals: &[Withdrawal], until: Instant) -> Answer {
        let calls: Vec<_> = withdrawals
            .iter()
            .map(|withdrawal| GateCall {
                verb: Verb::Apply,
                point: &claim.point,
                epoch: claim.epoch,
                call: withdrawal.call,
                orders_digest: digest,
                orders: std::slice::from_ref(&withdrawal.order),
                target: Some(&withdrawal.target),
                prior: Some(&withdrawal.prior),
                lease_until: withdrawal.lease_until,
            })
            .collect();
        let admitted = match self.admit(&calls) {
            Ok(admitted) => admitted,
            Err(answer) => return *answer,
        };
        let applying: Vec<_> = withdrawals
            .iter()
            .zip(&admitted)
            .filter_map(|(withdrawal, admitted)| {
                let admission = admitted.as_ref().ok()?;
                Some(Applying {
                    target: &withdrawal.target,
                    prior: &withdrawal.prior,
                    mark: &admission.mark,
                    lease_until: admission.lease_until,
                })
            })
            .collect();
        let results = self.all(PointErrorKind::Unknown, applying.len(), |point| {
            point.apply_all(&applying, &mut || time_left(until))
        });
        let results: Vec<_> = results
            .into_iter()
            .map(|result| result.and_then(bounded_after_change))
            .collect();
        let targets = applying.iter().map(|applying| applying.target);
        let settled = settlements(Verb::Apply, targets, &results);
        self.settle(&settled);
        Answer::Observed {
            outcomes: outcomes(&admitted, results),
        }
    }

    fn lift(&mut self, claim: &Claim, digest: &str, returns: &[Return], until: Instant) -> Answer {
        let calls: Vec<_> = returns
            .iter()
            .map(|back| lift_call(claim, digest, &back.orders, back))
            .collect();
        let admitted = match self.admit(&calls) {
            Ok(admitted) => admitted,
            Err(answer) => return *answer,
        };
        let lifting: Vec<_> = returns
            .iter()
            .zip(&admitted)
            .filter_map(|(back, admitted)| {
                Some(Lifting {
                    target: &back.target,
                    prior: &back.prior,
                    left: back.left.as_ref(),
                    mark: &admitted.as_ref().ok()?.mark,
                })
            })
            .collect();
        let results = self.all(PointErrorKind::Unknown, lifting.len(), |point| {
            point.lift_all(&lifting, &mut || time_left(until))
        });
        let targets = lifting.iter().map(|lifting| lifting.target);
        let settled = settlements(Verb::Lift, targets, &results);
        self.settle(&settled);
        Answer::Observed {
            outcomes: outcomes(&admitted, results),
        }
    }

    fn prove_break_glass(&mut self, claim: &Claim, until: Instant) -> Answer {
        let call = reading_call(Verb::ProveBreakGlass, claim, None);
        match self.admit(&[call]).map(|answers| answers.into_iter().next()) {
            Err(answer) => return *answer,
            Ok(Some(Err(refusal))) => return Answer::Refused { refusal },
            Ok(_) => {}
        }
        let Some(left) = time_left(until) else {
            return too_late();
        };
        let result = self.call(PointErrorKind::Bug, |point| point.prove_break_glass(left));
        if matches!(result, Ok(Some(_)))
            && let Err(error) = self.keeper.break_glass_proven(&self.name)
        {
            say(format_args!("{}: {error}", self.name));
        }
        Answer::BreakGlass {
            outcome: outcome(result),
        }
    }

    fn settle(&self, settled: &[(&Target, Settlement)]) {
        if let Err(error) = self.keeper.settle(&self.name, settled) {
            say(format_args!("{}: {error}", self.name));
        }
    }
}

fn reading_call<'a>(verb: Verb, claim: &'a Claim, target: Option<&'a Target>) -> GateCall<'a> {
    GateCall {
        verb,
        point: &claim.point,
        epoch: claim.epoch,
        call: 0,
        orders_digest: "",
        orders: &[],
        target,
        prior: None,
        lease_until: None,
    }
}

fn lift_call<'a>(claim: &'a Claim, digest: &'a str, orders: &'a [OrderId], back: &'a Return) -> GateCall<'a> {
    GateCall {
        verb: Verb::Lift,
        point: &claim.point,
        epoch: claim.epoch,
        call: back.call,
        orders_digest: digest,
        orders,
        target: Some(&back.target),
        prior: Some(&back.prior),
        lease_until: None,
    }
}

/// What the answers of a point settle for the targets that it was asked about.
fn settlements<'a>(
    verb: Verb,
    targets: impl Iterator<Item = &'a Target>,
    results: &[Result<Observation, PointError>],
) -> Vec<(&'a Target, Settlement)> {
    targets
        .zip(results)
        .filter_map(|(target, result)| Some((target, Settlement::after(verb, result)?)))
        .collect()
}

/// What became of each call: refused by the gate, or as the point answered, which was asked for the others in their order.
fn outcomes(
    admitted: &[Result<Admission, Refusal>],
    results: Vec<Result<Observation, PointError>>,
) -> Vec<Outcome<Observation>> {
    let mut results = results.into_iter();
    let missing = || {
        Err(PointError::new(
            PointErrorKind::Unknown,
            "the point did not answer",
        ))
    };
    admitted
        .iter()
        .map(|admitted| match admitted {
            Ok(_) => outcome(
                results
                    .next()
                    .unwrap_or_else(missing)
                    .and_then(bounded_after_change),
            ),
            Err(refusal) => Outcome::Refused(refusal.clone()),
        })
        .collect()
}

fn outcome<T>(result: Result<T, PointError>) -> Outcome<T> {
    match result {
        Ok(done) => Outcome::Done(done),
        Err(error) => Outcome::Failed(PointError::new(error.kind, error.text)),
    }
}

fn time_left(until: Instant) -> Option<Duration> {
    until
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
}

fn too_late() -> Answer {
    Answer::Failed {
        error: PointError::not_begun(),
    }
}

/// What servers say is hostile, and what is kept must stay small.
fn bounded(seen: Observation) -> Result<Observation, PointError> {
    let bytes = serde_json::to_string(&seen.state).map_or(usize::MAX, |text| text.len());
    if bytes <= POINT_STATE_BYTES_MAX {
        return Ok(seen);
    }
    Err(PointError::new(
        PointErrorKind::Target,
        format_args!("the state is larger than {POINT_STATE_BYTES_MAX} bytes"),
    ))
}

/// The same after a change, of which an error must not say that it was not made.
fn bounded_after_change(seen: Observation) -> Result<Observation, PointError> {
    bounded(seen).map_err(|error| PointError::new(PointErrorKind::Unknown, error.text))
}
