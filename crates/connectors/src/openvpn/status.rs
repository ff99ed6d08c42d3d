//! The list of clients, as `status 3` gives it: lines of fields between tabs, their order in header lines.

use std::collections::BTreeSet;

/// Most clients that are listed. The largest servers have some thousand.
const CLIENTS_MAX: usize = 200_000;

/// The name of a client that has not yet proved who it is.
const UNPROVED: &str = "UNDEF";

/// A client of the VPN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// Its number at the server, new with each session.
    pub(crate) id: u64,
    /// Its common name.
    pub(crate) name: String,
    /// Since when it is connected, in seconds since 1970.
    pub(crate) since: i64,
    /// True if it has an address in the VPN or a route to it. One that was refused stays listed some seconds, without either.
    pub(crate) live: bool,
}

/// A status that is being read.
#[derive(Debug, Default)]
pub(crate) struct Status {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The real addresses of which the routing table knows.
    routed: BTreeSet<String>,
}

impl Status {
    /// Takes one line. What is not about clients is passed over.
    pub(crate) fn add(&mut self, line: &str) {
        let fields: Vec<&str> = line.split('\t').collect();
        let owned = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect();
        match fields.as_slice() {
            ["HEADER", "CLIENT_LIST", columns @ ..] => self.columns = owned(columns),
            ["CLIENT_LIST", row @ ..] if self.rows.len() < CLIENTS_MAX => self.rows.push(owned(row)),
            ["ROUTING_TABLE", _, _, real, ..] if self.routed.len() < CLIENTS_MAX => {
                self.routed.insert((*real).to_owned());
            }
            _ => {}
        }
    }

    /// The clients; none if the list cannot be understood. A row without a number is passed over.
    pub(crate) fn clients(self) -> Option<Vec<Client>> {
        let column = |name: &str| self.columns.iter().position(|column| column == name);
        let (name, id) = (column("Common Name")?, column("Client ID")?);
        let (since, real) = (column("Connected Since (time_t)")?, column("Real Address")?);
        let addresses = [column("Virtual Address"), column("Virtual IPv6 Address")];
        let clients = self.rows.iter().filter_map(|row| {
            let field = |at: usize| row.get(at).map(String::as_str).unwrap_or_default();
            let has_address = addresses.iter().flatten().any(|at| !field(*at).is_empty());
            Some(Client {
                id: field(id).parse().ok()?,
                name: field(name).to_owned(),
                since: field(since).parse().unwrap_or(0),
                live: has_address || self.routed.contains(field(real)),
            })
        });
        Some(clients.filter(|client| client.name != UNPROVED).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_found_by_the_header_and_garbage_is_passed_over() {
        let mut status = Status::default();
        for line in [
            "TITLE\tOpenVPN",
            "HEADER\tCLIENT_LIST\tClient ID\tCommon Name\tReal Address\tVirtual Address\tConnected Since (time_t)",
            "CLIENT_LIST\t7\tpat\t192.0.2.1:9\t10.8.0.2\t1700000000",
            "CLIENT_LIST\t8\trefused\t192.0.2.1:10\t\t1700000001",
            "CLIENT_LIST\t9\ttap\t192.0.2.1:11\t\t1700000002",
            "CLIENT_LIST\tx\tno number\t\t\t",
            "CLIENT_LIST\t10\tUNDEF\t\t\t",
            "CLIENT_LIST",
            "ROUTING_TABLE\t02:00:00:00:00:01\ttap\t192.0.2.1:11\tnow",
            "\t\t\t",
        ] {
            status.add(line);
        }
        let clients = status.clients().unwrap();
        let seen: Vec<(u64, &str, bool)> = clients
            .iter()
            .map(|client| (client.id, client.name.as_str(), client.live))
            .collect();
        assert_eq!(seen, [(7, "pat", true), (8, "refused", false), (9, "tap", true)]);
        assert_eq!(Status::default().clients(), None);
    }
}
