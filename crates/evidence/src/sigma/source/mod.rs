//! Which log source a record is of, in Sigma's words.
//!
//! A rule runs on a record only if every dimension that its `logsource` states is one of the record's. A record may
//! be of several services (a line of sshd is of `sshd`, `auth` and `syslog`) and of several categories (Sysmon 13 is
//! `registry_set` and `registry_event`).

mod cloud;
mod unix;
mod windows;

pub(super) use windows::key as windows_key;

use std::borrow::Cow;

use super::rule::LogSource;
use crate::record::{Dialect, Record};

/// A word of a log source.
type Word = Cow<'static, str>;

const NONE: Word = Cow::Borrowed("");

/// The log source of a record: at most three services and three categories; an empty word is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    product: Word,
    services: [Word; 3],
    categories: [Word; 3],
    mapping: Mapping,
}

/// How the field names of a record become those that rules use; see [`fields`](super::fields).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mapping {
    /// They are the same.
    Plain,
    /// Upper and lower case do not matter: vendors and rule authors do not agree on it.
    Folded,
    /// Security 4688 read as `process_creation`.
    AuditedProcess,
    /// Security 4657 read as `registry_set`.
    AuditedRegistry,
    /// Defender's detections read as `antivirus`.
    Defender,
    /// Entra's sign-in log.
    EntraSignIn,
    /// Entra's audit log.
    EntraAudit,
    /// Zeek's HTTP log read as `proxy` and `webserver`.
    ZeekHttp,
    /// Zeek's connection log read as `firewall`.
    ZeekConn,
}

impl Source {
    fn new(product: &'static str, services: &[&'static str], categories: &[&'static str]) -> Self {
        let word = |words: &[&'static str], at: usize| Cow::Borrowed(words.get(at).copied().unwrap_or(""));
        Self {
            product: Cow::Borrowed(product),
            services: [word(services, 0), word(services, 1), word(services, 2)],
            categories: [word(categories, 0), word(categories, 1), word(categories, 2)],
            mapping: Mapping::Plain,
        }
    }

    fn mapped(mut self, mapping: Mapping) -> Self {
        self.mapping = mapping;
        self
    }

    /// The log source of a record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        declared(record).unwrap_or_else(|| match record.dialect {
            Dialect::Windows => windows::source(record),
            Dialect::Okta => Self::new("okta", &["okta"], &[]).mapped(Mapping::Folded),
            Dialect::Entra => cloud::entra(record),
            Dialect::CloudTrail => Self::new("aws", &["cloudtrail"], &[]).mapped(Mapping::Folded),
            Dialect::Zeek => unix::zeek(record),
            Dialect::Ocsf => Self::new("ocsf", &[], &[]),
            Dialect::Syslog => unix::syslog(record),
            Dialect::Other => cloud::other(record),
        })
    }

    /// Whether a rule with this log source runs on such records.
    #[must_use]
    pub fn runs(&self, rule: &LogSource) -> bool {
        let stated = |dimension: &Option<String>, own: &[Word]| {
            dimension
                .as_ref()
                .is_none_or(|word| own.iter().any(|own| !own.is_empty() && own == word))
        };
        // The product comes last: it tells the fewest rules apart.
        stated(&rule.category, &self.categories)
            && stated(&rule.service, &self.services)
            && stated(&rule.product, std::slice::from_ref(&self.product))
    }

    pub(super) fn mapping(&self) -> Mapping {
        self.mapping
    }

    /// `windows/security/process_creation`, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let join = |words: &[Word]| {
            let stated: Vec<&str> = words
                .iter()
                .filter(|word| !word.is_empty())
                .map(AsRef::as_ref)
                .collect();
            if stated.is_empty() {
                "-".to_owned()
            } else {
                stated.join("+")
            }
        };
        let product = std::slice::from_ref(&self.product);
        format!(
            "{}/{}/{}",
            join(product),
            join(&self.services),
            join(&self.categories)
        )
    }
}

/// A record that says itself what it is: the columns of a mapped file may be named so.
fn declared(record: &Record) -> Option<Source> {
    if !matches!(record.dialect, Dialect::Other) {
        return None;
    }
    let word = |name: &str| {
        record
            .text(name)
            .map_or(NONE, |text| Cow::Owned(text.to_ascii_lowercase()))
    };
    let (product, service, category) = (
        word("logsource.product"),
        word("logsource.service"),
        word("logsource.category"),
    );
    if product.is_empty() && service.is_empty() && category.is_empty() {
        return None;
    }
    Some(Source {
        product,
        services: [service, NONE, NONE],
        categories: [category, NONE, NONE],
        mapping: Mapping::Folded,
    })
}

#[cfg(test)]
mod tests;
