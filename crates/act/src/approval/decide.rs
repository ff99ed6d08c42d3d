//! Whether what was signed suffices, and the tokens that say so.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::limits::{RENEWAL_DAYS_MAX, SIGNATURES_MAX, VALID_HOURS_MAX};
use super::volume::excesses;
use super::{
    AllowedSigners, ApprovalStatement, Decision, Excess, LiftStatement, OrderChoice, RenewalStatement, Role,
    SignatureError, Signed, SignedStatement, StatementError, verify,
};
use crate::{Orders, OrdersError, VolumeLimits};

/// Under which terms orders are approved.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The time.
    pub now: Timestamp,
    /// True if the orders shall be carried out although no break-glass logon was proven to work. Two people must then have signed in
    /// the role `cordon-force`; they may be the two who approved.
    pub dangerously_without_break_glass: bool,
    /// Limits of the reader's own, which count where they are smaller than those of the orders.
    pub ceiling: Option<VolumeLimits>,
}

impl Terms {
    /// The usual terms: with a proven break-glass logon, under the limits that the orders themselves have.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self {
            now,
            dangerously_without_break_glass: false,
            ceiling: None,
        }
    }
}

/// Somebody who signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// Who.
    pub person: String,
    /// With which key: `SHA256:` and the fingerprint.
    pub fingerprint: String,
    /// As what.
    pub role: Role,
}

/// Orders that the right people approved. Only [`approve`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    plan_hash: String,
    orders_digest: String,
    approvers: Vec<Approver>,
    until: Timestamp,
    without_break_glass: bool,
    _minted: (),
}

impl Approved {
    /// The hash of the plan.
    #[must_use]
    pub fn plan_hash(&self) -> &str {
        &self.plan_hash
    }
    /// The digest of the orders.
    #[must_use]
    pub fn orders_digest(&self) -> &str {
        &self.orders_digest
    }
    /// Who signed, in which role.
    #[must_use]
    pub fn approvers(&self) -> &[Approver] {
        &self.approvers
    }
    /// Until when the orders may be begun: the earliest end of the statements.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }
    /// True if two people said that no proven break-glass logon is needed.
    #[must_use]
    pub const fn without_break_glass(&self) -> bool {
        self.without_break_glass
    }
}

/// A lift that somebody with the right to it asked for. Only [`approve_lift`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiftApproved {
    statement: LiftStatement,
    approver: Approver,
}

impl LiftApproved {
    /// The hash of the plan.
    #[must_use]
    pub fn plan_hash(&self) -> &str {
        &self.statement.plan_hash
    }
    /// Which orders.
    #[must_use]
    pub const fn orders(&self) -> &OrderChoice {
        &self.statement.orders
    }
    /// Until when it may be handed in.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.statement.not_after
    }
    /// Who signed.
    #[must_use]
    pub const fn approver(&self) -> &Approver {
        &self.approver
    }
}

/// A renewal that somebody with the right to it asked for. Only [`approve_renewal`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewalApproved {
    statement: RenewalStatement,
    approver: Approver,
}

impl RenewalApproved {
    /// The hash of the plan.
    #[must_use]
    pub fn plan_hash(&self) -> &str {
        &self.statement.plan_hash
    }
    /// Which orders.
    #[must_use]
    pub const fn orders(&self) -> &OrderChoice {
        &self.statement.orders
    }
    /// The new end of the lease.
    #[must_use]
    pub const fn lease_until(&self) -> Timestamp {
        self.statement.lease_until
    }
    /// Until when it may be handed in.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.statement.not_after
    }
    /// Who signed.
    #[must_use]
    pub const fn approver(&self) -> &Approver {
        &self.approver
    }
}

/// Why something is not approved. Places count from 1, in the order in which signatures were handed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// The orders themselves.
    #[error("these orders cannot be approved: {0}")]
    Orders(#[from] OrdersError),
    /// Too many signatures to look at.
    #[error("{0} signatures, {SIGNATURES_MAX} at most")]
    TooMany(usize),
    /// A text that is no statement.
    #[error("signature {place}: {why}")]
    Statement {
        /// Which.
        place: usize,
        /// Why.
        why: StatementError,
    },
    /// A signature that does not count.
    #[error("signature {place}: {why}")]
    Signature {
        /// Which.
        place: usize,
        /// Why.
        why: SignatureError,
    },
    /// Another plan was approved.
    #[error("signature {place} by {person} is for another plan")]
    AnotherPlan {
        /// Which.
        place: usize,
        /// Whose.
        person: String,
    },
    /// The orders of the plan were others.
    #[error("signature {place} by {person} is for other orders of this plan")]
    OtherOrders {
        /// Which.
        place: usize,
        /// Whose.
        person: String,
    },
    /// The statement is not valid any more.
    #[error("signature {place}: what {person} signed was valid until {until}")]
    Expired {
        /// Which.
        place: usize,
        /// Whose.
        person: String,
        /// Until when.
        until: Timestamp,
    },
    /// The statement would be valid for too long.
    #[error(
        "signature {place}: what {person} signed would be valid until {until}, more than {VALID_HOURS_MAX} hours ahead"
    )]
    TooLong {
        /// Which.
        place: usize,
        /// Whose.
        person: String,
        /// Until when.
        until: Timestamp,
    },
    /// The lease would become too long.
    #[error(
        "the lease would end {until}: it must end later than now and at most {RENEWAL_DAYS_MAX} days ahead"
    )]
    LeaseEnd {
        /// When.
        until: Timestamp,
    },
    /// Only one person, with several keys.
    #[error("all approvals in the role {role} are by {person}: a second person must sign")]
    SamePerson {
        /// Who.
        person: String,
        /// In which role.
        role: Role,
    },
    /// Not enough people.
    #[error("two different people must sign in the role {role}; so far: {}", said(people))]
    TooFew {
        /// In which role.
        role: Role,
        /// Who did.
        people: Vec<String>,
    },
    /// Over the limits without the further approval.
    #[error(
        "the orders exceed their limits ({}), so a third person must sign in the role cordon-bulk",
        excesses.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Bulk {
        /// Which limits.
        excesses: Vec<Excess>,
    },
}

fn said(people: &[String]) -> String {
    if people.is_empty() {
        "nobody".to_owned()
    } else {
        people.join(", ")
    }
}

/// Whether these signatures approve these orders now: two different people with two different keys, each for exactly these orders,
/// unexpired and at most 24 hours ahead; a third person in the role `cordon-bulk` if the orders exceed a volume limit; two people in
/// the role `cordon-force` if the terms say that no break-glass logon was proven.
///
/// Every signature that is handed in must hold: one that does not refuses the whole.
///
/// # Errors
/// The first [`ApprovalError`].
pub fn approve(
    orders: &Orders,
    signatures: &[SignedStatement],
    signers: &AllowedSigners,
    terms: &Terms,
) -> Result<Approved, ApprovalError> {
    orders.validate()?;
    if signatures.len() > SIGNATURES_MAX {
        return Err(ApprovalError::TooMany(signatures.len()));
    }
    let digest = orders.digest();
    let mut collected = Collected::default();
    let mut until = Timestamp::MAX;
    for (index, signed) in signatures.iter().enumerate() {
        let (statement, role, by) = read_approval(index + 1, signed, signers, terms.now)?;
        bind(index + 1, &by, &statement, &orders.plan_hash, &digest)?;
        until = until.min(statement.expires);
        collected.add(role, by);
    }
    collected.two(Role::Approve)?;
    let excesses = excesses(orders, terms.ceiling.as_ref());
    if !excesses.is_empty() && !collected.has_third(Role::Bulk) {
        return Err(ApprovalError::Bulk { excesses });
    }
    if terms.dangerously_without_break_glass {
        collected.two(Role::Force)?;
    }
    Ok(Approved {
        plan_hash: orders.plan_hash.clone(),
        orders_digest: digest,
        approvers: collected.approvers(),
        until,
        without_break_glass: terms.dangerously_without_break_glass,
        _minted: (),
    })
}

fn read_approval(
    place: usize,
    signed: &SignedStatement,
    signers: &AllowedSigners,
    now: Timestamp,
) -> Result<(ApprovalStatement, Role, Signed), ApprovalError> {
    let statement =
        ApprovalStatement::parse(&signed.statement).map_err(|why| ApprovalError::Statement { place, why })?;
    let role = match statement.decision {
        Decision::Approve => Role::Approve,
        Decision::Bulk => Role::Bulk,
        Decision::Force => Role::Force,
    };
    let by = check(place, signed, role, signers, now)?;
    in_time(place, &by, statement.expires, now)?;
    Ok((statement, role, by))
}

pub(super) fn check(
    place: usize,
    signed: &SignedStatement,
    role: Role,
    signers: &AllowedSigners,
    now: Timestamp,
) -> Result<Signed, ApprovalError> {
    verify(&signed.statement, &signed.signature, role, signers, now)
        .map_err(|why| ApprovalError::Signature { place, why })
}

pub(super) fn in_time(
    place: usize,
    by: &Signed,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), ApprovalError> {
    let person = by.person.clone();
    if now >= until {
        return Err(ApprovalError::Expired { place, person, until });
    }
    if until.duration_since(now) > SignedDuration::from_hours(VALID_HOURS_MAX) {
        return Err(ApprovalError::TooLong { place, person, until });
    }
    Ok(())
}

fn bind(
    place: usize,
    by: &Signed,
    statement: &ApprovalStatement,
    plan_hash: &str,
    digest: &str,
) -> Result<(), ApprovalError> {
    let person = by.person.clone();
    if statement.plan_hash != plan_hash {
        return Err(ApprovalError::AnotherPlan { place, person });
    }
    if statement.orders_digest != digest {
        return Err(ApprovalError::OtherOrders { place, person });
    }
    Ok(())
}

/// Who signed in which role. A person counts once, with the first key; a key has one person, by [`verify`].
#[derive(Default)]
struct Collected(BTreeMap<Role, BTreeMap<String, String>>, BTreeMap<Role, usize>);

impl Collected {
    fn add(&mut self, role: Role, by: Signed) {
        *self.1.entry(role).or_default() += 1;
        self.0
            .entry(role)
            .or_default()
            .entry(by.person)
            .or_insert(by.fingerprint);
    }

    fn people(&self, role: Role) -> Vec<String> {
        self.0
            .get(&role)
            .map(|people| people.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// Two different people, whose keys differ.
    fn two(&self, role: Role) -> Result<(), ApprovalError> {
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(crate::bugs::Bug::CountsSignatures)
            && self.1.get(&role).is_some_and(|signatures| *signatures >= 2)
        {
            return Ok(());
        }
        let people = self.people(role);
        let mut keys: Vec<&String> = self
            .0
            .get(&role)
            .map(|people| people.values().collect())
            .unwrap_or_default();
        keys.sort_unstable();
        keys.dedup();
        match people.as_slice() {
            [_, _, ..] if keys.len() >= 2 => Ok(()),
            [one] if self.1.get(&role).is_some_and(|signatures| *signatures > 1) => {
                Err(ApprovalError::SamePerson {
                    person: one.clone(),
                    role,
                })
            }
            _ => Err(ApprovalError::TooFew { role, people }),
        }
    }

    /// Somebody in `role` so that two others are left who approved.
    fn has_third(&self, role: Role) -> bool {
        let approved = self.people(Role::Approve);
        self.people(role)
            .iter()
            .any(|person| approved.iter().filter(|other| *other != person).count() >= 2)
    }

    fn approvers(self) -> Vec<Approver> {
        self.0
            .into_iter()
            .flat_map(|(role, people)| {
                people.into_iter().map(move |(person, fingerprint)| Approver {
                    person,
                    fingerprint,
                    role,
                })
            })
            .collect()
    }
}

/// Whether this signature asks for a lift: one person with the role `cordon-lift`.
///
/// # Errors
/// [`ApprovalError`].
pub fn approve_lift(
    signed: &SignedStatement,
    signers: &AllowedSigners,
    now: Timestamp,
) -> Result<LiftApproved, ApprovalError> {
    let statement =
        LiftStatement::parse(&signed.statement).map_err(|why| ApprovalError::Statement { place: 1, why })?;
    let by = check(1, signed, Role::Lift, signers, now)?;
    in_time(1, &by, statement.not_after, now)?;
    Ok(LiftApproved {
        statement,
        approver: approver(by, Role::Lift),
    })
}

/// Whether this signature renews a lease: one person with the role `cordon-renew`.
///
/// # Errors
/// [`ApprovalError`].
pub fn approve_renewal(
    signed: &SignedStatement,
    signers: &AllowedSigners,
    now: Timestamp,
) -> Result<RenewalApproved, ApprovalError> {
    let statement = RenewalStatement::parse(&signed.statement)
        .map_err(|why| ApprovalError::Statement { place: 1, why })?;
    let by = check(1, signed, Role::Renew, signers, now)?;
    in_time(1, &by, statement.not_after, now)?;
    let until = statement.lease_until;
    let longest = SignedDuration::from_hours(RENEWAL_DAYS_MAX * 24);
    if until <= now || until.duration_since(now) > longest {
        return Err(ApprovalError::LeaseEnd { until });
    }
    Ok(RenewalApproved {
        statement,
        approver: approver(by, Role::Renew),
    })
}

pub(super) fn approver(by: Signed, role: Role) -> Approver {
    Approver {
        person: by.person,
        fingerprint: by.fingerprint,
        role,
    }
}
