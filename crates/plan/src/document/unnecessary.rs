//! What would have to be otherwise for a withdrawal to be needless.

use serde::{Deserialize, Serialize};

use super::WithdrawalId;

/// One change under which the rest of the plan, without a withdrawal, still keeps out of reach all that the withdrawal
/// alone keeps out of reach. Each was tried by deriving everything again; none is a guess, and there may be others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnnecessaryIf {
    /// The change in words that follow "unnecessary if", without a full stop: "pat is not held", "this is done instead: isolate
    /// WORKSTATION6 from the network".
    pub text: String,
    /// The same by names.
    #[serde(flatten)]
    pub change: Change,
}

/// What would be otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// These footholds, all of them, are not held; none of them could be left out.
    Cleared {
        /// `kind:name` of [`super::FootholdEntry::entity`].
        entities: Vec<String>,
    },
    /// Another withdrawal is in its place.
    Instead {
        /// Which.
        withdrawal: WithdrawalId,
        /// What the plan would cost more; below 0 only if the plan is not the cheapest.
        price_pence: i64,
    },
}
