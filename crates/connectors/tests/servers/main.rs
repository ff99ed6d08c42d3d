//! Every enforcement point against the real servers that it speaks to, and the process that holds their secrets.
//!
//! All of it is one program: most of a test is waiting for servers, so that many tests should run at once. `make test` runs eight
//! (`TEST_THREADS`); by hand, `RUST_TEST_THREADS=8 cargo test -p cordon-connectors`. Each has its own server, port, folder and namespace,
//! or shares a server by accounts of its own.

mod actuator;
mod actuator_bed;
mod actuator_script;
#[cfg(feature = "database")]
mod database;
#[cfg(feature = "database")]
mod database_bed;
#[cfg(feature = "database")]
mod database_sweep;
mod directory;
mod firewall;
mod front_door;
mod openc2;
mod openvpn;
mod radius;
mod scim;
mod script;
mod shared_signals;
mod ssh;
mod ssh_bed;
mod ssh_sweep;
mod sweeping;
