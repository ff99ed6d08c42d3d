//! Addresses and networks as they are written into the kernel: parsed, without host bits, none inside another.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordon_act::limits::NETWORKS_PER_ENDPOINT_MAX;
use cordon_act::{Endpoint, PointError, PointErrorKind};

/// The version of the Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// Its digit in names of sets.
    pub(crate) const fn digit(self) -> char {
        match self {
            Self::V4 => '4',
            Self::V6 => '6',
        }
    }

    /// What nft calls its header.
    pub(crate) const fn header(self) -> &'static str {
        match self {
            Self::V4 => "ip",
            Self::V6 => "ip6",
        }
    }

    /// What nft calls the type of its addresses.
    pub(crate) const fn address_type(self) -> &'static str {
        match self {
            Self::V4 => "ipv4_addr",
            Self::V6 => "ipv6_addr",
        }
    }

    /// What conntrack calls it.
    pub(crate) const fn conntrack_name(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }

    const fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

/// A network, its host bits zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// A network with its host bits cleared; `None` if there are not that many bits.
    pub(crate) fn new(address: IpAddr, prefix_bits: u8) -> Option<Self> {
        let family = family_of(address);
        (prefix_bits <= family.bits()).then(|| Self {
            address: cleared(address, prefix_bits),
            prefix_bits,
        })
    }

    /// Every address of a family.
    pub(crate) const fn everything(family: Family) -> Self {
        let address = match family {
            Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Self {
            address,
            prefix_bits: 0,
        }
    }

    /// Reads `10.1.0.0/16`, `10.1.2.3`, `2001:db8::/32`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text.split_once('/') {
            None => {
                let address: IpAddr = text.parse().ok()?;
                Self::new(address, family_of(address).bits())
            }
            Some((address, bits)) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Self::new(address.parse().ok()?, bits.parse().ok()?)
            }
            Some(_) => None,
        }
    }

    /// Its family.
    pub(crate) const fn family(self) -> Family {
        family_of(self.address)
    }

    /// True if an address is in it.
    pub(crate) fn contains(self, address: IpAddr) -> bool {
        family_of(address) == self.family() && cleared(address, self.prefix_bits) == self.address
    }

    /// True if it is every address of its family.
    pub(crate) const fn is_everything(self) -> bool {
        self.prefix_bits == 0
    }

    /// As nft's JSON writes an element's value.
    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::json!({"prefix": {"addr": self.address.to_string(), "len": self.prefix_bits}})
    }

    /// Reads an element's value as nft's JSON writes it: an address, or a prefix.
    pub(crate) fn from_json(value: &serde_json::Value) -> Option<Self> {
        if let Some(text) = value.as_str() {
            return Self::read(text);
        }
        let prefix = value.get("prefix")?;
        let bits = u8::try_from(prefix.get("len")?.as_u64()?).ok()?;
        Self::new(prefix.get("addr")?.as_str()?.parse().ok()?, bits)
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix_bits)
    }
}

const fn family_of(address: IpAddr) -> Family {
    match address {
        IpAddr::V4(_) => Family::V4,
        IpAddr::V6(_) => Family::V6,
    }
}

fn cleared(address: IpAddr, prefix_bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX
                .checked_shl(u32::from(32 - prefix_bits.min(32)))
                .unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX
                .checked_shl(u32::from(128 - prefix_bits.min(128)))
                .unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

/// Networks of which none is inside another: the kernel refuses overlaps within a set.
pub(crate) fn disjoint(networks: impl IntoIterator<Item = Network>) -> BTreeSet<Network> {
    let mut sorted: Vec<Network> = networks.into_iter().collect();
    sorted.sort_by_key(|network| (network.prefix_bits, network.address));
    let mut kept: BTreeSet<Network> = BTreeSet::new();
    for network in sorted {
        if !kept.iter().any(|wider| wider.contains(network.address)) {
            kept.insert(network);
        }
    }
    kept
}

/// The networks of one side of a flow.
///
/// # Errors
/// [`PointErrorKind::Input`] if there are none, too many, or one cannot be read.
pub(crate) fn of_endpoint(endpoint: &Endpoint) -> Result<BTreeSet<Network>, PointError> {
    match endpoint {
        Endpoint::Any => Ok(Family::ALL.map(Network::everything).into()),
        Endpoint::Networks(texts) => of_texts(texts),
    }
}

/// The networks or addresses of a list.
///
/// # Errors
/// As [`of_endpoint`].
pub(crate) fn of_texts(texts: &[String]) -> Result<BTreeSet<Network>, PointError> {
    let wrong = |what: String| PointError::new(PointErrorKind::Input, what);
    if texts.is_empty() || texts.len() > NETWORKS_PER_ENDPOINT_MAX {
        return Err(wrong(format!(
            "{} networks are given; from 1 to {NETWORKS_PER_ENDPOINT_MAX} can be withdrawn at once",
            texts.len()
        )));
    }
    let read: Result<Vec<Network>, PointError> = texts
        .iter()
        .map(|text| Network::read(text).ok_or_else(|| wrong(format!("{text:?} is no address or network"))))
        .collect();
    Ok(disjoint(read?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Network {
        Network::read(text).unwrap()
    }

    #[test]
    fn host_bits_are_cleared_and_single_addresses_are_networks() {
        assert_eq!(read("10.1.2.3/16").to_string(), "10.1.0.0/16");
        assert_eq!(read("10.1.2.3").to_string(), "10.1.2.3/32");
        assert_eq!(read("2001:db8::1/32").to_string(), "2001:db8::/32");
        assert_eq!(read("::/0"), Network::everything(Family::V6));
    }

    #[test]
    fn what_is_no_network_is_not_read() {
        for text in [
            "",
            "10.1.2",
            "10.1.2.3/33",
            "10.1.2.3/",
            "10.0.0.0/+8",
            "::1/129",
            "a; flush ruleset",
        ] {
            assert_eq!(Network::read(text), None, "{text}");
        }
    }

    #[test]
    fn no_network_stays_inside_another() {
        let kept = disjoint(["10.1.0.0/16", "10.0.0.0/8", "10.9.9.9", "11.0.0.1", "::1", "::/0"].map(read));
        let texts: Vec<String> = kept.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["10.0.0.0/8", "11.0.0.1/32", "::/0"]);
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["0.0.0.0/0", "10.1.2.0/24", "10.1.2.3", "::/0", "2001:db8::7"] {
            assert_eq!(Network::from_json(&read(text).json()), Some(read(text)));
        }
        assert_eq!(
            Network::from_json(&serde_json::json!("10.1.2.3")),
            Some(read("10.1.2.3"))
        );
        assert_eq!(
            Network::from_json(&serde_json::json!({"range": ["10.0.0.1", "10.0.0.9"]})),
            None
        );
    }
}
