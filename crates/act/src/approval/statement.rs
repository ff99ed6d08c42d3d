//! The texts that people sign: strict to read, canonical to write.
//!
//! A statement that is read is written again and must come out equal, byte for byte. So there is one text for each meaning.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::limits::STATEMENT_BYTES_MAX;
use crate::limits::ORDERS_MAX;
use crate::{OrderId, Orders};

/// The first line of an approval.
pub const APPROVAL_FORMAT: &str = "cordon-approval/1";
/// The first line of a lift.
pub const LIFT_FORMAT: &str = "cordon-lift/1";
/// The first line of a renewal.
pub const RENEWAL_FORMAT: &str = "cordon-renewal/1";

/// What is said of a plan's orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// They may be carried out.
    Approve,
    /// They may exceed their volume limits.
    Bulk,
    /// They may be carried out although no break-glass logon was proven to work.
    Force,
}

impl Decision {
    const ALL: [Self; 3] = [Self::Approve, Self::Bulk, Self::Force];

    const fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Bulk => "bulk",
            Self::Force => "force",
        }
    }
}

/// That orders may be carried out.
///
/// ```text
/// cordon-approval/1
/// plan-hash: 64 hexadecimal digits, lower case
/// orders-digest: 64 hexadecimal digits, lower case
/// decision: approve, bulk or force
/// expires: 2026-11-24T12:00:00Z
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalStatement {
    /// The hash of the plan.
    pub plan_hash: String,
    /// [`Orders::digest`].
    pub orders_digest: String,
    /// What is said.
    pub decision: Decision,
    /// Until when it may be acted on first. Whole seconds.
    pub expires: Timestamp,
}

/// Which orders of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderChoice {
    /// All of them.
    All,
    /// Those named, at least one.
    These(BTreeSet<OrderId>),
}

impl OrderChoice {
    /// True if the order is among them.
    #[must_use]
    pub fn covers(&self, id: &OrderId) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(id),
        }
    }
}

/// That access be given back.
///
/// ```text
/// cordon-lift/1
/// plan-hash: 64 hexadecimal digits, lower case
/// order: all
/// not-after: 2026-11-24T12:00:00Z
/// ```
///
/// or, in place of `order: all`, one line `order: NAME` for each order, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiftStatement {
    /// The hash of the plan.
    pub plan_hash: String,
    /// Which orders.
    pub orders: OrderChoice,
    /// Until when the statement may be handed in. Whole seconds.
    pub not_after: Timestamp,
}

/// That a lease run longer. As a [`LiftStatement`], with `lease-until:` before `not-after:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewalStatement {
    /// The hash of the plan.
    pub plan_hash: String,
    /// Which orders.
    pub orders: OrderChoice,
    /// The new end of the lease. Whole seconds.
    pub lease_until: Timestamp,
    /// Until when the statement may be handed in. Whole seconds.
    pub not_after: Timestamp,
}

/// Why a text is not a statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Another kind of statement, or none.
    #[error("the statement does not start with the line {wanted}")]
    Format {
        /// What it should start with.
        wanted: &'static str,
    },
    /// Too long.
    #[error("the statement is longer than {STATEMENT_BYTES_MAX} bytes or {ORDERS_MAX} orders")]
    Long,
    /// A line is not what it must be.
    #[error("line {line} of the statement must be `{wanted}`")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What it must be.
        wanted: &'static str,
    },
    /// It says something in a way of its own.
    #[error(
        "the statement is not written exactly as Cordon writes it: sign the text that `cordon approve` prints, unchanged"
    )]
    NotCanonical,
}

impl ApprovalStatement {
    /// The statement that approves these orders until `expires`.
    #[must_use]
    pub fn of(orders: &Orders, decision: Decision, expires: Timestamp) -> Self {
        Self {
            plan_hash: orders.plan_hash.clone(),
            orders_digest: orders.digest(),
            decision,
            expires: whole_seconds(expires),
        }
    }

    /// Reads the exact text.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn parse(text: &str) -> Result<Self, StatementError> {
        let mut lines = Lines::start(text, APPROVAL_FORMAT)?;
        let statement = Self {
            plan_hash: lines.hash("plan-hash: ", "plan-hash: 64 lower-case hexadecimal digits")?,
            orders_digest: lines.hash(
                "orders-digest: ",
                "orders-digest: 64 lower-case hexadecimal digits",
            )?,
            decision: lines.decision()?,
            expires: lines.time("expires: ", "expires: a time such as 2026-11-24T12:00:00Z")?,
        };
        canonical(text, statement)
    }
}

impl fmt::Display for ApprovalStatement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{APPROVAL_FORMAT}")?;
        writeln!(formatter, "plan-hash: {}", self.plan_hash)?;
        writeln!(formatter, "orders-digest: {}", self.orders_digest)?;
        writeln!(formatter, "decision: {}", self.decision.word())?;
        writeln!(formatter, "expires: {}", self.expires)
    }
}

impl LiftStatement {
    /// Reads the exact text.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn parse(text: &str) -> Result<Self, StatementError> {
        let mut lines = Lines::start(text, LIFT_FORMAT)?;
        let statement = Self {
            plan_hash: lines.hash("plan-hash: ", "plan-hash: 64 lower-case hexadecimal digits")?,
            orders: lines.orders()?,
            not_after: lines.time("not-after: ", "not-after: a time such as 2026-11-24T12:00:00Z")?,
        };
        canonical(text, statement)
    }
}

impl fmt::Display for LiftStatement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{LIFT_FORMAT}")?;
        writeln!(formatter, "plan-hash: {}", self.plan_hash)?;
        write_orders(formatter, &self.orders)?;
        writeln!(formatter, "not-after: {}", self.not_after)
    }
}

impl RenewalStatement {
    /// Reads the exact text.
    ///
    /// # Errors
    /// [`StatementError`].
    pub fn parse(text: &str) -> Result<Self, StatementError> {
        let mut lines = Lines::start(text, RENEWAL_FORMAT)?;
        let statement = Self {
            plan_hash: lines.hash("plan-hash: ", "plan-hash: 64 lower-case hexadecimal digits")?,
            orders: lines.orders()?,
            lease_until: lines.time(
                "lease-until: ",
                "lease-until: a time such as 2026-11-24T12:00:00Z",
            )?,
            not_after: lines.time("not-after: ", "not-after: a time such as 2026-11-24T12:00:00Z")?,
        };
        canonical(text, statement)
    }
}

impl fmt::Display for RenewalStatement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{RENEWAL_FORMAT}")?;
        writeln!(formatter, "plan-hash: {}", self.plan_hash)?;
        write_orders(formatter, &self.orders)?;
        writeln!(formatter, "lease-until: {}", self.lease_until)?;
        writeln!(formatter, "not-after: {}", self.not_after)
    }
}

fn write_orders(formatter: &mut fmt::Formatter<'_>, orders: &OrderChoice) -> fmt::Result {
    match orders {
        OrderChoice::All => writeln!(formatter, "order: all"),
        OrderChoice::These(ids) => ids.iter().try_for_each(|id| writeln!(formatter, "order: {id}")),
    }
}

/// The time without its fraction of a second, as statements have it.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

pub(super) fn canonical<T: fmt::Display>(text: &str, statement: T) -> Result<T, StatementError> {
    if statement.to_string() == text {
        Ok(statement)
    } else {
        Err(StatementError::NotCanonical)
    }
}

/// The lines of a statement after its first.
pub(super) struct Lines<'a> {
    lines: std::iter::Peekable<std::str::Split<'a, char>>,
    /// How many were taken.
    taken: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn start(text: &'a str, format: &'static str) -> Result<Self, StatementError> {
        if text.len() > STATEMENT_BYTES_MAX {
            return Err(StatementError::Long);
        }
        let mut lines = text.split('\n').peekable();
        if lines.next() != Some(format) {
            return Err(StatementError::Format { wanted: format });
        }
        Ok(Self { lines, taken: 1 })
    }

    /// What follows `name` in the next line.
    fn value(&mut self, name: &str, wanted: &'static str) -> Result<&'a str, StatementError> {
        self.taken += 1;
        let line = self.lines.next().unwrap_or_default();
        line.strip_prefix(name).ok_or(self.wrong(wanted))
    }

    const fn wrong(&self, wanted: &'static str) -> StatementError {
        StatementError::Line {
            line: self.taken,
            wanted,
        }
    }

    pub(super) fn hash(&mut self, name: &str, wanted: &'static str) -> Result<String, StatementError> {
        let value = self.value(name, wanted)?;
        let digits = value
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if digits && value.len() == 64 {
            Ok(value.to_owned())
        } else {
            Err(self.wrong(wanted))
        }
    }

    fn decision(&mut self) -> Result<Decision, StatementError> {
        const WANTED: &str = "decision: approve, bulk or force";
        let value = self.value("decision: ", WANTED)?;
        Decision::ALL
            .into_iter()
            .find(|decision| decision.word() == value)
            .ok_or(self.wrong(WANTED))
    }

    pub(super) fn time(&mut self, name: &str, wanted: &'static str) -> Result<Timestamp, StatementError> {
        let value = self.value(name, wanted)?;
        let time: Timestamp = value.parse().map_err(|_| self.wrong(wanted))?;
        if time.subsec_nanosecond() == 0 {
            Ok(time)
        } else {
            Err(self.wrong(wanted))
        }
    }

    fn orders(&mut self) -> Result<OrderChoice, StatementError> {
        const WANTED: &str = "order: all, or order: and the name of an order";
        let mut ids = BTreeSet::new();
        let first = self.value("order: ", WANTED)?;
        if first == "all" {
            return Ok(OrderChoice::All);
        }
        ids.insert(self.order_id(first, WANTED)?);
        while self.lines.peek().is_some_and(|line| line.starts_with("order: ")) {
            let next = self.value("order: ", WANTED)?;
            ids.insert(self.order_id(next, WANTED)?);
            if ids.len() > ORDERS_MAX {
                return Err(StatementError::Long);
            }
        }
        Ok(OrderChoice::These(ids))
    }

    fn order_id(&self, text: &str, wanted: &'static str) -> Result<OrderId, StatementError> {
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if plain && text.len() <= 40 && text != "all" && !text.is_empty() {
            Ok(OrderId(text.to_owned()))
        } else {
            Err(self.wrong(wanted))
        }
    }
}
