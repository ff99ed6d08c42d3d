//! The configuration of a directory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::SecretSource;

/// A directory server at which accounts and memberships are withdrawn.
///
/// The server's certificate is always verified. Only a Unix socket, or the loopback address with
/// [`Config::plaintext_on_loopback`], is spoken to without TLS.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// Who made the server, which decides how an account is refused.
    pub dialect: Dialect,
    /// Where it is: `ldaps://HOST[:PORT]` (TLS), `ldap://HOST[:PORT]` (StartTLS) or `ldapi:///PATH` (Unix socket). It must take
    /// writes. HOST is the name that its certificate has.
    pub server: String,
    /// File with the certificates of the authorities that may have signed the server's, PEM. Needed with TLS.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Speak `ldap://` to a loopback address without TLS. Default: false.
    #[serde(default)]
    pub plaintext_on_loopback: bool,
    /// As whom Cordon logs on: a distinguished name, or in Active Directory also `name@domain`. Without it, over a Unix socket, as the
    /// process's own user (SASL EXTERNAL).
    #[serde(default)]
    pub bind_as: Option<String>,
    /// The password to it.
    #[serde(default)]
    pub bind_password: Option<SecretSource>,
    /// The entry below which accounts and groups are, e.g. `dc=example,dc=org`.
    pub base: String,
    /// The break-glass account, which is never withdrawn here and whose logon can be proved.
    #[serde(default)]
    pub break_glass: Option<Logon>,
    /// How OpenLDAP is set up.
    #[serde(default)]
    pub openldap: OpenLdap,
    /// How Active Directory is set up.
    #[serde(default)]
    pub active_directory: ActiveDirectory,
}

/// Who made the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// OpenLDAP with its password policy overlay; an account is refused by `pwdAccountLockedTime`.
    #[serde(rename = "openldap")]
    OpenLdap,
    /// Active Directory or Samba; an account is refused by a bit of `userAccountControl`.
    ActiveDirectory,
}

/// A name and the password to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Logon {
    /// A distinguished name, or in Active Directory also `name@domain`.
    pub bind_as: String,
    /// The password.
    pub password: SecretSource,
}

/// How OpenLDAP is set up.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct OpenLdap {
    /// The attribute with the logon name. Default: `uid`.
    pub account_attribute: String,
    /// The attribute with a group's name. Default: `cn`.
    pub group_attribute: String,
    /// The attribute in which a group lists its members: `member` (`groupOfNames`), `uniqueMember`, `memberUid` (`posixGroup`) or another.
    /// Default: `member`.
    pub member_attribute: String,
    /// Whether it lists distinguished names or logon names. Default: names for `memberUid`, distinguished names else.
    pub members_are: Option<MembersAre>,
    /// The policy that is in force where an account names none (`ppolicy_default`). If given, a lock is only set where the policy
    /// heeds it (`pwdLockout: TRUE`).
    pub default_policy: Option<String>,
    /// Where the server lists its connections, e.g. `cn=Monitor`. If given, connections that a locked account still has are seen.
    pub monitor: Option<String>,
    /// Cut those connections with `ss --kill`; for a Cordon that runs on the server's own host and may do so. Default: false.
    pub cut_connections: bool,
    /// Passwords of accounts by logon name, with which a probe logs on. For canary accounts: real users' passwords belong nowhere.
    pub probe_passwords: BTreeMap<String, SecretSource>,
    /// Try a random password on an account that is locked, to see that the server refuses it as locked. A locked account's failures
    /// are not counted, but if somebody lifts the lock in that instant, one is. Default: false.
    pub probe_locked_accounts: bool,
}

/// How members are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MembersAre {
    /// By distinguished name.
    DistinguishedNames,
    /// By logon name.
    LogonNames,
}

impl Default for OpenLdap {
    fn default() -> Self {
        Self {
            account_attribute: "uid".to_owned(),
            group_attribute: "cn".to_owned(),
            member_attribute: "member".to_owned(),
            members_are: None,
            default_policy: None,
            monitor: None,
            cut_connections: false,
            probe_passwords: BTreeMap::new(),
            probe_locked_accounts: false,
        }
    }
}

/// How Active Directory is set up.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct ActiveDirectory {
    /// The KDC that probes ask, `HOST[:PORT]`. Default: the server, port 88.
    pub kdc: Option<String>,
    /// The Kerberos realm. Default: from the `dc=` parts of the base, in capitals.
    pub realm: Option<String>,
    /// A single-valued text attribute of accounts for Cordon's mark, e.g. `adminDescription`. It is used where it is empty. Default: none.
    pub mark_attribute: Option<String>,
    /// Passwords of accounts by logon name, with which a probe logs on. For canary accounts: real users' passwords belong nowhere.
    pub probe_passwords: BTreeMap<String, SecretSource>,
    /// How long tickets live in this domain in hours, to say how long a withdrawal leaves them. Default: 10.
    pub ticket_lifetime_hours: u32,
}

impl Default for ActiveDirectory {
    fn default() -> Self {
        Self {
            kdc: None,
            realm: None,
            mark_attribute: None,
            probe_passwords: BTreeMap::new(),
            ticket_lifetime_hours: 10,
        }
    }
}
