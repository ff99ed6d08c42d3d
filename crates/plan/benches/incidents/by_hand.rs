//! What is done without a planner: isolate what was detected, or pull everything.

use std::collections::BTreeSet;

use cordon_estate::{Entity, Requirement, SystemId};
use cordon_plan::candidates::Candidate;
use cordon_plan::document::Act;

use super::question::{Ground, Question, doable};

/// Isolates the held systems and disables the held accounts, as far as any enforcement point can.
pub(crate) fn isolate_detected(ground: &Ground<'_>, question: &Question) -> Vec<Candidate> {
    let acts = question.held.iter().filter_map(|entity| match *entity {
        Entity::Account(account) => Some(Act::DisableAccount { account }),
        Entity::System(system) => Some(Act::IsolateSystem { system }),
        Entity::Group(_) | Entity::Zone(_) => None,
    });
    doable(ground, acts)
}

/// Blocks all remote access and isolates every system on which no protected service stands.
pub(crate) fn pull_everything(ground: &Ground<'_>) -> Vec<Candidate> {
    let estate = ground.estate;
    let kept = under_protected(ground);
    let systems = || estate.systems_with_ids().map(|(system, _)| system);
    let isolated = systems()
        .filter(|system| !kept.contains(system))
        .map(|system| Act::IsolateSystem { system });
    let all = Act::BlockAllRemoteAccess;
    let remote: Vec<Act> = if ground.candidates.point(all).is_some() {
        vec![all]
    } else {
        systems().map(|gateway| Act::BlockGateway { gateway }).collect()
    };
    doable(ground, remote.into_iter().chain(isolated))
}

/// Every system that a protected service names, through other services too.
fn under_protected(ground: &Ground<'_>) -> BTreeSet<SystemId> {
    let estate = ground.estate;
    let mut kept = BTreeSet::new();
    let protected = estate
        .services_with_ids()
        .filter(|(_, service)| service.protected);
    let mut services: Vec<_> = protected.map(|(id, _)| id).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = services.pop() {
        let Some(service) = estate.service(id).filter(|_| seen.insert(id)) else {
            continue;
        };
        let mut open = vec![&service.requires];
        while let Some(requirement) = open.pop() {
            match requirement {
                Requirement::All(parts) | Requirement::Any(parts) => open.extend(parts),
                Requirement::System(id) => {
                    kept.insert(*id);
                }
                Requirement::Service(id) => services.push(*id),
                Requirement::Account(_) | Requirement::Access(_) => {}
            }
        }
    }
    kept
}
