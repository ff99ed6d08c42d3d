//! Blocking edges under a budget: equal to trying every set of edges, and the kernel changes nothing.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests may panic")]

mod support;

use cordon_plan::budget::{Answer, Difficulty, Edge, Instance, Limits, baselines, best_path, solve};
use cordon_plan::master::{Combined, Search};
use support::{Chance, instances};

/// A small graph; about half of them are long and narrow, as directories are.
fn instance(chance: &mut Chance) -> Instance {
    let nodes = 3 + chance.below(8);
    let narrow = chance.below(2) == 0;
    let edges = (0..4 + chance.below(16))
        .map(|_| {
            let from = chance.below(nodes);
            let to = if narrow {
                from.saturating_sub(1 + chance.below(4))
            } else {
                chance.below(nodes)
            };
            let failure = f64::from(chance.below(19) + 1) / 20.0;
            Edge {
                from,
                to,
                difficulty: Difficulty::of_failure(failure).unwrap(),
                blockable: chance.below(100) < 75,
            }
        })
        .collect();
    Instance {
        nodes,
        edges,
        entries: (0..1 + chance.below(3)).map(|_| chance.below(nodes)).collect(),
        target: 0,
        edges_max: chance.below(4),
    }
}

/// The best path by trying every edge again and again, from the definition.
fn hardness(instance: &Instance, blocked: &dyn Fn(usize) -> bool) -> u64 {
    let mut known = vec![u64::MAX; instance.nodes as usize];
    known[instance.target as usize] = 0;
    loop {
        let before = known.clone();
        for (index, edge) in instance.edges.iter().enumerate() {
            if !(edge.blockable && blocked(index)) {
                let way = known[edge.to as usize].saturating_add(edge.difficulty.0);
                known[edge.from as usize] = known[edge.from as usize].min(way);
            }
        }
        if known == before {
            break;
        }
    }
    instance
        .entries
        .iter()
        .map(|&entry| known[entry as usize])
        .min()
        .unwrap_or(u64::MAX)
}

fn every_set(instance: &Instance) -> u64 {
    let blockable: Vec<usize> = (0..instance.edges.len())
        .filter(|&edge| instance.edges[edge].blockable)
        .collect();
    (0..1_u32 << blockable.len())
        .filter(|bits| bits.count_ones() <= instance.edges_max)
        .map(|bits| {
            hardness(instance, &|edge| {
                blockable
                    .iter()
                    .position(|&one| one == edge)
                    .is_some_and(|place| bits >> place & 1 == 1)
            })
        })
        .max()
        .unwrap_or(0)
}

fn solved(instance: &Instance) -> Answer {
    solve(instance, &Combined, &Limits::default(), &mut || 0.0)
}

#[test]
fn blocks_are_as_good_as_the_best_of_every_set() {
    let tried = instances(4_000);
    let (mut blocked_some, mut cut_off, mut rounds) = (0, 0, 0);
    for seed in 0..tried {
        let instance = instance(&mut Chance::new(seed));
        let answer = solved(&instance);
        assert!(answer.is_optimal(), "seed {seed} is not proven");
        assert_eq!(
            answer.difficulty.0,
            every_set(&instance),
            "seed {seed}: {instance:?}"
        );
        assert!(answer.blocked.len() <= instance.edges_max as usize, "seed {seed}");
        assert!(
            answer
                .blocked
                .iter()
                .all(|&edge| instance.edges[edge as usize].blockable)
        );
        let left = hardness(&instance, &|edge| answer.blocked.contains(&(edge as u32)));
        assert_eq!(
            answer.difficulty.0, left,
            "seed {seed}: the blocks do not do what is said"
        );
        blocked_some += u64::from(!answer.blocked.is_empty());
        cut_off += u64::from(answer.difficulty == Difficulty::IMPOSSIBLE);
        rounds = rounds.max(answer.rounds);
    }
    assert!(
        blocked_some > tried / 8,
        "only {blocked_some} instances had anything to block"
    );
    assert!(
        (tried / 20..tried * 39 / 40).contains(&cut_off),
        "{cut_off} were cut off"
    );
    assert!(rounds > 1, "no instance needed a second round");
}

#[test]
fn another_solver_and_another_run_find_the_same_value() {
    for seed in 0..500 {
        let instance = instance(&mut Chance::new(seed));
        let answer = solved(&instance);
        assert_eq!(answer, solved(&instance), "seed {seed}");
        let other = solve(&instance, &Search, &Limits::default(), &mut || 0.0);
        assert_eq!(answer.difficulty, other.difficulty, "seed {seed}");
    }
}

#[test]
fn simpler_ways_keep_to_the_budget_and_are_never_better() {
    let mut worse = 0;
    for seed in 0..2_000 {
        let instance = instance(&mut Chance::new(seed));
        let best = solved(&instance).difficulty;
        for blocked in [baselines::greedy(&instance), baselines::cut(&instance)] {
            assert!(blocked.len() <= instance.edges_max as usize, "seed {seed}");
            let left = best_path(&instance, &blocked).map_or(Difficulty::IMPOSSIBLE, |(length, _)| length);
            assert!(left <= best, "seed {seed}: better than what is proven best");
            worse += u32::from(left < best);
        }
    }
    assert!(worse > 10, "the simpler ways lost {worse} times only");
}

#[test]
fn success_and_difficulty_are_each_others_inverse() {
    for failure in [0.0, 1e-9, 0.1, 0.5, 0.999, 1.0] {
        let success = Difficulty::of_failure(failure).unwrap().success();
        assert!((success - (1.0 - failure)).abs() < 1e-12, "{failure}: {success}");
    }
    for wrong in [-0.1, 1.1, f64::NAN] {
        assert_eq!(Difficulty::of_failure(wrong), None);
    }
}
