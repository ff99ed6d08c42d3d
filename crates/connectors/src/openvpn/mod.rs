//! The enforcement point `openvpn`: who may enter a VPN, and who is in it.
//!
//! Re-entry is refused by a `disable` line in the client's file in `client-config-dir`, which OpenVPN reads at every logon, so it
//! survives a restart of the server and needs no Cordon to be running. Who is in is cut through the management interface.
//!
//! For everybody but some, `DEFAULT` is disabled, each other client's file too, and those who are excepted get a copy of what
//! DEFAULT said. The alternatives were left: `ccd-exclusive` needs a change of the server's configuration and a restart;
//! `management-client-auth` makes the server refuse everybody whenever Cordon is not there.

mod client;
mod file;
mod folder;
mod management;
mod probing;
mod remote;
mod scope;
mod sessions;
mod status;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind,
    PointName, Probe, Target, TargetKind,
};
use serde::Deserialize;

use crate::SecretSource;
pub use client::ProbeClient;
use folder::Folder;
use management::Session;
use scope::{Scope, client_name};

/// What a mark may be made of, and how long: it becomes part of a comment.
const MARK_BYTES_MAX: usize = 64;

/// Most probe clients of the configuration.
const PROBES_MAX: usize = 64;

/// How an OpenVPN server is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The server's management interface.
    pub management: Management,
    /// Its password. Required for `loopback`, and where the server asks for one.
    #[serde(default)]
    pub password: Option<SecretSource>,
    /// The server's `client-config-dir`; Cordon needs to read and write it.
    pub client_config_dir: PathBuf,
    /// True if the server runs with `ccd-exclusive`: a client without a file is refused. Default: false.
    #[serde(default)]
    pub client_config_exclusive: bool,
    /// Groups and the common names of their members. Default: none.
    #[serde(default)]
    pub groups: BTreeMap<String, Vec<String>>,
    /// A file with more groups, in lines `group: member, member`, read at every use. Default: none.
    #[serde(default)]
    pub groups_file: Option<PathBuf>,
    /// Client profiles to probe with. Default: none; then a probe reads the files and the list of clients and says so.
    #[serde(default)]
    pub probes: Vec<ProbeClient>,
}

/// Where a management interface listens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Management {
    /// At a Unix socket: its path.
    Unix(PathBuf),
    /// At a TCP port of this host, `127.0.0.1:7505`. It is not encrypted, so other hosts are not allowed.
    Loopback(SocketAddr),
}

/// Makes the point. Nothing is connected yet.
///
/// # Errors
/// [`PointErrorKind::Config`] if the management interface is at another host, has no password at TCP, or a name cannot be.
pub fn connect(name: &PointName, config: Config) -> Result<Box<dyn EnforcementPoint>, PointError> {
    let wrong = |what: String| PointError::new(PointErrorKind::Config, format!("{name}: {what}"));
    if let Management::Loopback(address) = &config.management {
        if !address.ip().is_loopback() {
            return Err(wrong(format!(
                "{address} is not on this host; the management interface is not encrypted"
            )));
        }
        if config.password.is_none() {
            return Err(wrong(
                "a management interface at a TCP port needs a password".to_owned(),
            ));
        }
    }
    if config.probes.len() > PROBES_MAX {
        return Err(wrong(format!("more than {PROBES_MAX} probes")));
    }
    let names = config.groups.values().flatten();
    for account in names.chain(config.probes.iter().map(|probe| &probe.account)) {
        client_name(account).map_err(|error| wrong(error.text))?;
    }
    Ok(Box::new(Vpn {
        folder: Folder::new(config.client_config_dir.clone()),
        config,
    }))
}

struct Vpn {
    folder: Folder,
    config: Config,
}

impl Vpn {
    fn session(&self, until: Instant) -> Result<Session, PointError> {
        let password = self
            .config
            .password
            .as_ref()
            .map(SecretSource::read)
            .transpose()
            .map_err(|error| PointError::new(PointErrorKind::Config, error))?;
        if password
            .as_ref()
            .is_some_and(|secret| secret.reveal().chars().any(char::is_control))
        {
            return Err(PointError::new(
                PointErrorKind::Config,
                "the password of the management interface has more than one line",
            ));
        }
        Session::open(&self.config.management, password.as_ref(), until)
    }
}

impl EnforcementPoint for Vpn {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kinds: vec![TargetKind::RemoteAccess, TargetKind::Sessions],
            holds_lease: false,
            survives_restart: true,
            leaves_open:
                "entries that do not pass this server; what a client opened beyond the VPN and that \
                          lives on without it"
                    .to_owned(),
        }
    }

    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError> {
        let until = Instant::now() + deadline;
        if let Target::Sessions { account } = target {
            return sessions::observe(&client_name(account)?, &self.session(until)?.clients()?);
        }
        let scope = Scope::of(target, &self.config)?;
        remote::Remote::new(self, &scope, until).observe()
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let until = Instant::now() + deadline;
        check_mark(applying.mark)?;
        if let Target::Sessions { account } = applying.target {
            return sessions::apply(&client_name(account)?, applying.prior, || self.session(until));
        }
        let scope = Scope::of(applying.target, &self.config)?;
        remote::Remote::new(self, &scope, until).apply(applying.prior, applying.mark)
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let until = Instant::now() + deadline;
        check_mark(lifting.mark)?;
        if let Target::Sessions { account } = lifting.target {
            return sessions::lift(
                &client_name(account)?,
                lifting.prior,
                &self.session(until)?.clients()?,
            );
        }
        let scope = Scope::of(lifting.target, &self.config)?;
        remote::Remote::new(self, &scope, until).lift(lifting)
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        let until = Instant::now() + deadline;
        if let Target::Sessions { account } = target {
            return sessions::probe(&client_name(account)?, &self.session(until)?.clients()?);
        }
        let scope = Scope::of(target, &self.config)?;
        probing::probe(self, &scope, until)
    }
}

fn check_mark(mark: &Mark) -> Result<(), PointError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b':';
    let is_ours = mark.0.starts_with("cordon:");
    if !is_ours || mark.0.len() > MARK_BYTES_MAX || !mark.0.bytes().all(allowed) {
        return Err(PointError::new(
            PointErrorKind::Input,
            "a mark begins with `cordon:` and has letters, digits and colons only, at most 64",
        ));
    }
    Ok(())
}

/// An error after something was changed: that nothing was done can no longer be said.
fn after_a_change(error: PointError) -> PointError {
    match error.kind {
        PointErrorKind::Target | PointErrorKind::Denied | PointErrorKind::Config => PointError::new(
            PointErrorKind::Unknown,
            format!("begun, but perhaps not finished: {}", error.text),
        ),
        _ => error,
    }
}
