//! Evidence as `cordon detect -o` writes it and `cordon plan --evidence` reads it.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::text;
use crate::failure::Failure;
use crate::render::words::Reasons;

/// The version of the shape.
pub(crate) const FORMAT: &str = "cordon-evidence/1";

/// What may be held, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    /// [`FORMAT`].
    pub(crate) format: String,
    /// The time of the newest record; none for evidence that no log gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) as_of: Option<Timestamp>,
    /// Who and what may be held, likeliest first.
    pub(crate) footholds: Vec<Foothold>,
}

/// One account or system that may be held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Foothold {
    /// `account:pat`, `system:WORKSTATION6`.
    pub(crate) entity: String,
    /// The name alone.
    pub(crate) name: String,
    /// `account` or `system`.
    pub(crate) kind: String,
    /// How likely, 0 to 1.
    pub(crate) probability: f64,
    /// When anything first spoke of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_seen: Option<Timestamp>,
    /// Why, one sentence each, the strongest reason first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) reasons: Vec<String>,
}

impl Foothold {
    /// A foothold by its `kind:name`.
    pub(crate) fn new(entity: String, probability: f64) -> Self {
        let (kind, name) = entity.split_once(':').unwrap_or(("", &entity));
        let (kind, name) = (kind.to_owned(), name.to_owned());
        Self {
            entity,
            name,
            kind,
            probability,
            first_seen: None,
            reasons: Vec::new(),
        }
    }
}

impl Evidence {
    /// Evidence of these footholds.
    pub(crate) fn new(as_of: Option<Timestamp>, footholds: Vec<Foothold>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            as_of,
            footholds,
        }
    }

    /// The reasons by entity, for screens and reports.
    pub(crate) fn reasons(&self) -> Reasons {
        self.footholds
            .iter()
            .map(|one| (one.entity.clone(), one.reasons.clone()))
            .collect()
    }

    /// The whole as JSON over several lines.
    pub(crate) fn to_json(&self) -> Result<String, Failure> {
        serde_json::to_string_pretty(self)
            .map(|json| json + "\n")
            .map_err(|error| Failure::Bug(format!("cannot write evidence as JSON: {error}")))
    }
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
