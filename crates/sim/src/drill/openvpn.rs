//! What an OpenVPN 2.6 server writes to syslog (RFC 5424) when a user comes and goes.

use cordon_estate::{AccountId, SystemId};
use jiff::Timestamp;

use super::clock::{after, stamp};
use super::scribe::{Log, Scribe};

/// A client at the gateway.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    pub(super) account: AccountId,
    pub(super) gateway: SystemId,
    /// The address outside.
    pub(super) outside: &'a str,
    pub(super) port: u16,
    /// The address that it is given inside.
    pub(super) inside: &'a str,
}

impl Scribe<'_> {
    fn vpn(&mut self, time: Timestamp, gateway: SystemId, text: &str) {
        let line = format!(
            "<29>1 {} {} openvpn 1187 - - {text}",
            stamp(time),
            self.host(gateway).to_lowercase()
        );
        self.write(Log::Vpn, time, line);
    }

    /// A logon that works.
    pub(super) fn connects(&mut self, time: Timestamp, client: Client<'_>) {
        let user = self.user(client.account);
        let peer = format!("{}:{}", client.outside, client.port);
        let named = format!("{user}/{peer}");
        let inside = client.inside;
        for (seconds, text) in [
            (
                0.0,
                format!("{peer} TLS: Initial packet from [AF_INET]{peer}, sid=6f1c27aa 93e0b1d4"),
            ),
            (0.4, format!("{peer} peer info: IV_VER=2.6.12")),
            (
                0.9,
                format!(
                    "{peer} TLS: Username/Password authentication succeeded for username '{user}' [CN SET]"
                ),
            ),
            (
                1.0,
                format!("{peer} [{user}] Peer Connection Initiated with [AF_INET]{peer}"),
            ),
            (
                1.1,
                format!("{named} MULTI_sva: pool returned IPv4={inside}, IPv6=(Not enabled)"),
            ),
            (1.1, format!("{named} MULTI: Learn: {inside} -> {named}")),
            (
                1.1,
                format!("{named} MULTI: primary virtual IP for {named}: {inside}"),
            ),
        ] {
            self.vpn(after(time, seconds), client.gateway, &text);
        }
    }

    /// A wrong password.
    pub(super) fn rejected(&mut self, time: Timestamp, client: Client<'_>) {
        let peer = format!("{}:{}", client.outside, client.port);
        let user = self.user(client.account);
        let text = format!("{peer} TLS Auth Error: Auth Username/Password verification failed for peer");
        self.vpn(time, client.gateway, &text);
        let text = format!("{peer} SENT CONTROL [{user}]: 'AUTH_FAILED' (status=1)");
        self.vpn(after(time, 0.2), client.gateway, &text);
    }

    /// The end of a session.
    pub(super) fn leaves(&mut self, time: Timestamp, client: Client<'_>) {
        let named = format!("{}/{}:{}", self.user(client.account), client.outside, client.port);
        let text = format!("{named} SIGTERM[soft,remote-exit] received, client-instance exiting");
        self.vpn(time, client.gateway, &text);
    }
}
