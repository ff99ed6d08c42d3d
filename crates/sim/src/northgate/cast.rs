//! Who plays which part in the drill, found again in any estate that this generator made.

use cordon_estate::{AccessKind, AccountId, Estate, Means, Principal, SystemId, SystemKind, Target};

/// The entities of the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cast {
    /// The office worker whose password and second factor the help desk is talked into resetting.
    pub victim: AccountId,
    /// Their desktop at head office.
    pub desktop: SystemId,
    /// The help desk agent who is talked into it.
    pub agent: AccountId,
    /// The forgotten service account whose ticket is guessed.
    pub roasted: AccountId,
    /// An application server that it still administers and where the tape agent's credentials lie.
    pub server: SystemId,
    /// The replaced tape agent's account.
    pub tape: AccountId,
    /// The unmanaged jump host.
    pub jump_host: SystemId,
    /// The administrator of hypervisors whose session lingers there.
    pub administrator: AccountId,
    /// What administers the hypervisors.
    pub hypervisor_manager: SystemId,
    /// A backup server.
    pub backup: SystemId,
    /// A directory server.
    pub domain_controller: SystemId,
    /// The VPN gateway of the staff.
    pub gateway: SystemId,
}

impl Cast {
    /// Finds them; the victim is drawn by the seed. `None` if the estate is not of this generator's making.
    #[must_use]
    pub fn of(estate: &Estate, seed: u64) -> Option<Self> {
        let roasted = account(estate, "svc-label-print")?;
        let tape = account(estate, "svc-tape")?;
        let jump_host = system(estate, "NG-JMP-02")?;
        let (victim, desktop) = victim(estate, seed)?;
        Some(Self {
            victim,
            desktop,
            agent: agent(estate)?,
            roasted,
            server: server(estate, roasted, tape)?,
            tape,
            jump_host,
            administrator: sessions(estate, jump_host).next()?,
            hypervisor_manager: of_kind(estate, SystemKind::HypervisorManager)?,
            backup: of_kind(estate, SystemKind::BackupServer)?,
            domain_controller: of_kind(estate, SystemKind::DomainController)?,
            gateway: of_kind(estate, SystemKind::Gateway)?,
        })
    }
}

fn account(estate: &Estate, name: &str) -> Option<AccountId> {
    estate
        .accounts_with_ids()
        .find(|(_, account)| account.name == name)
        .map(|(id, _)| id)
}

fn system(estate: &Estate, name: &str) -> Option<SystemId> {
    estate
        .systems_with_ids()
        .find(|(_, system)| system.name == name)
        .map(|(id, _)| id)
}

fn of_kind(estate: &Estate, kind: SystemKind) -> Option<SystemId> {
    estate
        .systems_with_ids()
        .find(|(_, system)| system.kind == kind)
        .map(|(id, _)| id)
}

fn sessions(estate: &Estate, on: SystemId) -> impl Iterator<Item = AccountId> + '_ {
    estate
        .accesses
        .iter()
        .filter_map(move |access| match access.kind {
            AccessKind::Session { account, system } if system == on => Some(account),
            _ => None,
        })
}

/// One of the head office staff who reach their own desktop from home and have no administrator's session on it.
fn victim(estate: &Estate, seed: u64) -> Option<(AccountId, SystemId)> {
    let office = group(estate, "office-staff")?;
    let in_office: std::collections::HashSet<AccountId> = estate
        .accesses
        .iter()
        .filter_map(|access| match access.kind {
            AccessKind::Membership {
                member: Principal::Account(account),
                group,
            } if group == office => Some(account),
            _ => None,
        })
        .collect();
    let mut count = std::collections::HashMap::new();
    for access in &estate.accesses {
        if let AccessKind::Session { system, .. } = access.kind {
            *count.entry(system).or_insert(0_u32) += 1;
        }
    }
    let desks: Vec<(AccountId, SystemId)> = estate
        .accesses
        .iter()
        .filter_map(|access| match access.kind {
            AccessKind::Right {
                holder: Principal::Account(account),
                on: Target::System(system),
                means: Means::RemoteDesktop,
            } if in_office.contains(&account) && count.get(&system) == Some(&1) => Some((account, system)),
            _ => None,
        })
        .collect();
    let index = seed.checked_rem(desks.len() as u64)?;
    desks.get(usize::try_from(index).ok()?).copied()
}

fn group(estate: &Estate, name: &str) -> Option<cordon_estate::GroupId> {
    estate
        .groups_with_ids()
        .find(|(_, group)| group.name == name)
        .map(|(id, _)| id)
}

fn agent(estate: &Estate) -> Option<AccountId> {
    let helpdesk = group(estate, "helpdesk")?;
    estate.accesses.iter().find_map(|access| match access.kind {
        AccessKind::Membership {
            member: Principal::Account(account),
            group,
        } if group == helpdesk => Some(account),
        _ => None,
    })
}

/// The server that `roasted` administers and on which credentials of `tape` lie.
fn server(estate: &Estate, roasted: AccountId, tape: AccountId) -> Option<SystemId> {
    estate.accesses.iter().find_map(|access| match access.kind {
        AccessKind::Right {
            holder: Principal::Account(account),
            on: Target::System(system),
            means: Means::Admin,
        } if account == roasted && sessions(estate, system).any(|session| session == tape) => Some(system),
        _ => None,
    })
}
