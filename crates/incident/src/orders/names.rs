//! Names as servers know them.

use cordon_act::Endpoint;
use cordon_act::limits::NETWORKS_PER_ENDPOINT_MAX;
use cordon_estate::{ControlKind, Means, System, Zone, ZoneKind};

/// The logon name without a domain: `pat` for `SHOP\pat` and for `pat@shop.example`.
pub(super) fn logon(name: &str) -> &str {
    let name = name.trim();
    if let Some((_, bare)) = name.rsplit_once('\\') {
        return bare;
    }
    match name.rsplit_once('@') {
        Some((bare, _)) if !bare.is_empty() => bare,
        _ => name,
    }
}

/// What a right is called. The right to log on to a database is the privilege that PostgreSQL calls `CONNECT`.
pub(super) const fn right(means: Means) -> &'static str {
    match means {
        Means::Console => "console",
        Means::RemoteDesktop => "remote-desktop",
        Means::RemoteManagement => "remote-management",
        Means::FileShare => "file-share",
        Means::Wmi => "wmi",
        Means::Ssh => "ssh",
        Means::Database => CONNECT,
        Means::Web => "web",
        Means::Admin => "admin",
    }
}

/// The privilege to log on to a database.
pub(super) const CONNECT: &str = "connect";

/// What a control is called.
pub(super) const fn control(by: ControlKind) -> &'static str {
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

/// The addresses of a system, sorted; none if the estate does not know any.
pub(super) fn addresses(system: &System) -> Option<Vec<String>> {
    let all = system.addresses.iter().map(ToString::to_string);
    sorted(all).filter(|all| !all.is_empty())
}

/// One side of a flow that is a system.
pub(super) fn of_system(system: &System) -> Result<Endpoint, String> {
    addresses(system)
        .map(Endpoint::Networks)
        .ok_or_else(|| no_address(system))
}

/// Why a system without addresses is left to people.
pub(super) fn no_address(system: &System) -> String {
    format!("the estate does not know an address of {}", system.name)
}

/// One side of a flow that is a zone. The internet is anywhere.
pub(super) fn of_zone(zone: &Zone) -> Result<Endpoint, String> {
    if zone.kind == ZoneKind::Internet {
        return Ok(Endpoint::Any);
    }
    match sorted(zone.subnets.iter().map(ToString::to_string)) {
        Some(all) if all.is_empty() => Err(format!("the estate does not know the subnets of {}", zone.name)),
        Some(all) => Ok(Endpoint::Networks(all)),
        None => Err(format!(
            "{} has more than the {NETWORKS_PER_ENDPOINT_MAX} subnets that one order can name",
            zone.name
        )),
    }
}

/// Sorted, each once; none if there are more than an order can name.
fn sorted(texts: impl Iterator<Item = String>) -> Option<Vec<String>> {
    let all: std::collections::BTreeSet<String> = texts.collect();
    (all.len() <= NETWORKS_PER_ENDPOINT_MAX).then(|| all.into_iter().collect())
}
