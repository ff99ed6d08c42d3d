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

mod certificates;
mod firewall_bed;
mod namespace;
mod openldap;
mod process;
mod samba;

pub use certificates::Certificates;
mod vpn;

pub use firewall_bed::FirewallBed;
pub use namespace::Namespace;
pub use openldap::{Connected, OpenLdap, OpenLdapContent};
pub use process::{
    Folder, Server, command, free_port, is_root, missing_program, run, skip, try_run, wait_until,
};
pub use samba::SambaDc;
pub use vpn::{VpnClient, VpnOptions, VpnServer};
mod authority;
mod haproxy;
mod namespace;
mod postgres;
mod process;
mod web_server;

pub use authority::Authority;
pub use haproxy::{Got, HaProxy};
pub use namespace::Namespace;
pub use postgres::Postgres;
pub use process::{
    Folder, Server, command, free_port, is_root, missing_program, run, skip, try_run, wait_until,
};
pub use web_server::WebServer;
mod canaille;
mod freeradius;
mod namespace;
mod openc2_consumer;
mod process;
mod python;
mod receiver;
mod responder;
mod scim_server;
mod web_authority;

pub use canaille::{Browser, Canaille};
pub use freeradius::{AccessServer, FreeRadius};
pub use namespace::Namespace;
pub use openc2_consumer::OpenC2Consumer;
pub use process::{
    Folder, Server, command, free_port, is_root, missing_program, run, skip, try_run, wait_until,
};
pub use python::Python;
pub use receiver::Receiver;
pub use responder::{Asked, Responder, hand_on, response};
pub use scim_server::ScimServer;
pub use web_authority::{WebAuthority, WebCertificate};
