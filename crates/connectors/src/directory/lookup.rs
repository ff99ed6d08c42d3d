//! Finding entries by the names that people use, or by the identifiers that outlast a rename.

use ldap3::Scope;

use super::failure::Failure;
use super::limits::BATCH_NAMES;
use super::session::{Deadline, Entry, Query, Session};

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    /// The name, as the order has it.
    pub(super) name: String,
    /// The identifier that was seen under that name before, if one was. It counts more than the name.
    pub(super) id: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The entry with the identifier if there is one, else the one with the name.
    pub(super) entry: Option<Entry>,
    /// Whether the name means another entry than the identifier.
    pub(super) name_is_anothers: bool,
}

/// How entries of one kind are found in one directory.
pub(super) struct Kind<'a> {
    /// The entry below which they are.
    pub(super) base: &'a str,
    /// What they are called in errors.
    pub(super) what: &'a str,
    /// A filter that holds of the entries of this kind, e.g. `(objectClass=user)`.
    pub(super) class: String,
    /// The attributes that may have the name, best first.
    pub(super) names: Vec<String>,
    /// Whether an entry that has the first of these attributes is not known by the others.
    pub(super) first_name_rules: bool,
    /// The attribute with the identifier.
    pub(super) id: &'a str,
    /// An identifier as text from an entry.
    pub(super) read_id: fn(&Entry) -> Option<String>,
    /// An identifier as the value in a filter, escaped; `None` if it is none.
    pub(super) escape_id: fn(&str) -> Option<String>,
    /// What is read of an entry, besides names and identifier.
    pub(super) attributes: Vec<String>,
}

/// A value in a search filter (RFC 4515, section 3). Everything but letters, digits and a few signs is written as its octets.
pub(super) fn escape(value: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(value.len());
    for octet in value.bytes() {
        if octet.is_ascii_alphanumeric()
            || matches!(octet, b'.' | b'-' | b'_' | b'@' | b',' | b'=' | b' ' | b':')
        {
            escaped.push(char::from(octet));
        } else {
            let _ = write!(escaped, "\\{octet:02x}");
        }
    }
    escaped
}

impl Kind<'_> {
    fn filter(&self, wanted: &Wanted) -> String {
        let name = escape(&wanted.name);
        let names = self
            .names
            .iter()
            .map(|attribute| match self.ruling_name(attribute) {
                Some(first) => format!("(&({attribute}={name})(!({first}=*)))"),
                None => format!("({attribute}={name})"),
            });
        let id = wanted.id.as_deref().and_then(self.escape_id);
        let id = id.into_iter().map(|id| format!("({}={id})", self.id));
        names.chain(id).collect()
    }

    fn query(&self, wanted: &[&Wanted]) -> Query {
        let any: String = wanted.iter().map(|wanted| self.filter(wanted)).collect();
        let own = [self.id.to_owned()];
        Query {
            base: self.base.to_owned(),
            scope: Scope::Subtree,
            filter: format!("(&{}(|{any}))", self.class),
            attributes: [&self.names[..], &own, &self.attributes].concat(),
            control: None,
        }
    }

    /// The attribute without which alone `attribute` counts as a name.
    fn ruling_name(&self, attribute: &str) -> Option<&str> {
        let first = self.names.first().filter(|_| self.first_name_rules)?;
        (first != attribute).then_some(first)
    }

    fn has_name(&self, attribute: &str, entry: &Entry, name: &str) -> bool {
        if self
            .ruling_name(attribute)
            .is_some_and(|first| entry.text(first).is_some())
        {
            return false;
        }
        let name = name.to_lowercase();
        entry.texts(attribute).any(|value| value.to_lowercase() == name)
    }

    /// Which of these entries is meant. A name of a better attribute counts more.
    fn choose(&self, wanted: &Wanted, entries: &[&Entry]) -> Result<Found, Failure> {
        let by_id = entries
            .iter()
            .find(|entry| wanted.id.is_some() && (self.read_id)(entry) == wanted.id);
        let mut by_name = Vec::new();
        for attribute in &self.names {
            by_name = entries
                .iter()
                .filter(|entry| self.has_name(attribute, entry, &wanted.name))
                .collect();
            if !by_name.is_empty() {
                break;
            }
        }
        if let (None, [_, _, ..]) = (by_id, by_name.as_slice()) {
            let many = by_name.len();
            return Err(Failure::Input(format!(
                "{many} {} have the name {}",
                self.what, wanted.name
            )));
        }
        let is_same = |entry: &&&Entry| by_id.is_some_and(|known| known.name == entry.name);
        Ok(Found {
            entry: by_id
                .or(by_name.first().copied())
                .map(|entry| Entry::clone(entry)),
            name_is_anothers: by_id.is_some() && by_name.first().is_some_and(|entry| !is_same(entry)),
        })
    }
}

/// Finds many, answers in their order.
///
/// Names are looked for some dozens by one search, and searches are under way together.
pub(super) fn find(
    session: &mut Session,
    deadline: Deadline,
    kind: &Kind<'_>,
    wanted: &[Wanted],
) -> Result<Vec<Result<Found, Failure>>, Failure> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let all: Vec<&Wanted> = wanted.iter().collect();
    let batches: Vec<&[&Wanted]> = all.chunks(BATCH_NAMES).collect();
    let queries: Vec<Query> = batches.iter().map(|batch| kind.query(batch)).collect();
    let answers = session.search(deadline, &queries)?;
    let mut found = Vec::with_capacity(wanted.len());
    for (batch, answer) in batches.into_iter().zip(answers) {
        match answer {
            Ok(entries) => found.extend(assign(session, deadline, kind, batch, &entries)),
            Err(failure) => found.extend(batch.iter().map(|_| Err(failure.clone()))),
        }
    }
    Ok(found)
}

/// Gives each of a batch its entry.
fn assign(
    session: &mut Session,
    deadline: Deadline,
    kind: &Kind<'_>,
    batch: &[&Wanted],
    entries: &[Entry],
) -> Vec<Result<Found, Failure>> {
    let index = Index::new(kind, entries);
    let mut found = Vec::with_capacity(batch.len());
    let mut given = 0;
    for wanted in batch {
        let choice = kind.choose(wanted, &index.candidates(wanted));
        given += usize::from(!matches!(&choice, Ok(Found { entry: None, .. })));
        found.push(choice);
    }
    // The server compares names by rules of its own (spaces, letters of other alphabets). What it found by them and nobody got is
    // asked for again by itself, where there can be no doubt.
    if given < entries.len() && given < batch.len() {
        for (wanted, choice) in batch.iter().zip(&mut found) {
            if matches!(choice, Ok(Found { entry: None, .. })) {
                *choice = find_one(session, deadline, kind, wanted);
            }
        }
    }
    found
}

fn find_one(
    session: &mut Session,
    deadline: Deadline,
    kind: &Kind<'_>,
    wanted: &Wanted,
) -> Result<Found, Failure> {
    let mut entries = session.search_one(deadline, kind.query(&[wanted]))?;
    match (entries.pop(), entries.is_empty()) {
        (entry, true) => Ok(Found {
            entry,
            name_is_anothers: false,
        }),
        (_, false) => Err(Failure::Input(format!(
            "{} {} have the name {}",
            entries.len() + 1,
            kind.what,
            wanted.name
        ))),
    }
}

/// Entries by name and identifier, so that a large batch is not compared with each.
struct Index<'a> {
    by_key: std::collections::HashMap<String, Vec<&'a Entry>>,
}

impl<'a> Index<'a> {
    fn new(kind: &Kind<'_>, entries: &'a [Entry]) -> Self {
        let mut by_key: std::collections::HashMap<String, Vec<&'a Entry>> = std::collections::HashMap::new();
        for entry in entries {
            let names = kind.names.iter().flat_map(|attribute| entry.texts(attribute));
            let mut keys: Vec<String> = names
                .map(str::to_lowercase)
                .chain((kind.read_id)(entry))
                .collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                by_key.entry(key).or_default().push(entry);
            }
        }
        Self { by_key }
    }

    fn candidates(&self, wanted: &Wanted) -> Vec<&'a Entry> {
        let keys = [Some(wanted.name.to_lowercase()), wanted.id.clone()];
        let mut found: Vec<&'a Entry> = Vec::new();
        for entry in keys
            .into_iter()
            .flatten()
            .filter_map(|key| self.by_key.get(&key))
            .flatten()
        {
            if !found.iter().any(|known| known.name == entry.name) {
                found.push(entry);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sign_of_a_name_has_a_meaning_in_a_filter() {
        assert_eq!(escape("pat"), "pat");
        assert_eq!(escape("*)(uid=*"), "\\2a\\29\\28uid=\\2a");
        assert_eq!(escape("a\\b\0ü"), "a\\5cb\\00\\c3\\bc");
    }
}
