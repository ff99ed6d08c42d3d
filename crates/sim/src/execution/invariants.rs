//! What must hold on every night, whatever goes wrong. The numbers are those of `docs/execution.md`.

use cordon_act::recover::{Goal, Last};
use cordon_act::{Ask, Book, Entry, Placement, PointState, Request, Target, Trouble};
use serde_json::json;

use super::night::Night;
use super::server::Cell;

fn state_of(cell: &Cell) -> PointState {
    PointState(json!({"open": cell.open, "detail": cell.detail}))
}

impl Night {
    fn violated(&mut self, invariant: u8, text: &str) {
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
            Ask::Apply { .. } if before.open && !after.open => self.check_withdrawal(placement, before),
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
        let recorded = self.record.book.placement(placement);
        let intent = recorded.is_some_and(|state| state.last != Last::Nothing);
        let prior = recorded
            .and_then(|state| state.prior.as_ref())
            .map(|prior| prior.state.clone());
        if !intent || prior.is_none() {
            return self.violated(
                1,
                &format!("{placement} was withdrawn before its intent and prior state were durable"),
            );
        }
        if prior != Some(state_of(before)) {
            self.violated(
                2,
                &format!(
                    "{placement} was withdrawn from {before:?}, but {prior:?} is what would be given back"
                ),
            );
        }
    }

    fn check_lift(&mut self, placement: &Placement, after: &Cell) {
        let prior = self
            .record
            .book
            .placement(placement)
            .and_then(|state| state.prior.as_ref());
        if prior.map(|prior| prior.state.clone()) != Some(state_of(after)) {
            let prior = format!("{prior:?}");
            self.violated(
                2,
                &format!("{placement} was given back as {after:?}, before it was {prior}"),
            );
        }
    }

    /// An executor asks for a change: it may give back only what, as far as it knows, no order holds.
    pub(super) fn check_ask(&mut self, request: &Request, known: &Book, time: jiff::Timestamp) {
        let gives_back = matches!(request.ask, Ask::Lift { .. });
        if gives_back && known.goal(&request.placement, time).0 == Goal::Hold {
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
                if self
                    .record
                    .book
                    .placement(&placement)
                    .is_none_or(|state| state.last == Last::Nothing)
                {
                    self.violated(
                        7,
                        &format!("{placement} is withdrawn, and nothing is recorded of it"),
                    );
                }
            }
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
