//! Plans carried out by the real programs: `cordon`, `cordon-actuator` and `ssh-keygen`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

mod bed;
mod four_servers;
mod kills;
mod night;
mod plain;
mod refusals;
mod servers;
