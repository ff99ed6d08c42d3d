//! Logs while they are written, and plans that wait for what the logs may say.

pub(crate) mod executor;
mod history;
mod line;
pub(crate) mod session;
pub(crate) mod standing;
pub(crate) mod tail;
