//! The way of a request to its server and back, and everything that can happen to it.

use std::time::Duration;

use cordon_act::{
    Answer, Applying, Ask, EnforcementPoint as _, Lifting, PointError, PointErrorKind, Request,
};
use jiff::Timestamp;
use rand::RngExt as _;

use super::night::{Happening, Night};
use super::server::SimulatedPoint;

/// When an executor gives a request up, in milliseconds.
const DEADLINE_MILLISECONDS: i64 = 20_000;

/// How late a request may still arrive, in milliseconds; below what [`cordon_act::limits::LATE_EFFECT_SECONDS`] allows for.
const LATEST_MILLISECONDS: i64 = 55_000;

impl Night {
    /// Sends a request on its way: it may be lost, late, or doubled. Its sender hears of it at the latest when it gives it up.
    pub(super) fn send(&mut self, executor: usize, life: u32, request: &Request) {
        let given_up = Answer::from_error(request, PointError::new(PointErrorKind::Unknown, "no answer"));
        self.after(
            DEADLINE_MILLISECONDS,
            Happening::Reply {
                executor,
                life,
                call: request.call,
                answer: given_up,
            },
        );
        if self.chance(self.chaos.request_lost) {
            return self.say(format!("{} is lost on its way", request.placement));
        }
        let late = self.chance(self.chaos.request_late);
        let twice = if self.chance(self.chaos.request_twice) {
            2
        } else {
            1
        };
        for _ in 0..twice {
            let longest = if late { LATEST_MILLISECONDS } else { 400 };
            let delay = self.random.random_range(1..=longest);
            self.after(
                delay,
                Happening::Request {
                    executor,
                    life,
                    request: Box::new(request.clone()),
                },
            );
        }
    }

    /// A request arrives at the actuator, which lets no executor through that is not the newest, and then at its server.
    pub(super) fn arrive(&mut self, executor: usize, life: u32, request: &Request) {
        if self.chance(self.chaos.server_restart) {
            self.restart_server(&request.placement.point);
        }
        let answer = match self.gate(request) {
            Ok(()) => self.serve(request),
            Err(error) => Answer::from_error(request, error),
        };
        if self.chance(self.chaos.reply_lost) {
            return self.say(format!("the reply about {} is lost", request.placement));
        }
        let delay = self.random.random_range(1..=300);
        self.after(
            delay,
            Happening::Reply {
                executor,
                life,
                call: request.call,
                answer,
            },
        );
    }

    fn gate(&mut self, request: &Request) -> Result<(), PointError> {
        let newest = self
            .newest_epoch
            .entry(request.placement.point.clone())
            .or_insert(0);
        *newest = (*newest).max(request.epoch);
        let ignores = self.has_bug(super::night::NightBug::IgnoresFence);
        let highest = self
            .highest_epoch
            .entry(request.placement.point.clone())
            .or_insert(0);
        if request.epoch < *highest && !ignores {
            return Err(PointError::new(
                PointErrorKind::Target,
                "another executor acts at this point",
            ));
        }
        *highest = (*highest).max(request.epoch);
        // A copy, or one that was overtaken, is too late.
        let order = (request.epoch, request.call.0);
        let latest = self
            .latest_call
            .entry(request.placement.clone())
            .or_insert((0, 0));
        if order <= *latest && !ignores {
            return Err(PointError::new(
                PointErrorKind::Target,
                "a later request came before this one",
            ));
        }
        *latest = order;
        Ok(())
    }

    fn serve(&mut self, request: &Request) -> Answer {
        let lies = self.chance(self.chaos.server_lies);
        let is_blind = self.chance(self.chaos.probe_blind);
        let server = self.server(&request.placement.point);
        let mut point = SimulatedPoint::new(server);
        (point.lies, point.is_blind) = (lies, is_blind);
        let before = self.cell(&request.placement);
        let answer = serve(&mut point, request);
        let after = self.cell(&request.placement);
        if before != after {
            self.check_effect(request, before.as_ref(), after.as_ref());
        }
        answer
    }

    fn restart_server(&mut self, point: &cordon_act::PointName) {
        let seconds = self.random.random_range(1..30);
        self.say(format!("{point} restarts and is away for {seconds} s"));
        let until = self.in_milliseconds(seconds * 1000);
        if let Ok(mut server) = self.server(point).lock() {
            server.down_until = until;
        }
    }

    pub(super) fn in_milliseconds(&self, milliseconds: i64) -> Timestamp {
        self.now + jiff::SignedDuration::from_millis(milliseconds)
    }
}

fn serve(point: &mut SimulatedPoint, request: &Request) -> Answer {
    let target = &request.placement.target;
    let deadline = Duration::from_secs(20);
    match &request.ask {
        Ask::Observe => Answer::Stands(point.observe(target, deadline)),
        Ask::Apply {
            prior,
            mark,
            lease_until,
        } => Answer::Stands(point.apply(
            &Applying {
                target,
                prior,
                mark,
                lease_until: *lease_until,
            },
            deadline,
        )),
        Ask::Lift { prior, left, mark } => Answer::Stands(point.lift(
            &Lifting {
                target,
                prior,
                left: left.as_ref(),
                mark,
            },
            deadline,
        )),
        Ask::Probe => Answer::Tried(point.probe(target, deadline)),
    }
}
