//! Sigma: rule files to detections.
//!
//! [`RuleSet::load`] parses and compiles rules (through `rsigma-parser` and `rsigma-eval`) and reports what it could
//! not use. A [`Detector`] gives each record its log [`Source`] and evaluates only the rules of that source; it may be
//! shared by threads. A [`Correlator`] then counts and orders detections in time order, in one place.
//!
//! Matching means what rsigma means by it: the matchers are rsigma's, and a test compares every detection on recorded
//! intrusions with rsigma's own engine. What is different is which rules are tried: see [`program`] and [`literals`].
//! Two things are read as rules mean them, before rsigma compiles them: wildcards at an end ([`edges`]), and, a deliberate
//! difference from Sigma's letter, spaces behind a command line of which a rule says how it ends ([`padding`]).

mod automaton;
mod correlate;
mod detector;
mod edges;
mod extent;
mod fields;
mod fragments;
mod gate;
mod items;
mod limits;
mod literals;
mod load;
mod memo;
mod names;
mod padding;
mod program;
mod route;
mod rule;
mod sieve;
mod source;
mod starter;
mod trie;
mod view;

pub use correlate::Correlator;
pub use detector::{Detection, Detector, MatchedField, Scratch};
pub use load::{LoadReport, Rejected, RuleSet};
pub use rule::{Level, LogSource, Rule, RuleId, Status};
pub use source::Source;
pub use starter::starter_pack;
pub use view::View;
