//! What goes into inference, and what comes out.

use cordon_estate::{AccountId, Entity, Means, SystemId};
use jiff::Timestamp;

use super::weights::RuleWeight;
use crate::bind::{Named, Role};
use crate::record::RecordPlace;

/// A rule, or any other source of detections, by a number of the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleKey(pub u32);

impl RuleKey {
    /// Numbers from here on stand for rules of other products.
    const REPORTED_FIRST: u32 = 1 << 31;

    /// The key of another product's rule, by its identifier or title. Two of them fall together once in two thousand
    /// million pairs; their findings then count as repeats of one rule, which is too little rather than too much.
    #[must_use]
    pub fn reported(identifier: &str) -> Self {
        // FNV-1a, 32 bits: the same on every machine and in every run.
        let hash = identifier.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        Self(hash | Self::REPORTED_FIRST)
    }

    /// True if another product's rule is meant.
    #[must_use]
    pub const fn is_reported(self) -> bool {
        self.0 >= Self::REPORTED_FIRST
    }
}

/// A detection as inference needs it.
#[derive(Clone, Copy, Debug)]
pub struct Signal<'a> {
    /// Which rule fired.
    pub rule: RuleKey,
    /// What it says before its base rate.
    pub weight: &'a RuleWeight,
    /// When.
    pub time: Timestamp,
    /// On which record.
    pub place: RecordPlace,
    /// Whom and what the record names.
    pub named: &'a [Named],
    /// True if the record shows something that was refused: then it is no evidence of those whom Cordon keeps out.
    pub refused: bool,
}

/// A use of an access that worked, between entities of the estate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Use {
    /// Who used it; nobody if a machine or an anonymous account did.
    pub account: Option<AccountId>,
    /// From where, if over the network.
    pub from: Option<SystemId>,
    /// On what.
    pub on: SystemId,
    /// How; `None` for a program started on `on` itself.
    pub means: Option<Means>,
    /// When.
    pub time: Timestamp,
    /// In which record.
    pub place: RecordPlace,
}

/// What carried suspicion to an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Carrier {
    /// From whom.
    pub from: Entity,
    /// By what; `None` for programs started.
    pub means: Option<Means>,
}

/// One reason for a suspicion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    /// What it is.
    pub reason: Reason,
    /// What it adds to the log-odds if it stands alone.
    pub log_odds: f64,
    /// When it first held.
    pub time: Timestamp,
    /// The first record that shows it.
    pub place: RecordPlace,
}

/// What a contribution is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// A rule fired, so many times, and the entity played this part.
    Rule(RuleKey, Role, u32),
    /// Suspicion was carried along an access.
    Carried(Carrier),
}

/// The belief that one entity is held.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspicion {
    /// Which.
    pub entity: Entity,
    /// Probability that the intruder holds it.
    pub probability: f64,
    /// When anything first spoke of it.
    pub first_seen: Timestamp,
    /// The analyst's word, if there is one.
    pub pinned: Option<bool>,
    /// How many signals that do not hang together stand behind it: different rules on different records. One never
    /// justifies an automatic act.
    pub independent_signals: u32,
    /// The strongest reasons, strongest first, [`super::limits::CONTRIBUTIONS_MAX`] at most.
    pub contributions: Vec<Contribution>,
}

/// A stretch of time in which an entity's failures were Cordon's own doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnEffect {
    /// On what Cordon acted.
    pub entity: Entity,
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}
