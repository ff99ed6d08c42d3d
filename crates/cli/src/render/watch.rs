//! Evidence as it comes, a line each.

use cordon_evidence::infer::Suspicion;
use cordon_evidence::sigma::{Level, Rule};
use jiff::Timestamp;

use super::style::{Paint, Role};
use super::text::clean;

/// Names shown of a detection; the rest are counted.
const NAMES_SHOWN: usize = 3;

fn start(time: Timestamp, word: &str, role: Role, paint: Paint) -> String {
    let mut text = format!("{}  ", time.strftime("%H:%M:%SZ"));
    paint.write(&mut text, role, &format!("{word:<9}"));
    text
}

/// A detection.
pub(crate) fn detection(time: Timestamp, rule: &Rule, entities: &[String], paint: Paint) -> String {
    let role = if rule.level >= Level::High {
        Role::Bad
    } else {
        Role::Warn
    };
    let mut text = start(time, rule.level.as_str(), role, paint);
    text.push_str(&clean(&rule.title));
    let shown: Vec<String> = entities
        .iter()
        .take(NAMES_SHOWN)
        .map(|name| clean(name))
        .collect();
    if !shown.is_empty() {
        text.push_str("  ");
        paint.write(&mut text, Role::Name, &shown.join(" "));
    }
    if entities.len() > NAMES_SHOWN {
        text.push_str(&format!(" and {} more", entities.len() - NAMES_SHOWN));
    }
    text.push('\n');
    text
}

/// Somebody or something that has come to count as held.
pub(crate) fn held(now: Option<Timestamp>, name: &str, suspicion: &Suspicion, paint: Paint) -> String {
    let mut text = start(now.unwrap_or(suspicion.first_seen), "held", Role::Strong, paint);
    paint.write(&mut text, Role::Name, &clean(name));
    let signals = suspicion.independent_signals;
    let plural = if signals == 1 { "" } else { "s" };
    text.push_str(&format!(
        ", {:.0} %, {signals} independent signal{plural}\n",
        suspicion.probability * 100.0
    ));
    text
}
