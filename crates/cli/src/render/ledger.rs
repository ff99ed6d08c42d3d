//! The record: its entries as a table, and the verdict on it.

use cordon_ledger::{Entry, Verified};
use serde_json::Value;

use super::paper::{Align, Paper};
use super::quantity::{count, counted, instant};
use super::style::{Paint, Role};
use super::text::Text;
use crate::command::ledger::verify::Answered;

/// Most characters of an entry's body that are shown; `--json` has all of it.
const BODY_SHOWN: usize = 160;

/// Most characters of a sentence.
const SENTENCE_SHOWN: usize = 400;

/// Most characters of one value in it.
const VALUE_SHOWN: usize = 60;

/// Entries as a table.
pub(crate) fn entries(entries: &[Entry], width: usize, paint: Paint) -> String {
    let mut paper = Paper::new(width, paint);
    let rows: Vec<Vec<Text>> = entries
        .iter()
        .map(|entry| {
            vec![
                Text::new().quiet(entry.index.to_string()),
                Text::new().plain(instant(entry.time)),
                said(entry),
            ]
        })
        .collect();
    paper.table(0, &[Align::Right, Align::Right, Align::Left], &rows);
    paper.finish()
}

/// What an entry says: in words if it is of a withdrawal, else its kind and its body. What is damaged is shown as it stands.
fn said(entry: &Entry) -> Text {
    match cordon_act::Entry::read(entry) {
        Ok(Some(withdrawal)) => {
            let role = if withdrawal.is_alarm() {
                Role::Bad
            } else {
                Role::Plain
            };
            Text::new().add(role, cut(&super::carry::sentence(&withdrawal), SENTENCE_SHOWN))
        }
        Ok(None) | Err(_) => Text::new()
            .strong(&entry.kind)
            .plain(" ")
            .plain(brief(&entry.body)),
    }
}

/// A body in a line: the members of an object one after another.
fn brief(body: &Value) -> String {
    let whole = match body {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| format!("{name}: {}", cut(&plain(value), VALUE_SHOWN)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Null => String::new(),
        other => plain(other),
    };
    cut(&whole, BODY_SHOWN)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text.to_owned(),
    }
}

/// Whether a record is whole.
pub(crate) fn verdict(answered: &Answered, width: usize, paint: Paint) -> String {
    let mut paper = Paper::new(width, paint);
    if let Some(verified) = &answered.verified {
        whole(&mut paper, answered, verified);
    }
    if let Some(problem) = &answered.problem {
        let headline = match problem.entry {
            Some(index) => format!("Broken at entry {index}."),
            None => "Not what was signed.".to_owned(),
        };
        paper.paragraph(0, &Text::new().add(Role::Bad, headline));
        paper.paragraph(2, &Text::new().plain(&problem.text));
        paper.paragraph(
            0,
            &"Keep a copy of it as evidence, and find out who could write to it.".into(),
        );
        if problem.entry.is_some() {
            paper.paragraph(0, &"What stands before that entry holds.".into());
        }
    }
    paper.finish()
}

fn whole(paper: &mut Paper, answered: &Answered, verified: &Verified) {
    let entries = counted(verified.head.entries, "entry", "entries");
    paper.paragraph(
        0,
        &Text::new().add(Role::Good, format!("Whole: {entries} in {}.", answered.source)),
    );
    let row = |what: &str, value: String| vec![Text::new().plain(what), Text::new().quiet(value)];
    let rows = [
        row("last entry", verified.head.digest.to_string()),
        row("root", verified.root.to_string()),
        row("checkpoints", checkpoints(answered)),
    ];
    paper.table(2, &[Align::Left, Align::Left], &rows);
    if verified.clock_went_back > 0 {
        let at: Vec<String> = verified
            .clock_went_back_at
            .iter()
            .take(5)
            .map(u64::to_string)
            .collect();
        let entries = counted(verified.clock_went_back, "entry", "entries");
        let more = if verified.clock_went_back > at.len() as u64 {
            ", …"
        } else {
            ""
        };
        let words = format!("The clock went back at {entries}: {}{more}.", at.join(", "));
        paper.paragraph(2, &Text::new().add(Role::Warn, words));
    }
    if answered.checkpoints_signed == 0 {
        let words = "Nobody's signature was checked: whoever can write to the record could have rewritten all of it. Give \
                     --checkpoint FILE and --key KEY.";
        paper.paragraph(2, &Text::new().add(Role::Warn, words));
    }
}

fn checkpoints(answered: &Answered) -> String {
    format!(
        "{} signed by the key, {} not checked against it",
        count(answered.checkpoints_signed),
        count(answered.checkpoints_not_signed)
    )
}
