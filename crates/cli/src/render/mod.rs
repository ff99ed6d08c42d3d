//! What a person sees in the terminal: pure functions from a document to text of a given width.

pub(crate) mod backtest;
pub(crate) mod carry;
pub(crate) mod detect;
pub(crate) mod estate;
pub(crate) mod ledger;
pub(crate) mod paper;
pub(crate) mod plan;
pub(crate) mod quantity;
pub(crate) mod style;
pub(crate) mod text;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod words;
