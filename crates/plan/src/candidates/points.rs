//! Which enforcement point carries an act out.

use cordon_estate::{AccessId, AccessKind, Estate, Guard, Place, PointId, Target};

use super::Candidates;
use crate::document::Act;

impl Candidates<'_> {
    /// The enforcement point for an act: the quickest, then the surest, then the first.
    #[must_use]
    pub fn point(&self, act: Act) -> Option<PointId> {
        let guards = |id: &PointId| {
            let point = self.estate.point(*id);
            point.is_some_and(|point| point.guards.iter().any(|guard| self.allows(*guard, act)))
        };
        self.points.iter().copied().find(guards)
    }

    /// Every enforcement point, the one to prefer first.
    pub(super) fn in_order(estate: &Estate) -> Vec<PointId> {
        let mut points: Vec<_> = estate.points_with_ids().collect();
        points.sort_by(|(_, one), (_, other)| {
            one.effect_seconds
                .total_cmp(&other.effect_seconds)
                .then(other.certainty.total_cmp(&one.certainty))
        });
        points.into_iter().map(|(id, _)| id).collect()
    }

    /// True if a guard covers an act.
    #[must_use]
    pub fn allows(&self, guard: Guard, act: Act) -> bool {
        match (guard, act) {
            (
                Guard::Accounts(None),
                Act::DisableAccount { .. } | Act::DisableGroup { .. } | Act::EndSessions { .. },
            )
            | (Guard::Credentials, Act::ResetCredential { .. })
            | (Guard::Systems(None), Act::IsolateSystem { .. })
            | (Guard::Flows(None), Act::CloseFlow { .. } | Act::CloseZone { .. })
            | (Guard::Memberships(None), Act::DropMembership { .. })
            | (Guard::Rights(None), Act::TakeRight { .. })
            | (Guard::Assignments(None), Act::Unassign { .. } | Act::UnassignAll { .. })
            | (
                Guard::RemoteAccess(None),
                Act::BlockRemoteAccess { .. } | Act::BlockGateway { .. } | Act::BlockAllRemoteAccess,
            )
            | (Guard::Recoveries, Act::SuspendRecovery { .. } | Act::SuspendRecoveries) => true,
            (
                Guard::Accounts(Some(group)),
                Act::DisableAccount { account } | Act::EndSessions { account },
            ) => self.index.is_member(account, group),
            (Guard::Accounts(Some(own)), Act::DisableGroup { group }) => own == group,
            (Guard::Systems(Some(place)), Act::IsolateSystem { system }) => {
                self.is_within(Place::System(system), place)
            }
            (Guard::RemoteAccess(Some(own)), Act::BlockGateway { gateway }) => own == gateway,
            (Guard::Assignments(Some(own)), Act::UnassignAll { app }) => own == app,
            (
                _,
                Act::DropMembership { access }
                | Act::CloseFlow { access }
                | Act::BlockRemoteAccess { access }
                | Act::Unassign { access }
                | Act::TakeRight { access },
            ) => self.allows_access(guard, access),
            _ => false,
        }
    }

    fn allows_access(&self, guard: Guard, id: AccessId) -> bool {
        let Some(access) = self.estate.access(id) else {
            return false;
        };
        match (guard, access.kind) {
            (Guard::Memberships(Some(own)), AccessKind::Membership { group, .. }) => own == group,
            (
                Guard::Flows(Some((from, to))),
                AccessKind::Flow {
                    from: start, to: end, ..
                },
            ) => self.is_within(start, from) && self.is_within(end, to),
            (Guard::RemoteAccess(Some(own)), AccessKind::RemoteAccess { gateway, .. }) => own == gateway,
            (Guard::Assignments(Some(own)), AccessKind::Assignment { app, .. }) => own == app,
            (Guard::Rights(Some(own)), AccessKind::Right { on, .. }) => on == Target::System(own),
            (Guard::Rights(Some(own)), AccessKind::Control { over, .. }) => {
                over == cordon_estate::Principal::System(own)
            }
            _ => false,
        }
    }
}
