//! Accounts as records name them: what each naming adds to what was known.

use super::{Accounts, BareId, KnownAccount, Place, Realm, Sole, is_machine, machine};
use crate::AccountId;
use crate::limits::{ENTITIES_MAX, LEARNED_NAMES_MAX};
use crate::names::fold::{folded, kept};
use crate::names::syntax::Parts;
use crate::names::systems::Systems;
use crate::names::{Holder, Known};

impl Accounts {
    pub(in crate::names) fn meet(&mut self, parts: &Parts<'_>, systems: &mut Systems) -> Option<Holder> {
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
}

fn qualified(domain: &str, name: &str) -> String {
    if domain.contains('.') {
        format!("{name}@{domain}")
    } else {
        format!("{domain}\\{name}")
    }
}
