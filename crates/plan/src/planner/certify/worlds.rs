//! The worlds that a proof speaks of.
//!
//! The first is that of the plan. Of the others, each is kept, let go, or neither. Where it is neither, each draw of it may be lost at one
//! price, and as many draws as may be let go are taken off what a case proves at that price: a Lagrangean relaxation of the
//! share asked for, whose price is looked for by halving.

use std::borrow::Cow;

use cordon_estate::Entity;
use cordon_reach::FactId;

use super::tree::Fixed;
use super::{Planner, Prepared};
use crate::kernel::Lists;
use crate::planner::{Settings, in_time};

/// What is held in a world, and what comes in time there.
#[derive(Debug)]
pub(super) struct Scene<'p> {
    pub(super) held: Cow<'p, [Entity]>,
    /// How often it was drawn.
    pub(super) draws: u32,
    /// By place in [`Scenes::timings`].
    pub(super) timing: usize,
}

/// What comes in time in some worlds.
#[derive(Debug)]
pub(super) struct Timing<'p> {
    /// Columns by base fact that they remove in time.
    pub(super) cutters: Cow<'p, Lists<u32>>,
    /// Base facts with what the cheapest column costs that takes each away and that no service suffers from, the cheapest first.
    pub(super) cheapest: Vec<(i64, FactId)>,
}

/// All worlds of a proof.
#[derive(Debug)]
pub(super) struct Scenes<'p> {
    /// That of the plan first.
    pub(super) scenes: Vec<Scene<'p>>,
    pub(super) timings: Vec<Timing<'p>>,
    /// The facts of jewels that have to be out of reach in the others, ascending.
    pub(super) goals: Vec<u32>,
    /// In how many draws of the others a jewel may be reached.
    pub(super) draws_max: u32,
}

/// What a proof is asked about beside the world of the plan.
#[derive(Clone, Copy)]
pub(in crate::planner) enum Beside<'p> {
    /// Those of the plan, all of which have to be kept.
    Kept,
    /// Sampled worlds with how often each was drawn, of which so many draws may be let go, each at a timing of its own.
    Sampled(&'p [(u32, Vec<Entity>)], u32),
}

impl Scenes<'_> {
    /// Every world that has to be kept from the start, by place.
    pub(super) fn kept(&self, beside: Beside<'_>) -> Vec<u32> {
        match beside {
            Beside::Kept => (1..self.scenes.len() as u32).collect(),
            Beside::Sampled(..) => Vec::new(),
        }
    }

    /// How many draws may still be let go; none if too many are.
    pub(super) fn draws_left(&self, fixed: &Fixed) -> Option<u32> {
        let gone = fixed.let_go.iter().map(|&world| self.draws(world));
        self.draws_max.checked_sub(gone.sum())
    }

    pub(super) fn draws(&self, world: u32) -> u32 {
        self.scenes.get(world as usize).map_or(0, |scene| scene.draws)
    }

    pub(super) fn timing_of(&self, world: u32) -> usize {
        self.scenes.get(world as usize).map_or(0, |scene| scene.timing)
    }

    /// True if a case keeps a world, or it was drawn more often than may still be let go.
    pub(super) fn is_kept(&self, world: u32, fixed: &Fixed) -> bool {
        let has_room = || {
            self.draws_left(fixed)
                .is_some_and(|left| self.draws(world) <= left)
        };
        fixed.kept.contains(&world) || !fixed.let_go.contains(&world) && !has_room()
    }

    /// Worlds that may be kept or let go in a case.
    pub(super) fn undecided<'s>(&'s self, fixed: &'s Fixed) -> impl Iterator<Item = u32> + 's {
        let all = 1..self.scenes.len() as u32;
        all.filter(|&world| !fixed.let_go.contains(&world) && !self.is_kept(world, fixed))
    }
}

impl Planner<'_> {
    /// The worlds of a proof, and the second by which each base fact is first used at each of their timings.
    pub(super) fn scenes<'p>(
        &self,
        prepared: &'p Prepared,
        beside: Beside<'p>,
        (goals, settings): (Vec<u32>, &Settings),
        touching: &[bool],
    ) -> (Scenes<'p>, Vec<Vec<u32>>) {
        let own = match beside {
            Beside::Kept => prepared.worlds.len(),
            Beside::Sampled(..) => 1,
        };
        let mut scenes = Scenes {
            scenes: Vec::new(),
            timings: Vec::new(),
            goals,
            draws_max: 0,
        };
        let mut used = Vec::new();
        for (number, world) in prepared.worlds.iter().take(own).enumerate() {
            if number == 0 || settings.race {
                let in_time = prepared.in_time(number);
                used.push(in_time.used.clone());
                let cutters = Cow::Borrowed(&in_time.cutters);
                scenes.timings.push(timing(prepared, cutters, touching));
            }
            scenes.scenes.push(Scene {
                held: Cow::Borrowed(&world.held[..]),
                draws: 1,
                timing: scenes.timings.len() - 1,
            });
        }
        if let (Beside::Sampled(sampled, draws_max), Some(own)) = (beside, prepared.own()) {
            scenes.draws_max = draws_max;
            let (leading, ways) = (self.leading(), self.ways(settings.race));
            let mut scratch = cordon_reach::Scratch::default();
            for (draws, held) in sampled {
                if settings.race {
                    let reached = leading.beside(own, held, &mut scratch);
                    used.push(ways.used_after(&reached));
                    let (timely, _) = self.timely(&prepared.columns, used.last().unwrap_or(&Vec::new()));
                    let cutters = in_time::cutters(&self.graph, &timely);
                    scenes
                        .timings
                        .push(timing(prepared, Cow::Owned(cutters), touching));
                }
                scenes.scenes.push(Scene {
                    held: Cow::Borrowed(held),
                    draws: *draws,
                    timing: scenes.timings.len() - 1,
                });
            }
        }
        (scenes, used)
    }
}

fn timing<'p>(prepared: &Prepared, cutters: Cow<'p, Lists<u32>>, touching: &[bool]) -> Timing<'p> {
    let plain = |column: &&u32| {
        let column = **column as usize;
        touching.get(column) == Some(&false) && prepared.fixed.get(column) != Some(&Some(false))
    };
    let price = |column: &u32| Some(prepared.columns.get(*column as usize)?.friction_pence);
    let facts = cutters.iter().zip((0..).map(FactId));
    let priced = facts.filter_map(|(columns, fact)| {
        let prices = columns.iter().filter(plain).filter_map(price);
        Some((prices.min()?, fact))
    });
    let mut cheapest: Vec<(i64, FactId)> = priced.collect();
    cheapest.sort_unstable();
    Timing { cutters, cheapest }
}
