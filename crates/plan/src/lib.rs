//! The decision: the least disruptive withdrawals that keep every jewel out of reach, and the proof.

pub mod budget;
pub mod candidates;
pub mod check;
pub mod circuit;
#[doc(hidden)]
pub mod devices;
pub mod document;
pub mod hitting;
pub mod kernel;
pub mod limits;
pub mod master;
pub mod planner;

pub use check::verify;
pub use document::PlanDocument;
pub use planner::{Constraints, Foothold, Planner, Progress, Settings, Uncertainty, Watch, plan};

#[cfg(test)]
#[path = "../tests/support/estate.rs"]
mod random_estate;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;
