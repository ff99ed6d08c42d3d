//! Enforcement points on real servers, and the process that holds their secrets.
//!
//! Each module implements [`cordon_act::EnforcementPoint`] for one kind of server. What servers reply is hostile input: bounded,
//! counted and never executed.

#[cfg(feature = "database")]
pub mod database;
mod deadline;
pub mod front_door;
mod kept_file;
mod program;
mod secret;
pub mod ssh;
mod tls;
mod unix_stream;

pub use secret::{Secret, SecretError, SecretSource};
pub use tls::ClientIdentity;
