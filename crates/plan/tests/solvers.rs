//! Every solver of the master problem and the whole loop against trying everything.

#![expect(clippy::indexing_slicing, reason = "tests may panic")]

#[path = "support/world.rs"]
mod random_world;
mod support;

use cordon_plan::hitting::Verdict;
use cordon_plan::master::{Budget, Combined, Effort, Integer, Master, Problem, Reduced, Row, Search};
use proptest::collection::vec;
use proptest::prelude::*;
use random_world::{budget, choices, nodes, price, some, world};
use support::{Chance, instances};

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

/// Losses with a few ways in common and acts of their own, as where thousands of accounts may be lost; now and then in a box of
/// disruption and loss, with prices that are so many times what the budget counts.
fn mostly_priced(chance: &mut Chance) -> Problem {
    let (shared, losses) = (1 + chance.below(4), 2 + chance.below(4));
    let columns = shared + losses;
    let mut rows = Vec::new();
    for loss in 0..losses {
        for _ in 0..1 + chance.below(2) {
            let mut cuts = some(chance, 3, shared);
            if chance.below(100) < 80 {
                cuts.push(shared + loss);
            }
            let loss = (chance.below(100) < 90).then_some(loss);
            rows.extend(Some(Row { cuts, loss }).filter(|row| !row.cuts.is_empty() || row.loss.is_some()));
        }
    }
    let pence: Vec<i64> = (0..losses).map(|_| i64::from(chance.below(12))).collect();
    let times = 1 + i64::from(chance.below(3));
    let budget = (chance.below(100) < 40).then(|| Budget {
        pence: pence.clone(),
        pence_max: i64::from(chance.below(30)),
        rest_max: Some(i64::from(chance.below(50))),
    });
    Problem {
        columns: (0..columns).map(|_| i64::from(chance.below(20))).collect(),
        fixed: (0..columns)
            .map(|_| (chance.below(100) < 5).then(|| chance.below(100) < 40))
            .collect(),
        losses: pence.iter().map(|pence| pence * times).collect(),
        rows,
        nodes: nodes(chance, columns),
        budget,
    }
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
fn a_reduced_master_has_the_optimum_of_the_whole() {
    let reduced = Reduced { work_max: u64::MAX };
    for seed in 0..instances(6_000) {
        agrees(&reduced, &problem(&mut Chance::new(seed)), seed);
        agrees(&reduced, &mostly_priced(&mut Chance::new(seed)), seed);
    }
}

prop_compose! {
    /// Losses and acts that share rows in any way; what fails shrinks.
    fn shared()(
        columns in vec(0_i64..20, 1..7),
        losses in vec(1_i64..20, 1..5),
        rows in vec((0_u32..64, prop::option::weighted(0.9, 0_u32..5)), 0..10),
        refused in 0_u32..64,
        most in prop::option::weighted(0.4, (0_i64..40, prop::option::of(0_i64..50))),
    ) -> Problem {
        let cuts = |mask: u32| (0..columns.len() as u32).filter(|column| mask >> column & 1 == 1).collect();
        let row = |(mask, loss): &(u32, Option<u32>)| Row {
            cuts: cuts(*mask),
            loss: loss.map(|loss| loss % losses.len() as u32),
        };
        let budget = most.map(|(pence_max, rest_max)| Budget { pence: losses.clone(), pence_max, rest_max });
        Problem {
            fixed: (0..columns.len()).map(|column| (refused >> column & 3 == 3).then_some(false)).collect(),
            rows: rows.iter().map(row).collect(),
            nodes: Vec::new(),
            columns,
            losses,
            budget,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(u32::try_from(instances(4_000)).unwrap_or(u32::MAX))
    })]

    #[test]
    fn a_reduced_master_and_the_search_agree_with_trying_everything(problem in shared()) {
        for master in [&Reduced { work_max: u64::MAX } as &dyn Master, &Search, &Combined] {
            let answer = master.solve(&problem, &effort());
            let cost = answer.chosen.as_deref().and_then(|chosen| problem.cost(chosen));
            prop_assert_eq!(cost, brute(&problem), "{}", master.name());
            prop_assert_eq!(answer.is_infeasible(), cost.is_none(), "{}", master.name());
            prop_assert!(cost.is_none_or(|cost| answer.lower_bound == cost), "{}", master.name());
        }
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

#[test]
fn the_loop_finds_what_trying_everything_finds() {
    let (tried, mut infeasible) = (instances(6_000), 0);
    for seed in 0..tried {
        let world = world(&mut Chance::new(seed));
        let best = choices(world.instance.columns.len())
            .filter_map(|chosen| price(&world, &chosen))
            .min();
        let solution = world.solved(&Combined, 1_000);
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
        let solution = world.solved(&Combined, 2);
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
