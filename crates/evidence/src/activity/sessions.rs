//! Where the session came from in which something was done.
//!
//! Most Windows records say in which logon session of the machine something was done, by a number that the logon
//! record gave it, and that record says from where the session was opened. So who does something on a machine after
//! having come over the network does it from where he came: a program started by remote management, a directory
//! asked for its secrets.

use std::collections::VecDeque;

use cordon_estate::SystemId;
use rustc_hash::FxHashMap;

use crate::record::{Dialect, Record};

/// Most sessions remembered; the oldest are forgotten first, and what is done in them then has no source.
const SESSIONS_MAX: usize = 100_000;

/// A session: the machine, and the number that it gave.
type Session = (SystemId, u64);

/// The sources of sessions opened over the network.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    sources: FxHashMap<Session, SystemId>,
    /// Oldest first; a session opened again stands here twice.
    order: VecDeque<Session>,
}

impl Sessions {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers that the logon which `record` is was on one system from another.
    pub fn opened(&mut self, record: &Record, on: SystemId, from: SystemId) {
        let logon = record.dialect == Dialect::Windows && record.int("EventID") == Some(4624);
        let Some(number) = number(record, "TargetLogonId").filter(|_| logon && on != from) else {
            return;
        };
        if self.order.len() >= SESSIONS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.sources.remove(&oldest);
        }
        self.order.push_back((on, number));
        self.sources.insert((on, number), from);
    }

    /// From where the session was opened in which `record` of a system says that something was done.
    #[must_use]
    pub fn source(&self, record: &Record, on: SystemId) -> Option<SystemId> {
        if record.dialect != Dialect::Windows || self.sources.is_empty() {
            return None;
        }
        let number = number(record, "SubjectLogonId").or_else(|| number(record, "LogonId"))?;
        self.sources.get(&(on, number)).copied()
    }
}

/// A logon number as Windows writes it: `0x824909`.
fn number(record: &Record, field: &str) -> Option<u64> {
    let text = record.text(field)?;
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::record::{FileId, RecordPlace, TimeBasis, Value};

    fn record(event: i64, field: &str, number: &str) -> Record {
        let place = RecordPlace {
            file: FileId(0),
            position: 1,
        };
        let mut record = Record::new(Timestamp::UNIX_EPOCH, TimeBasis::Exact, place, Dialect::Windows);
        record.push("EventID", Value::Int(event));
        record.push(field, Value::Str(number));
        record
    }

    #[test]
    fn what_is_done_in_a_session_comes_from_where_it_was_opened() {
        let (server, other, desk) = (SystemId(0), SystemId(1), SystemId(2));
        let mut sessions = Sessions::new();
        sessions.opened(&record(4624, "TargetLogonId", "0x824909"), server, desk);
        let replication = record(4662, "SubjectLogonId", "0x824909");
        assert_eq!(sessions.source(&replication, server), Some(desk));
        assert_eq!(
            sessions.source(&replication, other),
            None,
            "another machine's number"
        );
        assert_eq!(sessions.source(&record(1, "LogonId", "0x3e7"), server), None);
        assert_eq!(sessions.source(&record(1, "LogonId", "rubbish"), server), None);
    }

    #[test]
    fn only_a_logon_opens_one_and_a_number_given_again_is_the_newer() {
        let (server, desk, laptop) = (SystemId(0), SystemId(1), SystemId(2));
        let mut sessions = Sessions::new();
        sessions.opened(&record(4634, "TargetLogonId", "0x1"), server, desk);
        assert_eq!(sessions.source(&record(1, "LogonId", "0x1"), server), None);
        for from in [desk, laptop] {
            sessions.opened(&record(4624, "TargetLogonId", "0x1"), server, from);
        }
        assert_eq!(
            sessions.source(&record(1, "LogonId", "0x1"), server),
            Some(laptop)
        );
    }

    #[test]
    fn memory_is_bounded() {
        let mut sessions = Sessions::new();
        for number in 0..SESSIONS_MAX + 10 {
            let logon = record(4624, "TargetLogonId", &format!("{number:#x}"));
            sessions.opened(&logon, SystemId(0), SystemId(1));
        }
        assert_eq!(sessions.sources.len(), SESSIONS_MAX);
        assert_eq!(sessions.source(&record(1, "LogonId", "0x0"), SystemId(0)), None);
    }
}
