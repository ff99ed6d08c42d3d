//! What a plan means where it is not known which footholds are really held.

use serde::{Deserialize, Serialize};

use super::{WorldsCertificate, WorldsRefutation};

/// How often a jewel is still reached over sampled worlds, and what was done about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UncertaintyEntry {
    /// The seed of the worlds; the same seed gives the same worlds.
    pub seed: u64,
    /// What the intruder may hold, above the threshold of the plan or not; worlds are drawn from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_be_held: Vec<MayBeHeld>,
    /// How likely one more foothold is held that nothing shows.
    pub hidden_probability: f64,
    /// The share of worlds in which a jewel may be reached at most, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached_max: Option<f64>,
    /// Worlds beside that of the footholds of the plan in which every jewel that must be kept is out of reach too, in the order in which
    /// they were added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<WorldEntry>,
    /// Over the worlds that the plan was made with. Too good by nature: the plan was fitted to them.
    pub in_sample: Estimate,
    /// No plan that leaves a jewel in reach in as few of those worlds costs less, in pence: as few as were asked for, or as
    /// [`Self::reached_min`] says. None if no share was asked for, the plan holds it as it is, or the solver was not done in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower_bound_pence: Option<i64>,
    /// What proves that bound, or as much of it as could be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<WorldsCertificate>,
    /// The least share of those worlds in which any plan leaves a jewel in reach, if that is more than was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached_min: Option<f64>,
    /// What proves that no plan leaves fewer. None if a jewel is itself held in so many, or if no proof was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached_min_proof: Option<WorldsRefutation>,
    /// Over as many independent worlds as [`Estimate::worlds`] says.
    pub out_of_sample: Estimate,
    /// Whether the bound asked for is held out of sample, two standard errors added; none if none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<bool>,
}

/// Something that the intruder may hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MayBeHeld {
    /// As `kind:name`.
    pub entity: String,
    /// How likely.
    pub probability: f64,
}

/// One way things may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorldEntry {
    /// What the intruder holds in it, as `kind:name`, ascending.
    pub held: Vec<String>,
    /// How often it was drawn, as a share of all sampled worlds.
    pub share: f64,
}

/// How often a jewel that must be kept is reached under the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Worlds drawn.
    pub worlds: u32,
    /// The share of them in which a jewel is reached, one that is itself a foothold included.
    pub reached: f64,
    /// The standard error of that share.
    pub standard_error: f64,
    /// The share in which a jewel is itself held, which no withdrawal mends.
    pub held_already: f64,
}
