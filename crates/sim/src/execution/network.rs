//! The way of a request to its server and back, and everything that can happen to it.

use cordon_act::{Answer, PointError, PointErrorKind, Request};
use jiff::Timestamp;
use rand::RngExt as _;

use super::night::{Happening, Night};

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

    /// A request arrives at the actuator, and what that answers goes back.
    pub(super) fn arrive(&mut self, executor: usize, life: u32, request: &Request) {
        if self.chance(self.chaos.server_restart) {
            self.restart_server(&request.placement.point);
        }
        if self.actuator_is_killed() {
            return;
        }
        let Some(answer) = self.act(request) else { return };
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
