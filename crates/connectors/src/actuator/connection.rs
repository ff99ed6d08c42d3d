//! One connection: requests in, answers out, one after another.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cordon_act::wire::{
    ANSWER_BYTES_MAX, Answer, Ask, DEADLINE_MILLISECONDS_MAX, PROTOCOL, Request, Response,
    TARGETS_PER_REQUEST_MAX,
};
use cordon_act::{PointErrorKind, PointName};

use super::config::ServiceConfig;
use super::keeper::Keeper;
use super::line::{Line, Lines};
use super::services;
use super::worker::{Job, Worker};

/// The ways to the points.
pub(super) type Workers = BTreeMap<PointName, Worker>;

/// What every connection shares.
pub(super) struct Shared {
    pub(super) keeper: Arc<Keeper>,
    pub(super) workers: Workers,
    pub(super) services: BTreeMap<String, ServiceConfig>,
    pub(super) protections: Vec<String>,
    /// True once the process is to end.
    pub(super) ending: Arc<AtomicBool>,
}

impl Shared {
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }
}

/// Serves a peer that may connect, until it or the process ends.
pub(super) fn serve<S: Read + Write>(stream: S, shared: &Shared) -> io::Result<()> {
    let mut lines = Lines::new(stream);
    let mut greeted = false;
    loop {
        let text = match lines.next(|| shared.is_ending())? {
            Line::Text(text) => text,
            Line::End => return Ok(()),
            Line::TooLong => {
                let answer = Answer::failed(PointErrorKind::Input, "the line is too long");
                return answer_with(&mut lines, 0, answer);
            }
        };
        let Request { id, ask } = match serde_json::from_slice(&text) {
            Ok(request) => request,
            Err(error) => {
                let answer = Answer::failed(PointErrorKind::Input, format_args!("not a request: {error}"));
                answer_with(&mut lines, 0, answer)?;
                continue;
            }
        };
        let hello = matches!(ask, Ask::Hello { .. });
        if !greeted && !hello {
            let answer = Answer::failed(PointErrorKind::Input, "say hello first");
            return answer_with(&mut lines, id, answer);
        }
        let answer = answer(ask, shared);
        greeted |= hello && matches!(answer, Answer::Hello { .. });
        answer_with(&mut lines, id, answer)?;
        if shared.is_ending() {
            return Ok(());
        }
    }
}

fn answer_with<S: Read + Write>(lines: &mut Lines<S>, id: u64, answer: Answer) -> io::Result<()> {
    let mut text = serde_json::to_vec(&Response { id, answer })?;
    if text.len() > ANSWER_BYTES_MAX {
        let answer = Answer::failed(
            PointErrorKind::Unknown,
            "the answer is too long: ask for fewer targets",
        );
        text = serde_json::to_vec(&Response { id, answer })?;
    }
    text.push(b'\n');
    lines.write(&text)
}

fn answer(ask: Ask, shared: &Shared) -> Answer {
    match ask {
        Ask::Hello { protocol } if protocol == PROTOCOL => Answer::Hello {
            protocol,
            points: shared
                .workers
                .values()
                .map(|worker| worker.info.clone())
                .collect(),
            protections: shared.protections.clone(),
        },
        Ask::Hello { .. } => Answer::failed(
            PointErrorKind::Input,
            format_args!("only {PROTOCOL} is spoken here"),
        ),
        Ask::Register {
            orders,
            signatures,
            dangerously_without_break_glass,
        } => shared
            .keeper
            .register(*orders, &signatures, dangerously_without_break_glass),
        Ask::PermitLift { signed } => shared.keeper.permit_lift(&signed),
        Ask::Renew { signed } => shared.keeper.renew(&signed),
        Ask::Registered {} => shared.keeper.registered(),
        Ask::Services {
            names,
            deadline_milliseconds,
        } => services::answer(&shared.services, &names, deadline_milliseconds),
        Ask::Observe(reading) => at_point(shared, reading.targets.len(), Job::Observe(reading)),
        Ask::Probe(reading) => at_point(shared, reading.targets.len(), Job::Probe(reading)),
        Ask::Apply {
            at,
            orders_digest,
            withdrawals,
        } => at_point(
            shared,
            withdrawals.len(),
            Job::Apply(at, orders_digest, withdrawals),
        ),
        Ask::Lift {
            at,
            orders_digest,
            returns,
        } => at_point(shared, returns.len(), Job::Lift(at, orders_digest, returns)),
        Ask::ProveBreakGlass { at } => at_point(shared, 0, Job::ProveBreakGlass(at)),
    }
}

fn at_point(shared: &Shared, targets: usize, job: Job) -> Answer {
    let claim = job.claim();
    if targets > TARGETS_PER_REQUEST_MAX {
        return Answer::failed(
            PointErrorKind::Input,
            format_args!("{targets} targets in one request, {TARGETS_PER_REQUEST_MAX} at most"),
        );
    }
    if !(1..=DEADLINE_MILLISECONDS_MAX).contains(&claim.deadline_milliseconds) {
        return Answer::failed(
            PointErrorKind::Input,
            format_args!("a deadline has 1 to {DEADLINE_MILLISECONDS_MAX} ms"),
        );
    }
    match shared.workers.get(&claim.point) {
        Some(worker) => worker.ask(job),
        None => Answer::failed(
            PointErrorKind::Config,
            format_args!("the actuator has no point {}", claim.point),
        ),
    }
}
