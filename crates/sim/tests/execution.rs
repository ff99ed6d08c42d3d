//! Plans carried out under faults: many nights, and each must hold what is promised.

use cordon_sim::execution::Night;

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
