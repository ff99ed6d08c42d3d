//! Compiling and chaining at 10⁴ to 10⁶ systems and accounts: `cargo bench -p cordon-reach --bench scale -- 10000 100000
//! 1000000 [PICTURE.svg]`.
//!
//! Prints CPU seconds of this thread (from the kernel's accounting, so that a busy machine matters less), the least of
//! several runs, and bytes. Without arguments only the smallest size runs, to show that the benchmark works. The estate is
//! random but shaped: each account in three groups, each system in one, rights for groups and for single accounts,
//! sessions, nested groups, two hundred zones; about nine rules for each entity.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "scale/picture.rs"]
mod picture;
#[path = "scale/random_estate.rs"]
mod random_estate;

use std::time::Instant;

use cordon_estate::{Entity, Estate, SystemId};
use cordon_reach::{Base, FactId, FactSet, Graph, Options, Scratch, Until, jewels};

use random_estate::{SEED, estate};

const SMALLEST: u32 = 10_000;

/// Runs of each measurement; the least counts.
const RUNS: u32 = 3;

/// Facts of which a derivation is written down.
const WITNESSES: usize = 1_000;

/// Worlds that are chained one after another and on two threads.
const WORLDS: u32 = 4;

/// What was measured at one size. Seconds are CPU seconds.
pub(crate) struct Figures {
    pub(crate) entities: u32,
    pub(crate) rules: usize,
    slots: usize,
    bytes: usize,
    pub(crate) compile: f64,
    first: f64,
    pub(crate) chain: f64,
    until: f64,
    withdrawn: f64,
    pub(crate) witnesses: f64,
    steps: usize,
    pub(crate) kernel: f64,
    reached: usize,
    worlds_wall: [f64; 2],
}

/// CPU seconds of this thread so far.
fn cpu_seconds() -> f64 {
    // Linux brings the count up to date when a thread yields, and else every few milliseconds.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|nanoseconds| nanoseconds.parse().ok())
        .unwrap_or(f64::NAN)
        / 1e9
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = cpu_seconds();
    let result = work();
    (result, cpu_seconds() - start)
}

/// The last result and the least time of several runs.
fn least<T>(mut work: impl FnMut() -> T) -> (T, f64) {
    let (mut result, mut best) = timed(&mut work);
    for _ in 1..RUNS {
        let (again, seconds) = timed(&mut work);
        (result, best) = (again, best.min(seconds));
    }
    (result, best)
}

fn measure(entities: u32) -> Figures {
    let estate = estate(entities);
    println!(
        "{entities} systems and accounts, {} accesses, seed {SEED}",
        estate.accesses.len()
    );
    let (graph, compile) = least(|| Graph::compile(&estate, &Options::default()));
    let goals = goals(&estate, &graph);
    let foothold = [Entity::System(SystemId(entities / 4))];
    let nothing = FactSet::new();
    let mut scratch = Scratch::new();
    let mut chain = |withdrawn: &FactSet| graph.chain(&foothold, withdrawn, &mut scratch).facts().len();
    let (reached, first) = timed(|| chain(&nothing));
    let (again, chained) = least(|| chain(&nothing));
    assert_eq!(reached, again, "two chains from the same footholds differ");
    let some = every_hundredth(&graph);
    let (left, withdrawn) = least(|| chain(&some));
    println!("  {reached} facts reached, {left} with every hundredth base fact withdrawn");
    let (_, until) = least(|| {
        let until = Until::Any(&goals);
        let exposure = graph.chain_until(&foothold, &nothing, until, &mut scratch);
        exposure.facts().len()
    });
    let (steps, witnesses) = witnesses(&graph, &foothold);
    let mut other = Scratch::new();
    let (kernel, kernel_seconds) = least(|| graph.kernel(&foothold, &goals, &mut other));
    println!("  {} rules in the kernel", kernel.rules());
    Figures {
        entities,
        rules: graph.rules(),
        slots: graph.premise_slots(),
        bytes: graph.rule_bytes(),
        compile,
        first,
        chain: chained,
        until,
        withdrawn,
        witnesses,
        steps,
        kernel: kernel_seconds,
        reached,
        worlds_wall: worlds(&graph, entities),
    }
}

fn goals(estate: &Estate, graph: &Graph) -> Vec<FactId> {
    let jewels = jewels(estate);
    jewels
        .iter()
        .filter_map(|jewel| graph.derived(jewel.taken))
        .collect()
}

fn every_hundredth(graph: &Graph) -> FactSet {
    let internet = graph.base(Base::Internet);
    // From 37, so that the foothold itself stays connected.
    (37..graph.base_facts() as u32)
        .step_by(100)
        .map(FactId)
        .filter(|fact| Some(*fact) != internet)
        .collect()
}

/// Derivations of facts spread evenly over those reached: how many steps they have together, and the seconds.
fn witnesses(graph: &Graph, foothold: &[Entity]) -> (usize, f64) {
    let mut scratch = Scratch::new();
    let exposure = graph.chain(foothold, &FactSet::new(), &mut scratch);
    let reached: Vec<FactId> = exposure.facts().collect();
    let some: Vec<FactId> = reached
        .iter()
        .copied()
        .step_by((reached.len() / WITNESSES).max(1))
        .take(WITNESSES)
        .collect();
    least(|| {
        let derivations = some.iter().filter_map(|fact| exposure.derivation(*fact));
        derivations.map(|found| found.steps.len()).sum()
    })
}

/// Wall seconds to chain some worlds one after another, and on two threads; both find the same.
fn worlds(graph: &Graph, entities: u32) -> [f64; 2] {
    let worlds: Vec<Entity> = (0..WORLDS)
        .map(|world| Entity::System(SystemId(world * (entities / 2 / WORLDS))))
        .collect();
    let (front, back) = worlds.split_at(worlds.len() / 2);
    let (mut one, mut other) = (Scratch::new(), Scratch::new());
    let mut wall = [f64::INFINITY; 2];
    for _ in 0..2 {
        let begun = Instant::now();
        let alone = sums(graph, &worlds, &mut one);
        let [alone_seconds, both_seconds] = &mut wall;
        *alone_seconds = alone_seconds.min(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let both = std::thread::scope(|scope| {
            let second = scope.spawn(|| sums(graph, back, &mut other));
            let mut found = sums(graph, front, &mut one);
            found.extend(second.join().unwrap_or_default());
            found
        });
        *both_seconds = both_seconds.min(begun.elapsed().as_secs_f64());
        assert_eq!(alone, both, "two threads find something else");
    }
    wall
}

/// For each world how many facts are reached, and all arrivals together.
fn sums(graph: &Graph, worlds: &[Entity], scratch: &mut Scratch) -> Vec<(usize, u64)> {
    let nothing = FactSet::new();
    let mut found = Vec::with_capacity(worlds.len());
    for world in worlds {
        let exposure = graph.chain(&[*world], &nothing, scratch);
        let arrivals = exposure.facts().filter_map(|fact| exposure.arrival_seconds(fact));
        found.push((exposure.facts().len(), arrivals.map(u64::from).sum()));
    }
    found
}

fn table(all: &[Figures]) {
    println!(
        "\n| systems and accounts | rules | premise slots | bytes a slot | compile | chain, first | chain | ns a rule | chain, 1 % withdrawn | until a jewel | {WITNESSES} witnesses | steps in them | kernel | facts reached |"
    );
    println!(
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    );
    for one in all {
        println!(
            "| {} | {} | {} | {:.1} | {:.4} | {:.4} | {:.4} | {:.1} | {:.4} | {:.4} | {:.4} | {} | {:.4} | {} |",
            one.entities,
            one.rules,
            one.slots,
            one.bytes as f64 / one.slots as f64,
            one.compile,
            one.first,
            one.chain,
            1e9 * one.chain / one.rules as f64,
            one.withdrawn,
            one.until,
            one.witnesses,
            one.steps,
            one.kernel,
            one.reached
        );
    }
    println!("\n| systems and accounts | {WORLDS} worlds, one thread, wall s | two threads | ratio |");
    println!("| ---: | ---: | ---: | ---: |");
    for one in all {
        let [alone, both] = one.worlds_wall;
        println!(
            "| {} | {alone:.4} | {both:.4} | {:.2} |",
            one.entities,
            alone / both
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut sizes: Vec<u32> = arguments.iter().filter_map(|word| word.parse().ok()).collect();
    if sizes.is_empty() {
        sizes.push(SMALLEST);
    }
    let all: Vec<Figures> = sizes.into_iter().map(measure).collect();
    table(&all);
    let picture = arguments.iter().find(|word| word.ends_with(".svg"));
    if let Some(path) = picture
        && let Err(error) = std::fs::write(path, picture::picture(&all))
    {
        println!("cannot write {path}: {error}");
    }
}
