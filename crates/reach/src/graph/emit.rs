//! The rules of an estate, one kind of access after another.

use cordon_estate::{
    AccessId, AccessKind, AccountId, ControlKind, Estate, GroupId, Means, Place, Ports, Principal, Protocol,
    SystemId, SystemKind, Target, ZoneId, ZoneKind,
};

use super::compiled::Rule;
use super::masks::{self, GRANTS};
use super::numbering::{ANY, CARRIERS, Numbering, Slot};
use super::options::{Options, Unplaced, holds_directory, signs_everybody_in};
use crate::{Base, Derived, FactId, Grant, RuleKind};

/// Hands every rule of the estate to `sink`, in an order that depends on the estate alone. Accesses that name
/// something that does not exist give no rule.
pub(crate) fn rules(
    estate: &Estate,
    kinds: &[AccessKind],
    numbering: &Numbering,
    options: &Options,
    sink: &mut impl FnMut(Rule),
) {
    let mut emitter = Emitter {
        estate,
        kinds,
        numbering,
        options,
        sink,
    };
    emitter.accounts();
    emitter.systems();
    emitter.network();
    emitter.directory();
    for (id, kind) in (0..).map(AccessId).zip(kinds) {
        if let Some(fact) = numbering.base(Base::Access(id)) {
            emitter.access(id, fact, kind);
        }
    }
}

struct Emitter<'a, F> {
    estate: &'a Estate,
    /// The kinds of all accesses of the estate, in order.
    kinds: &'a [AccessKind],
    numbering: &'a Numbering,
    options: &'a Options,
    sink: &'a mut F,
}

impl<F: FnMut(Rule)> Emitter<'_, F> {
    fn push(&mut self, rule: Option<Rule>) {
        if let Some(rule) = rule {
            (self.sink)(rule);
        }
    }

    fn principal(&self, who: Principal) -> Option<FactId> {
        self.numbering.derived(match who {
            Principal::Account(id) => Derived::Uses(id),
            Principal::Group(id) => Derived::ActsAs(id),
            Principal::System(id) => Derived::RunsOn(id),
        })
    }

    fn holds(&self, id: AccountId) -> Option<FactId> {
        self.numbering.derived(Derived::Holds(id))
    }

    fn runs_on(&self, id: SystemId) -> Option<FactId> {
        self.numbering.derived(Derived::RunsOn(id))
    }

    fn connected(&self, id: SystemId) -> Option<FactId> {
        self.numbering.base(Base::Connected(id))
    }

    fn kind_of(&self, id: SystemId) -> Option<SystemKind> {
        self.estate.system(id).map(|system| system.kind)
    }

    /// `when` ∧ the access ⇒ `then`.
    fn imply(&mut self, kind: RuleKind, access: FactId, when: Option<FactId>, then: Option<FactId>) {
        self.push(
            when.zip(then)
                .map(|(when, then)| Rule::new(kind, then, when).given(access)),
        );
    }

    fn accounts(&mut self) {
        for (id, _) in self
            .estate
            .accounts_with_ids()
            .filter(|(_, account)| account.enabled)
        {
            let rule = self.use_account(id);
            self.push(rule);
        }
    }

    fn use_account(&self, id: AccountId) -> Option<Rule> {
        let uses = self.numbering.derived(Derived::Uses(id))?;
        let enabled = self.numbering.base(Base::Enabled(id))?;
        Some(Rule::new(RuleKind::UseAccount, uses, self.holds(id)?).given(enabled))
    }

    fn systems(&mut self) {
        for (id, _) in self.estate.systems_with_ids() {
            let rule = self.stand_on(id);
            self.push(rule);
            let bits = self.numbering.system_grants.of(id.index());
            for bit in bits_of(bits) {
                let rule = self.log_on(id, bit);
                self.push(rule);
                let rule = self.log_on_at_the_door(id, bit);
                self.push(rule);
            }
        }
    }

    fn stand_on(&self, id: SystemId) -> Option<Rule> {
        let on = self
            .numbering
            .on(self.numbering.slot_of_system(self.estate, id)?)?;
        Some(Rule::new(RuleKind::StandOn, on, self.runs_on(id)?).given(self.connected(id)?))
    }

    fn log_on(&self, id: SystemId, bit: u32) -> Option<Rule> {
        let path = self
            .numbering
            .to_slot(self.numbering.slot_of_system(self.estate, id)?, bit)?;
        self.log_on_over(id, bit, path)
    }

    fn log_on_at_the_door(&self, id: SystemId, bit: u32) -> Option<Rule> {
        self.log_on_over(id, bit, self.numbering.to_system(id, bit)?)
    }

    fn log_on_over(&self, id: SystemId, bit: u32, path: FactId) -> Option<Rule> {
        let Some(Grant::Run(means)) = GRANTS.get(bit as usize) else {
            return None;
        };
        let granted = self.numbering.granted(Target::System(id), bit)?;
        let rule = Rule::new(RuleKind::LogOn(*means), self.runs_on(id)?, granted);
        Some(rule.and(path).given(self.connected(id)?))
    }

    fn network(&mut self) {
        let (internet, unplaced) = (self.numbering.internet_slot(), self.numbering.unplaced_slot());
        for slot in 0..=unplaced.0 {
            for carrier in 0..ANY {
                self.all_ports(
                    self.numbering.to_slot(Slot(slot), ANY),
                    self.numbering.to_slot(Slot(slot), carrier),
                );
            }
        }
        for id in 0..self.estate.systems.len() as u32 {
            for carrier in 0..ANY {
                let id = SystemId(id);
                self.all_ports(
                    self.numbering.to_system(id, ANY),
                    self.numbering.to_system(id, carrier),
                );
            }
        }
        self.free_traffic(unplaced, unplaced);
        if internet.0 as usize >= self.estate.zones.len() {
            self.free_traffic(internet, internet);
        }
        for (id, zone) in self.estate.zones_with_ids() {
            self.zone(Slot(id.0), zone.kind, zone.isolated_members, unplaced);
        }
    }

    fn all_ports(&mut self, any: Option<FactId>, one: Option<FactId>) {
        self.push(
            any.zip(one)
                .map(|(any, one)| Rule::new(RuleKind::Connect, one, any)),
        );
    }

    fn zone(&mut self, slot: Slot, kind: ZoneKind, isolated_members: bool, unplaced: Slot) {
        if !isolated_members {
            self.free_traffic(slot, slot);
        }
        if kind == ZoneKind::Internal && self.options.unplaced == Unplaced::Anywhere {
            self.free_traffic(slot, unplaced);
            self.free_traffic(unplaced, slot);
        }
    }

    fn free_traffic(&mut self, from: Slot, to: Slot) {
        let ends = self.numbering.on(from).zip(self.numbering.to_slot(to, ANY));
        self.push(ends.map(|(from, to)| Rule::new(RuleKind::Connect, to, from)));
    }

    fn directory(&mut self) {
        let Some(directory) = self.numbering.derived(Derived::DirectoryTaken) else {
            return;
        };
        let Some(accounts) = self.numbering.derived(Derived::AccountsTaken) else {
            return;
        };
        let mut any = false;
        for (id, system) in self.estate.systems_with_ids() {
            let Some(runs) = self.runs_on(id) else { continue };
            if holds_directory(system.kind) {
                self.push(Some(Rule::new(RuleKind::ReadDirectory, directory, runs)));
                self.push(Some(Rule::new(RuleKind::ReadAccounts, runs, directory)));
                any = true;
            } else if signs_everybody_in(system.kind) {
                self.push(Some(Rule::new(RuleKind::ReadAccounts, accounts, runs)));
                any = true;
            }
        }
        if any || self.kinds.iter().any(replicates) {
            self.every_account(directory, accounts);
        }
    }

    fn every_account(&mut self, directory: FactId, accounts: FactId) {
        self.push(Some(Rule::new(RuleKind::ReadAccounts, accounts, directory)));
        for id in 0..self.estate.accounts.len() as u32 {
            let rule = self
                .holds(AccountId(id))
                .map(|holds| Rule::new(RuleKind::ReadAccounts, holds, accounts));
            self.push(rule);
        }
    }

    fn access(&mut self, _id: AccessId, fact: FactId, kind: &AccessKind) {
        match *kind {
            AccessKind::Membership { member, group } => self.membership(fact, member, group),
            AccessKind::Right { holder, .. } => {
                self.grant(fact, self.principal(holder), kind, RuleKind::HaveRight)
            }
            AccessKind::Session { account, system } => {
                self.imply(
                    RuleKind::StealSession,
                    fact,
                    self.runs_on(system),
                    self.holds(account),
                );
            }
            AccessKind::Control { holder, over, by } => self.control(fact, holder, over, by, kind),
            AccessKind::RemoteAccess {
                holder,
                gateway,
                into,
            } => {
                let rule = self.come_in(fact, holder, gateway, into);
                self.push(rule);
            }
            AccessKind::Assignment { holder, app, admin } => self.assignment(fact, holder, app, admin),
            AccessKind::Flow { from, to, ports } => self.flow(fact, from, to, ports),
            AccessKind::Recovery { of, from } => {
                let from = self
                    .numbering
                    .slot_of_zone(from)
                    .and_then(|slot| self.numbering.on(slot));
                match of {
                    Principal::Account(id) => self.imply(RuleKind::Recover, fact, from, self.holds(id)),
                    Principal::Group(_) => self.grant(fact, from, kind, RuleKind::HaveRight),
                    Principal::System(_) => {}
                }
            }
        }
    }

    /// `when` ∧ the access ⇒ what the access grants on its target.
    fn grant(&mut self, fact: FactId, when: Option<FactId>, kind: &AccessKind, rule: RuleKind) {
        let granted = masks::grant_of(kind)
            .and_then(|(target, grant)| self.numbering.granted(target, masks::bit(grant)?));
        self.imply(rule, fact, when, granted);
    }

    fn membership(&mut self, fact: FactId, member: Principal, group: GroupId) {
        let acts = self.numbering.derived(Derived::ActsAs(group));
        self.imply(RuleKind::Belong, fact, self.principal(member), acts);
        for bit in bits_of(self.numbering.group_grants.of(group.index())) {
            let Some(grant) = GRANTS.get(bit as usize) else {
                continue;
            };
            let granted = self.numbering.granted(Target::Group(group), bit);
            match member {
                Principal::Account(id) => self.pass_to_account(fact, granted, id, *grant),
                Principal::Group(id) => {
                    let nested = self.numbering.granted(Target::Group(id), bit);
                    self.imply(RuleKind::PassToMember, fact, granted, nested);
                }
                Principal::System(id) => self.pass_to_system(fact, granted, id, *grant),
            }
        }
    }

    fn pass_to_account(&mut self, fact: FactId, granted: Option<FactId>, id: AccountId, grant: Grant) {
        match grant {
            Grant::Take(ControlKind::Hosts) | Grant::Run(_) => {}
            Grant::Take(by) => self.imply(RuleKind::Take(by), fact, granted, self.holds(id)),
            Grant::Recover => self.imply(RuleKind::Recover, fact, granted, self.holds(id)),
        }
    }

    fn pass_to_system(&mut self, fact: FactId, granted: Option<FactId>, id: SystemId, grant: Grant) {
        let may_run = |means| {
            self.numbering
                .granted(Target::System(id), masks::bit(Grant::Run(means))?)
        };
        match grant {
            Grant::Run(means) => self.imply(RuleKind::PassToMember, fact, granted, may_run(means)),
            Grant::Take(by @ (ControlKind::ReadSecret | ControlKind::Delegate)) => {
                self.imply(RuleKind::Take(by), fact, granted, may_run(Means::Admin));
            }
            Grant::Take(ControlKind::Hosts) => {
                let rule = granted.and_then(|granted| self.host(fact, granted, None, id));
                self.push(rule);
            }
            Grant::Take(_) | Grant::Recover => {}
        }
    }

    fn control(
        &mut self,
        fact: FactId,
        holder: Principal,
        over: Principal,
        by: ControlKind,
        kind: &AccessKind,
    ) {
        let when = self.principal(holder);
        match (by, over) {
            (ControlKind::ReplicateDirectory, _) => {
                let then = self.numbering.derived(Derived::DirectoryTaken);
                self.imply(RuleKind::Take(by), fact, when, then);
            }
            (ControlKind::Hosts, Principal::System(id)) => {
                let rule = when.and_then(|when| self.host(fact, when, Some(holder), id));
                self.push(rule);
            }
            (ControlKind::Hosts, Principal::Group(_)) => {
                let rule = self.hosts_group(fact, holder, kind);
                self.push(rule);
            }
            (ControlKind::AddMember | ControlKind::Hosts, Principal::Account(_)) => {}
            (ControlKind::AddMember | ControlKind::FullControl, Principal::Group(id)) => {
                let then = self.numbering.derived(Derived::ActsAs(id));
                self.imply(RuleKind::Take(by), fact, when, then);
            }
            (_, Principal::Account(id)) => self.imply(RuleKind::Take(by), fact, when, self.holds(id)),
            (_, Principal::Group(_)) => self.grant(fact, when, kind, RuleKind::HaveRight),
            (_, Principal::System(_)) => self.grant(fact, when, kind, RuleKind::Take(by)),
        }
    }

    /// Who holds the host holds the guest, without a network; but a manager reaches its hypervisors over it.
    fn host(&self, fact: FactId, when: FactId, holder: Option<Principal>, guest: SystemId) -> Option<Rule> {
        let mut rule = Rule::new(RuleKind::Take(ControlKind::Hosts), self.runs_on(guest)?, when).given(fact);
        if let Some(manager) = self.manager(holder) {
            rule = rule.given(self.connected(manager)?);
        }
        if self.kind_of(guest) == Some(SystemKind::Hypervisor) {
            rule = rule.given(self.connected(guest)?);
        }
        Some(rule)
    }

    fn hosts_group(&self, fact: FactId, holder: Principal, kind: &AccessKind) -> Option<Rule> {
        let (target, grant) = masks::grant_of(kind)?;
        let granted = self.numbering.granted(target, masks::bit(grant)?)?;
        let rule = Rule::new(RuleKind::HaveRight, granted, self.principal(holder)?).given(fact);
        match self.manager(Some(holder)) {
            Some(manager) => Some(rule.given(self.connected(manager)?)),
            None => Some(rule),
        }
    }

    fn manager(&self, holder: Option<Principal>) -> Option<SystemId> {
        match holder {
            Some(Principal::System(id)) if self.kind_of(id) == Some(SystemKind::HypervisorManager) => {
                Some(id)
            }
            _ => None,
        }
    }

    fn come_in(&self, fact: FactId, holder: Principal, gateway: SystemId, into: ZoneId) -> Option<Rule> {
        let on = self.numbering.on(self.numbering.slot_of_zone(into)?)?;
        let rule = Rule::new(RuleKind::ComeIn, on, self.principal(holder)?).given(fact);
        Some(
            rule.given(self.numbering.base(Base::Internet)?)
                .given(self.connected(gateway)?),
        )
    }

    fn assignment(&mut self, fact: FactId, holder: Principal, app: SystemId, admin: bool) {
        let Some(web) = masks::bit(Grant::Run(Means::Web)) else {
            return;
        };
        let slot = self.numbering.slot_of_system(self.estate, app);
        let near = slot.and_then(|slot| self.numbering.to_slot(slot, web));
        for path in [near, self.numbering.to_system(app, web)].into_iter().flatten() {
            let rule = self.sign_in(fact, holder, app, admin, path);
            self.push(rule);
        }
    }

    fn sign_in(
        &self,
        fact: FactId,
        holder: Principal,
        app: SystemId,
        admin: bool,
        path: FactId,
    ) -> Option<Rule> {
        let (kind, then) = if admin {
            (RuleKind::AdministerApp, self.runs_on(app)?)
        } else {
            (RuleKind::UseApp, self.numbering.derived(Derived::UsesApp(app))?)
        };
        let rule = Rule::new(kind, then, self.principal(holder)?).and(path);
        Some(rule.given(fact).given(self.connected(app)?))
    }

    fn flow(&mut self, fact: FactId, from: Place, to: Place, ports: Ports) {
        for carrier in carriers(ports, to) {
            let end = match to {
                Place::Zone(id) => self
                    .numbering
                    .slot_of_zone(id)
                    .and_then(|slot| self.numbering.to_slot(slot, carrier)),
                Place::System(id) => self.numbering.to_system(id, carrier),
            };
            let rule = end.and_then(|end| self.flow_to(fact, from, end));
            self.push(rule);
        }
    }

    fn flow_to(&self, fact: FactId, from: Place, end: FactId) -> Option<Rule> {
        Some(match from {
            Place::Zone(id) => {
                let on = self.numbering.on(self.numbering.slot_of_zone(id)?)?;
                Rule::new(RuleKind::Connect, end, on).given(fact)
            }
            Place::System(id) => {
                let rule = Rule::new(RuleKind::Connect, end, self.runs_on(id)?).given(fact);
                rule.given(self.connected(id)?)
            }
        })
    }
}

const fn replicates(kind: &AccessKind) -> bool {
    matches!(
        kind,
        AccessKind::Control {
            by: ControlKind::ReplicateDirectory,
            ..
        }
    )
}

fn bits_of(bits: u16) -> impl Iterator<Item = u32> {
    (0..16).filter(move |bit| bits >> bit & 1 == 1)
}

/// What a flow carries. A port that belongs to no means carries none, except that a flow to one system on such
/// a TCP port is taken for its database, which companies put on ports of their own.
fn carriers(ports: Ports, to: Place) -> impl Iterator<Item = u32> {
    let means = |place: u32| match GRANTS.get(place as usize) {
        Some(Grant::Run(means)) => means.tcp_ports(),
        _ => &[],
    };
    let carries = move |place: u32| match ports {
        Ports::Any => place == ANY,
        Ports::One(Protocol::Tcp, port) => place != ANY && means(place).contains(&port),
        Ports::One(Protocol::Udp, _) => false,
    };
    let database = masks::bit(Grant::Run(Means::Database)).filter(|_| {
        matches!((ports, to), (Ports::One(Protocol::Tcp, _), Place::System(_))) && !(0..CARRIERS).any(carries)
    });
    (0..CARRIERS).filter(move |place| carries(*place)).chain(database)
}
