//! An attack graph as a table of edges, `src,dst,type`, such as DBCreator's Active Directory graphs.
//!
//! Such a table has no types of nodes; they follow from the edges: what one is a member of is a group, what one
//! administers or has a session on is a computer, the rest are users. A line `# DA=N` (or `# jewel=N`) names the node that
//! must not be reached.

use rustc_hash::FxHashMap;

use super::graph::{GraphImport, Object, ObjectKind};
use super::{ImportError, Imported};
use crate::{Jewel, Principal};

#[derive(Clone, Copy, Default)]
struct Seen {
    is_group: bool,
    is_computer: bool,
    has_credentials: bool,
}

/// Imports a table of edges.
///
/// # Errors
/// If there is no edge in it.
pub fn import(name: &str, text: &str) -> Result<Imported, ImportError> {
    let mut graph = GraphImport::new(name);
    let mut jewels: Vec<&str> = Vec::new();
    let mut edges = Vec::new();
    for (number, line) in (1_u64..).zip(text.lines()) {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            jewels.extend(
                comment
                    .split_once('=')
                    .map(|(_, node)| node.trim())
                    .filter(|node| !node.is_empty()),
            );
            continue;
        }
        let mut columns = line.split(',').map(str::trim);
        match (columns.next(), columns.next(), columns.next(), columns.next()) {
            (Some("src"), Some("dst"), ..) | (Some(""), None, ..) => {}
            (Some(from), Some(to), Some(kind), None) if ![from, to, kind].contains(&"") => {
                edges.push((number, from, to, kind));
            }
            _ => graph
                .report
                .skip("a line that is not `src,dst,type`", || format!("{name}:{number}")),
        }
    }
    if edges.is_empty() {
        return Err(ImportError::Nothing {
            help: "expected lines `src,dst,type`",
        });
    }
    objects(&mut graph, &edges);
    for (number, from, to, kind) in edges {
        add_edge(&mut graph, name, number, (from, to, kind));
    }
    let mut imported = graph.finish();
    mark_jewels(&mut imported, &jewels);
    Ok(imported)
}

fn objects(graph: &mut GraphImport, edges: &[(u64, &str, &str, &str)]) {
    let mut seen: FxHashMap<&str, Seen> = FxHashMap::default();
    let mut order = Vec::new();
    for (_, from, to, kind) in edges {
        for node in [from, to] {
            seen.entry(node).or_insert_with(|| {
                order.push(*node);
                Seen::default()
            });
        }
        let (of_from, of_to) = match *kind {
            "MemberOf" => (
                Seen::default(),
                Seen {
                    is_group: true,
                    ..Seen::default()
                },
            ),
            "HasSession" => (
                Seen {
                    is_computer: true,
                    ..Seen::default()
                },
                Seen {
                    has_credentials: true,
                    ..Seen::default()
                },
            ),
            "AdminTo" | "CanRDP" | "CanPSRemote" | "ExecuteDCOM" | "SQLAdmin" | "AllowedToDelegate" => (
                Seen::default(),
                Seen {
                    is_computer: true,
                    ..Seen::default()
                },
            ),
            _ => continue,
        };
        for (node, more) in [(from, of_from), (to, of_to)] {
            if let Some(known) = seen.get_mut(node) {
                known.is_group |= more.is_group;
                known.is_computer |= more.is_computer;
                known.has_credentials |= more.has_credentials;
            }
        }
    }
    for node in order {
        add_object(graph, node, seen.get(node).copied().unwrap_or_default());
    }
}

fn add_object(graph: &mut GraphImport, node: &str, seen: Seen) {
    let kind = match (seen.is_computer, seen.is_group) {
        (true, _) => ObjectKind::Computer,
        (false, true) => ObjectKind::Group,
        (false, false) => ObjectKind::User,
    };
    graph.report.read(match kind {
        ObjectKind::Computer => "computers",
        ObjectKind::Group => "groups",
        _ => "users",
    });
    graph.object(
        node,
        kind,
        Object {
            name: node.to_owned(),
            enabled: true,
            ..Object::default()
        },
    );
    if kind == ObjectKind::Group && seen.has_credentials {
        // Several nodes merged into one: its members' credentials get an account of their own.
        let account = merged(node);
        let name = format!("an account of {node}");
        graph.object(
            &account,
            ObjectKind::User,
            Object {
                name,
                enabled: true,
                ..Object::default()
            },
        );
        graph.relation("MemberOf", &account, node, &|| node.to_owned());
    }
}

fn merged(node: &str) -> String {
    format!("{node}\u{0}account")
}

fn add_edge(graph: &mut GraphImport, name: &str, number: u64, (from, to, kind): (&str, &str, &str)) {
    let place = || format!("{name}:{number}");
    let account = merged(to);
    if kind == "HasSession" && graph.knows(&account) {
        graph.relation(kind, from, &account, &place);
    } else {
        graph.relation(kind, from, to, &place);
    }
}

fn mark_jewels(imported: &mut Imported, jewels: &[&str]) {
    let jewel = Some(Jewel {
        loss: None,
        never: true,
        inferred: false,
    });
    for node in jewels {
        let entity = find(&imported.estate, node);
        let estate = &mut imported.estate;
        match entity {
            Some(Principal::Account(id)) => estate.accounts.get_mut(id.index()).map(|one| one.jewel = jewel),
            Some(Principal::Group(id)) => estate.groups.get_mut(id.index()).map(|one| one.jewel = jewel),
            Some(Principal::System(id)) => estate.systems.get_mut(id.index()).map(|one| one.jewel = jewel),
            None => {
                imported
                    .report
                    .skip("a jewel that no edge names", || (*node).to_owned());
                None
            }
        };
    }
}

fn find(estate: &crate::Estate, node: &str) -> Option<Principal> {
    let group = estate
        .groups_with_ids()
        .find(|(_, one)| one.name == node)
        .map(|(id, _)| Principal::Group(id));
    let system = || {
        estate
            .systems_with_ids()
            .find(|(_, one)| one.name == node)
            .map(|(id, _)| Principal::System(id))
    };
    let account = || {
        estate
            .accounts_with_ids()
            .find(|(_, one)| one.name == node)
            .map(|(id, _)| Principal::Account(id))
    };
    group.or_else(system).or_else(account)
}
