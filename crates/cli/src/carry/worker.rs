//! One thread for each enforcement point: asks the actuator in batches, and says what came back.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use cordon_act::limits::CALL_SECONDS;
use cordon_act::wire::{self, Claim, Outcome, Reading, Return, TARGETS_PER_REQUEST_MAX, Withdrawal};
use cordon_act::{Answer, Ask, Event, PointError, PointErrorKind, PointName, Request, Verb};

use super::Told;
use crate::actuator::Client;

/// How long an actuator that does not answer is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// Starts the thread of a point.
pub(super) fn start(socket: &Path, told: Sender<Told>) -> Sender<Vec<Request>> {
    let (sender, receiver) = channel();
    let mut client = Client::new(socket);
    std::thread::spawn(move || serve(&receiver, &told, &mut client));
    sender
}

/// Starts the thread that asks the probes of protected services.
pub(super) fn start_services(socket: &Path, told: Sender<Told>) -> Sender<String> {
    let (sender, receiver) = channel::<String>();
    let mut client = Client::new(socket);
    std::thread::spawn(move || {
        for plan_hash in receiver {
            let failing = failing_services(&mut client);
            let answer = Told::Answer(Event::ServicesProbed { plan_hash, failing });
            if told.send(answer).is_err() {
                return;
            }
        }
    });
    sender
}

/// Services whose probe fails. An actuator that does not answer is asked until it does: no further wave is begun on a guess, and none is
/// given up because the actuator was started anew.
fn failing_services(client: &mut Client) -> Vec<String> {
    loop {
        let ask = wire::Ask::Services {
            names: Vec::new(),
            deadline_milliseconds: CALL_SECONDS * 1000,
        };
        match client.ask(ask) {
            Ok(wire::Answer::Services { services }) => {
                let failing = services.into_iter().filter(|service| !service.serves);
                return failing.map(|service| service.name).collect();
            }
            Err(error) if matches!(error.kind, PointErrorKind::Target | PointErrorKind::Unknown) => {
                std::thread::sleep(PAUSE);
            }
            _ => return vec!["(the actuator did not say)".to_owned()],
        }
    }
}

fn serve(requests: &Receiver<Vec<Request>>, told: &Sender<Told>, client: &mut Client) {
    while let Ok(mut batch) = requests.recv() {
        while let Ok(more) = requests.try_recv() {
            batch.extend(more);
        }
        for group in groups(batch) {
            for (request, answer) in ask(client, group) {
                if told
                    .send(Told::Answer(Event::Answered(request.call, answer)))
                    .is_err()
                {
                    return;
                }
            }
        }
    }
}

/// Requests that can be asked at once: of one verb, orders and epoch, in their order.
fn groups(batch: Vec<Request>) -> Vec<Vec<Request>> {
    let mut groups: Vec<Vec<Request>> = Vec::new();
    let alike = |one: &Request, other: &Request| {
        verb(one) == verb(other) && one.orders_digest == other.orders_digest && one.epoch == other.epoch
    };
    for request in batch {
        let place = groups.iter_mut().find(|group| {
            group.len() < TARGETS_PER_REQUEST_MAX && group.first().is_some_and(|first| alike(first, &request))
        });
        match place {
            Some(group) => group.push(request),
            None => groups.push(vec![request]),
        }
    }
    groups
}

const fn verb(request: &Request) -> Verb {
    match request.ask {
        Ask::Observe => Verb::Observe,
        Ask::Apply { .. } => Verb::Apply,
        Ask::Lift { .. } => Verb::Lift,
        Ask::Probe => Verb::Probe,
    }
}

fn ask(client: &mut Client, group: Vec<Request>) -> Vec<(Request, Answer)> {
    let Some(first) = group.first() else {
        return Vec::new();
    };
    let answer = client.ask(question(first, &group));
    let outcomes: Vec<Result<Answer, PointError>> = match answer {
        Ok(wire::Answer::Observed { outcomes }) => outcomes
            .into_iter()
            .map(|one| result(one).map(|seen| Answer::Stands(Ok(seen))))
            .collect(),
        Ok(wire::Answer::Probed { outcomes }) => outcomes
            .into_iter()
            .map(|one| result(one).map(|probe| Answer::Tried(Ok(probe))))
            .collect(),
        Ok(wire::Answer::Refused { refusal }) => same(&group, &refused(&refusal)),
        Ok(_) => same(
            &group,
            &PointError::new(PointErrorKind::Bug, "the actuator answered another question"),
        ),
        Err(error) => same(&group, &error),
    };
    let missing = || {
        Err(PointError::new(
            PointErrorKind::Unknown,
            "the actuator answered for fewer targets",
        ))
    };
    let mut outcomes = outcomes.into_iter();
    group
        .into_iter()
        .map(|request| {
            let outcome = outcomes.next().unwrap_or_else(missing);
            let answer = outcome.unwrap_or_else(|error| Answer::from_error(&request, error));
            (request, answer)
        })
        .collect()
}

fn same(group: &[Request], error: &PointError) -> Vec<Result<Answer, PointError>> {
    group.iter().map(|_| Err(error.clone())).collect()
}

fn result<T>(outcome: Outcome<T>) -> Result<T, PointError> {
    match outcome {
        Outcome::Done(value) => Ok(value),
        Outcome::Refused(refusal) => Err(refused(&refusal)),
        Outcome::Failed(error) => Err(error),
    }
}

fn refused(refusal: &cordon_act::gate::Refusal) -> PointError {
    PointError::new(refusal.kind(), format_args!("the actuator refuses: {refusal}"))
}

fn question(first: &Request, group: &[Request]) -> wire::Ask {
    let point: PointName = first.placement.point.clone();
    let at = Claim {
        point,
        epoch: first.epoch,
        deadline_milliseconds: CALL_SECONDS * 1000,
    };
    let orders_digest = first.orders_digest.clone();
    match first.ask {
        Ask::Observe => wire::Ask::Observe(reading(at, group)),
        Ask::Probe => wire::Ask::Probe(reading(at, group)),
        Ask::Apply { .. } => wire::Ask::Apply {
            at,
            orders_digest,
            withdrawals: group.iter().filter_map(withdrawal).collect(),
        },
        Ask::Lift { .. } => wire::Ask::Lift {
            at,
            orders_digest,
            returns: group.iter().filter_map(given_back).collect(),
        },
    }
}

fn reading(at: Claim, group: &[Request]) -> Reading {
    Reading {
        at,
        targets: group
            .iter()
            .map(|request| request.placement.target.clone())
            .collect(),
        calls: group.iter().map(|request| request.call.0).collect(),
    }
}

fn withdrawal(request: &Request) -> Option<Withdrawal> {
    let Ask::Apply {
        prior, lease_until, ..
    } = &request.ask
    else {
        return None;
    };
    Some(Withdrawal {
        call: request.call.0,
        order: request.order.clone(),
        target: request.placement.target.clone(),
        prior: prior.clone(),
        lease_until: *lease_until,
    })
}

fn given_back(request: &Request) -> Option<Return> {
    let Ask::Lift { prior, left, .. } = &request.ask else {
        return None;
    };
    Some(Return {
        call: request.call.0,
        orders: vec![request.order.clone()],
        target: request.placement.target.clone(),
        prior: prior.clone(),
        left: left.clone(),
    })
}
