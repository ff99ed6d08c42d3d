//! One executor of a night: the real reconciler, with a clock of its own that may be wrong.

use std::collections::BTreeMap;

use cordon_act::{Event, PointName, Reconciler};
use jiff::{SignedDuration, Timestamp};

use super::record::Desk;

/// An executor; `running` is none while it is crashed.
#[derive(Debug)]
pub(super) struct Executor {
    /// The reconciler of this life.
    pub(super) running: Option<Reconciler>,
    /// Its way to the store; that of the last life while it is crashed.
    pub(super) desk: Option<Desk>,
    /// Which life it is in: replies to an earlier one are nobody's.
    pub(super) life: u32,
    /// How far its clock is off.
    pub(super) skew: SignedDuration,
    /// Until when it does nothing, not even notice.
    pub(super) paused_until: Timestamp,
    /// When it looks again by itself, if that is planned.
    pub(super) wakes_at: Option<Timestamp>,
    /// The epochs that it believes to hold.
    pub(super) epochs: BTreeMap<PointName, u64>,
}

impl Executor {
    pub(super) const fn new() -> Self {
        Self {
            running: None,
            desk: None,
            life: 0,
            skew: SignedDuration::ZERO,
            paused_until: Timestamp::MIN,
            wakes_at: None,
            epochs: BTreeMap::new(),
        }
    }

    /// What its clock says.
    pub(super) fn time(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.skew).unwrap_or(now)
    }

    /// Tells it something, unless it is crashed.
    pub(super) fn tell(&mut self, event: Event, now: Timestamp) {
        let time = self.time(now);
        if let Some(reconciler) = &mut self.running {
            reconciler.handle(event, time);
        }
    }
}
