//! Names and sentences for acts.

use cordon_estate::{
    AccessId, AccessKind, ControlKind, Entity, Estate, Means, Place, Ports, Principal, Protocol, Target,
};

use super::Candidates;
use crate::document::{Act, WithdrawalId};

/// `account:pat`, `group:helpdesk`, `system:WORKSTATION6`, `zone:stores`.
#[must_use]
pub fn entity_name(estate: &Estate, entity: Entity) -> String {
    format!("{}:{}", entity_word(entity), estate.name(entity))
}

const fn entity_word(entity: Entity) -> &'static str {
    match entity {
        Entity::Account(_) => "account",
        Entity::Group(_) => "group",
        Entity::System(_) => "system",
        Entity::Zone(_) => "zone",
    }
}

const fn of_principal(principal: Principal) -> Entity {
    match principal {
        Principal::Account(id) => Entity::Account(id),
        Principal::Group(id) => Entity::Group(id),
        Principal::System(id) => Entity::System(id),
    }
}

const fn of_target(target: Target) -> Entity {
    match target {
        Target::System(id) => Entity::System(id),
        Target::Group(id) => Entity::Group(id),
    }
}

const fn of_place(place: Place) -> Entity {
    match place {
        Place::Zone(id) => Entity::Zone(id),
        Place::System(id) => Entity::System(id),
    }
}

/// The ends of an access, from first, and what it is for.
fn ends(kind: &AccessKind) -> (Entity, Entity, String) {
    match *kind {
        AccessKind::Membership { member, group } => {
            (of_principal(member), Entity::Group(group), String::new())
        }
        AccessKind::Right { holder, on, means } => {
            (of_principal(holder), of_target(on), means_word(means).into())
        }
        AccessKind::Session { account, system } => {
            (Entity::Account(account), Entity::System(system), String::new())
        }
        AccessKind::Control { holder, over, by } => {
            (of_principal(holder), of_principal(over), control_word(by).into())
        }
        AccessKind::RemoteAccess { holder, gateway, .. } => {
            (of_principal(holder), Entity::System(gateway), String::new())
        }
        AccessKind::Assignment { holder, app, admin } => (
            of_principal(holder),
            Entity::System(app),
            if admin {
                "administrator".into()
            } else {
                String::new()
            },
        ),
        AccessKind::Flow { from, to, ports } => (of_place(from), of_place(to), ports_word(ports)),
        AccessKind::Recovery { of, from } => (of_principal(of), Entity::Zone(from), String::new()),
    }
}

/// `account:pat>system:FS1:remote-desktop`; `?` for an access of another estate.
#[must_use]
pub fn access_name(estate: &Estate, id: AccessId) -> String {
    let Some(access) = estate.access(id) else {
        return "?".to_owned();
    };
    let (from, to, detail) = ends(&access.kind);
    let mut name = format!("{}>{}", entity_name(estate, from), entity_name(estate, to));
    if let AccessKind::RemoteAccess { into, .. } = access.kind {
        name.push('>');
        name.push_str(&entity_name(estate, Entity::Zone(into)));
    }
    if !detail.is_empty() {
        name.push(':');
        name.push_str(&detail);
    }
    name
}

const fn means_word(means: Means) -> &'static str {
    match means {
        Means::Console => "console",
        Means::RemoteDesktop => "remote-desktop",
        Means::RemoteManagement => "remote-management",
        Means::FileShare => "file-share",
        Means::Wmi => "wmi",
        Means::Ssh => "ssh",
        Means::Database => "database",
        Means::Web => "web",
        Means::Admin => "admin",
    }
}

const fn control_word(by: ControlKind) -> &'static str {
    match by {
        ControlKind::ResetPassword => "reset-password",
        ControlKind::ResetSecondFactor => "reset-second-factor",
        ControlKind::AddMember => "add-member",
        ControlKind::FullControl => "full-control",
        ControlKind::ReadSecret => "read-secret",
        ControlKind::RoastTicket => "roast-ticket",
        ControlKind::ReplicateDirectory => "replicate-directory",
        ControlKind::Delegate => "delegate",
        ControlKind::Hosts => "hosts",
    }
}

fn ports_word(ports: Ports) -> String {
    match ports {
        Ports::Any => String::new(),
        Ports::One(Protocol::Tcp, port) => format!("tcp-{port}"),
        Ports::One(Protocol::Udp, port) => format!("udp-{port}"),
    }
}

impl Candidates<'_> {
    /// The name of an act.
    #[must_use]
    pub fn id(&self, act: Act) -> WithdrawalId {
        let verb = act.verb().word();
        let what = match act {
            Act::BlockAllRemoteAccess | Act::SuspendRecoveries => return WithdrawalId(verb.to_owned()),
            Act::DropMembership { access }
            | Act::CloseFlow { access }
            | Act::BlockRemoteAccess { access }
            | Act::Unassign { access }
            | Act::TakeRight { access }
            | Act::SuspendRecovery { access } => access_name(self.estate, access),
            _ => self
                .subject(act)
                .map(|entity| entity_name(self.estate, entity))
                .unwrap_or_default(),
        };
        WithdrawalId(format!("{verb}/{what}"))
    }

    /// The act of this name, if the estate has what it names; a scan of the estate.
    #[must_use]
    pub fn find(&self, id: &WithdrawalId) -> Option<Act> {
        let (verb, what) = id.0.split_once('/').unwrap_or((&id.0, ""));
        let entities = self
            .entity_acts()
            .chain([Act::BlockAllRemoteAccess, Act::SuspendRecoveries]);
        let wanted = |act: &Act| act.verb().word() == verb && self.is_called(*act, what, id);
        let named = entities.into_iter().find(wanted);
        named.or_else(|| {
            let mut found: Option<Act> = None;
            let mut acts = Vec::new();
            for (access, _) in self.estate.accesses_with_ids() {
                acts.clear();
                self.acts_on_access(access, &mut acts);
                let least = acts.iter().copied().filter(wanted).min();
                found = found.into_iter().chain(least).min();
            }
            found
        })
    }

    /// True if the id is that of the act, of which the verb is known to be right.
    fn is_called(&self, act: Act, what: &str, id: &WithdrawalId) -> bool {
        let starts = |entity: Entity, words: &str| {
            let rest = words.strip_prefix(entity_word(entity));
            let rest = rest.and_then(|rest| rest.strip_prefix(':'));
            rest.and_then(|rest| rest.strip_prefix(self.estate.name(entity)))
                .map(str::is_empty)
        };
        match act {
            Act::DropMembership { access }
            | Act::CloseFlow { access }
            | Act::BlockRemoteAccess { access }
            | Act::Unassign { access }
            | Act::TakeRight { access }
            | Act::SuspendRecovery { access } => {
                let access = self.estate.access(access);
                let from = access.map(|access| ends(&access.kind).0);
                from.is_some_and(|from| starts(from, what).is_some()) && self.id(act) == *id
            }
            _ => match self.subject(act) {
                Some(entity) => starts(entity, what) == Some(true),
                None => self.id(act) == *id,
            },
        }
    }

    /// Every act on one account, group, zone or system.
    fn entity_acts(&self) -> impl Iterator<Item = Act> {
        let accounts = self.estate.accounts_with_ids().flat_map(|(account, _)| {
            [
                Act::DisableAccount { account },
                Act::EndSessions { account },
                Act::ResetCredential { account },
            ]
        });
        let groups = self
            .estate
            .groups_with_ids()
            .map(|(group, _)| Act::DisableGroup { group });
        let zones = self
            .estate
            .zones_with_ids()
            .map(|(zone, _)| Act::CloseZone { zone });
        let systems = self
            .estate
            .systems_with_ids()
            .map(|(system, _)| Act::IsolateSystem { system });
        accounts.chain(groups).chain(zones).chain(systems)
    }

    /// The one entity that an act is done to.
    fn subject(&self, act: Act) -> Option<Entity> {
        Some(match act {
            Act::DisableAccount { account }
            | Act::EndSessions { account }
            | Act::ResetCredential { account } => Entity::Account(account),
            Act::DisableGroup { group } => Entity::Group(group),
            Act::CloseZone { zone } => Entity::Zone(zone),
            Act::BlockGateway { gateway: system }
            | Act::IsolateSystem { system }
            | Act::UnassignAll { app: system } => Entity::System(system),
            _ => return None,
        })
    }

    /// What an act is done to: the ends of an access, or the one entity.
    #[must_use]
    pub fn entities(&self, act: Act) -> Vec<String> {
        match act {
            Act::DropMembership { access }
            | Act::CloseFlow { access }
            | Act::BlockRemoteAccess { access }
            | Act::Unassign { access }
            | Act::TakeRight { access }
            | Act::SuspendRecovery { access } => self.estate.access(access).map_or(Vec::new(), |access| {
                let (from, to, _) = ends(&access.kind);
                vec![entity_name(self.estate, from), entity_name(self.estate, to)]
            }),
            _ => self
                .subject(act)
                .map(|entity| entity_name(self.estate, entity))
                .into_iter()
                .collect(),
        }
    }

    /// An act in one sentence without a full stop.
    #[must_use]
    pub fn text(&self, act: Act) -> String {
        let subject = self.subject(act).map_or("", |entity| self.estate.name(entity));
        match act {
            Act::DisableAccount { .. } => format!("Disable {subject}"),
            Act::DisableGroup { .. } => format!("Disable every account of {subject}"),
            Act::EndSessions { .. } => format!("End every session of {subject}"),
            Act::ResetCredential { .. } => format!("Give {subject} new credentials"),
            Act::CloseZone { .. } => format!("Close every flow into {subject}"),
            Act::BlockGateway { .. } => format!("Block all remote access through {subject}"),
            Act::BlockAllRemoteAccess => "Block all remote access".to_owned(),
            Act::IsolateSystem { .. } => format!("Isolate {subject} from the network"),
            Act::UnassignAll { .. } => format!("Take every assignment to {subject}"),
            Act::SuspendRecoveries => "Stop every reset by help desk and self-service".to_owned(),
            Act::DropMembership { access }
            | Act::CloseFlow { access }
            | Act::BlockRemoteAccess { access }
            | Act::Unassign { access }
            | Act::TakeRight { access }
            | Act::SuspendRecovery { access } => self.access_text(access),
        }
    }

    fn access_text(&self, id: AccessId) -> String {
        let Some(access) = self.estate.access(id) else {
            return "?".to_owned();
        };
        let (from, to, detail) = ends(&access.kind);
        let (from, to) = (self.estate.name(from), self.estate.name(to));
        let by = if detail.is_empty() {
            String::new()
        } else {
            format!(" ({})", detail.replace('-', " "))
        };
        match access.kind {
            AccessKind::Membership { .. } => format!("Take {from} out of {to}"),
            AccessKind::Right { .. } => format!("Take the right of {from} on {to}{by}"),
            AccessKind::Control { .. } => format!("Take the control of {from} over {to}{by}"),
            AccessKind::Session { .. } => format!("End the session of {from} on {to}"),
            AccessKind::RemoteAccess { .. } => format!("Block remote access through {to} for {from}"),
            AccessKind::Assignment { .. } => format!("Take the assignment of {from} to {to}{by}"),
            AccessKind::Flow { .. } => format!("Close the flow from {from} to {to}{by}"),
            AccessKind::Recovery { .. } => format!("Stop resets for {from} asked for from {to}"),
        }
    }
}
