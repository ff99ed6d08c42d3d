//! Accounts and group memberships in an LDAP directory: OpenLDAP, and Active Directory or Samba.
//!
//! An account is refused, not deleted: OpenLDAP's password policy heeds `pwdAccountLockedTime`, Active Directory heeds a bit of
//! `userAccountControl`. A membership is one value of the group. Each change names the value that it replaces, so that it fails where
//! something else stands. Entries are known by `entryUUID` or `objectGUID`, so that a rename between withdrawal and lift loses nothing.

mod active_directory;
mod active_directory_probe;
mod address;
mod change;
mod config;
mod der;
mod failure;
mod guard;
mod kerberos;
mod limits;
mod located;
mod lookup;
mod monitor;
mod openldap;
mod openldap_probe;
mod point;
mod requests;
mod session;
mod state;
mod wire;

pub use config::{ActiveDirectory, Config, Dialect, Logon, MembersAre, OpenLdap};

use cordon_act::{EnforcementPoint, PointError, PointErrorKind, PointName};

use self::address::{Address, HostPort};
use self::session::{Identity, Session};

/// The port of a KDC.
const KDC_PORT: u16 = 88;

/// A point for the directory of this configuration. It connects when it is first asked something.
///
/// # Errors
/// [`PointErrorKind::Config`] if the configuration is wrong or a certificate file cannot be read.
pub fn connect(name: &PointName, config: Config) -> Result<Box<dyn EnforcementPoint>, PointError> {
    let wrong = |why: String| PointError::new(PointErrorKind::Config, format!("{name}: {why}"));
    let address = Address::read(&config.server, config.plaintext_on_loopback).map_err(wrong)?;
    let tls = match (&config.ca_file, address.is_tls()) {
        (Some(file), true) => Some(wire::tls_with(file).map_err(wrong)?),
        (None, true) => return Err(wrong("TLS needs ca-file".to_owned())),
        (_, false) => None,
    };
    let identity = identity(&config, &address).map_err(wrong)?;
    let dialect = dialect(&config, &address).map_err(wrong)?;
    let session = Session::new(address, tls, identity.clone()).map_err(|why| wrong(why.to_string()))?;
    Ok(Box::new(point::Directory {
        point: name.clone(),
        session,
        dialect,
        identity,
        break_glass: config.break_glass,
    }))
}

fn identity(config: &Config, address: &Address) -> Result<Identity, String> {
    match (&config.bind_as, &config.bind_password) {
        (Some(name), Some(password)) => Ok(Identity::Password(name.clone(), password.clone())),
        (None, None) if matches!(address, Address::Socket(_)) => Ok(Identity::OwnUser),
        _ => Err("bind-as and bind-password are both needed".to_owned()),
    }
}

fn dialect(config: &Config, address: &Address) -> Result<Box<dyn located::Dialect>, String> {
    let base = config.base.clone();
    match config.dialect {
        Dialect::OpenLdap => {
            let settings = config.openldap.clone();
            for attribute in [
                &settings.account_attribute,
                &settings.group_attribute,
                &settings.member_attribute,
            ] {
                check_attribute(attribute)?;
            }
            if settings.cut_connections && settings.monitor.is_none() {
                return Err("cut-connections needs monitor".to_owned());
            }
            Ok(Box::new(openldap::OpenLdap { base, settings }))
        }
        Dialect::ActiveDirectory => {
            let settings = config.active_directory.clone();
            settings
                .mark_attribute
                .as_deref()
                .map_or(Ok(()), check_attribute)?;
            let configured = settings
                .kdc
                .as_deref()
                .map(|kdc| HostPort::read(kdc, KDC_PORT))
                .transpose()?;
            let server = address.host().map(|there| HostPort {
                host: there.host.clone(),
                port: KDC_PORT,
            });
            let realm = settings
                .realm
                .clone()
                .unwrap_or_else(|| active_directory::realm_of(&base));
            Ok(Box::new(active_directory::ActiveDirectory {
                base,
                settings,
                kdc: configured.or(server),
                realm,
            }))
        }
    }
}

/// An attribute's name (RFC 4512, section 2.5).
fn check_attribute(name: &str) -> Result<(), String> {
    let is_right = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.bytes().all(is_right) {
        Ok(())
    } else {
        Err(format!("`{name}` is no attribute's name"))
    }
}
