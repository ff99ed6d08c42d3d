//! Reads what stands in Cordon's table, from the listing that nft writes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::network::Network;
use super::shape::{OPENED, REFUSE, Shape};
use super::{Held, State};

/// The chain that jumps to the targets' chains.
pub(crate) const WITHDRAWN: &str = "withdrawn";

/// The chains at hooks: each is named after its hook.
pub(crate) const HOOKS: [&str; 3] = ["forward", "input", "output"];

/// What is appended to a mark while a withdrawal is on trial.
const TRIAL: &str = " trial";

/// The comment of elements on trial.
pub(crate) fn trial_comment(mark: &str) -> String {
    format!("{mark}{TRIAL}")
}

/// Cordon's table as it stands.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// True if there is a table.
    pub(crate) has_table: bool,
    sets: BTreeMap<String, Vec<Element>>,
    chains: BTreeMap<String, Vec<ListedRule>>,
    /// Objects of a kind that Cordon never makes.
    foreign: usize,
}

/// One element of a set; `network` is none if it is of a form that Cordon never writes.
#[derive(Debug)]
struct Element {
    network: Option<Network>,
    comment: String,
    expires_seconds: Option<u64>,
    has_timeout: bool,
}

/// One rule.
#[derive(Debug)]
struct ListedRule {
    handle: u64,
    comment: String,
    /// Where it jumps or goes to at its end, if it does.
    to: String,
    packets: u64,
}

impl Listing {
    /// Reads the reply of `nft -j list table`. What cannot be read counts as foreign, never as Cordon's.
    pub(crate) fn read(reply: &Value) -> Self {
        let mut listing = Self {
            has_table: true,
            ..Self::default()
        };
        let objects = reply.get("nftables").and_then(Value::as_array);
        for object in objects.into_iter().flatten() {
            listing.add(object);
        }
        listing
    }

    fn add(&mut self, object: &Value) {
        if let Some(set) = object.get("set") {
            self.sets.insert(text(set, "name"), elements(set));
        } else if let Some(chain) = object.get("chain") {
            self.chains.entry(text(chain, "name")).or_default();
        } else if let Some(rule) = object.get("rule") {
            let chain = self.chains.entry(text(rule, "chain")).or_default();
            chain.push(ListedRule::read(rule));
        } else if object.get("metainfo").is_none() && object.get("table").is_none() {
            self.foreign += 1;
        }
    }

    /// What stands of a target.
    pub(crate) fn state(&self, shape: &Shape) -> State {
        let elements: Vec<&Element> = self.elements(shape).collect();
        let comments: BTreeSet<&str> = elements.iter().map(|element| element.comment.as_str()).collect();
        let Some(comment) = comments.first() else {
            return State {
                held: Held::None,
                mark: None,
                part: None,
            };
        };
        let complete = comments.len() == 1 && self.has_networks(shape) && self.has_rules(shape);
        let held = if comments.iter().all(|comment| comment.ends_with(TRIAL)) {
            Held::Trial
        } else if complete {
            Held::All
        } else {
            Held::Part
        };
        let mark = comment.strip_suffix(TRIAL).unwrap_or(comment);
        State {
            held,
            mark: mark.starts_with("cordon:").then(|| mark.to_owned()),
            part: (held == Held::Part).then(|| self.part_digest(shape)),
        }
    }

    fn elements<'a>(&'a self, shape: &'a Shape) -> impl Iterator<Item = &'a Element> {
        self.sets
            .iter()
            .filter(|(name, _)| shape.owns_set(name))
            .flat_map(|(_, elements)| elements)
    }

    fn has_networks(&self, shape: &Shape) -> bool {
        shape.sets().iter().all(|(name, (_, wanted))| {
            let found: Option<BTreeSet<Network>> = self
                .sets
                .get(name)
                .and_then(|elements| elements.iter().map(|element| element.network).collect());
            found.as_ref() == Some(wanted)
        })
    }

    /// True if the target's rules stand, and every chain on the way from the hooks to the refusal.
    fn has_rules(&self, shape: &Shape) -> bool {
        let chain = shape.chain();
        let wanted: Vec<(String, &str)> = shape
            .rules()
            .into_iter()
            .map(|rule| (rule.name, REFUSE))
            .collect();
        let found: Vec<(String, &str)> = self
            .rules(&chain)
            .map(|rule| (rule.comment.clone(), rule.to.as_str()))
            .collect();
        found == wanted
            && self.leads(WITHDRAWN, &chain)
            && HOOKS.iter().all(|hook| self.leads(hook, WITHDRAWN))
            && self.rules(REFUSE).count() >= 2
    }

    fn rules(&self, chain: &str) -> impl Iterator<Item = &ListedRule> {
        self.chains.get(chain).into_iter().flatten()
    }

    /// True if a chain has a rule that leads to another.
    pub(crate) fn leads(&self, chain: &str, to: &str) -> bool {
        self.rules(chain).any(|rule| rule.to == to)
    }

    /// The handles of the rules of [`WITHDRAWN`] that jump to a target's chain.
    pub(crate) fn jumps(&self, shape: &Shape) -> Vec<u64> {
        let chain = shape.chain();
        self.rules(WITHDRAWN)
            .filter(|rule| rule.to == chain)
            .map(|rule| rule.handle)
            .collect()
    }

    /// The sets of a target that stand, whatever is in them.
    pub(crate) fn sets_of(&self, shape: &Shape) -> Vec<&str> {
        self.sets
            .keys()
            .filter(|name| shape.owns_set(name))
            .map(String::as_str)
            .collect()
    }

    /// True if a chain stands.
    pub(crate) fn has_chain(&self, name: &str) -> bool {
        self.chains.contains_key(name)
    }

    /// True if something of a target stands, be it empty.
    pub(crate) fn has_remains(&self, shape: &Shape) -> bool {
        self.has_chain(&shape.chain()) || !self.sets_of(shape).is_empty()
    }

    /// True if the table holds nothing but this target and Cordon's fixed chains.
    pub(crate) fn holds_only(&self, shape: &Shape) -> bool {
        let own = shape.chain();
        let fixed = |name: &str| name == WITHDRAWN || name == REFUSE || HOOKS.contains(&name);
        self.foreign == 0
            && self.chains.keys().all(|name| *name == own || fixed(name))
            && self.sets.keys().all(|name| shape.owns_set(name))
            && self.rules(WITHDRAWN).all(|rule| rule.to == own)
    }

    /// True if the lease that stands ends before the one wanted; one without end never does.
    pub(crate) fn ends_before(&self, shape: &Shape, wanted_seconds: Option<u64>) -> bool {
        let mut bounded = self.elements(shape).filter(|element| element.has_timeout);
        match wanted_seconds {
            None => bounded.next().is_some(),
            Some(wanted) => bounded.any(|element| element.expires_seconds.unwrap_or(0) + 1 < wanted),
        }
    }

    /// True if a flow is withdrawn, so that connections are tracked.
    pub(crate) fn tracks(&self) -> bool {
        self.chains
            .values()
            .flatten()
            .any(|rule| rule.comment.starts_with(OPENED))
    }

    /// How many packets a target's rules have refused.
    pub(crate) fn packets(&self, shape: &Shape) -> u64 {
        self.rules(&shape.chain())
            .map(|rule| rule.packets)
            .fold(0, u64::saturating_add)
    }

    /// A digest of an incomplete withdrawal, without what varies by itself.
    fn part_digest(&self, shape: &Shape) -> String {
        let mut digest = Sha256::new();
        for name in self.sets_of(shape) {
            digest.update(name);
            for element in self.sets.get(name).into_iter().flatten() {
                let network = element.network.map(|network| network.to_string());
                digest.update(format!("|{}|{}", network.unwrap_or_default(), element.comment));
            }
        }
        for rule in self.rules(&shape.chain()) {
            digest.update(format!("|{}>{}", rule.comment, rule.to));
        }
        digest.update(format!("|{}", self.leads(WITHDRAWN, &shape.chain())));
        let digest = digest.finalize();
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl ListedRule {
    fn read(rule: &Value) -> Self {
        let expressions = rule.get("expr").and_then(Value::as_array);
        let mut read = Self {
            handle: number(rule, "handle").unwrap_or(0),
            comment: text(rule, "comment"),
            to: String::new(),
            packets: 0,
        };
        for expression in expressions.into_iter().flatten() {
            if let Some(verdict) = expression.get("goto").or_else(|| expression.get("jump")) {
                read.to = text(verdict, "target");
            } else if let Some(counter) = expression.get("counter") {
                read.packets = number(counter, "packets").unwrap_or(0);
            }
        }
        read
    }
}

fn elements(set: &Value) -> Vec<Element> {
    let elements = set.get("elem").and_then(Value::as_array);
    elements.into_iter().flatten().map(Element::read).collect()
}

impl Element {
    /// An element is its bare value, or an object with the value and what it carries.
    fn read(element: &Value) -> Self {
        let inner = element.get("elem");
        let value = inner.and_then(|inner| inner.get("val")).unwrap_or(element);
        let carried = inner.unwrap_or(&Value::Null);
        Self {
            network: Network::from_json(value),
            comment: text(carried, "comment"),
            expires_seconds: number(carried, "expires"),
            has_timeout: number(carried, "timeout").is_some(),
        }
    }
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn number(value: &Value, key: &str) -> Option<u64> {
    value.get(key).and_then(Value::as_u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_act::Target;

    fn shape() -> Shape {
        Shape::of(&Target::Host {
            name: "till".to_owned(),
            addresses: vec!["10.1.2.3".to_owned()],
        })
        .unwrap()
    }

    #[test]
    fn garbage_is_no_withdrawal_and_breaks_nothing() {
        for garbage in [
            serde_json::json!(null),
            serde_json::json!({"nftables": {"set": 1}}),
            serde_json::json!({"nftables": [{"set": 1}, {"rule": {"expr": "x"}}, {"chain": []}, 7, null]}),
        ] {
            let listing = Listing::read(&garbage);
            assert_eq!(listing.state(&shape()).held, Held::None);
        }
    }

    #[test]
    fn elements_without_their_rules_are_a_part() {
        let shape = shape();
        let (name, _) = shape.sets().pop_first().unwrap();
        let reply = serde_json::json!({"nftables": [{"set": {"name": name, "elem": [
            {"elem": {"val": "10.1.2.3", "timeout": 60, "expires": 9, "comment": "cordon:aa"}}]}}]});
        let listing = Listing::read(&reply);
        let state = listing.state(&shape);
        assert_eq!(state.held, Held::Part);
        assert_eq!(state.mark.as_deref(), Some("cordon:aa"));
        assert!(listing.ends_before(&shape, Some(60)));
        assert!(!listing.ends_before(&shape, Some(5)));
    }
}
