//! One logged-on connection, made when needed and made again when it broke, and what is asked over it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ldap3::controls::RawControl;
use ldap3::{Ldap, LdapResult, Mod, ResultEntry, Scope, SearchEntry};
use rustls::ClientConfig;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::address::Address;
use super::failure::Failure;
use super::limits::{LOGON_CONNECTIONS, LOGONS_PER_CONNECTION_MIN};
use super::requests::{log_on, log_on_each, modify_each, search_all};
use super::wire::{self, Connection};
use crate::{Secret, SecretSource};

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

/// A change of one entry (RFC 4511, section 4.6).
#[derive(Clone, Debug)]
pub(super) struct Modification {
    /// Its distinguished name.
    pub(super) entry: String,
    /// A filter that must hold of it where the server can tell (RFC 4528).
    pub(super) condition: Option<String>,
    /// What is changed, all or nothing.
    pub(super) changes: Vec<Mod<String>>,
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

    /// Changes entries, several at once, answers in their order. Each change is sent once: when the connection breaks or the time is
    /// over, nobody knows whether it was made.
    pub(super) fn modify_all(
        &mut self,
        deadline: Deadline,
        changes: &[Modification],
    ) -> Result<Vec<Result<(), Failure>>, Failure> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let handle = self.handle(deadline)?;
        let mut answers: Vec<Result<(), Failure>> = changes.iter().map(|_| Err(Failure::Late)).collect();
        let done = self.run(deadline, modify_each(&handle, changes, &mut answers));
        let broken = answers
            .iter()
            .any(|answer| matches!(answer, Err(Failure::Lost(_) | Failure::Late)));
        let done = if broken {
            done.and(Err(Failure::Late))
        } else {
            done
        };
        if let (Err(_), Some(open)) = (done, &self.open) {
            for answer in &mut answers {
                if let Err(failure) = answer {
                    *failure = open.explain(failure.clone());
                }
            }
            self.open = None;
        }
        Ok(answers)
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

    /// Tries logons over connections of their own, which several share one after another; answers in their order. A result may be a
    /// refusal; that is an answer.
    pub(super) fn try_logons(
        &self,
        deadline: Deadline,
        logons: Vec<(String, Secret)>,
    ) -> Vec<Result<LogonAnswer, Failure>> {
        let mut answers: Vec<_> = logons.iter().map(|_| Err(Failure::Late)).collect();
        let size = logons
            .len()
            .div_ceil(LOGON_CONNECTIONS)
            .max(LOGONS_PER_CONNECTION_MIN);
        let mut logons = logons.into_iter();
        let work = async {
            let mut running = JoinSet::new();
            for _ in 0..LOGON_CONNECTIONS {
                let part: Vec<_> = logons.by_ref().take(size).collect();
                let (address, tls) = (self.address.clone(), self.tls.clone());
                running.spawn(async move { log_on_each(&address, tls.as_ref(), part).await });
            }
            Ok(running.join_all().await)
        };
        match self.run(deadline, work) {
            Ok(parts) => answers = parts.into_iter().flatten().collect(),
            Err(failure) => answers.fill_with(|| Err(failure.clone())),
        }
        answers
    }

    /// [`Self::try_logons`] for one.
    pub(super) fn try_logon(
        &self,
        deadline: Deadline,
        name: &str,
        password: Secret,
    ) -> Result<LogonAnswer, Failure> {
        let logon = (name.to_owned(), password);
        let answer = self.try_logons(deadline, vec![logon]).pop();
        answer.unwrap_or(Err(Failure::Late))
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
