//! Evidence files: what `cordon detect -o` writes and `cordon plan --evidence` reads.

use std::path::Path;

use cordon_evidence::document::{Evidence, FORMAT, Foothold, FootholdReason};

use super::text;
use crate::failure::Failure;
use crate::render::words::Reasons;

/// A foothold that somebody names, with a reason in words if there is one.
pub(crate) fn foothold(entity: String, probability: f64, reason: Option<String>) -> Foothold {
    let said = |because| FootholdReason {
        because,
        times: 1,
        rule_id: None,
        from: None,
        log_odds: 0.0,
        time: None,
        file: None,
        record: None,
    };
    Foothold {
        entity,
        probability,
        first_seen: None,
        pinned: None,
        independent_signals: 0,
        reasons: reason.map(said).into_iter().collect(),
    }
}

/// Why something may be held, one sentence each, an analyst's word first.
pub(crate) fn sentences(foothold: &Foothold, files: &[String]) -> Vec<String> {
    let word = foothold.pinned.map(|held| {
        if held {
            "you say that it is held"
        } else {
            "you say that it is clean"
        }
    });
    let reasons = foothold.reasons.iter().map(|reason| reason.sentence(files));
    word.map(str::to_owned).into_iter().chain(reasons).collect()
}

/// The reasons by entity, for screens and reports.
pub(crate) fn reasons(evidence: &Evidence) -> Reasons {
    evidence
        .footholds
        .iter()
        .map(|one| (one.entity.clone(), sentences(one, &evidence.files)))
        .collect()
}

/// The content of an evidence file.
pub(crate) fn to_json(evidence: &Evidence) -> Result<String, Failure> {
    serde_json::to_string_pretty(evidence)
        .map(|json| json + "\n")
        .map_err(|error| Failure::Bug(format!("cannot write evidence as JSON: {error}")))
}

/// Reads an evidence file.
pub(crate) fn read(path: &Path) -> Result<Evidence, Failure> {
    let json = text(path)?;
    let evidence: Evidence = serde_json::from_str(&json).map_err(|error| {
        Failure::input(format!(
            "{}:{}:{}: not an evidence file: {error}\n`cordon detect -o FILE` writes one.",
            path.display(),
            error.line(),
            error.column()
        ))
    })?;
    let version = &evidence.format;
    if version != FORMAT {
        return Err(Failure::input(format!(
            "{}: evidence of format {version}, this version reads {FORMAT}\nMake it again with `cordon detect -o`.",
            path.display()
        )));
    }
    let wrong = evidence
        .footholds
        .iter()
        .find(|one| !(0.0..=1.0).contains(&one.probability));
    match wrong {
        Some(one) => Err(Failure::input(format!(
            "{}: the probability of {} is {}, it must be from 0 to 1",
            path.display(),
            one.entity,
            one.probability
        ))),
        None => Ok(evidence),
    }
}
