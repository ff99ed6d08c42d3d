//! An estate on one screen.

use std::collections::BTreeMap;

use cordon_estate::{AccessKind, Estate, Origin};

use super::paper::{Align, Paper};
use super::quantity::{count, money};
use super::style::{Paint, Role};
use super::text::Text;
use super::words::listed_of;

/// Most services listed.
const SERVICES_SHOWN: usize = 12;

/// Most names in a line.
const NAMES_SHOWN: usize = 6;

/// The whole screen.
pub(crate) fn screen(estate: &Estate, width: usize, paint: Paint) -> String {
    let mut paper = Paper::new(width, paint);
    let name = if estate.organisation.is_empty() {
        "An estate without a name"
    } else {
        &estate.organisation
    };
    paper.paragraph(0, &Text::new().strong(name));
    numbers(&mut paper, estate);
    services(&mut paper, estate);
    jewels(&mut paper, estate);
    points(&mut paper, estate);
    paper.finish()
}

fn numbers(paper: &mut Paper, estate: &Estate) {
    let row = |what: &str, number: usize, detail: String| {
        vec![
            Text::new().plain(count(number as u64)),
            Text::new().plain(what),
            Text::new().quiet(detail),
        ]
    };
    let rows = [
        row(
            "accounts",
            estate.accounts.len(),
            by_kind(estate.accounts.iter().map(|one| kind(&one.kind))),
        ),
        row("groups", estate.groups.len(), String::new()),
        row(
            "systems",
            estate.systems.len(),
            by_kind(estate.systems.iter().map(|one| kind(&one.kind))),
        ),
        row("zones", estate.zones.len(), String::new()),
        row(
            "sites",
            estate.sites.len(),
            by_kind(estate.sites.iter().map(|one| kind(&one.kind))),
        ),
        row(
            "accesses",
            estate.accesses.len(),
            by_kind(estate.accesses.iter().map(|one| access(&one.kind))),
        ),
    ];
    paper.table(2, &[Align::Right, Align::Left, Align::Left], &rows);
    let origins = by_kind(estate.accesses.iter().map(|one| origin(&one.provenance.origin)));
    if !origins.is_empty() {
        paper.paragraph(
            2,
            &Text::new().quiet(format!("Accesses are known because they are {origins}.")),
        );
    }
}

/// `12 server, 3 gateway`, the most frequent first.
fn by_kind(kinds: impl Iterator<Item = String>) -> String {
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for kind in kinds {
        *counted.entry(kind).or_default() += 1;
    }
    let mut sorted: Vec<(String, u64)> = counted.into_iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let words: Vec<String> = sorted
        .iter()
        .map(|(kind, number)| format!("{} {kind}", count(*number)))
        .collect();
    words.join(", ")
}

/// The word that a kind is written with in estate files.
fn kind(kind: &impl serde::Serialize) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn access(kind: &AccessKind) -> String {
    let words = match kind {
        AccessKind::Membership { .. } => "membership",
        AccessKind::Right { .. } => "right",
        AccessKind::Session { .. } => "session",
        AccessKind::Control { .. } => "control",
        AccessKind::RemoteAccess { .. } => "remote access",
        AccessKind::Assignment { .. } => "assignment",
        AccessKind::Flow { .. } => "flow",
        AccessKind::Recovery { .. } => "recovery",
    };
    words.to_owned()
}

fn origin(origin: &Origin) -> String {
    let words = match origin {
        Origin::Declared { .. } => "declared",
        Origin::Imported { .. } => "imported",
        Origin::Learned => "learned",
        Origin::Assumed => "assumed",
        Origin::Inferred => "inferred",
    };
    words.to_owned()
}

fn services(paper: &mut Paper, estate: &Estate) {
    if estate.services.is_empty() {
        return;
    }
    paper.heading("Services");
    let rows: Vec<Vec<Text>> = estate
        .services
        .iter()
        .take(SERVICES_SHOWN)
        .map(|service| {
            let hourly = service
                .cost
                .points
                .first()
                .map(|(_, pence)| format!("{} an hour", money(pence.0 as f64)));
            let protected = if service.protected { "protected" } else { "" };
            vec![
                Text::new().name(&service.name),
                Text::new().add(Role::Good, protected),
                Text::new().plain(hourly.unwrap_or_default()),
            ]
        })
        .collect();
    paper.table(2, &[Align::Left, Align::Left, Align::Right], &rows);
    if estate.services.len() > SERVICES_SHOWN {
        let rest = count((estate.services.len() - SERVICES_SHOWN) as u64);
        paper.paragraph(2, &Text::new().quiet(format!("and {rest} more")));
    }
}

fn jewels(paper: &mut Paper, estate: &Estate) {
    let jewels = cordon_reach::jewels(estate);
    paper.heading("Crown jewels");
    if jewels.is_empty() {
        let words = "None is known: name one with `jewel: true`, or no plan has anything to protect.";
        paper.paragraph(2, &Text::new().add(Role::Warn, words));
        return;
    }
    let names: Vec<String> = jewels
        .iter()
        .map(|jewel| estate.name(jewel.entity).to_owned())
        .collect();
    paper.paragraph(2, &listed_of(&names, NAMES_SHOWN, names.len()).into());
}

fn points(paper: &mut Paper, estate: &Estate) {
    paper.heading("Enforcement points");
    if estate.points.is_empty() {
        let words = "None is known: nothing can be withdrawn anywhere.";
        paper.paragraph(2, &Text::new().add(Role::Warn, words));
        return;
    }
    let names: Vec<String> = estate
        .points
        .iter()
        .map(|point| format!("{} ({})", point.name, kind(&point.kind)))
        .collect();
    paper.paragraph(2, &listed_of(&names, NAMES_SHOWN, names.len()).into());
}
