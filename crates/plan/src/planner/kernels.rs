//! The problem of all worlds together: their kernels as one oracle.

use std::sync::Arc;

use super::prepare::Prepared;
use super::reached::Reached;
use super::threads::in_order;
use crate::devices::Device;
use crate::hitting::{Classes, Derived, Instance, Oracle};
use crate::kernel::{Kernel, Source};

impl Prepared {
    /// The problem over as many targets as there are flags; the flag says that one must be kept.
    pub(super) fn instance(&self, hard: &[bool]) -> Instance {
        let prices = self.targets.iter().enumerate().map(|(place, target)| {
            let is_hard = hard.get(place).copied().unwrap_or(false);
            (!is_hard).then_some(target.loss_pence)
        });
        let weights = self.worlds.iter().map(|world| world.weight);
        let prices: Vec<Option<i64>> = prices.take(hard.len()).collect();
        let weighted = weights.flat_map(|weight| {
            prices
                .iter()
                .map(move |price| price.map(|pence| (pence as f64 * weight).round() as i64))
        });
        Instance {
            columns: self.columns.iter().map(|column| column.friction_pence).collect(),
            fixed: self.fixed.clone(),
            nodes: self.nodes.clone(),
            targets: weighted.collect(),
            budget: None,
        }
    }

    /// The kernels of all worlds, over as many targets as there are flags.
    pub(super) fn kernels(&self, hard: &[bool]) -> Kernels {
        let facts: Vec<u32> = self
            .targets
            .iter()
            .take(hard.len())
            .map(|target| target.fact)
            .collect();
        let (cutters, devices) = (&self.cutters, self.devices);
        let known = if self.is_forward_of(hard) {
            &*self.forward
        } else {
            &[]
        };
        let kernel = |(): &mut (), (world, reached): (usize, &Arc<Reached>)| {
            let source = Source {
                facts: reached.arrival.len(),
                rules: &reached.index,
                given: &reached.given,
                cutters,
                targets: &facts,
                hard,
            };
            Kernel::with(&source, devices, known.get(world))
        };
        let worlds: Vec<(usize, &Arc<Reached>)> = self.reached.iter().enumerate().collect();
        Kernels {
            kernels: in_order(worlds, self.threads, || (), kernel),
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
