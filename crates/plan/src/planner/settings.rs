//! What a caller decides.

use cordon_estate::{Entity, ServiceId};

use crate::document::WithdrawalId;
use crate::hitting::Round;

/// Something the intruder is believed to hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Foothold {
    /// What.
    pub entity: Entity,
    /// How likely, 0 to 1.
    pub probability: f64,
}

/// How to plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Probability from which a foothold counts as held.
    pub foothold_threshold: f64,
    /// How long withdrawals are expected to stay in force.
    pub duration_hours: f64,
    /// True if a withdrawal counts only against facts that the intruder cannot have used before it takes effect.
    pub race: bool,
    /// What the times of the intruder's steps are multiplied by: 1 for the table of [`cordon_reach::Pace`], less for a
    /// faster one.
    pub pace: f64,
    /// True if the spread beyond jewels has a price.
    pub spread: bool,
    /// True if alternatives and the price of refusing each withdrawal are wanted; they cost a solve each.
    pub comparisons: bool,
    /// True if the proof of the bound is to be written down, so that it can be checked without the solver.
    pub certificate: bool,
    /// How to measure the plan over worlds of what may be held; none not to.
    pub uncertainty: Option<Uncertainty>,
    /// Most points of the whole trade-off between disruption and loss that are wanted; none for the few alternatives that come cheap.
    /// At most [`crate::limits::FRONT_POINTS_MAX`].
    pub front_points: Option<u32>,
    /// Elapsed seconds, by the caller's clock, after which the best plan so far is returned with its gap.
    pub seconds_max: f64,
    /// How many threads look at worlds, where there is more than one world; the plan is the same to the byte.
    pub threads: usize,
}

impl Default for Settings {
    /// Footholds from one half, a day in force, race and spread counted, comparisons made, a certificate written, a minute and
    /// one thread at most.
    fn default() -> Self {
        Self {
            foothold_threshold: 0.5,
            duration_hours: 24.0,
            race: true,
            pace: 1.0,
            spread: true,
            comparisons: true,
            certificate: true,
            uncertainty: None,
            front_points: None,
            seconds_max: 60.0,
            threads: 1,
        }
    }
}

/// How to draw worlds of what may be held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uncertainty {
    /// Worlds that the plan is measured with; ten times as many, independent, measure it again.
    pub worlds: u32,
    /// The seed of all draws.
    pub seed: u64,
    /// How likely one more thing is held that nothing shows, 0 to 1.
    pub hidden_probability: f64,
    /// The share of worlds in which a jewel may be reached at most; none to measure only.
    pub reached_max: Option<f64>,
}

impl Default for Uncertainty {
    /// 200 worlds, one in ten with a hidden foothold, measured only.
    fn default() -> Self {
        Self {
            worlds: 200,
            seed: 1,
            hidden_probability: 0.1,
            reached_max: None,
        }
    }
}

/// What people have decided already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constraints {
    /// Withdrawals that may not be in the plan.
    pub refuse: Vec<WithdrawalId>,
    /// Withdrawals that must be in the plan.
    pub force: Vec<WithdrawalId>,
    /// Services protected beyond those that the estate says.
    pub protect: Vec<ServiceId>,
    /// Jewels beyond those that the estate says.
    pub jewels: Vec<Entity>,
    /// Jewels that may stay in reach at their price.
    pub give_up: Vec<Entity>,
}

/// What happens while a plan is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// The kernel is ready.
    Prepared {
        /// Facts in the kernel.
        facts: u32,
        /// Withdrawals to choose from.
        candidates: u32,
    },
    /// A master was solved.
    Round {
        /// Masters solved.
        rounds: u32,
        /// Cost of the best plan so far.
        cost_pence: Option<i64>,
        /// Proven bound.
        lower_bound_pence: i64,
    },
    /// A plan is being measured over sampled worlds.
    Worlds {
        /// How many different ones.
        worlds: u32,
    },
    /// The plan is known; what it is compared with is being worked out.
    Comparing,
}

impl From<Round> for Progress {
    fn from(round: Round) -> Self {
        Self::Round {
            rounds: round.rounds,
            cost_pence: round.cost,
            lower_bound_pence: round.lower_bound,
        }
    }
}
