//! What can be reached, and how soon, by the plain meaning of the rules: straight from the estate, without ids,
//! intermediate facts or queues, asking every access again and again until nothing is gained any more.
//!
//! It shares only data types and the table of times with the compiled graph, and is its oracle. Each time around it asks
//! everything once, and every member of a group for each right on the group; how often it goes around depends on the longest way of
//! the intruder. So time grows with the estate, and with its groups times the rights on them: enough for the check of one plan.

mod few;
mod gained;
mod network;

use std::collections::{BTreeMap, BTreeSet};

use cordon_estate::{
    Access, AccessId, AccessKind, AccountId, ControlKind, Entity, Estate, GroupId, Means, Principal,
    SystemId, SystemKind, Target, ZoneId,
};

pub use few::FewFacts;
use gained::Gained;

use crate::{Base, Derived, LATEST_SECONDS, Options, RuleKind};

/// Everything that can be reached from the footholds, with the seconds of its earliest arrival.
///
/// `stands` tells whether a base fact can still be used by a step that ends at that second; footholds count from
/// second 0. Of [`Derived`] only those that name something taken, used, held or stood in are given.
#[must_use]
pub fn reach(
    estate: &Estate,
    options: &Options,
    footholds: &[Entity],
    stands: &dyn Fn(Base, u32) -> bool,
) -> BTreeMap<Derived, u32> {
    let mut gained = Gained::nothing(estate);
    all_of(estate, options, stands, &mut gained).everything(footholds)
}

/// An intruder who asks about everything.
fn all_of<'a>(
    estate: &'a Estate,
    options: &'a Options,
    stands: &'a dyn Fn(Base, u32) -> bool,
    gained: &'a mut Gained,
) -> Intruder<'a> {
    let accesses = estate.accesses_with_ids();
    let accesses: Vec<_> = accesses.map(|(id, access)| (id, access.kind)).collect();
    Intruder {
        estate,
        options,
        stands,
        accounts: estate.accounts_with_ids().map(|(id, _)| id).collect(),
        systems: estate.systems_with_ids().map(|(id, _)| id).collect(),
        flows: of_kind(&accesses, |kind| matches!(kind, AccessKind::Flow { .. })),
        members: members(&accesses),
        opened: network::Opened::new(),
        accesses,
        network_unknown: says_nothing_of_its_network(estate),
        gained,
        inside: None,
        changed: false,
    }
}

/// The same while some base facts are withdrawn for good.
#[must_use]
pub fn reach_without(
    estate: &Estate,
    options: &Options,
    footholds: &[Entity],
    withdrawn: &BTreeSet<Base>,
) -> BTreeMap<Derived, u32> {
    reach(estate, options, footholds, &|base, _| !withdrawn.contains(&base))
}

struct Intruder<'a> {
    estate: &'a Estate,
    options: &'a Options,
    stands: &'a dyn Fn(Base, u32) -> bool,
    /// What is asked about, over and over.
    accounts: Vec<AccountId>,
    systems: Vec<SystemId>,
    accesses: Vec<(AccessId, AccessKind)>,
    /// Accesses that are asked for again and again, set apart so that a real estate can be checked too.
    flows: Vec<(AccessId, AccessKind)>,
    members: Members,
    /// What flows open, as it was when they were last asked.
    opened: network::Opened,
    /// True if the estate says nothing at all of its network.
    network_unknown: bool,
    gained: &'a mut Gained,
    /// When the intruder first stood in an internal zone.
    inside: Option<u32>,
    changed: bool,
}

fn of_kind(
    accesses: &[(AccessId, AccessKind)],
    wanted: impl Fn(&AccessKind) -> bool,
) -> Vec<(AccessId, AccessKind)> {
    let all = accesses.iter().copied();
    all.filter(|(_, kind)| wanted(kind)).collect()
}

/// The memberships in each group.
type Members = BTreeMap<GroupId, Vec<(AccessId, Principal)>>;

fn members(accesses: &[(AccessId, AccessKind)]) -> Members {
    let mut members = Members::new();
    for (id, kind) in accesses {
        if let AccessKind::Membership { member, group } = *kind {
            members.entry(group).or_default().push((*id, member));
        }
    }
    members
}

fn says_nothing_of_its_network(estate: &Estate) -> bool {
    let of_network = |one: &Access| {
        matches!(
            one.kind,
            AccessKind::Flow { .. } | AccessKind::RemoteAccess { .. }
        )
    };
    estate.systems.iter().all(|system| system.zone.is_none()) && !estate.accesses.iter().any(of_network)
}

impl Intruder<'_> {
    /// Looks around until nothing is gained any more.
    fn everything(mut self, footholds: &[Entity]) -> BTreeMap<Derived, u32> {
        self.begin(footholds);
        loop {
            self.changed = false;
            self.look_around();
            if !self.changed {
                return self.gained.take();
            }
        }
    }

    fn begin(&mut self, footholds: &[Entity]) {
        for entity in footholds {
            let known = match *entity {
                Entity::Account(id) => self.estate.account(id).is_some(),
                Entity::Group(id) => self.estate.group(id).is_some(),
                Entity::System(id) => self.estate.system(id).is_some(),
                Entity::Zone(id) => self.estate.zone(id).is_some(),
            };
            if known && (self.stands)(Base::foothold(*entity), 0) {
                self.gain(0, foothold_fact(*entity));
            }
        }
        if (self.stands)(Base::Internet, 0) {
            self.gain(0, self.outside());
            if self.network_unknown {
                self.gain(0, Derived::OnUnplaced);
            }
        }
    }

    fn gain(&mut self, at: u32, fact: Derived) {
        if !self.gained.gain(at, fact) {
            return;
        }
        self.changed = true;
        if let Derived::OnZone(zone) = fact
            && self.is_internal(zone)
        {
            self.inside = self.inside.into_iter().chain([at]).min();
        }
    }

    /// Gains a fact by a rule that starts at `from`, if every base fact still stands when it ends.
    fn act(&mut self, from: Option<u32>, kind: RuleKind, needs: &[Base], fact: Derived) {
        if let Some(at) = self.done(from, kind, needs) {
            self.gain(at, fact);
        }
    }

    fn done(&self, from: Option<u32>, kind: RuleKind, needs: &[Base]) -> Option<u32> {
        let takes = self.options.pace.seconds(kind);
        let at = from?.saturating_add(takes).min(LATEST_SECONDS);
        needs.iter().all(|base| (self.stands)(*base, at)).then_some(at)
    }

    fn when(&self, fact: Derived) -> Option<u32> {
        self.gained.when(fact)
    }

    fn principal(&self, who: Principal) -> Option<u32> {
        self.when(match who {
            Principal::Account(id) => Derived::Uses(id),
            Principal::Group(id) => Derived::ActsAs(id),
            Principal::System(id) => Derived::RunsOn(id),
        })
    }

    fn outside(&self) -> Derived {
        self.estate
            .internet()
            .map_or(Derived::OnInternet, Derived::OnZone)
    }

    fn kind_of(&self, id: SystemId) -> Option<SystemKind> {
        self.estate.system(id).map(|system| system.kind)
    }

    /// The fact of standing where a system stands.
    fn place_of(&self, id: SystemId) -> Option<Derived> {
        let system = self.estate.system(id)?;
        let zone = system.zone.filter(|zone| self.estate.zone(*zone).is_some());
        Some(match (zone, system.kind) {
            (Some(zone), _) => Derived::OnZone(zone),
            (None, SystemKind::SaasApp) => self.outside(),
            (None, _) => Derived::OnUnplaced,
        })
    }

    fn look_around(&mut self) {
        let estate = self.estate;
        for id in self.accounts.clone() {
            if estate.account(id).is_some_and(|account| account.enabled) {
                let held = self.when(Derived::Holds(id));
                self.act(
                    held,
                    RuleKind::UseAccount,
                    &[Base::Enabled(id)],
                    Derived::Uses(id),
                );
            }
        }
        for id in self.systems.clone() {
            let Some(kind) = self.kind_of(id) else { continue };
            let runs = self.when(Derived::RunsOn(id));
            if let Some(place) = self.place_of(id) {
                self.act(runs, RuleKind::StandOn, &[Base::Connected(id)], place);
            }
            self.directory(id, kind, runs);
        }
        self.every_account();
        self.open_flows();
        for (id, kind) in self.accesses.clone() {
            self.try_access(id, &kind);
        }
    }

    fn directory(&mut self, id: SystemId, kind: SystemKind, runs: Option<u32>) {
        match kind {
            SystemKind::DomainController => {
                self.act(runs, RuleKind::ReadDirectory, &[], Derived::DirectoryTaken);
                let taken = self.when(Derived::DirectoryTaken);
                self.act(taken, RuleKind::ReadAccounts, &[], Derived::RunsOn(id));
            }
            SystemKind::IdentityProvider => {
                self.act(runs, RuleKind::ReadAccounts, &[], Derived::AccountsTaken)
            }
            _ => {}
        }
    }

    fn every_account(&mut self) {
        let directory = self.when(Derived::DirectoryTaken);
        self.act(directory, RuleKind::ReadAccounts, &[], Derived::AccountsTaken);
        let accounts = self.when(Derived::AccountsTaken);
        for id in self.accounts.clone() {
            self.act(accounts, RuleKind::ReadAccounts, &[], Derived::Holds(id));
        }
    }

    fn try_access(&mut self, id: AccessId, kind: &AccessKind) {
        let given = Base::Access(id);
        match *kind {
            AccessKind::Membership { member, group } if self.estate.group(group).is_some() => {
                self.act(
                    self.principal(member),
                    RuleKind::Belong,
                    &[given],
                    Derived::ActsAs(group),
                );
            }
            AccessKind::Right { holder, on, means } => {
                let may = self.done(self.principal(holder), RuleKind::HaveRight, &[given]);
                self.run_on_target(may, on, means);
            }
            AccessKind::Session { account, system } if self.estate.account(account).is_some() => {
                let runs = self.when(Derived::RunsOn(system));
                self.act(runs, RuleKind::StealSession, &[given], Derived::Holds(account));
            }
            AccessKind::Control { holder, over, by } => self.control(given, holder, over, by),
            AccessKind::RemoteAccess {
                holder,
                gateway,
                into,
            } if self.estate.system(gateway).is_some() && self.estate.zone(into).is_some() => {
                let needs = [given, Base::Internet, Base::Connected(gateway)];
                self.act(
                    self.principal(holder),
                    RuleKind::ComeIn,
                    &needs,
                    Derived::OnZone(into),
                );
            }
            AccessKind::Assignment { holder, app, admin } => self.assignment(given, holder, app, admin),
            AccessKind::Recovery { of, from } => self.recovery(given, of, from),
            // What flows allow is asked for where a connection is needed.
            _ => {}
        }
    }

    fn run_on_target(&mut self, may: Option<u32>, on: Target, means: Means) {
        match on {
            Target::System(id) => self.log_on(may, id, means),
            Target::Group(group) => {
                for (member, at) in self.members(group, may) {
                    if let Principal::System(id) = member {
                        self.log_on(Some(at), id, means);
                    }
                }
            }
        }
    }

    fn log_on(&mut self, may: Option<u32>, id: SystemId, means: Means) {
        let path = may.and_then(|_| self.connects(id, means));
        if let (Some(may), Some(path), true) = (may, path, means != Means::Console) {
            let needs = [Base::Connected(id)];
            self.act(
                Some(may.max(path)),
                RuleKind::LogOn(means),
                &needs,
                Derived::RunsOn(id),
            );
        }
    }

    fn assignment(&mut self, given: Base, holder: Principal, app: SystemId, admin: bool) {
        let from = self
            .principal(holder)
            .and_then(|may| Some(may.max(self.connects(app, Means::Web)?)));
        let needs = [given, Base::Connected(app)];
        if admin {
            self.act(from, RuleKind::AdministerApp, &needs, Derived::RunsOn(app));
        } else {
            self.act(from, RuleKind::UseApp, &needs, Derived::UsesApp(app));
        }
    }

    fn recovery(&mut self, given: Base, of: Principal, from: ZoneId) {
        let stands_there = self.when(Derived::OnZone(from));
        match of {
            Principal::Account(id) if self.estate.account(id).is_some() => {
                self.act(stands_there, RuleKind::Recover, &[given], Derived::Holds(id));
            }
            Principal::Group(group) => {
                let may = self.done(stands_there, RuleKind::HaveRight, &[given]);
                self.take_members(group, may, RuleKind::Recover, false);
            }
            _ => {}
        }
    }

    fn control(&mut self, given: Base, holder: Principal, over: Principal, by: ControlKind) {
        use ControlKind::{AddMember, FullControl, Hosts, ReadSecret, ReplicateDirectory};
        let rule = RuleKind::Take(by);
        let may = self.principal(holder);
        match (by, over) {
            (ReplicateDirectory, _) => self.act(may, rule, &[given], Derived::DirectoryTaken),
            (Hosts, _) => self.hosts(given, holder, over),
            (AddMember | FullControl, Principal::Group(id)) if self.estate.group(id).is_some() => {
                self.act(may, rule, &[given], Derived::ActsAs(id));
            }
            (AddMember, _) => {}
            (_, Principal::Account(id)) if self.estate.account(id).is_some() => {
                self.act(may, rule, &[given], Derived::Holds(id));
            }
            (FullControl | ReadSecret | ControlKind::Delegate, Principal::System(id)) => {
                let may = self.done(may, rule, &[given]);
                self.log_on(may, id, Means::Admin);
            }
            (_, Principal::Group(group)) => {
                let may = self.done(may, RuleKind::HaveRight, &[given]);
                self.take_members(group, may, rule, matches!(by, ReadSecret | ControlKind::Delegate));
            }
            _ => {}
        }
    }

    /// Takes each member account, and each member system too if the secret of a system is worth as much.
    fn take_members(&mut self, group: GroupId, may: Option<u32>, rule: RuleKind, systems_too: bool) {
        for (member, given, at) in self.memberships(group, may) {
            match member {
                Principal::Account(id) if self.estate.account(id).is_some() => {
                    self.act(Some(at), rule, &[given], Derived::Holds(id));
                }
                Principal::System(id) if systems_too => {
                    let may = self.done(Some(at), rule, &[given]);
                    self.log_on(may, id, Means::Admin);
                }
                _ => {}
            }
        }
    }

    fn hosts(&mut self, given: Base, holder: Principal, over: Principal) {
        let rule = RuleKind::Take(ControlKind::Hosts);
        let mut needs = vec![given];
        if let Principal::System(id) = holder
            && self.kind_of(id) == Some(SystemKind::HypervisorManager)
        {
            needs.push(Base::Connected(id));
        }
        let may = self.principal(holder);
        match over {
            Principal::System(id) => {
                needs.extend(self.reached_over_network(id));
                if self.estate.system(id).is_some() {
                    self.act(may, rule, &needs, Derived::RunsOn(id));
                }
            }
            Principal::Group(group) => {
                let may = self.done(may, RuleKind::HaveRight, &needs);
                for (member, given, at) in self.memberships(group, may) {
                    let Principal::System(id) = member else { continue };
                    let mut needs = vec![given];
                    needs.extend(self.reached_over_network(id));
                    if self.estate.system(id).is_some() {
                        self.act(Some(at), rule, &needs, Derived::RunsOn(id));
                    }
                }
            }
            Principal::Account(_) => {}
        }
    }

    fn reached_over_network(&self, id: SystemId) -> Option<Base> {
        (self.kind_of(id) == Some(SystemKind::Hypervisor)).then_some(Base::Connected(id))
    }

    /// Members of a group, nested ones too, each with the second from which what is granted on the group is
    /// granted on it.
    fn members(&self, group: GroupId, may: Option<u32>) -> Vec<(Principal, u32)> {
        let passed =
            |(member, given, at)| Some((member, self.done(Some(at), RuleKind::PassToMember, &[given])?));
        self.memberships(group, may)
            .into_iter()
            .filter_map(passed)
            .collect()
    }

    /// Every membership in a group or in one nested in it, with the second from which the grant is on that group.
    fn memberships(&self, group: GroupId, may: Option<u32>) -> Vec<(Principal, Base, u32)> {
        let Some(start) = may.filter(|_| self.estate.group(group).is_some()) else {
            return Vec::new();
        };
        let mut groups = BTreeMap::from([(group, start)]);
        loop {
            let found = self.memberships_of(&groups);
            let before = groups.clone();
            for (member, given, at) in &found {
                if let (Principal::Group(id), Some(at)) =
                    (*member, self.done(Some(*at), RuleKind::PassToMember, &[*given]))
                    && self.estate.group(id).is_some()
                {
                    let known = groups.entry(id).or_insert(at);
                    *known = at.min(*known);
                }
            }
            if groups == before {
                return found;
            }
        }
    }

    fn memberships_of(&self, groups: &BTreeMap<GroupId, u32>) -> Vec<(Principal, Base, u32)> {
        let found = groups.iter().flat_map(|(group, at)| {
            let members = self.members.get(group).into_iter().flatten();
            members.map(|(id, member)| (*member, Base::Access(*id), *at))
        });
        found.collect()
    }
}

fn foothold_fact(entity: Entity) -> Derived {
    match entity {
        Entity::Account(id) => Derived::Holds(id),
        Entity::Group(id) => Derived::ActsAs(id),
        Entity::System(id) => Derived::RunsOn(id),
        Entity::Zone(id) => Derived::OnZone(id),
    }
}
