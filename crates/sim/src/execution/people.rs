//! What people sign in a night, with real keys and real signatures.

use std::sync::LazyLock;

use cordon_act::approval::{
    AllowedSigners, ApprovalError, ApprovalStatement, Approved, Decision, LiftApproved, LiftStatement,
    OrderChoice, RehearsalKey, RenewalApproved, RenewalStatement, Role, SignedStatement, Terms, approve,
    approve_lift, approve_renewal,
};
use cordon_act::{Orders, Target};
use jiff::Timestamp;

/// How an approval comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hand {
    /// Two people sign these orders.
    Two,
    /// One person signs twice.
    OneTwice,
    /// Two people sign, and the orders are edited afterwards.
    EditedAfterwards,
    /// It ended before it is handed in.
    Late,
}

struct People {
    keys: [RehearsalKey; 2],
    signers: Option<AllowedSigners>,
}

/// Keys are made once for all nights; what they sign is signed and verified each time.
static PEOPLE: LazyLock<People> = LazyLock::new(|| {
    let keys = [1_u8, 2].map(|number| RehearsalKey::from_seed(&[number; 32]));
    let text: String = keys
        .iter()
        .zip(["one", "two"])
        .map(|(key, name)| key.line(name))
        .collect();
    let signers = AllowedSigners::parse(&text, &jiff::tz::TimeZone::UTC).ok();
    People { keys, signers }
});

/// Statements have whole seconds.
fn in_minutes(now: Timestamp, minutes: i64) -> Timestamp {
    Timestamp::from_second(now.as_second() + minutes * 60).unwrap_or(now)
}

fn signed(person: usize, role: Role, statement: &impl ToString) -> Option<SignedStatement> {
    PEOPLE.keys.get(person)?.sign(role, statement).ok()
}

/// What people sign for orders, and what of that the actuator makes.
pub(super) fn approval(
    orders: &Orders,
    hand: Hand,
    minutes: i64,
    now: Timestamp,
) -> Option<Result<Approved, ApprovalError>> {
    let minutes = if hand == Hand::Late { -minutes } else { minutes };
    let mut seen = orders.clone();
    if hand == Hand::EditedAfterwards
        && let Some(order) = seen.orders.first_mut()
    {
        order.targets.push(Target::Account {
            account: "another".to_owned(),
        });
    }
    let statement = ApprovalStatement::of(&seen, Decision::Approve, in_minutes(now, minutes));
    let second = if hand == Hand::OneTwice { 0 } else { 1 };
    let statements = [
        signed(0, Role::Approve, &statement)?,
        signed(second, Role::Approve, &statement)?,
    ];
    Some(approve(
        orders,
        &statements,
        PEOPLE.signers.as_ref()?,
        &Terms::at(now),
    ))
}

/// That orders be lifted.
pub(super) fn lift(plan_hash: &str, orders: OrderChoice, now: Timestamp) -> Option<LiftApproved> {
    let statement = LiftStatement {
        plan_hash: plan_hash.to_owned(),
        orders,
        not_after: in_minutes(now, 60),
    };
    approve_lift(&signed(0, Role::Lift, &statement)?, PEOPLE.signers.as_ref()?, now).ok()
}

/// That leases run for so many minutes more.
pub(super) fn renewal(
    plan_hash: &str,
    orders: OrderChoice,
    minutes: i64,
    now: Timestamp,
) -> Option<RenewalApproved> {
    let statement = RenewalStatement {
        plan_hash: plan_hash.to_owned(),
        orders,
        lease_until: in_minutes(now, minutes),
        not_after: in_minutes(now, 60),
    };
    approve_renewal(
        &signed(1, Role::Renew, &statement)?,
        PEOPLE.signers.as_ref()?,
        now,
    )
    .ok()
}
