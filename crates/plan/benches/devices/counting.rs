//! A solver that counts what it is asked.

use std::cell::Cell;
use std::rc::Rc;

use cordon_plan::devices::Devices;
use cordon_plan::master::{Answer, Devised, Effort, Master, Problem};

use super::clock::timed;

/// What was asked so far.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) masters: Cell<u64>,
    pub(crate) nodes: Cell<u64>,
    /// CPU seconds.
    pub(crate) seconds: Cell<f64>,
    /// Of the largest master.
    pub(crate) rows: Cell<u64>,
}

/// The usual solver with some devices.
#[derive(Debug)]
pub(crate) struct Counting {
    inner: Devised,
    count: Rc<Count>,
}

impl Counting {
    pub(crate) const fn new(devices: Devices, count: Rc<Count>) -> Self {
        Self {
            inner: Devised(devices),
            count,
        }
    }
}

impl Master for Counting {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn devices(&self) -> Devices {
        self.inner.devices()
    }

    fn solve(&self, problem: &Problem, effort: &Effort<'_>) -> Answer {
        let (answer, took) = timed(|| self.inner.solve(problem, effort));
        let Count {
            masters,
            nodes,
            seconds,
            rows,
        } = &*self.count;
        seconds.set(seconds.get() + took);
        masters.set(masters.get() + 1);
        nodes.set(nodes.get() + answer.nodes);
        rows.set(rows.get().max(problem.rows.len() as u64));
        answer
    }
}
