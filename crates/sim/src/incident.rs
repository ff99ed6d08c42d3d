//! The sample incident that comes with a generated estate: what a first look at the evidence would say.

use cordon_estate::{Entity, Estate};
use serde::{Deserialize, Serialize};

use crate::northgate::Cast;

/// One believed foothold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleFoothold {
    /// The account or system.
    pub entity: Entity,
    /// Its name.
    pub name: String,
    /// How likely it is held, in (0, 1).
    pub probability: f64,
    /// Why, in a sentence.
    pub reason: String,
}

/// The footholds of the drill's intruder at the moment when a plan is due: the help desk was talked into a reset,
/// the intruder came in by VPN, guessed the ticket of a forgotten service account and got to a first server.
/// Empty if the estate is not of [`crate::northgate`]'s making.
#[must_use]
pub fn sample_incident(estate: &Estate, seed: u64) -> Vec<SampleFoothold> {
    let Some(cast) = Cast::of(estate, seed) else {
        return Vec::new();
    };
    let foothold = |entity, probability, reason: &str| SampleFoothold {
        entity,
        name: estate.name(entity).to_owned(),
        probability,
        reason: reason.to_owned(),
    };
    vec![
        foothold(
            Entity::Account(cast.victim),
            0.97,
            "password and second factor reset within minutes, then a VPN logon from a new address",
        ),
        foothold(
            Entity::System(cast.desktop),
            0.93,
            "remote desktop from the VPN by the reset account, then directory discovery",
        ),
        foothold(
            Entity::Account(cast.roasted),
            0.86,
            "weakly encrypted ticket requested from that desktop, then a logon after 400 days of silence",
        ),
        foothold(
            Entity::System(cast.server),
            0.78,
            "administrative logon by that service account and a new service installed",
        ),
    ]
}
