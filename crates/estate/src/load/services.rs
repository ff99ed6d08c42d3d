//! Services and what they require, and enforcement points.

use super::diagnostic::Span;
use super::fields::{Fields, distinct, fields, listed, parsed, people, shortened, truth, word, wrong_type};
use super::node::{Node, Value};
use super::quantity::seconds_text;
use super::reader::{Kind, MONEY_HELP, Reader};
use super::similar::nearest;
use super::{keys, quantity};
use crate::{
    AccountId, CostCurve, EnforcementPoint, Fallback, GroupId, Guard, Pence, PointKind, Requirement, Service,
    ServiceId, SystemId,
};

const REQUIRED: &[Kind] = &[Kind::System, Kind::Account, Kind::Service];
const DURATION_HELP: &str = "write a number with its unit: `2s`, `15m`, `24h` or `3d`";

impl Reader<'_> {
    pub(super) fn service(&mut self, name: &str, span: Span, node: &Node<'_>) {
        let mut service = Service {
            name: name.to_owned(),
            protected: false,
            requires: Requirement::All(Vec::new()),
            fallbacks: Vec::new(),
            cost: CostCurve::default(),
            tolerable_downtime_minutes: None,
            people: 0,
            provenance: self.declared(span),
        };
        if let Some(entry) = fields(node, "a service", keys::SERVICE, &mut self.found) {
            service.protected = truth(entry.get("protected"), &mut self.found).unwrap_or(false);
            if let Some(requires) = entry.get("requires") {
                service.requires = self.requirement(requires);
            }
            service.fallbacks = entry
                .get("fallback")
                .map(|node| self.fallbacks(node))
                .unwrap_or_default();
            service.cost = entry
                .get("cost-per-hour")
                .map(|node| self.cost(node))
                .unwrap_or_default();
            let downtime = entry.get("maximum-tolerable-downtime");
            service.tolerable_downtime_minutes = self.duration(downtime).map(|seconds| seconds / 60.0);
            service.people = people(entry.get("people"), &mut self.found).unwrap_or(0);
            service.provenance = self.provenance(&entry, span);
        }
        self.estate.add_service(service);
    }

    fn duration(&mut self, node: Option<&Node<'_>>) -> Option<f64> {
        parsed(
            node,
            "a duration",
            DURATION_HELP,
            &mut self.found,
            quantity::seconds,
        )
    }

    fn requirement(&mut self, node: &Node<'_>) -> Requirement {
        match &node.value {
            Value::List(list) => Requirement::All(list.iter().map(|node| self.requirement(node)).collect()),
            Value::Map(_) => self.requirement_map(node),
            _ => self.required_name(node),
        }
    }

    fn required_name(&mut self, node: &Node<'_>) -> Requirement {
        match self.refer(node, REQUIRED) {
            Some((Kind::System, id)) => Requirement::System(SystemId(id)),
            Some((Kind::Account, id)) => Requirement::Account(AccountId(id)),
            Some((_, id)) => Requirement::Service(ServiceId(id)),
            None => Requirement::All(Vec::new()),
        }
    }

    fn requirement_map(&mut self, node: &Node<'_>) -> Requirement {
        let Value::Map(pairs) = &node.value else {
            return Requirement::All(Vec::new());
        };
        let [(key, value)] = pairs.as_slice() else {
            return self.required_access(node);
        };
        match key.text() {
            Some("all") => Requirement::All(value.each().iter().map(|node| self.requirement(node)).collect()),
            Some("any") => Requirement::Any(value.each().iter().map(|node| self.requirement(node)).collect()),
            Some(word) if Kind::said(word).is_some_and(|kind| REQUIRED.contains(&kind)) => {
                self.required_name(node)
            }
            _ => self.required_access(node),
        }
    }

    fn required_access(&mut self, node: &Node<'_>) -> Requirement {
        let mut ids = self.access(node, false).into_iter().map(Requirement::Access);
        match (ids.next(), ids.len()) {
            (Some(one), 0) => one,
            (one, _) => Requirement::All(one.into_iter().chain(ids).collect()),
        }
    }

    fn fallbacks(&mut self, node: &Node<'_>) -> Vec<Fallback> {
        match &node.value {
            Value::Map(pairs) => {
                distinct(pairs, "fallback", &mut self.found);
                pairs
                    .iter()
                    .filter_map(|(name, value)| self.fallback(name, value))
                    .collect()
            }
            Value::List(list) => list.iter().filter_map(|node| self.named_fallback(node)).collect(),
            _ => {
                let help = "write `fallback: { phone-orders: 30% }`";
                wrong_type(
                    node,
                    "fallbacks are a mapping of names to shares",
                    help,
                    &mut self.found,
                );
                Vec::new()
            }
        }
    }

    fn fallback(&mut self, name: &Node<'_>, node: &Node<'_>) -> Option<Fallback> {
        let shown = name.text()?.to_owned();
        if node.text().is_some() {
            let capacity = self.capacity(Some(node))?;
            return Some(Fallback {
                name: shown,
                capacity,
                requires: Requirement::All(Vec::new()),
            });
        }
        let entry = fields(node, "a fallback", keys::FALLBACK, &mut self.found)?;
        self.fallback_fields(shown, &entry, name.span)
    }

    fn named_fallback(&mut self, node: &Node<'_>) -> Option<Fallback> {
        let entry = fields(node, "a fallback", keys::NAMED_FALLBACK, &mut self.found)?;
        let Some(name) = entry.get("name").and_then(Node::text) else {
            self.missing(node.span, "a fallback", "name");
            return None;
        };
        self.fallback_fields(name.to_owned(), &entry, node.span)
    }

    fn fallback_fields(&mut self, name: String, entry: &Fields<'_, '_>, span: Span) -> Option<Fallback> {
        let requires = entry.get("requires").map(|node| self.requirement(node));
        if entry.get("capacity").is_none() {
            self.missing(span, &format!("fallback `{}`", shortened(&name)), "capacity");
        }
        let capacity = self.capacity(entry.get("capacity"))?;
        Some(Fallback {
            name,
            capacity,
            requires: requires.unwrap_or(Requirement::All(Vec::new())),
        })
    }

    fn capacity(&mut self, node: Option<&Node<'_>>) -> Option<f64> {
        let help = "write a share such as `30%` or `0.3`";
        let capacity = parsed(node, "a share", help, &mut self.found, quantity::share)?;
        if (0.0..=1.0).contains(&capacity) {
            return Some(capacity);
        }
        let help = "write a share from 0% to 100%".to_owned();
        let span = node.map(|node| node.span).unwrap_or_default();
        self.found.error(
            "out-of-range",
            span,
            format!("a capacity of {capacity} cannot be"),
            Some(help),
        );
        None
    }

    /// One rate, `{ 0h: £10k, 24h: £100k }`, or a list of pairs.
    fn cost(&mut self, node: &Node<'_>) -> CostCurve {
        let pairs = match &node.value {
            Value::Map(pairs) => pairs,
            _ => {
                let rate = self.rate(node);
                return CostCurve {
                    points: rate.map(|rate| (0.0, rate)).into_iter().collect(),
                };
            }
        };
        let mut points: Vec<(f64, Pence)> = Vec::new();
        for (after, rate) in pairs {
            let hours = self.duration(Some(after)).map(|seconds| seconds / 3_600.0);
            let Some((hours, rate)) = hours.zip(self.rate(rate)) else {
                continue;
            };
            if points.last().is_some_and(|(last, _)| *last >= hours) {
                let help = "list the points from the start of the outage on".to_owned();
                self.found.error(
                    "not-ascending",
                    after.span,
                    "this time is not after the one before".to_owned(),
                    Some(help),
                );
            }
            points.push((hours, rate));
        }
        if points.first().is_some_and(|(first, _)| *first != 0.0) {
            let help = "begin with what the first hour costs: `0h: £0`".to_owned();
            self.found.error(
                "no-start",
                node.span,
                "the curve does not begin at 0h".to_owned(),
                Some(help),
            );
        }
        CostCurve { points }
    }

    fn rate(&mut self, node: &Node<'_>) -> Option<Pence> {
        let rate = parsed(
            Some(node),
            "an amount of money",
            MONEY_HELP,
            &mut self.found,
            quantity::money,
        )?;
        if rate.0 < 0 {
            let help = "an outage costs nothing or something".to_owned();
            self.found.error(
                "negative-money",
                node.span,
                "a cost is not negative".to_owned(),
                Some(help),
            );
        }
        Some(rate)
    }

    pub(super) fn point(&mut self, name: &str, span: Span, node: &Node<'_>) {
        let Some(entry) = fields(node, "an enforcement point", keys::POINT, &mut self.found) else {
            return;
        };
        for key in ["kind", "guards"] {
            if entry.get(key).is_none() {
                self.missing(span, &format!("enforcement point `{name}`"), key);
            }
        }
        let kind = word(entry.get("kind"), &mut self.found).unwrap_or(PointKind::Script);
        let guards = entry.get("guards").into_iter().flat_map(Node::each);
        let guards = guards.filter_map(|node| self.guard(node)).collect();
        let (effect, median) = self.effect(entry.get("effect"));
        let help = "write a share such as `99%`";
        let certainty = parsed(
            entry.get("certainty"),
            "a share",
            help,
            &mut self.found,
            quantity::share,
        );
        if certainty.is_some_and(|share| !(share > 0.0 && share <= 1.0)) {
            let at = entry.get("certainty").map_or(span, |node| node.span);
            let help = "write more than 0% and at most 100%".to_owned();
            self.found.error(
                "out-of-range",
                at,
                "such a certainty cannot be".to_owned(),
                Some(help),
            );
        }
        let provenance = self.provenance(&entry, span);
        self.estate.add_point(EnforcementPoint {
            name: name.to_owned(),
            kind,
            guards,
            effect_seconds: effect.unwrap_or(EFFECT_SECONDS),
            effect_median_seconds: median,
            certainty: certainty.unwrap_or(CERTAINTY),
            provenance,
        });
    }

    /// `2m`, or `{ median: 20s, p95: 2m }`: the 95th percentile, then the median.
    fn effect(&mut self, node: Option<&Node<'_>>) -> (Option<f64>, Option<f64>) {
        let Some(node) = node.filter(|node| matches!(node.value, Value::Map(_))) else {
            return (self.duration(node), None);
        };
        let Some(entry) = fields(node, "a time to effect", keys::EFFECT, &mut self.found) else {
            return (None, None);
        };
        for key in keys::EFFECT {
            if entry.get(key).is_none() {
                self.missing(node.span, "a time to effect that varies", key);
            }
        }
        let (median, p95) = (
            self.duration(entry.get("median")),
            self.duration(entry.get("p95")),
        );
        if let (Some(median), Some(p95)) = (median, p95)
            && !(median > 0.0 && median <= p95)
        {
            let help = "half of all withdrawals take at most the median, 95 of 100 at most `p95`: write a median above 0s that is no \
                        longer than `p95`";
            self.found.error(
                "out-of-range",
                node.span,
                format!(
                    "a median of {} and a 95th percentile of {} cannot be",
                    seconds_text(median),
                    seconds_text(p95)
                ),
                Some(help.to_owned()),
            );
            return (Some(p95), None);
        }
        (p95, median)
    }

    /// A word such as `accounts`, or `{ accounts: staff }`.
    fn guard(&mut self, node: &Node<'_>) -> Option<Guard> {
        if let Some(text) = node.text() {
            return self.unlimited_guard(node, text);
        }
        let what = match &node.value {
            Value::Map(pairs) => match pairs.as_slice() {
                [(key, value)] => Some((key, value)),
                _ => None,
            },
            _ => None,
        };
        let Some((key, limit)) = what else {
            wrong_type(
                node,
                "a guard is one word, or one word with its limit",
                "write `accounts` or `{ accounts: staff }`",
                &mut self.found,
            );
            return None;
        };
        let name = key.text().unwrap_or_default();
        Some(match name {
            "accounts" => Guard::Accounts(Some(self.refer_one(Some(limit), Kind::Group).map(GroupId)?)),
            "memberships" => Guard::Memberships(Some(self.refer_one(Some(limit), Kind::Group).map(GroupId)?)),
            "systems" => Guard::Systems(Some(self.place(limit)?)),
            "flow" | "flows" => Guard::Flows(Some(self.ends(limit)?)),
            "remote-access" => {
                Guard::RemoteAccess(Some(self.refer_one(Some(limit), Kind::System).map(SystemId)?))
            }
            "assignments" => {
                Guard::Assignments(Some(self.refer_one(Some(limit), Kind::System).map(SystemId)?))
            }
            "rights" => Guard::Rights(Some(self.refer_one(Some(limit), Kind::System).map(SystemId)?)),
            _ => return self.no_guard(key, name),
        })
    }

    fn unlimited_guard(&mut self, node: &Node<'_>, text: &str) -> Option<Guard> {
        Some(match text {
            "accounts" => Guard::Accounts(None),
            "credentials" => Guard::Credentials,
            "memberships" => Guard::Memberships(None),
            "systems" => Guard::Systems(None),
            "flows" => Guard::Flows(None),
            "remote-access" => Guard::RemoteAccess(None),
            "assignments" => Guard::Assignments(None),
            "rights" => Guard::Rights(None),
            "recoveries" => Guard::Recoveries,
            _ => return self.no_guard(node, text),
        })
    }

    fn no_guard(&mut self, node: &Node<'_>, text: &str) -> Option<Guard> {
        let help = match nearest(text, keys::GUARDS.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write {}", listed(keys::GUARDS)),
        };
        let message = format!("`{}` is nothing that can be guarded so", shortened(text));
        self.found.error("wrong-value", node.span, message, Some(help));
        None
    }
}

/// Seconds to effect of a point that does not say: long enough for a script or a directory nearby.
pub(super) const EFFECT_SECONDS: f64 = 60.0;

/// Certainty of a point that does not say.
pub(super) const CERTAINTY: f64 = 0.95;
