//! The bound over sampled worlds: no plan that leaves a jewel in reach in few enough of them costs less.
//!
//! The worlds are drawn again, so that how often each was drawn, and in how many a jewel is held at once, is not taken from the plan.

use std::borrow::Cow;
use std::collections::BTreeSet;

use cordon_estate::Entity;

use super::rows::{self, Scene};
use super::{Asked, cases};
use crate::check::sample::{Sample, Urn, held_at_once};
use crate::check::view::View;
use crate::check::{Findings, Proof, Refuted, Stage, Terms};
use crate::document::{Case, CertificateRow, PlanDocument, UncertaintyEntry};
use crate::limits::CERTIFICATE_WORLDS_FACTS_MAX;

const FIELD: &str = "uncertainty.proof";

/// How often the worlds of a proof were drawn.
pub(super) struct Draws {
    /// By world; the first is that of the plan.
    draws: Vec<u32>,
    /// In how many draws a jewel may be reached, of those in which none is held at once.
    let_go_max: u32,
}

impl Draws {
    /// True for a sampled world of the proof.
    pub(super) fn has(&self, world: u32) -> bool {
        world > 0 && self.of(world) > 0
    }

    pub(super) fn of(&self, world: u32) -> u32 {
        self.draws.get(world as usize).copied().unwrap_or(0)
    }

    /// How many draws may be let go beside these worlds; none if these are too many.
    pub(super) fn left(&self, let_go: &BTreeSet<u32>) -> Option<u32> {
        let gone = let_go.iter().map(|world| u64::from(self.of(*world)));
        let left = u64::from(self.let_go_max).checked_sub(gone.sum())?;
        u32::try_from(left).ok()
    }
}

/// A proof over sampled worlds, as it is told.
struct Told<'d> {
    worlds: &'d [Vec<String>],
    rows: &'d [CertificateRow],
    cases: &'d [Case],
    /// What every leaf has to come to; none if every leaf has to be impossible.
    bound_pence: Option<i64>,
}

/// Checks the proof of the bound over sampled worlds, if there is one.
pub(in crate::check) fn check(
    document: &PlanDocument,
    drawn: Option<(&UncertaintyEntry, &Urn)>,
    view: &View<'_>,
    found: &mut Findings,
    watch: &mut dyn FnMut(Stage),
) -> Option<Proof> {
    let entry = document.uncertainty.as_ref()?;
    let proof = entry.proof.as_ref()?;
    let before = found.problems.len();
    if entry
        .lower_bound_pence
        .is_none_or(|bound| proof.bound_pence > bound)
    {
        found.problem(FIELD, "it proves more than the plan says");
    }
    let told = Told {
        worlds: &proof.worlds,
        rows: &proof.rows,
        cases: &proof.cases,
        bound_pence: Some(proof.bound_pence),
    };
    hold(document, &told, drawn, view, found, watch)?;
    (found.problems.len() == before).then_some(Proof {
        bound_pence: proof.bound_pence,
        cost_pence: document.cost.total_pence,
        rows: proof.rows.len() as u32,
        cases: proof.cases.len() as u32,
    })
}

/// Checks the proof that no plan leaves a jewel in reach in fewer of the sampled worlds, if there is one.
pub(in crate::check) fn check_fewest(
    document: &PlanDocument,
    drawn: Option<(&UncertaintyEntry, &Urn)>,
    view: &View<'_>,
    found: &mut Findings,
    watch: &mut dyn FnMut(Stage),
) -> Option<Refuted> {
    let proof = document.uncertainty.as_ref()?.reached_min_proof.as_ref()?;
    let before = found.problems.len();
    let told = Told {
        worlds: &proof.worlds,
        rows: &proof.rows,
        cases: &proof.cases,
        bound_pence: None,
    };
    hold(document, &told, drawn, view, found, watch)?;
    (found.problems.len() == before).then_some(Refuted {
        rows: proof.rows.len() as u32,
        cases: proof.cases.len() as u32,
    })
}

/// Finds what does not hold of a proof; `None` if that could not be looked for.
fn hold(
    document: &PlanDocument,
    told: &Told<'_>,
    drawn: Option<(&UncertaintyEntry, &Urn)>,
    view: &View<'_>,
    found: &mut Findings,
    watch: &mut dyn FnMut(Stage),
) -> Option<()> {
    let Some((entry, urn)) = drawn else {
        found.problem(FIELD, "nothing says what its worlds are drawn from");
        return None;
    };
    let room = CERTIFICATE_WORLDS_FACTS_MAX / view.graph.base_facts().max(1);
    if told.worlds.len() > room {
        found.problem(FIELD, "it speaks of more worlds than there is room for");
        return None;
    }
    let sample = urn.draw(entry.in_sample.worlds, 0);
    let worlds = worlds(told.worlds, view, found)?;
    let mut draws = draws(document, entry, (&sample, &worlds), view, found)?;
    if told.bound_pence.is_none() {
        let Some(fewer) = draws
            .let_go_max
            .checked_sub(1)
            .filter(|_| entry.reached_min.is_some())
        else {
            found.problem(FIELD, "it shows that there are not fewer than none");
            return None;
        };
        draws.let_go_max = fewer;
    }
    let own = [view.held.clone()];
    let flags = [false].into_iter().chain(std::iter::repeat(true));
    let scenes = own.iter().chain(&worlds).zip(flags);
    let scenes: Vec<Scene<'_>> = scenes
        .map(|(held, may_be_let_go)| Scene {
            held,
            used: Cow::Owned(view.used_in(held)),
            may_be_let_go,
        })
        .collect();
    let terms = Terms::Kept;
    let rows = rows::check(document, (told.rows, terms), &scenes, view, found, watch)?;
    let asked = Asked {
        terms,
        draws: Some(&draws),
        bound_pence: told.bound_pence,
    };
    cases::check(document, (told.cases, asked), &rows, view, found);
    Some(())
}

/// What is held in the worlds of a proof, each of which is there once.
fn worlds(told: &[Vec<String>], view: &View<'_>, found: &mut Findings) -> Option<Vec<Vec<Entity>>> {
    let mut worlds: Vec<Vec<Entity>> = Vec::new();
    for names in told {
        let held: Option<BTreeSet<Entity>> = names.iter().map(|name| view.names.entity(name)).collect();
        let Some(held) = held else {
            found.problem(FIELD, "a world holds what the estate has not");
            return None;
        };
        let held: Vec<Entity> = held.into_iter().collect();
        if worlds.contains(&held) {
            found.problem(FIELD, "a world is there twice");
            return None;
        }
        worlds.push(held);
    }
    Some(worlds)
}

/// How often each world was drawn, and how many draws may be let go.
fn draws(
    document: &PlanDocument,
    entry: &UncertaintyEntry,
    (sample, worlds): (&Sample, &[Vec<Entity>]),
    view: &View<'_>,
    found: &mut Findings,
) -> Option<Draws> {
    let goals = view.kept_jewels(document);
    let all: Vec<&Vec<Entity>> = sample.keys().collect();
    let at_once = held_at_once(&all, &goals, &view.graph);
    let held: BTreeSet<&Vec<Entity>> = all
        .into_iter()
        .zip(at_once)
        .filter(|(_, at_once)| *at_once)
        .map(|(world, _)| world)
        .collect();
    let held_draws: u32 = held.iter().filter_map(|world| sample.get(*world)).sum();
    let drawn: u32 = sample.values().sum();
    let share = f64::from(held_draws) / f64::from(drawn.max(1));
    found.near(
        "uncertainty.in_sample.held_already",
        entry.in_sample.held_already,
        share,
    );
    let mut draws = vec![1];
    for world in worlds {
        match sample.get(world).filter(|_| !held.contains(world)) {
            Some(count) => draws.push(*count),
            None => {
                found.problem(FIELD, "a world was not drawn, or a jewel is held in it at once");
                return None;
            }
        }
    }
    let Some(most) = entry.reached_min.or(entry.reached_max) else {
        found.problem(FIELD, "no share of worlds was asked for");
        return None;
    };
    Some(Draws {
        draws,
        let_go_max: most_of(most, drawn).saturating_sub(held_draws),
    })
}

/// The most of so many draws that are at most a share of them.
fn most_of(share: f64, drawn: u32) -> u32 {
    let is_within = |count: &u32| f64::from(*count) / f64::from(drawn.max(1)) <= share;
    (0..=drawn).rev().find(is_within).unwrap_or(0)
}
