//! The fictional retailer *Northgate Co-operative* and the intruder of the drill.
//!
//! Everything is a pure function of its options and a seed: the same seed gives the same estate, the same
//! incident and the same logs, byte for byte. Nothing here reads a clock or touches a disk.

pub mod drill;
#[cfg(feature = "execution")]
pub mod execution;
pub mod incident;
pub mod northgate;

pub use incident::{SampleFoothold, sample_incident};
