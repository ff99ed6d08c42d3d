//! The problem of all worlds together: their kernels as one oracle.

use std::sync::Arc;

use super::prepare::Prepared;
use super::reached::Reached;
use super::threads::in_order;
use crate::devices::Device;
use crate::hitting::{Classes, Derived, Instance, Oracle};
use crate::kernel::{Forward, Kernel, Lists, Source};
use crate::master::is_set;

/// Which targets must be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hard {
    /// In the world of the plan, by target.
    pub(super) own: Vec<bool>,
    /// In every further world, by target: also jewels that may be taken already in that of the plan.
    pub(super) further: Vec<bool>,
}

impl Hard {
    /// The same in every world.
    pub(super) fn everywhere(flags: Vec<bool>) -> Self {
        Self {
            own: flags.clone(),
            further: flags,
        }
    }

    /// By target, in a world by its number.
    pub(super) fn of(&self, world: usize) -> &[bool] {
        if world == 0 { &self.own } else { &self.further }
    }
}

impl Prepared {
    /// The problem over as many targets as there are flags.
    pub(super) fn instance(&self, hard: &Hard) -> Instance {
        let targets = hard.own.len();
        let weighted = self.worlds.iter().enumerate().flat_map(|(number, world)| {
            let kept = hard.of(number).iter().zip(&self.targets).take(targets);
            kept.map(move |(is_hard, target)| {
                let pence = (target.loss_pence as f64 * world.weight).round() as i64;
                (!is_hard).then_some(pence)
            })
        });
        Instance {
            columns: self.columns.iter().map(|column| column.friction_pence).collect(),
            fixed: self.fixed.clone(),
            nodes: self.nodes.clone(),
            targets: weighted.collect(),
            budget: None,
        }
    }

    /// The kernels of all worlds, over as many targets as there are flags; where nothing else counts, over jewels alone.
    pub(super) fn kernels(&self, hard: &Hard) -> Kernels {
        let targets = self.targets.iter().take(hard.own.len());
        let facts: Vec<u32> = targets.map(|target| target.fact).collect();
        let jewels = facts.len().min(self.jewels());
        let devices = self.devices;
        let is_known = self.is_forward_of(hard);
        let known: Vec<Option<&Forward>> = self
            .forward
            .iter()
            .map(|one| Some(one).filter(|_| is_known))
            .collect();
        let counts: Vec<bool> = self.worlds.iter().map(|world| world.weight > 0.0).collect();
        let worlds = self.reached.iter().enumerate();
        let worlds = worlds.map(|(world, reached)| (world, reached, &self.in_time(world).cutters));
        let kernel = |(): &mut (), (world, reached, cutters): (usize, &Arc<Reached>, &Lists<u32>)| {
            let number = if is_set(&counts, world as u32) {
                facts.len()
            } else {
                jewels
            };
            let source = Source {
                facts: reached.arrival.len(),
                rules: &reached.index,
                given: &reached.given,
                cutters,
                targets: facts.get(..number).unwrap_or_default(),
                hard: hard.of(world).get(..number).unwrap_or_default(),
            };
            Kernel::with(&source, devices, known.get(world).copied().flatten())
        };
        Kernels {
            kernels: in_order(worlds.collect(), self.threads, || (), kernel),
            targets: facts.len() as u32,
            threads: self.threads,
        }
    }

    /// How many of the targets are jewels; they come first.
    pub(super) fn jewels(&self) -> usize {
        self.targets
            .iter()
            .take_while(|target| target.jewel.is_some())
            .count()
    }

    /// Every jewel apart, the spread together until derivations tell it apart.
    pub(super) fn classes(&self, targets: usize) -> Classes {
        let jewels = self.jewels();
        let is_shared = self.devices.has(Device::Classes);
        let is_jewel = |target: u32| !is_shared || (target as usize) % targets.max(1) < jewels;
        let worlds = self.worlds.len();
        Classes::new(
            targets * worlds,
            is_jewel,
            crate::limits::CLASSES_MAX + jewels * worlds,
        )
    }
}

/// The kernels of all worlds as one oracle; the targets of each world follow those of the one before.
#[derive(Debug)]
pub(super) struct Kernels {
    pub(super) kernels: Vec<Kernel>,
    targets: u32,
    threads: usize,
}

impl Kernels {
    /// Facts in all kernels.
    pub(super) fn facts(&self) -> usize {
        self.kernels.iter().map(Kernel::facts).sum()
    }

    /// Targets that some world reaches whatever is withdrawn.
    pub(super) fn always(&self) -> Vec<u32> {
        let mut always: Vec<u32> = self.kernels.iter().flat_map(Kernel::always).copied().collect();
        always.sort_unstable();
        always.dedup();
        always
    }
}

impl Oracle for Kernels {
    fn derive(&mut self, chosen: &[bool], hard_only: bool) -> Derived {
        self.each(|_, kernel| kernel.derive(chosen, hard_only))
    }

    fn derive_all_but(&mut self, chosen: &[bool], flagged: &[bool]) -> Derived {
        let targets = self.targets as usize;
        self.each(|world, kernel| {
            let own = flagged.get(world * targets..).unwrap_or_default();
            kernel.derive_all_but(chosen, own)
        })
    }
}

impl Kernels {
    /// Asks the kernel of every world.
    fn each(&mut self, derive: impl Fn(usize, &mut Kernel) -> Derived + Sync) -> Derived {
        let mut all = Derived::default();
        let kernels: Vec<(usize, &mut Kernel)> = self.kernels.iter_mut().enumerate().collect();
        let derive = |(): &mut (), (world, kernel): (usize, &mut Kernel)| derive(world, kernel);
        let each = in_order(kernels, self.threads, || (), derive);
        for (world, one) in each.into_iter().enumerate() {
            let (sets, targets) = (all.sets.len() as u32, world as u32 * self.targets);
            all.sets.append(&one.sets);
            let found = one.found.into_iter();
            all.found
                .extend(found.map(|(target, set)| (target + targets, set + sets)));
            all.also
                .extend(one.also.into_iter().map(|target| target + targets));
        }
        all
    }
}
