//! Crown jewels, declared and inferred, and what losing anything costs when nobody said.
//!
//! The default losses are **assumptions**, ordered by consequence and scaled to the published cost of two
//! intrusions of 2025: about £206m of lost sales at one retailer, about £300m of lost profit at another, both of
//! which began at the directory. They matter relative to each other and to what services cost; an estate that
//! declares its own losses overrides them.

use cordon_estate::{AccountKind, Entity, Estate, Jewel, Pence, SystemKind};
use serde::{Deserialize, Serialize};

use crate::Derived;

/// Something that the intruder must not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrownJewel {
    /// What it is.
    pub entity: Entity,
    /// The fact that says it is taken.
    pub taken: Derived,
    /// Loss if it is taken.
    pub loss: Pence,
    /// True if no plan may leave it reachable whatever the price.
    pub never: bool,
    /// True if nobody declared it: it was inferred from its role.
    pub inferred: bool,
}

/// Pence in a pound times a thousand.
const THOUSAND_POUNDS: i64 = 100_000;

/// Loss when a jewel of this kind of system is taken, in pence.
#[must_use]
pub const fn default_jewel_loss(kind: SystemKind) -> Pence {
    Pence(
        THOUSAND_POUNDS
            * match kind {
                SystemKind::DomainController | SystemKind::HypervisorManager => 100_000,
                SystemKind::BackupServer | SystemKind::IdentityProvider => 80_000,
                SystemKind::Hypervisor => 40_000,
                SystemKind::SaasApp | SystemKind::Server => 20_000,
                SystemKind::Gateway | SystemKind::NetworkDevice => 10_000,
                SystemKind::Workstation | SystemKind::Till => 2_000,
            },
    )
}

/// Loss when anything that is no jewel is taken, in pence: what makes a plan stop the spread where that is cheap.
#[must_use]
pub fn spread_loss(estate: &Estate, entity: Entity) -> Pence {
    let thousands = match entity {
        Entity::System(id) => estate.system(id).map_or(0, |system| match system.kind {
            SystemKind::DomainController | SystemKind::HypervisorManager => 1_000,
            SystemKind::BackupServer | SystemKind::IdentityProvider | SystemKind::Hypervisor => 500,
            SystemKind::Server | SystemKind::SaasApp => 20,
            SystemKind::Gateway | SystemKind::NetworkDevice => 10,
            SystemKind::Workstation | SystemKind::Till => 2,
        }),
        Entity::Account(id) => estate.account(id).map_or(0, |account| match account.kind {
            AccountKind::BreakGlass | AccountKind::Admin => 50,
            AccountKind::Service => 10,
            AccountKind::Person => 1,
        }),
        Entity::Group(_) | Entity::Zone(_) => 0,
    };
    Pence(THOUSAND_POUNDS * thousands)
}

/// True if a system of this kind is a jewel though nobody said so.
#[must_use]
pub const fn is_inferred(kind: SystemKind) -> bool {
    matches!(
        kind,
        SystemKind::DomainController
            | SystemKind::HypervisorManager
            | SystemKind::BackupServer
            | SystemKind::IdentityProvider
    )
}

/// Every jewel of the estate: accounts, then groups, then systems, each by id.
#[must_use]
pub fn jewels(estate: &Estate) -> Vec<CrownJewel> {
    let other = default_jewel_loss(SystemKind::Server);
    let accounts = estate.accounts_with_ids().filter_map(|(id, account)| {
        account
            .jewel
            .map(|jewel| crown(Entity::Account(id), jewel, other))
    });
    let groups = estate
        .groups_with_ids()
        .filter_map(|(id, group)| group.jewel.map(|jewel| crown(Entity::Group(id), jewel, other)));
    let systems = estate.systems_with_ids().filter_map(|(id, system)| {
        let inferred = Jewel {
            loss: None,
            never: true,
            inferred: true,
        };
        let jewel = system
            .jewel
            .or_else(|| is_inferred(system.kind).then_some(inferred))?;
        Some(crown(Entity::System(id), jewel, default_jewel_loss(system.kind)))
    });
    accounts.chain(groups).chain(systems).collect()
}

/// The same with further ones that no plan may leave reachable; one that is a jewel already keeps its loss.
#[must_use]
pub fn jewels_with(estate: &Estate, further: &[Entity]) -> Vec<CrownJewel> {
    let mut jewels = jewels(estate);
    for &entity in further {
        if let Some(known) = jewels.iter_mut().find(|jewel| jewel.entity == entity) {
            known.never = true;
            continue;
        }
        let kind = match entity {
            Entity::System(id) => estate.system(id).map(|system| system.kind),
            Entity::Account(_) | Entity::Group(_) | Entity::Zone(_) => None,
        };
        let never = Jewel {
            loss: None,
            never: true,
            inferred: false,
        };
        let loss = default_jewel_loss(kind.unwrap_or(SystemKind::Server));
        jewels.push(crown(entity, never, loss));
    }
    jewels
}

fn crown(entity: Entity, jewel: Jewel, default_loss: Pence) -> CrownJewel {
    CrownJewel {
        entity,
        taken: Derived::taken(entity),
        loss: jewel.loss.unwrap_or(default_loss),
        never: jewel.never,
        inferred: jewel.inferred,
    }
}
