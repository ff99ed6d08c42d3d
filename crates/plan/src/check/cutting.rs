//! Every act that takes a base fact away, by asking the estate.

use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::{AccessId, AccessKind, ControlKind, Place};
use cordon_reach::Base;

use super::view::{Used, View};
use crate::document::{Act, PlanDocument, WithdrawalId};

/// What can be done in an estate, asked fact by fact.
pub(super) struct Cutting<'v> {
    view: &'v View<'v>,
    refused: Vec<&'v WithdrawalId>,
    effects: BTreeMap<Act, Option<f64>>,
}

impl<'v> Cutting<'v> {
    pub(super) fn new(document: &'v PlanDocument, view: &'v View<'v>) -> Self {
        let constraints = &document.constraints;
        let refused = constraints.refused.iter();
        Self {
            view,
            refused: refused.filter(|id| !constraints.forced.contains(id)).collect(),
            effects: BTreeMap::new(),
        }
    }

    /// Every act that takes one of the facts away in time where they are first used then, that a point can carry out and nobody refused.
    pub(super) fn acts(&mut self, facts: &[Base], used: &Used) -> BTreeSet<Act> {
        let mut found = BTreeSet::new();
        for &fact in facts {
            for act in self.acts_on(fact) {
                if found.contains(&act) {
                    continue;
                }
                let quickest = self.effect_seconds(act);
                if quickest.is_some_and(|seconds| self.view.is_in_time(used, fact, seconds)) {
                    found.insert(act);
                }
            }
        }
        found
    }

    /// Seconds until an act takes effect at the quickest point that can do it.
    fn effect_seconds(&mut self, act: Act) -> Option<f64> {
        let (view, refused) = (self.view, &self.refused);
        *self.effects.entry(act).or_insert_with(|| {
            let id = view.candidates.id(act);
            if refused.contains(&&id) {
                return None;
            }
            let points = view.estate.points.iter().filter(|point| {
                let mut guards = point.guards.iter();
                guards.any(|guard| view.candidates.allows(*guard, act))
            });
            points.map(|point| point.effect_seconds).reduce(f64::min)
        })
    }

    fn acts_on(&self, fact: Base) -> Vec<Act> {
        if self.view.removal.belongs_to_break_glass(fact) {
            return Vec::new();
        }
        match fact {
            Base::Credential(account) => vec![Act::ResetCredential { account }],
            Base::Connected(system) => vec![Act::IsolateSystem { system }],
            Base::Enabled(account) => {
                let around = self.view.removal.groups_around(account).into_iter();
                let groups = around.map(|group| Act::DisableGroup { group });
                groups.chain([Act::DisableAccount { account }]).collect()
            }
            Base::Access(id) => self.acts_on_access(id),
            Base::Presence(_) | Base::Within(_) | Base::Posing(_) | Base::Internet => Vec::new(),
        }
    }

    fn acts_on_access(&self, id: AccessId) -> Vec<Act> {
        let Some(one) = self.view.estate.access(id) else {
            return Vec::new();
        };
        let access = self.view.removal.first_like(id);
        match one.kind {
            AccessKind::Membership { .. } => vec![Act::DropMembership { access }],
            AccessKind::Control {
                by: ControlKind::Hosts | ControlKind::RoastTicket,
                ..
            } => Vec::new(),
            AccessKind::Right { .. } | AccessKind::Control { .. } => vec![Act::TakeRight { access }],
            AccessKind::Session { account, .. } => vec![Act::EndSessions { account }],
            AccessKind::RemoteAccess { gateway, .. } => vec![
                Act::BlockRemoteAccess { access },
                Act::BlockGateway { gateway },
                Act::BlockAllRemoteAccess,
            ],
            AccessKind::Assignment { app, .. } => vec![Act::Unassign { access }, Act::UnassignAll { app }],
            AccessKind::Recovery { .. } => vec![Act::SuspendRecovery { access }, Act::SuspendRecoveries],
            AccessKind::Flow { from, to, .. } => {
                let mut acts = vec![Act::CloseFlow { access }];
                if let Place::Zone(zone) = to
                    && self.view.removal.zone_of(from) != Some(zone)
                {
                    acts.push(Act::CloseZone { zone });
                }
                acts
            }
        }
    }
}
