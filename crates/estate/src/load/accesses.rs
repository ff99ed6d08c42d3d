//! Accesses in all their forms.

use super::diagnostic::Span;
use super::fields::{
    Fields, fields, listed, mapping, parsed, shortened, truth, unchecked, unknown_key, word, wrong_type,
};
use super::keys;
use super::node::{Node, Value};
use super::reader::{Kind, Reader};
use super::similar::nearest;
use crate::limits::ACCESSES_PER_ENTRY_MAX;
use crate::{
    AccessId, AccessKind, AccountId, GroupId, Place, Ports, Principal, Protocol, SystemId, Target, ZoneId,
};

impl Reader<'_> {
    /// The accesses that an entry stands for. `stated` is false where it is only mentioned, as in a requirement.
    pub(super) fn access(&mut self, node: &Node<'_>, stated: bool) -> Vec<AccessId> {
        if mapping(node, "an access", &mut self.found).is_none() {
            return Vec::new();
        }
        let Some(entry) = unchecked(node) else {
            return Vec::new();
        };
        let Some((form, others)) = keys::ACCESS
            .iter()
            .find(|(form, _)| entry.first_of([*form].into_iter()).is_some())
            .copied()
        else {
            self.no_form(node);
            return Vec::new();
        };
        self.check_keys(node, form, others);
        let kinds = self.kinds(form, &entry);
        let provenance = self.provenance(&entry, node.span);
        kinds
            .into_iter()
            .map(|kind| self.add_access(kind, provenance, node.span, stated))
            .collect()
    }

    fn no_form(&mut self, node: &Node<'_>) {
        let forms: Vec<&str> = keys::ACCESS.iter().map(|(form, _)| *form).collect();
        let Value::Map(pairs) = &node.value else { return };
        let near = pairs.iter().find_map(|(key, _)| {
            let key = key.text()?;
            Some((key, nearest(key, forms.iter().copied())?))
        });
        match near {
            Some((key, near)) => {
                let help = format!("did you mean `{near}`?");
                self.found.error(
                    "unknown-key",
                    node.span,
                    format!("an access has no `{key}`"),
                    Some(help),
                );
            }
            None => {
                let help = format!("give it one of {}", listed(&forms));
                self.found.error(
                    "no-access",
                    node.span,
                    "this says no access".to_owned(),
                    Some(help),
                );
            }
        }
    }

    fn check_keys(&mut self, node: &Node<'_>, form: &'static str, others: &'static [(&'static str, bool)]) {
        let Value::Map(pairs) = &node.value else { return };
        let known = |key: &str| {
            key == form || others.iter().any(|(other, _)| *other == key) || keys::ACCESS_ALWAYS.contains(&key)
        };
        for (index, (key, _)) in pairs.iter().enumerate() {
            let Some(name) = key.text() else {
                wrong_type(
                    key,
                    "a key is a word",
                    "write a name before the colon",
                    &mut self.found,
                );
                continue;
            };
            if !known(name) {
                let all: Vec<&str> = [form]
                    .into_iter()
                    .chain(others.iter().map(|(key, _)| *key))
                    .chain(keys::ACCESS_ALWAYS.iter().copied())
                    .collect();
                unknown_key(
                    key.span,
                    name,
                    &format!("an access with `{form}`"),
                    &all,
                    &mut self.found,
                );
            } else if pairs
                .iter()
                .take(index)
                .any(|(earlier, _)| earlier.text() == Some(name))
            {
                self.found.error(
                    "duplicate-key",
                    key.span,
                    format!("`{name}` is there twice"),
                    Some("keep one".to_owned()),
                );
            }
        }
        for (key, _) in others.iter().filter(|(_, required)| *required) {
            if !pairs
                .iter()
                .any(|(name, value)| name.text() == Some(key) && !matches!(value.value, Value::Null))
            {
                self.missing(node.span, &format!("an access with `{form}`"), key);
            }
        }
    }

    fn kinds(&mut self, form: &str, entry: &Fields<'_, '_>) -> Vec<AccessKind> {
        match form {
            "flow" => self.flows(entry),
            "member" => self.memberships(entry),
            "session" => self.sessions(entry),
            "recovery" => self.recoveries(entry),
            "right" => self.rights(entry),
            "control" => self.controls(entry),
            "remote-access" => self.remote_accesses(entry),
            _ => self.assignments(entry),
        }
    }

    fn memberships(&mut self, entry: &Fields<'_, '_>) -> Vec<AccessKind> {
        let members = self.principals(entry.get("member"));
        let groups = self.ids(entry.get("of"), Kind::Group);
        self.product(entry, &members, &groups, |member, group| AccessKind::Membership {
            member,
            group: GroupId(group),
        })
    }

    fn sessions(&mut self, entry: &Fields<'_, '_>) -> Vec<AccessKind> {
        let accounts = self.ids(entry.get("session"), Kind::Account);
        let systems = self.ids(entry.get("on"), Kind::System);
        self.product(entry, &accounts, &systems, |account, system| {
            AccessKind::Session {
                account: AccountId(account),
                system: SystemId(system),
            }
        })
    }

    fn recoveries(&mut self, entry: &Fields<'_, '_>) -> Vec<AccessKind> {
        let of = self.principals(entry.get("recovery"));
        let from = self.ids(entry.get("from"), Kind::Zone);
        self.product(entry, &of, &from, |of, from| AccessKind::Recovery {
            of,
            from: ZoneId(from),
        })
    }

    fn rights(&mut self, entry: &Fields<'_, '_>) -> Vec<AccessKind> {
        let holders = self.principals(entry.get("holder"));
        let on: Vec<Target> = entry
            .get("on")
            .into_iter()
            .flat_map(Node::each)
            .filter_map(|node| self.target(node))
            .collect();
        let Some(means) = word(entry.get("right"), &mut self.found) else {
            return Vec::new();
        };
        self.product(entry, &holders, &on, |holder, on| AccessKind::Right {
            holder,
            on,
            means,
        })
    }

    fn controls(&mut self, entry: &Fields<'_, '_>) -> Vec<AccessKind> {
        let holders = self.principals(entry.get("holder"));
        let over = self.principals(entry.get("over"));
        let Some(by) = word(entry.get("control"), &mut self.found) else {
            return Vec::new();
        };
        self.product(entry, &holders, &over, |holder, over| AccessKind::Control {
            holder,
            over,
            by,
        })
    }

    fn remote_accesses(&mut self, entry: &Fields<'_, '_>) -> Vec<AccessKind> {
        let holders = self.principals(entry.get("holder"));
        let gateway = self.refer_one(entry.get("remote-access"), Kind::System);
        let into = self.refer_one(entry.get("into"), Kind::Zone);
        let Some((gateway, into)) = gateway.zip(into) else {
            return Vec::new();
        };
        let (gateway, into) = (SystemId(gateway), ZoneId(into));
        holders
            .into_iter()
            .map(|holder| AccessKind::RemoteAccess {
                holder,
                gateway,
                into,
            })
            .collect()
    }

    fn assignments(&mut self, entry: &Fields<'_, '_>) -> Vec<AccessKind> {
        let holders = self.principals(entry.get("holder"));
        let apps = self.ids(entry.get("application"), Kind::System);
        let admin = truth(entry.get("admin"), &mut self.found).unwrap_or(false);
        self.product(entry, &holders, &apps, |holder, app| AccessKind::Assignment {
            holder,
            app: SystemId(app),
            admin,
        })
    }

    fn flows(&mut self, entry: &Fields<'_, '_>) -> Vec<AccessKind> {
        let ends = entry.get("flow").and_then(|node| self.ends(node));
        let ports = match entry.get("port") {
            None => vec![Ports::Any],
            Some(node) => node.each().iter().filter_map(|node| self.ports(node)).collect(),
        };
        let Some((from, to)) = ends else { return Vec::new() };
        ports
            .into_iter()
            .map(|ports| AccessKind::Flow { from, to, ports })
            .collect()
    }

    fn ports(&mut self, node: &Node<'_>) -> Option<Ports> {
        parsed(
            Some(node),
            "a port",
            "write `5432`, `53/udp` or `any`",
            &mut self.found,
            ports,
        )
    }

    /// `a -> b`, or `{ from: a, to: b }`.
    pub(super) fn ends(&mut self, node: &Node<'_>) -> Option<(Place, Place)> {
        if let Some(text) = node.text() {
            let Some((from, to)) = text.split_once("->") else {
                let message = format!("`{}` is not a flow", shortened(text));
                let help = "write where it starts and ends: `dmz -> data`".to_owned();
                self.found.error("wrong-value", node.span, message, Some(help));
                return None;
            };
            let from = self.refer_text(from.trim(), node.span, PLACES).map(place);
            let to = self.refer_text(to.trim(), node.span, PLACES).map(place);
            return from.zip(to);
        }
        if matches!(node.value, Value::List(_)) {
            wrong_type(
                node,
                "a flow has two ends",
                "write `dmz -> data`",
                &mut self.found,
            );
            return None;
        }
        let entry = fields(node, "a flow", keys::ENDS, &mut self.found)?;
        let from = entry.get("from").and_then(|node| self.place(node));
        let to = entry.get("to").and_then(|node| self.place(node));
        for key in keys::ENDS {
            if entry.get(key).is_none() {
                self.missing(node.span, "a flow", key);
            }
        }
        from.zip(to)
    }

    /// A zone or a system.
    pub(super) fn place(&mut self, node: &Node<'_>) -> Option<Place> {
        self.refer(node, PLACES).map(place)
    }

    /// A system, or a group of systems.
    fn target(&mut self, node: &Node<'_>) -> Option<Target> {
        Some(match self.refer(node, &[Kind::System, Kind::Group])? {
            (Kind::Group, id) => Target::Group(GroupId(id)),
            (_, id) => Target::System(SystemId(id)),
        })
    }

    fn principals(&mut self, node: Option<&Node<'_>>) -> Vec<Principal> {
        node.into_iter()
            .flat_map(Node::each)
            .filter_map(|node| self.principal(node))
            .collect()
    }

    fn ids(&mut self, node: Option<&Node<'_>>, kind: Kind) -> Vec<u32> {
        node.into_iter()
            .flat_map(Node::each)
            .filter_map(|node| self.refer_one(Some(node), kind))
            .collect()
    }

    fn product<A: Copy, B: Copy>(
        &mut self,
        entry: &Fields<'_, '_>,
        holders: &[A],
        things: &[B],
        make: impl Fn(A, B) -> AccessKind,
    ) -> Vec<AccessKind> {
        let count = holders.len().saturating_mul(things.len());
        if count > ACCESSES_PER_ENTRY_MAX {
            return self.too_many(entry.span, count);
        }
        let pairs = holders
            .iter()
            .flat_map(|holder| things.iter().map(move |thing| (*holder, *thing)));
        pairs.map(|(holder, thing)| make(holder, thing)).collect()
    }

    fn too_many(&mut self, span: Span, count: usize) -> Vec<AccessKind> {
        let message = format!("this stands for {count} accesses; at most {ACCESSES_PER_ENTRY_MAX} are read");
        self.found.error(
            "too-many-accesses",
            span,
            message,
            Some("name a group in place of its members".to_owned()),
        );
        Vec::new()
    }
}

pub(super) const PLACES: &[Kind] = &[Kind::Zone, Kind::System];

fn place((kind, id): (Kind, u32)) -> Place {
    if kind == Kind::Zone {
        Place::Zone(ZoneId(id))
    } else {
        Place::System(SystemId(id))
    }
}

/// `any`, `5432`, `5432/tcp`, `53/udp`.
fn ports(text: &str) -> Option<Ports> {
    if text == "any" {
        return Some(Ports::Any);
    }
    let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return None,
    };
    Some(Ports::One(protocol, port.parse().ok()?))
}

/// The ports as the format has them.
pub(super) fn ports_text(ports: Ports) -> String {
    match ports {
        Ports::Any => "any".to_owned(),
        Ports::One(Protocol::Tcp, port) => port.to_string(),
        Ports::One(Protocol::Udp, port) => format!("{port}/udp"),
    }
}
