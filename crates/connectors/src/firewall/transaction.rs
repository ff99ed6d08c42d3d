//! The orders to nft: each is one transaction, which the kernel carries out whole or not at all.

use serde_json::{Value, json};

use super::listing::{HOOKS, Listing, WITHDRAWN};
use super::network::Network;
use super::shape::{REFUSE, Rule, Shape};

/// The family and name of Cordon's table.
pub(crate) const FAMILY: &str = "inet";
/// The name of Cordon's table.
pub(crate) const TABLE: &str = "cordon";

/// How a withdrawal is written.
pub(crate) struct Writing<'a> {
    /// Priority of the chains at their hooks.
    pub(crate) priority: i32,
    /// True if the jump to the target's chain stands already.
    pub(crate) is_led_to: bool,
    /// The comment of the elements.
    pub(crate) comment: &'a str,
    /// Their timeout; none is without end.
    pub(crate) lease_seconds: Option<u64>,
}

/// Makes a withdrawal with these rules, or makes it anew if something of it stands.
pub(crate) fn withdraw(shape: &Shape, rules: Vec<Rule>, writing: &Writing<'_>) -> Value {
    let mut orders = vec![json!({"add": {"table": {"family": FAMILY, "name": TABLE}}})];
    orders.extend(fixed_chains(writing.priority));
    let chain = shape.chain();
    // A chain can be removed only when nothing leads to it: what stands of the target is emptied, not removed.
    for (name, (family, _)) in shape.sets() {
        orders.push(order(
            "add",
            "set",
            json!({"name": name, "type": family.address_type(), "flags": ["interval", "timeout"]}),
        ));
    }
    orders.extend(elements(shape, writing.comment, writing.lease_seconds));
    orders.extend(emptied(&chain));
    for rule in rules {
        let mut expressions = rule.matches;
        expressions.push(json!({"counter": null}));
        expressions.push(json!({"goto": {"target": REFUSE}}));
        orders.push(self::rule(&chain, &rule.name, &expressions));
    }
    if !writing.is_led_to {
        orders.push(rule(
            WITHDRAWN,
            &shape.digest,
            &[json!({"jump": {"target": chain}})],
        ));
    }
    transaction(&orders)
}

/// Gives the elements of a withdrawal another comment and lease: all are deleted and added in one transaction, because adding an
/// element that stands does not reliably extend it.
pub(crate) fn renew(shape: &Shape, comment: &str, lease_seconds: Option<u64>) -> Value {
    transaction(&elements(shape, comment, lease_seconds))
}

/// Removes everything of a target, and the table with its last target.
pub(crate) fn lift(shape: &Shape, listing: &Listing) -> Value {
    let mut orders: Vec<Value> = listing
        .jumps(shape)
        .into_iter()
        .map(|handle| order("delete", "rule", json!({"chain": WITHDRAWN, "handle": handle})))
        .collect();
    let chain = shape.chain();
    if listing.has_chain(&chain) {
        orders.extend(removed(&chain));
    }
    for name in listing.sets_of(shape) {
        orders.push(order("delete", "set", json!({"name": name})));
    }
    if listing.has_table && listing.holds_only(shape) {
        orders.extend(table_removed(listing));
    }
    transaction(&orders)
}

/// Removes the fixed chains, then the table. [`WITHDRAWN`] is not emptied: if another target came in since the listing, the kernel
/// refuses to delete the chain, and with it the whole transaction.
fn table_removed(listing: &Listing) -> Vec<Value> {
    let mut orders = Vec::new();
    for hook in HOOKS.into_iter().filter(|hook| listing.has_chain(hook)) {
        orders.extend(removed(hook));
    }
    if listing.has_chain(WITHDRAWN) {
        orders.push(order("delete", "chain", json!({"name": WITHDRAWN})));
    }
    if listing.has_chain(REFUSE) {
        orders.extend(removed(REFUSE));
    }
    orders.push(json!({"delete": {"table": {"family": FAMILY, "name": TABLE}}}));
    orders
}

fn elements(shape: &Shape, comment: &str, lease_seconds: Option<u64>) -> Vec<Value> {
    let element = |network: &Network| {
        let mut element = json!({"val": network.json(), "comment": comment});
        if let (Some(seconds), Some(fields)) = (lease_seconds, element.as_object_mut()) {
            fields.insert("timeout".to_owned(), json!(seconds));
        }
        json!({"elem": element})
    };
    shape
        .sets()
        .into_iter()
        .flat_map(|(name, (_, networks))| {
            let elements: Vec<Value> = networks.iter().map(element).collect();
            [
                order("flush", "set", json!({"name": name})),
                order("add", "element", json!({"name": name, "elem": elements})),
            ]
        })
        .collect()
}

/// The chains that every target shares, their rules written anew.
///
/// At the input and output hooks passes what never carries an intruder and without which refusing would fail: loopback, resets and
/// ICMP errors that this host itself sends, and neighbour discovery.
fn fixed_chains(priority: i32) -> Vec<Value> {
    let is_tcp = json!({"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "tcp"}});
    let mut orders = emptied(REFUSE);
    orders.push(rule(
        REFUSE,
        "tcp",
        &[is_tcp, json!({"reject": {"type": "tcp reset"}})],
    ));
    orders.push(rule(
        REFUSE,
        "others",
        &[json!({"reject": {"type": "icmpx", "expr": "admin-prohibited"}})],
    ));
    orders.push(order("add", "chain", json!({"name": WITHDRAWN})));
    for hook in HOOKS {
        let chain =
            json!({"name": hook, "type": "filter", "hook": hook, "prio": priority, "policy": "accept"});
        orders.push(order("add", "chain", chain));
        orders.push(order("flush", "chain", json!({"name": hook})));
        for (name, matches) in exemptions(hook) {
            orders.push(rule(hook, name, &[matches, json!({"accept": null})]));
        }
        orders.push(rule(hook, "withdrawn", &[json!({"jump": {"target": WITHDRAWN}})]));
    }
    orders
}

fn exemptions(hook: &str) -> Vec<(&'static str, Value)> {
    let is = |left: Value, right: Value| json!({"match": {"op": "==", "left": left, "right": right}});
    let payload = |protocol: &str, field: &str| json!({"payload": {"protocol": protocol, "field": field}});
    let neighbours = json!({"set": ["nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert"]});
    let interface = match hook {
        "input" => "iifname",
        "output" => "oifname",
        _ => return Vec::new(),
    };
    let mut exempt = vec![
        ("loopback", is(json!({"meta": {"key": interface}}), json!("lo"))),
        ("neighbours", is(payload("icmpv6", "type"), neighbours)),
    ];
    if hook == "output" {
        let resets = json!({"match": {"op": "in", "left": payload("tcp", "flags"), "right": "rst"}});
        exempt.push(("resets", resets));
        for (name, protocol) in [("errors 4", "icmp"), ("errors 6", "icmpv6")] {
            exempt.push((
                name,
                is(payload(protocol, "type"), json!("destination-unreachable")),
            ));
        }
    }
    exempt
}

/// A chain that stands, empty.
fn emptied(chain: &str) -> Vec<Value> {
    vec![
        order("add", "chain", json!({"name": chain})),
        order("flush", "chain", json!({"name": chain})),
    ]
}

/// A chain that stands no more, with its rules.
fn removed(chain: &str) -> Vec<Value> {
    vec![
        order("flush", "chain", json!({"name": chain})),
        order("delete", "chain", json!({"name": chain})),
    ]
}

fn rule(chain: &str, comment: &str, expressions: &[Value]) -> Value {
    order(
        "add",
        "rule",
        json!({"chain": chain, "comment": comment, "expr": expressions}),
    )
}

/// One order about an object of Cordon's table.
fn order(verb: &str, kind: &str, mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert("family".to_owned(), json!(FAMILY));
        fields.insert("table".to_owned(), json!(TABLE));
    }
    json!({verb: {kind: object}})
}

fn transaction(orders: &[Value]) -> Value {
    json!({"nftables": orders})
}
