//! Writes log lines to the file that they belong in, and in the end sorts each file by time of receipt.

use std::net::IpAddr;

use cordon_estate::{AccountId, Estate, SystemId, SystemKind};
use jiff::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::LogFile;
use super::clock::after;

/// The directory's names.
pub(super) const DOMAIN: &str = "NORTHGATE";
pub(super) const DNS_DOMAIN: &str = "northgate.example";

/// Where a line belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Log {
    Directory,
    Servers,
    Workstations,
    Identity,
    Vpn,
}

impl Log {
    const ALL: [Self; 5] = [
        Self::Directory,
        Self::Servers,
        Self::Workstations,
        Self::Identity,
        Self::Vpn,
    ];

    const fn file(self) -> &'static str {
        match self {
            Self::Directory => "windows-directory.jsonl",
            Self::Servers => "windows-servers.jsonl",
            Self::Workstations => "windows-workstations.jsonl",
            Self::Identity => "identity.jsonl",
            Self::Vpn => "openvpn.log",
        }
    }
}

struct Line {
    log: Log,
    received: Timestamp,
    text: String,
}

pub(super) struct Scribe<'a> {
    pub(super) estate: &'a Estate,
    pub(super) rng: ChaCha12Rng,
    lines: Vec<Line>,
    serial: u64,
}

impl<'a> Scribe<'a> {
    pub(super) fn new(estate: &'a Estate, seed: u64) -> Self {
        Self {
            estate,
            rng: ChaCha12Rng::seed_from_u64(seed ^ 0x6472_696c_6c00),
            lines: Vec::new(),
            serial: 0,
        }
    }

    /// A number that no other line has.
    pub(super) fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub(super) fn written(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn write(&mut self, log: Log, time: Timestamp, text: String) {
        let delay = self.rng.random_range(0.0..2.0);
        self.lines.push(Line {
            log,
            received: after(time, delay),
            text,
        });
    }

    pub(super) fn into_files(mut self) -> Vec<LogFile> {
        self.lines.sort_by_key(|line| line.received);
        Log::ALL
            .iter()
            .map(|&log| {
                let mut bytes = Vec::new();
                for line in self.lines.iter().filter(|line| line.log == log) {
                    bytes.extend_from_slice(line.text.as_bytes());
                    bytes.push(b'\n');
                }
                LogFile {
                    name: log.file().to_owned(),
                    bytes,
                }
            })
            .collect()
    }

    /// The name of an account as Windows writes it.
    pub(super) fn user(&self, account: AccountId) -> &'a str {
        self.estate
            .account(account)
            .map_or("?", |account| account.name.as_str())
    }

    /// The name of an account as the identity provider writes it.
    pub(super) fn mail(&self, account: AccountId) -> String {
        format!("{}@{DNS_DOMAIN}", self.user(account))
    }

    pub(super) fn sid(account: AccountId) -> String {
        format!("S-1-5-21-2214705813-1873902219-3316058077-{}", 1_105 + account.0)
    }

    pub(super) fn host(&self, system: SystemId) -> &'a str {
        self.estate
            .system(system)
            .map_or("?", |system| system.name.as_str())
    }

    pub(super) fn fqdn(&self, system: SystemId) -> String {
        format!("{}.{DNS_DOMAIN}", self.host(system).to_lowercase())
    }

    /// The address of a system as text, `-` if it has none.
    pub(super) fn address(&self, system: SystemId) -> String {
        self.estate
            .system(system)
            .and_then(|system| system.addresses.first())
            .map_or_else(|| "-".to_owned(), IpAddr::to_string)
    }

    /// Which file this system's Windows events are collected in.
    pub(super) fn log_of(&self, system: SystemId) -> Log {
        match self.estate.system(system).map(|system| system.kind) {
            Some(SystemKind::DomainController) => Log::Directory,
            Some(SystemKind::Workstation | SystemKind::Till) => Log::Workstations,
            _ => Log::Servers,
        }
    }

    pub(super) fn below(&mut self, bound: u32) -> u32 {
        if bound == 0 {
            0
        } else {
            self.rng.random_range(0..bound)
        }
    }

    /// One of them, if there is one.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let index = self.below(u32::try_from(from.len()).unwrap_or(u32::MAX)) as usize;
        from.get(index).copied()
    }
}
