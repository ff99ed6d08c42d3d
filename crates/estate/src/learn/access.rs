//! Access that is used: logons, programs, connections, remote access and sign-ins.

use std::net::IpAddr;

use jiff::Timestamp;

use super::{Learner, limits, principal, user_of};
use crate::activity::{AccountName, SystemName};
use crate::names::Holder;
use crate::{AccessKind, Means, Origin, Place, Ports, Principal, Protocol, SystemId, SystemKind, Target};

impl Learner {
    pub(super) fn logon(
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

    pub(super) fn administers(&mut self, account: &AccountName<'_>, on: &SystemName<'_>, time: Timestamp) {
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

    pub(super) fn connection(
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

    pub(super) fn remote_access(
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

    pub(super) fn sign_in(&mut self, account: &AccountName<'_>, app: &str, time: Timestamp) {
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

    pub(super) fn runs(&mut self, account: &AccountName<'_>, on: &SystemName<'_>, time: Timestamp) {
        let Some(account) = self.directory.account(account) else {
            return;
        };
        let Some(system) = self.directory.system(on) else {
            return;
        };
        self.catch_up();
        self.use_fact(AccessKind::Session { account, system }, account.0, time);
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Logon {
    pub(super) means: Means,
    pub(super) leaves_credentials: bool,
    pub(super) elevated: bool,
    pub(super) time: Timestamp,
}

impl Logon {
    /// True if the account could run programs on the target.
    const fn runs(self) -> bool {
        self.elevated || !matches!(self.means, Means::FileShare | Means::Web)
    }
}
