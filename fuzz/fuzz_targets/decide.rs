//! Any bytes as a small estate with an intruder in it: kernel, two solvers of the master problem and the check must
//! agree on the plan; and as a small graph: the kernel of blocked edges against trying every set of them.

#![no_main]

#[path = "../../crates/plan/tests/support/estate.rs"]
mod random_estate;

/// What the random estates of the tests draw from; here the input says what is drawn.
mod support {
    /// Draws bytes until there are none, and then nothing but the first choice.
    pub(crate) struct Chance<'a>(std::slice::Iter<'a, u8>);

    impl<'a> Chance<'a> {
        pub(crate) fn new(bytes: &'a [u8]) -> Self {
            Self(bytes.iter())
        }

        pub(crate) fn below(&mut self, bound: u32) -> u32 {
            let mut next = || u32::from(self.0.next().copied().unwrap_or(0));
            let drawn = if bound > 256 { next() << 8 | next() } else { next() };
            drawn % bound.max(1)
        }
    }
}

use cordon_plan::budget::{Difficulty, Edge, Instance, Limits, best_path, solve};
use cordon_plan::document::{PlanDocument, Status};
use cordon_plan::master::{Combined, Integer, Master, Search};
use cordon_plan::{Constraints, Foothold, Planner, Settings, Uncertainty, Watch, verify};
use cordon_reach::Options;
use libfuzzer_sys::fuzz_target;
use support::Chance;

fuzz_target!(|data: &[u8]| {
    let mut chance = Chance::new(data);
    if chance.below(4) == 0 {
        edges(&mut chance);
    } else {
        estate(&mut chance);
    }
});

fn estate(chance: &mut Chance<'_>) {
    let (race, spread, comparisons) = (chance.below(3) > 0, chance.below(4) > 0, chance.below(8) == 0);
    let held = random_estate::held(chance);
    let estate = random_estate::estate(chance);
    let footholds: Vec<Foothold> = held
        .into_iter()
        .map(|entity| Foothold {
            entity,
            probability: if chance.below(4) == 0 { 0.4 } else { 0.9 },
        })
        .collect();
    let uncertainty = (chance.below(3) == 0).then(|| Uncertainty {
        worlds: 20,
        seed: u64::from(chance.below(100)),
        hidden_probability: 0.2,
        reached_max: Some(f64::from(chance.below(5)) / 10.0),
    });
    let settings = Settings {
        race,
        spread,
        comparisons,
        uncertainty,
        ..Settings::default()
    };
    let with = |master: Box<dyn Master>| -> PlanDocument {
        let mut planner = Planner::new(&estate, &Options::default());
        planner.set_master(master);
        let mut watch = Watch {
            progress: &mut |_| {},
            clock: &mut || 0.0,
        };
        planner.plan(&footholds, &settings, &Constraints::default(), &mut watch)
    };
    let plan = with(Box::new(Combined));
    assert_ne!(plan.optimality.status, Status::Feasible, "not proven");
    let other = with(Box::new(Search));
    assert_eq!(plan.outcome, other.outcome);
    assert_eq!(plan.cost.total_pence, other.cost.total_pence);
    if plan.optimality.candidates <= 8 {
        let verdict = verify(&plan, &estate);
        assert!(verdict.is_accepted(), "{:?}", verdict.problems);
    }
}

fn edges(chance: &mut Chance<'_>) {
    let nodes = 2 + chance.below(9);
    let edges: Vec<Edge> = (0..chance.below(16))
        .map(|_| Edge {
            from: chance.below(nodes),
            to: chance.below(nodes),
            difficulty: Difficulty(u64::from(chance.below(256))),
            blockable: chance.below(4) > 0,
        })
        .collect();
    let instance = Instance {
        nodes,
        entries: (0..1 + chance.below(3)).map(|_| chance.below(nodes)).collect(),
        target: 0,
        edges_max: chance.below(5),
        edges,
    };
    let hardness = |blocked: &[u32]| best_path(&instance, blocked).map_or(Difficulty::IMPOSSIBLE, |(length, _)| length);
    let blockable: Vec<u32> = (0..instance.edges.len() as u32)
        .filter(|&edge| instance.edges[edge as usize].blockable)
        .collect();
    let sets = (0..1_u32 << blockable.len()).filter(|bits| bits.count_ones() <= instance.edges_max);
    let best = sets
        .map(|bits| {
            let chosen: Vec<u32> = (0..blockable.len())
                .filter(|place| bits >> place & 1 == 1)
                .map(|place| blockable[place])
                .collect();
            hardness(&chosen)
        })
        .max();
    for master in [&Combined as &dyn Master, &Integer] {
        let answer = solve(&instance, master, &Limits::default(), &mut || 0.0);
        assert!(answer.is_optimal(), "not proven");
        assert_eq!(Some(answer.difficulty), best);
        assert!(answer.blocked.len() <= instance.edges_max as usize);
    }
}
