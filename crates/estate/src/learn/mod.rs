//! Access in actual use: an estate learned from what logs show being done.
//!
//! A [`Learner`] starts from a declared estate, or from nothing, takes activities in time order and keeps the estate
//! up to date. Ids never change.
//!
//! # What is learned
//! | seen | learned |
//! | --- | --- |
//! | a logon that ends with a program running (console, remote desktop, remote management, SSH …) or with administrator rights | a right |
//! | any other network logon, a share, a sign-in | an assignment: the account uses what the system offers, and cannot run there |
//! | administrator rights given to a logon, a service installed | a right of administration |
//! | a logon that leaves credentials, a program started | a session |
//! | a connection, a network logon | a flow between the zones, on the port |
//! | a VPN logon | remote access |
//! | a password or second factor reset, a member added | a control, a membership |
//! | an event that only a directory server writes | a domain controller, an inferred crown jewel |
//!
//! Refused attempts teach nothing: their names may be made up. Activities after `until` are not learned from.
//!
//! # What is assumed
//! Logs show what was used, not what could be. Where nobody declared systems, the learner adds, marked
//! [`Origin::Assumed`], what a careful person would fear until told otherwise: that any account may have
//! administrator rights anywhere (one group of accounts, one group of systems, one right), that learned zones reach
//! each other, that any account can ask for tickets of service accounts and guess their passwords, and that the
//! company has a directory, a firewall and a means of isolating a machine.

mod access;
mod assume;
mod directory;
mod facts;
pub mod limits;
#[cfg(test)]
mod tests;
mod zones;

use std::net::IpAddr;

use jiff::Timestamp;

use crate::activity::{Activity, ActivityKind, Outcome, SystemName};
use crate::names::{Directory, Holder};
use crate::{
    AccessKind, Account, AccountKind, Estate, Origin, Principal, Provenance, System, SystemId, SystemKind,
    ZoneId,
};
use access::Logon;
use facts::Facts;
use zones::Zones;

/// Learns an estate from activities in time order.
#[derive(Debug)]
pub struct Learner {
    estate: Estate,
    directory: Directory,
    facts: Facts,
    zones: Zones,
    assumed: Option<assume::Assumed>,
    until: Option<Timestamp>,
}

impl Learner {
    /// Starts from a declared estate, or from an empty one. Nothing is learned from activities after `until`.
    #[must_use]
    pub fn new(base: Estate, until: Option<Timestamp>) -> Self {
        let directory = Directory::from_estate(&base);
        let undeclared = base.systems.is_empty();
        let mut learner = Self {
            facts: Facts::of(&base),
            zones: Zones::of(&base),
            directory,
            estate: base,
            assumed: None,
            until,
        };
        if undeclared {
            learner.assumed = Some(assume::Assumed::begin(&mut learner.estate));
        }
        learner
    }

    /// The estate as of now.
    #[must_use]
    pub const fn estate(&self) -> &Estate {
        &self.estate
    }

    /// The names as of now.
    #[must_use]
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The names, to take up new ones; call [`Self::catch_up`] before the estate is used again.
    pub const fn directory_mut(&mut self) -> &mut Directory {
        &mut self.directory
    }

    /// The estate, when no more is to be learned.
    #[must_use]
    pub fn into_estate(mut self) -> Estate {
        self.catch_up();
        self.estate
    }

    /// Learns from one activity.
    pub fn observe(&mut self, activity: &Activity<'_>) {
        if self.until.is_some_and(|until| activity.time > until) {
            return;
        }
        self.learn(activity);
        self.catch_up();
    }

    fn learn(&mut self, activity: &Activity<'_>) {
        let time = activity.time;
        match activity.kind {
            ActivityKind::Logon {
                account,
                on,
                from,
                means,
                outcome: Outcome::Success,
                leaves_credentials,
                elevated,
            } => {
                self.logon(
                    &account,
                    &on,
                    from.as_ref(),
                    Logon {
                        means,
                        leaves_credentials,
                        elevated,
                        time,
                    },
                );
            }
            ActivityKind::Runs { account, on } => self.runs(&account, &on, time),
            ActivityKind::Privileged { account, on } => self.administers(&account, &on, time),
            ActivityKind::Ticket {
                account,
                service,
                issuer,
                outcome: Outcome::Success,
                ..
            } => self.ticket(&account, service.as_ref(), &issuer),
            ActivityKind::Flow {
                from,
                to,
                protocol,
                port,
                outcome: Outcome::Success,
            } => {
                self.connection(&from, &to, (protocol, port), time);
            }
            ActivityKind::Address { system, address } => self.address(&system, address),
            ActivityKind::DirectoryServer { system } => self.directory_server(&system),
            ActivityKind::RemoteAccess {
                account,
                gateway,
                inside,
                outcome: Outcome::Success,
                ..
            } => {
                self.remote_access(&account, &gateway, inside, time);
            }
            ActivityKind::SignIn {
                account,
                app,
                outcome: Outcome::Success,
                ..
            } => self.sign_in(&account, app, time),
            ActivityKind::DirectoryChange {
                actor,
                account,
                group,
                change,
            } => {
                self.directory_change(&actor, account.as_ref(), group, change, time);
            }
            _ => {}
        }
    }

    fn address(&mut self, system: &SystemName<'_>, address: IpAddr) {
        self.directory.bind(system, address);
    }

    /// Gives every name that the directory took up its place in the estate.
    pub fn catch_up(&mut self) {
        while let Some(known) = self.directory.accounts().get(self.estate.accounts.len()) {
            let account = learned_account(known.name.clone(), known.aliases.clone());
            let id = self.estate.add_account(account);
            if let Some(assumed) = &self.assumed {
                let fact = assumed.account_joins(id);
                self.add_fact(fact, Origin::Assumed);
            }
        }
        while let Some(known) = self.directory.systems().get(self.estate.systems.len()) {
            let system = learned_system(known.name.clone());
            let id = self.estate.add_system(system);
            if let Some(assumed) = &self.assumed {
                let fact = assumed.system_joins(id);
                self.add_fact(fact, Origin::Assumed);
            }
        }
    }

    /// The zone of a system, from its declaration or from its first address that is known.
    fn zone_of(&mut self, id: SystemId) -> Option<ZoneId> {
        let known = self.estate.system(id)?;
        if known.zone.is_some() {
            return known.zone;
        }
        let address = *self.directory.systems().get(id.index())?.addresses.first()?;
        let before = self.estate.zones.len();
        let zone = self.zones.of_address(address, &mut self.estate)?;
        if let Some(known) = self.estate.systems.get_mut(id.index()) {
            known.zone = Some(zone);
            known.addresses = self
                .directory
                .systems()
                .get(id.index())
                .map(|own| own.addresses.clone())
                .unwrap_or_default();
        }
        if let (true, true) = (self.estate.zones.len() > before, self.assumed.is_some()) {
            for fact in assume::zone_opens(&self.estate, zone) {
                self.add_fact(fact, Origin::Assumed);
            }
        }
        Some(zone)
    }

    fn use_fact(&mut self, kind: AccessKind, user: u32, time: Timestamp) {
        self.facts.used(&mut self.estate, kind, user, time);
    }

    fn add_fact(&mut self, kind: AccessKind, origin: Origin) {
        self.facts.add(&mut self.estate, kind, Provenance::new(origin));
    }
}

const fn principal(holder: Holder) -> Principal {
    match holder {
        Holder::Account(id) => Principal::Account(id),
        Holder::System(id) => Principal::System(id),
    }
}

const fn user_of(holder: Holder) -> u32 {
    match holder {
        Holder::Account(id) => id.0,
        Holder::System(id) => id.0,
    }
}

fn learned_account(name: String, aliases: Vec<String>) -> Account {
    Account {
        name,
        aliases,
        kind: AccountKind::Person,
        site: None,
        enabled: true,
        jewel: None,
        provenance: Provenance::new(Origin::Learned),
    }
}

fn learned_system(name: String) -> System {
    System {
        name,
        aliases: Vec::new(),
        kind: SystemKind::Workstation,
        zone: None,
        site: None,
        addresses: Vec::new(),
        holds: Vec::new(),
        people: None,
        jewel: None,
        provenance: Provenance::new(Origin::Learned),
    }
}
