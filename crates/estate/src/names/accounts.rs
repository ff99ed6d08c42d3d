//! Accounts by name, domain and security identifier.

use rustc_hash::FxHashMap;

use super::domains::{DomainId, Domains, Meaning};
use super::fold::{folded, kept};
use super::syntax::{self, Parts};
use super::systems::{Found, Systems};
use super::{Holder, Known};
use crate::limits::{ENTITIES_MAX, LEARNED_NAMES_MAX};
use crate::{AccountId, Estate, SystemId};

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
    pub(super) fn from_estate(estate: &Estate, systems: &Systems) -> Self {
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

    pub(super) fn meet(&mut self, parts: &Parts<'_>, systems: &mut Systems) -> Option<Holder> {
        let id = match self.find(parts, systems) {
            Some(id) => self.settle(id, parts, systems),
            None if is_machine(parts) => return machine(parts, systems).map(Holder::System),
            None => self.add(parts, systems)?,
        };
        Some(Holder::Account(self.canonical(id)))
    }

    /// Keeps what the record says beyond what was known of the account.
    fn settle(&mut self, id: AccountId, parts: &Parts<'_>, systems: &Systems) -> AccountId {
        let id = self.canonical(id);
        if let Some(name) = parts.bare
            && self.entries.get(id.index()).is_some_and(|entry| entry.nameless)
        {
            return self.name_nameless(id, name, parts, systems);
        }
        self.keep_domain(id, parts, systems);
        self.keep_sid(id, parts.sid);
        id
    }

    /// The account of a SID turns out to have a name: it takes it, or was the one of that name all along.
    fn name_nameless(
        &mut self,
        id: AccountId,
        name: &str,
        parts: &Parts<'_>,
        systems: &Systems,
    ) -> AccountId {
        let named = self
            .find(&Parts { sid: None, ..*parts }, systems)
            .map(|other| self.canonical(other));
        let sid = self.entries.get(id.index()).map(|entry| entry.name.clone());
        let Some(other) = named.filter(|other| *other != id) else {
            let shown = self.shown(name, parts.domain, false);
            if let Some(entry) = self.entries.get_mut(id.index()) {
                entry.nameless = false;
                entry.name = shown;
                entry.aliases.extend(sid);
            }
            self.enter(id, name, parts, systems);
            return id;
        };
        if let Some(entry) = self.entries.get_mut(id.index()) {
            entry.merged_into = Some(other);
        }
        if let Some(sid) = sid {
            self.sids.insert(kept(&sid), other);
            self.alias(other, sid);
        }
        other
    }

    fn keep_domain(&mut self, id: AccountId, parts: &Parts<'_>, systems: &Systems) {
        let (Some(name), Some(domain)) = (parts.bare, parts.domain) else {
            return;
        };
        let Some((bare, what)) = self.find_bare(name) else {
            return;
        };
        let place = self.place(Some(domain), systems);
        if matches!(place, Place::In(Realm::Domain(_))) {
            self.domains.meet(domain);
        }
        let realm = match place {
            Place::In(realm) if self.pairs.contains_key(&(realm, bare)) => return,
            Place::In(Realm::Host(_)) | Place::Ambiguous | Place::Nowhere => return,
            Place::In(realm) => Some(realm),
            Place::New => None,
        };
        if what.anywhere != Some(id) {
            return;
        }
        let Some(realm) = realm.or_else(|| self.domains.meet(domain).map(Realm::Domain)) else {
            return;
        };
        self.pairs.insert((realm, bare), id);
        let Some(entry) = self.entries.get_mut(id.index()) else {
            return;
        };
        if entry.known == Known::Unstated {
            entry.known = Known::Stated;
            self.no_longer_anywhere(bare, id);
        }
        self.alias(id, qualified(domain, name));
    }

    fn keep_sid(&mut self, id: AccountId, sid: Option<&str>) {
        let Some(sid) = sid else { return };
        if !folded(sid, |sid| self.sids.contains_key(sid)) && self.alias(id, sid.to_owned()) {
            self.sids.insert(kept(sid), id);
        }
    }

    fn alias(&mut self, id: AccountId, text: String) -> bool {
        let Some(entry) = self.entries.get_mut(id.index()) else {
            return false;
        };
        if entry.aliases.len() >= LEARNED_NAMES_MAX {
            return false;
        }
        if !entry.aliases.contains(&text) {
            entry.aliases.push(text);
        }
        true
    }

    fn add(&mut self, parts: &Parts<'_>, systems: &Systems) -> Option<AccountId> {
        if self.entries.len() >= ENTITIES_MAX {
            self.refused = self.refused.saturating_add(1);
            return None;
        }
        let place = self.place(parts.domain, systems);
        let ambiguous = parts
            .bare
            .and_then(|name| self.find_bare(name))
            .is_some_and(|(_, bare)| {
                bare.sole == Sole::Ambiguous && matches!(place, Place::Nowhere | Place::Ambiguous)
            });
        if ambiguous {
            return None;
        }
        let id = AccountId(u32::try_from(self.entries.len()).ok()?);
        let local = matches!(place, Place::In(Realm::Host(_)));
        let name = match (parts.bare, parts.sid) {
            (Some(name), _) => self.shown(name, parts.domain, local),
            (None, sid) => sid?.to_owned(),
        };
        self.entries.push(KnownAccount {
            name,
            aliases: Vec::new(),
            merged_into: None,
            declared: false,
            local_to: None,
            nameless: parts.bare.is_none(),
            known: Known::Unstated,
        });
        match parts.bare {
            Some(name) => self.enter(id, name, parts, systems),
            None => self.index_sid(id, parts.sid),
        }
        Some(id)
    }

    fn index_sid(&mut self, id: AccountId, sid: Option<&str>) {
        if let Some(sid) = sid {
            self.sids.insert(kept(sid), id);
        }
    }

    /// Makes a new or newly named account known by its name, its domain and its SID.
    fn enter(&mut self, id: AccountId, name: &str, parts: &Parts<'_>, systems: &Systems) {
        let bare = self.bare_id(name);
        match self.place(parts.domain, systems) {
            Place::In(Realm::Host(system)) => {
                self.pairs.insert((Realm::Host(system), bare), id);
                if let Some(entry) = self.entries.get_mut(id.index()) {
                    entry.local_to = Some(system);
                    entry.known = Known::Stated;
                }
            }
            Place::Nowhere | Place::Ambiguous => self.enter_anywhere(id, bare),
            Place::In(Realm::Domain(_)) | Place::New => self.enter_domain(id, name, bare, parts),
        }
        self.keep_sid(id, parts.sid);
    }

    fn enter_anywhere(&mut self, id: AccountId, bare: BareId) {
        let Some(bare) = self.bare.get_mut(bare.0 as usize) else {
            return;
        };
        bare.anywhere = bare.anywhere.or(Some(id));
        if bare.sole == Sole::Nobody {
            bare.sole = Sole::One(id);
        }
    }

    fn enter_domain(&mut self, id: AccountId, name: &str, bare: BareId, parts: &Parts<'_>) {
        let Some(text) = parts.domain else { return };
        let Some(domain) = self.domains.meet(text) else {
            return;
        };
        if let Some(suffix) = parts.suffix.filter(|suffix| !suffix.eq_ignore_ascii_case(text)) {
            self.domains.associate(suffix, domain);
        }
        self.pairs.insert((Realm::Domain(domain), bare), id);
        if let Some(bare) = self.bare.get_mut(bare.0 as usize)
            && bare.sole == Sole::Nobody
        {
            bare.sole = Sole::One(id);
        }
        if let Some(entry) = self.entries.get_mut(id.index()) {
            entry.known = Known::Stated;
        }
        self.alias(id, qualified(text, name));
    }

    /// The bare name where nobody else is called that, else with its domain.
    fn shown(&self, name: &str, domain: Option<&str>, local: bool) -> String {
        let free = self
            .find_bare(name)
            .is_none_or(|(_, bare)| bare.sole == Sole::Nobody);
        match domain {
            Some(domain) if local || !free => qualified(domain, name),
            _ => name.to_owned(),
        }
    }

    pub(super) fn canonical(&self, id: AccountId) -> AccountId {
        self.entries
            .get(id.index())
            .and_then(|entry| entry.merged_into)
            .unwrap_or(id)
    }
}

/// That an account is declared under a name in a domain.
#[derive(Clone, Copy, Debug)]
struct Spelling {
    account: AccountId,
    bare: BareId,
    domain: DomainId,
}

impl Sole {
    const fn account(self) -> Option<AccountId> {
        match self {
            Self::Exact(id) | Self::One(id) => Some(id),
            Self::Nobody | Self::Ambiguous => None,
        }
    }
}

fn root_of(root: &[usize], mut index: usize) -> usize {
    while let Some(&parent) = root.get(index)
        && parent != index
    {
        index = parent;
    }
    index
}

fn qualified(domain: &str, name: &str) -> String {
    if domain.contains('.') {
        format!("{name}@{domain}")
    } else {
        format!("{domain}\\{name}")
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
