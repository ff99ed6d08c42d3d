//! The decision: the least disruptive withdrawals that keep every jewel out of reach, and the proof.

pub mod document;
pub mod limits;

pub use document::PlanDocument;
