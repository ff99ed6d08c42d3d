//! The targets of each act.

use std::collections::BTreeMap;

use cordon_act::limits::EXCEPTIONS_MAX;
use cordon_act::{Endpoint, Protocol, Target, Whom};
use cordon_estate::{
    AccessId, AccessKind, AccountId, AccountKind, EnforcementPoint, Estate, GroupId, Place, PointKind, Ports,
    Principal, SystemId,
};
use cordon_plan::candidates::Candidates;
use cordon_plan::document::Act;
use cordon_reach::Base;

use super::{names, routes};

/// One target, or why people must do it.
pub(super) type Part = Result<Target, String>;

/// The estate in the words of the servers.
pub(super) struct Servers<'e> {
    estate: &'e Estate,
    candidates: Candidates<'e>,
    /// How many accounts share a logon name, in lower case.
    logons: BTreeMap<String, u32>,
}

impl<'e> Servers<'e> {
    pub(super) fn new(estate: &'e Estate, duration_hours: f64) -> Self {
        let mut logons = BTreeMap::new();
        for account in &estate.accounts {
            *logons
                .entry(names::logon(&account.name).to_lowercase())
                .or_insert(0) += 1;
        }
        Self {
            estate,
            candidates: Candidates::new(estate, duration_hours),
            logons,
        }
    }

    /// The logon names of the break-glass accounts, sorted, each once.
    pub(super) fn break_glass(&self) -> Vec<String> {
        let accounts = self.estate.accounts.iter();
        let kept = accounts.filter(|account| account.kind == AccountKind::BreakGlass);
        let names: std::collections::BTreeSet<String> = kept
            .map(|account| names::logon(&account.name).to_owned())
            .collect();
        names.into_iter().collect()
    }

    /// What an act comes to at a point; none if the estate does not have what it names.
    pub(super) fn parts(&self, act: Act, point: &EnforcementPoint) -> Option<Vec<Part>> {
        let parts = match act {
            Act::SuspendRecovery { .. } | Act::SuspendRecoveries => {
                vec![Err("resets are done by people: tell the help desk".to_owned())]
            }
            Act::CloseFlow { access } if point.kind == PointKind::Haproxy => {
                self.estate.access(access)?;
                routes::routes(self.estate, &self.candidates, act, point)
            }
            _ => self.any_point(act)?,
        };
        let fit = |target: Target| {
            if fits(point.kind, &target) {
                Ok(target)
            } else {
                Err(unfit(point))
            }
        };
        Some(parts.into_iter().map(|part| part.and_then(fit)).collect())
    }

    fn any_point(&self, act: Act) -> Option<Vec<Part>> {
        Some(match act {
            Act::DisableAccount { account } | Act::ResetCredential { account } => {
                vec![self.account(account)?.map(|account| Target::Account { account })]
            }
            Act::EndSessions { account } => {
                vec![self.account(account)?.map(|account| Target::Sessions { account })]
            }
            Act::DisableGroup { group } => {
                self.estate.group(group)?;
                self.removed_accounts(act)?
            }
            Act::IsolateSystem { system } => vec![self.host(system)?],
            Act::BlockGateway { gateway } => {
                self.estate.system(gateway)?;
                vec![self.all_remote_access()]
            }
            Act::BlockAllRemoteAccess => vec![self.all_remote_access()],
            Act::CloseZone { zone } => {
                self.estate.zone(zone)?;
                self.removed_accesses(act)?
            }
            Act::UnassignAll { app } => {
                self.estate.system(app)?;
                self.removed_accesses(act)?
            }
            Act::DropMembership { access }
            | Act::CloseFlow { access }
            | Act::BlockRemoteAccess { access }
            | Act::Unassign { access }
            | Act::TakeRight { access }
            | Act::SuspendRecovery { access } => self.access(access)?,
            Act::SuspendRecoveries => Vec::new(),
        })
    }

    /// One account for each that the act disables; break-glass accounts are not among them.
    fn removed_accounts(&self, act: Act) -> Option<Vec<Part>> {
        let facts = self.candidates.removes(act).into_iter();
        let accounts = facts.filter_map(|fact| match fact {
            Base::Enabled(account) => Some(account),
            _ => None,
        });
        accounts
            .map(|account| Some(self.account(account)?.map(|account| Target::Account { account })))
            .collect()
    }

    /// What each access that the act removes comes to; those of break-glass accounts are not among them.
    fn removed_accesses(&self, act: Act) -> Option<Vec<Part>> {
        let facts = self.candidates.removes(act).into_iter();
        let accesses = facts.filter_map(|fact| match fact {
            Base::Access(access) => Some(access),
            _ => None,
        });
        let parts: Option<Vec<Vec<Part>>> = accesses.map(|access| self.access(access)).collect();
        Some(parts?.into_iter().flatten().collect())
    }

    /// What withdrawing one access comes to.
    pub(super) fn access(&self, id: AccessId) -> Option<Vec<Part>> {
        Some(vec![match self.estate.access(id)?.kind {
            AccessKind::Membership { member, group } => self.membership(member, group)?,
            AccessKind::Right { holder, on, means } => {
                let on = match on {
                    cordon_estate::Target::System(id) => self.estate.system(id)?.name.clone(),
                    cordon_estate::Target::Group(id) => self.estate.group(id)?.name.clone(),
                };
                self.right(holder, names::right(means), on)?
            }
            AccessKind::Control { holder, over, by } => {
                let on = self.plain(over)?;
                self.right(holder, names::control(by), on)?
            }
            AccessKind::RemoteAccess { holder, .. } => return self.remote_access(holder),
            AccessKind::Assignment { holder, app, .. } => {
                let application = self.estate.system(app)?.name.clone();
                self.holder(holder)?
                    .map(|holder| Target::Assignment { holder, application })
            }
            AccessKind::Flow { from, to, ports } => {
                let (from, to) = (self.endpoint(from)?, self.endpoint(to)?);
                from.and_then(|from| to.map(|to| flow(from, to, ports)))
            }
            AccessKind::Session { account, .. } => {
                self.account(account)?.map(|account| Target::Sessions { account })
            }
            AccessKind::Recovery { .. } => Err("resets are done by people: tell the help desk".to_owned()),
        }])
    }

    fn membership(&self, member: Principal, group: GroupId) -> Option<Part> {
        let group = self.estate.group(group)?.name.clone();
        let member = match member {
            // A directory knows a machine by its account, which ends in a dollar sign.
            Principal::System(id) => Ok(format!("{}$", self.estate.system(id)?.name)),
            _ => self.holder(member)?,
        };
        Some(member.map(|member| Target::Membership { member, group }))
    }

    fn right(&self, holder: Principal, right: &str, on: String) -> Option<Part> {
        let right = right.to_owned();
        Some(
            self.holder(holder)?
                .map(|holder| Target::Right { holder, right, on }),
        )
    }

    /// A group with a break-glass account in it is blocked account by account, so that this one may still come in.
    fn remote_access(&self, holder: Principal) -> Option<Vec<Part>> {
        let account = |name: Result<String, String>| {
            name.map(|name| Target::RemoteAccess {
                whom: Whom::Account(name),
            })
        };
        let Principal::Group(group) = holder else {
            return Some(vec![account(self.holder(holder)?)]);
        };
        if self.spared(group).is_none() {
            let whom = Whom::Group(self.estate.group(group)?.name.clone());
            return Some(vec![Ok(Target::RemoteAccess { whom })]);
        }
        let members = self.candidates.index().accounts_of(group).into_iter();
        let others = members.filter(|&id| !self.is_break_glass(id));
        others.map(|id| Some(account(self.account(id)?))).collect()
    }

    fn all_remote_access(&self) -> Part {
        let names = self.break_glass();
        if names.len() > EXCEPTIONS_MAX {
            return Err(format!(
                "more than {EXCEPTIONS_MAX} break-glass accounts would have to be let in"
            ));
        }
        Ok(Target::RemoteAccess {
            whom: Whom::AllBut(names),
        })
    }

    /// A system as what is cut off the network.
    pub(super) fn host(&self, id: SystemId) -> Option<Part> {
        let system = self.estate.system(id)?;
        let addresses = names::addresses(system).ok_or_else(|| names::no_address(system));
        Some(addresses.map(|addresses| Target::Host {
            name: system.name.clone(),
            addresses,
        }))
    }

    fn endpoint(&self, place: Place) -> Option<Result<Endpoint, String>> {
        Some(match place {
            Place::Zone(id) => names::of_zone(self.estate.zone(id)?),
            Place::System(id) => names::of_system(self.estate.system(id)?),
        })
    }

    /// The logon name of an account, if no other account has it too.
    fn account(&self, id: AccountId) -> Option<Result<String, String>> {
        let name = names::logon(&self.estate.account(id)?.name);
        Some(match self.logons.get(&name.to_lowercase()) {
            Some(1) if !name.is_empty() => Ok(name.to_owned()),
            _ => Err(format!(
                "the logon name {name:?} is that of more than one account, and a server could stop the wrong one"
            )),
        })
    }

    /// The name of who holds an access; not of a group in which a break-glass account would lose it too.
    fn holder(&self, holder: Principal) -> Option<Result<String, String>> {
        match holder {
            Principal::Account(id) => self.account(id),
            Principal::System(_) => self.plain(holder).map(Ok),
            Principal::Group(id) => {
                let name = self.plain(holder)?;
                Some(self.spared(id).map_or(Ok(name), |kept| {
                    Err(format!(
                        "the break-glass account {kept} has it by the same group and must keep it"
                    ))
                }))
            }
        }
    }

    fn plain(&self, principal: Principal) -> Option<String> {
        Some(match principal {
            Principal::Account(id) => names::logon(&self.estate.account(id)?.name).to_owned(),
            Principal::Group(id) => self.estate.group(id)?.name.clone(),
            Principal::System(id) => self.estate.system(id)?.name.clone(),
        })
    }

    /// A break-glass account in a group, if there is one.
    fn spared(&self, group: GroupId) -> Option<&'e str> {
        let members = self.candidates.index().accounts_of(group).into_iter();
        members
            .filter(|&id| self.is_break_glass(id))
            .find_map(|id| self.estate.account(id).map(|account| account.name.as_str()))
    }

    fn is_break_glass(&self, id: AccountId) -> bool {
        self.estate
            .account(id)
            .is_some_and(|account| account.kind == AccountKind::BreakGlass)
    }
}

const fn flow(from: Endpoint, to: Endpoint, ports: Ports) -> Target {
    let (protocol, port) = match ports {
        Ports::Any => (None, None),
        Ports::One(cordon_estate::Protocol::Tcp, port) => (Some(Protocol::Tcp), Some(port)),
        Ports::One(cordon_estate::Protocol::Udp, port) => (Some(Protocol::Udp), Some(port)),
    };
    Target::Flow {
        from,
        to,
        protocol,
        port,
    }
}

/// True if a connector for points of this kind knows such a target. The pages under `docs/enforcement-points` say so.
fn fits(kind: PointKind, target: &Target) -> bool {
    match kind {
        PointKind::Ldap | PointKind::ActiveDirectory => {
            matches!(target, Target::Account { .. } | Target::Membership { .. })
        }
        PointKind::Openvpn => matches!(target, Target::RemoteAccess { .. } | Target::Sessions { .. }),
        PointKind::Nftables => matches!(target, Target::Flow { .. } | Target::Host { .. }),
        PointKind::Postgres => match target {
            Target::Account { .. } | Target::Sessions { .. } => true,
            // Any other word would be taken for the name of a role.
            Target::Right { right, .. } => right == names::CONNECT,
            _ => false,
        },
        PointKind::Radius => matches!(target, Target::Account { .. } | Target::Sessions { .. }),
        PointKind::Scim => matches!(target, Target::Account { .. } | Target::Assignment { .. }),
        PointKind::IdentityProvider => matches!(
            target,
            Target::Account { .. } | Target::Sessions { .. } | Target::Assignment { .. }
        ),
        PointKind::Openc2 => matches!(
            target,
            Target::Flow { .. } | Target::Host { .. } | Target::Account { .. }
        ),
        PointKind::Haproxy => matches!(target, Target::Route { .. }),
        PointKind::HelpDesk => false,
        // Reached by a script or by OpenC2, whose configuration says what it can do.
        PointKind::Edr | PointKind::Ssh | PointKind::Script => true,
    }
}

fn unfit(point: &EnforcementPoint) -> String {
    match point.kind {
        PointKind::HelpDesk => format!("{} is people, not a server", point.name),
        _ => format!("no connector for a server such as {} can do it", point.name),
    }
}
