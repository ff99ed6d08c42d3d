//! From footholds to a plan.
//!
//! The footholds held make *worlds*, each with a weight; the first is that in which every foothold above the
//! threshold is held, and what a plan costs is what it costs there. Further ones are kept if a plan has to hold in them too
//! (module `worlds`). Every world has its kernel and its targets, and one master problem stands over all of them.

mod baselines;
mod certify;
mod compare;
mod describe;
mod expected;
mod first_use;
mod front;
mod ground;
mod growing;
mod in_time;
mod infeasible;
mod joint;
mod kernels;
mod least_worlds;
mod measure;
mod paths;
mod possible;
mod prepare;
mod reached;
mod remembered;
mod settings;
mod solving;
mod targets;
mod threads;
mod timing;
mod unnecessary;
mod ways;
mod why_not;
mod worlds;
mod write;

use cordon_estate::{Entity, Estate};
use cordon_reach::{Base, CrownJewel, Graph, Options, Pace, Scratch};
use rustc_hash::{FxHashMap, FxHashSet};

pub use settings::{Constraints, Foothold, Progress, Settings, Uncertainty};

use remembered::Remembered;

use crate::candidates::Candidates;
use crate::document::{Act, PlanDocument, WithdrawalId, estate_digest};
use crate::master::{Combined, Master};

/// What tells a planner the time and hears how far it is.
pub struct Watch<'a> {
    /// Told of progress.
    pub progress: &'a mut dyn FnMut(Progress),
    /// Elapsed seconds since the call began.
    pub clock: &'a mut dyn FnMut() -> f64,
}

/// One way things may be: what the intruder holds, and how much it weighs.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// What is held.
    pub held: Vec<Entity>,
    /// The share of losses that count in it: 1 for the first; 0 for those in which jewels only have to be out of reach.
    pub weight: f64,
}

/// An estate compiled once, to plan for many sets of footholds.
#[derive(Debug)]
pub struct Planner<'e> {
    estate: &'e Estate,
    graph: Graph,
    ground: ground::Ground,
    options: Options,
    /// What the graph's times are multiplied by.
    pace: f64,
    candidates: Candidates<'e>,
    jewels: Vec<CrownJewel>,
    digest: String,
    scratch: Scratch,
    /// Chainings with nothing withdrawn, and with something.
    bare: Remembered,
    cut: Remembered,
    master: Box<dyn Master>,
    /// What could be taken besides jewels.
    spread: Vec<targets::Target>,
    /// Base facts that some service requires.
    required: FxHashSet<Base>,
    /// Acts by their names, as far as they were looked for.
    acts: FxHashMap<WithdrawalId, Option<Act>>,
    /// What the last plan was made from.
    last: Option<prepare::Prepared>,
    /// What pulling everything was when it was last compared with.
    pulled: Option<baselines::Pulled>,
    /// Acts to weigh beyond those on what matters: see [`growing`].
    further: Vec<Act>,
}

impl<'e> Planner<'e> {
    /// Compiles an estate. The pace is that of [`Settings::pace`], whatever the options say.
    #[must_use]
    pub fn new(estate: &'e Estate, options: &Options) -> Self {
        let options = Options {
            pace: Pace::default(),
            ..options.clone()
        };
        let graph = Graph::compile(estate, &options);
        Self {
            estate,
            ground: ground::Ground::new(estate, &graph),
            spread: targets::spread(estate, &graph),
            graph,
            options,
            pace: 1.0,
            candidates: Candidates::new(estate, 24.0),
            jewels: cordon_reach::jewels(estate),
            digest: estate_digest(estate),
            scratch: Scratch::default(),
            bare: Remembered::default(),
            cut: Remembered::default(),
            master: Box::new(Combined),
            required: crate::circuit::required(estate),
            acts: FxHashMap::default(),
            last: None,
            pulled: None,
            further: Vec::new(),
        }
    }

    /// Solves master problems with something else than [`Combined`].
    pub fn set_master(&mut self, master: Box<dyn Master>) {
        self.master = master;
        self.last = None;
    }

    /// The compiled exposure graph.
    #[must_use]
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The withdrawals that the estate allows.
    #[must_use]
    pub const fn candidates(&self) -> &Candidates<'e> {
        &self.candidates
    }

    /// The plan for these footholds. Everything but the seconds depends on the arguments alone, unless the time
    /// limit strikes: what earlier plans found out makes a plan sooner and never another one.
    pub fn plan(
        &mut self,
        footholds: &[Foothold],
        settings: &Settings,
        constraints: &Constraints,
        watch: &mut Watch<'_>,
    ) -> PlanDocument {
        self.set(settings, constraints);
        write::document(self, footholds, settings, constraints, watch)
    }

    /// Takes over how to plan.
    fn set(&mut self, settings: &Settings, constraints: &Constraints) {
        self.candidates.set_duration(settings.duration_hours);
        self.jewels = cordon_reach::jewels_with(self.estate, &constraints.jewels);
        if self.pace.to_bits() != settings.pace.to_bits() {
            self.pace = settings.pace;
            self.options.pace = Pace::scaled(settings.pace);
            self.graph = Graph::compile(self.estate, &self.options);
            self.ground = ground::Ground::new(self.estate, &self.graph);
            (self.bare, self.cut) = (Remembered::default(), Remembered::default());
            self.last = None;
        }
    }
}

/// The plan for one estate and one set of footholds.
pub fn plan(
    estate: &Estate,
    footholds: &[Foothold],
    settings: &Settings,
    constraints: &Constraints,
    progress: &mut dyn FnMut(Progress),
    clock: &mut dyn FnMut() -> f64,
) -> PlanDocument {
    let mut watch = Watch { progress, clock };
    Planner::new(estate, &Options::default()).plan(footholds, settings, constraints, &mut watch)
}
