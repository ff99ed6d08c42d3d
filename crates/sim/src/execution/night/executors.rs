//! What executors do in a night: take events in, crash, pause, write, claim, start again.

use cordon_act::{Effect, Event, PointName, Reconciler, Write};
use cordon_store::memory::Fault;
use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;

use super::{Happening, Night};
use crate::execution::record::{Desk, Ended};

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
                let goal = running.map(|reconciler| reconciler.book().goal(&request.placement, time).0);
                self.check_ask(&request, goal);
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
        self.chance(self.chaos.crash) && self.end(executor)
    }

    /// An executor's process ends, and is started again after a while.
    fn end(&mut self, executor: usize) -> bool {
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
        let fault = self.draw_fault();
        if let Some(fault) = fault {
            self.say(format!("the store of executor {executor}: {fault:?}"));
        }
        self.record.storage.fail_next(fault);
        let desk = self
            .executors
            .get_mut(executor)
            .filter(|state| state.life == life)
            .and_then(|state| state.desk.as_mut());
        let written = match desk {
            Some(desk) => desk.write(write, time),
            None => {
                self.record.commit_for_the_dead(write, time);
                Ok(Vec::new())
            }
        };
        self.record.storage.fail_next(None);
        self.take_news();
        match written {
            Ok(events) => {
                for event in events {
                    self.tell(executor, life, event);
                }
            }
            // Nobody knows whether it was written: the process ends, and the next begins from what is there.
            Err(Ended) => {
                self.end(executor);
            }
        }
    }

    fn draw_fault(&mut self) -> Option<Fault> {
        if self.chance(self.chaos.write_fails) {
            return Some(Fault::Fails);
        }
        if !self.chance(self.chaos.write_untold) {
            return None;
        }
        let written = self.random.random_bool(0.5);
        Some(if written {
            Fault::WrittenUntold
        } else {
            Fault::LostUntold
        })
    }

    /// Reads what became durable, and checks it.
    fn take_news(&mut self) {
        for (time, entry) in self.record.news() {
            self.say(format!("recorded: {entry:?}"));
            self.check_entry(&entry);
            self.record.take(time, entry);
        }
    }

    /// An executor reads what others wrote.
    pub(super) fn read_record(&mut self, executor: usize) {
        let Some(state) = self.executors.get_mut(executor) else {
            return;
        };
        let (Some(desk), true) = (&mut state.desk, state.running.is_some()) else {
            return;
        };
        let new = desk.learn().unwrap_or_default();
        if !new.is_empty() {
            state.tell(Event::Learned(new), self.now);
        }
    }

    pub(super) fn start(&mut self, executor: usize) {
        let store = Box::new(self.record.storage.open());
        let Some(state) = self.executors.get_mut(executor) else {
            return;
        };
        state.life += 1;
        let Ok((desk, book)) = Desk::open(store, format!("executor-{executor}-{}", state.life)) else {
            return;
        };
        state.desk = Some(desk);
        state.epochs.clear();
        state.running = Some(Reconciler::new(book, state.time(self.now)));
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
            let time = state.time(self.now);
            let claimed = state.desk.as_mut().map(|desk| desk.claim(&point, time));
            let Some(Ok(epoch)) = claimed else {
                self.end(executor);
                return;
            };
            let held = state.epochs.get(&point).copied();
            let event = match (epoch, held) {
                (Some(epoch), _) if held != Some(epoch) => {
                    state.epochs.insert(point.clone(), epoch);
                    let point_there = crate::execution::SimulatedPoint::new(self.server(&point));
                    let capabilities = cordon_act::EnforcementPoint::capabilities(&point_there);
                    Event::Claimed {
                        point,
                        epoch,
                        capabilities,
                    }
                }
                (None, Some(epoch)) => {
                    state.epochs.remove(&point);
                    Event::ClaimLost { point, epoch }
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
