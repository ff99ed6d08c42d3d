//! Plans carried out under faults: many nights, and each must hold what is promised.

use cordon_act::bugs::Bug;
use cordon_sim::execution::Night;

/// How many nights of faults every test run has.
const NIGHTS: u64 = 20_000;

#[test]
fn a_night_without_faults_does_something_and_gives_it_back() {
    let mut effects = 0;
    for seed in 0..200 {
        let report = Night::calm(seed).run();
        assert_eq!(report.violations, Vec::<String>::new(), "seed {seed}");
        effects += report.effects;
    }
    assert!(effects > 500, "only {effects} effects: these nights show nothing");
}

#[test]
fn no_fault_breaks_an_invariant() {
    let half = |from: u64| {
        let (mut effects, mut crashes) = (0_u64, 0_u64);
        for seed in (from..NIGHTS).step_by(2) {
            let report = Night::new(seed).run();
            assert_eq!(
                report.violations,
                Vec::<String>::new(),
                "seed {seed}: `nights print {seed}` tells it"
            );
            effects += u64::from(report.effects);
            crashes += u64::from(report.crashes);
        }
        (effects, crashes)
    };
    let other = std::thread::spawn(move || half(1));
    let (effects, crashes) = half(0);
    let (more_effects, more_crashes) = other.join().unwrap();
    let (effects, crashes) = (effects + more_effects, crashes + more_crashes);
    assert!(
        effects > 50_000 && crashes > 20_000,
        "{effects} effects, {crashes} crashes: too tame"
    );
}

#[test]
fn the_same_seed_is_the_same_night() {
    for seed in 0..50 {
        assert_eq!(Night::new(seed).run(), Night::new(seed).run());
    }
    assert_ne!(Night::new(1).run().digest, Night::new(2).run().digest);
}

/// The first of so many nights in which a violation of the invariant is found.
fn found(invariant: u8, night: impl Fn(u64) -> Night) -> Option<u64> {
    let wanted = format!("invariant {invariant} ");
    (0..2_000).find(|seed| {
        night(*seed)
            .run()
            .violations
            .iter()
            .any(|line| line.starts_with(&wanted))
    })
}

/// Each invariant has a defect that breaks it, and the nights find each, under its number.
#[test]
fn a_planted_defect_is_found_for_every_invariant() {
    for (invariant, bug) in [
        (1, Bug::AsksBeforeWriting),
        (2, Bug::TakesLastPrior),
        (3, Bug::SparesNobody),
        (4, Bug::HeedsOwnNeverOnly),
        (5, Bug::LiftsWhatIsHeld),
        (6, Bug::IgnoresEpoch),
        (7, Bug::ForgetsLifts),
        (8, Bug::CountsSignatures),
        (9, Bug::IgnoresWaves),
        (10, Bug::ForgetsOwnEffectsEarly),
        (11, Bug::RecordsNoWayBack),
        (12, Bug::TrustsLease),
    ] {
        let seed = found(invariant, |seed| Night::new(seed).planted(bug));
        println!("invariant {invariant}: {bug:?} was found in night {seed:?}");
        assert!(seed.is_some(), "{bug:?} was not found in 2,000 nights");
    }
}
