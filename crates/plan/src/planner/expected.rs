//! What is expected to be lost under sets of withdrawals, over sampled worlds.
//!
//! Every set is measured in the same worlds (common random numbers), so that a difference between two of them is not one between two
//! samples. The sample is the second, larger one, with which no plan was made.

use cordon_estate::{AccountId, Entity, SystemId};
use cordon_reach::{Derived, Exposure, FactId, Graph, spread_loss};
use rustc_hash::FxHashSet;

use super::prepare::Prepared;
use super::ways::{Removed, Told};
use super::worlds::{OUT_OF_SAMPLE, sample};
use super::{Foothold, Planner, Settings};
use crate::candidates::Candidate;
use crate::document::{Act, ExpectedLoss};

/// A sum over worlds, with that of the squares.
#[derive(Clone, Copy, Default)]
struct Sum {
    worlds: u32,
    pence: f64,
    squares: f64,
}

impl Sum {
    fn add(&mut self, pence: f64, times: u32) {
        self.worlds += times;
        self.pence += pence * f64::from(times);
        self.squares += pence * pence * f64::from(times);
    }

    /// The average with its standard error.
    fn expected(self) -> ExpectedLoss {
        let worlds = f64::from(self.worlds.max(1));
        let mean = self.pence / worlds;
        let variance = (self.squares - worlds * mean * mean).max(0.0) / (worlds - 1.0).max(1.0);
        ExpectedLoss {
            worlds: self.worlds,
            pence: mean.round() as i64,
            standard_error_pence: (variance / worlds).sqrt().round() as i64,
        }
    }
}

impl Planner<'_> {
    /// What is expected to be lost under each set of acts; none if no worlds are asked for.
    pub(super) fn expected_losses(
        &mut self,
        prepared: &Prepared,
        sets: &[Vec<Act>],
        footholds: &[Foothold],
        settings: &Settings,
    ) -> Vec<Option<ExpectedLoss>> {
        let Some(asked) = &settings.uncertainty else {
            return vec![None; sets.len()];
        };
        let hidden = self.hidden(prepared);
        let worlds = asked.worlds.saturating_mul(OUT_OF_SAMPLE);
        let losses = self.losses(settings);
        let candidates = |acts: &Vec<Act>| -> Vec<Candidate> {
            acts.iter()
                .filter_map(|act| self.candidates.candidate(*act))
                .collect()
        };
        let ways = self.ways(settings.race);
        let sets: Vec<Removed> = sets.iter().map(|set| ways.removed(&candidates(set))).collect();
        let mut sums = vec![Sum::default(); sets.len()];
        let drawn = sample(footholds, &hidden, asked, worlds, 1);
        let each: Vec<&[Entity]> = drawn.keys().map(Vec::as_slice).collect();
        let lost = ways.in_each(&each, &sets, (&losses, &[]), settings.threads);
        for (count, lost) in drawn.values().zip(lost) {
            for (pence, sum) in lost.into_iter().flatten().zip(&mut sums) {
                sum.add(pence as f64, *count);
            }
        }
        sums.into_iter().map(|sum| Some(sum.expected())).collect()
    }

    /// Jewels, and the spread if that has a price.
    fn losses(&self, settings: &Settings) -> Losses<'_> {
        let mut losses = Losses {
            graph: &self.graph,
            jewels: self.jewels.iter().map(|jewel| jewel.entity).collect(),
            pence: vec![0; self.graph.facts()],
        };
        for jewel in &self.jewels {
            losses.add(self.graph.derived(jewel.taken), jewel.loss.0.max(0));
        }
        if settings.spread {
            let accounts = (0..self.estate.accounts.len() as u32).map(|id| Entity::Account(AccountId(id)));
            let systems = (0..self.estate.systems.len() as u32).map(|id| Entity::System(SystemId(id)));
            for entity in accounts.chain(systems) {
                let pence = spread_loss(self.estate, entity).0.max(0);
                if !losses.jewels.contains(&entity) {
                    losses.add(self.graph.derived(Derived::taken(entity)), pence);
                }
            }
        }
        losses
    }
}

/// What is lost if the intruder reaches it.
struct Losses<'a> {
    graph: &'a Graph,
    jewels: FxHashSet<Entity>,
    /// By fact.
    pence: Vec<i64>,
}

impl Losses<'_> {
    fn add(&mut self, fact: Option<FactId>, pence: i64) {
        if let Some(slot) = fact.and_then(|fact| self.pence.get_mut(fact.index())) {
            *slot = slot.saturating_add(pence);
        }
    }

    fn of(&self, facts: impl Iterator<Item = FactId>) -> i64 {
        let pence = facts.filter_map(|fact| self.pence.get(fact.index()));
        pence.fold(0, |sum: i64, pence| sum.saturating_add(*pence))
    }

    /// What does not count of what is reached because it is held: a system that is no jewel is lost whatever is withdrawn, as in the
    /// plan's own cost.
    fn gone(&self, held: Entity, exposure: &Exposure<'_>) -> i64 {
        let is_system = matches!(held, Entity::System(_)) && !self.jewels.contains(&held);
        let fact = self.graph.derived(Derived::taken(held)).filter(|_| is_system);
        self.of(fact.into_iter().filter(|fact| exposure.reached(*fact)))
    }
}

impl Told for Losses<'_> {
    type Of = i64;

    fn all(&self, held: &[Entity], exposure: &Exposure<'_>) -> i64 {
        let gone: i64 = held.iter().map(|one| self.gone(*one, exposure)).sum();
        self.of(exposure.facts()) - gone
    }

    fn more(&self, before: &i64, held: Entity, exposure: &Exposure<'_>, new: &[FactId]) -> i64 {
        before.saturating_add(self.of(new.iter().copied())) - self.gone(held, exposure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_come_with_their_standard_error() {
        let mut sum = Sum::default();
        sum.add(0.0, 90);
        sum.add(1_000.0, 10);
        let expected = sum.expected();
        assert_eq!((expected.worlds, expected.pence), (100, 100));
        // The deviation of a tenth of 1,000 is 300, and a hundred draws divide it by ten.
        assert_eq!(expected.standard_error_pence, 30);
    }

    #[test]
    fn what_never_varies_has_no_error() {
        let mut sum = Sum::default();
        sum.add(7.0, 40);
        assert_eq!(sum.expected().standard_error_pence, 0);
        assert_eq!(Sum::default().expected(), ExpectedLoss::default());
    }
}
