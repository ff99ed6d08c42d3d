//! Facts in words.

use cordon_estate::{AccessId, AccessKind, Entity, Estate, Place, Principal, Target, ZoneId};

use crate::{Base, Carrier, Derived, Fact, Grant};

pub(crate) fn fact(fact: Fact, estate: &Estate) -> String {
    match fact {
        Fact::Base(base) => self::base(base, estate),
        Fact::Derived(derived) => self::derived(derived, estate),
    }
}

fn base(base: Base, estate: &Estate) -> String {
    match base {
        Base::Access(id) => access(id, estate),
        Base::Enabled(id) => format!("{} is enabled", estate.name(Entity::Account(id))),
        Base::Connected(id) => format!("{} is on the network", estate.name(Entity::System(id))),
        Base::Credential(id) => {
            format!(
                "the stolen credential of {} works",
                estate.name(Entity::Account(id))
            )
        }
        Base::Presence(id) => format!("the intruder is on {}", estate.name(Entity::System(id))),
        Base::Within(id) => format!("the intruder has a place in {}", estate.name(Entity::Zone(id))),
        Base::Posing(id) => {
            format!(
                "the intruder holds some member of {}",
                estate.name(Entity::Group(id))
            )
        }
        Base::Internet => "the company can be reached from outside".to_owned(),
    }
}

fn derived(derived: Derived, estate: &Estate) -> String {
    match derived {
        Derived::Holds(id) => format!("holds credentials of {}", estate.name(Entity::Account(id))),
        Derived::Uses(id) => format!("uses {}", estate.name(Entity::Account(id))),
        Derived::ActsAs(id) => format!("acts as a member of {}", estate.name(Entity::Group(id))),
        Derived::RunsOn(id) => format!("runs on {}", estate.name(Entity::System(id))),
        Derived::OnZone(id) => format!("stands in {}", estate.name(Entity::Zone(id))),
        Derived::OnInternet => "stands outside the company".to_owned(),
        Derived::OnUnplaced => "stands on a system of unknown zone".to_owned(),
        Derived::ConnectsToZone(id, by) => connects(estate.name(Entity::Zone(id)), by),
        Derived::ConnectsToInternet(by) => connects("systems outside the company", by),
        Derived::ConnectsToUnplaced(by) => connects("systems of unknown zone", by),
        Derived::ConnectsToSystem(id, by) => connects(estate.name(Entity::System(id)), by),
        Derived::Granted(on, grant) => granted(target(on, estate), grant),
        Derived::UsesApp(id) => format!("uses the application {}", estate.name(Entity::System(id))),
        Derived::AccountsTaken => "has the secrets of every account".to_owned(),
        Derived::DirectoryTaken => "has the directory".to_owned(),
    }
}

fn connects(to: &str, by: Carrier) -> String {
    match by {
        Carrier::Any => format!("can connect to {to} on every port"),
        Carrier::Means(means) => format!("can connect to {to} for {means:?}"),
    }
}

fn granted(on: &str, grant: Grant) -> String {
    match grant {
        Grant::Run(means) => format!("may run on {on} by {means:?}"),
        Grant::Take(control) => format!("may take members of {on} by {control:?}"),
        Grant::Recover => format!("can have credentials of {on} reset"),
    }
}

fn target(on: Target, estate: &Estate) -> &str {
    match on {
        Target::System(id) => estate.name(Entity::System(id)),
        Target::Group(id) => estate.name(Entity::Group(id)),
    }
}

fn principal(of: Principal, estate: &Estate) -> &str {
    match of {
        Principal::Account(id) => estate.name(Entity::Account(id)),
        Principal::Group(id) => estate.name(Entity::Group(id)),
        Principal::System(id) => estate.name(Entity::System(id)),
    }
}

fn place(of: Place, estate: &Estate) -> &str {
    match of {
        Place::Zone(id) => zone(id, estate),
        Place::System(id) => estate.name(Entity::System(id)),
    }
}

fn zone(id: ZoneId, estate: &Estate) -> &str {
    estate.name(Entity::Zone(id))
}

fn access(id: AccessId, estate: &Estate) -> String {
    let Some(access) = estate.access(id) else {
        return "?".to_owned();
    };
    match access.kind {
        AccessKind::Membership { member, group } => {
            format!(
                "{} belongs to {}",
                principal(member, estate),
                estate.name(Entity::Group(group))
            )
        }
        AccessKind::Right { holder, on, means } => {
            format!(
                "{} may run on {} by {means:?}",
                principal(holder, estate),
                target(on, estate)
            )
        }
        AccessKind::Session { account, system } => {
            let account = estate.name(Entity::Account(account));
            format!(
                "credentials of {account} lie on {}",
                estate.name(Entity::System(system))
            )
        }
        AccessKind::Control { holder, over, by } => {
            format!(
                "{} can take over {} by {by:?}",
                principal(holder, estate),
                principal(over, estate)
            )
        }
        AccessKind::RemoteAccess {
            holder,
            gateway,
            into,
        } => {
            let gateway = estate.name(Entity::System(gateway));
            format!(
                "{} can come in through {gateway} to {}",
                principal(holder, estate),
                zone(into, estate)
            )
        }
        AccessKind::Assignment { holder, app, admin } => {
            let verb = if admin { "administers" } else { "can use" };
            format!(
                "{} {verb} {}",
                principal(holder, estate),
                estate.name(Entity::System(app))
            )
        }
        AccessKind::Flow { from, to, ports } => {
            format!(
                "{} can connect to {} on {ports:?}",
                place(from, estate),
                place(to, estate)
            )
        }
        AccessKind::Recovery { of, from } => {
            format!(
                "{} can be reset from {}",
                principal(of, estate),
                zone(from, estate)
            )
        }
    }
}
