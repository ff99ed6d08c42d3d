//! Ids and states in words.

use std::collections::BTreeMap;

use cordon_plan::document::{
    Baseline, BaselineKind, ExposureCount, JewelEntry, JewelState, Metrics, PlanDocument, ServiceLevel,
    WithdrawalId,
};

use super::quantity::counted;

/// Why each entity (`kind:name`) is believed to be held: one sentence per reason, the strongest first.
pub(crate) type Reasons = BTreeMap<String, Vec<String>>;

/// `pat` of `account:pat`; whatever has no kind stays as it is.
pub(crate) fn bare(entity: &str) -> &str {
    entity.split_once(':').map_or(entity, |(_, name)| name)
}

/// The numbers that withdrawals have in the plan: `1`, `2 and 3`; empty if none of them is in it.
pub(crate) fn numbers(plan: &PlanDocument, ids: &[WithdrawalId]) -> String {
    let numbers: Vec<String> = ids
        .iter()
        .filter_map(|id| plan.withdrawal(id))
        .map(|entry| entry.order.to_string())
        .collect();
    listed(&numbers)
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The first `limit` of the names, and how many there are beyond them in a total of `total`.
pub(crate) fn listed_of(names: &[String], limit: usize, total: usize) -> String {
    let shown: Vec<String> = names.iter().take(limit).cloned().collect();
    let rest = total.saturating_sub(shown.len());
    if rest == 0 {
        return listed(&shown);
    }
    format!(
        "{} and {} more",
        shown.join(", "),
        super::quantity::count(rest as u64)
    )
}

/// What is in reach, in words, or `nothing`.
pub(crate) fn reach(count: &ExposureCount) -> String {
    let parts: Vec<String> = [
        (count.jewels, "jewel", "jewels"),
        (count.systems, "system", "systems"),
        (count.accounts, "account", "accounts"),
        (count.groups, "group", "groups"),
        (count.zones, "zone", "zones"),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, one, many)| counted(u64::from(number), one, many))
    .collect();
    if parts.is_empty() {
        "nothing".to_owned()
    } else {
        listed(&parts)
    }
}

/// The plan's own figures: those of the comparison, or else from the plan itself.
pub(crate) fn own_metrics(plan: &PlanDocument) -> Metrics {
    if let Some(chosen) = plan.alternatives.iter().find(|one| one.chosen) {
        return chosen.metrics;
    }
    let level = |level| {
        plan.services
            .iter()
            .filter(|service| service.level == level)
            .count() as u32
    };
    let after = &plan.exposure.after;
    let reached = |jewel: &&JewelEntry| matches!(jewel.state, JewelState::Reachable | JewelState::MayBeTaken);
    Metrics {
        withdrawals: plan.withdrawals.len() as u32,
        cost: plan.cost,
        jewels_reachable: plan.jewels.iter().filter(reached).count() as u32,
        entities_reachable: after.accounts.saturating_add(after.systems),
        services_down: level(ServiceLevel::Down),
        services_degraded: level(ServiceLevel::Degraded),
        protected_down: 0,
        people: plan.people.denied.saturating_add(plan.people.services_down),
        jewel_loss_pence: plan
            .jewels
            .iter()
            .filter(reached)
            .map(|jewel| jewel.loss_pence)
            .sum(),
        expected: None,
    }
}

/// A baseline in a few words.
pub(crate) fn baseline(baseline: &Baseline) -> &'static str {
    match baseline.kind {
        BaselineKind::DoNothing => "do nothing",
        BaselineKind::IsolateDetected => "isolate what was detected",
        BaselineKind::PullEverything => "pull everything",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_sentences() {
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(listed(&names), "a, b and c");
        assert_eq!(listed_of(&names, 2, 9), "a, b and 7 more");
        assert_eq!(listed_of(&names, 3, 3), "a, b and c");
        assert_eq!(listed(&[]), "");
    }

    #[test]
    fn what_has_no_kind_stays_as_it_is() {
        assert_eq!([bare("account:pat"), bare("pat")], ["pat", "pat"]);
    }
}
