//! What `cordon watch --json` writes, one object a line.

use cordon_act::Entry;
use jiff::Timestamp;
use serde::Serialize;

/// One line; `kind` says which.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Line<'a> {
    /// What stood in the logs is read; from here on they are followed.
    Following {
        /// When.
        time: Timestamp,
        /// Which logs, by number.
        logs: &'a [String],
        /// The hashes of the plans that wait.
        waiting: Vec<&'a str>,
    },
    /// A rule matched a record.
    Detection {
        /// Of the record.
        time: Timestamp,
        rule_id: &'a str,
        rule_title: &'a str,
        level: &'static str,
        techniques: &'a [String],
        file: &'a str,
        /// The line.
        record: u64,
        /// `account:pat`, `system:ws1`.
        entities: &'a [String],
    },
    /// Somebody or something has come to count as held.
    Foothold {
        /// Of the record that decided it.
        time: Option<Timestamp>,
        entity: &'a str,
        /// 0 to 1.
        probability: f64,
        independent_signals: u32,
    },
    /// The evidence calls for a standing plan.
    Due {
        /// When.
        time: Timestamp,
        plan_hash: &'a str,
        /// What it waited for.
        footholds: Vec<&'a str>,
    },
    /// A standing plan was not begun.
    NotBegun {
        /// When.
        time: Timestamp,
        why: &'a str,
    },
    /// An entry of the ledger was written.
    Entry {
        /// When it was heard of.
        time: Timestamp,
        entry: &'a Entry,
    },
    /// Nothing more can come.
    Ended {
        detections: u64,
        footholds: usize,
        unreadable: u64,
    },
}
