//! Tries to connect as a client does, with a client profile that is kept for it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::program::Watched;

/// How long one try may take.
const TRY: Duration = Duration::from_secs(20);

/// A client profile to probe with. The account's own key is needed to try as that account, so this is for accounts made for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProbeClient {
    /// The common name in the profile's certificate.
    pub account: String,
    /// The profile, an OpenVPN configuration file that must not say `daemon` or `log`.
    pub profile: PathBuf,
    /// Words put before `openvpn`, to run it elsewhere: `[ip, netns, exec, name]`. Default: none.
    #[serde(default)]
    pub via: Vec<String>,
}

/// What a try came to.
pub(crate) enum Outcome {
    /// The connection stands as long as this is kept.
    Admitted(Watched),
    /// The server answered that this client may not.
    Refused,
    /// Neither; why, in words.
    Nothing(String),
}

/// Connects without making an interface, a route or an address, so that it needs no rights and disturbs nothing.
pub(crate) fn try_to_connect(probe: &ProbeClient, until: Instant) -> Outcome {
    let mut words = probe.via.clone();
    words.extend(["openvpn", "--config"].map(str::to_owned));
    words.push(probe.profile.display().to_string());
    words.extend(
        [
            "--dev",
            "null",
            "--ifconfig-noexec",
            "--route-noexec",
            "--script-security",
            "0",
            "--auth-retry",
            "none",
            "--connect-retry",
            "1",
            "1",
            "--connect-retry-max",
            "1",
            "--verb",
            "3",
        ]
        .map(str::to_owned),
    );
    let until = until.min(Instant::now() + TRY);
    let client = match Watched::start(&words) {
        Ok(client) => client,
        Err(error) => return Outcome::Nothing(error.to_string()),
    };
    let mut last = String::from("nothing");
    while let Some(line) = client.line(until) {
        if line.ends_with("Initialization Sequence Completed") {
            return Outcome::Admitted(client);
        }
        if line.contains("Received control message: AUTH_FAILED") {
            return Outcome::Refused;
        }
        last = line;
    }
    Outcome::Nothing(format!("no answer; the client said last: {last}"))
}
