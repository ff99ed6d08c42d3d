//! What a withdrawal takes away: services, people, money.
//!
//! - [`Services`]: which business services stay up, are carried by a fallback, or are down, when some accesses,
//!   accounts and systems are [`Lost`]; the same requirements as AND/OR [`Node`]s for a planner to linearise.
//! - [`cost_pence`]: what an outage costs, the integral of the service's cost curve over its duration.
//! - [`People`]: how many people cannot work.
//! - [`Friction`]: what withdrawing one thing costs by the legitimate use that it denies.
//!
//! # Cycles
//! The loader refuses services that require each other in a circle. Should one be given all the same, the answer
//! is the *greatest* fixpoint: services that only need each other keep each other up, for they ran before anything
//! was lost (Tarski 1955). A service that an outside loss brings down still takes the whole circle with it.
//!
//! [`naive`] gives the same states by the definition, for tests. This crate knows no attack.

mod cost;
mod friction;
pub mod naive;
mod people;
mod services;

pub use cost::{cost_pence, outage_pence};
pub use friction::{Friction, Taken, conversion};
pub use people::People;
pub use services::{Literal, Lost, Node, NodeId, ServiceNodes, ServiceState, Services};
