//! What is expected to be lost under sets of withdrawals, over sampled worlds.
//!
//! Every set is measured in the same worlds (common random numbers), so that a difference between two of them is not one between two
//! samples. The sample is the second, larger one, with which no plan was made.

use cordon_estate::{AccountId, Entity, SystemId};
use cordon_reach::{Derived, FactId, FactSet, Graph, Scratch, spread_loss};

use super::ground::Ground;
use super::prepare::{Prepared, timely};
use super::reached::arrivals;
use super::threads::in_order;
use super::timing;
use super::worlds::{OUT_OF_SAMPLE, sample};
use super::{Foothold, Planner, Settings};
use crate::candidates::Candidate;
use crate::document::{Act, ExpectedLoss};

/// Something that is lost if the intruder reaches it.
struct Loss {
    entity: Entity,
    fact: FactId,
    pence: i64,
    is_jewel: bool,
}

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
        let sets: Vec<Vec<Candidate>> = sets.iter().map(candidates).collect();
        let mut sums = vec![Sum::default(); sets.len()];
        let drawn: Vec<(Vec<Entity>, u32)> =
            sample(footholds, &hidden, asked, worlds, 1).into_iter().collect();
        let ways = self.ways(settings);
        let lost_in = |scratch: &mut Scratch, (held, _): &(Vec<Entity>, u32)| -> Vec<i64> {
            let used = ways.used(held, scratch);
            let withdrawn = sets.iter().map(|set| ways.withdrawn(set, &used));
            withdrawn
                .map(|withdrawn| ways.lost(held, &withdrawn, &losses, scratch))
                .collect()
        };
        let lost = in_order(
            drawn.iter().collect(),
            settings.threads,
            Scratch::default,
            lost_in,
        );
        for ((_, count), lost) in drawn.iter().zip(lost) {
            for (pence, sum) in lost.into_iter().zip(&mut sums) {
                sum.add(pence as f64, *count);
            }
        }
        sums.into_iter().map(|sum| Some(sum.expected())).collect()
    }

    /// What it takes to look at sampled worlds.
    pub(super) fn ways(&self, settings: &Settings) -> Ways<'_> {
        let jewels = self.jewels.iter();
        let goals = jewels.filter_map(|jewel| self.graph.derived(jewel.taken));
        Ways {
            graph: &self.graph,
            ground: &self.ground,
            goals: goals.map(|fact| fact.0).collect(),
            race: settings.race,
        }
    }

    /// Jewels, and the spread if that has a price.
    fn losses(&self, settings: &Settings) -> Vec<Loss> {
        let jewels = self.jewels.iter().filter_map(|jewel| {
            Some(Loss {
                entity: jewel.entity,
                fact: self.graph.derived(jewel.taken)?,
                pence: jewel.loss.0.max(0),
                is_jewel: true,
            })
        });
        let mut losses: Vec<Loss> = jewels.collect();
        if !settings.spread {
            return losses;
        }
        let is_jewel: rustc_hash::FxHashSet<Entity> = losses.iter().map(|loss| loss.entity).collect();
        let accounts = (0..self.estate.accounts.len() as u32).map(|id| Entity::Account(AccountId(id)));
        let systems = (0..self.estate.systems.len() as u32).map(|id| Entity::System(SystemId(id)));
        let others = accounts
            .chain(systems)
            .filter(|entity| !is_jewel.contains(entity));
        losses.extend(others.filter_map(|entity| {
            Some(Loss {
                entity,
                fact: self.graph.derived(Derived::taken(entity))?,
                pence: spread_loss(self.estate, entity).0.max(0),
                is_jewel: false,
            })
        }));
        losses
    }
}

/// What many threads share to look at sampled worlds.
pub(super) struct Ways<'a> {
    pub(super) graph: &'a Graph,
    ground: &'a Ground,
    /// The facts of jewels.
    goals: Vec<u32>,
    race: bool,
}

impl Ways<'_> {
    /// The second by which each base fact is first used in a world; empty if the race is not counted.
    pub(super) fn used(&self, held: &[Entity], scratch: &mut Scratch) -> Vec<u32> {
        if !self.race {
            return Vec::new();
        }
        let exposure = self.graph.chain(held, &FactSet::new(), scratch);
        let arrival = arrivals(self.graph, self.ground, held, &exposure);
        let (rules, seconds) = (&self.ground.index, &self.ground.seconds);
        timing::use_seconds(rules, seconds, &arrival, &self.goals)
    }

    /// What acts remove in time.
    pub(super) fn withdrawn(&self, acts: &[Candidate], used: &[u32]) -> FactSet {
        let (timely, _) = timely(self.graph, acts, used);
        timely.iter().flatten().copied().collect()
    }

    /// What is lost in a world. A system that is held there is lost whatever is withdrawn and does not count, as in the plan's own cost.
    fn lost(&self, held: &[Entity], withdrawn: &FactSet, losses: &[Loss], scratch: &mut Scratch) -> i64 {
        let exposure = self.graph.chain(held, withdrawn, scratch);
        let mut sum = 0_i64;
        for loss in losses {
            let is_gone =
                !loss.is_jewel && matches!(loss.entity, Entity::System(_)) && held.contains(&loss.entity);
            if !is_gone && exposure.arrival_seconds(loss.fact).is_some() {
                sum = sum.saturating_add(loss.pence);
            }
        }
        sum
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
