//! Kinds of entities, and lists, in words.

use cordon_estate::{AccountKind, Entity, Estate, SystemKind};

/// What an entity is: "admin account", "domain controller".
pub(super) fn kind(estate: &Estate, entity: Entity) -> String {
    let words = match entity {
        Entity::Account(id) => match estate.account(id).map(|account| account.kind) {
            Some(AccountKind::Person) => "person's account",
            Some(AccountKind::Service) => "service account",
            Some(AccountKind::Admin) => "admin account",
            Some(AccountKind::BreakGlass) => "break-glass account",
            None => "account",
        },
        Entity::Group(_) => "group",
        Entity::Zone(_) => "zone",
        Entity::System(id) => match estate.system(id).map(|system| system.kind) {
            Some(SystemKind::Server) => "server",
            Some(SystemKind::Workstation) => "workstation",
            Some(SystemKind::Till) => "till",
            Some(SystemKind::Hypervisor) => "hypervisor",
            Some(SystemKind::HypervisorManager) => "hypervisor manager",
            Some(SystemKind::DomainController) => "domain controller",
            Some(SystemKind::BackupServer) => "backup server",
            Some(SystemKind::IdentityProvider) => "identity provider",
            Some(SystemKind::Gateway) => "gateway",
            Some(SystemKind::SaasApp) => "application",
            Some(SystemKind::NetworkDevice) => "network device",
            None => "system",
        },
    };
    words.to_owned()
}

/// "a", "a and b", "a, b and c".
pub(super) fn list(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
