//! Accounts and memberships at real directories: OpenLDAP, and a Samba domain controller.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly, also in the functions that tests share"
)]

mod active_directory;
mod active_directory_refusals;
mod hostile;
mod openldap;
mod openldap_bulk;
mod openldap_refusals;
mod support;
