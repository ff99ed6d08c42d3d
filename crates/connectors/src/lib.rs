//! Enforcement points on real servers, and the process that holds their secrets.
//!
//! Each module implements [`cordon_act::EnforcementPoint`] for one kind of server. What servers reply is hostile input: bounded,
//! counted and never executed.

pub mod registry;
#[cfg(feature = "directory")]
pub mod directory;
pub mod firewall;
pub mod openvpn;
mod program;
#[cfg(feature = "database")]
pub mod database;
mod deadline;
pub mod front_door;
mod kept_file;
mod secret;
mod tls;
mod unix_stream;
#[cfg(feature = "https")]
pub mod https;
#[cfg(feature = "https")]
pub mod openc2;
pub mod radius;
#[cfg(feature = "https")]
pub mod scim;
pub mod script;
mod secret;
#[cfg(feature = "https")]
pub mod shared_signals;
mod time_left;
#[cfg(feature = "https")]
mod told;

pub use secret::{Secret, SecretError, SecretSource};
pub use tls::ClientIdentity;
