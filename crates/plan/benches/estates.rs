//! Planning on whole estates: `cargo bench -p cordon-plan --bench estates -- FOLDER...`.
//!
//! Each folder holds an estate and the evidence.json beside it, as `cordon estate generate` writes them. Prints for each folder
//! facts, rules, CPU seconds of this thread to read and to compile the estate and to a proven plan from that, with a certificate, with
//! alternatives; then milliseconds, CPU and wall, to each plan after one change to it: a foothold more or less, a
//! probability, what a person decides. The least of five runs, of three for the plan from nothing, one with alternatives. After each change the
//! plan is compared with one from nothing. Without arguments a small case of the repository is planned, to show that it works.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "support/clock.rs"]
mod clock;
#[path = "support/folder.rs"]
mod folder;

use std::path::{Path, PathBuf};
use std::time::Instant;

use cordon_estate::{Entity, Estate, SystemId};
use cordon_plan::document::WithdrawalId;
use cordon_plan::{Constraints, Foothold, PlanDocument, Planner, Settings, Watch};
use cordon_reach::Options;

use clock::timed;
use folder::{estate, held};

fn main() {
    let named: Vec<PathBuf> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .map(PathBuf::from)
        .collect();
    if named.is_empty() {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases");
        let first = std::fs::read_dir(cases)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .min();
        first.iter().for_each(|folder| measure(folder));
    }
    named.iter().for_each(|folder| measure(folder));
}

/// What is planned for.
#[derive(Clone)]
struct Asked {
    held: Vec<Foothold>,
    constraints: Constraints,
    settings: Settings,
}

fn measure(folder: &Path) {
    let (estate, read) = timed(|| estate(folder));
    let Some(estate) = estate else {
        println!("{}: no estate here", folder.display());
        return;
    };
    let asked = Asked {
        held: held(folder, &estate),
        constraints: Constraints::default(),
        settings: Settings {
            comparisons: false,
            certificate: false,
            ..Settings::default()
        },
    };
    let fresh = || Planner::new(&estate, &Options::default());
    let (planner, compile) = timed(fresh);
    let mut first = (asked.made(&mut fresh()), Took::NEVER);
    for _ in 0..3 {
        let mut planner = fresh();
        let (document, took) = stopped(|| asked.made(&mut planner));
        first = (document, took.least(first.1));
    }
    let document = first.0;
    let proof = &document.optimality;
    println!(
        "{}: {} facts, {} rules, kernel of {}, {} withdrawals possible, {} rounds, {:?} £{}, {} withdrawals",
        folder.file_name().unwrap_or_default().to_string_lossy(),
        planner.graph().facts(),
        planner.graph().rules(),
        proof.kernel_facts,
        proof.candidates,
        proof.rounds,
        proof.status,
        document.cost.total_pence / 100,
        document.withdrawals.len(),
    );
    println!(
        "  read {read:.3} s, compile {compile:.3} s, plan {}, hash {:.16}",
        first.1, document.plan_hash
    );
    let mut with = asked.clone();
    with.settings.certificate = true;
    println!("  with a certificate: {}", stopped(|| with.made(&mut fresh())).1);
    with.settings.comparisons = true;
    println!(
        "  with alternatives too: {}",
        stopped(|| with.made(&mut fresh())).1
    );
    for (change, after) in changes(&estate, &asked, &document) {
        after_change(&estate, &asked, change, &after);
    }
}

/// Times a plan after one change, five times, and compares it with one from nothing.
fn after_change(estate: &Estate, before: &Asked, change: &str, after: &Asked) {
    let mut planner = Planner::new(estate, &Options::default());
    let mut least = Took::NEVER;
    let mut document = None;
    for _ in 0..5 {
        before.made(&mut planner);
        let (made, took) = stopped(|| after.made(&mut planner));
        least = took.least(least);
        document = Some(made);
    }
    let anew = after.made(&mut Planner::new(estate, &Options::default()));
    let same = document.is_some_and(|document| document.plan_hash == anew.plan_hash);
    let verdict = if same {
        "as from nothing"
    } else {
        "NOT AS FROM NOTHING"
    };
    println!("  {change}: {least}, {verdict}");
}

/// One change each.
fn changes(estate: &Estate, asked: &Asked, document: &PlanDocument) -> Vec<(&'static str, Asked)> {
    let mut changes = Vec::new();
    let mut add = |name: &'static str, change: &dyn Fn(&mut Asked)| {
        let mut after = asked.clone();
        change(&mut after);
        changes.push((name, after));
    };
    let more = another(estate, &asked.held);
    let ids: Vec<WithdrawalId> = document.withdrawals.iter().map(|one| one.id.clone()).collect();
    let free = estate.services_with_ids().find(|(_, service)| !service.protected);
    let jewel = more.map(|one| one.entity);
    add("nothing changed", &|_| {});
    add("a foothold more", &|after| after.held.extend(more));
    add("a foothold less", &|after| {
        after.held.truncate(after.held.len().saturating_sub(1))
    });
    add("a probability", &|after| {
        after.held.iter_mut().for_each(|one| one.probability *= 0.99)
    });
    add("a refusal", &|after| {
        after.constraints.refuse.extend(ids.first().cloned())
    });
    add("a withdrawal forced", &|after| {
        after.constraints.force.extend(ids.last().cloned())
    });
    add("a service protected", &|after| {
        after.constraints.protect.extend(free.map(|(id, _)| id))
    });
    add("a jewel more", &|after| after.constraints.jewels.extend(jewel));
    add("twice the duration", &|after| {
        after.settings.duration_hours *= 2.0
    });
    changes
}

impl Asked {
    fn made(&self, planner: &mut Planner<'_>) -> PlanDocument {
        let begun = Instant::now();
        let mut watch = Watch {
            progress: &mut |_| {},
            clock: &mut || begun.elapsed().as_secs_f64(),
        };
        planner.plan(&self.held, &self.settings, &self.constraints, &mut watch)
    }
}

/// One more system, the middle one of the estate that is not yet held.
fn another(estate: &Estate, held: &[Foothold]) -> Option<Foothold> {
    let middle = estate.systems.len() as u32 / 2;
    let free = |id: &u32| held.iter().all(|one| one.entity != Entity::System(SystemId(*id)));
    let id = (middle..estate.systems.len() as u32).find(free)?;
    Some(Foothold {
        entity: Entity::System(SystemId(id)),
        probability: 0.9,
    })
}

/// CPU and wall seconds.
#[derive(Clone, Copy)]
struct Took {
    cpu: f64,
    wall: f64,
}

impl Took {
    const NEVER: Self = Self {
        cpu: f64::INFINITY,
        wall: f64::INFINITY,
    };

    fn least(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.min(other.cpu),
            wall: self.wall.min(other.wall),
        }
    }
}

impl std::fmt::Display for Took {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{:.1} ms CPU, {:.1} ms wall", self.cpu * 1e3, self.wall * 1e3)
    }
}

fn stopped<T>(work: impl FnOnce() -> T) -> (T, Took) {
    let begun = Instant::now();
    let (result, cpu) = timed(work);
    let wall = begun.elapsed().as_secs_f64();
    (result, Took { cpu, wall })
}
