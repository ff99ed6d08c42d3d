//! First a canary, then waves: how much of a plan may be begun, and how fast.

use jiff::{SignedDuration, Timestamp};

use super::{Effect, Pending, Reconciler, Then};
use crate::book::{PlanState, Trouble};
use crate::{Entry, Placement};

/// How much larger each wave is than the one before.
const GROWTH: usize = 4;

/// The wave that a place of the sequence belongs to, from 0.
#[must_use]
pub fn wave_of(place: usize, canary: u32) -> u32 {
    let mut size = (canary as usize).max(1);
    let mut end = size;
    let mut wave = 0;
    while place >= end {
        size = size.saturating_mul(GROWTH);
        end = end.saturating_add(size);
        wave += 1;
    }
    wave
}

/// How long a placement that was begun counts, in seconds: a minute, and so much that the actuator's gate, which counts by whole seconds when
/// requests arrive, does not refuse it.
const COUNTED_SECONDS: i64 = 62;

/// Whether a placement may be begun now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    /// Yes.
    Now,
    /// Not yet: its wave, or a halted plan. It is looked at again when that changes.
    NotYet,
    /// Too many in this minute: at this instant again.
    At(Timestamp),
}

impl Reconciler {
    /// Whether a placement may be begun: by the waves of a plan that holds it, and by the minute.
    pub(super) fn permission(&self, placement: &Placement, now: Timestamp) -> Permission {
        let Some(state) = self.book.placement(placement) else {
            return Permission::NotYet;
        };
        let plans = state
            .holders
            .iter()
            .filter_map(|id| self.book.orders().get(id))
            .filter_map(|order| self.book.plans().get(&order.plan_hash));
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(crate::bugs::Bug::IgnoresWaves) {
            return Permission::Now;
        }
        let mut per_minute = None;
        for plan in plans {
            if plan.halted.is_none() && is_allowed(plan, placement) {
                per_minute = per_minute.max(Some(plan.per_point_and_minute));
            }
        }
        match per_minute {
            None => Permission::NotYet,
            Some(most) => self.by_the_minute(placement, most as usize, now),
        }
    }

    fn by_the_minute(&self, placement: &Placement, most: usize, now: Timestamp) -> Permission {
        let Some(claimed) = self.claims.get(&placement.point) else {
            return Permission::NotYet;
        };
        let minute = SignedDuration::from_secs(COUNTED_SECONDS);
        let past = claimed
            .applied_at
            .partition_point(|at| now.duration_since(*at) >= minute);
        match claimed.applied_at.get(past) {
            Some(oldest) if claimed.applied_at.len() - past >= most => {
                Permission::At(oldest.checked_add(minute).unwrap_or(Timestamp::MAX))
            }
            _ => Permission::Now,
        }
    }

    /// Counts a placement that is begun.
    pub(super) fn count(&mut self, placement: &Placement, now: Timestamp) {
        let Some(claimed) = self.claims.get_mut(&placement.point) else {
            return;
        };
        let minute = SignedDuration::from_secs(COUNTED_SECONDS);
        claimed.applied_at.push_back(now);
        while claimed
            .applied_at
            .front()
            .is_some_and(|at| now.duration_since(*at) >= minute)
        {
            claimed.applied_at.pop_front();
        }
    }

    /// Asks the probes of protected services before the first wave and after each, and halts what failed.
    pub(super) fn run_waves(&mut self) {
        if !std::mem::take(&mut self.waves_changed) {
            return;
        }
        let due: Vec<String> = self
            .book
            .plans()
            .iter()
            .filter(|(hash, plan)| {
                plan.halted.is_none() && !self.probing.contains(*hash) && Self::wave_is_done(plan)
            })
            .map(|(hash, _)| hash.clone())
            .collect();
        for plan_hash in due {
            self.probing.insert(plan_hash.clone());
            self.asks.push(Effect::ProbeServices { plan_hash });
        }
        self.halt_unverified();
    }

    /// True if every placement of the waves begun stands, or people were told why not, and there is another wave.
    fn wave_is_done(plan: &PlanState) -> bool {
        let begun = plan.waves_allowed;
        if begun > 0 && plan.sequence.len() <= first_of_wave(begun, plan.canary) {
            return Self::probe_once_more(plan);
        }
        plan.progress.is_done(first_of_wave(begun, plan.canary))
    }

    /// After the last wave the probes are asked once more, so that its harm is seen too.
    fn probe_once_more(plan: &PlanState) -> bool {
        let last_wave = wave_of(plan.sequence.len().saturating_sub(1), plan.canary);
        plan.waves_allowed == last_wave + 1 && plan.progress.is_done(plan.sequence.len())
    }

    pub(super) fn services_probed(&mut self, plan_hash: &str, failing: Vec<String>) {
        self.probing.remove(plan_hash);
        let Some(plan) = self.book.plans().get(plan_hash) else {
            return;
        };
        let wave = plan.waves_allowed;
        let hurt: Vec<&str> = failing
            .iter()
            .filter(|one| !plan.failing_before.contains(*one))
            .map(String::as_str)
            .collect();
        let why = (wave > 0 && !hurt.is_empty()).then(|| {
            format!(
                "after wave {wave} the probes of protected services fail: {}",
                hurt.join(", ")
            )
        });
        let plan_hash = plan_hash.to_owned();
        // A wave that hurts is not followed by another.
        let entry = match why {
            Some(why) => Entry::Halted {
                plan_hash: plan_hash.clone(),
                why,
            },
            None => Entry::ServicesProbed {
                plan_hash: plan_hash.clone(),
                wave,
                failing,
            },
        };
        self.probing.insert(plan_hash);
        self.pending.push(Pending {
            entry,
            placement: None,
            then: Then::Nothing,
        });
    }

    /// A wave with an access that still gets through stops the rest.
    fn halt_unverified(&mut self) {
        let halts: Vec<(String, String)> = self
            .book
            .plans()
            .iter()
            .filter(|(hash, plan)| {
                let asked = self.probing.contains(*hash);
                plan.halted.is_none() && !plan.tolerated && !asked && !plan.progress.is_begun()
            })
            .filter_map(|(hash, plan)| Some((hash.clone(), self.unverified(plan)?)))
            .collect();
        for (plan_hash, why) in halts {
            self.probing.insert(plan_hash.clone());
            let entry = Entry::Halted { plan_hash, why };
            self.pending.push(Pending {
                entry,
                placement: None,
                then: Then::Nothing,
            });
        }
    }

    fn unverified(&self, plan: &PlanState) -> Option<String> {
        let placement = plan.sequence.get(plan.progress.first_unverified()?)?;
        match &self.book.placement(placement)?.trouble {
            Some(Trouble::Unverified(how)) => {
                Some(format!("{placement} stands, but still gets through: {how}"))
            }
            _ => None,
        }
    }
}

fn first_of_wave(wave: u32, canary: u32) -> usize {
    let mut size = (canary as usize).max(1);
    let mut first: usize = 0;
    for _ in 0..wave {
        first = first.saturating_add(size);
        size = size.saturating_mul(GROWTH);
    }
    first
}

fn is_allowed(plan: &PlanState, placement: &Placement) -> bool {
    let end = first_of_wave(plan.waves_allowed, plan.canary);
    plan.position(placement).is_some_and(|position| position < end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_grow_fourfold_from_the_canary() {
        let waves: Vec<u32> = (0..22).map(|place| wave_of(place, 1)).collect();
        assert_eq!(waves[..6], [0, 1, 1, 1, 1, 2]);
        assert_eq!(waves[20..], [2, 3]);
        for wave in 0..4 {
            assert_eq!(wave_of(first_of_wave(wave, 3), 3), wave);
        }
    }
}
