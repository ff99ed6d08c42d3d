//! Services and enforcement points.

use std::fmt::Write as _;

use super::Writer;
use super::reference::{said, single};
use super::text::{Fields, key, scalar, section};
use crate::load::quantity::{money_text, seconds_text, share_text};
use crate::load::services::{CERTAINTY, EFFECT_SECONDS};
use crate::load::words::Word;
use crate::{CostCurve, EnforcementPoint, Fallback, Guard, Requirement, Service};

impl Writer<'_> {
    pub(super) fn services(&self) -> String {
        let mut text = String::new();
        for service in &self.estate.services {
            if text.is_empty() {
                text.push_str("services:\n");
            }
            let _ = writeln!(text, "  {}:", key(&service.name));
            self.service(service, &mut text);
        }
        text
    }

    fn service(&self, service: &Service, text: &mut String) {
        let mut line = |key: &str, value: String| {
            let _ = writeln!(text, "    {key}: {value}");
        };
        line("protected", service.protected.to_string());
        line("requires", self.requirement(&service.requires));
        if !service.fallbacks.is_empty() {
            let list: Vec<String> = service
                .fallbacks
                .iter()
                .map(|fallback| self.fallback(fallback))
                .collect();
            line("fallback", format!("[{}]", list.join(", ")));
        }
        if !service.cost.points.is_empty() {
            line("cost-per-hour", cost(&service.cost));
        }
        if let Some(minutes) = service.tolerable_downtime_minutes {
            line("maximum-tolerable-downtime", seconds_text(minutes * 60.0));
        }
        if service.people > 0 {
            line("people", service.people.to_string());
        }
        let mut fields = Fields::default();
        fields.provenance(service.provenance);
        for (key, value) in fields.0 {
            line(key, value);
        }
    }

    fn fallback(&self, fallback: &Fallback) -> String {
        let mut fields = Fields::default();
        fields.add("name", scalar(&fallback.name));
        fields.add("capacity", share_text(fallback.capacity));
        if fallback.requires != Requirement::All(Vec::new()) {
            fields.add("requires", self.requirement(&fallback.requires));
        }
        fields.done()
    }

    fn requirement(&self, requirement: &Requirement) -> String {
        let estate = self.estate;
        let list = |all: &[Requirement]| {
            let texts: Vec<String> = all.iter().map(|one| self.requirement(one)).collect();
            format!("[{}]", texts.join(", "))
        };
        let others = [
            ("system", &self.systems),
            ("account", &self.accounts),
            ("service", &self.services),
        ];
        match requirement {
            Requirement::All(all) => list(all),
            Requirement::Any(all) => format!("{{ any: {} }}", list(all)),
            Requirement::System(id) => said(
                "system",
                estate.system(*id).map_or("?", |system| &system.name),
                &others,
            ),
            Requirement::Account(id) => said(
                "account",
                estate.account(*id).map_or("?", |account| &account.name),
                &others,
            ),
            Requirement::Service(id) => said(
                "service",
                estate.service(*id).map_or("?", |service| &service.name),
                &others,
            ),
            Requirement::Access(id) => estate
                .access(*id)
                .map_or_else(|| "[]".to_owned(), |access| self.access(access.kind).done()),
        }
    }

    pub(super) fn points(&self) -> String {
        let mut text = String::new();
        section(
            &mut text,
            "enforcement-points",
            self.estate
                .points
                .iter()
                .map(|point| (point.name.as_str(), self.point(point))),
        );
        text
    }

    fn point(&self, point: &EnforcementPoint) -> String {
        let mut fields = Fields::default();
        fields.add("kind", point.kind.word());
        let guards: Vec<String> = point.guards.iter().map(|guard| self.guard(*guard)).collect();
        fields.add("guards", format!("[{}]", guards.join(", ")));
        let p95 = seconds_text(point.effect_seconds);
        match point.effect_median_seconds {
            Some(median) => {
                let median = seconds_text(median);
                fields.add("effect", format!("{{ median: {median}, p95: {p95} }}"));
            }
            None if point.effect_seconds != EFFECT_SECONDS => fields.add("effect", p95),
            None => {}
        }
        if point.certainty != CERTAINTY {
            fields.add("certainty", share_text(point.certainty));
        }
        fields.provenance(point.provenance);
        fields.done()
    }

    fn guard(&self, guard: Guard) -> String {
        let estate = self.estate;
        let limited = |word: &str, limit: Option<String>| match limit {
            Some(limit) => format!("{{ {word}: {limit} }}"),
            None => word.to_owned(),
        };
        let group = |id| single("group", estate.group(id).map_or("?", |group| group.name.as_str()));
        let system = |id| {
            single(
                "system",
                estate.system(id).map_or("?", |system| system.name.as_str()),
            )
        };
        match guard {
            Guard::Accounts(limit) => limited("accounts", limit.map(group)),
            Guard::Credentials => limited("credentials", None),
            Guard::Memberships(limit) => limited("memberships", limit.map(group)),
            Guard::Systems(limit) => limited("systems", limit.map(|place| self.place(place))),
            Guard::Flows(None) => limited("flows", None),
            Guard::Flows(Some((from, to))) => limited("flow", Some(self.ends(from, to))),
            Guard::RemoteAccess(limit) => limited("remote-access", limit.map(system)),
            Guard::Assignments(limit) => limited("assignments", limit.map(system)),
            Guard::Rights(limit) => limited("rights", limit.map(system)),
            Guard::Recoveries => limited("recoveries", None),
        }
    }
}

fn cost(curve: &CostCurve) -> String {
    if let [(start, rate)] = curve.points.as_slice()
        && *start == 0.0
    {
        return money_text(*rate);
    }
    let points: Vec<String> = curve
        .points
        .iter()
        .map(|(hours, rate)| format!("{}: {}", seconds_text(hours * 3_600.0), money_text(*rate)))
        .collect();
    format!("{{ {} }}", points.join(", "))
}
