//! What executors do in a night: take events in, crash, pause, write, claim, start again.

use cordon_act::{Effect, Event, PointName, Reconciler, Write};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;

use super::{Happening, Night};

impl Night {
    pub(super) fn tell(&mut self, executor: usize, life: u32, event: Event) {
        if self
            .executors
            .get(executor)
            .is_some_and(|state| state.life == life && state.running.is_some())
        {
            self.turn(executor, Some(event));
        }
    }

    /// An executor takes something in and does what follows; it may crash before or after.
    pub(super) fn turn(&mut self, executor: usize, event: Option<Event>) {
        if self.crashes(executor) || self.is_paused(executor, event.as_ref()) {
            return;
        }
        let Some(state) = self.executors.get_mut(executor) else {
            return;
        };
        let time = state.time(self.now);
        if let Some(event) = event {
            state.tell(event, self.now);
        }
        let Some(reconciler) = &mut state.running else {
            return;
        };
        let life = state.life;
        let effects = reconciler.poll(time);
        let wake_at = reconciler.wake_at();
        for effect in effects {
            if self.crashes(executor) {
                return;
            }
            self.carry_out(executor, life, effect, time);
        }
        if let Some(wake_at) = wake_at {
            let wait = i64::try_from(wake_at.duration_since(time).as_millis()).unwrap_or(60_000);
            self.wake(executor, wait.clamp(1, 60_000));
        }
    }

    /// Plans that an executor looks again, unless it does so sooner anyway.
    fn wake(&mut self, executor: usize, milliseconds: i64) {
        let time = self.in_milliseconds(milliseconds);
        let Some(state) = self.executors.get_mut(executor) else {
            return;
        };
        if state
            .wakes_at
            .is_some_and(|planned| planned > self.now && planned <= time)
        {
            return;
        }
        state.wakes_at = Some(time);
        self.after(milliseconds, Happening::Wake { executor });
    }

    fn carry_out(&mut self, executor: usize, life: u32, effect: Effect, time: Timestamp) {
        match effect {
            Effect::Write(write) => {
                let delay = self.random.random_range(1..20);
                self.after(
                    delay,
                    Happening::Write {
                        executor,
                        life,
                        write: Box::new(write),
                        time,
                    },
                );
            }
            Effect::Ask(request) => {
                let running = self
                    .executors
                    .get(executor)
                    .and_then(|state| state.running.as_ref());
                if let Some(known) = running.map(|reconciler| reconciler.book().clone()) {
                    self.check_ask(&request, &known, time);
                }
                self.say(format!(
                    "executor {executor} asks {:?} {}",
                    request.ask, request.placement
                ));
                self.send(executor, life, &request);
            }
            Effect::ProbeServices { plan_hash } => {
                let event = Event::ServicesProbed {
                    plan_hash,
                    failing: Vec::new(),
                };
                self.after(
                    50,
                    Happening::Tell {
                        executor,
                        life,
                        event,
                    },
                );
            }
        }
    }

    fn crashes(&mut self, executor: usize) -> bool {
        if !self.chance(self.chaos.crash) {
            return false;
        }
        let Some(state) = self.executors.get_mut(executor) else {
            return true;
        };
        if state.running.take().is_none() {
            return true;
        }
        self.report.crashes += 1;
        self.say(format!("executor {executor} crashes"));
        let delay = self.random.random_range(100..60_000);
        self.after(delay, Happening::Start { executor });
        true
    }

    fn is_paused(&mut self, executor: usize, event: Option<&Event>) -> bool {
        let begins = self.chance(self.chaos.pause);
        let jumps = self.chance(self.chaos.clock_jump);
        let seconds = self.random.random_range(1..120);
        let Some(state) = self.executors.get_mut(executor) else {
            return true;
        };
        if jumps {
            state.skew = SignedDuration::from_secs(seconds - 60);
        }
        if begins {
            state.paused_until = self.now + SignedDuration::from_secs(seconds);
        }
        if state.paused_until <= self.now {
            return false;
        }
        // What arrives during a pause waits in its queue.
        let wait = state.paused_until.duration_since(self.now).as_millis();
        let (wait, life) = (i64::try_from(wait).unwrap_or(1).max(1), state.life);
        let later = match event.cloned() {
            Some(event) => Happening::Tell {
                executor,
                life,
                event,
            },
            None => Happening::Wake { executor },
        };
        self.after(wait, later);
        true
    }

    pub(super) fn reach_disk(&mut self, executor: usize, life: u32, write: &Write, time: Timestamp) {
        if self.chance(self.chaos.write_fails) {
            self.say(format!("a write of executor {executor} fails"));
            return self.tell(executor, life, Event::NotWritten(write.id));
        }
        if let Err(fenced) = self.record.check(&write.claims) {
            self.say(format!("a write of executor {executor} is fenced"));
            self.tell(executor, life, Event::ClaimLost(fenced.0));
            return self.tell(executor, life, Event::NotWritten(write.id));
        }
        for entry in &write.entries {
            self.say(format!("recorded by executor {executor}: {entry:?}"));
            self.check_entry(entry);
            self.record.append(time, entry, (executor, life));
        }
        self.tell(executor, life, Event::Written(write.id));
    }

    /// An executor reads what others wrote.
    pub(super) fn read_record(&mut self, executor: usize) {
        let Some(state) = self.executors.get_mut(executor) else {
            return;
        };
        let reader = (executor, state.life);
        let new = self.record.since(state.seen, reader);
        state.seen = self.record.entries.len();
        if !new.is_empty() {
            state.tell(Event::Learned(new), self.now);
        }
    }

    pub(super) fn start(&mut self, executor: usize) {
        let book = self.record.book.clone();
        let Some(state) = self.executors.get_mut(executor) else {
            return;
        };
        state.life += 1;
        state.seen = self.record.entries.len();
        state.epochs.clear();
        let mut reconciler = Reconciler::new(book, state.time(self.now));
        if let Some(bug) = self.planted {
            reconciler.plant(bug);
        }
        state.running = Some(reconciler);
        self.record.release(executor);
        self.say(format!("executor {executor} starts"));
        self.claim(executor);
    }

    /// Takes every claim that is free, again and again while it runs.
    pub(super) fn claim(&mut self, executor: usize) {
        let points: Vec<PointName> = self.servers.keys().cloned().collect();
        for point in points {
            let Some(state) = self.executors.get_mut(executor) else {
                return;
            };
            if state.running.is_none() || state.paused_until > self.now {
                continue;
            }
            let life = state.life;
            self.read_record(executor);
            let Some(state) = self.executors.get_mut(executor) else {
                return;
            };
            let epoch = self.record.claim(&point, executor, state.time(self.now));
            let held = state.epochs.get(&point).copied();
            let event = match epoch {
                Some(epoch) if held != Some(epoch) => {
                    state.epochs.insert(point.clone(), epoch);
                    let point_there = crate::execution::SimulatedPoint::new(self.server(&point));
                    let capabilities = cordon_act::EnforcementPoint::capabilities(&point_there);
                    Event::Claimed {
                        point,
                        epoch,
                        capabilities,
                    }
                }
                None if held.is_some() => {
                    state.epochs.remove(&point);
                    Event::ClaimLost(point)
                }
                _ => continue,
            };
            self.tell(executor, life, event);
        }
        let running = self
            .executors
            .get(executor)
            .is_some_and(|state| state.running.is_some());
        if running {
            self.after(10_000, Happening::Claim { executor });
        }
    }
}
