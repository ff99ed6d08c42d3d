//! Carrying a plan out and taking it back: withdrawals as desired state.
//!
//! The cordon is what should be withdrawn; each enforcement point is observed; the difference is acted on until it is
//! gone. Observation decides, never memory. Nothing here does I/O or reads a clock: time, replies of enforcement points
//! and completed writes come in, and what to write and what to ask comes out.
//!
//! - [`Orders`]: what a plan becomes when it is to be carried out; [`admit`] what must hold before it is.
//! - [`Entry`]: what is recorded; [`Book`]: what the records come to.
//! - [`recover`]: the table that says what to do next; [`Reconciler`]: the state machine that does it.
//! - [`approval`]: whether people approved them; [`gate`]: what stands between an executor and a server; [`wire`]: how both talk.
//! - [`own_effects`]: what Cordon itself causes at servers, which is no evidence.
//! - [`EnforcementPoint`]: the trait of every server at which access can be withdrawn; [`sweep`]: the harness each passes.

pub mod admit;
pub mod approval;
mod book;
#[cfg(feature = "planted-bugs")]
pub mod bugs;
mod entry;
pub mod gate;
pub mod limits;
mod orders;
pub mod own_effects;
mod point;
mod progress;
mod reconcile;
pub mod recover;
pub mod sweep;
mod target;
pub mod wire;

pub use admit::Admitted;
pub use book::{Book, OrderState, PlacementState, PlanState, Trouble};
pub use entry::{Accepted, Entry, KIND_PREFIX, UnreadableEntry, Verb};
pub use orders::{FORMAT as ORDERS_FORMAT, LeaseEnd, Order, Orders, OrdersError, Placement, VolumeLimits};
pub use point::{
    Applying, Capabilities, EnforcementPoint, Lifting, Observation, PointError, PointErrorKind, PointState,
    Probe, ProbeAnswer, Standing,
};
pub use reconcile::{Answer, Ask, CallId, Effect, Event, Reconciler, Request, Write, WriteId, wave_of};
pub use target::{Endpoint, Mark, OrderId, PointName, Protocol, Target, TargetKind, Whom};
