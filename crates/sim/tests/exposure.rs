//! The sample incident is worth deciding about: nothing done loses jewels, cutting off only what was detected still
//! loses some, and a short list of withdrawals, none of which touches a protected service, saves all.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use cordon_estate::{AccessKind, Entity, Estate};
use cordon_reach::{Base, Exposure, FactSet, Graph, Options as ReachOptions, Scratch, jewels};
use cordon_sim::northgate::{Cast, Options, generate};
use cordon_sim::sample_incident;

fn estate(seed: u64) -> Estate {
    generate(&Options {
        seed,
        stores: 120,
        ..Options::default()
    })
}

fn lost(estate: &Estate, footholds: &[Entity], withdrawn: &[Base]) -> Vec<String> {
    let graph = Graph::compile(estate, &ReachOptions::default());
    let mut set = FactSet::default();
    for &base in withdrawn {
        set.insert(graph.base(base).unwrap());
    }
    let mut scratch = Scratch::new();
    let exposure = graph.chain(footholds, &set, &mut scratch);
    jewels(estate)
        .iter()
        .filter(|jewel| exposure.takes(jewel.entity))
        .map(|jewel| {
            format!(
                "{}: {}",
                estate.name(jewel.entity),
                path(&graph, estate, &exposure, jewel.taken)
            )
        })
        .collect()
}

fn path(graph: &Graph, estate: &Estate, exposure: &Exposure<'_>, taken: cordon_reach::Derived) -> String {
    let fact = graph.derived(taken).unwrap();
    let derivation = exposure.derivation(fact).unwrap();
    let steps: Vec<String> = derivation
        .steps
        .iter()
        .map(|step| {
            format!(
                "{} @{:.0}",
                graph.describe(step.conclusion).unwrap().text(estate),
                step.minutes
            )
        })
        .collect();
    steps.join(" > ")
}

/// Every account and system that was detected, cut off: what an endpoint product does.
fn detected(footholds: &[Entity]) -> Vec<Base> {
    footholds
        .iter()
        .filter_map(|&entity| match entity {
            Entity::Account(account) => Some(Base::Enabled(account)),
            Entity::System(system) => Some(Base::Connected(system)),
            _ => None,
        })
        .collect()
}

fn recoveries(estate: &Estate) -> Vec<Base> {
    estate
        .accesses_with_ids()
        .filter(|(_, access)| matches!(access.kind, AccessKind::Recovery { .. }))
        .map(|(id, _)| Base::Access(id))
        .collect()
}

fn footholds(estate: &Estate, seed: u64) -> Vec<Entity> {
    sample_incident(estate, seed)
        .iter()
        .map(|foothold| foothold.entity)
        .collect()
}

#[test]
fn doing_nothing_loses_every_kind_of_jewel() {
    for seed in 1..=5 {
        let estate = estate(seed);
        let lost = lost(&estate, &footholds(&estate, seed), &[]);
        for name in ["NG-DC-1", "VCENTER-1", "NG-BAK-1", "northgate-idp", "MEMBER-DB"] {
            assert!(
                lost.iter().any(|line| line.starts_with(name)),
                "{name} is safe, seed {seed}"
            );
        }
    }
}

#[test]
fn cutting_off_only_what_was_detected_still_loses_jewels() {
    for seed in 1..=5 {
        let estate = estate(seed);
        let footholds = footholds(&estate, seed);
        assert!(
            !lost(&estate, &footholds, &detected(&footholds)).is_empty(),
            "seed {seed}"
        );
    }
}

#[test]
fn the_same_and_no_resets_by_telephone_saves_all() {
    for seed in 1..=5 {
        let estate = estate(seed);
        let footholds = footholds(&estate, seed);
        let mut withdrawn = detected(&footholds);
        withdrawn.extend(recoveries(&estate));
        let lost = lost(&estate, &footholds, &withdrawn);
        assert!(lost.is_empty(), "seed {seed}: {lost:#?}");
    }
}

#[test]
fn closing_remote_access_alone_saves_nothing() {
    let estate = estate(1);
    let footholds = footholds(&estate, 1);
    let remote: Vec<Base> = estate
        .accesses_with_ids()
        .filter(|(_, access)| matches!(access.kind, AccessKind::RemoteAccess { .. }))
        .map(|(id, _)| Base::Access(id))
        .collect();
    let lost = lost(&estate, &footholds, &remote);
    assert!(lost.iter().any(|line| line.starts_with("VCENTER-1")));
}

/// The path of the drill is there: without what it rests on, the hypervisors fall later or not at all.
#[test]
fn the_path_of_the_drill_exists() {
    let estate = estate(2);
    let cast = Cast::of(&estate, 2).unwrap();
    let start = [Entity::Account(cast.victim)];
    let graph = Graph::compile(&estate, &ReachOptions::default());
    let mut scratch = Scratch::new();
    let exposure = graph.chain(&start, &FactSet::default(), &mut scratch);
    for entity in [
        Entity::System(cast.desktop),
        Entity::Account(cast.roasted),
        Entity::System(cast.server),
        Entity::System(cast.jump_host),
        Entity::Account(cast.administrator),
        Entity::System(cast.hypervisor_manager),
        Entity::System(cast.backup),
    ] {
        assert!(exposure.takes(entity), "{}", estate.name(entity));
    }
}
