//! How the parts of a name are written, and which names mean nobody.

use std::net::IpAddr;

use crate::activity::{AccountName, SystemName};
use crate::limits::NAME_BYTES_MAX;

/// An account name taken apart. Nothing in it is empty, a placeholder or noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// The name without any domain.
    pub(super) bare: Option<&'a str>,
    /// The domain that the account is in, as written.
    pub(super) domain: Option<&'a str>,
    /// A second spelling of that domain from the same record (a UPN beside a domain field).
    pub(super) suffix: Option<&'a str>,
    /// The security identifier.
    pub(super) sid: Option<&'a str>,
}

/// What stands in a host field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host<'a> {
    /// A name, short or full.
    Name(&'a str),
    /// An address.
    Address(IpAddr),
}

/// Takes an account name apart; `None` if it is nobody's (see the rules of the module).
pub(super) fn account<'a>(name: &AccountName<'a>) -> Option<Parts<'a>> {
    let sid = name.sid.and_then(given).filter(|sid| !is_null_sid(sid));
    let given_domain = name.domain.and_then(domain);
    if sid.is_some_and(is_noise_sid) || given_domain.is_some_and(is_noise_domain) {
        return None;
    }
    let Some(text) = name.name.and_then(given) else {
        return sid.map(|sid| Parts {
            sid: Some(sid),
            ..Parts::default()
        });
    };
    if is_sid(text) {
        return (!is_noise_sid(text)).then_some(Parts {
            sid: Some(text),
            ..Parts::default()
        });
    }
    let (bare, own_domain) = split(text);
    if bare.is_empty() || is_noise_name(bare) || own_domain.is_some_and(is_noise_domain) {
        return None;
    }
    let (domain, suffix) = match (given_domain, own_domain) {
        (Some(given), own) => (Some(given), own),
        (None, own) => (own, None),
    };
    Some(Parts {
        bare: Some(bare),
        domain,
        suffix,
        sid,
    })
}

/// `DOMAIN\name` and `name@domain` in two; a name without a domain as it is.
pub(super) fn split(text: &str) -> (&str, Option<&str>) {
    if let Some((before, bare)) = text.rsplit_once('\\') {
        return (bare, domain(before));
    }
    match text.rsplit_once('@') {
        Some((bare, after)) if !bare.is_empty() => (bare, domain(after)),
        _ => (text, None),
    }
}

/// The text of a field, if there is one that is not a placeholder.
pub(super) fn given(text: &str) -> Option<&str> {
    let text = text.trim();
    let placeholder = matches!(text, "" | "-" | "." | "?" | "*")
        || text.eq_ignore_ascii_case("n/a")
        || text.eq_ignore_ascii_case("null")
        || text.eq_ignore_ascii_case("unknown");
    (!placeholder && text.len() <= NAME_BYTES_MAX).then_some(text)
}

/// A domain, if one is given. `WORKGROUP` is what a machine in no domain says.
fn domain(text: &str) -> Option<&str> {
    let text = given(text)?.trim_end_matches('.');
    (!text.is_empty() && !text.eq_ignore_ascii_case("workgroup")).then_some(text)
}

/// True for the text of a security identifier, `S-1-…`.
pub(super) fn is_sid(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("S-1-").or_else(|| text.strip_prefix("s-1-")) else {
        return false;
    };
    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

fn is_null_sid(sid: &str) -> bool {
    sid.eq_ignore_ascii_case("S-1-0-0")
}

/// Anonymous, SYSTEM, LOCAL and NETWORK SERVICE, service SIDs, IIS pools, the window manager and the font driver
/// (Microsoft, "Well-known SIDs").
fn is_noise_sid(sid: &str) -> bool {
    const WHOLE: [&str; 5] = ["S-1-0-0", "S-1-5-7", "S-1-5-18", "S-1-5-19", "S-1-5-20"];
    const BEGIN: [&str; 5] = ["S-1-5-80-", "S-1-5-82-", "S-1-5-83-", "S-1-5-90-", "S-1-5-96-"];
    WHOLE.iter().any(|whole| sid.eq_ignore_ascii_case(whole)) || BEGIN.iter().any(|begin| begins(sid, begin))
}

fn is_noise_name(bare: &str) -> bool {
    const WHOLE: [&str; 7] = [
        "ANONYMOUS LOGON",
        "SYSTEM",
        "LOCAL SYSTEM",
        "LocalSystem",
        "LOCAL SERVICE",
        "NETWORK SERVICE",
        "IUSR",
    ];
    WHOLE.iter().any(|whole| bare.eq_ignore_ascii_case(whole))
        || numbered(bare, "DWM-")
        || numbered(bare, "UMFD-")
}

fn is_noise_domain(domain: &str) -> bool {
    const WHOLE: [&str; 7] = [
        "NT AUTHORITY",
        "NT SERVICE",
        "NT VIRTUAL MACHINE",
        "Window Manager",
        "Font Driver Host",
        "IIS APPPOOL",
        "BUILTIN",
    ];
    WHOLE.iter().any(|whole| domain.eq_ignore_ascii_case(whole))
}

fn begins(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn numbered(text: &str, start: &str) -> bool {
    begins(text, start)
        && text
            .get(start.len()..)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

/// What a host field says, without `\\`, a final dot, the `$` of a machine account, or what is around the host in a
/// service principal name; and the address, if it is one that names a system.
pub(super) fn system<'a>(name: &SystemName<'a>) -> (Option<&'a str>, Option<IpAddr>) {
    let host = name.name.and_then(host);
    let own_address = match host {
        Some(Host::Address(address)) => Some(address),
        _ => None,
    };
    let named = match host {
        Some(Host::Name(name)) => Some(name),
        _ => None,
    };
    (named, name.address.or(own_address).and_then(useful))
}

fn host(text: &str) -> Option<Host<'_>> {
    let text = given(text)?.trim_start_matches('\\');
    if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse() {
        return Some(Host::Address(address));
    }
    let host = match text.split_once('/') {
        Some((_service, rest)) => rest.split(['/', ':']).next().unwrap_or(rest),
        None => text.rsplit_once('\\').map_or(text, |(_, host)| host),
    };
    let host = host.trim_end_matches('.').trim_end_matches('$');
    let nobody = host.is_empty()
        || host.eq_ignore_ascii_case("localhost")
        || begins(host, "localhost.")
        || host.eq_ignore_ascii_case("localdomain");
    (!nobody).then_some(Host::Name(host))
}

/// The address as IPv4 where it is one; `None` for loopback, link-local, unspecified, multicast and broadcast.
pub(super) fn useful(address: IpAddr) -> Option<IpAddr> {
    let address = address.to_canonical();
    let noise = match address {
        IpAddr::V4(v4) => {
            v4.is_loopback() || v4.is_link_local() || v4.is_broadcast() || v4.octets().first() == Some(&0)
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified(),
    };
    (!noise && !address.is_multicast()).then_some(address)
}

/// True for addresses that no company owns alone: RFC 1918, RFC 6598, RFC 4193.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private() || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}
