//! How good a plan is, what else was considered, and why something cannot be had.

use serde::{Deserialize, Serialize};

use super::{CostEntry, Path, WithdrawalId};

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There is something to withdraw, and with it every jewel that must be kept is out of reach.
    Planned,
    /// Nothing needs to be withdrawn.
    NothingToDo,
    /// Not every jewel and protected service can be kept: see [`super::PlanDocument::infeasibility`].
    Infeasible,
}

/// What is proven about a plan's cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No set of withdrawals costs less.
    Optimal,
    /// The plan works; a cheaper one may exist, by the gap at most.
    Feasible,
    /// No set of withdrawals keeps every jewel and protected service; the plan shown gives something up.
    Infeasible,
}

/// The proof of a plan's cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Optimality {
    /// What is proven.
    pub status: Status,
    /// No plan costs less than this.
    pub lower_bound_pence: i64,
    /// (cost − lower bound) / cost; 0 if optimal.
    pub gap: f64,
    /// How often the master problem was solved.
    pub rounds: u32,
    /// How many different derivations were needed.
    pub derivations: u32,
    /// How many withdrawals were to choose from.
    pub candidates: u32,
    /// Facts in the whole exposure graph.
    pub facts: u32,
    /// Facts left after the kernel.
    pub kernel_facts: u32,
    /// What solved the master problem.
    pub solver: String,
    /// Seconds that it took; not part of the hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// What one set of withdrawals means, in figures that can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// How many acts.
    pub withdrawals: u32,
    /// What it costs.
    pub cost: CostEntry,
    /// Jewels still in reach, those that may be taken already among them.
    pub jewels_reachable: u32,
    /// Systems and accounts still in reach.
    pub entities_reachable: u32,
    /// Services down.
    pub services_down: u32,
    /// Services degraded.
    pub services_degraded: u32,
    /// Protected services that are down: more than 0 means that nobody should do this.
    pub protected_down: u32,
    /// People who cannot work as usual.
    pub people: u32,
    /// Sum of the losses of all jewels in reach, `never` or not.
    pub jewel_loss_pence: i64,
    /// What is expected to be lost over sampled worlds; none if none were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<ExpectedLoss>,
}

impl Metrics {
    /// What the intruder may still take: expected over sampled worlds if they were asked for, else in the world of the plan.
    #[must_use]
    pub const fn loss_pence(&self) -> i64 {
        match self.expected {
            Some(expected) => expected.pence,
            None => self.cost.loss_pence(),
        }
    }
}

/// What stays in reach of the intruder, jewels and spread, on average over independent worlds that no plan was made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedLoss {
    /// Worlds drawn, the same for everything that is compared.
    pub worlds: u32,
    /// The average.
    pub pence: i64,
    /// Its standard error.
    pub standard_error_pence: i64,
}

/// Another plan worth a thought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    /// What it is in a few words: "the plan", "leave vcenter in reach".
    pub text: String,
    /// True for the plan itself.
    pub chosen: bool,
    /// True for the one beyond which more disruption buys least: it lies farthest below the line between the first and the last, both scales
    /// made equal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub knee: bool,
    /// What it withdraws.
    pub withdrawals: Vec<WithdrawalId>,
    /// What it means.
    pub metrics: Metrics,
    /// The jewels that it leaves in reach, `kind:name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jewels: Vec<String>,
    /// Services down under it, at most [`crate::limits::SERVICES_NAMED_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services_down: Vec<String>,
    /// Services degraded under it, at most as many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services_degraded: Vec<String>,
    /// Nothing that loses at most as much disrupts by less than this; none if that was not asked for or not found out.
    /// If it is what this disrupts by, the point is proven to be on the front.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disruption_bound_pence: Option<i64>,
}

impl Alternative {
    /// True if it is proven that nothing disrupts less and loses no more.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.disruption_bound_pence
            .is_some_and(|bound| bound >= self.metrics.cost.disruption_pence())
    }
}

/// The search for the front of alternatives, from the least disruption to the least loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FrontEntry {
    /// The point that a person chose, from 1 in the order of [`super::PlanDocument::alternatives`]; none for the plan as it was
    /// proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<u32>,
    /// How many problems were solved for it.
    pub solves: u32,
    /// Why the search ended before every point was found; none if there is no other point between the first and the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<CutOff>,
    /// Gaps between neighbours in which there may be further points.
    #[serde(default)]
    pub open_gaps: u32,
    /// Over how many different worlds losses were averaged while points were looked for; none for the world of the plan alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worlds: Option<u32>,
    /// The share of the sample that those worlds are: the commonest are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worlds_share: Option<f64>,
}

/// Why a search for points ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutOff {
    /// As many points as were asked for were found.
    Points,
    /// The effort for one search was spent, or some problem was not solved to the end within its own.
    Effort,
    /// The time limit.
    Time,
}

/// A withdrawal that would cut ways to jewels and is not in the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotChosen {
    /// Its name.
    pub id: WithdrawalId,
    /// What it would do, in words.
    pub text: String,
    /// How many of the derivations of jewels that the solve knew it cuts.
    pub cuts: u32,
    /// What the best plan with it costs more than this plan; none if no plan with it keeps every jewel and protected service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_pence: Option<i64>,
    /// The best plan with it; none as for the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<Vec<WithdrawalId>>,
}

/// What would be done without Cordon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaselineKind {
    /// Withdraw nothing.
    DoNothing,
    /// Isolate the systems and disable the accounts that were detected: what endpoint detection does.
    IsolateDetected,
    /// Block all remote access and isolate every system on which no protected service stands.
    PullEverything,
}

/// A baseline in the same figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Which.
    pub kind: BaselineKind,
    /// What it is in words.
    pub text: String,
    /// What it means.
    pub metrics: Metrics,
}

/// Why not everything can be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Infeasibility {
    /// In words: what clashes, where, and what to give up.
    pub text: String,
    /// The jewels of a smallest clash, `kind:name`: with any one less it could be had.
    pub jewels: Vec<String>,
    /// The protected services of that clash; none if there is simply no withdrawal that cuts the path.
    pub services: Vec<String>,
    /// The refusals of that clash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<WithdrawalId>,
    /// A way to a jewel of the clash that nothing allowed cuts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Path>,
    /// The cheapest thing to give up.
    pub give_up: Vec<GiveUp>,
    /// What proves without the solver that not everything can be had; none if it was not asked for or not found within its limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<super::Refutation>,
}

/// Something that could be given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum GiveUp {
    /// Let a jewel stay in reach.
    Jewel {
        /// `kind:name`.
        entity: String,
        /// What its loss would cost.
        pence: i64,
    },
    /// Let a protected service go down.
    Service {
        /// Its name.
        name: String,
        /// What that costs over the expected duration.
        pence: i64,
    },
    /// Accept a withdrawal that was refused.
    Refusal {
        /// Which.
        withdrawal: WithdrawalId,
    },
}
