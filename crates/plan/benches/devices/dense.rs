//! Random problems in which everything hangs together with everything, harder than estates are.

use cordon_plan::devices::{Device, Devices};
use cordon_plan::hitting::{Classes, Instance, Limits, Tools, Verdict, solve};
use cordon_plan::kernel::{Kernel, Lists, RuleIndex, Rules, Source};
use cordon_plan::master::{Gate, Master, Node};

use super::Solved;
use super::clock::timed;
use super::draw::Random;

/// How large a problem is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    given: usize,
    derived: usize,
    rules: usize,
    columns: usize,
    services: usize,
    others: usize,
}

/// As large as the kernel of a small estate, but dense.
pub(crate) const DENSE: Size = Size {
    given: 80,
    derived: 160,
    rules: 420,
    columns: 60,
    services: 12,
    others: 60,
};

/// Twice as large.
pub(crate) const LARGER: Size = Size {
    given: 160,
    derived: 320,
    rules: 840,
    columns: 120,
    services: 24,
    others: 120,
};

const JEWELS: usize = 4;

struct Dense {
    rules: Rules,
    cutters: Lists<u32>,
    targets: Vec<u32>,
    instance: Instance,
}

/// Rules of one to three premises, of which the conclusion lies behind all or, one time in ten, anywhere.
fn rules(size: &Size, random: &mut Random) -> Rules {
    let mut rules = Rules::new();
    for _ in 0..size.rules {
        let head = random.below(size.derived);
        let before = if random.below(10) == 0 { size.derived } else { head };
        let count = 1 + random.below(3);
        let body: Vec<u32> = (0..count)
            .map(|_| random.below(size.given + before) as u32)
            .collect();
        rules.push(body, (size.given + head) as u32);
    }
    rules
}

fn some(random: &mut Random, count: usize, end: usize) -> Vec<u32> {
    let mut found: Vec<u32> = (0..count).map(|_| random.below(end) as u32).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn pence(random: &mut Random, least: usize, most: usize) -> i64 {
    (least + random.below(most - least)) as i64
}

fn dense(size: &Size, seed: u64) -> Dense {
    let random = &mut Random::of(seed, 7);
    let rules = rules(size, random);
    let cutters = (0..size.given).map(|_| {
        let count = 1 + random.below(3);
        some(random, count, size.columns)
    });
    let cutters: Lists<u32> = cutters.collect();
    let jewels = (0..JEWELS).map(|place| (size.given + size.derived - 1 - place) as u32);
    let others = (0..size.others).map(|_| (size.given + random.below(size.derived - JEWELS)) as u32);
    let targets: Vec<u32> = jewels.chain(others).collect();
    let services = (0..size.services).map(|_| Node {
        gate: Gate::Any,
        columns: some(random, 5, size.columns),
        nodes: Vec::new(),
        pence: pence(random, 1_000, 8_000),
        forbidden: false,
    });
    let nodes = services.collect();
    let price = |place: usize, random: &mut Random| (place >= JEWELS).then(|| pence(random, 100, 1_500));
    Dense {
        instance: Instance {
            columns: (0..size.columns).map(|_| pence(random, 50, 1_500)).collect(),
            fixed: vec![None; size.columns],
            nodes,
            targets: (0..targets.len()).map(|place| price(place, random)).collect(),
            budget: None,
        },
        rules,
        cutters,
        targets,
    }
}

/// Solves the problem of a seed; how long that took in CPU seconds.
pub(crate) fn solved(size: &Size, seed: u64, master: &dyn Master, devices: Devices) -> (Solved, f64) {
    let problem = dense(size, seed);
    let hard: Vec<bool> = problem.instance.targets.iter().map(Option::is_none).collect();
    let facts = size.given + size.derived;
    let given: Vec<bool> = (0..facts).map(|fact| fact < size.given).collect();
    let source = Source {
        facts,
        rules: &RuleIndex::new(facts, problem.rules.clone()),
        given: &given,
        cutters: &problem.cutters,
        targets: &problem.targets,
        hard: &hard,
    };
    let is_alone = |target: u32| (target as usize) < JEWELS || !devices.has(Device::Classes);
    let limits = Limits {
        rounds_max: cordon_plan::limits::ROUNDS_MAX,
        nodes_max: cordon_plan::limits::MASTER_NODES_MAX,
        deadline_seconds: f64::INFINITY,
    };
    let mut classes = Classes::new(problem.targets.len(), is_alone, 10_000);
    let (solution, took) = timed(|| {
        let mut tools = Tools {
            master,
            oracle: &mut Kernel::with(&source, devices, None),
            classes: &mut classes,
            clock: &mut || 0.0,
            watch: &mut |_| {},
        };
        solve(&problem.instance, &mut tools, &limits, 0)
    });
    let is_proven = matches!(solution.verdict, Verdict::Optimal | Verdict::Infeasible);
    let has_choice = !solution.chosen.is_empty();
    let solved = Solved {
        cost_pence: if has_choice { solution.cost } else { 0 },
        ways: classes.derivations(),
        is_proven,
    };
    (solved, took)
}
