//! Where a logon came from, when the record of it does not say.
//!
//! A logon by WinRM is written on the target without an address: the web server took the connection, not the logon.
//! But the connection is in the logs as well, at the target (5156, Sysmon 3), at the source (the same, outbound), and
//! the source says whom it tried to be (4648) or where it asked for a session (WinRM 6). A successful logon that
//! names no source is joined to them if, within the last few seconds, there was exactly one source. Two sources at
//! once leave it unpaired: a wrong guess would carry suspicion to somebody innocent.

use std::collections::VecDeque;
use std::net::IpAddr;

use cordon_estate::activity::{AccountName, Activity, ActivityKind, Outcome, SystemName};
use cordon_estate::{Means, Protocol};
use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;

use super::{activities, windows};
use crate::record::Record;

/// A connection older than this did not bring the logon. Kerberos and several hops within one session take a
/// second or two; clocks of machines in one domain agree to a few seconds at least.
const PAIRING_WINDOW_SECONDS: i64 = 10;

/// Most connections remembered. Remote management is rare beside other traffic; when a flood of it overflows this,
/// the oldest are forgotten, and logons stay unpaired.
const CONNECTIONS_MAX: usize = 512;

/// Most addresses remembered by host name.
const ADDRESSES_MAX: usize = 200_000;

/// Where one end of a connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct End {
    label: Option<Box<str>>,
    address: Option<IpAddr>,
}

impl End {
    fn is_same(&self, other: &Self) -> bool {
        match (&self.label, &other.label) {
            (Some(own), Some(others)) => own.eq_ignore_ascii_case(others),
            _ => self.address.is_some() && self.address == other.address,
        }
    }

    fn name(&self) -> SystemName<'_> {
        SystemName {
            name: self.label.as_deref(),
            address: self.address,
        }
    }
}

#[derive(Clone, Debug)]
struct Connection {
    from: End,
    to: End,
    /// As whom, if only one account can have used it.
    account: Option<Box<str>>,
    means: Means,
    time: Timestamp,
}

impl Connection {
    /// True if a logon by this means may have come over it; one by WinRM is written like any network logon.
    fn carries(&self, means: Means) -> bool {
        self.means == means || (means == Means::FileShare && self.means == Means::RemoteManagement)
    }

    fn may_be_of(&self, account: &AccountName<'_>) -> bool {
        match (&self.account, account.name) {
            (Some(own), Some(name)) => own.eq_ignore_ascii_case(bare(name)),
            _ => true,
        }
    }
}

/// Reads records in time order and tells their activities, with the sources of logons filled in where they are sure.
#[derive(Clone, Debug, Default)]
pub struct Pairing {
    connections: VecDeque<Connection>,
    labels: FxHashMap<IpAddr, Box<str>>,
}

impl Pairing {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Like [`activities`], for records in time order.
    pub fn activities(&mut self, record: &Record, sink: &mut dyn FnMut(Activity<'_>)) {
        if let Some(outgoing) = windows::outgoing(record) {
            let means = outgoing.means.unwrap_or(Means::FileShare);
            let account = outgoing.account.and_then(|account| account.name);
            self.remember((&outgoing.from, &outgoing.to), account, means, record.time);
        }
        activities(record, &mut |activity| self.pass(activity, sink));
    }

    fn pass(&mut self, activity: Activity<'_>, sink: &mut dyn FnMut(Activity<'_>)) {
        match activity.kind {
            ActivityKind::Address { system, address } => self.learn(&system, address),
            ActivityKind::Flow {
                from,
                to,
                protocol: Protocol::Tcp,
                port,
                outcome: Outcome::Success,
            } => {
                if let Some(means) = means_of_port(port).filter(|means| pairs(*means)) {
                    self.remember((&from, &to), None, means, activity.time);
                }
            }
            _ => {}
        }
        match self.paired(&activity) {
            Some(paired) => sink(paired),
            None => sink(activity),
        }
    }

    fn learn(&mut self, system: &SystemName<'_>, address: IpAddr) {
        let Some(name) = system.name.map(label) else {
            return;
        };
        let known = self.labels.get(&address);
        let is_new = known.is_none_or(|known| !known.eq_ignore_ascii_case(name));
        if is_new && (known.is_some() || self.labels.len() < ADDRESSES_MAX) {
            self.labels.insert(address, name.into());
        }
    }

    fn end(&self, system: &SystemName<'_>) -> End {
        let by_address = || self.labels.get(&system.address?).cloned();
        End {
            label: system.name.map(|name| label(name).into()).or_else(by_address),
            address: system.address,
        }
    }

    fn remember(
        &mut self,
        (from, to): (&SystemName<'_>, &SystemName<'_>),
        account: Option<&str>,
        means: Means,
        time: Timestamp,
    ) {
        let (from, to) = (self.end(from), self.end(to));
        if from.is_same(&to) {
            return;
        }
        if self.connections.len() >= CONNECTIONS_MAX {
            self.connections.pop_front();
        }
        self.connections.push_back(Connection {
            from,
            to,
            account: account.map(|name| bare(name).into()),
            means,
            time,
        });
    }

    /// The logon with its source, if it has none and there was exactly one.
    fn paired<'a>(&'a self, activity: &Activity<'a>) -> Option<Activity<'a>> {
        let ActivityKind::Logon {
            account,
            on,
            from: None,
            means,
            outcome: Outcome::Success,
            leaves_credentials,
            elevated,
        } = activity.kind
        else {
            return None;
        };
        let connection = self.only_source(&account, &on, means, activity.time)?;
        Some(Activity {
            time: activity.time,
            kind: ActivityKind::Logon {
                account,
                on,
                from: Some(connection.from.name()),
                means: connection.means,
                outcome: Outcome::Success,
                leaves_credentials,
                elevated,
            },
        })
    }

    fn only_source(
        &self,
        account: &AccountName<'_>,
        on: &SystemName<'_>,
        means: Means,
        time: Timestamp,
    ) -> Option<&Connection> {
        // A logon at the machine itself came from nowhere.
        if means != Means::FileShare && !pairs(means) {
            return None;
        }
        let (on, window) = (self.end(on), SignedDuration::from_secs(PAIRING_WINDOW_SECONDS));
        let mut found: Option<&Connection> = None;
        let recent = self
            .connections
            .iter()
            .rev()
            .take_while(|one| time.duration_since(one.time) <= window);
        for one in recent {
            let fits =
                one.time <= time && one.carries(means) && one.to.is_same(&on) && one.may_be_of(account);
            match found {
                _ if !fits => {}
                Some(known) if !known.from.is_same(&one.from) => return None,
                Some(_) => {}
                None => found = Some(one),
            }
        }
        found
    }
}

/// The means whose logons may be written without a source.
const fn pairs(means: Means) -> bool {
    matches!(means, Means::RemoteManagement | Means::Wmi)
}

/// What a TCP port is for.
pub(super) const fn means_of_port(port: u16) -> Option<Means> {
    Some(match port {
        22 => Means::Ssh,
        80 | 443 | 8443 => Means::Web,
        135 => Means::Wmi,
        139 | 445 => Means::FileShare,
        1433 | 1521 | 3306 | 5432 => Means::Database,
        3389 => Means::RemoteDesktop,
        5985 | 5986 => Means::RemoteManagement,
        _ => return None,
    })
}

/// The first label of a host name.
fn label(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// An account name without its domain.
fn bare(name: &str) -> &str {
    let name = name.rsplit('\\').next().unwrap_or(name);
    name.split('@').next().unwrap_or(name)
}
