//! Every device of the solver beside its naive twin: whichever are left out, the optimum is the one that trying everything finds.

#![expect(clippy::indexing_slicing, reason = "tests may panic")]

#[path = "support/estate.rs"]
mod random_estate;
#[path = "support/world.rs"]
mod random_world;
mod support;

use cordon_plan::devices::{Device, Devices};
use cordon_plan::document::{PlanDocument, Status};
use cordon_plan::hitting::Verdict;
use cordon_plan::master::Devised;
use cordon_plan::{Constraints, Foothold, Planner, Settings, Watch};
use cordon_reach::Options;
use random_world::{World, choices, price, world};
use support::{Chance, instances};

/// A quarter of the sets of devices there are. `make brute` asks for more than there are, and so for every one.
const SETS: u64 = 1 << (Device::ALL.len() - 2);

fn agrees(seed: u64, world: &World, best: Option<i64>, devices: Devices) {
    let solution = world.solved(&Devised(devices), 1_000);
    let found = (solution.verdict, solution.chosen.is_empty());
    let Some(cost) = best else {
        assert_eq!(found, (Verdict::Infeasible, true), "seed {seed}, {devices:?}");
        return;
    };
    let proven = (solution.verdict, solution.cost, solution.lower_bound);
    assert_eq!(proven, (Verdict::Optimal, cost, cost), "seed {seed}, {devices:?}");
    assert_eq!(
        price(world, &solution.chosen),
        Some(cost),
        "seed {seed}, {devices:?}"
    );
}

/// A random graph with the price of its best choice.
fn tried(seed: u64) -> (World, Option<i64>) {
    let world = world(&mut Chance::new(seed));
    let priced = choices(world.instance.columns.len()).filter_map(|chosen| price(&world, &chosen));
    let best = priced.min();
    (world, best)
}

#[test]
fn whichever_devices_are_used_they_find_what_trying_everything_finds() {
    for seed in 0..instances(SETS) {
        let (world, best) = tried(seed);
        // An odd factor: as many numbers as there are sets give every set once.
        agrees(
            seed,
            &world,
            best,
            Devices::of_bits((seed as u16).wrapping_mul(40_503)),
        );
    }
}

#[test]
fn each_device_can_be_left_out_or_be_the_only_one() {
    for seed in 0..300 {
        let (world, best) = tried(seed);
        for device in Device::ALL {
            agrees(seed, &world, best, Devices::ALL.without(device));
            agrees(seed, &world, best, Devices::USED.with(device));
            agrees(seed, &world, best, Devices::of_bits(0).with(device));
        }
    }
}

fn planned(seed: u64, devices: Devices) -> PlanDocument {
    let mut chance = Chance::new(seed);
    let estate = random_estate::estate(&mut chance);
    let held = random_estate::held(&mut chance).into_iter();
    let footholds: Vec<Foothold> = held
        .map(|entity| Foothold {
            entity,
            probability: 0.9,
        })
        .collect();
    let settings = Settings {
        race: !seed.is_multiple_of(3),
        comparisons: false,
        ..Settings::default()
    };
    let mut watch = Watch {
        progress: &mut |_| {},
        clock: &mut || 0.0,
    };
    let mut planner = Planner::new(&estate, &Options::default());
    planner.set_master(Box::new(Devised(devices)));
    planner.plan(&footholds, &settings, &Constraints::default(), &mut watch)
}

#[test]
fn plans_of_whole_estates_cost_the_same_whichever_devices_made_them() {
    let mut larger = 0;
    for seed in 0..instances(600) {
        let devices = if seed.is_multiple_of(2) {
            Devices::of_bits((seed * 2_654_435_761) as u16)
        } else {
            Devices::ALL.without(Device::ALL[seed as usize / 2 % Device::ALL.len()])
        };
        let (with, other) = (planned(seed, Devices::USED), planned(seed, devices));
        let proven = |plan: &PlanDocument| {
            let proof = &plan.optimality;
            (
                plan.outcome,
                proof.status,
                plan.cost.total_pence,
                proof.lower_bound_pence,
            )
        };
        assert_eq!(proven(&other), proven(&with), "seed {seed}, {devices:?}");
        assert_ne!(other.optimality.status, Status::Feasible, "seed {seed}");
        let is_whole = other.optimality.kernel_facts > with.optimality.kernel_facts;
        larger += u32::from(!devices.has(Device::Kernel) && is_whole);
    }
    assert!(larger > 50, "only {larger} were made over a whole graph");
}
