//! What records show being done: logons, flows, tickets, sign-ins, changes.
//!
//! [`activities`] looks at one record alone, dispatches by who wrote it and by event, and allocates nothing.
//! [`Pairing`] remembers a few seconds of connections and so fills in where a logon came from when the record of the
//! logon does not say. [`Sessions`] remembers where logon sessions came from, for what is done in them later.
//!
//! # What is read
//! | source | events |
//! | --- | --- |
//! | Windows Security | 4624, 4625, 4672, 4688, 4697, 4720, 4722, 4724–4726, 4728, 4729, 4732, 4733, 4756, 4757, 4768, 4769, 4771, 4778, 5140, 5145, 5156, 5157, 6272, 6273; 4662, 4742, 5136, 5137, 5141, 4770 for who is a directory server |
//! | Sysmon | 1, 3 |
//! | WinRM | 91, 169 |
//! | PowerShell | 4103, 4104 |
//! | Terminal services | 1149, 21, 25; gateway 302 |
//! | Service control manager | 7045 |
//! | Okta, Entra, CloudTrail | sign-ins, factors, passwords, members |
//! | Zeek | conn, kerberos, ntlm |
//! | syslog | sshd, OpenVPN, ESXi's hostd, sudo |
//!
//! # What is left out, and why
//! 4648 and WinRM 6 only say that somebody tried credentials somewhere: whoever runs on a host can write them about
//! anybody, so they never are a logon; [`Pairing`] takes them as a hint of where a logon came from that the other side
//! confirms. 4776 is written by every host about its own accounts, and its workstation is what the client claims. 4723
//! is a person's own password. A user name in an RDP cookie is whatever the client sends. Names that come by
//! broadcast, DHCP or NTLM are no proof of an address.
//!
//! One deed may be written down several times (a connection at both ends, a remote session by its logon and by the
//! program it starts) and is then told several times.

mod address;
mod cloud;
mod pairing;
mod sessions;
mod syslog;
#[cfg(test)]
mod tests;
mod windows;
mod zeek;

use std::net::IpAddr;

use cordon_estate::activity::{AccountName, Activity, ActivityKind, Outcome, SystemName};

use crate::record::{Dialect, Record};

pub use address::parse_address;
pub use pairing::Pairing;
pub use sessions::Sessions;

/// Tells everything that `record` alone shows being done.
pub fn activities(record: &Record, sink: &mut dyn FnMut(Activity<'_>)) {
    let mut teller = Teller { record, sink };
    match record.dialect {
        Dialect::Windows => windows::tell(&mut teller),
        Dialect::Okta => cloud::okta(&mut teller),
        Dialect::Entra => cloud::entra(&mut teller),
        Dialect::CloudTrail => cloud::cloud_trail(&mut teller),
        Dialect::Zeek => zeek::tell(&mut teller),
        Dialect::Syslog => syslog::tell(&mut teller),
        Dialect::Ocsf | Dialect::Other => {}
    }
}

/// False only if [`Pairing::activities`] neither tells nor remembers anything of the record.
#[must_use]
pub fn is_telling(record: &Record) -> bool {
    match record.dialect {
        Dialect::Windows => windows::is_telling(record),
        Dialect::Ocsf | Dialect::Other => false,
        Dialect::Okta | Dialect::Entra | Dialect::CloudTrail | Dialect::Zeek | Dialect::Syslog => true,
    }
}

/// A record, and whom to tell of it.
struct Teller<'r, 's> {
    record: &'r Record,
    sink: &'s mut dyn FnMut(Activity<'_>),
}

impl<'r> Teller<'r, '_> {
    fn tell(&mut self, kind: ActivityKind<'_>) {
        (self.sink)(Activity {
            time: self.record.time,
            kind,
        });
    }

    fn text(&self, name: &str) -> Option<&'r str> {
        self.record.text(name)
    }

    fn address(&self, name: &str) -> Option<IpAddr> {
        self.text(name).and_then(parse_address)
    }

    /// The account in a field of its own, if the field says anything.
    fn bare_account(&self, name: &str) -> Option<AccountName<'r>> {
        self.text(name).map(account_named)
    }

    /// The system whose address is in this field.
    fn system_at(&self, name: &str) -> Option<SystemName<'r>> {
        self.address(name).map(system_at)
    }
}

fn account_named(name: &str) -> AccountName<'_> {
    AccountName {
        name: Some(name),
        ..AccountName::default()
    }
}

const fn system_at<'a>(address: IpAddr) -> SystemName<'a> {
    SystemName {
        name: None,
        address: Some(address),
    }
}

const fn system_named(name: &str) -> SystemName<'_> {
    SystemName {
        name: Some(name),
        address: None,
    }
}

const fn outcome(succeeded: bool) -> Outcome {
    if succeeded {
        Outcome::Success
    } else {
        Outcome::Failure
    }
}

/// True for the names of machine accounts, `NAME$`.
fn is_machine(account: &AccountName<'_>) -> bool {
    account.name.is_some_and(|name| {
        name.ends_with('$') || name.split_once('@').is_some_and(|(bare, _)| bare.ends_with('$'))
    })
}
