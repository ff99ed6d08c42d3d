//! Enforcement points on real servers, and the process that holds their secrets.
//!
//! Each module implements [`cordon_act::EnforcementPoint`] for one kind of server. What servers reply is hostile input: bounded,
//! counted and never executed.

#[cfg(feature = "database")]
pub mod database;
mod deadline;
#[cfg(feature = "directory")]
pub mod directory;
pub mod firewall;
pub mod front_door;
#[cfg(feature = "https")]
pub mod https;
mod kept_file;
#[cfg(feature = "https")]
pub mod openc2;
pub mod openvpn;
mod program;
pub mod radius;
pub mod registry;
#[cfg(feature = "https")]
pub mod scim;
pub mod script;
mod secret;
#[cfg(feature = "https")]
pub mod shared_signals;
pub mod ssh;
mod time_left;
mod tls;
#[cfg(feature = "https")]
mod told;
mod unix_stream;

pub use secret::{Secret, SecretError, SecretSource};
pub use tls::ClientIdentity;
