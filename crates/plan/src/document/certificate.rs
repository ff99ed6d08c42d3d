//! The proof of a plan's bound, to be checked without the solver.
//!
//! A *row* is a set of base facts that alone take the intruder to something: whoever leaves all of them standing loses
//! it, so every plan that keeps it chooses one of the row's acts. The *cases* are a tree: for one act after the other, the plans
//! with it and the plans without it. In each case that is not split further, rows are charged to what any act that
//! cuts them brings with it; charges never exceed the price of what they are charged to, so that their sum is a bound
//! for every plan of the case (weak duality). All sums are whole pence, so nothing is rounded.
//!
//! Where some sampled worlds may be let go, a case also says of worlds that they are kept or let go. Each draw of a world of which it
//! says neither may be lost at one price, and as many draws as may still be let go are taken off the sum at that price.

use cordon_reach::Base;
use serde::{Deserialize, Serialize};

use super::Act;

/// What proves that no plan costs less than a bound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// No set of withdrawals costs less. At most [`super::Optimality::lower_bound_pence`]; what is between the two is
    /// the solver's word alone. In a plan that gives something up, every jewel may be lost at its price here, and every protected service
    /// may go down at what that costs and at least [`crate::limits::PROTECTED_PENCE_MIN`].
    pub bound_pence: i64,
    /// The derivations that the proof uses.
    pub rows: Vec<CertificateRow>,
    /// The cases; the first is all plans.
    pub cases: Vec<Case>,
}

/// What proves that no plan costs less than a bound that leaves a jewel in reach in few enough of the sampled worlds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorldsCertificate {
    /// No such plan costs less. At most [`super::UncertaintyEntry::lower_bound_pence`].
    pub bound_pence: i64,
    /// The sampled worlds that the proof uses, by what the intruder holds, as `kind:name`, ascending. That of the plan comes before them
    /// and is always kept.
    pub worlds: Vec<Vec<String>>,
    /// The derivations that the proof uses.
    pub rows: Vec<CertificateRow>,
    /// The cases; the first is all plans.
    pub cases: Vec<Case>,
}

/// What proves that every plan leaves a jewel in reach in more of the sampled worlds than a number: in each case a protected service is
/// down, a derivation in a world that is kept can no longer be cut, or too many worlds are let go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorldsRefutation {
    /// As in [`WorldsCertificate::worlds`].
    pub worlds: Vec<Vec<String>>,
    /// The derivations that the proof uses.
    pub rows: Vec<CertificateRow>,
    /// The cases; the first is all plans. None is [`Case::Charged`].
    pub cases: Vec<Case>,
}

/// What proves that no plan keeps every jewel that must be kept and every protected service: in each case a protected
/// service is down, or a derivation of a jewel can no longer be cut.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Refutation {
    /// The derivations that the proof uses.
    pub rows: Vec<CertificateRow>,
    /// The cases; the first is all plans. None is [`Case::Charged`].
    pub cases: Vec<Case>,
}

/// One derivation, or several that the same acts cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CertificateRow {
    /// In which world: 0 is that of the plan, 1 the first of the others that are kept or that the proof names.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub world: u32,
    /// What is reached from the footholds as long as all of [`Self::rests_on`] stand, as `kind:name`.
    pub reaches: Vec<String>,
    /// The base facts, ascending, by ids of the estate.
    pub rests_on: Vec<Base>,
    /// Every act that takes one of them away in time and that nobody refused, ascending.
    pub acts: Vec<Act>,
}

/// Plans that choose some acts and not some others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "case")]
pub enum Case {
    /// Either an act is chosen or it is not.
    Either {
        /// The act.
        act: Act,
        /// The case in which it is chosen, by place in [`Certificate::cases`]; after this one.
        with: u32,
        /// The case in which it is not.
        without: u32,
    },
    /// Either a jewel is kept out of reach in a world or it need not be.
    EitherWorld {
        /// The world, as in [`CertificateRow::world`].
        world: u32,
        /// The case in which it is kept, by place; after this one.
        kept: u32,
        /// The case in which it is let go.
        let_go: u32,
    },
    /// Charges show what the case costs at least.
    Charged {
        /// What is charged beyond the acts chosen.
        charges: Vec<Charge>,
        /// What each draw of a world may be lost for that is neither kept nor let go.
        #[serde(default, skip_serializing_if = "is_nothing")]
        draw_pence: i64,
    },
    /// More draws are let go than may be.
    TooMany,
    /// A row must be cut, and no act is left that may do it.
    Uncut {
        /// The row, by place.
        row: u32,
    },
    /// The acts chosen take a protected service down.
    Down {
        /// Its name.
        service: String,
    },
}

/// What one row costs at least.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The row, by place.
    pub row: u32,
    /// How much is charged, above 0.
    pub pence: i64,
    /// Whom it is charged to: every act of the row that may still be chosen is here itself or takes down one of the services
    /// here. The loss of what the row reaches is charged too, if it may be lost.
    pub to: Vec<Stand>,
}

/// Something with a price that an act brings with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Stand {
    /// The act's own friction.
    Act {
        /// The act.
        act: Act,
    },
    /// A part of what a service costs: from one price to another.
    Service {
        /// The service, by its place in the estate.
        service: cordon_estate::ServiceId,
        /// The price that is paid before.
        from_pence: i64,
        /// The price that is reached or passed.
        to_pence: i64,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_nothing(pence: &i64) -> bool {
    *pence == 0
}
