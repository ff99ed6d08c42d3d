//! What is known while the files of one estate are read: names, where they are defined, and the estate so far.

use jiff::Timestamp;
use rustc_hash::FxHashMap;

use super::diagnostic::{Found, Span};
use super::fields::{Fields, fields, listed, parsed, shortened, truth, wrong_type};
use super::node::{Node, Value};
use super::similar::nearest;
use super::{keys, quantity};
use crate::names::folded;
use crate::{AccessId, AccessKind, Estate, Jewel, Origin, Provenance, SourceId, Usage};

/// What a name can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Account,
    Group,
    System,
    Zone,
    Site,
    Service,
    Point,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Group => "group",
            Self::System => "system",
            Self::Zone => "zone",
            Self::Site => "site",
            Self::Service => "service",
            Self::Point => "enforcement point",
        }
    }

    /// The word with its article.
    const fn a(self) -> &'static str {
        match self {
            Self::Account => "an account",
            Self::Group => "a group",
            Self::System => "a system",
            Self::Zone => "a zone",
            Self::Site => "a site",
            Self::Service => "a service",
            Self::Point => "an enforcement point",
        }
    }

    /// The kind of this word, if names can be said to be of it.
    pub(super) fn said(word: &str) -> Option<Self> {
        let all = [
            Self::Account,
            Self::Group,
            Self::System,
            Self::Zone,
            Self::Service,
        ];
        all.into_iter().find(|kind| kind.word() == word)
    }

    const ALL: [Self; 7] = [
        Self::Account,
        Self::Group,
        Self::System,
        Self::Zone,
        Self::Site,
        Self::Service,
        Self::Point,
    ];
}

/// The names of one kind.
#[derive(Debug, Default)]
pub(super) struct Table {
    ids: FxHashMap<Box<str>, u32>,
    /// The names as written and where, by id.
    pub(super) defined: Vec<(Box<str>, Span)>,
}

/// Everything that reading needs.
pub(super) struct Reader<'t> {
    pub(super) files: &'t [(&'t str, &'t str)],
    pub(super) found: Found<'t>,
    pub(super) estate: Estate,
    tables: [Table; 7],
    accesses: FxHashMap<AccessKind, (AccessId, bool)>,
    /// False if a file could not be read to its end: names may be defined in the rest of it.
    pub(super) whole: bool,
    suggested: u32,
}

/// Dangling names for which the nearest name is looked up; each look goes over all names.
const SUGGESTIONS_MAX: u32 = 200;

impl<'t> Reader<'t> {
    pub(super) fn new(files: &'t [(&'t str, &'t str)]) -> Self {
        let estate = Estate {
            sources: files.iter().map(|(name, _)| (*name).to_owned()).collect(),
            ..Estate::default()
        };
        Self {
            files,
            found: Found::new(files),
            estate,
            tables: Default::default(),
            accesses: FxHashMap::default(),
            whole: true,
            suggested: 0,
        }
    }

    pub(super) fn table(&self, kind: Kind) -> &Table {
        let [account, group, system, zone, site, service, point] = &self.tables;
        match kind {
            Kind::Account => account,
            Kind::Group => group,
            Kind::System => system,
            Kind::Zone => zone,
            Kind::Site => site,
            Kind::Service => service,
            Kind::Point => point,
        }
    }

    fn table_mut(&mut self, kind: Kind) -> &mut Table {
        let [account, group, system, zone, site, service, point] = &mut self.tables;
        match kind {
            Kind::Account => account,
            Kind::Group => group,
            Kind::System => system,
            Kind::Zone => zone,
            Kind::Site => site,
            Kind::Service => service,
            Kind::Point => point,
        }
    }

    /// Gives a name an id; `None`, with a complaint, if it is no name or taken.
    pub(super) fn define(&mut self, kind: Kind, name: &Node<'_>) -> Option<u32> {
        let Some(text) = name.text() else {
            wrong_type(
                name,
                &format!("the name of {} is a word", kind.a()),
                "give it a name",
                &mut self.found,
            );
            return None;
        };
        if text.trim() != text || text.is_empty() {
            let message = format!("`{}` is no name of {}", shortened(text), kind.a());
            let help = "a name is not empty and has no space around it".to_owned();
            self.found.error("bad-name", name.span, message, Some(help));
            return None;
        }
        if text.len() > crate::limits::NAME_BYTES_MAX {
            let message = format!("the name has {} bytes", text.len());
            let help = format!("at most {} are read", crate::limits::NAME_BYTES_MAX);
            self.found.error("name-too-long", name.span, message, Some(help));
            return None;
        }
        let folded: Box<str> = folded(text, |text| Box::from(text));
        let table = self.table_mut(kind);
        let id = u32::try_from(table.defined.len()).ok()?;
        if let Some(&first) = table.ids.get(&folded) {
            let place = table
                .defined
                .get(first as usize)
                .map(|(_, span)| *span)
                .unwrap_or_default();
            self.duplicate(kind, text, name.span, place);
            return None;
        }
        table.ids.insert(folded, id);
        table.defined.push((text.into(), name.span));
        Some(id)
    }

    fn duplicate(&mut self, kind: Kind, text: &str, span: Span, first: Span) {
        let file = self.files.get(first.file as usize).map_or("?", |(name, _)| name);
        let message = format!(
            "a second {} named `{}` (names are compared without case)",
            kind.word(),
            shortened(text)
        );
        let help = format!(
            "the first is at {file}:{}:{}; rename or remove one",
            first.line,
            first.column + 1
        );
        self.found.error("duplicate-name", span, message, Some(help));
    }

    /// Where something is defined.
    pub(super) fn defined_at(&self, kind: Kind, id: u32) -> Span {
        self.table(kind)
            .defined
            .get(id as usize)
            .map(|(_, span)| *span)
            .unwrap_or_default()
    }

    /// What a node refers to: a name, `kind:name` or `{ kind: name }`, of one of the kinds.
    pub(super) fn refer(&mut self, node: &Node<'_>, allowed: &[Kind]) -> Option<(Kind, u32)> {
        match &node.value {
            Value::Text(text) => self.refer_text(text, node.span, allowed),
            Value::Map(pairs) => {
                if let [(kind, name)] = pairs.as_slice()
                    && let Some(kind) = kind.text().and_then(Kind::said)
                    && allowed.contains(&kind)
                    && let Some(text) = name.text()
                {
                    return self.refer_said(kind, text, name.span);
                }
                self.no_reference(node, allowed)
            }
            _ => self.no_reference(node, allowed),
        }
    }

    fn no_reference(&mut self, node: &Node<'_>, allowed: &[Kind]) -> Option<(Kind, u32)> {
        let words: Vec<&str> = allowed.iter().map(|kind| kind.word()).collect();
        let help = format!(
            "write its name, or `{{ {}: name }}`",
            words.first().unwrap_or(&"system")
        );
        wrong_type(
            node,
            &format!("expected a {}", words.join(" or ")),
            &help,
            &mut self.found,
        );
        None
    }

    pub(super) fn refer_text(&mut self, text: &str, span: Span, allowed: &[Kind]) -> Option<(Kind, u32)> {
        if let Some((word, name)) = text.split_once(':')
            && let Some(kind) = Kind::said(word)
            && allowed.contains(&kind)
        {
            return self.refer_said(kind, name.trim(), span);
        }
        let mut hits = [None; 7];
        folded(text.trim(), |text| {
            for (hit, kind) in hits.iter_mut().zip(allowed) {
                *hit = self.table(*kind).ids.get(text).map(|id| (*kind, *id));
            }
        });
        let mut hits = hits.into_iter().flatten();
        match (hits.next(), hits.next()) {
            (Some(hit), None) => Some(hit),
            (None, _) => self.dangling(text, span, allowed),
            (Some((one, _)), Some((other, _))) => {
                let message = format!("`{}` is {} and {}", shortened(text), one.a(), other.a());
                let help = format!("write `{}:{text}` or `{}:{text}`", one.word(), other.word());
                self.found.error("ambiguous-name", span, message, Some(help));
                None
            }
        }
    }

    fn refer_said(&mut self, kind: Kind, name: &str, span: Span) -> Option<(Kind, u32)> {
        match folded(name, |name| self.table(kind).ids.get(name).copied()) {
            Some(id) => Some((kind, id)),
            None => self.dangling(name, span, &[kind]),
        }
    }

    fn dangling(&mut self, text: &str, span: Span, allowed: &[Kind]) -> Option<(Kind, u32)> {
        if !self.whole {
            return None;
        }
        let words: Vec<&str> = allowed.iter().map(|kind| kind.word()).collect();
        let message = format!("there is no {} `{}`", words.join(" or "), shortened(text));
        let help = self.suggestion(text, allowed);
        self.found.error("dangling-name", span, message, Some(help));
        None
    }

    fn suggestion(&mut self, text: &str, allowed: &[Kind]) -> String {
        let other = folded(text, |text| {
            Kind::ALL
                .into_iter()
                .find(|kind| self.table(*kind).ids.contains_key(text))
        });
        if let Some(other) = other {
            return format!(
                "there is a {} of this name, but it cannot stand here",
                other.word()
            );
        }
        self.suggested = self.suggested.saturating_add(1);
        if self.suggested <= SUGGESTIONS_MAX {
            let names = allowed
                .iter()
                .flat_map(|kind| self.table(*kind).defined.iter().map(|(name, _)| name.as_ref()));
            if let Some(near) = nearest(text, names) {
                return format!("did you mean `{near}`?");
            }
        }
        let sections: Vec<&str> = allowed.iter().filter_map(|kind| section(*kind)).collect();
        format!("define it under {}, or correct the name", listed(&sections))
    }

    /// The id of one of a single kind.
    pub(super) fn refer_one(&mut self, node: Option<&Node<'_>>, kind: Kind) -> Option<u32> {
        self.refer(node?, &[kind]).map(|(_, id)| id)
    }

    /// Adds an access unless it is there. `stated` is false where it is only mentioned, as in a requirement.
    pub(super) fn add_access(
        &mut self,
        kind: AccessKind,
        provenance: Provenance,
        span: Span,
        stated: bool,
    ) -> AccessId {
        if let Some((id, was_stated)) = self.accesses.get_mut(&kind) {
            let (id, twice) = (*id, stated && *was_stated);
            if stated && !*was_stated {
                *was_stated = true;
                if let Some(access) = self.estate.accesses.get_mut(id.index()) {
                    access.provenance = provenance;
                }
            }
            if twice {
                let help = "one of them is enough".to_owned();
                self.found.warning(
                    "duplicate-access",
                    span,
                    "this access is there already".to_owned(),
                    Some(help),
                );
            }
            return id;
        }
        let id = self.estate.add_access(crate::Access { kind, provenance });
        self.accesses.insert(kind, (id, stated));
        id
    }

    /// Declared at this place, with no use seen.
    pub(super) fn declared(&self, span: Span) -> Provenance {
        Provenance::new(Origin::Declared {
            source: SourceId(span.file),
            line: span.line,
        })
    }

    /// Where an entry comes from and how it was used, by its `origin` and `used`.
    pub(super) fn provenance(&mut self, entry: &Fields<'_, '_>, span: Span) -> Provenance {
        let declared = self.declared(span).origin;
        let help = "write `declared`, `imported`, `learned`, `assumed` or `inferred`";
        let origin = parsed(
            entry.get("origin"),
            "an origin",
            help,
            &mut self.found,
            |text| match text {
                "declared" => Some(declared),
                "imported" => Some(Origin::Imported {
                    source: SourceId(span.file),
                }),
                "learned" => Some(Origin::Learned),
                "assumed" => Some(Origin::Assumed),
                "inferred" => Some(Origin::Inferred),
                _ => None,
            },
        );
        let usage = entry.get("used").and_then(|node| self.usage(node));
        Provenance {
            origin: origin.unwrap_or(declared),
            usage,
        }
    }

    fn usage(&mut self, node: &Node<'_>) -> Option<Usage> {
        let entry = fields(node, "`used`", keys::USED, &mut self.found)?;
        let moment = |text: &str| text.parse::<Timestamp>().ok();
        let help = "write a time such as 2025-04-22T02:00:00Z";
        let first = parsed(entry.get("first"), "a time", help, &mut self.found, moment);
        let last = parsed(entry.get("last"), "a time", help, &mut self.found, moment);
        let times = parsed(
            entry.get("times"),
            "a count",
            "write a whole number",
            &mut self.found,
            |t| t.parse().ok(),
        );
        let people = super::fields::people(entry.get("people"), &mut self.found);
        let Some((first_seen, last_seen)) = first.zip(last) else {
            for key in ["first", "last"]
                .into_iter()
                .filter(|key| entry.get(key).is_none())
            {
                self.missing(node.span, "`used`", key);
            }
            return None;
        };
        if last_seen < first_seen {
            let help = "swap `first` and `last`".to_owned();
            self.found.error(
                "times-reversed",
                node.span,
                "last used before first used".to_owned(),
                Some(help),
            );
        }
        Some(Usage {
            first_seen,
            last_seen,
            uses: times.unwrap_or(1),
            people: people.unwrap_or(1),
        })
    }

    pub(super) fn missing(&mut self, span: Span, what: &str, key: &str) {
        if !self.whole {
            return;
        }
        let message = format!("{what} lacks `{key}`");
        self.found
            .error("missing-key", span, message, Some(format!("add `{key}: …`")));
    }

    /// `true`, `false` or `{ loss: £2m, never: false }`.
    pub(super) fn jewel(&mut self, node: Option<&Node<'_>>) -> Option<Jewel> {
        let node = node?;
        if node.text().is_some() {
            let is = truth(Some(node), &mut self.found)?;
            return is.then_some(Jewel {
                loss: None,
                never: true,
                inferred: false,
            });
        }
        let entry = fields(node, "a jewel", keys::JEWEL, &mut self.found)?;
        let loss = parsed(
            entry.get("loss"),
            "an amount of money",
            MONEY_HELP,
            &mut self.found,
            quantity::money,
        );
        if loss.is_some_and(|loss| loss.0 < 0) {
            let help = "write what its loss would cost".to_owned();
            self.found.error(
                "negative-money",
                node.span,
                "a loss is not negative".to_owned(),
                Some(help),
            );
        }
        let never = truth(entry.get("never"), &mut self.found).unwrap_or(true);
        let inferred = truth(entry.get("inferred"), &mut self.found).unwrap_or(false);
        Some(Jewel {
            loss,
            never,
            inferred,
        })
    }
}

/// How to write money.
pub(super) const MONEY_HELP: &str = "write pounds such as `£160k`, `£2.5m` or `£12.34`";

const fn section(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Account => Some("accounts"),
        Kind::Group => Some("groups"),
        Kind::System => Some("systems"),
        Kind::Zone => Some("zones"),
        Kind::Site => Some("sites"),
        Kind::Service => Some("services"),
        Kind::Point => None,
    }
}
