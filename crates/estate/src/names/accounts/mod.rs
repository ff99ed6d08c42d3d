//! Accounts by name, domain and security identifier.

mod declared;
mod met;

use rustc_hash::FxHashMap;

use super::domains::{DomainId, Domains, Meaning};
use super::fold::{folded, kept};
use super::syntax::Parts;
use super::systems::{Found, Systems};
use super::{Holder, Known};
use crate::{AccountId, SystemId};

/// An account as the directory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAccount {
    /// The name to show: the declared one, or the first that a log had.
    pub name: String,
    /// Its other names, SIDs among them, as first written.
    pub aliases: Vec<String>,
    /// Set if this turned out to be another one, which then stands for both.
    pub merged_into: Option<AccountId>,
    /// True if it is in the estate that the directory was made from.
    pub declared: bool,
    /// The system that it is a local account of, if it is one.
    pub local_to: Option<SystemId>,
    /// True as long as only its SID is known.
    nameless: bool,
    known: Known,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct BareId(u32);

/// Who is meant by a name without a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sole {
    Nobody,
    /// Declared under exactly this name.
    Exact(AccountId),
    One(AccountId),
    Ambiguous,
}

#[derive(Clone, Copy, Debug)]
struct Bare {
    sole: Sole,
    /// The account of this name whose domain is not known.
    anywhere: Option<AccountId>,
}

/// Where an account lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Realm {
    Domain(DomainId),
    Host(SystemId),
}

enum Place {
    Nowhere,
    In(Realm),
    /// A domain that is not known yet.
    New,
    Ambiguous,
}

/// The accounts, and everything that leads to one.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pub(super) entries: Vec<KnownAccount>,
    domains: Domains,
    bares: FxHashMap<Box<str>, BareId>,
    bare: Vec<Bare>,
    pairs: FxHashMap<(Realm, BareId), AccountId>,
    sids: FxHashMap<Box<str>, AccountId>,
    pub(super) refused: u64,
}

impl Accounts {
    fn no_longer_anywhere(&mut self, bare: BareId, account: AccountId) {
        if let Some(bare) = self.bare.get_mut(bare.0 as usize)
            && bare.anywhere == Some(account)
        {
            bare.anywhere = None;
        }
    }

    fn bare_id(&mut self, name: &str) -> BareId {
        let name = kept(name);
        if let Some(&id) = self.bares.get(&name) {
            return id;
        }
        let id = BareId(u32::try_from(self.bare.len()).unwrap_or(u32::MAX));
        self.bare.push(Bare {
            sole: Sole::Nobody,
            anywhere: None,
        });
        self.bares.insert(name, id);
        id
    }

    fn find_bare(&self, name: &str) -> Option<(BareId, Bare)> {
        let id = folded(name, |name| self.bares.get(name).copied())?;
        self.bare.get(id.0 as usize).map(|bare| (id, *bare))
    }

    fn place(&self, domain: Option<&str>, systems: &Systems) -> Place {
        let Some(domain) = domain else {
            return Place::Nowhere;
        };
        match self.domains.find(domain) {
            Some(Meaning::One(id)) => Place::In(Realm::Domain(id)),
            Some(Meaning::Ambiguous) => Place::Ambiguous,
            None => match systems.find(domain) {
                Found::One(system) => Place::In(Realm::Host(system)),
                Found::Ambiguous => Place::Ambiguous,
                Found::Nothing => Place::New,
            },
        }
    }

    /// Who is meant, by what is known now.
    fn find(&self, parts: &Parts<'_>, systems: &Systems) -> Option<AccountId> {
        let by_sid = parts
            .sid
            .and_then(|sid| folded(sid, |sid| self.sids.get(sid).copied()));
        if by_sid.is_some() {
            return by_sid;
        }
        let (id, bare) = self.find_bare(parts.bare?)?;
        match self.place(parts.domain, systems) {
            Place::In(realm) => self
                .in_realm(realm, id, bare)
                .or_else(|| self.by_suffix(parts, id)),
            Place::New => self.by_suffix(parts, id).or(bare.anywhere),
            Place::Nowhere | Place::Ambiguous => bare.sole.account(),
        }
    }

    fn in_realm(&self, realm: Realm, id: BareId, bare: Bare) -> Option<AccountId> {
        let anywhere = || bare.anywhere.filter(|_| matches!(realm, Realm::Domain(_)));
        self.pairs.get(&(realm, id)).copied().or_else(anywhere)
    }

    fn by_suffix(&self, parts: &Parts<'_>, id: BareId) -> Option<AccountId> {
        match self.domains.find(parts.suffix?)? {
            Meaning::One(domain) => self.pairs.get(&(Realm::Domain(domain), id)).copied(),
            Meaning::Ambiguous => None,
        }
    }

    pub(super) fn resolve(&self, parts: &Parts<'_>, systems: &Systems) -> Option<Holder> {
        match self.find(parts, systems) {
            Some(id) => Some(Holder::Account(self.canonical(id))),
            None => machine(parts, systems).map(Holder::System),
        }
    }

    pub(super) fn canonical(&self, id: AccountId) -> AccountId {
        self.entries
            .get(id.index())
            .and_then(|entry| entry.merged_into)
            .unwrap_or(id)
    }
}

impl Sole {
    const fn account(self) -> Option<AccountId> {
        match self {
            Self::Exact(id) | Self::One(id) => Some(id),
            Self::Nobody | Self::Ambiguous => None,
        }
    }
}

fn is_machine(parts: &Parts<'_>) -> bool {
    parts.bare.is_some_and(|bare| bare.ends_with('$'))
}

/// The system whose machine account this is, if it is one and the system is known.
fn machine(parts: &Parts<'_>, systems: &Systems) -> Option<SystemId> {
    let host = parts.bare.and_then(|bare| bare.strip_suffix('$')).or(parts.sid)?;
    match systems.find(host) {
        Found::One(id) => Some(id),
        Found::Ambiguous | Found::Nothing => None,
    }
}
