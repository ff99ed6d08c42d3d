//! What is said between an executor and the actuator: one JSON document a line.
//!
//! `docs/actuator.md` describes it for people who write another client.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::approval::{Approver, SignedStatement};
use crate::gate::Refusal;
use crate::{
    Capabilities, Observation, OrderId, Orders, PointError, PointErrorKind, PointName, PointState, Probe,
    Target,
};

/// The protocol and its version. Both sides say it first.
pub const PROTOCOL: &str = "cordon-actuator/1";

/// Longest line of a request in bytes, without its line end. A lift that names every order of the largest plan has some 300 kB.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// Longest line that registers orders. Such a line starts with [`REGISTER_START`] after its id.
pub const REGISTER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How a line that registers orders goes on after `{"id":` and the digits of the id.
pub const REGISTER_START: &str = ",\"ask\":{\"verb\":\"register\",";

/// Longest line of an answer in bytes.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Most targets of one request, so that the answer fits with the largest states.
pub const TARGETS_PER_REQUEST_MAX: usize = 400;

/// Longest deadline of a request in milliseconds.
pub const DEADLINE_MILLISECONDS_MAX: u64 = 300_000;

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Chosen by the client; the answer has it too.
    pub id: u64,
    /// What is asked.
    pub ask: Ask,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verb", deny_unknown_fields)]
pub enum Ask {
    /// First of all: which protocol is spoken.
    Hello {
        /// [`PROTOCOL`].
        protocol: String,
    },
    /// Approved orders, to be let through from now on.
    Register {
        /// The orders.
        orders: Box<Orders>,
        /// What people signed.
        signatures: Vec<SignedStatement>,
        /// True if two people forced that no proof of a break-glass logon is needed.
        #[serde(default)]
        dangerously_without_break_glass: bool,
    },
    /// That orders be lifted.
    PermitLift {
        /// What somebody signed.
        signed: SignedStatement,
    },
    /// That leases run longer.
    Renew {
        /// What somebody signed.
        signed: SignedStatement,
    },
    /// [`crate::EnforcementPoint::observe_all`].
    Observe(Reading),
    /// [`crate::EnforcementPoint::probe`] of each.
    Probe(Reading),
    /// [`crate::EnforcementPoint::apply`] of each, in their order.
    Apply {
        /// Where, as whom, until when.
        at: Claim,
        /// Digest of the orders.
        orders_digest: String,
        /// What.
        withdrawals: Vec<Withdrawal>,
    },
    /// [`crate::EnforcementPoint::lift`] of each, in their order.
    Lift {
        /// Where, as whom, until when.
        at: Claim,
        /// Digest of the orders.
        orders_digest: String,
        /// What.
        returns: Vec<Return>,
    },
    /// [`crate::EnforcementPoint::prove_break_glass`].
    ProveBreakGlass {
        /// Where, as whom, until when.
        at: Claim,
    },
    /// Whether protected services still answer, as the actuator's configuration says how to try it.
    Services {
        /// Which; all if empty.
        names: Vec<String>,
        /// How long it may take altogether, in milliseconds.
        deadline_milliseconds: u64,
    },
    /// Which orders are registered.
    Registered {},
}

/// Where a call is made, as whom, and how long it may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The point.
    pub point: PointName,
    /// The executor's fencing token at it, from 1; 0 claims nothing and is enough to read.
    pub epoch: u64,
    /// How long the whole request may take, in milliseconds, at most [`DEADLINE_MILLISECONDS_MAX`]. What was not begun by then is not
    /// begun.
    pub deadline_milliseconds: u64,
}

/// A call that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Where, as whom, until when.
    pub at: Claim,
    /// What.
    pub targets: Vec<Target>,
    /// The numbers of the calls, in the order of the targets, as in [`Withdrawal::call`]. With them, changes that were asked for before and
    /// arrive later are refused. They may be left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<u64>,
}

/// One target to withdraw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// The number of the call: each further one of the same epoch about the same target has a higher one. From 1.
    pub call: u64,
    /// On behalf of which order.
    pub order: OrderId,
    /// What.
    pub target: Target,
    /// What was observed before.
    pub prior: PointState,
    /// Until when the point itself shall hold it, if it can; never longer than approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Timestamp>,
}

/// One target to give back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Return {
    /// The number of the call, as in [`Withdrawal::call`].
    pub call: u64,
    /// On behalf of which orders.
    pub orders: Vec<OrderId>,
    /// What.
    pub target: Target,
    /// What stood before the withdrawal.
    pub prior: PointState,
    /// What the withdrawal left, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<PointState>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The id of the request; 0 if it could not be read.
    pub id: u64,
    /// What is answered.
    pub answer: Answer,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "says", deny_unknown_fields)]
pub enum Answer {
    /// To [`Ask::Hello`].
    Hello {
        /// [`PROTOCOL`].
        protocol: String,
        /// The points there are.
        points: Vec<PointInfo>,
        /// What protects the process, in words.
        protections: Vec<String>,
    },
    /// To [`Ask::Register`].
    Registered {
        /// The digest of the orders.
        orders_digest: String,
        /// Until when each order may be begun.
        until: Timestamp,
        /// Who approved.
        approvers: Vec<Approver>,
    },
    /// To [`Ask::PermitLift`] and [`Ask::Renew`]: which orders it concerns.
    Noted {
        /// The orders.
        orders: Vec<OrderId>,
    },
    /// To [`Ask::Observe`], [`Ask::Apply`] and [`Ask::Lift`], in the order of the request.
    Observed {
        /// What stands afterwards.
        outcomes: Vec<Outcome<Observation>>,
    },
    /// To [`Ask::Probe`], in the order of the request.
    Probed {
        /// What came of each try.
        outcomes: Vec<Outcome<Probe>>,
    },
    /// To [`Ask::ProveBreakGlass`].
    BreakGlass {
        /// How it was proven; none if no break-glass logon is configured.
        outcome: Outcome<Option<String>>,
    },
    /// To [`Ask::Services`].
    Services {
        /// How each answered.
        services: Vec<ServiceAnswer>,
    },
    /// To [`Ask::Registered`].
    Orders {
        /// Each set of orders.
        registered: Vec<RegisteredOrders>,
    },
    /// The gate refused the whole request. Nothing was sent to a point.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// The request failed as a whole. Nothing was changed, unless the kind says that this is unknown.
    Failed {
        /// Why.
        error: PointError,
    },
}

impl Answer {
    /// A request that failed as a whole.
    #[must_use]
    pub fn failed(kind: PointErrorKind, text: impl std::fmt::Display) -> Self {
        Self::Failed {
            error: PointError::new(kind, text),
        }
    }
}

/// What came of one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome<T> {
    /// It was done, and this is what the point says.
    Done(T),
    /// The gate refused it. Nothing was sent to the point.
    Refused(Refusal),
    /// The point failed.
    Failed(PointError),
}

/// A point that the actuator holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointInfo {
    /// Its name.
    pub name: PointName,
    /// Its kind, as in the actuator's configuration.
    pub kind: String,
    /// What it can do.
    pub capabilities: Capabilities,
}

/// How a protected service answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAnswer {
    /// Its name.
    pub name: String,
    /// True if it serves.
    pub serves: bool,
    /// What came back, in words.
    pub how: String,
}

/// A set of orders that is registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisteredOrders {
    /// Its digest.
    pub orders_digest: String,
    /// The plan.
    pub plan_hash: String,
    /// Until when each order may be begun.
    pub until: Timestamp,
    /// Which are to be lifted.
    pub given_up: Vec<OrderId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_written_as_the_documents_show() {
        let request = Request {
            id: 7,
            ask: Ask::Observe(Reading {
                at: Claim {
                    point: PointName::from("vpn"),
                    epoch: 3,
                    deadline_milliseconds: 5000,
                },
                targets: vec![Target::Account {
                    account: "pat".to_owned(),
                }],
                calls: Vec::new(),
            }),
        };
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(
            text,
            "{\"id\":7,\"ask\":{\"verb\":\"observe\",\"at\":{\"point\":\"vpn\",\"epoch\":3,\"deadline_milliseconds\":5000},\
             \"targets\":[{\"kind\":\"account\",\"account\":\"pat\"}]}}"
        );
        assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request);
        let registered = serde_json::to_string(&Request {
            id: 1,
            ask: Ask::Registered {},
        })
        .unwrap();
        assert_eq!(registered, "{\"id\":1,\"ask\":{\"verb\":\"registered\"}}");
    }

    #[test]
    fn a_line_that_registers_says_so_at_its_start() {
        let orders = Orders {
            format: crate::ORDERS_FORMAT.to_owned(),
            plan_hash: "ab".repeat(32),
            organisation: "a test".to_owned(),
            orders: Vec::new(),
            limits: crate::VolumeLimits::default(),
            never: Vec::new(),
        };
        let ask = Ask::Register {
            orders: Box::new(orders),
            signatures: Vec::new(),
            dangerously_without_break_glass: false,
        };
        let text = serde_json::to_string(&Request { id: 12, ask }).unwrap();
        assert!(
            text.starts_with(&format!("{{\"id\":12{REGISTER_START}")),
            "{text}"
        );
    }

    #[test]
    fn answers_come_back_as_they_were() {
        let answer = Answer::Observed {
            outcomes: vec![
                Outcome::Refused(Refusal::NotRegistered),
                Outcome::Failed(PointError::new(PointErrorKind::Unknown, "no answer")),
            ],
        };
        let text = serde_json::to_string(&Response {
            id: 1,
            answer: answer.clone(),
        })
        .unwrap();
        assert_eq!(serde_json::from_str::<Response>(&text).unwrap().answer, answer);
    }
}
