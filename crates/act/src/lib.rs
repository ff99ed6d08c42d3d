//! Carrying a plan out and taking it back: withdrawals as desired state.
//!
//! The cordon is what should be withdrawn; each enforcement point is observed; the difference is acted on until it is
//! gone. Observation decides, never memory. Nothing here does I/O or reads a clock: time, replies of enforcement points
//! and completed writes come in, and what to write and what to ask comes out.

pub mod approval;
pub mod gate;
pub mod limits;
mod orders;
mod point;
pub mod sweep;
mod target;
pub mod wire;

pub use orders::{FORMAT as ORDERS_FORMAT, LeaseEnd, Order, Orders, OrdersError, Placement, VolumeLimits};
pub use point::{
    Applying, Capabilities, EnforcementPoint, Lifting, Observation, PointError, PointErrorKind, PointState,
    Probe, ProbeAnswer, Standing,
};
pub use target::{Endpoint, Mark, OrderId, PointName, Protocol, Target, TargetKind, Whom};
