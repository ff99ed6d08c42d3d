//! One logged-on connection, made when needed and made again when it broke, and what is asked over it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ldap3::controls::{Assertion, MakeCritical as _, PagedResults, RawControl};
use ldap3::{Ldap, LdapResult, Mod, ResultEntry, Scope, SearchEntry};
use rustls::ClientConfig;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::address::Address;
use super::der;
use super::failure::Failure;
use super::limits::{ENTRIES_MAX, PAGE_ENTRIES, PAGES_MAX, SEARCHES_AT_ONCE};
use super::wire::{self, Connection};
use crate::SecretSource;

/// When an order must have its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// The instant that is `duration` from now.
    pub(super) fn after(duration: Duration) -> Self {
        let now = Instant::now();
        // A duration beyond what the clock can count is a day.
        Self(
            now.checked_add(duration)
                .unwrap_or(now + Duration::from_secs(86_400)),
        )
    }

    /// Whether it is over.
    pub(super) fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}

/// Who logs on.
#[derive(Clone, Debug)]
pub(super) enum Identity {
    /// By name and password (simple bind).
    Password(String, SecretSource),
    /// As the process's own user (SASL EXTERNAL over a Unix socket).
    OwnUser,
}

/// A search (RFC 4511, section 4.5).
#[derive(Clone, Debug)]
pub(super) struct Query {
    /// Where it begins.
    pub(super) base: String,
    /// How far it goes.
    pub(super) scope: Scope,
    /// What it finds; every value in it is escaped.
    pub(super) filter: String,
    /// What is read of it.
    pub(super) attributes: Vec<String>,
    /// A control for a search of one entry; other searches are paged.
    pub(super) control: Option<RawControl>,
}

/// An entry that was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// Its distinguished name, as the server writes it.
    pub(super) name: String,
    values: HashMap<String, Vec<Vec<u8>>>,
}

/// What a logon came to.
#[derive(Clone, Debug)]
pub(super) struct LogonAnswer {
    /// The result.
    pub(super) result: LdapResult,
    /// The error of the password policy, if the server says one.
    pub(super) policy_error: Option<i64>,
}

/// A connection to a directory.
pub(super) struct Session {
    // Taken only when this is dropped.
    runtime: Option<Runtime>,
    address: Address,
    tls: Option<Arc<ClientConfig>>,
    identity: Identity,
    open: Option<Connection>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.open = None;
        // A name that is still being resolved is not waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Session {
    /// A session that is not connected yet.
    pub(super) fn new(
        address: Address,
        tls: Option<Arc<ClientConfig>>,
        identity: Identity,
    ) -> Result<Self, std::io::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
            address,
            tls,
            identity,
            open: None,
        })
    }

    /// Runs `work` to its end or the deadline. A panic of the client library about a reply is a broken connection.
    pub(super) fn run<T>(
        &self,
        deadline: Deadline,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let Some(runtime) = &self.runtime else {
            return Err(Failure::Lost("the session is over".to_owned()));
        };
        let limited = async { tokio::time::timeout_at(deadline.0.into(), work).await };
        let ended = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(limited)));
        match ended {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Failure::Late),
            Err(_) => Err(Failure::Lost("the server's answer could not be read".to_owned())),
        }
    }

    /// Searches, several at once, answers in their order. A connection that broke since the last use is made again once.
    pub(super) fn search(
        &mut self,
        deadline: Deadline,
        queries: &[Query],
    ) -> Result<Vec<Result<Vec<Entry>, Failure>>, Failure> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let was_open = self.open.is_some();
        match self.search_once(deadline, queries) {
            Err(Failure::Lost(_)) if was_open => self.search_once(deadline, queries),
            other => other,
        }
    }

    fn search_once(
        &mut self,
        deadline: Deadline,
        queries: &[Query],
    ) -> Result<Vec<Result<Vec<Entry>, Failure>>, Failure> {
        let handle = self.handle(deadline)?;
        let found = self.run(deadline, search_all(&handle, queries));
        // What breaks one breaks all that share the connection.
        let found = found.and_then(|answers| {
            let broken = answers.iter().find_map(|answer| match answer {
                Err(failure @ Failure::Lost(_)) => Some(failure.clone()),
                _ => None,
            });
            broken.map_or(Ok(answers), Err)
        });
        self.closing_if_broken(found)
    }

    /// [`Self::search`] for one, whose refusal is an error.
    pub(super) fn search_one(&mut self, deadline: Deadline, query: Query) -> Result<Vec<Entry>, Failure> {
        self.search(deadline, &[query])?.pop().unwrap_or(Ok(Vec::new()))
    }

    /// Changes one entry, if `condition` holds of it where the server can tell (RFC 4528). It is sent once: when the connection breaks,
    /// nobody knows whether it was made.
    pub(super) fn modify(
        &mut self,
        deadline: Deadline,
        entry: &str,
        condition: Option<&str>,
        changes: Vec<Mod<String>>,
    ) -> Result<(), Failure> {
        let mut handle = self.handle(deadline)?;
        let work = async {
            if let Some(filter) = condition {
                handle.with_controls(Assertion { filter }.critical());
            }
            let result = handle.modify(entry, changes).await?;
            if result.rc == 0 {
                Ok(())
            } else {
                Err(result.into())
            }
        };
        let done = self.run(deadline, work);
        self.closing_if_broken(done)
    }

    /// Whether an attribute of an entry has a value (RFC 4511, section 4.10), asked over a connection of its own.
    pub(super) fn compare_afresh(
        &mut self,
        deadline: Deadline,
        entry: &str,
        attribute: &str,
        value: &str,
    ) -> Result<bool, Failure> {
        self.close(deadline);
        let mut handle = self.handle(deadline)?;
        let work = async { Ok(handle.compare(entry, attribute, value).await?.equal()?) };
        let answer = self.run(deadline, work);
        self.closing_if_broken(answer)
    }

    /// Tries a logon over a connection of its own. The result may be a refusal; that is an answer.
    pub(super) fn try_logon(
        &self,
        deadline: Deadline,
        name: &str,
        password: &str,
    ) -> Result<LogonAnswer, Failure> {
        if password.is_empty() {
            // That would be an unauthenticated bind, which succeeds and means nothing (RFC 4513, section 5.1.2).
            return Err(Failure::Config("the password is empty".to_owned()));
        }
        self.run(deadline, async {
            let connection = wire::open(&self.address, self.tls.as_ref()).await?;
            let policy = RawControl {
                ctype: PASSWORD_POLICY.to_owned(),
                crit: false,
                val: None,
            };
            let mut handle = connection.handle();
            let result = handle.with_controls(policy).simple_bind(name, password).await;
            let result = result.map_err(|error| connection.explain(error.into()));
            connection.close().await;
            let result = result?;
            let policy_error = policy_error(&result);
            Ok(LogonAnswer { result, policy_error })
        })
    }

    /// A handle on the open connection, which is made and logged on first if there is none.
    fn handle(&mut self, deadline: Deadline) -> Result<Ldap, Failure> {
        if let Some(open) = &self.open {
            return Ok(open.handle());
        }
        let connection = self.run(deadline, async {
            let connection = wire::open(&self.address, self.tls.as_ref()).await?;
            let mut handle = connection.handle();
            log_on(&mut handle, &self.identity)
                .await
                .map_err(|failure| connection.explain(failure))?;
            Ok(connection)
        })?;
        let handle = connection.handle();
        self.open = Some(connection);
        Ok(handle)
    }

    fn close(&mut self, deadline: Deadline) {
        if let Some(open) = self.open.take() {
            drop(self.run(deadline, async {
                open.close().await;
                Ok(())
            }));
        }
    }

    /// After a broken connection or a silence, what comes next begins with a new connection.
    fn closing_if_broken<T>(&mut self, result: Result<T, Failure>) -> Result<T, Failure> {
        match (result, &self.open) {
            (Err(failure @ (Failure::Lost(_) | Failure::Late)), Some(open)) => {
                let failure = open.explain(failure);
                self.open = None;
                Err(failure)
            }
            (result, _) => result,
        }
    }
}

/// The control by which a client asks for the password policy's word (draft-behera-ldap-password-policy, section 6).
const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// The page control (RFC 2696).
const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

async fn log_on(handle: &mut Ldap, identity: &Identity) -> Result<(), Failure> {
    let result = match identity {
        Identity::OwnUser => handle.sasl_external_bind().await?,
        Identity::Password(name, source) => {
            let secret = source.read().map_err(|why| Failure::Config(why.to_string()))?;
            if secret.reveal().is_empty() {
                return Err(Failure::Config("bind-password is empty".to_owned()));
            }
            handle.simple_bind(name, secret.reveal()).await?
        }
    };
    if result.rc == 0 {
        return Ok(());
    }
    let mut failure = Failure::from(result);
    if let Failure::Refused(refusal) = &mut failure {
        refusal.text = format!("logging on as Cordon: {}", refusal.text);
    }
    Err(failure)
}

/// Searches over one connection, a few at once.
async fn search_all(handle: &Ldap, queries: &[Query]) -> Result<Vec<Result<Vec<Entry>, Failure>>, Failure> {
    let mut answers: Vec<_> = queries.iter().map(|_| Err(Failure::Late)).collect();
    let mut waiting = queries.iter().cloned().enumerate();
    let mut running = JoinSet::new();
    loop {
        while running.len() < SEARCHES_AT_ONCE {
            let Some((place, query)) = waiting.next() else {
                break;
            };
            let handle = handle.clone();
            running.spawn(async move { (place, search(handle, query).await) });
        }
        match running.join_next().await {
            None => return Ok(answers),
            Some(Ok((place, answer))) => {
                if let Some(slot) = answers.get_mut(place) {
                    *slot = answer;
                }
            }
            // The client library panicked about a reply.
            Some(Err(_)) => return Err(Failure::Lost("the server's answer could not be read".to_owned())),
        }
    }
}

async fn search(mut handle: Ldap, query: Query) -> Result<Vec<Entry>, Failure> {
    let mut found = Vec::new();
    let mut cookie = Vec::new();
    for _ in 0..PAGES_MAX {
        let controls = match (&query.control, query.scope) {
            (Some(control), _) => vec![control.clone()],
            (None, Scope::Base) => Vec::new(),
            (None, _) => {
                let page = PagedResults {
                    size: PAGE_ENTRIES,
                    cookie,
                };
                vec![page.into()]
            }
        };
        let result = search_page(handle.with_controls(controls), &query, &mut found).await?;
        if result.rc != 0 {
            return Err(result.into());
        }
        cookie = next_page(&result);
        if cookie.is_empty() {
            return Ok(found);
        }
    }
    Err(Failure::Lost(format!(
        "the server answered with more than {PAGES_MAX} pages"
    )))
}

async fn search_page(
    handle: &mut Ldap,
    query: &Query,
    found: &mut Vec<Entry>,
) -> Result<LdapResult, Failure> {
    let mut stream = handle
        .streaming_search(&query.base, query.scope, &query.filter, query.attributes.clone())
        .await?;
    while let Some(answer) = stream.next().await? {
        // References to other servers and intermediate answers are not followed.
        if answer.is_ref() || answer.is_intermediate() {
            continue;
        }
        if found.len() >= ENTRIES_MAX {
            return Err(Failure::Lost(format!(
                "the server answered with more than {ENTRIES_MAX} entries"
            )));
        }
        found.push(Entry::from(answer));
    }
    Ok(stream.finish().await)
}

fn control_value<'a>(result: &'a LdapResult, kind: &str) -> Option<&'a [u8]> {
    let control = result.ctrls.iter().find(|control| control.1.ctype == kind)?;
    control.1.val.as_deref()
}

/// The cookie of the next page; empty if there is none.
fn next_page(result: &LdapResult) -> Vec<u8> {
    let read = || -> Option<Vec<u8>> {
        let parts = der::element(control_value(result, PAGED_RESULTS)?)
            .ok()?
            .parts()
            .ok()?;
        Some(parts.get(1)?.content.to_vec())
    };
    read().unwrap_or_default()
}

/// `PasswordPolicyResponseValue`: `error [1] ENUMERATED`, if there is one.
fn policy_error(result: &LdapResult) -> Option<i64> {
    const ERROR: u8 = 0x81;
    let parts = der::element(control_value(result, PASSWORD_POLICY)?)
        .ok()?
        .parts()
        .ok()?;
    let error = parts.iter().find(|part| part.tag == ERROR)?;
    let number = der::Element {
        tag: der::ENUMERATED,
        content: error.content,
    };
    number.number().ok()
}

impl From<ResultEntry> for Entry {
    fn from(answer: ResultEntry) -> Self {
        let read = SearchEntry::construct(answer);
        let mut values: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
        for (kind, texts) in read.attrs {
            let octets = texts.into_iter().map(String::into_bytes);
            values
                .entry(kind.to_ascii_lowercase())
                .or_default()
                .extend(octets);
        }
        for (kind, octets) in read.bin_attrs {
            values
                .entry(kind.to_ascii_lowercase())
                .or_default()
                .extend(octets);
        }
        Self {
            name: read.dn,
            values,
        }
    }
}

impl Entry {
    /// The values of an attribute.
    pub(super) fn values(&self, attribute: &str) -> &[Vec<u8>] {
        self.values
            .get(&attribute.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// The values of an attribute that are text.
    pub(super) fn texts(&self, attribute: &str) -> impl Iterator<Item = &str> {
        self.values(attribute)
            .iter()
            .filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// The first value of an attribute, if it is text.
    pub(super) fn text(&self, attribute: &str) -> Option<&str> {
        self.texts(attribute).next()
    }
}
