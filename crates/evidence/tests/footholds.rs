//! Footholds inferred from recorded intrusions with the rules of SigmaHQ and no estate: it is learned on the way.

#![expect(clippy::print_stdout, reason = "a test may speak")]

#[path = "support/inputs.rs"]
mod inputs;

use std::sync::Arc;

use cordon_estate::Estate;
use cordon_evidence::document::{Evidence, entity_name};
use cordon_evidence::pipeline::detect;
use cordon_evidence::read::{Options, Workers};
use cordon_evidence::sigma::{Correlator, Detector, RuleSet};
use cordon_evidence::watch::Watch;
use jiff::Timestamp;

struct Outcome {
    watch: Watch,
    /// Entities that ever were at least as likely held as not, and when first.
    crossed: Vec<(String, Timestamp)>,
}

fn run(name: &str, rules: &Arc<RuleSet>) -> Option<Outcome> {
    let paths = inputs::files(&inputs::recording(name)?, ".json.zst");
    let mut stream = inputs::stream(&paths, Options::default());
    let (detector, mut correlator) = (Detector::new(Arc::clone(rules)), Correlator::new(rules));
    let mut watch = Watch::new(Estate::default(), None);
    let mut crossed: Vec<(String, Timestamp)> = Vec::new();
    detect(
        &mut stream,
        &detector,
        &mut correlator,
        Workers::new(1),
        |record, detections| {
            watch.observe(record, detections, rules);
            for suspicion in watch.inference().suspicions(0.5) {
                let name = entity_name(suspicion.entity, watch.estate());
                if !crossed.iter().any(|(known, _)| *known == name) {
                    crossed.push((name, record.time));
                }
            }
        },
    );
    Some(Outcome { watch, crossed })
}

fn show(recording: &str, outcome: &Outcome, rules: &RuleSet) {
    println!("== {recording}: {} events", outcome.watch.events());
    for (name, time) in &outcome.crossed {
        println!("   crossed {name} at {time}");
    }
    let evidence = Evidence::of(&outcome.watch, rules.rules(), Vec::new(), 0, 0.02);
    for foothold in &evidence.footholds {
        println!("   {:.3} {}", foothold.probability, foothold.entity);
        for reason in &foothold.reasons {
            println!(
                "          {:+.2} {} at {:?}",
                reason.log_odds,
                reason.sentence(&evidence.files),
                reason.time
            );
        }
    }
}

#[test]
fn the_recorded_playbook_is_seen_before_it_moves() {
    let Some(rules) = inputs::sigma() else { return };
    let Some(outcome) = run("purplesharp_ad_playbook_I", &rules) else {
        return;
    };
    show("purplesharp_ad_playbook_I", &outcome, &rules);
    let first_remote_step: Timestamp = "2020-10-22T08:29:59.890Z".parse().unwrap();
    for held in ["account:pgustavo", "system:WORKSTATION5"] {
        let (_, time) = outcome
            .crossed
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(held))
            .unwrap();
        assert!(*time < first_remote_step, "{held} only at {time}");
    }
    // Medium rules about PowerShell fire on the domain controller all the while. They do not make it suspect; that a
    // suspect uses it does, still some ten seconds before he runs programs there (08:30:07).
    let crossed = |name: &str| {
        outcome
            .crossed
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, time)| *time)
    };
    let (controller, account) = (crossed("system:MORDORDC"), crossed("account:pgustavo"));
    println!("the domain controller is suspected from {controller:?}");
    assert!(controller.is_none() || controller > account, "{controller:?}");
    let evidence = Evidence::of(&outcome.watch, rules.rules(), Vec::new(), 0, 0.5);
    let reached = ["WORKSTATION5", "WORKSTATION6", "WORKSTATION7", "MORDORDC"];
    let is_right = |entity: &str| {
        entity == "account:pgustavo"
            || reached
                .iter()
                .any(|name| entity.eq_ignore_ascii_case(&format!("system:{name}")))
    };
    let wrong: Vec<&str> = evidence
        .footholds
        .iter()
        .map(|foothold| foothold.entity.as_str())
        .filter(|entity| !is_right(entity))
        .collect();
    assert!(wrong.len() <= 2, "{wrong:?}");
    for held in ["account:pgustavo", "system:WORKSTATION5"] {
        assert!(
            evidence
                .footholds
                .iter()
                .any(|own| own.entity.eq_ignore_ascii_case(held)),
            "{held}"
        );
    }
    let resolved = evidence.resolve(outcome.watch.estate()).unwrap();
    assert_eq!(resolved.len(), evidence.footholds.len());
}

/// The single techniques: what is believed is shown; nobody may crowd the list.
#[test]
fn single_techniques_do_not_accuse_everybody() {
    let (Some(rules), Some(folder)) = (inputs::sigma(), inputs::data("recordings")) else {
        return;
    };
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("covenant") || name.contains("empire") || name.contains("mimikatz"))
        .collect();
    names.sort();
    for name in names {
        let outcome = run(&name, &rules).unwrap();
        show(&name, &outcome, &rules);
        let suspected = outcome.watch.inference().suspicions(0.5).len();
        assert!(suspected <= 8, "{name}: {suspected}");
    }
}
