//! Why an entity is suspected, in words.

use cordon_estate::{Estate, Means};
use cordon_evidence::bind::Role;
use cordon_evidence::infer::{Carrier, Contribution, Reason};
use cordon_evidence::sigma::{Rule, RuleId};

/// One reason in words: what, how often, in which part, and the first record that shows it.
pub(super) fn text(one: &Contribution, estate: &Estate, rules: &[Rule]) -> String {
    let what = match one.reason {
        Reason::Rule(rule, role, times) => rule_text(rules, RuleId(rule.0), role, times),
        Reason::Carried(carrier) => carried_text(estate, carrier),
    };
    format!(
        "{what} (file {}, record {})",
        one.place.file.0, one.place.position
    )
}

fn rule_text(rules: &[Rule], id: RuleId, role: Role, times: u32) -> String {
    let title = rules
        .get(id.index())
        .map_or("a rule that is not loaded", |rule| rule.title.as_str());
    let times = if times > 1 {
        format!(", {times} times")
    } else {
        String::new()
    };
    format!("{title}: {}{times}", role_words(role))
}

fn carried_text(estate: &Estate, carrier: Carrier) -> String {
    let from = estate.name(carrier.from);
    match carrier.means {
        Some(means) => format!("used from {from} by {}", means_words(means)),
        None => format!("programs started by or on {from}"),
    }
}

const fn role_words(role: Role) -> &'static str {
    match role {
        Role::Actor => "did it",
        Role::Host => "it happened here",
        Role::Source => "it came from here",
        Role::Target => "it was done to this account",
        Role::TargetHost => "it was done to this system",
        Role::Witness => "only wrote it down",
    }
}

const fn means_words(means: Means) -> &'static str {
    match means {
        Means::Console => "a console logon",
        Means::RemoteDesktop => "remote desktop",
        Means::RemoteManagement => "remote management",
        Means::FileShare => "a network logon",
        Means::Wmi => "WMI",
        Means::Ssh => "secure shell",
        Means::Database => "a database login",
        Means::Web => "the web",
        Means::Admin => "administrator rights",
    }
}
