//! What simpler ways of choosing would block, to compare with.

use super::flow::minimum_cut;
use super::kernel::Kernel;
use super::net::Net;
use super::{Difficulty, Instance};

/// Blocks one edge after another of the intruder's best path, each time the one that makes the next path hardest.
/// Indices of edges, ascending.
#[must_use]
pub fn greedy(instance: &Instance) -> Vec<u32> {
    let kernel = Kernel::new(instance);
    along_paths(&kernel.net, instance.edges_max, |_| true)
}

/// Blocks edges of a minimum cut, each time the one that the intruder's best path uses, until no more may be blocked.
/// Indices of edges, ascending; none if no set of blockable edges cuts every path.
#[must_use]
pub fn cut(instance: &Instance) -> Vec<u32> {
    // With as many blocks as there are edges nothing is too long to matter.
    let whole = Instance {
        edges_max: instance.edges.len() as u32,
        ..instance.clone()
    };
    let kernel = Kernel::new(&whole);
    let through = kernel.net.through();
    let all = minimum_cut(
        &kernel.net,
        &through,
        Difficulty::IMPOSSIBLE,
        kernel.net.arcs.len(),
    );
    all.map_or_else(Vec::new, |arcs| {
        along_paths(&kernel.net, instance.edges_max, |arc| arcs.contains(&arc))
    })
}

fn along_paths(net: &Net, edges_max: u32, allowed: impl Fn(u32) -> bool) -> Vec<u32> {
    let mut banned = vec![false; net.arcs.len()];
    let mut blocked = Vec::new();
    for _ in 0..edges_max {
        let Some((_, path)) = net.shortest(&banned) else {
            break;
        };
        let best = path
            .into_iter()
            .filter_map(|arc| Some((arc, net.arc(arc)?.column?)))
            .filter(|(arc, _)| allowed(*arc))
            .max_by_key(|(arc, _)| {
                let after = without(net, &mut banned, *arc);
                (after, std::cmp::Reverse(*arc))
            });
        let Some((arc, column)) = best else { break };
        if let Some(flag) = banned.get_mut(arc as usize) {
            *flag = true;
        }
        blocked.push(column);
    }
    blocked.sort_unstable();
    blocked
}

/// How hard the best path is with one more arc banned.
fn without(net: &Net, banned: &mut [bool], arc: u32) -> Difficulty {
    if let Some(flag) = banned.get_mut(arc as usize) {
        *flag = true;
    }
    let after = net
        .shortest(banned)
        .map_or(Difficulty::IMPOSSIBLE, |(length, _)| length);
    if let Some(flag) = banned.get_mut(arc as usize) {
        *flag = false;
    }
    after
}
