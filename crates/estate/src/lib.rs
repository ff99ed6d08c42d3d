//! The organisation as Cordon knows it: who works there, what runs there, who can use what, and which
//! business services stand on it.
//!
//! This crate holds data and reads files given as text. It does no I/O, reads no clock, and knows nothing of
//! attacks: what an intruder could do with an access is the business of `cordon-reach`.

pub mod activity;
pub mod import;
pub mod learn;
pub mod limits;
pub mod load;
pub mod model;
pub mod names;
mod schema;
pub mod show;

pub use model::*;
pub use schema::schema;
pub use show::summary;
