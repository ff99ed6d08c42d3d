//! One case as a state machine: records and detections go in, effects come out.
//!
//! A [`Case`] keeps the estate as far as it is known, binds evidence to it, and infers footholds. It does no I/O and
//! reads no clock: time is that of the records. [`Backtest`] replays a recorded intrusion through it and measures
//! what a plan would have stopped, and what it would have denied. [`orders::orders`] turns a plan into what is carried out.

pub mod backtest;
pub mod case;
pub mod orders;
pub mod own_effects;
pub mod standing;
pub mod truth;

pub use backtest::{Backtest, BacktestDocument};
pub use case::{Case, CaseSettings, Effect};
pub use truth::Truth;
