//! How often a jewel is reached over sampled worlds under the plan, world by world.

use std::collections::BTreeSet;

use cordon_estate::Entity;
use cordon_reach::{Base, naive};

use super::sample::{Sample, Urn, held_at_once};
use super::view::View;
use super::{Findings, Stage, claims};
use crate::document::{PlanDocument, UncertaintyEntry};
use crate::limits::CHECKED_WORLD_FACTS_MAX;

/// How often the worlds that are kept were drawn.
pub(super) const KEPT_SHARE: &str = "uncertainty.kept.share";

/// Checks both shares, where there are not too many worlds for it; gives the fields that it did not check.
pub(super) fn check(
    document: &PlanDocument,
    (entry, urn): (&UncertaintyEntry, &Urn),
    view: &View<'_>,
    found: &mut Findings,
    watch: &mut dyn FnMut(Stage),
) -> Vec<&'static str> {
    let mut unchecked = Vec::new();
    let drawn_max = CHECKED_WORLD_FACTS_MAX / entry.may_be_held.len().max(1);
    let drawn = [
        ("uncertainty.in_sample", &entry.in_sample, 0),
        ("uncertainty.out_of_sample", &entry.out_of_sample, 1),
    ];
    for (field, said, stream) in drawn {
        if said.worlds as usize > drawn_max {
            unchecked.push(field);
            unchecked.extend((stream == 0 && !entry.kept.is_empty()).then_some(KEPT_SHARE));
            continue;
        }
        let sample = urn.draw(said.worlds, stream);
        if stream == 0 {
            shares_kept(entry, &sample, view, found);
        }
        if sample.len().saturating_mul(view.graph.facts()) > CHECKED_WORLD_FACTS_MAX {
            unchecked.push(field);
            continue;
        }
        let (reached, held_already) = seen(document, &sample, view, watch);
        found.near(&format!("{field}.reached"), said.reached, reached);
        found.near(&format!("{field}.held_already"), said.held_already, held_already);
    }
    unchecked
}

/// How often each world that is kept was drawn.
fn shares_kept(entry: &UncertaintyEntry, sample: &Sample, view: &View<'_>, found: &mut Findings) {
    let all = f64::from(entry.in_sample.worlds.max(1));
    for (said, held) in entry.kept.iter().zip(&view.kept_worlds) {
        let held: BTreeSet<Entity> = held.iter().copied().collect();
        let draws = sample.get(&Vec::from_iter(held)).copied().unwrap_or(0);
        found.near(KEPT_SHARE, said.share, f64::from(draws) / all);
    }
}

/// The shares of worlds in which a jewel is reached, and in which one is held at once.
fn seen(
    document: &PlanDocument,
    sample: &Sample,
    view: &View<'_>,
    watch: &mut dyn FnMut(Stage),
) -> (f64, f64) {
    let goals = view.kept_jewels(document);
    let worlds: Vec<&Vec<_>> = sample.keys().collect();
    let held = held_at_once(&worlds, &goals, &view.graph);
    let removed: Vec<(Base, f64)> = claims::acts(document)
        .into_iter()
        .flat_map(|(act, seconds)| {
            let facts = view.removal.removes(act).into_iter();
            facts.map(move |fact| (fact, seconds))
        })
        .collect();
    let (mut all, mut reached, mut held_already) = (0_u32, 0_u32, 0_u32);
    for (((world, draws), held), done) in sample.iter().zip(held).zip(0..) {
        let of = sample.len() as u32;
        watch(Stage::World { done, of });
        all += draws;
        if held {
            held_already += draws;
            reached += draws;
            continue;
        }
        let used = view.used_in(world);
        let in_time = removed
            .iter()
            .filter(|(fact, seconds)| view.is_in_time(&used, *fact, *seconds));
        let withdrawn: BTreeSet<Base> = in_time.map(|(fact, _)| *fact).collect();
        let gained = naive::reach_without(view.estate, &view.options, world, &withdrawn);
        if goals.iter().any(|jewel| gained.contains_key(jewel)) {
            reached += draws;
        }
    }
    let share = |draws: u32| f64::from(draws) / f64::from(all.max(1));
    (share(reached), share(held_already))
}
