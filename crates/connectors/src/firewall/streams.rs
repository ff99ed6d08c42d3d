//! Cuts what is open: makes the connection tracker forget it.
//!
//! The rules alone refuse every packet of an open stream in both directions. To forget it as well ends its pass through hardware or
//! software offload, which no rule sees, and its "established" state in other tables. Forgotten is only what the rules still
//! recognise afterwards: TCP always (a packet that opens nothing), datagrams only by port.

use std::collections::BTreeSet;
use std::time::Instant;

use cordon_act::{PointError, PointErrorKind, Protocol};

use super::kernel::Kernel;
use super::network::{Family, Network};
use super::shape::{Shape, What};

/// Most pairs of networks for which the tracker is searched: each search reads its whole table.
const PAIRS_MAX: usize = 64;

/// Makes the tracker forget a target's open streams.
///
/// # Errors
/// [`PointErrorKind::Unknown`] if it could not be done in time: the rules stand, calling again does the rest.
pub(crate) fn cut(kernel: &Kernel, shape: &Shape, until: Instant) -> Result<(), PointError> {
    for family in shape.families() {
        for filter in filters(shape, family) {
            kernel.forget(&filter, until).map_err(|error| {
                PointError::new(
                    PointErrorKind::Unknown,
                    format!(
                        "new access is refused, but open streams may not be forgotten: {}",
                        error.text
                    ),
                )
            })?;
        }
    }
    Ok(())
}

fn filters(shape: &Shape, family: Family) -> Vec<Vec<String>> {
    let of_family = |networks: &BTreeSet<Network>| -> Vec<Network> {
        networks
            .iter()
            .copied()
            .filter(|one| one.family() == family)
            .collect()
    };
    match &shape.what {
        What::Host { addresses } => of_family(addresses)
            .into_iter()
            .take(PAIRS_MAX)
            .flat_map(|address| [("-s", address), ("-d", address)])
            .map(|(side, address)| filter(family, None, &[(side, address)], None))
            .collect(),
        What::Flow {
            from,
            to,
            protocol,
            port,
        } => {
            let (from, to) = (of_family(from), of_family(to));
            if from.len() * to.len() > PAIRS_MAX {
                return Vec::new();
            }
            let mut found = Vec::new();
            for (near, far) in from
                .iter()
                .flat_map(|near| to.iter().map(move |far| (*near, *far)))
            {
                for name in forgettable(*protocol, *port) {
                    let there = port.map(|port| ("--dport", port));
                    found.push(filter(family, Some(name), &[("-s", near), ("-d", far)], there));
                    if let Some(port) = port {
                        // A stream that was learned in reverse before.
                        let back = Some(("--sport", *port));
                        found.push(filter(family, Some(name), &[("-s", far), ("-d", near)], back));
                    }
                }
            }
            found
        }
    }
}

fn forgettable(protocol: Option<Protocol>, port: Option<u16>) -> Vec<&'static str> {
    let mut names = Vec::new();
    if protocol != Some(Protocol::Udp) {
        names.push("tcp");
    }
    if protocol != Some(Protocol::Tcp) && port.is_some() {
        names.push("udp");
    }
    names
}

fn filter(
    family: Family,
    protocol: Option<&str>,
    sides: &[(&str, Network)],
    port: Option<(&str, u16)>,
) -> Vec<String> {
    let mut words = vec!["-f".to_owned(), family.conntrack_name().to_owned()];
    if let Some(protocol) = protocol {
        words.extend(["-p".to_owned(), protocol.to_owned()]);
    }
    for (side, network) in sides {
        if !network.is_everything() {
            words.extend([(*side).to_owned(), network.to_string()]);
        }
    }
    if let Some((side, port)) = port {
        words.extend([side.to_owned(), port.to_string()]);
    }
    words
}
