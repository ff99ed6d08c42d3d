//! Recorded intrusions, replayed: what the plan would have stopped.
//!
//! Looks for the recordings in the folder that `CORDON_DATA` names, or in `../shared/data` beside the repository.

#[path = "../../evidence/tests/support/inputs.rs"]
mod inputs;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use cordon_estate::Estate;
use cordon_evidence::pipeline;
use cordon_evidence::read::{Options, Workers};
use cordon_evidence::sigma::{Correlator, Detector, RuleSet};
use cordon_incident::backtest::{BacktestSettings, Measured};
use cordon_incident::{Backtest, BacktestDocument, Case, CaseSettings, Truth};

fn replay(folder: &Path, set: &Arc<RuleSet>, truth: Option<&Truth>) -> BacktestDocument {
    let detector = Detector::new(Arc::clone(set));
    let case = Case::new(Estate::default(), set.rules(), CaseSettings::default());
    let mut backtest = Backtest::new(case, BacktestSettings::default(), truth);
    let mut stream = inputs::stream(&inputs::files(folder, ".zst"), Options::default());
    let mut correlator = Correlator::new(set);
    pipeline::detect(
        &mut stream,
        &detector,
        &mut correlator,
        Workers::new(1),
        |record, detections| {
            backtest.on_record(record, detections, &mut || 0.0);
        },
    );
    backtest.finish(
        set.rules(),
        Measured {
            files: stream.reports().map(|report| report.name.clone()).collect(),
            unreadable: stream.report().unreadable,
            seconds: 0.0,
        },
    )
}

#[test]
fn the_playbook_is_stopped_before_it_moves() {
    let (Some(rules), Some(folder)) = (inputs::sigma(), inputs::recording("purplesharp_ad_playbook_I"))
    else {
        return;
    };
    let truth: Truth = serde_json::from_str(&fs::read_to_string(folder.join("truth.json")).unwrap()).unwrap();
    let found = replay(&folder, &rules, Some(&truth));
    let mut shown = found.clone();
    shown.plan_document = None;
    println!("{}", serde_json::to_string_pretty(&shown).unwrap());

    assert_eq!(found.events, 25_993);
    let first_winrm = "2020-10-22T08:29:59.890Z".parse().unwrap();
    assert!(
        found.first_plan.unwrap() < first_winrm,
        "the plan came at {:?}",
        found.first_plan
    );
    let winrm: Vec<_> = found
        .steps
        .iter()
        .filter(|step| step.technique == "T1021.006")
        .collect();
    assert_eq!(winrm.len(), 3);
    for step in winrm {
        assert!(step.blocked_by.is_some(), "{step:?}");
    }
    for name in ["WORKSTATION5", "pgustavo"] {
        let is_it = |own: &str| own.split('.').next().unwrap().eq_ignore_ascii_case(name);
        assert!(
            found
                .footholds
                .iter()
                .any(|one| is_it(&one.name) && one.probability >= 0.5),
            "{name}"
        );
    }
    assert!(found.footholds_wrong.unwrap() <= 2, "{:#?}", found.footholds);
    assert!(found.plan.unwrap().withdrawals.len() <= 4);
}

/// What is known of the single techniques from their names and records: who must be among the footholds.
const SINGLE_TECHNIQUES: &[(&str, &[&str])] = &[
    ("covenant_dcsync_dcerpc_drsuapi_DsGetNCChanges", &["pgustavo"]),
    ("covenant_psremoting_grunt", &["pgustavo", "HR001", "IT001"]),
    (
        "covenant_wmi_remote_event_subscription_ActiveScriptEventConsumers",
        &["WORKSTATION6"],
    ),
    (
        "empire_find_localadmin_smb_svcctl_OpenSCManager",
        &["WORKSTATION5"],
    ),
    (
        "empire_msbuild_dcerpc_wmi_smb",
        &["pgustavo", "WORKSTATION5", "WORKSTATION6"],
    ),
    (
        "empire_psexec_dcerpc_tcp_svcctl",
        &["pgustavo", "WORKSTATION5", "WORKSTATION6"],
    ),
    ("empire_wmic_add_user_backdoor", &["pgustavo"]),
    (
        "mimikatz_CVE-2020-1472_Unauthenticated_NetrServerAuthenticate2",
        &["pgustavo", "WORKSTATION5"],
    ),
];

#[test]
fn every_single_technique_gets_a_plan_and_accuses_nobody_else() {
    let Some(rules) = inputs::sigma() else { return };
    for (name, expected) in SINGLE_TECHNIQUES {
        let Some(folder) = inputs::recording(name) else {
            return;
        };
        let found = replay(&folder, &rules, None);
        let mut held: Vec<&str> = found.footholds.iter().map(|one| one.name.as_str()).collect();
        held.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(held, expected, "{name}");
        assert!(found.plan.is_some(), "{name}");
    }
}
