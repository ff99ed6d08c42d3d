//! Zeek: connections, Kerberos and NTLM as seen on the wire. Field names: Zeek's log reference.

use cordon_estate::activity::{AccountName, ActivityKind, Outcome};
use cordon_estate::{Means, Protocol};

use super::{Teller, is_machine, outcome};
use crate::record::Value;

pub(super) fn tell(teller: &mut Teller<'_, '_>) {
    match teller.text("_path") {
        Some("conn") => connection(teller),
        Some("kerberos") => kerberos(teller),
        Some("ntlm") => ntlm(teller),
        Some(_) => {}
        // Shippers that drop the name of the log keep its fields.
        None if teller.text("conn_state").is_some() => connection(teller),
        None if teller.text("request_type").is_some() => kerberos(teller),
        None if teller.text("domainname").is_some() => ntlm(teller),
        None => {}
    }
}

fn port(teller: &Teller<'_, '_>) -> Option<u16> {
    teller
        .record
        .int("id.resp_p")
        .and_then(|port| u16::try_from(port).ok())
}

fn is_true(teller: &Teller<'_, '_>, name: &str) -> Option<bool> {
    match teller.record.get(name)? {
        Value::Bool(truth) => Some(truth),
        Value::Str(text) => Some(text == "T" || text.eq_ignore_ascii_case("true")),
        _ => None,
    }
}

fn connection(teller: &mut Teller<'_, '_>) {
    let protocol = match teller.text("proto") {
        Some("tcp") => Protocol::Tcp,
        Some("udp") => Protocol::Udp,
        _ => return,
    };
    let ends = (teller.system_at("id.orig_h"), teller.system_at("id.resp_h"));
    let (Some(from), Some(to)) = ends else { return };
    let (Some(port), Some(outcome)) = (port(teller), state_outcome(teller)) else {
        return;
    };
    teller.tell(ActivityKind::Flow {
        from,
        to,
        protocol,
        port,
        outcome,
    });
}

/// Whether the other side answered; of half-seen connections nothing is known.
fn state_outcome(teller: &Teller<'_, '_>) -> Option<Outcome> {
    match teller.text("conn_state")? {
        "S1" | "SF" | "S2" | "S3" | "RSTO" | "RSTR" => Some(Outcome::Success),
        "S0" | "REJ" => Some(Outcome::Failure),
        _ => None,
    }
}

/// `name/REALM` as Zeek writes a client.
fn client<'r>(teller: &Teller<'r, '_>) -> Option<AccountName<'r>> {
    let text = teller.text("client")?;
    let (name, realm) = match text.rsplit_once('/') {
        Some((name, realm)) => (name, Some(realm)),
        None => (text, None),
    };
    // `host/server.corp.local` and its like are machines.
    (!name.contains('/')).then_some(AccountName {
        name: Some(name),
        domain: realm,
        sid: None,
    })
}

fn kerberos(teller: &mut Teller<'_, '_>) {
    let (Some(account), Some(issuer)) = (client(teller), teller.system_at("id.resp_h")) else {
        return;
    };
    let Some(succeeded) = is_true(teller, "success") else {
        return;
    };
    // A service that is named without a `/` is an account; with one it is a host's.
    let is_rc4 = teller
        .text("cipher")
        .is_some_and(|cipher| cipher.starts_with("rc4"));
    let service = teller
        .text("service")
        .filter(|_| is_rc4)
        .filter(|name| !name.contains('/') && !name.starts_with("krbtgt"));
    let service = service
        .map(super::account_named)
        .filter(|service| !is_machine(service));
    let kind = ActivityKind::Ticket {
        account,
        service,
        issuer,
        from: teller.system_at("id.orig_h"),
        outcome: outcome(succeeded),
    };
    teller.tell(kind);
}

/// Zeek does not say what NTLM was for; the port does.
fn ntlm(teller: &mut Teller<'_, '_>) {
    let account = AccountName {
        name: teller.text("username"),
        domain: teller.text("domainname"),
        sid: None,
    };
    let (Some(on), Some(succeeded)) = (teller.system_at("id.resp_h"), is_true(teller, "success")) else {
        return;
    };
    if account.name.is_none() {
        return;
    }
    let kind = ActivityKind::Logon {
        account,
        on,
        from: teller.system_at("id.orig_h"),
        means: port(teller)
            .and_then(super::pairing::means_of_port)
            .unwrap_or(Means::FileShare),
        outcome: outcome(succeeded),
        leaves_credentials: false,
        elevated: false,
    };
    teller.tell(kind);
}
