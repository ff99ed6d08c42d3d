//! The drill: an intrusion played on Northgate, and the logs that it and an ordinary morning leave behind.
//!
//! The story is the one of April 2025 with other names: a telephone call to the help desk, a reset password and a
//! new second factor, a VPN logon from an address never seen, a desktop at head office, a look round the directory,
//! the ticket of a forgotten service account guessed offline, a server, the credentials that lie there, and then
//! the hypervisor manager and the backups. Nothing about it is random but who is called and when exactly.
//!
//! The logs have the shapes of real ones: Winlogbeat 8 JSON lines (ECS 8) of the Security, System and Sysmon
//! channels, Okta System Log events, and what an OpenVPN server writes to syslog (RFC 5424). The jump host is
//! unmanaged, so it logs nothing. Ordinary traffic holds everything that makes detection hard: real resets by the
//! help desk, people with a new telephone, typing mistakes, administrators at work, software being installed.

mod clock;
mod intruder;
mod mornings;
mod okta;
mod openvpn;
mod ordinary;
mod scribe;
mod story;
mod windows;

use cordon_estate::Estate;
use cordon_incident::Truth;
use jiff::Timestamp;

use crate::northgate::Cast;
use scribe::Scribe;

/// The intrusion: who plays which part, and what is true about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// Who plays which part.
    pub cast: Cast,
    /// What happens, to measure detection and plans against.
    pub truth: Truth,
    /// When the ordinary morning begins; the call to the help desk comes 52 minutes later.
    pub start: Timestamp,
    /// Draws the little that is drawn.
    pub seed: u64,
}

/// One log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// Its name, without a folder.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The intrusion of this seed. `None` if the estate is not of [`crate::northgate`]'s making.
#[must_use]
pub fn script(estate: &Estate, seed: u64, start: Timestamp) -> Option<Script> {
    let cast = Cast::of(estate, seed)?;
    let mut script = Script {
        truth: Truth::default(),
        cast,
        start,
        seed,
    };
    script.truth = story::truth(estate, &script);
    Some(script)
}

/// The logs of the morning, with about `ordinary_events` records that have nothing to do with the intruder.
/// Records stand in order of receipt: up to two seconds out of the order of their times.
#[must_use]
pub fn logs(estate: &Estate, script: &Script, ordinary_events: u32) -> Vec<LogFile> {
    let mut scribe = Scribe::new(estate, script.seed);
    ordinary::live(&mut scribe, script, ordinary_events);
    intruder::play(&mut scribe, script);
    scribe.into_files()
}
