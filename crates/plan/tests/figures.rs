//! Figures on the built-in retailer: run with `--release -- --ignored --nocapture`.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "figures are for reading")]

use std::time::Instant;

use cordon_plan::{Constraints, Foothold, Planner, Settings, Watch};
use cordon_reach::Options;
use cordon_sim::northgate;

fn report(stores: u32) {
    let started = Instant::now();
    let estate = northgate::generate(&northgate::Options {
        stores,
        ..northgate::Options::default()
    });
    let footholds: Vec<Foothold> = cordon_sim::sample_incident(&estate, northgate::Options::default().seed)
        .into_iter()
        .map(|one| Foothold {
            entity: one.entity,
            probability: one.probability,
        })
        .collect();
    println!(
        "{stores} stores: {} accounts, {} systems, {} accesses, made in {:.2} s",
        estate.accounts.len(),
        estate.systems.len(),
        estate.accesses.len(),
        started.elapsed().as_secs_f64()
    );
    let started = Instant::now();
    let mut planner = Planner::new(&estate, &Options::default());
    println!(
        "compiled in {:.3} s: {} facts, {} rules",
        started.elapsed().as_secs_f64(),
        planner.graph().facts(),
        planner.graph().rules()
    );
    for comparisons in [false, true] {
        let settings = Settings {
            comparisons,
            ..Settings::default()
        };
        let started = Instant::now();
        let mut watch = Watch {
            progress: &mut |progress| println!("  {:.3} {progress:?}", started.elapsed().as_secs_f64()),
            clock: &mut || started.elapsed().as_secs_f64(),
        };
        let document = planner.plan(&footholds, &settings, &Constraints::default(), &mut watch);
        println!(
            "planned in {:.3} s: {:?} {:?}",
            started.elapsed().as_secs_f64(),
            document.outcome,
            document.optimality
        );
        if comparisons {
            println!("{}", serde_json::to_string_pretty(&document).unwrap());
        }
    }
}

#[test]
#[ignore = "prints figures"]
fn figures_of_a_small_northgate() {
    report(20);
}

#[test]
#[ignore = "prints figures"]
fn figures_of_northgate() {
    report(2_300);
}
