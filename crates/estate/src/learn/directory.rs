//! What a directory shows: its servers, tickets, resets and memberships.

use jiff::Timestamp;

use super::Learner;
use crate::activity::{AccountName, DirectoryChange, SystemName};
use crate::{AccessKind, AccountId, AccountKind, ControlKind, Jewel, Origin, Principal, SystemKind};

impl Learner {
    /// An account that tickets are asked for is a service's, and its tickets can be guessed at.
    pub(super) fn ticket(
        &mut self,
        account: &AccountName<'_>,
        service: Option<&AccountName<'_>>,
        issuer: &SystemName<'_>,
    ) {
        self.directory_server(issuer);
        let _ = self.directory.account(account);
        let service = service.and_then(|service| self.directory.account(service));
        self.catch_up();
        let Some(service) = service else { return };
        if let Some(known) = self.estate.accounts.get_mut(service.index())
            && known.provenance.origin == Origin::Learned
        {
            known.kind = AccountKind::Service;
        }
        if let Some(assumed) = &self.assumed {
            let holder = Principal::Group(assumed.everyone());
            let over = Principal::Account(service);
            self.add_fact(
                AccessKind::Control {
                    holder,
                    over,
                    by: ControlKind::RoastTicket,
                },
                Origin::Assumed,
            );
        }
    }

    pub(super) fn directory_server(&mut self, system: &SystemName<'_>) {
        let Some(id) = self.directory.system(system) else {
            return;
        };
        self.catch_up();
        let Some(known) = self.estate.systems.get_mut(id.index()) else {
            return;
        };
        if known.kind != SystemKind::DomainController && known.provenance.origin == Origin::Learned {
            known.kind = SystemKind::DomainController;
            known.provenance.origin = Origin::Inferred;
        }
        if known.jewel.is_none() && known.kind == SystemKind::DomainController {
            known.jewel = Some(Jewel {
                loss: None,
                never: true,
                inferred: true,
            });
        }
    }

    pub(super) fn directory_change(
        &mut self,
        actor: &AccountName<'_>,
        account: Option<&AccountName<'_>>,
        group: Option<&str>,
        change: DirectoryChange,
        time: Timestamp,
    ) {
        let actor = self.directory.account(actor);
        let account = account.and_then(|account| self.directory.account(account));
        self.catch_up();
        let by = match change {
            DirectoryChange::PasswordReset => ControlKind::ResetPassword,
            DirectoryChange::SecondFactorReset => ControlKind::ResetSecondFactor,
            DirectoryChange::MemberAdded => return self.member_added(account, group, time),
            _ => return,
        };
        if let (Some(actor), Some(account)) = (actor, account)
            && actor != account
        {
            let (holder, over) = (Principal::Account(actor), Principal::Account(account));
            self.use_fact(AccessKind::Control { holder, over, by }, actor.0, time);
        }
    }

    fn member_added(&mut self, account: Option<AccountId>, group: Option<&str>, time: Timestamp) {
        let (Some(account), Some(group)) = (account, group) else {
            return;
        };
        if let Some(group) = self.facts.group(group, &mut self.estate) {
            self.use_fact(
                AccessKind::Membership {
                    member: Principal::Account(account),
                    group,
                },
                account.0,
                time,
            );
        }
    }
}
