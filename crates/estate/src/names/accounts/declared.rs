//! Accounts as an estate declares them, and which spellings of a domain are one.

use super::{Accounts, BareId, KnownAccount, Realm, Sole};
use crate::names::Known;
use crate::names::domains::DomainId;
use crate::names::fold::kept;
use crate::names::syntax;
use crate::names::systems::{Found, Systems};
use crate::{AccountId, Estate};

impl Accounts {
    pub(in crate::names) fn from_estate(estate: &Estate, systems: &Systems) -> Self {
        let mut accounts = Self::default();
        let mut spellings = Vec::new();
        for (id, account) in estate.accounts_with_ids() {
            accounts.entries.push(KnownAccount {
                name: account.name.clone(),
                aliases: account.aliases.clone(),
                merged_into: None,
                declared: true,
                local_to: None,
                nameless: false,
                known: Known::Open,
            });
            for text in [&account.name].into_iter().chain(&account.aliases) {
                accounts.declare(text, id, systems, &mut spellings);
            }
        }
        accounts.associate_domains(&spellings);
        accounts
    }

    fn declare(&mut self, text: &str, id: AccountId, systems: &Systems, spellings: &mut Vec<Spelling>) {
        if syntax::is_sid(text) {
            self.sids.entry(kept(text)).or_insert(id);
            return;
        }
        let (name, domain) = syntax::split(text);
        let bare = self.bare_id(name);
        self.claim(bare, id, domain.is_none());
        let Some(domain) = domain else { return };
        if let Found::One(system) = systems.find(domain) {
            self.pairs.entry((Realm::Host(system), bare)).or_insert(id);
            if let Some(entry) = self.entries.get_mut(id.index()) {
                entry.local_to = Some(system);
                entry.known = Known::Stated;
            }
        } else {
            spellings.push(Spelling {
                account: id,
                bare,
                domain: self.domains.declare(domain),
            });
        }
    }

    fn claim(&mut self, bare: BareId, id: AccountId, exact: bool) {
        let Some(bare) = self.bare.get_mut(bare.0 as usize) else {
            return;
        };
        bare.sole = match bare.sole {
            Sole::Exact(owner) => Sole::Exact(owner),
            _ if exact => Sole::Exact(id),
            Sole::Nobody => Sole::One(id),
            Sole::One(owner) if owner == id => Sole::One(id),
            Sole::One(_) | Sole::Ambiguous => Sole::Ambiguous,
        };
        if exact && bare.anywhere.is_none() {
            bare.anywhere = Some(id);
        }
    }

    /// Joins the domains in which one account is declared under one name, unless that would make one account of two.
    fn associate_domains(&mut self, spellings: &[Spelling]) {
        let mut root: Vec<usize> = (0..self.domains.len()).collect();
        let mut members: Vec<Vec<(BareId, AccountId)>> = vec![Vec::new(); root.len()];
        for spelling in spellings {
            self.pairs
                .entry((Realm::Domain(spelling.domain), spelling.bare))
                .or_insert(spelling.account);
            if let Some(list) = members.get_mut(spelling.domain.index()) {
                list.push((spelling.bare, spelling.account));
            }
            if let Some(entry) = self.entries.get_mut(spelling.account.index()) {
                entry.known = Known::Stated;
            }
        }
        for pair in spellings.windows(2) {
            let [first, second] = pair else { continue };
            if first.account == second.account && first.bare == second.bare {
                self.join(first.domain, second.domain, &mut root, &mut members);
            }
        }
        for spelling in spellings {
            self.no_longer_anywhere(spelling.bare, spelling.account);
        }
    }

    fn join(
        &mut self,
        first: DomainId,
        second: DomainId,
        root: &mut [usize],
        members: &mut [Vec<(BareId, AccountId)>],
    ) {
        let (first, second) = (root_of(root, first.index()), root_of(root, second.index()));
        let size = |index: usize| members.get(index).map_or(0, Vec::len);
        let (into, gone) = if (size(first), second) >= (size(second), first) {
            (first, second)
        } else {
            (second, first)
        };
        let (into_id, gone_id) = (DomainId::at(into), DomainId::at(gone));
        let moving = members.get(gone).cloned().unwrap_or_default();
        let clash = moving.iter().any(|(bare, account)| {
            self.pairs
                .get(&(Realm::Domain(into_id), *bare))
                .is_some_and(|there| there != account)
        });
        if into == gone || clash {
            return;
        }
        for (bare, account) in &moving {
            self.pairs.insert((Realm::Domain(into_id), *bare), *account);
        }
        if let Some(list) = members.get_mut(into) {
            list.extend(moving);
        }
        if let Some(parent) = root.get_mut(gone) {
            *parent = into;
        }
        self.domains.join(gone_id, into_id);
    }
}

/// That an account is declared under a name in a domain.
#[derive(Clone, Copy, Debug)]
struct Spelling {
    account: AccountId,
    bare: BareId,
    domain: DomainId,
}

fn root_of(root: &[usize], mut index: usize) -> usize {
    while let Some(&parent) = root.get(index)
        && parent != index
    {
        index = parent;
    }
    index
}
