//! Words of configuration databases for what the estate has words of its own for.

use crate::load::words::Word;
use crate::{AccountKind, SystemKind};

/// The letters and digits of a name, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// What a word of a configuration database says of a system: the words of the estate format, or usual ones.
pub(super) fn system_kind(text: &str) -> Option<SystemKind> {
    const USUAL: [(&str, SystemKind); 22] = [
        ("domaincontroller", SystemKind::DomainController),
        ("vcenter", SystemKind::HypervisorManager),
        ("hypervisormanager", SystemKind::HypervisorManager),
        ("hypervisor", SystemKind::Hypervisor),
        ("esx", SystemKind::Hypervisor),
        ("backup", SystemKind::BackupServer),
        ("identity", SystemKind::IdentityProvider),
        ("vpn", SystemKind::Gateway),
        ("gateway", SystemKind::Gateway),
        ("saas", SystemKind::SaasApp),
        ("application", SystemKind::SaasApp),
        ("pos", SystemKind::Till),
        ("till", SystemKind::Till),
        ("switch", SystemKind::NetworkDevice),
        ("router", SystemKind::NetworkDevice),
        ("firewall", SystemKind::NetworkDevice),
        ("network", SystemKind::NetworkDevice),
        ("laptop", SystemKind::Workstation),
        ("desktop", SystemKind::Workstation),
        ("workstation", SystemKind::Workstation),
        ("server", SystemKind::Server),
        ("linux", SystemKind::Server),
    ];
    let lower = text.to_lowercase();
    let exact = SystemKind::WORDS
        .iter()
        .find(|(word, _)| *word == lower)
        .map(|(_, kind)| *kind);
    let plain = plain(text);
    let windows = || {
        ["windows10", "windows11", "windows7", "macos"]
            .iter()
            .any(|os| plain.starts_with(os))
    };
    exact
        .or_else(|| {
            USUAL
                .iter()
                .find(|(word, _)| plain.contains(word))
                .map(|(_, kind)| *kind)
        })
        .or_else(|| windows().then_some(SystemKind::Workstation))
}

pub(super) fn account_kind(text: &str) -> Option<AccountKind> {
    let lower = plain(text);
    let usual = [
        ("breakglass", AccountKind::BreakGlass),
        ("emergency", AccountKind::BreakGlass),
        ("service", AccountKind::Service),
        ("admin", AccountKind::Admin),
        ("priv", AccountKind::Admin),
        ("person", AccountKind::Person),
        ("user", AccountKind::Person),
    ];
    usual
        .into_iter()
        .find(|(word, _)| lower.contains(word))
        .map(|(_, kind)| kind)
}
