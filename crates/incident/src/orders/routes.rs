//! Which route of a front door a flow is.

use cordon_act::Target;
use cordon_estate::{AccessId, AccessKind, EnforcementPoint, Estate, Place};
use cordon_plan::candidates::{Candidates, access_name};
use cordon_plan::document::Act;
use cordon_reach::Base;

/// The route by which a front door serves a flow: that of the system at which the flow ends, called like it. A flow that ends at a
/// zone is no route, because a zone has as many as it has systems.
pub(super) fn route(estate: &Estate, flow: AccessId) -> Option<Target> {
    let AccessKind::Flow { to, .. } = estate.access(flow)?.kind else {
        return None;
    };
    let Place::System(system) = to else { return None };
    let route = estate.system(system)?.name.clone();
    Some(Target::Route { route })
}

/// The routes that an act closes at a front door, or why people must do it. A route closes for everybody who comes by it.
pub(super) fn routes(
    estate: &Estate,
    candidates: &Candidates<'_>,
    act: Act,
    door: &EnforcementPoint,
) -> Vec<Result<Target, String>> {
    let removes = candidates.removes(act);
    let closed: Vec<AccessId> = removes
        .iter()
        .filter_map(|fact| match fact {
            Base::Access(access) => Some(*access),
            _ => None,
        })
        .collect();
    let through = |other: &AccessId| {
        let act = Act::CloseFlow { access: *other };
        door.guards.iter().any(|guard| candidates.allows(*guard, act))
    };
    let one = |flow: &AccessId| {
        let Some(route) = route(estate, *flow) else {
            return Err(format!(
                "{} closes routes, and the estate does not say which route this is",
                door.name
            ));
        };
        let mut others = estate.accesses_with_ids().map(|(id, _)| id);
        let kept = others.find(|other| {
            self::route(estate, *other).as_ref() == Some(&route) && !closed.contains(other) && through(other)
        });
        match kept {
            Some(kept) => Err(format!("{route} carries {} too", access_name(estate, kept))),
            None => Ok(route),
        }
    };
    closed.iter().map(one).collect()
}
