//! Plans carried out by the real programs: `cordon`, `cordon-actuator` and `ssh-keygen`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests may fail loudly, and say what they counted"
)]

mod bed;
mod four_servers;
mod kills;
mod night;
mod plain;
mod race;
mod record_in_postgres;
mod refusals;
mod servers;
