//! The decision: the least disruptive withdrawals that keep every jewel out of reach, and the proof.

pub mod document;
pub mod hitting;
pub mod kernel;
pub mod limits;
pub mod master;

pub use document::PlanDocument;
