//! Sysmon: programs started and connections made.

use cordon_estate::Protocol;
use cordon_estate::activity::Outcome;

use super::super::Teller;
use crate::record::Value;

pub(super) fn tell(teller: &mut Teller<'_, '_>, event: i64) {
    match event {
        1 => process(teller),
        3 => connection(teller),
        _ => {}
    }
}

fn process(teller: &mut Teller<'_, '_>) {
    let Some(account) = teller.bare_account("User") else {
        return;
    };
    let (image, parent) = (teller.text("Image"), teller.text("ParentImage"));
    teller.started(account, image, parent);
}

/// Sysmon writes connections that were established.
fn connection(teller: &mut Teller<'_, '_>) {
    let protocol = match teller.text("Protocol") {
        Some(text) if text.eq_ignore_ascii_case("tcp") => Protocol::Tcp,
        Some(text) if text.eq_ignore_ascii_case("udp") => Protocol::Udp,
        _ => return,
    };
    let addresses = (teller.address("SourceIp"), teller.address("DestinationIp"));
    let (Some(source), Some(destination)) = addresses else {
        return;
    };
    let port = teller.record.int("DestinationPort");
    let (Some(port), Some(initiated)) = (port.and_then(|port| u16::try_from(port).ok()), initiated(teller))
    else {
        return;
    };
    teller.connection(
        !initiated,
        (source, destination),
        (protocol, port),
        Outcome::Success,
    );
}

fn initiated(teller: &Teller<'_, '_>) -> Option<bool> {
    match teller.record.get("Initiated")? {
        Value::Bool(truth) => Some(truth),
        Value::Str(text) => Some(text.eq_ignore_ascii_case("true")),
        _ => None,
    }
}
