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

mod assume;
mod facts;
pub mod limits;
#[cfg(test)]
mod tests;
mod zones;

use std::net::IpAddr;

use jiff::Timestamp;

use crate::activity::{AccountName, Activity, ActivityKind, DirectoryChange, Outcome, SystemName};
use crate::names::{Directory, Holder};
use crate::{
    AccessKind, Account, AccountId, AccountKind, ControlKind, Estate, Jewel, Means, Origin, Place, Ports,
    Principal, Protocol, Provenance, System, SystemId, SystemKind, Target, ZoneId,
};
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

    fn logon(
        &mut self,
        account: &AccountName<'_>,
        on: &SystemName<'_>,
        from: Option<&SystemName<'_>>,
        how: Logon,
    ) {
        let Some(holder) = self.directory.holder(account) else {
            return;
        };
        let Some(on) = self.directory.system(on) else {
            return;
        };
        let from = from
            .and_then(|from| self.directory.system(from))
            .filter(|from| *from != on);
        self.catch_up();
        let principal = principal(holder);
        let kind = if how.runs() {
            AccessKind::Right {
                holder: principal,
                on: Target::System(on),
                means: how.means,
            }
        } else {
            AccessKind::Assignment {
                holder: principal,
                app: on,
                admin: false,
            }
        };
        self.use_fact(kind, user_of(holder), how.time);
        if let (Holder::Account(account), true) = (holder, how.leaves_credentials) {
            self.use_fact(AccessKind::Session { account, system: on }, account.0, how.time);
        }
        if let (Some(from), Some(port)) = (from, how.means.tcp_ports().first()) {
            self.flow(from, on, (Protocol::Tcp, *port), how.time);
        }
    }

    fn runs(&mut self, account: &AccountName<'_>, on: &SystemName<'_>, time: Timestamp) {
        let Some(account) = self.directory.account(account) else {
            return;
        };
        let Some(system) = self.directory.system(on) else {
            return;
        };
        self.catch_up();
        self.use_fact(AccessKind::Session { account, system }, account.0, time);
    }

    fn administers(&mut self, account: &AccountName<'_>, on: &SystemName<'_>, time: Timestamp) {
        let (Some(account), Some(system)) = (self.directory.account(account), self.directory.system(on))
        else {
            return;
        };
        self.catch_up();
        let right = AccessKind::Right {
            holder: Principal::Account(account),
            on: Target::System(system),
            means: Means::Admin,
        };
        self.use_fact(right, account.0, time);
    }

    /// An account that tickets are asked for is a service's, and its tickets can be guessed at.
    fn ticket(
        &mut self,
        account: &AccountName<'_>,
        service: Option<&AccountName<'_>>,
        issuer: &SystemName<'_>,
    ) {
        self.directory_server(issuer);
        let _ = self.directory.account(account);
        let service = service.and_then(|service| self.directory.account(service));
        self.catch_up();
        let Some(service) = service else { return };
        if let Some(known) = self.estate.accounts.get_mut(service.index())
            && known.provenance.origin == Origin::Learned
        {
            known.kind = AccountKind::Service;
        }
        if let Some(assumed) = &self.assumed {
            let holder = Principal::Group(assumed.everyone());
            let over = Principal::Account(service);
            self.add_fact(
                AccessKind::Control {
                    holder,
                    over,
                    by: ControlKind::RoastTicket,
                },
                Origin::Assumed,
            );
        }
    }

    fn connection(
        &mut self,
        from: &SystemName<'_>,
        to: &SystemName<'_>,
        port: (Protocol, u16),
        time: Timestamp,
    ) {
        let (Some(from), Some(to)) = (self.directory.system(from), self.directory.system(to)) else {
            return;
        };
        self.catch_up();
        if from != to {
            self.flow(from, to, port, time);
        }
    }

    fn flow(&mut self, from: SystemId, to: SystemId, port: (Protocol, u16), time: Timestamp) {
        let (Some(from_zone), Some(to_zone)) = (self.zone_of(from), self.zone_of(to)) else {
            return;
        };
        let (protocol, port) = port;
        if from_zone == to_zone || port >= limits::EPHEMERAL_PORT_MIN {
            return;
        }
        let kind = AccessKind::Flow {
            from: Place::Zone(from_zone),
            to: Place::Zone(to_zone),
            ports: Ports::One(protocol, port),
        };
        self.use_fact(kind, from.0, time);
    }

    fn address(&mut self, system: &SystemName<'_>, address: IpAddr) {
        self.directory.bind(system, address);
    }

    fn directory_server(&mut self, system: &SystemName<'_>) {
        let Some(id) = self.directory.system(system) else {
            return;
        };
        self.catch_up();
        let Some(known) = self.estate.systems.get_mut(id.index()) else {
            return;
        };
        if known.kind != SystemKind::DomainController && known.provenance.origin == Origin::Learned {
            known.kind = SystemKind::DomainController;
            known.provenance.origin = Origin::Inferred;
        }
        if known.jewel.is_none() && known.kind == SystemKind::DomainController {
            known.jewel = Some(Jewel {
                loss: None,
                never: true,
                inferred: true,
            });
        }
    }

    fn remote_access(
        &mut self,
        account: &AccountName<'_>,
        gateway: &SystemName<'_>,
        inside: Option<IpAddr>,
        time: Timestamp,
    ) {
        let Some(account) = self.directory.account(account) else {
            return;
        };
        let Some(gateway) = self.directory.system(gateway) else {
            return;
        };
        self.catch_up();
        let pool = inside.and_then(|address| self.zones.of_address(address, &mut self.estate));
        let Some(into) = pool.or_else(|| self.zone_of(gateway)) else {
            return;
        };
        let holder = Principal::Account(account);
        self.use_fact(
            AccessKind::RemoteAccess {
                holder,
                gateway,
                into,
            },
            account.0,
            time,
        );
        self.zones.internet(&mut self.estate);
    }

    fn sign_in(&mut self, account: &AccountName<'_>, app: &str, time: Timestamp) {
        let Some(account) = self.directory.account(account) else {
            return;
        };
        let Some(app) = self.directory.system(&SystemName {
            name: Some(app),
            address: None,
        }) else {
            return;
        };
        self.catch_up();
        if let Some(known) = self.estate.systems.get_mut(app.index())
            && known.provenance.origin == Origin::Learned
        {
            known.kind = SystemKind::SaasApp;
        }
        let holder = Principal::Account(account);
        self.use_fact(
            AccessKind::Assignment {
                holder,
                app,
                admin: false,
            },
            account.0,
            time,
        );
    }

    fn directory_change(
        &mut self,
        actor: &AccountName<'_>,
        account: Option<&AccountName<'_>>,
        group: Option<&str>,
        change: DirectoryChange,
        time: Timestamp,
    ) {
        let actor = self.directory.account(actor);
        let account = account.and_then(|account| self.directory.account(account));
        self.catch_up();
        let by = match change {
            DirectoryChange::PasswordReset => ControlKind::ResetPassword,
            DirectoryChange::SecondFactorReset => ControlKind::ResetSecondFactor,
            DirectoryChange::MemberAdded => return self.member_added(account, group, time),
            _ => return,
        };
        if let (Some(actor), Some(account)) = (actor, account)
            && actor != account
        {
            let (holder, over) = (Principal::Account(actor), Principal::Account(account));
            self.use_fact(AccessKind::Control { holder, over, by }, actor.0, time);
        }
    }

    fn member_added(&mut self, account: Option<AccountId>, group: Option<&str>, time: Timestamp) {
        let (Some(account), Some(group)) = (account, group) else {
            return;
        };
        if let Some(group) = self.facts.group(group, &mut self.estate) {
            self.use_fact(
                AccessKind::Membership {
                    member: Principal::Account(account),
                    group,
                },
                account.0,
                time,
            );
        }
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

#[derive(Clone, Copy, Debug)]
struct Logon {
    means: Means,
    leaves_credentials: bool,
    elevated: bool,
    time: Timestamp,
}

impl Logon {
    /// True if the account could run programs on the target.
    const fn runs(self) -> bool {
        self.elevated || !matches!(self.means, Means::FileShare | Means::Web)
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
