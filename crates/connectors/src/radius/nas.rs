//! Cutting what an account has open at network access servers (RFC 5176).

use cordon_act::{PointError, PointErrorKind};

use super::exchange::{exchange, request, secret};
use super::packet::{Code, EVENT_TIMESTAMP, NAS_IDENTIFIER, Reply, SERVICE_TYPE, STATE, USER_NAME};
use super::{AccessServer, Cut, Radius};
use crate::time_left::TimeLeft;

/// `Service-Type` that asks for nothing but a new authorization.
const AUTHORIZE_ONLY: u32 = 17;
/// `Error-Cause`: there is no such session. Nothing is open.
const NO_SESSION: u32 = 503;
/// `Error-Cause`: the server has begun to ask again.
const REQUEST_INITIATED: u32 = 507;

impl Radius {
    /// Has every network access server end what the account has open. All are told, even if one fails; the first failure is returned,
    /// as unknown if another server was told already.
    pub(super) fn cut(&self, account: &str, time: TimeLeft) -> Result<(), PointError> {
        let mut failure: Option<PointError> = None;
        let mut done = 0;
        for (place, server) in self.config.access_servers.iter().enumerate() {
            let remaining = self.config.access_servers.len() - place;
            match server.cut(account, time.share(remaining)?) {
                Ok(()) => done += 1,
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            None => Ok(()),
            Some(error) if done > 0 => Err(PointError::new(
                PointErrorKind::Unknown,
                format_args!("cut at {done} network access servers, not at the next: {error}"),
            )),
            Some(error) => Err(error),
        }
    }
}

impl AccessServer {
    fn cut(&self, account: &str, time: TimeLeft) -> Result<(), PointError> {
        let secret = secret(&self.secret)?;
        let now = u32::try_from(jiff::Timestamp::now().as_second()).unwrap_or(u32::MAX);
        let mut attributes = vec![
            (USER_NAME, account.as_bytes().to_vec()),
            (EVENT_TIMESTAMP, now.to_be_bytes().to_vec()),
        ];
        if let Some(identifier) = &self.identifier {
            attributes.push((NAS_IDENTIFIER, identifier.as_bytes().to_vec()));
        }
        let code = match self.cut {
            Cut::Disconnect => Code::DisconnectRequest,
            Cut::Reauthorize => {
                attributes.push((SERVICE_TYPE, AUTHORIZE_ONLY.to_be_bytes().to_vec()));
                // Section 3.2: it goes with that, whatever it holds.
                attributes.push((STATE, b"cordon".to_vec()));
                Code::CoaRequest
            }
        };
        let request = request(code, &attributes, &secret)?;
        let reply = exchange(
            self.address,
            &request,
            &secret,
            self.require_message_authenticator,
            time,
        );
        self.outcome(&reply.map_err(super::exchange::Silence::of_change)?)
    }

    /// What the answer means (RFC 5176 section 3.5).
    fn outcome(&self, reply: &Reply) -> Result<(), PointError> {
        if matches!(reply.code, Code::DisconnectAck | Code::CoaAck) {
            return Ok(());
        }
        let (kind, means) = match reply.error_cause() {
            Some(NO_SESSION) => return Ok(()),
            Some(REQUEST_INITIATED) if self.cut == Cut::Reauthorize => return Ok(()),
            Some(501) => (PointErrorKind::Denied, "it forbids this"),
            Some(403) => (
                PointErrorKind::Config,
                "it is not the server named by `identifier`",
            ),
            Some(508) => (
                PointErrorKind::Target,
                "the account has several sessions, and it ends only one that is named alone",
            ),
            Some(401..=407 | 502) => (PointErrorKind::Config, "it does not understand such a request"),
            Some(504..=506) => (PointErrorKind::Target, "it could not"),
            _ => (PointErrorKind::Target, "it gives no reason"),
        };
        let cause = reply
            .error_cause()
            .map_or_else(String::new, |cause| format!(" (Error-Cause {cause})"));
        Err(PointError::new(
            kind,
            format_args!("{} did not end the session: {means}{cause}", self.address),
        ))
    }
}
