//! Probes remote access: by a real client where a profile is configured, else by what the files and the list of clients say.

use std::time::{Duration, Instant};

use cordon_act::{PointError, Probe, ProbeAnswer};

use super::Vpn;
use super::client::{Outcome, ProbeClient, try_to_connect};
use super::remote::Remote;
use super::scope::{Clients, Scope};

/// Most clients that are tried for one target.
const TRIES_MAX: usize = 3;

/// How long it may take to end a probe's session.
const END: Duration = Duration::from_secs(8);

/// Whether those whom a target means get in.
///
/// # Errors
/// [`PointError`] if the server or its files cannot be read.
pub(crate) fn probe(vpn: &Vpn, scope: &Scope, until: Instant) -> Result<Probe, PointError> {
    if scope.whom == Clients::Unknown {
        return Ok(answer(ProbeAnswer::Inconclusive, "no such group is configured"));
    }
    if let Some(inside) = inside(vpn, scope, until)? {
        return Ok(answer(
            ProbeAnswer::Admitted,
            format!("read from the server's list of clients: {inside} is connected"),
        ));
    }
    let fitting = |covered: bool| {
        let probes = vpn.config.probes.iter();
        probes.filter(move |probe| scope.covers(&probe.account) == covered)
    };
    let chosen: Vec<&ProbeClient> = fitting(true).take(TRIES_MAX).collect();
    if chosen.is_empty() {
        return by_reading(vpn, scope, until);
    }
    let mut tried = Vec::new();
    for probe in chosen {
        let one = connect(vpn, scope, probe, until)?;
        if one.answer != ProbeAnswer::Refused {
            return Ok(one);
        }
        tried.push(one.how);
    }
    // Whoever is excepted must still get in: else the VPN is down, or too much was withdrawn.
    if let (Clients::AllBut(_), Some(excepted)) = (&scope.whom, fitting(false).next()) {
        let one = connect(vpn, scope, excepted, until)?;
        tried.push(one.how);
        if one.answer != ProbeAnswer::Admitted {
            return Ok(answer(
                ProbeAnswer::Inconclusive,
                format!("one who is excepted does not get in either: {}", tried.join("; ")),
            ));
        }
    }
    Ok(answer(ProbeAnswer::Refused, tried.join("; ")))
}

fn answer(answer: ProbeAnswer, how: impl Into<String>) -> Probe {
    Probe {
        answer,
        how: how.into(),
    }
}

/// One of those who are meant and connected now. To try as somebody who is connected would throw them out.
fn inside(vpn: &Vpn, scope: &Scope, until: Instant) -> Result<Option<String>, PointError> {
    let clients = vpn.session(until)?.clients()?;
    Ok(clients
        .into_iter()
        .find(|client| client.live && scope.covers(&client.name))
        .map(|client| client.name))
}

fn by_reading(vpn: &Vpn, scope: &Scope, until: Instant) -> Result<Probe, PointError> {
    const NOT_TRIED: &str =
        "not tried, no probe client is configured; nobody is connected, and the client files";
    if Remote::new(vpn, scope, until).files_refuse()? {
        return Ok(answer(ProbeAnswer::Refused, format!("{NOT_TRIED} say `disable`")));
    }
    Ok(answer(ProbeAnswer::Admitted, format!("{NOT_TRIED} let them in")))
}

/// Tries with one client and ends the session that it got.
fn connect(vpn: &Vpn, scope: &Scope, probe: &ProbeClient, until: Instant) -> Result<Probe, PointError> {
    let name = &probe.account;
    let is_connected = |client: &super::status::Client| client.live && client.name == *name;
    if vpn.session(until)?.clients()?.iter().any(is_connected) {
        return Ok(answer(
            ProbeAnswer::Admitted,
            format!("{name} is connected, so it was not tried"),
        ));
    }
    let mut heard = vpn.session(until)?;
    heard.listen()?;
    let outcome = try_to_connect(probe, || heard.says_rejected(name), until);
    // The server speaks with one at a time.
    drop(heard);
    match outcome {
        Outcome::Admitted(client) => {
            let ended = end(vpn, name);
            drop(client);
            let rest = if ended.is_ok() {
                ""
            } else {
                ", and its session may stand until its pings run out"
            };
            Ok(answer(
                ProbeAnswer::Admitted,
                format!("connected as {name}{rest}"),
            ))
        }
        Outcome::Rejected if Remote::new(vpn, scope, until).files_refuse_one(name)? => Ok(answer(
            ProbeAnswer::Refused,
            format!("the server rejected {name} when it connected, and its file says `disable`"),
        )),
        Outcome::Refused if Remote::new(vpn, scope, until).files_refuse_one(name)? => Ok(answer(
            ProbeAnswer::Refused,
            format!("{name} was answered AUTH_FAILED, and its file says `disable`"),
        )),
        Outcome::Refused | Outcome::Rejected => Ok(answer(
            ProbeAnswer::Inconclusive,
            format!("{name} was refused, but no client file says `disable`"),
        )),
        Outcome::Nothing(why) => Ok(answer(ProbeAnswer::Inconclusive, format!("{name}: {why}"))),
    }
}

/// Ends the sessions of a probe, so that none is left at the server.
fn end(vpn: &Vpn, name: &str) -> Result<(), PointError> {
    let mut session = vpn.session(Instant::now() + END)?;
    for client in session.clients()?.iter().filter(|client| client.name == name) {
        session.halt(client)?;
    }
    session.cut(|client| client.name == name).map(|_| ())
}
