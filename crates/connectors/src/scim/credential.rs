//! With what Cordon shows a server who it is.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_act::{PointError, PointErrorKind};
use serde::Deserialize;

use crate::https::{Call, Client, HttpsServer, Method, escape};
use crate::time_left::TimeLeft;
use crate::{Secret, SecretSource};

/// How long a token is kept when its giver does not say how long it is valid.
const TOKEN_KEPT: Duration = Duration::from_secs(60);
/// The longest that a token is kept, whatever its giver says.
const TOKEN_KEPT_MAX: Duration = Duration::from_secs(3600);
/// How long before its end a token is no longer used.
const TOKEN_MARGIN: Duration = Duration::from_secs(30);

/// With what Cordon shows who it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Credential {
    /// A token that the server's administrator made.
    Bearer(SecretSource),
    /// A client that gets tokens by OAuth 2.0 client credentials (RFC 6749 section 4.4).
    #[serde(rename_all = "kebab-case")]
    ClientCredentials {
        /// The token endpoint, its whole address.
        server: HttpsServer,
        /// The client's id.
        client_id: String,
        /// The client's secret.
        client_secret: SecretSource,
        /// The scope to ask for. Default: none.
        #[serde(default)]
        scope: Option<String>,
    },
}

/// A credential in use. Tokens are kept in memory only.
pub(super) struct Authorization {
    credential: Credential,
    tokens: Option<Client>,
    kept: Option<(Secret, Instant)>,
    got: u64,
}

impl Authorization {
    pub(super) fn new(credential: &Credential) -> Result<Self, PointError> {
        let tokens = match credential {
            Credential::Bearer(_) => None,
            Credential::ClientCredentials { server, .. } => Some(Client::new(server)?),
        };
        Ok(Self {
            credential: credential.clone(),
            tokens,
            kept: None,
            got: 0,
        })
    }

    /// The value of the header `Authorization`.
    pub(super) fn header(&mut self, time: TimeLeft) -> Result<String, PointError> {
        let token = match (&self.credential, &self.tokens) {
            (Credential::Bearer(source), _) => read(source)?,
            (Credential::ClientCredentials { .. }, None) => {
                return Err(PointError::new(PointErrorKind::Bug, "no client for tokens"));
            }
            (
                Credential::ClientCredentials {
                    client_id,
                    client_secret,
                    scope,
                    ..
                },
                Some(client),
            ) => match &self.kept {
                Some((token, until)) if Instant::now() < *until => token.clone(),
                _ => {
                    let got = fetch(client, client_id, &read(client_secret)?, scope.as_deref(), time)?;
                    self.got += 1;
                    self.kept.insert(got).0.clone()
                }
            },
        };
        Ok(format!("Bearer {}", token.reveal()))
    }

    /// How many tokens were got so far.
    pub(super) const fn got(&self) -> u64 {
        self.got
    }

    /// Forgets a token that the server did not accept; true if another can be had.
    pub(super) fn forget(&mut self) -> bool {
        self.kept.take().is_some()
    }
}

fn read(source: &SecretSource) -> Result<Secret, PointError> {
    source
        .read()
        .map_err(|error| PointError::new(PointErrorKind::Config, error))
}

fn fetch(
    client: &Client,
    id: &str,
    secret: &Secret,
    scope: Option<&str>,
    time: TimeLeft,
) -> Result<(Secret, Instant), PointError> {
    const WHAT: &str = "getting a token";
    // RFC 6749 section 2.3.1: both are form-encoded before they are joined.
    let pair = format!("{}:{}", escape(id), escape(secret.reveal()));
    let mut form = "grant_type=client_credentials".to_owned();
    if let Some(scope) = scope {
        form.push_str("&scope=");
        form.push_str(&escape(scope));
    }
    let reply = client.send(
        Call {
            method: Method::Post,
            path: "",
            headers: vec![
                ("authorization", format!("Basic {}", STANDARD.encode(pair))),
                ("accept", "application/json".to_owned()),
            ],
            body: Some(("application/x-www-form-urlencoded", form.into_bytes())),
            changes: false,
        },
        time,
    )?;
    // RFC 6749 section 5.2: a client that is not accepted may get 400 as well as 401.
    if reply.status == 400 {
        return Err(PointError::new(
            PointErrorKind::Denied,
            format_args!(
                "{WHAT}: the token endpoint refused the client, its secret or the scope (status 400)"
            ),
        ));
    }
    let answer = reply.success(false, WHAT)?.json(WHAT)?;
    let token = answer
        .get("access_token")
        .and_then(serde_json::Value::as_str)
        .ok_or_else(|| PointError::new(PointErrorKind::Target, format_args!("{WHAT}: none in the reply")))?;
    let valid = answer
        .get("expires_in")
        .and_then(serde_json::Value::as_u64)
        .map_or(TOKEN_KEPT, Duration::from_secs)
        .min(TOKEN_KEPT_MAX);
    Ok((
        Secret::from(token),
        Instant::now() + valid.saturating_sub(TOKEN_MARGIN),
    ))
}
