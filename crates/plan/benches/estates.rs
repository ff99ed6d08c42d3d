//! Planning on whole estates: `cargo bench -p cordon-plan --bench estates -- FOLDER...`.
//!
//! Each folder holds an estate and the evidence.json beside it, as `cordon estate generate` writes them. Prints one line
//! a folder: facts, rules, CPU seconds of this thread to read and to compile the estate, to a proven plan from that,
//! to a new plan after one more foothold, and to a plan with alternatives; the least of three runs but for the last.
//! Without arguments a small case of the repository is planned, to show that it works.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use cordon_estate::{AccountId, Entity, Estate, SystemId};
use cordon_plan::{Constraints, Foothold, PlanDocument, Planner, Settings, Watch};
use cordon_reach::Options;

fn main() {
    let named: Vec<PathBuf> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .map(PathBuf::from)
        .collect();
    println!(
        "estate,facts,rules,kernel_facts,candidates,rounds,status,read_s,compile_s,plan_s,replan_s,alternatives_s,plan_hash"
    );
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

fn measure(folder: &Path) {
    let (estate, read) = timed(|| estate(folder));
    let Some(estate) = estate else {
        println!("{}: no estate here", folder.display());
        return;
    };
    let held = held(folder, &estate);
    let (mut planner, compile) = timed(|| Planner::new(&estate, &Options::default()));
    let (document, first) = least(|| made(&mut planner, &held, false));
    let mut more = held.clone();
    more.extend(another(&estate, &held));
    let (_, again) = least(|| made(&mut planner, &more, false));
    let (_, with_alternatives) = timed(|| made(&mut planner, &held, true));
    let proof = &document.optimality;
    println!(
        "{},{},{},{},{},{},{:?},{read:.3},{compile:.3},{first:.3},{again:.3},{with_alternatives:.3},{:.16}",
        folder.file_name().unwrap_or_default().to_string_lossy(),
        planner.graph().facts(),
        planner.graph().rules(),
        proof.kernel_facts,
        proof.candidates,
        proof.rounds,
        proof.status,
        document.plan_hash,
    );
}

fn made(planner: &mut Planner<'_>, held: &[Foothold], comparisons: bool) -> PlanDocument {
    let begun = Instant::now();
    let settings = Settings {
        comparisons,
        ..Settings::default()
    };
    let mut watch = Watch {
        progress: &mut |_| {},
        clock: &mut || begun.elapsed().as_secs_f64(),
    };
    planner.plan(held, &settings, &Constraints::default(), &mut watch)
}

fn estate(folder: &Path) -> Option<Estate> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let name = entry.path().display().to_string();
        if cordon_estate::load::is_estate_file(&name) {
            files.push((name, std::fs::read_to_string(entry.path()).ok()?));
        }
    }
    files.sort();
    let borrowed: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    Some(cordon_estate::load::load(&borrowed).ok()?.estate)
}

/// What the evidence names, or else the first account.
fn held(folder: &Path, estate: &Estate) -> Vec<Foothold> {
    let text = std::fs::read_to_string(folder.join("evidence.json")).unwrap_or_default();
    let evidence: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let named = evidence.get("footholds").and_then(|list| list.as_array());
    let found: Vec<Foothold> = named
        .into_iter()
        .flatten()
        .filter_map(|one| {
            Some(Foothold {
                entity: entity(estate, one.get("entity")?.as_str()?)?,
                probability: one.get("probability")?.as_f64()?,
            })
        })
        .collect();
    if found.is_empty() {
        let entity = Entity::Account(AccountId(0));
        return vec![Foothold {
            entity,
            probability: 1.0,
        }];
    }
    found
}

fn entity(estate: &Estate, name: &str) -> Option<Entity> {
    let (kind, name) = name.split_once(':')?;
    match kind {
        "account" => {
            let place = estate.accounts.iter().position(|account| account.name == name)?;
            Some(Entity::Account(AccountId(place as u32)))
        }
        "system" => {
            let place = estate.systems.iter().position(|system| system.name == name)?;
            Some(Entity::System(SystemId(place as u32)))
        }
        _ => None,
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

fn least<T>(mut work: impl FnMut() -> T) -> (T, f64) {
    let mut best = timed(&mut work);
    for _ in 0..2 {
        let next = timed(&mut work);
        if next.1 < best.1 {
            best = next;
        }
    }
    best
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begun = cpu_seconds();
    let result = work();
    (result, cpu_seconds() - begun)
}

/// CPU seconds of this thread so far, from the kernel's accounting.
fn cpu_seconds() -> f64 {
    // Linux brings the count up to date when a thread yields, and else every few milliseconds.
    std::thread::yield_now();
    let scheduled = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = scheduled
        .split(' ')
        .next()
        .and_then(|number| number.parse::<f64>().ok());
    first.unwrap_or(0.0) / 1e9
}
