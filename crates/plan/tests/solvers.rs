//! Every solver of the master problem and the whole loop against trying everything.

#![expect(clippy::indexing_slicing, reason = "tests may panic")]

mod support;

use cordon_plan::hitting::{Classes, Instance, Limits, Tools, Verdict, solve};
use cordon_plan::kernel::{Kernel, Lists, RuleIndex, Rules, Source};
use cordon_plan::master::{Budget, Combined, Effort, Gate, Integer, Master, Node, Problem, Row, Search};
use support::{Chance, instances};

fn choices(columns: usize) -> impl Iterator<Item = Vec<bool>> {
    (0..1_u32 << columns).map(move |bits| (0..columns).map(|column| bits >> column & 1 == 1).collect())
}

/// Up to `most` different numbers below `bound`, ascending.
fn some(chance: &mut Chance, most: u32, bound: u32) -> Vec<u32> {
    let count = chance.below(most + 1);
    let mut found: Vec<u32> = (0..count).map(|_| chance.below(bound)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn nodes(chance: &mut Chance, columns: u32) -> Vec<Node> {
    let count = chance.below(6);
    (0..count)
        .map(|_| Node {
            gate: if chance.below(100) < 60 {
                Gate::Any
            } else {
                Gate::All
            },
            columns: some(chance, 3, columns),
            nodes: some(chance, 2, count),
            pence: i64::from(chance.below(20)),
            forbidden: (chance.below(100) < 12),
        })
        .collect()
}

fn problem(chance: &mut Chance) -> Problem {
    let columns = 1 + chance.below(9);
    let losses = chance.below(4);
    let fixed = (0..columns)
        .map(|_| (chance.below(100) < 10).then(|| chance.below(100) < 40))
        .collect();
    let rows = (0..chance.below(9))
        .map(|_| Row {
            cuts: some(chance, 4, columns),
            loss: (losses > 0 && (chance.below(100) < 50)).then(|| chance.below(losses)),
        })
        .filter(|row| !row.cuts.is_empty() || row.loss.is_some())
        .collect();
    Problem {
        columns: (0..columns).map(|_| i64::from(chance.below(15))).collect(),
        fixed,
        losses: (0..losses).map(|_| i64::from(chance.below(25))).collect(),
        rows,
        nodes: nodes(chance, columns),
        budget: budget(chance, losses as usize),
    }
}

/// Now and then a budget for losses, drawn apart so that nothing else is drawn otherwise.
fn budget(chance: &Chance, losses: usize) -> Option<Budget> {
    let mut chance = chance.apart();
    (chance.below(100) < 25).then(|| Budget {
        pence: (0..losses).map(|_| i64::from(chance.below(20))).collect(),
        pence_max: i64::from(chance.below(40)),
    })
}

fn brute(problem: &Problem) -> Option<i64> {
    choices(problem.columns.len())
        .filter_map(|chosen| problem.cost(&chosen))
        .min()
}

fn effort() -> Effort<'static> {
    Effort {
        nodes_max: 1_000_000,
        start: None,
        lower_bound: 0,
    }
}

fn agrees(master: &dyn Master, problem: &Problem, seed: u64) {
    let answer = master.solve(problem, &effort());
    let cost = answer.chosen.as_deref().and_then(|chosen| problem.cost(chosen));
    assert_eq!(
        cost,
        brute(problem),
        "{} on seed {seed}: {problem:?}",
        master.name()
    );
    assert_eq!(
        answer.is_infeasible(),
        cost.is_none(),
        "{} on seed {seed}",
        master.name()
    );
    if let Some(cost) = cost {
        assert_eq!(
            answer.lower_bound,
            cost,
            "{} does not prove seed {seed}",
            master.name()
        );
    }
}

#[test]
fn the_search_finds_what_trying_everything_finds() {
    for seed in 0..instances(6_000) {
        agrees(&Search, &problem(&mut Chance::new(seed)), seed);
    }
}

#[test]
fn the_integer_program_finds_what_trying_everything_finds() {
    for seed in 0..600 {
        agrees(&Integer, &problem(&mut Chance::new(seed)), seed);
    }
}

#[cfg(feature = "highs")]
#[test]
fn highs_finds_what_trying_everything_finds() {
    for seed in 0..300 {
        agrees(
            &cordon_plan::master::Highs,
            &problem(&mut Chance::new(seed)),
            seed,
        );
    }
}

#[test]
fn the_combination_hands_over_what_the_search_leaves() {
    for seed in 0..300 {
        agrees(&Combined, &problem(&mut Chance::new(seed)), seed);
    }
}

struct World {
    facts: u32,
    rules: Rules,
    given: Vec<bool>,
    cutters: Vec<Vec<u32>>,
    targets: Vec<u32>,
    instance: Instance,
}

/// A random graph with circles, conjunctions, shared columns, soft and hard targets and a trade circuit.
fn world(chance: &mut Chance) -> World {
    let (facts, columns) = (6 + chance.below(14), 1 + chance.below(8));
    let bases = 2 + facts / 3;
    let mut rules = Rules::new();
    for _ in 0..chance.below(3 * facts) {
        let body: Vec<u32> = (0..1 + chance.below(3)).map(|_| chance.below(facts)).collect();
        rules.push(body, bases + chance.below(facts - bases));
    }
    let given: Vec<bool> = (0..facts)
        .map(|fact| fact < bases && (chance.below(100) < 85))
        .collect();
    let cutters = (0..facts)
        .map(|fact| {
            if fact < bases {
                some(chance, 3, columns)
            } else {
                Vec::new()
            }
        })
        .collect();
    let targets: Vec<u32> = (0..1 + chance.below(6))
        .map(|_| bases + chance.below(facts - bases))
        .collect();
    let prices: Vec<Option<i64>> = targets
        .iter()
        .map(|_| {
            if chance.below(100) < 35 {
                None
            } else {
                Some(i64::from(chance.below(30)))
            }
        })
        .collect();
    let budget = budget(chance, prices.len());
    let instance = Instance {
        budget,
        columns: (0..columns).map(|_| i64::from(chance.below(15))).collect(),
        fixed: (0..columns)
            .map(|_| (chance.below(100) < 6).then(|| chance.below(100) < 40))
            .collect(),
        nodes: nodes(chance, columns),
        targets: prices,
    };
    World {
        facts,
        rules,
        given,
        cutters,
        targets,
        instance,
    }
}

/// The price of a choice by the plainest fixpoint there is.
fn price(world: &World, chosen: &[bool]) -> Option<i64> {
    let mut holds: Vec<bool> = (0..world.facts as usize)
        .map(|fact| world.given[fact] && !world.cutters[fact].iter().any(|&column| chosen[column as usize]))
        .collect();
    let mut changed = true;
    while changed {
        changed = false;
        for rule in 0..world.rules.len() {
            let head = world.rules.heads[rule] as usize;
            if !holds[head] && world.rules.body(rule).iter().all(|&fact| holds[fact as usize]) {
                holds[head] = true;
                changed = true;
            }
        }
    }
    let bare = Problem {
        columns: world.instance.columns.clone(),
        fixed: world.instance.fixed.clone(),
        nodes: world.instance.nodes.clone(),
        ..Problem::default()
    };
    let mut cost = bare.cost(chosen)?;
    let mut lost = 0;
    for (target, &fact) in world.targets.iter().enumerate() {
        if holds[fact as usize] {
            cost += world.instance.targets[target]?;
            lost += world
                .instance
                .budget
                .as_ref()
                .map_or(0, |budget| budget.pence[target]);
        }
    }
    let most = world
        .instance
        .budget
        .as_ref()
        .map_or(0, |budget| budget.pence_max);
    (lost <= most).then_some(cost)
}

fn solved(world: &World, master: &dyn Master, classes_max: usize) -> cordon_plan::hitting::Solution {
    let hard: Vec<bool> = world.instance.targets.iter().map(Option::is_none).collect();
    let cutters: Lists<u32> = world.cutters.iter().cloned().collect();
    let source = Source {
        facts: world.facts as usize,
        rules: &RuleIndex::new(world.facts as usize, world.rules.clone()),
        given: &world.given,
        cutters: &cutters,
        targets: &world.targets,
        hard: &hard,
    };
    let mut kernel = Kernel::new(&source);
    let mut classes = Classes::new(world.targets.len(), |target| hard[target as usize], classes_max);
    let mut tools = Tools {
        master,
        oracle: &mut kernel,
        classes: &mut classes,
        clock: &mut || 0.0,
        watch: &mut |_| {},
    };
    let limits = Limits {
        rounds_max: 1_000,
        nodes_max: 1_000_000,
        deadline_seconds: 1.0,
    };
    solve(&world.instance, &mut tools, &limits, 0)
}

#[test]
fn the_loop_finds_what_trying_everything_finds() {
    let (tried, mut infeasible) = (instances(6_000), 0);
    for seed in 0..tried {
        let world = world(&mut Chance::new(seed));
        let best = choices(world.instance.columns.len())
            .filter_map(|chosen| price(&world, &chosen))
            .min();
        let solution = solved(&world, &Combined, 1_000);
        infeasible += u64::from(best.is_none());
        match best {
            None => assert_eq!(solution.verdict, Verdict::Infeasible, "seed {seed}"),
            Some(cost) => {
                assert_eq!(
                    (solution.verdict, solution.cost),
                    (Verdict::Optimal, cost),
                    "seed {seed}"
                );
                assert_eq!(price(&world, &solution.chosen), Some(cost), "seed {seed}");
            }
        }
    }
    assert!(
        (tried / 20..tried * 2 / 3).contains(&infeasible),
        "{infeasible} of the cases have no solution: a dull mix"
    );
}

#[test]
fn too_few_classes_leave_a_gap_and_never_a_wrong_bound() {
    let mut gaps = 0;
    for seed in 0..2_000 {
        let world = world(&mut Chance::new(seed));
        let best = choices(world.instance.columns.len())
            .filter_map(|chosen| price(&world, &chosen))
            .min();
        let solution = solved(&world, &Combined, 2);
        let Some(best) = best else { continue };
        assert!(solution.lower_bound <= best, "seed {seed}");
        if solution.verdict == Verdict::Feasible {
            gaps += 1;
            assert!(solution.cost >= best, "seed {seed}");
            assert_eq!(
                price(&world, &solution.chosen),
                Some(solution.cost),
                "seed {seed}"
            );
        } else if solution.verdict == Verdict::Unknown {
            assert!(
                world.instance.budget.is_some(),
                "seed {seed}: only a budget can keep every choice out"
            );
        } else {
            assert_eq!(solution.cost, best, "seed {seed}");
        }
    }
    assert!(gaps > 0, "the bound on classes was never felt");
}
