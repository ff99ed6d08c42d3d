//! What an act removes.

use cordon_estate::{AccessId, AccessKind, AccountKind, Place, Principal};
use cordon_reach::Base;

use super::Candidates;
use crate::document::Act;

impl Candidates<'_> {
    /// Every base fact that an act removes, ascending; nothing of a break-glass account.
    #[must_use]
    pub fn removes(&self, act: Act) -> Vec<Base> {
        let mut facts = match act {
            Act::DisableAccount { account } => vec![Base::Enabled(account)],
            Act::DisableGroup { group } => self
                .index
                .accounts_of(group)
                .into_iter()
                .map(Base::Enabled)
                .collect(),
            Act::EndSessions { account } => self
                .index
                .sessions_of(account)
                .iter()
                .copied()
                .map(Base::Access)
                .collect(),
            Act::ResetCredential { account } => vec![Base::Credential(account)],
            Act::IsolateSystem { system } => vec![Base::Connected(system)],
            Act::DropMembership { access }
            | Act::CloseFlow { access }
            | Act::BlockRemoteAccess { access }
            | Act::Unassign { access }
            | Act::TakeRight { access }
            | Act::SuspendRecovery { access } => self
                .index
                .all_like(access)
                .into_iter()
                .map(Base::Access)
                .collect(),
            Act::CloseZone { .. }
            | Act::BlockGateway { .. }
            | Act::BlockAllRemoteAccess
            | Act::UnassignAll { .. }
            | Act::SuspendRecoveries => {
                let gates = self.index.gates.iter().copied();
                gates
                    .filter(|id| self.is_gate_of(act, *id))
                    .map(Base::Access)
                    .collect()
            }
        };
        facts.retain(|fact| !self.is_spared(*fact));
        facts.sort_unstable();
        facts
    }

    fn is_gate_of(&self, act: Act, id: AccessId) -> bool {
        let Some(access) = self.estate.access(id) else {
            return false;
        };
        match (act, access.kind) {
            (Act::CloseZone { zone }, AccessKind::Flow { from, to, .. }) => {
                to == Place::Zone(zone) && !self.is_within(from, Place::Zone(zone))
            }
            (Act::BlockGateway { gateway }, AccessKind::RemoteAccess { gateway: own, .. }) => gateway == own,
            (Act::UnassignAll { app }, AccessKind::Assignment { app: own, .. }) => app == own,
            (Act::BlockAllRemoteAccess, AccessKind::RemoteAccess { .. })
            | (Act::SuspendRecoveries, AccessKind::Recovery { .. }) => true,
            _ => false,
        }
    }

    /// True if one place is the other or lies in it.
    pub(super) fn is_within(&self, inner: Place, outer: Place) -> bool {
        let zone = |place| match place {
            Place::System(system) => self.estate.system(system).and_then(|system| system.zone),
            Place::Zone(zone) => Some(zone),
        };
        inner == outer || matches!(outer, Place::Zone(outer) if zone(inner) == Some(outer))
    }

    /// True for what a break-glass account needs.
    fn is_spared(&self, fact: Base) -> bool {
        let account = match fact {
            Base::Enabled(account) | Base::Credential(account) => Some(account),
            Base::Access(id) => self.estate.access(id).and_then(|access| match access.kind {
                AccessKind::Session { account, .. } => Some(account),
                AccessKind::Membership { member: holder, .. }
                | AccessKind::Right { holder, .. }
                | AccessKind::Control { holder, .. }
                | AccessKind::RemoteAccess { holder, .. }
                | AccessKind::Assignment { holder, .. } => match holder {
                    Principal::Account(account) => Some(account),
                    Principal::Group(_) | Principal::System(_) => None,
                },
                AccessKind::Flow { .. } | AccessKind::Recovery { .. } => None,
            }),
            _ => None,
        };
        let account = account.and_then(|account| self.estate.account(account));
        account.is_some_and(|account| account.kind == AccountKind::BreakGlass)
    }
}
