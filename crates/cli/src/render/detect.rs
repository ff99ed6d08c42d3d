//! Evidence on one screen: who and what may be held and why, and which rules fired.

use std::collections::BTreeSet;

use cordon_evidence::document::{Evidence, Foothold};
use cordon_evidence::sigma::Level;
use jiff::Timestamp;

use super::paper::{Align, Paper};
use super::quantity::{count, counted, instant, percent};
use super::style::{Paint, Role};
use super::text::Text;
use super::words::{bare, listed_of};
use crate::input::evidence::sentences;
use crate::input::logs::{Logs, Skipped};

/// Most rules listed.
const RULES_SHOWN: usize = 12;

/// Most footholds listed.
const FOOTHOLDS_SHOWN: usize = 10;

/// Reasons for each foothold.
const REASONS_SHOWN: usize = 3;

/// Most names kept of one rule: only a few are shown.
const NAMES_MAX: usize = 200;

/// Most places that could not be read.
const PLACES_SHOWN: usize = 5;

/// Most files named that were passed over.
const SKIPPED_SHOWN: usize = 3;

/// What one rule found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    title: String,
    level: Level,
    count: u64,
    first: Timestamp,
    entities: BTreeSet<String>,
}

impl Found {
    /// Nothing yet.
    pub(crate) fn new(title: String, level: Level, first: Timestamp) -> Self {
        Self {
            title,
            level,
            count: 0,
            first,
            entities: BTreeSet::new(),
        }
    }

    /// One detection more.
    pub(crate) fn add(&mut self, time: Timestamp, entities: &[String]) {
        self.count += 1;
        self.first = self.first.min(time);
        for entity in entities {
            if self.entities.len() < NAMES_MAX && !self.entities.contains(entity) {
                self.entities.insert(entity.clone());
            }
        }
    }
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// Files.
    pub(crate) files: u64,
    /// Records.
    pub(crate) events: u64,
    /// Places that could not be read, counted.
    pub(crate) unreadable: u64,
    /// Files that are no logs.
    pub(crate) skipped: Vec<Skipped>,
    /// The first of those places in words.
    pub(crate) places: Vec<String>,
    /// What is to be said of times.
    pub(crate) times: Vec<String>,
}

impl Reading {
    /// What was read of some logs.
    pub(crate) fn of(logs: &Logs) -> Self {
        let report = logs.stream.report();
        let place = |one: &cordon_evidence::read::Unreadable| {
            format!("{}:{}: {}", logs.name(one.file), one.position, one.reason)
        };
        let mut times: Vec<String> = report.local_time.iter().cloned().collect();
        if report.late > 0 {
            times.push(format!(
                "{} came too late to be put in order",
                counted(report.late, "record", "records")
            ));
        }
        Self {
            files: (logs.names.len() - logs.stream.failures().len()) as u64,
            skipped: logs.skipped.clone(),
            events: report.events,
            unreadable: report.unreadable,
            places: report.places.iter().take(PLACES_SHOWN).map(place).collect(),
            times,
        }
    }
}

/// The whole screen.
pub(crate) fn screen(
    evidence: &Evidence,
    found: &[Found],
    reading: &Reading,
    width: usize,
    paint: Paint,
) -> String {
    let mut paper = Paper::new(width, paint);
    headline(&mut paper, evidence, found);
    footholds(&mut paper, evidence);
    rules(&mut paper, found);
    what_was_read(&mut paper, evidence, reading);
    paper.finish()
}

fn headline(paper: &mut Paper, evidence: &Evidence, found: &[Found]) {
    let detections: u64 = found.iter().map(|one| one.count).sum();
    let (role, words) = if !evidence.footholds.is_empty() {
        let held = counted(
            evidence.footholds.len() as u64,
            "account or system",
            "accounts and systems",
        );
        (Role::Bad, format!("{held} may be held by an intruder."))
    } else if detections > 0 {
        (
            Role::Warn,
            "Nothing is likely to be held, but there is evidence to look at.".to_owned(),
        )
    } else {
        (Role::Good, "No evidence of an intruder.".to_owned())
    };
    paper.paragraph(0, &Text::new().add(role, words));
}

fn footholds(paper: &mut Paper, evidence: &Evidence) {
    let footholds: &[Foothold] = &evidence.footholds;
    if footholds.is_empty() {
        return;
    }
    paper.heading("Who and what may be held, and why");
    for one in footholds.iter().take(FOOTHOLDS_SHOWN) {
        let since = one
            .first_seen
            .map(|time| format!(" since {}", instant(time)))
            .unwrap_or_default();
        let (kind, name) = one.entity.split_once(':').unwrap_or(("", &one.entity));
        let text = Text::new().name(name).plain(format!(" {kind}")).quiet(since);
        paper.item(2, &format!("{:>4}", percent(one.probability)), &text);
        for reason in sentences(one, &evidence.files).iter().take(REASONS_SHOWN) {
            paper.item(7, "-", &reason.as_str().into());
        }
    }
    more(paper, footholds.len(), FOOTHOLDS_SHOWN);
}

fn rules(paper: &mut Paper, found: &[Found]) {
    if found.is_empty() {
        return;
    }
    paper.heading("What was detected");
    let mut sorted: Vec<&Found> = found.iter().collect();
    sorted.sort_by(|a, b| {
        severity(b.level)
            .cmp(&severity(a.level))
            .then(b.count.cmp(&a.count))
            .then(a.title.cmp(&b.title))
    });
    let rows: Vec<Vec<Text>> = sorted
        .iter()
        .take(RULES_SHOWN)
        .map(|one| {
            let names: Vec<String> = one.entities.iter().map(|name| bare(name).to_owned()).collect();
            let role = if severity(one.level) >= severity(Level::High) {
                Role::Bad
            } else {
                Role::Plain
            };
            vec![
                Text::new().plain(count(one.count)),
                Text::new().add(role, one.level.as_str()),
                Text::new().plain(&one.title),
                Text::new().quiet(listed_of(&names, 2, names.len())),
            ]
        })
        .collect();
    paper.table(2, &[Align::Right, Align::Left, Align::Left, Align::Left], &rows);
    more(paper, found.len(), RULES_SHOWN);
}

fn severity(level: Level) -> u8 {
    match level {
        Level::Informational => 0,
        Level::Low => 1,
        Level::Medium => 2,
        Level::High => 3,
        Level::Critical => 4,
    }
}

fn what_was_read(paper: &mut Paper, evidence: &Evidence, reading: &Reading) {
    paper.heading("Read");
    let until = evidence
        .window
        .map(|(_, time)| format!(", the newest of {}", instant(time)))
        .unwrap_or_default();
    let words = format!(
        "{} in {}{until}.",
        counted(reading.events, "event", "events"),
        counted(reading.files, "file", "files")
    );
    paper.paragraph(2, &words.into());
    skipped(paper, &reading.skipped);
    for words in &reading.times {
        paper.paragraph(2, &Text::new().quiet(words));
    }
    if reading.unreadable > 0 {
        let words = counted(
            reading.unreadable,
            "place could not be read",
            "places could not be read",
        );
        paper.paragraph(2, &Text::new().add(Role::Warn, format!("{words}:")));
        for place in &reading.places {
            paper.item(4, "-", &place.as_str().into());
        }
        more(paper, reading.unreadable as usize, reading.places.len());
    }
}

/// Files that were passed over, by their last names.
fn skipped(paper: &mut Paper, skipped: &[Skipped]) {
    if skipped.is_empty() {
        return;
    }
    let last = |one: &Skipped| one.file.rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = skipped.iter().map(last).collect();
    let words = format!(
        "{} skipped, not logs: {}.",
        counted(names.len() as u64, "file", "files"),
        listed_of(&names, SKIPPED_SHOWN, names.len())
    );
    paper.paragraph(2, &Text::new().quiet(words));
}

fn more(paper: &mut Paper, total: usize, shown: usize) {
    if total > shown {
        paper.paragraph(
            2,
            &Text::new().quiet(format!("and {} more", count((total - shown) as u64))),
        );
    }
}

#[cfg(test)]
mod tests;
