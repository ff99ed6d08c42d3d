//! Addresses as logs write them.

use std::net::IpAddr;

/// Reads an address: bare, in brackets, with a zone or a port, IPv4 inside IPv6.
#[must_use]
pub fn parse_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address: IpAddr = match text.parse() {
        Ok(address) => address,
        Err(_) => without_extras(text)?,
    };
    Some(address.to_canonical())
}

fn without_extras(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').unwrap_or(text);
    let bare = bare.split(['%', ']']).next().unwrap_or(bare);
    if let Ok(address) = bare.parse() {
        return Some(address);
    }
    let (before_port, _) = bare.rsplit_once(':')?;
    before_port.parse().ok()
}
