//! Real servers for tests: each in a folder, on ports or in network namespaces of its own, gone when dropped.
//!
//! A test that cannot have its server (no package, no root) calls [`skip`] with the reason and returns. Nothing here is linked by
//! a program that a user runs: only tests may depend on this crate.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test bed may fail loudly"
)]

mod authority;
mod haproxy;
mod namespace;
mod postgres;
mod process;
mod ssh_server;
mod web_server;

pub use authority::Authority;
pub use haproxy::{Got, HaProxy};
pub use namespace::Namespace;
pub use postgres::Postgres;
pub use process::{
    Folder, Server, command, free_port, is_root, missing_program, run, skip, try_run, wait_until,
};
pub use ssh_server::{LocalAccount, SshServer};
pub use web_server::WebServer;
