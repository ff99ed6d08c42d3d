//! How bad a night is: the chances of every fault, drawn from the seed.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

/// The chance of each fault, in thousandths of the occasions for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chaos {
    /// A request never arrives.
    pub request_lost: u32,
    /// The reply is lost after the effect.
    pub reply_lost: u32,
    /// A request arrives twice.
    pub request_twice: u32,
    /// A request arrives after its sender gave it up.
    pub request_late: u32,
    /// A write fails.
    pub write_fails: u32,
    /// Nobody says whether a write took place; half of those did.
    pub write_untold: u32,
    /// The actuator's memory cannot be written.
    pub gate_write_fails: u32,
    /// The actuator is killed, at any step of a request.
    pub actuator_crash: u32,
    /// The executor crashes, at any event that it takes in.
    pub crash: u32,
    /// The executor is paused for longer than its claim, at any event.
    pub pause: u32,
    /// The executor's clock jumps, at any event.
    pub clock_jump: u32,
    /// A server restarts, at any request.
    pub server_restart: u32,
    /// A probe says that nothing could be told.
    pub probe_blind: u32,
    /// A server says that it did what it was asked and did not.
    pub server_lies: u32,
    /// How many times somebody else changes something.
    pub outside_changes: u32,
    /// True if a second executor runs.
    pub two_executors: bool,
}

impl Chaos {
    /// A night without any fault.
    pub const NONE: Self = Self {
        request_lost: 0,
        reply_lost: 0,
        request_twice: 0,
        request_late: 0,
        write_fails: 0,
        write_untold: 0,
        gate_write_fails: 0,
        actuator_crash: 0,
        crash: 0,
        pause: 0,
        clock_jump: 0,
        server_restart: 0,
        probe_blind: 0,
        server_lies: 0,
        outside_changes: 0,
        two_executors: false,
    };

    /// Each fault is off in half of all nights, so that each also happens alone.
    pub(super) fn draw(random: &mut ChaCha8Rng) -> Self {
        let mut chance = |most: u32| {
            if random.random_bool(0.5) {
                random.random_range(1..=most)
            } else {
                0
            }
        };
        Self {
            request_lost: chance(200),
            reply_lost: chance(200),
            request_twice: chance(200),
            request_late: chance(150),
            write_fails: chance(150),
            write_untold: chance(30),
            gate_write_fails: chance(60),
            actuator_crash: chance(20),
            crash: chance(30),
            pause: chance(10),
            clock_jump: chance(10),
            server_restart: chance(30),
            probe_blind: chance(300),
            server_lies: chance(60),
            outside_changes: chance(6),
            two_executors: random.random_bool(0.4),
        }
    }
}
