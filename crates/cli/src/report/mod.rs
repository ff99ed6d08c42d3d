//! The report: one page of HTML that stands alone, without a script or anything from elsewhere.
//!
//! Every text in it may come from a log and so from an intruder: maud escapes it, and [`safe`] takes out what
//! could turn its direction or hide it.

mod compared;
mod decision;
mod figure;
mod front;
mod labels;
mod method;
mod paths;
mod reasons;
pub(crate) mod timeline;
mod withdrawn;

use cordon_plan::PlanDocument;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::render::text::clean;
use crate::render::words::Reasons;
use timeline::Moment;

const STYLE: &str = include_str!("style.css");

/// What the report is made of.
pub(crate) struct Report<'a> {
    /// What it reports on: "Drill", "Backtest of purplesharp" and so on.
    pub(crate) title: String,
    /// The plan.
    pub(crate) plan: &'a PlanDocument,
    /// Why each foothold is believed to be held.
    pub(crate) reasons: &'a Reasons,
    /// What happened when, in order of time; may be empty.
    pub(crate) moments: Vec<Moment>,
    /// Figures of the run (events read, seconds), each as (what, how much); may be empty.
    pub(crate) run: Vec<(String, String)>,
}

/// The whole page.
pub(crate) fn page(report: &Report<'_>) -> String {
    let plan = report.plan;
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(report))
            body {
                main {
                    (decision::header(report))
                    (withdrawn::acts(plan))
                    (withdrawn::services(plan))
                    (withdrawn::people(plan))
                    (reasons::section(plan, report.reasons, !report.moments.is_empty()))
                    (paths::section(plan))
                    (timeline::section(&report.moments))
                    (compared::section(plan))
                    (method::section(report))
                }
            }
        }
    }
    .into_string()
}

fn head(report: &Report<'_>) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
            meta name="referrer" content="no-referrer";
            meta name="color-scheme" content="light dark";
            title { (safe(&report.title)) " · Cordon" }
            style { (PreEscaped(STYLE)) }
        }
    }
}

/// Text without control characters and without what reverses or hides it. Escaping is maud's.
fn safe(text: &str) -> String {
    clean(text)
}

#[cfg(test)]
mod tests;
