//! The plan as a document: everything a person or a later command needs, and nothing that only the solver knows.
//!
//! It is the content of `plan.json`. Entities are written `kind:name` (`account:pat`, `system:WORKSTATION6`), money
//! is in pence, times are minutes from the newest evidence unless the name says otherwise. A document stands for
//! itself: it can be rendered, compared and checked without the estate, and [`crate::check`] checks it against one.

mod act;
mod certificate;
mod digest;
mod outcome;
mod reach;
mod sample;
mod trade;
mod uncertainty;
mod unnecessary;

use serde::{Deserialize, Serialize};

pub use act::{Act, Verb, WithdrawalEntry, WithdrawalId};
pub use certificate::{
    Case, Certificate, CertificateRow, Charge, Refutation, Stand, WorldsCertificate, WorldsRefutation,
};
pub use digest::{estate_digest, plan_hash};
pub use outcome::{
    Alternative, Baseline, BaselineKind, CutOff, ExpectedLoss, FrontEntry, GiveUp, Infeasibility, Metrics,
    NotChosen, Optimality, Outcome, Status,
};
pub use reach::{ExposureCount, ExposureEntry, FootholdEntry, JewelEntry, JewelState, Path, Step};
pub use sample::sample;
pub use trade::{CostEntry, PeopleEntry, ServiceEntry, ServiceLevel};
pub use uncertainty::{Estimate, MayBeHeld, UncertaintyEntry, WorldEntry};
pub use unnecessary::{Change, UnnecessaryIf};

/// The version of this document's shape; it changes when a reader of the old shape would misread the new one.
pub const FORMAT: &str = "cordon-plan/1";

/// A chosen set of withdrawals with its proof, cost and alternatives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanDocument {
    /// [`FORMAT`].
    pub format: String,
    /// SHA-256 in hex over the JSON of this document with this field empty and every `seconds` left out.
    pub plan_hash: String,
    /// The organisation that the plan is for.
    pub organisation: String,
    /// SHA-256 in hex over the JSON of the estate that the plan was made from.
    pub estate_digest: String,
    /// What the answer is, in one word.
    pub outcome: Outcome,
    /// What the plan assumes.
    pub assumptions: Assumptions,
    /// What people had ruled out or forced before this plan was made.
    pub constraints: ConstraintsEntry,
    /// The footholds that the plan is made against, likeliest first.
    pub footholds: Vec<FootholdEntry>,
    /// Every jewel, the worst news first: still reachable, then stopped by the plan, then never in reach.
    pub jewels: Vec<JewelEntry>,
    /// How much of the estate the intruder can reach, before and after.
    pub exposure: ExposureEntry,
    /// What to withdraw, in the order of execution.
    pub withdrawals: Vec<WithdrawalEntry>,
    /// Every service that the plan takes down or degrades, then the others, each in order of the estate.
    pub services: Vec<ServiceEntry>,
    /// Who cannot work as usual while the plan is in force.
    pub people: PeopleEntry,
    /// What the plan costs, by cause.
    pub cost: CostEntry,
    /// How good the plan is proven to be.
    pub optimality: Optimality,
    /// Other plans worth a thought, from the least disruption to the least loss; the plan itself is among them.
    pub alternatives: Vec<Alternative>,
    /// How the alternatives were looked for if all of them were asked for; none for the few that come with every plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front: Option<FrontEntry>,
    /// Withdrawals that would cut ways to jewels and are not in the plan, the cheapest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_chosen: Vec<NotChosen>,
    /// The same metrics for what would be done without Cordon.
    pub baselines: Vec<Baseline>,
    /// Why not everything asked for can be had; then the plan is the best that gives up `give_up`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub infeasibility: Option<Infeasibility>,
    /// Minutes between the last withdrawal's effect and the earliest arrival at any jewel without the plan; negative
    /// if the intruder may be there first; none if no jewel is in reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_minutes: Option<f64>,
    /// What the plan means where it is not known which footholds are held; none if that was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<UncertaintyEntry>,
    /// What proves the bound without the solver; none if it was not asked for. Where something has to be given up, it bounds what
    /// any plan costs that gives up whatever it likes: see [`Certificate::bound_pence`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
}

/// What a plan takes for granted; the same values give the same plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assumptions {
    /// Probability from which a foothold counts as held.
    pub foothold_threshold: f64,
    /// How long the withdrawals are expected to stay in force.
    pub duration_hours: f64,
    /// True if a withdrawal counts only against facts that the intruder cannot have used before it takes effect.
    pub race: bool,
    /// What the times of the intruder's steps are multiplied by: less than 1 for a faster one than that of the table.
    #[serde(default = "usual_pace", skip_serializing_if = "is_usual_pace")]
    pub pace: f64,
    /// True if the spread beyond jewels has a price.
    pub spread: bool,
}

const fn usual_pace() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_usual_pace(pace: &f64) -> bool {
    pace.to_bits() == usual_pace().to_bits()
}

/// What people ruled out or forced, as they said it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConstraintsEntry {
    /// Withdrawals that are not wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<WithdrawalId>,
    /// Withdrawals that are wanted whatever they cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forced: Vec<WithdrawalId>,
    /// Services that are protected beyond those that the estate says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protected: Vec<String>,
    /// Jewels beyond those that the estate says, `kind:name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jewels: Vec<String>,
    /// Jewels that were given up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given_up: Vec<String>,
}

impl PlanDocument {
    /// The withdrawal of this id, if the plan has it.
    #[must_use]
    pub fn withdrawal(&self, id: &WithdrawalId) -> Option<&WithdrawalEntry> {
        self.withdrawals.iter().find(|entry| entry.id == *id)
    }

    /// The place among the alternatives of the one that disrupts and loses least together; none if there is none.
    #[must_use]
    pub fn least_sum(&self) -> Option<usize> {
        let sum = |one: &Alternative| {
            let disruption = one.metrics.cost.disruption_pence();
            disruption.saturating_add(one.metrics.loss_pence())
        };
        let points = self.alternatives.iter().enumerate();
        points.min_by_key(|(_, one)| sum(one)).map(|(place, _)| place)
    }

    /// The services that are not fully up under the plan.
    pub fn disturbed_services(&self) -> impl Iterator<Item = &ServiceEntry> {
        self.services
            .iter()
            .filter(|service| service.level != ServiceLevel::Up)
    }

    /// Sets [`Self::plan_hash`] to what the content hashes to.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.plan_hash = plan_hash(&self);
        self
    }
}
