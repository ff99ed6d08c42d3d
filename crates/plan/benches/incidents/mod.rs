//! Incidents drawn at Northgate, each answered by Cordon and by what others do.

mod by_hand;
#[path = "../support/clock.rs"]
mod clock;
pub(crate) mod draw;
mod edges;
mod flow;
mod greedy;
mod judge;
pub(crate) mod picture;
mod question;
pub(crate) mod run;
pub(crate) mod table;
