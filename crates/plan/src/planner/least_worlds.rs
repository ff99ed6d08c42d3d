//! Which sampled worlds to keep, so that a share asked for is held at the least cost.
//!
//! Only worlds in which a plan leaves a jewel in reach need to be looked at: what holds over some of the worlds, the others not
//! counted, bounds what holds over all. So the joint problem (module `joint`) is solved over those that broke a plan before; those that
//! its answer breaks are added, and it is solved again, until the answer holds the share over the whole sample. Then no plan that does
//! costs less.

use cordon_estate::Entity;
use cordon_reach::{Base, Fact, FactId, Scratch};
use rustc_hash::FxHashSet;

use super::certify::{Asked, Beside};
use super::joint::Drawn;
use super::prepare::Prepared;
use super::threads::in_order;
use super::worlds::{Sample, Seen};
use super::write::Solved;
use super::{Constraints, Planner, Settings, Watch};
use crate::document::{Act, WorldsCertificate, WorldsRefutation};
use crate::hitting::Verdict;
use crate::kernel::{Forward, Lists, Source};
use crate::limits::{CERTIFICATE_WORLDS_FACTS_MAX, WORLDS_FACED_MAX, WORLDS_ROUNDS_MAX};

/// Which worlds to keep.
#[derive(Debug)]
pub(super) struct LeastWorlds {
    /// Worlds to keep beside that of the plan; whoever keeps them keeps all others that are kept.
    pub(super) kept: Vec<Vec<Entity>>,
    /// In how many of the sampled worlds a jewel is held already.
    held_already: u32,
    /// In how many others a jewel may be reached: as many as were asked for, or the fewest that any plan leaves.
    open_max: u32,
    /// True if that is the fewest, and more than was asked for.
    pub(super) is_fewest: bool,
    /// No plan that leaves so many at most costs less.
    pub(super) lower_bound_pence: i64,
    /// What proves that, if it was asked for.
    pub(super) proof: Option<WorldsCertificate>,
    /// What proves that no plan leaves fewer, if that was asked for and found.
    pub(super) fewest_proof: Option<WorldsRefutation>,
}

/// The cheapest choice for some worlds.
struct Choice {
    chosen: Vec<bool>,
    /// Targets of the world of the plan that it had to keep.
    hard: Vec<bool>,
}

impl LeastWorlds {
    /// In how many of the sampled worlds a jewel may be reached or held.
    pub(super) const fn reached_max(&self) -> u32 {
        self.held_already.saturating_add(self.open_max)
    }
}

impl Planner<'_> {
    /// Finds the worlds to keep so that a jewel is reached in at most a share of a sample; none if that took too long.
    pub(super) fn least_worlds(
        &mut self,
        (prepared, solved): (&Prepared, &Solved),
        (sample, share_max): (&Sample, f64),
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> Option<LeastWorlds> {
        let own = prepared.worlds.clone();
        let acts = prepared.candidates(&solved.solution.chosen);
        let Seen {
            mut open,
            held_already,
            ..
        } = self.seen(&acts, sample, settings, constraints, watch);
        let wanted = worlds_max(share_max, sample.values().sum());
        let mut least = LeastWorlds {
            kept: Vec::new(),
            held_already,
            open_max: wanted.saturating_sub(held_already),
            is_fewest: wanted < held_already,
            lower_bound_pence: 0,
            proof: None,
            fewest_proof: None,
        };
        let mut faced: Vec<Drawn> = Vec::new();
        for _ in 0..WORLDS_ROUNDS_MAX {
            open.retain(|world| !faced.contains(world));
            faced.append(&mut open);
            if faced.len() > WORLDS_FACED_MAX || (watch.clock)() >= settings.seconds_max {
                return None;
            }
            let acts = self.acts_against(prepared, &faced, settings, constraints);
            self.weigh(acts);
            let joint = self.prepare(own.clone(), settings, constraints);
            let choice = self.least_choice(&joint, &faced, &mut least, settings, constraints, watch)?;
            let acts = joint.candidates(&choice.chosen);
            open = self.seen(&acts, sample, settings, constraints, watch).open;
            let overlooked = if settings.spread {
                self.overlooked(&joint, &choice.chosen)
            } else {
                Vec::new()
            };
            let is_done = overlooked.is_empty() && open.iter().all(|world| faced.contains(world));
            if is_done && settings.certificate {
                let worlds = (&*faced, &*open);
                self.prove(&joint, &choice, &mut least, worlds, settings, constraints);
            }
            self.last = Some(joint);
            if is_done {
                faced.retain(|world| !open.contains(world));
                least.kept = to_keep(faced);
                return Some(least);
            }
            self.weigh(overlooked);
        }
        None
    }

    /// The cheapest choice for the worlds faced, with its bound.
    fn least_choice(
        &mut self,
        prepared: &Prepared,
        faced: &[Drawn],
        least: &mut LeastWorlds,
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> Option<Choice> {
        let hard = self.hard(prepared, &constraints.give_up);
        let session = self.session(prepared, hard);
        let hard = session.hard.clone();
        let mut joint = self.joint(prepared, session, faced, settings, constraints)?;
        let mut solution = joint.cheapest(least.open_max, watch);
        if solution.verdict == Verdict::Infeasible {
            (least.open_max, least.is_fewest) = (joint.fewest(watch)?, true);
            solution = joint.cheapest(least.open_max, watch);
        }
        least.lower_bound_pence = solution.lower_bound;
        let chosen = solution.chosen;
        (chosen.len() == prepared.columns.len()).then_some(Choice { chosen, hard })
    }

    /// Proves the bound of the cheapest choice for the worlds faced, of which some are open under it, and that no plan leaves fewer, if
    /// that is said.
    fn prove(
        &mut self,
        prepared: &Prepared,
        choice: &Choice,
        least: &mut LeastWorlds,
        (faced, open): (&[Drawn], &[Drawn]),
        settings: &Settings,
        constraints: &Constraints,
    ) {
        let faced = told_first(faced, open, self.graph.base_facts());
        let asked = Asked {
            prepared,
            hard: &choice.hard,
            beside: Beside::Sampled(&faced, least.open_max),
            settings,
            constraints,
        };
        let places = (1..).zip(&faced).filter(|(_, world)| open.contains(world));
        let let_go = places.map(|(place, _)| place).collect();
        let known = (&*choice.chosen, least.lower_bound_pence);
        least.proof = Some(self.worlds_certificate(asked, known, let_go));
        if least.is_fewest && least.open_max > 0 {
            least.fewest_proof = self.worlds_refutation(Asked {
                beside: Beside::Sampled(&faced, least.open_max - 1),
                ..asked
            });
        }
    }

    /// Weighs further acts in the plans to come.
    fn weigh(&mut self, acts: Vec<Act>) {
        let known: FxHashSet<Act> = self.further.iter().copied().collect();
        self.further
            .extend(acts.into_iter().filter(|act| !known.contains(act)));
    }

    /// Acts on what some jewel rests on in sampled worlds, beyond the columns that there are.
    fn acts_against(
        &self,
        prepared: &Prepared,
        sampled: &[Drawn],
        settings: &Settings,
        constraints: &Constraints,
    ) -> Vec<Act> {
        let (goals, leading) = (self.kept_facts(constraints), self.leading());
        let Some(own) = prepared.own() else {
            return Vec::new();
        };
        let facts = |scratch: &mut Scratch, (_, held): &Drawn| {
            let reached = leading.beside(own, held, scratch);
            let source = Source {
                facts: reached.arrival.len(),
                rules: &reached.index,
                given: &reached.given,
                cutters: &Lists::default(),
                targets: &goals,
                hard: &vec![true; goals.len()],
            };
            let forward = Forward::of(&source);
            forward.relevant(&source, usize::MAX).unwrap_or_default()
        };
        let worlds = sampled.iter().collect();
        let facts = in_order(worlds, settings.threads, Scratch::default, facts)
            .into_iter()
            .flatten();
        let facts: FxHashSet<u32> = facts.collect();
        let bases = facts
            .into_iter()
            .filter_map(|fact| match self.graph.describe(FactId(fact)) {
                Some(Fact::Base(base)) => Some(base),
                _ => None,
            });
        let held: Vec<Entity> = sampled.iter().flat_map(|(_, held)| held).copied().collect();
        let mut bases: Vec<Base> = bases.chain(self.near(&held)).collect();
        bases.sort_unstable();
        bases.dedup();
        let known: FxHashSet<Act> = prepared.columns.iter().map(|column| column.act).collect();
        let found = self
            .candidates
            .for_facts(bases)
            .into_iter()
            .map(|candidate| candidate.act);
        found.filter(|act| !known.contains(act)).collect()
    }
}

/// Of worlds that a plan keeps, those that have to be said: not those that hold less than another.
fn to_keep(worlds: Vec<Drawn>) -> Vec<Vec<Entity>> {
    let kept: Vec<Vec<Entity>> = worlds.into_iter().map(|(_, held)| held).collect();
    let is_within_another =
        |held: &Vec<Entity>| kept.iter().any(|other| other != held && is_within(held, other));
    kept.iter()
        .filter(|held| !is_within_another(held))
        .cloned()
        .collect()
}

/// As many worlds as a proof has room for: first those kept that ask for most, then those let go, then the others.
fn told_first(faced: &[Drawn], open: &[Drawn], base_facts: usize) -> Vec<Drawn> {
    let (let_go, kept): (Vec<Drawn>, Vec<Drawn>) =
        faced.iter().cloned().partition(|world| open.contains(world));
    let most = to_keep(kept.clone());
    let (first, rest): (Vec<Drawn>, Vec<Drawn>) = kept.into_iter().partition(|(_, held)| most.contains(held));
    let room = CERTIFICATE_WORLDS_FACTS_MAX / base_facts.max(1);
    first.into_iter().chain(let_go).chain(rest).take(room).collect()
}

/// True if everything of one sorted list is in another.
fn is_within(fewer: &[Entity], more: &[Entity]) -> bool {
    fewer.iter().all(|entity| more.binary_search(entity).is_ok())
}

/// Most worlds of so many that are at most a share of them.
fn worlds_max(share: f64, worlds: u32) -> u32 {
    let near = (share * f64::from(worlds)).floor() as u32;
    let is_within = |count: u32| f64::from(count) / f64::from(worlds.max(1)) <= share;
    (near.saturating_sub(1)..=near.saturating_add(1))
        .rfind(|&count| is_within(count))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::worlds_max;

    #[test]
    fn a_share_of_worlds_is_whole_worlds() {
        assert_eq!(worlds_max(0.05, 200), 10);
        assert_eq!(worlds_max(0.1, 30), 3);
        assert_eq!(worlds_max(0.3, 10), 3);
        assert_eq!(worlds_max(0.0, 200), 0);
        assert_eq!(worlds_max(1.0, 7), 7);
        assert_eq!(worlds_max(0.049, 20), 0);
        for worlds in 1..500_u32 {
            for count in 0..=worlds {
                assert_eq!(worlds_max(f64::from(count) / f64::from(worlds), worlds), count);
            }
        }
    }
}
