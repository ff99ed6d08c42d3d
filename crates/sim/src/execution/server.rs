//! Simulated servers, and the enforcement point that speaks with one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind,
    PointState, Probe, ProbeAnswer, Standing, Target, TargetKind,
};
use jiff::Timestamp;
use serde_json::json;

/// What a server holds of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Whether the access is open.
    pub(super) open: bool,
    /// Something else about it that administrators change, and that a lift must give back.
    pub(super) detail: u32,
    /// The mark of a withdrawal of Cordon's.
    pub(super) mark: Option<Mark>,
    /// Until when the server itself holds the withdrawal.
    pub(super) lease_until: Option<Timestamp>,
    /// What the detail was before a withdrawal, which the server knows only to end the lease by itself.
    pub(super) detail_before: u32,
}

/// The detail of what is withdrawn: a withdrawal wipes what was there, so that only the prior state can give it back.
const WIPED: u32 = 900;

impl Cell {
    const fn open(detail: u32) -> Self {
        Self {
            open: true,
            detail,
            mark: None,
            lease_until: None,
            detail_before: detail,
        }
    }
}

/// A server in memory.
#[derive(Clone, Debug)]
pub struct SimulatedServer {
    cells: BTreeMap<Target, Cell>,
    /// Whether it ends withdrawals itself when their lease ends.
    pub holds_lease: bool,
    /// Whether it shows the mark that a withdrawal left.
    pub shows_mark: bool,
    /// The server's own clock.
    pub now: Timestamp,
    /// Until when it cannot be reached.
    pub down_until: Timestamp,
}

impl SimulatedServer {
    /// A server at which every target given is open, with this detail.
    #[must_use]
    pub fn new(targets: impl IntoIterator<Item = (Target, u32)>, now: Timestamp) -> Self {
        Self {
            cells: targets
                .into_iter()
                .map(|(target, detail)| (target, Cell::open(detail)))
                .collect(),
            holds_lease: false,
            shows_mark: true,
            now,
            down_until: Timestamp::MIN,
        }
    }

    /// Withdrawals whose lease ended are ended.
    pub fn set_time(&mut self, now: Timestamp) {
        self.now = now;
        for cell in self.cells.values_mut() {
            if cell.lease_until.is_some_and(|until| until <= now) {
                *cell = Cell::open(cell.detail_before);
            }
        }
    }

    /// An administrator turns a target on or off, which leaves this detail.
    pub fn change_outside(&mut self, target: &Target, open: bool, detail: u32) {
        if let Some(cell) = self.cells.get_mut(target) {
            *cell = Cell {
                open,
                ..Cell::open(detail)
            };
        }
    }

    pub(super) fn cell(&self, target: &Target) -> Option<&Cell> {
        self.cells.get(target)
    }

    pub(super) fn marked(&self) -> impl Iterator<Item = &Target> {
        self.cells
            .iter()
            .filter(|(_, cell)| cell.mark.is_some())
            .map(|(target, _)| target)
    }

    /// Everything that it holds, for comparison.
    #[must_use]
    pub fn picture(&self) -> String {
        format!("{:?}", self.cells)
    }

    fn observe(&self, target: &Target) -> Observation {
        let Some(cell) = self.cells.get(target) else {
            return Observation {
                standing: Standing::Absent,
                state: PointState(json!(null)),
                mark: None,
            };
        };
        let standing = if cell.open {
            Standing::Open
        } else {
            Standing::Withdrawn
        };
        let mark = if self.shows_mark { cell.mark.clone() } else { None };
        Observation {
            standing,
            state: state(cell.open, cell.detail),
            mark,
        }
    }

    fn apply(&mut self, applying: &Applying<'_>) -> Result<(), PointError> {
        let current = self.observe(applying.target).state;
        let lease_until = if self.holds_lease {
            applying.lease_until
        } else {
            None
        };
        let cell = self
            .cells
            .get_mut(applying.target)
            .ok_or_else(|| stale("no such account"))?;
        if cell.mark.as_ref() == Some(applying.mark) {
            cell.lease_until = lease_until;
            return Ok(());
        }
        if current != *applying.prior {
            return Err(stale("what stands is not what was assumed"));
        }
        if cell.open {
            *cell = Cell {
                open: false,
                detail: WIPED,
                mark: Some(applying.mark.clone()),
                lease_until,
                detail_before: cell.detail,
            };
        }
        Ok(())
    }

    fn lift(&mut self, lifting: &Lifting<'_>) -> Result<(), PointError> {
        let current = self.observe(lifting.target).state;
        let cell = self
            .cells
            .get_mut(lifting.target)
            .ok_or_else(|| stale("no such account"))?;
        if current == *lifting.prior {
            return Ok(());
        }
        if cell.mark.as_ref() != Some(lifting.mark) {
            return Err(stale("what stands is not what the withdrawal left"));
        }
        *cell = restored(lifting.prior).ok_or_else(|| stale("that is no state of an account"))?;
        Ok(())
    }
}

/// What a state in the server's words stands for.
pub(super) fn restored(state: &PointState) -> Option<Cell> {
    let detail = u32::try_from(state.0.get("detail")?.as_u64()?).ok()?;
    Some(Cell {
        open: state.0.get("open")?.as_bool()?,
        ..Cell::open(detail)
    })
}

fn withdrawn() -> PointState {
    state(false, WIPED)
}

fn state(open: bool, detail: u32) -> PointState {
    PointState(json!({"open": open, "detail": detail}))
}

fn stale(text: &str) -> PointError {
    PointError::new(PointErrorKind::Stale, text)
}

/// An enforcement point in memory. What goes wrong on the way to it is the business of whoever calls it, but for what a server can
/// do wrong itself: being down, saying that it did what it did not, and being blind when the access is tried.
#[derive(Clone, Debug)]
pub struct SimulatedPoint {
    server: Arc<Mutex<SimulatedServer>>,
    /// It says that it did what it was asked, and did nothing.
    pub lies: bool,
    /// A try of the access tells nothing.
    pub is_blind: bool,
}

impl SimulatedPoint {
    /// A point at this server.
    #[must_use]
    pub const fn new(server: Arc<Mutex<SimulatedServer>>) -> Self {
        Self {
            server,
            lies: false,
            is_blind: false,
        }
    }

    fn with<T>(
        &self,
        ask: impl FnOnce(&mut SimulatedServer) -> Result<T, PointError>,
    ) -> Result<T, PointError> {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if server.down_until > server.now {
            return Err(PointError::new(PointErrorKind::Target, "connection refused"));
        }
        ask(&mut server)
    }
}

impl EnforcementPoint for SimulatedPoint {
    fn capabilities(&self) -> Capabilities {
        let holds_lease = self
            .server
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .holds_lease;
        Capabilities {
            kinds: vec![TargetKind::Account],
            holds_lease,
            survives_restart: true,
            leaves_open: String::new(),
        }
    }

    fn observe(&mut self, target: &Target, _deadline: Duration) -> Result<Observation, PointError> {
        self.with(|server| Ok(server.observe(target)))
    }

    fn apply(&mut self, applying: &Applying<'_>, _deadline: Duration) -> Result<Observation, PointError> {
        let lies = self.lies;
        self.with(|server| {
            if lies {
                let Observation {
                    mut standing,
                    mut state,
                    ..
                } = server.observe(applying.target);
                standing = if standing == Standing::Absent {
                    standing
                } else {
                    Standing::Withdrawn
                };
                // It says what would stand, if it had done it.
                if state.0.get("open") == Some(&json!(true)) {
                    state = withdrawn();
                }
                return Ok(Observation {
                    standing,
                    state,
                    mark: Some(applying.mark.clone()),
                });
            }
            server.apply(applying)?;
            Ok(server.observe(applying.target))
        })
    }

    fn lift(&mut self, lifting: &Lifting<'_>, _deadline: Duration) -> Result<Observation, PointError> {
        self.with(|server| {
            server.lift(lifting)?;
            Ok(server.observe(lifting.target))
        })
    }

    fn probe(&mut self, target: &Target, _deadline: Duration) -> Result<Probe, PointError> {
        let is_blind = self.is_blind;
        self.with(|server| {
            let answer = match server.observe(target).standing {
                _ if is_blind => ProbeAnswer::Inconclusive,
                Standing::Open => ProbeAnswer::Admitted,
                _ => ProbeAnswer::Refused,
            };
            Ok(Probe {
                answer,
                how: "a logon in memory".to_owned(),
            })
        })
    }
}
