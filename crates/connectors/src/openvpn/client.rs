//! Tries to connect as a client does, with a client profile that is kept for it.

use std::path::PathBuf;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::program::Watched;

/// How long one try may take at most, on a busy machine: the deadline of what is asked mostly ends before.
const TRY: Duration = Duration::from_secs(60);

/// A client profile to probe with. The account's own key is needed to try as that account, so this is for accounts made for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProbeClient {
    /// The common name in the profile's certificate.
    pub account: String,
    /// The profile, an OpenVPN configuration file that must not say `daemon` or `log`.
    pub profile: PathBuf,
    /// Words put before `openvpn`, to run it elsewhere: `[ssh, probe-host]`. Default: none.
    #[serde(default)]
    pub via: Vec<String>,
}

/// How long the client is listened to before the server is.
const STEP: Duration = Duration::from_millis(10);

/// What a try came to.
pub(crate) enum Outcome {
    /// The connection stands as long as this is kept.
    Admitted(Watched),
    /// The server answered that this client may not.
    Refused,
    /// The server said in its log that it refused this client.
    Rejected,
    /// Neither; why, in words.
    Nothing(String),
}

/// Connects without making an interface, a route or an address, so that it needs no rights and disturbs nothing. `rejected` says whether the
/// server has said meanwhile that it refused: OpenVPN's client asks for its answer only a second after its handshake.
pub(crate) fn try_to_connect(
    probe: &ProbeClient,
    mut rejected: impl FnMut() -> bool,
    until: Instant,
) -> Outcome {
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
    while Instant::now() < until {
        match client.line(until.min(Instant::now() + STEP)) {
            Ok(line) if line.ends_with("Initialization Sequence Completed") => {
                return Outcome::Admitted(client);
            }
            Ok(line) if line.contains("Received control message: AUTH_FAILED") => return Outcome::Refused,
            Ok(line) => last = line,
            Err(RecvTimeoutError::Timeout) if rejected() => {
                client.leave(TRY);
                return Outcome::Rejected;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Outcome::Nothing(format!("no answer; the client said last: {last}"))
}
