//! The starter rules see the drill's intruder in time, and ordinary people stay below suspicion.

#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

#[path = "../../evidence/tests/support/inputs.rs"]
mod inputs;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use cordon_estate::{Entity, Estate};
use cordon_evidence::pipeline;
use cordon_evidence::read::Workers;
use cordon_evidence::sigma::{Correlator, Detector, RuleSet, starter_pack};
use cordon_evidence::watch::Watch;
use cordon_sim::drill::{Script, logs, script};
use cordon_sim::northgate::{Options, generate};
use jiff::Timestamp;

/// What the starter rules made of a morning up to some instant.
struct Seen {
    /// First firing of each rule file on a record that names a compromised entity.
    first: BTreeMap<String, Timestamp>,
    watch: Watch,
}

fn compromised(estate: &Estate, script: &Script) -> BTreeSet<Entity> {
    let accounts = estate.accounts_with_ids().filter_map(|(id, account)| {
        let held = script.truth.compromised_accounts.contains(&account.name);
        held.then_some(Entity::Account(id))
    });
    let systems = estate.systems_with_ids().filter_map(|(id, system)| {
        let held = script.truth.compromised_hosts.contains(&system.name);
        held.then_some(Entity::System(id))
    });
    accounts.chain(systems).collect()
}

fn watch(estate: &Estate, script: &Script, events: u32, until: Timestamp) -> Seen {
    let rules = Arc::new(RuleSet::load(starter_pack(), NonZeroUsize::MIN));
    let detector = Detector::new(Arc::clone(&rules));
    let mut correlator = Correlator::new(&rules);
    let held = compromised(estate, script);
    let mut watch = Watch::new(estate.clone(), None);
    let mut first = BTreeMap::new();
    let mut stream = inputs::in_memory(
        logs(estate, script, events)
            .into_iter()
            .map(|file| (file.name, file.bytes)),
    );
    pipeline::detect(
        &mut stream,
        &detector,
        &mut correlator,
        Workers::new(1),
        |record, detections| {
            if record.time >= until {
                return;
            }
            watch.observe(record, detections, &rules);
            for detection in detections {
                let rule = rules.rule(detection.rule).expect("a rule of the set");
                if watch.named().iter().any(|one| held.contains(&one.entity)) {
                    first.entry(rule.file.clone()).or_insert(detection.time);
                }
            }
        },
    );
    Seen { first, watch }
}

fn morning(seed: u64) -> (Estate, Script) {
    let options = Options {
        seed,
        stores: 60,
        ..Options::default()
    };
    let estate = generate(&options);
    let script = script(&estate, seed, options.epoch).expect("a cast");
    (estate, script)
}

fn time_of(script: &Script, technique: &str) -> Timestamp {
    let step = script.truth.steps.iter().find(|step| step.technique == technique);
    step.expect(technique).time
}

#[test]
fn rules_fire_along_the_whole_chain() {
    let (estate, script) = morning(1);
    let end = script.truth.window.expect("a window").1;
    let seen = watch(&estate, &script, 6_000, end);
    eprintln!("{:#?}", seen.first);
    for rule in [
        "directory/password_reset.yml",
        "identity/okta_factors_reset.yml",
        "identity/okta_factor_enrolled.yml",
        "discovery/powerful_groups_listed.yml",
        "credentials/kerberoast.yml",
        "credentials/lsass_dumped.yml",
        "backup/recovery_inhibited.yml",
    ] {
        assert!(
            seen.first.keys().any(|file| file.ends_with(rule)),
            "{rule} is silent"
        );
    }
}

#[test]
fn the_intruders_tools_are_seen_before_the_hypervisors_fall() {
    for seed in 1..=3 {
        let (estate, script) = morning(seed);
        let seen = watch(&estate, &script, 6_000, time_of(&script, "T1078.002"));
        let cast = &script.cast;
        let probability = |entity| seen.watch.inference().probability(entity);
        for entity in [
            Entity::Account(cast.victim),
            Entity::System(cast.desktop),
            Entity::Account(cast.roasted),
            Entity::System(cast.server),
        ] {
            let found = probability(entity);
            assert!(found >= 0.5, "seed {seed}: {} {found}", estate.name(entity));
        }
        let held = compromised(&estate, &script);
        let wrong: Vec<String> = seen
            .watch
            .inference()
            .suspicions(0.5)
            .into_iter()
            .filter(|one| !held.contains(&one.entity))
            .map(|one| format!("{} {:.2}", estate.name(one.entity), one.probability))
            .collect();
        assert!(wrong.is_empty(), "seed {seed}: {wrong:?}");
    }
}
