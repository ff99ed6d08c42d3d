//! What is known of a recorded intrusion: the truth that a backtest is measured against.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The truth of one recording, as its `truth.json` has it. Unknown members are ignored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// What the recording is called.
    #[serde(default)]
    pub dataset: String,
    /// First and last instant of the recording.
    #[serde(default)]
    pub window: Option<(Timestamp, Timestamp)>,
    /// Accounts the intruder held, if the recording's authors say so.
    #[serde(default)]
    pub compromised_accounts: Vec<String>,
    /// Hosts the intruder ran on, if the recording's authors say so.
    #[serde(default)]
    pub compromised_hosts: Vec<String>,
    /// The hosts there were.
    #[serde(default)]
    pub hosts: Vec<TruthHost>,
    /// What the intruder did, in order of time.
    #[serde(default)]
    pub steps: Vec<TruthStep>,
}

/// A host of a recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TruthHost {
    /// Its name.
    pub name: String,
    /// What it is, in words.
    #[serde(default)]
    pub role: String,
    /// Its addresses.
    #[serde(default)]
    pub ips: Vec<String>,
}

/// One step of the intruder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TruthStep {
    /// When it happened.
    pub time: Timestamp,
    /// Its ATT&CK technique.
    pub technique: String,
    /// Where it came from.
    #[serde(default)]
    pub from_host: String,
    /// What it went to; the same as `from_host` for a local step.
    #[serde(default)]
    pub to_host: String,
    /// The account it used or tried.
    #[serde(default)]
    pub account: String,
    /// What in the logs shows it.
    #[serde(default)]
    pub evidence: String,
}

impl TruthStep {
    /// True if the step crossed the network.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        !self.from_host.is_empty()
            && !self.to_host.is_empty()
            && !self.from_host.eq_ignore_ascii_case(&self.to_host)
    }
}

impl Truth {
    /// True if the intruder held this account. Where the truth does not list them, an account is held if a step
    /// that succeeded used it: one that was tried and refused (password spraying) was not.
    #[must_use]
    pub fn holds_account(&self, name: &str) -> bool {
        if self.compromised_accounts.is_empty() {
            return self
                .steps
                .iter()
                .any(|step| step.technique != "T1110.003" && step.account.eq_ignore_ascii_case(name));
        }
        self.compromised_accounts
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name))
    }

    /// True if the intruder ran on this host. Where the truth does not list them, a host is held if a step started
    /// from it, or moved laterally to it (tactics of technique T1021 and its like).
    #[must_use]
    pub fn holds_host(&self, name: &str) -> bool {
        if self.compromised_hosts.is_empty() {
            return self.steps.iter().any(|step| {
                step.from_host.eq_ignore_ascii_case(name)
                    || (runs_on_target(&step.technique) && step.to_host.eq_ignore_ascii_case(name))
            });
        }
        self.compromised_hosts
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// True for techniques that end with the intruder running on the target: execution (T1204, T1047, T1059, T1569,
/// T1053), remote services (T1021), and exploitation of them (T1210).
fn runs_on_target(technique: &str) -> bool {
    let base = technique.split('.').next().unwrap_or(technique);
    matches!(
        base,
        "T1021" | "T1047" | "T1053" | "T1059" | "T1204" | "T1210" | "T1569"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth() -> Truth {
        let step = |technique: &str, from: &str, to: &str, account: &str| TruthStep {
            time: "2020-10-22T08:29:53Z".parse().unwrap(),
            technique: technique.into(),
            from_host: from.into(),
            to_host: to.into(),
            account: account.into(),
            evidence: String::new(),
        };
        Truth {
            steps: vec![
                step("T1110.003", "A", "DC", "tried"),
                step("T1135", "A", "B", "used"),
                step("T1021.006", "A", "C", "used"),
            ],
            ..Truth::default()
        }
    }

    #[test]
    fn a_tried_account_is_not_held() {
        assert!(!truth().holds_account("tried"));
        assert!(truth().holds_account("USED"));
    }

    #[test]
    fn a_host_that_was_only_looked_at_is_not_held() {
        let truth = truth();
        assert!(truth.holds_host("a"));
        assert!(!truth.holds_host("B"));
        assert!(truth.holds_host("c"));
        assert!(!truth.holds_host("DC"));
    }

    #[test]
    fn a_list_of_the_authors_overrides_what_follows_from_the_steps() {
        let truth = Truth {
            compromised_hosts: vec!["Z".into()],
            ..truth()
        };
        assert!(truth.holds_host("z"));
        assert!(!truth.holds_host("A"));
    }

    #[test]
    fn members_nobody_knows_are_ignored() {
        let text = r#"{"dataset":"d","surprise":1,"steps":[]}"#;
        let truth: Truth = serde_json::from_str(text).unwrap();
        assert_eq!(truth.dataset, "d");
    }
}
