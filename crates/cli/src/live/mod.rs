//! Logs while they are written, and plans that wait for what the logs may say.

pub(crate) mod executor;
pub(crate) mod history;
pub(crate) mod standing;
pub(crate) mod tail;
