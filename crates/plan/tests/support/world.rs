//! Random graphs with everything that a solve has to cope with, small enough to try every choice.

use cordon_plan::devices::Device;
use cordon_plan::hitting::{Classes, Instance, Limits, Solution, Tools, solve};
use cordon_plan::kernel::{Kernel, Lists, RuleIndex, Rules, Source};
use cordon_plan::master::{Budget, Gate, Master, Node, Problem};

use crate::support::Chance;

pub(crate) fn choices(columns: usize) -> impl Iterator<Item = Vec<bool>> {
    (0..1_u32 << columns).map(move |bits| (0..columns).map(|column| bits >> column & 1 == 1).collect())
}

/// Up to `most` different numbers below `bound`, ascending.
pub(crate) fn some(chance: &mut Chance, most: u32, bound: u32) -> Vec<u32> {
    let count = chance.below(most + 1);
    let mut found: Vec<u32> = (0..count).map(|_| chance.below(bound)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

pub(crate) fn nodes(chance: &mut Chance, columns: u32) -> Vec<Node> {
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

/// Now and then a budget for losses, drawn apart so that nothing else is drawn otherwise.
pub(crate) fn budget(chance: &Chance, losses: usize) -> Option<Budget> {
    let mut chance = chance.apart();
    (chance.below(100) < 25).then(|| Budget {
        pence: (0..losses).map(|_| i64::from(chance.below(20))).collect(),
        pence_max: i64::from(chance.below(40)),
        rest_max: (chance.below(100) < 50).then(|| i64::from(chance.below(60))),
    })
}

pub(crate) struct World {
    pub(crate) facts: u32,
    pub(crate) rules: Rules,
    pub(crate) given: Vec<bool>,
    pub(crate) cutters: Vec<Vec<u32>>,
    pub(crate) targets: Vec<u32>,
    pub(crate) instance: Instance,
}

impl World {
    /// Solves it with the devices of a master and at most so many classes of targets.
    pub(crate) fn solved(&self, master: &dyn Master, classes_max: usize) -> Solution {
        let (facts, devices) = (self.facts as usize, master.devices());
        let hard: Vec<bool> = self.instance.targets.iter().map(Option::is_none).collect();
        let source = Source {
            facts,
            rules: &RuleIndex::new(facts, self.rules.clone()),
            given: &self.given,
            cutters: &self.cutters.iter().cloned().collect::<Lists<u32>>(),
            targets: &self.targets,
            hard: &hard,
        };
        let alone = |target: u32| hard[target as usize] || !devices.has(Device::Classes);
        let mut tools = Tools {
            master,
            oracle: &mut Kernel::with(&source, devices, None),
            classes: &mut Classes::new(self.targets.len(), alone, classes_max),
            clock: &mut || 0.0,
            watch: &mut |_| {},
        };
        let limits = Limits {
            rounds_max: 1_000,
            nodes_max: 1_000_000,
            deadline_seconds: 1.0,
        };
        solve(&self.instance, &mut tools, &limits, 0)
    }
}

/// A random graph with circles, conjunctions, shared columns, soft and hard targets and a trade circuit.
pub(crate) fn world(chance: &mut Chance) -> World {
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
pub(crate) fn price(world: &World, chosen: &[bool]) -> Option<i64> {
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
    let budget = world.instance.budget.as_ref();
    if budget
        .and_then(|budget| budget.rest_max)
        .is_some_and(|most| cost > most)
    {
        return None;
    }
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
