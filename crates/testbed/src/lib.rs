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
mod canaille;
mod certificates;
mod firewall_bed;
mod freeradius;
mod haproxy;
mod namespace;
mod openc2_consumer;
mod openldap;
mod ports;
mod postgres;
mod process;
mod python;
mod receiver;
mod responder;
mod samba;
mod scim_server;
mod ssh_server;
mod vpn;
mod web_authority;
mod web_server;

pub use authority::Authority;
pub use canaille::{Browser, Canaille};
pub use certificates::Certificates;
pub use firewall_bed::FirewallBed;
pub use freeradius::{AccessServer, FreeRadius};
pub use haproxy::{Got, HaProxy};
pub use namespace::Namespace;
pub use openc2_consumer::OpenC2Consumer;
pub use openldap::{Connected, OpenLdap, OpenLdapContent};
pub use ports::{ClosedPort, free_port};
pub use postgres::Postgres;
pub use process::{Folder, Server, command, is_root, missing_program, run, skip, try_run, wait_until};
pub use python::Python;
pub use receiver::Receiver;
pub use responder::{Asked, Responder, hand_on, response};
pub use samba::SambaDc;
pub use scim_server::ScimServer;
pub use ssh_server::{LocalAccount, SshServer};
pub use vpn::{VpnClient, VpnOptions, VpnServer};
pub use web_authority::{WebAuthority, WebCertificate};
pub use web_server::WebServer;
