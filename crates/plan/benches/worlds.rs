//! Whether threads pay for sampled worlds: `cargo bench -p cordon-plan --bench worlds -- FOLDER...`.
//!
//! Each folder holds an estate and the evidence.json beside it, as `cordon estate generate` writes them. Plans are made over 200 worlds
//! and 2,000 others, on one thread and on two, three times in turn, without certificate and comparisons. Prints the least wall time, CPU
//! seconds of the process and of the calling thread, and whether all plans are the same. A plan without worlds is the first
//! line. Without arguments a small case of the repository is planned, to show that it works.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "support/clock.rs"]
mod clock;
#[path = "support/folder.rs"]
mod folder;

use std::path::{Path, PathBuf};
use std::time::Instant;

use cordon_estate::Estate;
use cordon_plan::{Constraints, Foothold, PlanDocument, Planner, Settings, Uncertainty, Watch};
use cordon_reach::Options;

fn main() {
    let named: Vec<PathBuf> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .map(PathBuf::from)
        .collect();
    if named.is_empty() {
        measure(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/27-in-time"));
    }
    named.iter().for_each(|folder| measure(folder));
}

/// Seconds.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    process: f64,
    caller: f64,
}

fn measure(folder: &Path) {
    let Some(estate) = folder::estate(folder) else {
        println!("{}: no estate here", folder.display());
        return;
    };
    let held = folder::held(folder, &estate);
    println!("{}", folder.file_name().unwrap_or_default().to_string_lossy());
    println!("\n| | wall s | CPU s | of the calling thread |\n| --- | ---: | ---: | ---: |");
    let (_, took) = planned(&estate, &held, None, 1);
    print_row("no worlds", took);
    let mut least: [Option<Took>; 2] = [None; 2];
    let mut texts: Vec<String> = Vec::new();
    for _ in 0..3 {
        for (threads, least) in (1..).zip(&mut least) {
            let (document, took) = planned(&estate, &held, Some(Uncertainty::default()), threads);
            texts.push(serde_json::to_string(&document).unwrap_or_default());
            if least.is_none_or(|least| took.wall < least.wall) {
                *least = Some(took);
            }
        }
    }
    let names = ["one thread", "two threads"];
    for (name, took) in names.into_iter().zip(least.into_iter().flatten()) {
        print_row(name, took);
    }
    texts.dedup();
    println!("\n{} different plans\n", texts.len());
}

fn print_row(name: &str, took: Took) {
    println!(
        "| {name} | {:.2} | {:.2} | {:.2} |",
        took.wall, took.process, took.caller
    );
}

fn planned(
    estate: &Estate,
    held: &[Foothold],
    uncertainty: Option<Uncertainty>,
    threads: usize,
) -> (PlanDocument, Took) {
    let settings = Settings {
        comparisons: false,
        certificate: false,
        uncertainty,
        threads,
        seconds_max: f64::INFINITY,
        ..Settings::default()
    };
    let mut planner = Planner::new(estate, &Options::default());
    let mut watch = Watch {
        progress: &mut |_| {},
        clock: &mut || 0.0,
    };
    let (begun, before) = (Instant::now(), process_seconds());
    let work = || planner.plan(held, &settings, &Constraints::default(), &mut watch);
    let (document, caller) = clock::timed(work);
    let took = Took {
        wall: begun.elapsed().as_secs_f64(),
        process: process_seconds() - before,
        caller,
    };
    (document, took)
}

/// CPU seconds of all threads so far, also those that have ended, from the kernel's accounting in hundredths of a second.
fn process_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|word| word.parse::<f64>().ok()).sum();
    ticks / 100.0
}
