//! The execution of plans under faults: the real reconciler, the real gate, simulated points, virtual time, one seed.
//!
//! What people sign is signed and verified with real keys, and the record is kept in a real store ([`cordon_store::Store`]) whose storage
//! fails. A [`Night`] draws servers, plans, people's commands and faults from a seed, and runs them in virtual time: requests that are lost, arrive
//! twice, late or out of order; replies that are lost after the effect; writes that fail; crashes before and after every effect;
//! clocks that jump; two executors at once; servers that restart, change under us, or say that all is well when it is not.
//! After every step the invariants are checked ([`invariants`]), and when the chaos is over and everything was lifted, the world must
//! be the one that only other people's changes would have made. The same seed gives the same night, byte for byte.

mod actuator;
mod chaos;
mod executor;
mod invariants;
mod network;
mod night;
mod people;
mod record;
mod server;

pub use chaos::Chaos;
pub use night::{Night, NightReport};
pub use server::{SimulatedPoint, SimulatedServer};
