//! A replayed night as moments, reasons and figures, for screens and reports.

use cordon_incident::BacktestDocument;
use cordon_incident::backtest::BacktestStep;

use crate::render::quantity::{count, counted, instant, seconds};
use crate::render::words::Reasons;
use crate::report::timeline::{Moment, MomentKind};

/// Why each foothold is believed to be held.
pub(crate) fn reasons(document: &BacktestDocument) -> Reasons {
    document
        .footholds
        .iter()
        .map(|one| (format!("{}:{}", one.kind, one.name), one.reasons.clone()))
        .collect()
}

/// What happened when, in order.
pub(crate) fn moments(document: &BacktestDocument) -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    moments.extend(document.first_detection.map(|time| Moment {
        time,
        kind: MomentKind::Evidence,
        text: "first detection".to_owned(),
    }));
    moments.extend(document.footholds.iter().map(|one| Moment {
        time: one.first_seen,
        kind: MomentKind::Foothold,
        text: format!("{} ({}) first suspected", one.name, one.kind),
    }));
    moments.extend(document.first_plan.map(|time| Moment {
        time,
        kind: MomentKind::Plan,
        text: "first plan ready".to_owned(),
    }));
    moments.extend(
        document
            .plan
            .iter()
            .filter(|plan| Some(plan.decided) != document.first_plan)
            .map(|plan| Moment {
                time: plan.decided,
                kind: MomentKind::Plan,
                text: format!(
                    "plan: {}",
                    counted(plan.withdrawals.len() as u64, "withdrawal", "withdrawals")
                ),
            }),
    );
    moments.extend(document.steps.iter().map(|step| Moment {
        time: step.time,
        kind: if step.blocked_by.is_some() || step.prevented {
            MomentKind::Blocked
        } else {
            MomentKind::Step
        },
        text: step_words(step),
    }));
    moments.sort_by_key(|moment| moment.time);
    moments
}

/// A step of the intruder in words.
pub(crate) fn step_words(step: &BacktestStep) -> String {
    let way = if step.from_host.is_empty() || step.from_host.eq_ignore_ascii_case(&step.to_host) {
        format!("on {}", step.to_host)
    } else {
        format!("{} to {}", step.from_host, step.to_host)
    };
    let who = if step.account.is_empty() {
        String::new()
    } else {
        format!(" as {}", step.account)
    };
    format!("{} {way}{who}", step.technique)
}

/// Figures of the run, as (what, how much).
pub(crate) fn figures(document: &BacktestDocument) -> Vec<(String, String)> {
    let time = |time: Option<jiff::Timestamp>| time.map_or("never".to_owned(), instant);
    let denied = format!(
        "{} of {} after the first plan",
        count(document.legitimate_denied),
        count(document.legitimate_after_plan)
    );
    let blocked = format!(
        "{} of {} after the first plan, {} in all; {} more prevented",
        document.steps_blocked, document.steps_after_plan, document.steps_total, document.steps_prevented
    );
    [
        ("events read", count(document.events)),
        ("could not be read", count(document.unreadable)),
        ("detections", count(document.detections)),
        ("first detection", time(document.first_detection)),
        ("first plan", time(document.first_plan)),
        ("intruder's steps blocked", blocked),
        ("legitimate logons denied", denied),
        ("plans made", count(document.plans_made.into())),
        ("replay took", seconds(document.seconds)),
    ]
    .map(|(what, how_much)| (what.to_owned(), how_much))
    .to_vec()
}
