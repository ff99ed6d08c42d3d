//! What is asked over one connection, one request or many at once.

use std::sync::Arc;

use ldap3::controls::{Assertion, MakeCritical as _, PagedResults, RawControl};
use ldap3::{Ldap, LdapResult, Scope};
use rustls::ClientConfig;
use tokio::task::JoinSet;

use super::address::Address;
use super::der;
use super::failure::Failure;
use super::limits::{ENTRIES_MAX, MODIFICATIONS_AT_ONCE, PAGE_ENTRIES, PAGES_MAX, SEARCHES_AT_ONCE};
use super::session::{Entry, Identity, LogonAnswer, Modification, Query};
use super::wire;
use crate::Secret;

/// The control by which a client asks for the password policy's word (draft-behera-ldap-password-policy, section 6).
const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// The page control (RFC 2696).
const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

pub(super) async fn log_on(handle: &mut Ldap, identity: &Identity) -> Result<(), Failure> {
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

/// Changes over one connection, some at once.
pub(super) async fn modify_each(
    handle: &Ldap,
    changes: &[Modification],
    answers: &mut [Result<(), Failure>],
) -> Result<(), Failure> {
    let mut waiting = changes.iter().cloned().enumerate();
    let mut running = JoinSet::new();
    loop {
        while running.len() < MODIFICATIONS_AT_ONCE {
            let Some((place, change)) = waiting.next() else {
                break;
            };
            let handle = handle.clone();
            running.spawn(async move { (place, modify(handle, change).await) });
        }
        match running.join_next().await {
            None => return Ok(()),
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

async fn modify(mut handle: Ldap, change: Modification) -> Result<(), Failure> {
    if let Some(filter) = change.condition {
        handle.with_controls(Assertion { filter }.critical());
    }
    let result = handle.modify(&change.entry, change.changes).await?;
    if result.rc == 0 {
        Ok(())
    } else {
        Err(result.into())
    }
}

/// Logs on as one after another over one connection; each logon ends the one before (RFC 4513, section 4). When the connection
/// breaks, those left over have no answer.
pub(super) async fn log_on_each(
    address: &Address,
    tls: Option<&Arc<ClientConfig>>,
    logons: Vec<(String, Secret)>,
) -> Vec<Result<LogonAnswer, Failure>> {
    if logons.is_empty() {
        return Vec::new();
    }
    let connection = match wire::open(address, tls).await {
        Ok(connection) => connection,
        Err(failure) => return logons.iter().map(|_| Err(failure.clone())).collect(),
    };
    let mut handle = connection.handle();
    let mut answers = Vec::with_capacity(logons.len());
    for (name, password) in logons {
        let answer = log_on_as(&mut handle, &name, &password).await;
        answers.push(answer.map_err(|failure| connection.explain(failure)));
    }
    connection.close().await;
    answers
}

async fn log_on_as(handle: &mut Ldap, name: &str, password: &Secret) -> Result<LogonAnswer, Failure> {
    if password.reveal().is_empty() {
        // That would be an unauthenticated bind, which succeeds and means nothing (RFC 4513, section 5.1.2).
        return Err(Failure::Config("the password is empty".to_owned()));
    }
    let policy = RawControl {
        ctype: PASSWORD_POLICY.to_owned(),
        crit: false,
        val: None,
    };
    let result = handle
        .with_controls(policy)
        .simple_bind(name, password.reveal())
        .await?;
    let policy_error = policy_error(&result);
    Ok(LogonAnswer { result, policy_error })
}

/// Searches over one connection, a few at once.
pub(super) async fn search_all(
    handle: &Ldap,
    queries: &[Query],
) -> Result<Vec<Result<Vec<Entry>, Failure>>, Failure> {
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
