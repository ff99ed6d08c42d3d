//! Who is at work this morning: the parts of the estate that ordinary traffic is made of.

use std::collections::HashMap;

use cordon_estate::{AccessKind, AccountId, AccountKind, Estate, GroupId, Principal, SystemId, SystemKind};

use super::Script;

/// Who is at work.
pub(super) struct Morning {
    /// (person, machine) where the person's session is: offices, call centres, store managers.
    pub(super) desks: Vec<(AccountId, SystemId)>,
    /// (service account, server).
    pub(super) services: Vec<(AccountId, SystemId)>,
    pub(super) helpdesk: Vec<AccountId>,
    /// Remote workers.
    pub(super) remote: Vec<AccountId>,
    /// Administrators with the machine they sit at.
    pub(super) administrators: Vec<(AccountId, SystemId)>,
    pub(super) servers: Vec<SystemId>,
    pub(super) directory: Vec<SystemId>,
    pub(super) backup: Vec<SystemId>,
    pub(super) gateway: SystemId,
}

impl Morning {
    /// The intruder's victim, desktop and stolen accounts take no part: what they do is the intruder's doing.
    pub(super) fn of(estate: &Estate, script: &Script) -> Self {
        let cast = &script.cast;
        let apart = [cast.victim, cast.roasted, cast.tape, cast.administrator];
        let sessions: Vec<(AccountId, SystemId)> = estate
            .accesses
            .iter()
            .filter(|access| recent(access.provenance.usage, script))
            .filter_map(|access| match access.kind {
                AccessKind::Session { account, system } if !apart.contains(&account) => {
                    Some((account, system))
                }
                _ => None,
            })
            .collect();
        let of = |kind: AccountKind| {
            sessions
                .iter()
                .copied()
                .filter(|&(account, _)| {
                    estate
                        .account(account)
                        .is_some_and(|account| account.kind == kind)
                })
                .collect::<Vec<_>>()
        };
        let systems = |kind| {
            estate
                .systems_with_ids()
                .filter(move |(_, system)| system.kind == kind)
                .map(|(id, _)| id)
                .collect::<Vec<_>>()
        };
        let desks = of(AccountKind::Person);
        Self {
            services: of(AccountKind::Service),
            helpdesk: members(estate, "helpdesk"),
            remote: members(estate, "vpn-users")
                .into_iter()
                .filter(|account| !apart.contains(account))
                .collect(),
            administrators: administrators(estate, &desks, &apart),
            servers: ordinary_servers(estate),
            directory: systems(SystemKind::DomainController),
            backup: systems(SystemKind::BackupServer),
            gateway: cast.gateway,
            desks,
        }
    }
}

/// True if the access was in use in the last days.
fn recent(usage: Option<cordon_estate::Usage>, script: &Script) -> bool {
    usage.is_some_and(|usage| script.start.duration_since(usage.last_seen).as_hours() < 72)
}

fn members(estate: &Estate, name: &str) -> Vec<AccountId> {
    let Some(wanted) = group(estate, name) else {
        return Vec::new();
    };
    estate
        .accesses
        .iter()
        .filter_map(|access| match access.kind {
            AccessKind::Membership {
                member: Principal::Account(account),
                group,
            } if group == wanted => Some(account),
            _ => None,
        })
        .collect()
}

fn group(estate: &Estate, name: &str) -> Option<GroupId> {
    estate
        .groups_with_ids()
        .find(|(_, group)| group.name == name)
        .map(|(id, _)| id)
}

/// Every administration account at the desk of somebody in IT.
fn administrators(
    estate: &Estate,
    desks: &[(AccountId, SystemId)],
    apart: &[AccountId],
) -> Vec<(AccountId, SystemId)> {
    let desk: HashMap<AccountId, SystemId> = desks.iter().copied().collect();
    let it: Vec<SystemId> = members(estate, "it-staff")
        .iter()
        .filter_map(|person| desk.get(person).copied())
        .collect();
    estate
        .accounts_with_ids()
        .filter(|(id, account)| account.kind == AccountKind::Admin && !apart.contains(id))
        .enumerate()
        .filter_map(|(index, (id, _))| it.get(index.checked_rem(it.len())?).map(|&desk| (id, desk)))
        .collect()
}

fn ordinary_servers(estate: &Estate) -> Vec<SystemId> {
    estate
        .systems_with_ids()
        .filter(|(_, system)| system.kind == SystemKind::Server && system.name.starts_with("NG-APP-"))
        .map(|(id, _)| id)
        .collect()
}
