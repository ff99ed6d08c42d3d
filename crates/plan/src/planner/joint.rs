//! The world of a plan and sampled ones as one problem.
//!
//! A sampled world has one target: that some jewel is reached in it. That costs nothing and counts as often as the world was drawn, and
//! the budget says how often it may. So which worlds are let go is decided together with what is withdrawn: a chance constraint over a
//! sample as an integer program (Luedtke and Ahmed 2008), of which the rows are found as they are violated. Each withdrawal
//! cuts in a world only what it removes in time there.

use cordon_estate::Entity;
use cordon_reach::Scratch;

use super::in_time::{cutters, timely};
use super::kernels::Kernels;
use super::prepare::Prepared;
use super::reached::{Leading, Reached};
use super::solving::Session;
use super::threads::in_order;
use super::ways::Ways;
use super::{Constraints, Planner, Settings, Watch};
use crate::candidates::Candidate;
use crate::devices::Devices;
use crate::hitting::{
    Classes, Derived, Instance, Limits, Oracle, Round, Solution, Tools, Verdict, choose, solve,
};
use crate::kernel::{Kernel, Source};
use crate::limits::{CLASSES_MAX, DISJOINT_MAX};
use crate::master::{Budget, Master, is_set};

/// A world with how often it was drawn.
pub(super) type Drawn = (u32, Vec<Entity>);

/// The joint problem, with what is known of it.
pub(super) struct Joint<'m> {
    master: &'m dyn Master,
    oracle: Both,
    classes: Classes,
    instance: Instance,
    /// What every target counts for: nothing in the world of the plan.
    counts: Vec<i64>,
    limits: Limits,
}

/// The oracle over the world of the plan and the sampled ones.
struct Both {
    own: Kernels,
    /// How many targets the world of the plan has; one for each sampled world follows.
    own_targets: u32,
    sampled: Vec<Kernel>,
    threads: usize,
}

impl Planner<'_> {
    /// The joint problem over the columns of `prepared`, which is of the world of the plan alone.
    pub(super) fn joint(
        &self,
        prepared: &Prepared,
        session: Session,
        sampled: &[Drawn],
        settings: &Settings,
        constraints: &Constraints,
    ) -> Option<Joint<'_>> {
        let mut instance = session.instance;
        let own_targets = instance.targets.len();
        let mut counts = vec![0; own_targets];
        counts.extend(sampled.iter().map(|(count, _)| i64::from(*count)));
        instance.targets.resize(counts.len(), Some(0));
        let jewels = prepared.jewels();
        let is_alone = |target: u32| {
            let target = target as usize;
            target < jewels || target >= own_targets
        };
        let goals = self.kept_facts(constraints);
        let beside = Beside {
            leading: self.leading(),
            own: prepared.own()?,
            columns: &prepared.columns,
            ways: self.ways(settings.race),
            goals: &goals,
            hard: &vec![true; goals.len()],
            devices: prepared.devices,
        };
        let kernel = |scratch: &mut Scratch, (_, held): &Drawn| beside.kernel(held, scratch);
        Some(Joint {
            master: &*self.master,
            oracle: Both {
                own: session.kernels,
                own_targets: own_targets as u32,
                sampled: in_order(
                    sampled.iter().collect(),
                    settings.threads,
                    Scratch::default,
                    kernel,
                ),
                threads: settings.threads,
            },
            classes: Classes::new(counts.len(), is_alone, CLASSES_MAX + jewels + sampled.len()),
            instance,
            counts,
            limits: Limits {
                rounds_max: crate::limits::ROUNDS_MAX,
                nodes_max: crate::limits::MASTER_NODES_MAX,
                deadline_seconds: settings.seconds_max,
            },
        })
    }
}

/// What the kernels of sampled worlds are made from.
struct Beside<'a> {
    leading: Leading<'a>,
    /// The world of the plan, and what it leads to.
    own: (&'a [Entity], &'a Reached),
    columns: &'a [Candidate],
    ways: Ways<'a>,
    goals: &'a [u32],
    hard: &'a [bool],
    devices: Devices,
}

impl Beside<'_> {
    /// The kernel of a sampled world: every jewel that no plan may leave in reach, cut by what comes in time there.
    fn kernel(&self, held: &[Entity], scratch: &mut Scratch) -> Kernel {
        let reached = self.leading.beside(self.own, held, scratch);
        let (timely, _) = timely(self.ways.graph, self.columns, &self.ways.used_after(&reached));
        let source = Source {
            facts: reached.arrival.len(),
            rules: &reached.index,
            given: &reached.given,
            cutters: &cutters(self.ways.graph, &timely),
            targets: self.goals,
            hard: self.hard,
        };
        Kernel::with(&source, self.devices, None)
    }
}

impl Joint<'_> {
    /// The cheapest choice that leaves a jewel in reach in at most so many sampled worlds.
    pub(super) fn cheapest(&mut self, worlds_max: u32, watch: &mut Watch<'_>) -> Solution {
        self.instance.budget = Some(Budget {
            pence: self.counts.clone(),
            pence_max: i64::from(worlds_max),
            rest_max: None,
        });
        self.learn_apart();
        self.solve(&self.instance.clone(), watch)
    }

    /// In how few sampled worlds a choice leaves a jewel in reach, whatever it costs; none if that is not known.
    pub(super) fn fewest(&mut self, watch: &mut Watch<'_>) -> Option<u32> {
        let mut instance = self.instance.clone();
        instance.budget = None;
        instance.columns.iter_mut().for_each(|pence| *pence = 0);
        instance.nodes.iter_mut().for_each(|node| node.pence = 0);
        for (price, count) in instance.targets.iter_mut().zip(&self.counts) {
            *price = price.map(|_| *count);
        }
        let solution = self.solve(&instance, watch);
        let is_proven = solution.verdict == Verdict::Optimal;
        u32::try_from(solution.cost).ok().filter(|_| is_proven)
    }

    fn solve(&mut self, instance: &Instance, watch: &mut Watch<'_>) -> Solution {
        let Watch { progress, clock } = watch;
        let mut tools = Tools {
            master: self.master,
            oracle: &mut self.oracle,
            classes: &mut self.classes,
            clock: &mut **clock,
            watch: &mut |round: Round| progress(round.into()),
        };
        solve(instance, &mut tools, &self.limits, 0)
    }

    /// Learns ways to a jewel in every sampled world that share no column, so that the first master knows of all worlds.
    fn learn_apart(&mut self) {
        let fixed = self.instance.fixed.iter();
        let forced: Vec<bool> = fixed.map(|fixed| *fixed == Some(true)).collect();
        for world in 0..self.oracle.sampled.len() as u32 {
            let mut chosen = forced.clone();
            for _ in 0..DISJOINT_MAX {
                let Some(way) = self.oracle.way(world, &chosen) else {
                    break;
                };
                let target = self.oracle.own_targets + world;
                let derived = Derived {
                    sets: std::iter::once(way.clone()).collect(),
                    found: vec![(target, 0)],
                    also: Vec::new(),
                };
                self.classes.add(&derived, &self.instance, &chosen);
                if !choose(&self.instance, &way, &mut chosen) {
                    break;
                }
            }
        }
    }
}

impl Both {
    /// The columns that cut one way to a jewel in a sampled world; none if there is no way.
    fn way(&mut self, world: u32, chosen: &[bool]) -> Option<Vec<u32>> {
        lightest(self.sampled.get_mut(world as usize)?, chosen)
    }

    /// Adds what is reached in the sampled worlds.
    fn with_sampled(&mut self, mut all: Derived, chosen: &[bool], flagged: &[bool]) -> Derived {
        let worlds: Vec<&mut Kernel> = self.sampled.iter_mut().collect();
        let ways = in_order(
            worlds,
            self.threads,
            || (),
            |(): &mut (), kernel| lightest(kernel, chosen),
        );
        for (target, way) in (self.own_targets..).zip(ways) {
            let Some(way) = way else { continue };
            if is_set(flagged, target) {
                all.also.push(target);
            } else {
                all.found.push((target, all.sets.len() as u32));
                all.sets.push(way);
            }
        }
        all
    }
}

/// The smallest set of columns, of those found, that cuts a way to any target under a choice.
fn lightest(kernel: &mut Kernel, chosen: &[bool]) -> Option<Vec<u32>> {
    let derived = kernel.derive(chosen, true);
    let sets = derived.found.iter().map(|(_, set)| derived.sets.of(*set));
    sets.min_by_key(|set| set.len()).map(<[u32]>::to_vec)
}

impl Oracle for Both {
    fn derive(&mut self, chosen: &[bool], hard_only: bool) -> Derived {
        let own = self.own.derive(chosen, hard_only);
        if hard_only {
            own
        } else {
            self.with_sampled(own, chosen, &[])
        }
    }

    fn derive_all_but(&mut self, chosen: &[bool], flagged: &[bool]) -> Derived {
        let own = self.own.derive_all_but(chosen, flagged);
        self.with_sampled(own, chosen, flagged)
    }
}
