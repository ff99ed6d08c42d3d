//! Exposure: what footholds can reach, by which derivation, how soon.
//!
//! The estate is compiled to Horn rules over small ids: a step may need several things at once (a credential
//! **and** a right **and** a network path), which a plain graph of who can reach whom cannot say. This is the
//! model of MulVAL (Ou, Govindavajhala & Appel 2005; Ou, Boyer & McQueen 2006). A foothold and every access are
//! *base facts*, which a withdrawal can switch off; what the intruder gains are *derived facts*.
//!
//! # The rules
//! | premises | conclusion |
//! | --- | --- |
//! | foothold on an account; system; zone; group | holds it; runs on it; stands in it; acts as it |
//! | the company can be reached from outside | stands outside |
//! | holds(account), account enabled | uses(account) |
//! | uses(account) or acts as(group) or runs on(system), membership in a group | acts as(group) |
//! | principal, right on a system or a group by a means | granted(target, means) |
//! | granted(group, …), membership of a member | granted(member, …), or the member taken |
//! | granted(system, means), connects to its zone or to it for the means, system connected | runs on(system) |
//! | runs on(system), system connected | stands in the system's zone |
//! | stands in(zone), zone does not isolate its members | connects to(zone, every port) |
//! | stands in(zone) or runs on(connected system), flow | connects to(zone or system, ports) |
//! | runs on(system), session of an account | holds(account) |
//! | principal, control over an account | holds(account) |
//! | principal, control over a group: adding members, full control | acts as(group) |
//! | principal, any other control over a group | granted(group, control): each member is taken |
//! | principal, full control, secret of or delegation to a system | granted(system, administration) |
//! | principal, hosts a system | runs on(guest); between a manager and a hypervisor both must be connected |
//! | principal, remote access, outside world, gateway connected | stands in the pool's zone |
//! | principal, assignment, connects to the application for the web, application connected | uses it; as administrator, runs on it |
//! | stands in(zone), recovery of an account or a group from there | holds(account), or each member's |
//! | principal, replication of the directory; or runs on(domain controller) | directory taken |
//! | directory taken | runs on(each domain controller); accounts taken |
//! | runs on(identity provider) | accounts taken |
//! | accounts taken | holds(each account) |
//!
//! A *principal* is uses(account), acts as(group) or runs on(system), as the holder is.
//!
//! # Decisions where the model leaves room
//! - A right to the **console** needs somebody at the machine; an intruder from afar is not, so it gives nothing.
//! - **Controls** (resets, permissions, tickets) need no network position: where a directory or an identity
//!   provider can be administered from is rarely known, and assuming a path is the safe side.
//! - **Theft** of a session works on an isolated system too: isolation comes after the thief.
//! - The secret of a **machine account** cannot be guessed from a ticket, nor is it reset by the help desk.
//! - A system of **unknown zone** may stand anywhere inside ([`Unplaced`]); one that somebody else runs stands
//!   outside. An estate that says nothing at all of its network lets whoever is outside in.
//! - A flow to one system on a TCP port that belongs to no means is taken for its database.
//! - There is one **directory**.
//!
//! Rules are closed as by Dowling & Gallier (1984), *Linear-time algorithms for testing the satisfiability of
//! propositional Horn formulae*; arrival times are those of Knuth (1977), *A generalization of Dijkstra's
//! algorithm*. [`naive`] is the same meaning written a second time, straight from the estate.
//!
//! This crate knows no logs and chooses nothing.

mod chain;
mod fact;
mod graph;
mod jewel;
mod kernel;
pub mod naive;
mod rule;
mod set;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod words;

pub use chain::{Deadlines, Derivation, Exposure, LATEST_SECONDS, RestingOn, Scratch, Standing, Step, Until};
pub use fact::{Base, Carrier, Derived, Fact, FactId, Grant};
pub use graph::{Graph, Options, RuleView, Unplaced};
pub use jewel::{CrownJewel, default_jewel_loss, is_inferred, jewels, jewels_with, spread_loss};
pub use rule::{BREAKOUT_SECONDS, BREAKOUTS, Effort, Pace, RuleKind};
pub use set::FactSet;
