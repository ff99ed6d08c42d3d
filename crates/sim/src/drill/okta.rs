//! Identity events in the shape of Okta's System Log.

use cordon_estate::AccountId;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::stamp;
use super::scribe::{Log, Scribe};

/// What happened at the identity provider.
#[derive(Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) kind: &'a str,
    pub(super) actor: AccountId,
    pub(super) address: &'a str,
    pub(super) country: &'a str,
    /// The user it was done to.
    pub(super) user: Option<AccountId>,
    /// The application or factor concerned.
    pub(super) thing: Option<(&'a str, &'a str)>,
    pub(super) success: bool,
    /// True if the actor was never seen at this address with this device.
    pub(super) new_place: bool,
}

fn words(kind: &str) -> &'static str {
    match kind {
        "user.session.start" => "User login to Okta",
        "user.authentication.sso" => "User single sign on to app",
        "user.authentication.auth_via_mfa" => "Authentication of user via MFA",
        "user.account.reset_password" => "Fired when the user's Okta password is reset",
        "user.mfa.factor.reset_all" => "Reset all factors for user",
        "user.mfa.factor.activate" => "Activate factor for user",
        "user.mfa.factor.deactivate" => "Reset factor for user",
        _ => "Event",
    }
}

/// What the provider itself makes of a sign-in, as it writes it.
fn behaviors(new_place: bool) -> String {
    let verdict = if new_place { "POSITIVE" } else { "NEGATIVE" };
    format!(
        "{{New Geo-Location={verdict}, New Device={verdict}, New IP={verdict}, New State={verdict}, New Country={verdict}, Velocity=NEGATIVE, New City={verdict}}}"
    )
}

impl Scribe<'_> {
    fn person(&self, account: AccountId) -> Value {
        json!({
            "id": format!("00u{:017x}", account.0),
            "type": "User",
            "alternateId": self.mail(account),
            "displayName": self.user(account).replace('.', " "),
            "detailEntry": null,
        })
    }

    pub(super) fn identity(&mut self, time: Timestamp, event: Event<'_>) {
        let serial = self.serial();
        let mut target = Vec::new();
        target.extend(event.user.map(|user| self.person(user)));
        target.extend(event.thing.map(|(kind, name)| {
            json!({ "id": format!("0oa{:017x}", name.len()), "type": kind, "alternateId": name, "displayName": name })
        }));
        let line = json!({
            "uuid": format!("5c1f0000-16e0-11f1-8000-{serial:012x}"),
            "published": stamp(time),
            "eventType": event.kind,
            "version": "0",
            "severity": if event.success { "INFO" } else { "WARN" },
            "displayMessage": words(event.kind),
            "actor": self.person(event.actor),
            "client": {
                "userAgent": { "rawUserAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "os": "Windows 10", "browser": "CHROME" },
                "zone": "null",
                "device": "Computer",
                "id": null,
                "ipAddress": event.address,
                "geographicalContext": { "city": null, "state": null, "country": event.country, "postalCode": null },
            },
            "outcome": {
                "result": if event.success { "SUCCESS" } else { "FAILURE" },
                "reason": if event.success { Value::Null } else { json!("INVALID_CREDENTIALS") },
            },
            "target": target,
            "transaction": { "type": "WEB", "id": format!("Z{serial:x}"), "detail": {} },
            "debugContext": { "debugData": { "requestUri": "/api/v1/authn", "behaviors": behaviors(event.new_place) } },
            "legacyEventType": null,
            "authenticationContext": { "authenticationStep": 0, "externalSessionId": format!("102{serial:x}") },
            "securityContext": { "asNumber": null, "isProxy": false },
            "request": { "ipChain": [{ "ip": event.address, "version": "V4", "source": null }] },
        });
        self.write(Log::Identity, time, line.to_string());
    }
}
