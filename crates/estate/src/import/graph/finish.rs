//! What a whole graph says once all of it is read: what units hand down, whose tickets can be guessed, and which systems
//! are directory servers.

use rustc_hash::FxHashSet;

use super::{GraphImport, Imported, Known, inferred};
use crate::{AccessKind, ControlKind, GroupId, Origin, Principal, Provenance, SystemKind};

impl GraphImport {
    /// Ends the import: what units hold, what everybody can do, and the jewels.
    pub(in crate::import) fn finish(mut self) -> Imported {
        self.spread_over_contents();
        self.roasting();
        self.directory_servers();
        Imported {
            estate: self.estate,
            report: self.report,
        }
    }

    /// Hands control of, and rights on, a unit down to what it contains, unit by unit.
    fn spread_over_contents(&mut self) {
        let mut by_holder: Vec<Vec<Known>> = vec![Vec::new(); self.holders.len()];
        for (holder, known) in &self.contained {
            if let Some(list) = by_holder.get_mut(*holder) {
                list.push(*known);
            }
        }
        let inferred = Provenance::new(Origin::Inferred);
        let mut waiting: Vec<usize> = (0..self.holders.len()).rev().collect();
        let mut done: FxHashSet<(usize, bool)> = FxHashSet::default();
        while let Some(index) = waiting.pop() {
            let Some(holder) = self.holders.get(index) else {
                continue;
            };
            let (control, systems) = (holder.control, holder.systems);
            let control = control.filter(|_| done.insert((index, true)));
            let systems = systems.filter(|_| done.insert((index, false)));
            for known in by_holder.get(index).cloned().unwrap_or_default() {
                if let Some(control) = control {
                    let over = self.principal(known);
                    let holder = Principal::Group(control);
                    self.add(
                        AccessKind::Control {
                            holder,
                            over,
                            by: ControlKind::FullControl,
                        },
                        inferred,
                    );
                }
                if let Some(group) = systems {
                    self.put_in(known, group, inferred);
                }
                if let Known::Holder(inner) = known
                    && (control.is_some() || systems.is_some())
                {
                    waiting.push(inner);
                }
            }
        }
    }

    fn put_in(&mut self, known: Known, group: GroupId, provenance: Provenance) {
        let member = match known {
            Known::System(id) => Principal::System(id),
            Known::Holder(index) => match self.systems_in(index) {
                Some(inner) => Principal::Group(inner),
                None => return,
            },
            Known::Account(_) | Known::Group(_) => return,
        };
        self.add(AccessKind::Membership { member, group }, provenance);
    }

    /// Every account of the domain can ask for a ticket to a service and guess its password offline.
    fn roasting(&mut self) {
        let users = self
            .estate
            .groups_with_ids()
            .find(|(_, group)| has_suffix(&group.aliases, "-513"));
        let Some((users, _)) = users else { return };
        for account in std::mem::take(&mut self.roastable) {
            let over = Principal::Account(account);
            let kind = AccessKind::Control {
                holder: Principal::Group(users),
                over,
                by: ControlKind::RoastTicket,
            };
            self.add(kind, Provenance::new(Origin::Inferred));
        }
    }

    /// Members of Domain Controllers (RID 516) are directory servers, and jewels.
    fn directory_servers(&mut self) {
        let groups = self
            .estate
            .groups_with_ids()
            .filter(|(_, group)| has_suffix(&group.aliases, "-516"));
        let groups: FxHashSet<GroupId> = groups.map(|(id, _)| id).collect();
        for access in &self.estate.accesses {
            if let AccessKind::Membership {
                member: Principal::System(system),
                group,
            } = access.kind
                && groups.contains(&group)
                && let Some(system) = self.estate.systems.get_mut(system.index())
            {
                system.kind = SystemKind::DomainController;
                system.jewel = system.jewel.or_else(inferred);
            }
        }
    }
}

fn has_suffix(aliases: &[String], suffix: &str) -> bool {
    aliases
        .iter()
        .any(|alias| alias.contains("S-1-5-21-") && alias.ends_with(suffix))
}
