//! What is said of each jewel: whether it is stopped, by what margin, and the ways to it.

use cordon_estate::Entity;
use cordon_reach::FactId;
use rustc_hash::FxHashMap;

use super::{Solved, minutes};
use crate::candidates::entity_name;
use crate::document::{JewelEntry, JewelState, Path, WithdrawalId};
use crate::planner::measure::Measured;
use crate::planner::prepare::Prepared;
use crate::planner::targets::Target;
use crate::planner::{Planner, describe};

impl Planner<'_> {
    /// The chosen withdrawals by the facts that they remove in time.
    pub(super) fn cuts(&self, prepared: &Prepared, chosen: &[bool]) -> FxHashMap<FactId, Vec<WithdrawalId>> {
        let mut cuts: FxHashMap<FactId, Vec<WithdrawalId>> = FxHashMap::default();
        let chosen = prepared
            .columns
            .iter()
            .zip(prepared.in_time(0).timely.iter())
            .zip(chosen)
            .filter(|(_, chosen)| **chosen);
        for ((column, facts), _) in chosen {
            for fact in facts {
                cuts.entry(*fact)
                    .or_default()
                    .push(self.candidates.id(column.act));
            }
        }
        cuts
    }

    pub(super) fn jewel_entries(&mut self, prepared: &Prepared, solved: &Solved) -> Vec<JewelEntry> {
        let cuts = self.cuts(prepared, &solved.solution.chosen);
        let withdrawn = prepared.withdrawn_in_each(&solved.solution.chosen);
        let chosen = prepared
            .columns
            .iter()
            .zip(&solved.solution.chosen)
            .filter(|(_, chosen)| **chosen);
        let effects: Vec<(WithdrawalId, f64)> = chosen
            .map(|(column, _)| (self.candidates.id(column.act), column.effect_seconds))
            .collect();
        let reached: Vec<&Target> = prepared
            .targets
            .iter()
            .filter(|one| one.jewel.is_some())
            .collect();
        let wanted: Vec<(u32, Entity)> = reached.iter().map(|one| (one.fact, one.entity)).collect();
        let before = self.paths(prepared, &wanted, &[], &cuts);
        let after = self.paths(prepared, &wanted, &withdrawn, &cuts);
        let mut ways: FxHashMap<usize, (Option<Path>, Option<Path>)> = reached
            .iter()
            .filter_map(|one| one.jewel)
            .zip(before.into_iter().zip(after))
            .collect();
        let mut entries: Vec<JewelEntry> = Vec::new();
        for (place, jewel) in self.jewels.clone().iter().enumerate() {
            let target = prepared
                .targets
                .iter()
                .position(|target| target.jewel == Some(place));
            let arrival =
                |measured: &Measured| target.and_then(|at| measured.arrivals.get(at).copied().flatten());
            let (before, after) = (arrival(&solved.before), arrival(&solved.after));
            let state = match (before, after) {
                (Some(0), Some(_)) => JewelState::MayBeTaken,
                (_, Some(_)) => JewelState::Reachable,
                (Some(_), None) => JewelState::Stopped,
                (None, None) => JewelState::OutOfReach,
            };
            let (path, path_after) = ways.remove(&place).unwrap_or_default();
            let path_after = path_after.filter(|_| after.is_some());
            let effect = path.as_ref().and_then(|path| effect_of(&effects, path));
            entries.push(JewelEntry {
                entity: entity_name(self.estate, jewel.entity),
                name: self.estate.name(jewel.entity).to_owned(),
                kind: describe::kind(self.estate, jewel.entity),
                inferred: jewel.inferred,
                never: jewel.never,
                loss_pence: jewel.loss.0,
                state,
                arrival_minutes_before: before.map(minutes),
                arrival_minutes_after: after.map(minutes),
                margin_minutes: before
                    .filter(|_| state == JewelState::Stopped)
                    .map(|before| minutes(before) - effect.unwrap_or(0.0) / 60.0),
                path,
                path_after,
            });
        }
        entries.sort_by_key(|entry| entry.state);
        entries
    }
}

/// Seconds until the first withdrawal that cuts a path takes effect.
fn effect_of(effects: &[(WithdrawalId, f64)], path: &Path) -> Option<f64> {
    let cutting = path.steps.iter().flat_map(|step| &step.cut_by);
    let effects = cutting.filter_map(|id| effects.iter().find(|(cut, _)| cut == id));
    effects.map(|(_, seconds)| *seconds).reduce(f64::min)
}
