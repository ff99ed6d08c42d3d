//! Accounts and memberships at real directories: OpenLDAP, and a Samba domain controller.

mod active_directory;
mod hostile;
mod openldap;
mod openldap_bulk;
mod openldap_refusals;
mod support;
