//! What must hold on every night, whatever goes wrong. The numbers are those of `docs/execution.md`.

use cordon_act::own_effects::own_effects;
use cordon_act::recover::Goal;
use cordon_act::{Ask, Book, Entry, LeaseEnd, Placement, Request, Target, Trouble};
use jiff::{SignedDuration, Timestamp};

use super::night::Night;
use super::server::{Cell, restored};

impl Night {
    pub(super) fn violated(&mut self, invariant: u8, text: &str) {
        self.report
            .violations
            .push(format!("invariant {invariant} at {}: {text}", self.now));
    }

    /// A request changed something at a server.
    pub(super) fn check_effect(&mut self, request: &Request, before: Option<&Cell>, after: Option<&Cell>) {
        self.report.effects += 1;
        let placement = &request.placement;
        self.say(format!("{placement} was {before:?} and is {after:?}"));
        let (Some(before), Some(after)) = (before, after) else {
            return;
        };
        let newest = self.newest_epoch.get(&placement.point).copied().unwrap_or(0);
        if request.epoch < newest {
            self.violated(
                6,
                &format!("{placement} was changed by an executor that is not the newest"),
            );
        }
        match &request.ask {
            Ask::Apply { .. } => {
                if before.open && !after.open {
                    self.check_withdrawal(placement, before);
                    self.check_permission(request);
                    self.check_volume(request);
                }
                self.check_lease(placement, after);
            }
            Ask::Lift { .. } if !before.open && after.open => self.check_lift(placement, after),
            _ => {}
        }
    }

    fn check_withdrawal(&mut self, placement: &Placement, before: &Cell) {
        if let Target::Account { account } = &placement.target
            && self.never.contains(account)
        {
            self.violated(3, &format!("{placement} must never be withdrawn"));
        }
        let mut registered = self.gate.state().registered.values();
        if registered.any(|one| one.orders.never.contains(placement)) {
            self.violated(4, &format!("a protected service rests on {placement}"));
        }
        let Some(way_back) = self.record.ways_back.get(placement) else {
            return self.violated(
                1,
                &format!("{placement} was withdrawn before its intent and prior state were durable"),
            );
        };
        let back = restored(&way_back.state);
        if back.as_ref() != Some(before) {
            let text =
                format!("{placement} was {before:?}, and from the ledger alone it would become {back:?}");
            self.violated(11, &text);
        }
    }

    /// Only what two people signed is done.
    fn check_permission(&mut self, request: &Request) {
        if !self.approved.contains(&request.orders_digest) {
            let placement = &request.placement;
            self.violated(
                8,
                &format!("{placement} was withdrawn, and no two people approved that"),
            );
        }
    }

    /// In any minute so many at one point, and no more.
    fn check_volume(&mut self, request: &Request) {
        let (point, now) = (&request.placement.point, self.now);
        let minute = SignedDuration::from_secs(60);
        let times = self.withdrawn_at.entry(point.clone()).or_default();
        times.push(now);
        times.retain(|at| now.duration_since(*at) < minute);
        let count = times.len();
        let registered = self.gate.state().registered.get(&request.orders_digest);
        let limit = registered.map(|one| one.orders.limits.per_point_and_minute as usize);
        if limit.is_some_and(|limit| count > limit) {
            self.violated(9, &format!("{count} withdrawals at {point} in a minute"));
        }
    }

    /// No server holds anything for longer than somebody approved.
    fn check_lease(&mut self, placement: &Placement, after: &Cell) {
        let holds_lease = self
            .server(&placement.point)
            .lock()
            .is_ok_and(|server| server.holds_lease);
        if !holds_lease || after.mark.is_none() {
            return;
        }
        if let Promised::Until(promised) = self.promised(placement)
            && after.lease_until.is_none_or(|until| until > promised)
        {
            let text = format!(
                "{placement} is held until {:?}, approved was {promised}",
                after.lease_until
            );
            self.violated(12, &text);
        }
    }

    /// How long a placement may be held, by all orders that people approved and did not give up.
    fn promised(&self, placement: &Placement) -> Promised {
        let mut latest = Timestamp::MIN;
        for one in self.gate.state().registered.values() {
            for order in &one.orders.orders {
                let given_up = one.given_up.contains_key(&order.id);
                if given_up || order.point != placement.point || !order.targets.contains(&placement.target) {
                    continue;
                }
                if order.at_lease_end == LeaseEnd::Hold {
                    return Promised::UntilLifted;
                }
                let own = one.at + SignedDuration::from_mins(i64::from(order.lease_minutes));
                let renewed = one.renewed.get(&order.id).map_or(own, |renewed| renewed.until);
                latest = latest.max(own).max(renewed);
            }
        }
        Promised::Until(latest)
    }

    fn check_lift(&mut self, placement: &Placement, after: &Cell) {
        let prior = self.record.ways_back.get(placement);
        if prior.and_then(|prior| restored(&prior.state)).as_ref() != Some(after) {
            let prior = format!("{prior:?}");
            self.violated(
                2,
                &format!("{placement} was given back as {after:?}, before it was {prior}"),
            );
        }
    }

    /// An executor asks for a change: it may give back only what, as far as it knows, no order holds.
    pub(super) fn check_ask(&mut self, request: &Request, goal: Option<Goal>) {
        let gives_back = matches!(request.ask, Ask::Lift { .. });
        if gives_back && goal == Some(Goal::Hold) {
            self.violated(
                5,
                &format!(
                    "{} is given back while an order still holds it",
                    request.placement
                ),
            );
        }
    }

    /// An entry is about to become durable.
    pub(super) fn check_entry(&mut self, entry: &Entry) {
        let found = match entry {
            Entry::Applying { placement, .. } => begins_too_early(&self.record.book, placement)
                .map(|why| (9, format!("{placement} was begun {why}"))),
            _ => None,
        };
        if let Some((invariant, text)) = found {
            self.violated(invariant, &text);
        }
    }

    /// After every step: nothing stands at a server that is not recorded.
    pub(super) fn check_step(&mut self) {
        for point in self.points() {
            let server = self.server(&point);
            let Ok(server) = server.lock() else { continue };
            let marked: Vec<Target> = server.marked().cloned().collect();
            drop(server);
            for target in marked {
                let placement = Placement {
                    point: point.clone(),
                    target,
                };
                if !self.record.ways_back.contains_key(&placement) {
                    self.violated(
                        7,
                        &format!("{placement} is withdrawn, and nothing is recorded of it"),
                    );
                }
            }
        }
    }

    /// Every logon that was refused because of Cordon is known as its own doing, by the ledger alone.
    pub(super) fn check_own_effects(&mut self) {
        let entries = &self.record.entries;
        let effects = own_effects(entries.iter().map(|(time, entry)| (*time, entry)));
        let known = |placement: &Placement, time: Timestamp| {
            let mut of_placement = effects.iter().filter(|one| one.placement == *placement);
            of_placement.any(|one| one.from <= time && time <= one.until)
        };
        let found: Vec<String> = self
            .refused
            .iter()
            .filter(|(placement, time)| !known(placement, *time))
            .map(|(placement, time)| {
                format!("the logon refused at {time} is not known as Cordon's: {placement}")
            })
            .collect();
        for text in found {
            self.violated(10, &text);
        }
    }

    /// At the end everything was lifted: nothing is stuck, and the world is what other people made of it.
    pub(super) fn check_end(&mut self) {
        let stuck: Vec<String> = self
            .record
            .book
            .placements()
            .iter()
            .filter(|(_, state)| state.is_active())
            .map(|(placement, state)| format!("{placement} is stuck: {state:?}"))
            .collect();
        for text in stuck {
            self.violated(7, &text);
        }
        for point in self.points() {
            let server = self.server(&point);
            let found = server.lock().map(|server| server.picture()).unwrap_or_default();
            let wanted = self
                .twin_of(&point)
                .map(super::SimulatedServer::picture)
                .unwrap_or_default();
            if found != wanted {
                self.violated(
                    2,
                    &format!("{point} is not as before.\n  before: {wanted}\n  after:  {found}"),
                );
            }
        }
        let effects = own_effects(self.record.entries.iter().map(|(time, entry)| (*time, entry)));
        for lasting in effects.iter().filter(|one| one.until == Timestamp::MAX) {
            self.violated(
                10,
                &format!("everything was lifted, but not for own effects: {lasting:?}"),
            );
        }
        if self.printing {
            let troubles: Vec<(Placement, Trouble)> = self
                .record
                .book
                .placements()
                .iter()
                .filter_map(|(placement, state)| Some((placement.clone(), state.trouble.clone()?)))
                .collect();
            for (placement, trouble) in troubles {
                self.say(format!("{placement}: {trouble:?}"));
            }
        }
    }
}

/// Until when a placement may be held.
enum Promised {
    Until(Timestamp),
    UntilLifted,
}

/// Why a placement may not be begun, if it may not. One whose prior state is recorded was begun before.
fn begins_too_early(book: &Book, placement: &Placement) -> Option<String> {
    let state = book.placement(placement)?;
    if state.prior.is_some() || state.holders.is_empty() {
        return None;
    }
    let plans = state
        .holders
        .iter()
        .filter_map(|id| book.plans().get(&book.orders().get(id)?.plan_hash));
    for plan in plans {
        let position = plan.position(placement)?;
        let wave = cordon_act::wave_of(position, plan.canary);
        if wave < plan.waves_allowed {
            return None;
        }
    }
    Some(format!("before its wave: {:?}", state.holders))
}
