//! One question to a Kerberos key distribution centre (RFC 4120): would it let an account log on?
//!
//! An initial request without pre-authentication needs no password and counts as no failed logon. For an account that may log on the
//! answer is that a password is needed. For one that may not, Windows' KDC answers that it is revoked; Heimdal's, which is Samba's,
//! says so only to who knows the password.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::address::HostPort;
use super::der::{self, Element, Malformed};
use super::failure::Failure;
use super::limits::KDC_REPLY_BYTES_MAX;
use super::wire;

/// `KDC_ERR_C_PRINCIPAL_UNKNOWN`.
pub(super) const UNKNOWN_PRINCIPAL: i64 = 6;
/// `KDC_ERR_CLIENT_REVOKED`.
pub(super) const CLIENT_REVOKED: i64 = 18;
/// `KDC_ERR_PREAUTH_REQUIRED`.
pub(super) const PREAUTHENTICATION_REQUIRED: i64 = 25;
/// `STATUS_ACCOUNT_DISABLED` (MS-ERREF, section 2.3.1).
pub(super) const STATUS_DISABLED: u32 = 0xc000_0072;

/// What a KDC answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A ticket: the account needs no pre-authentication.
    Ticket,
    /// An error.
    Error {
        /// Its code.
        code: i64,
        /// Windows' own reason, if it gives one (MS-KILE, section 2.2.2).
        status: Option<u32>,
    },
}

impl Answer {
    /// Whether it asks for pre-authentication: for the password.
    pub(super) const fn is_request_for_password(self) -> bool {
        matches!(
            self,
            Self::Error {
                code: PREAUTHENTICATION_REQUIRED,
                ..
            }
        )
    }
}

/// Asks over TCP (RFC 4120, section 7.2.2).
pub(super) async fn ask(kdc: &HostPort, realm: &str, account: &str) -> Result<Answer, Failure> {
    let mut nonce = [0; 4];
    getrandom::fill(&mut nonce).map_err(|why| Failure::Config(format!("no random numbers: {why}")))?;
    let request = request(realm, account, u32::from_be_bytes(nonce) >> 1);
    let broke = |why: std::io::Error| Failure::Lost(format!("the KDC at {}: {why}", kdc.host));
    let mut stream = wire::tcp(kdc).await?;
    let length = u32::try_from(request.len()).unwrap_or(u32::MAX).to_be_bytes();
    stream
        .write_all(&[&length[..], &request].concat())
        .await
        .map_err(broke)?;
    let length = usize::try_from(stream.read_u32().await.map_err(broke)?).unwrap_or(usize::MAX);
    if length > KDC_REPLY_BYTES_MAX {
        return Err(Failure::Lost(format!(
            "the KDC at {} answers with {length} bytes",
            kdc.host
        )));
    }
    let mut reply = vec![0; length];
    stream.read_exact(&mut reply).await.map_err(broke)?;
    read_answer(&reply).map_err(|_| Failure::Lost(format!("the KDC at {} answers with no reply", kdc.host)))
}

/// `AS-REQ` (section 5.4.1) for a ticket-granting ticket.
fn request(realm: &str, account: &str, nonce: u32) -> Vec<u8> {
    const PRINCIPAL: u32 = 1;
    const SERVICE: u32 = 2;
    // AES 256, AES 128 and RC4, which old domains have.
    const ENCRYPTIONS: [u32; 3] = [18, 17, 23];
    let realm_text = der::encode(der::GENERAL_STRING, realm.as_bytes());
    let field = |number, content: Vec<u8>| der::encode(der::context(number), &content);
    let body = der::encode_all(
        der::SEQUENCE,
        &[
            field(0, der::encode(der::BIT_STRING, &[0, 0, 0, 0, 0])),
            field(1, principal(PRINCIPAL, &[account])),
            field(2, realm_text),
            field(3, principal(SERVICE, &["krbtgt", realm])),
            // The farthest end: as long as the KDC gives.
            field(5, der::encode(der::GENERALIZED_TIME, b"19700101000000Z")),
            field(7, der::encode_number(nonce)),
            field(
                8,
                der::encode_all(der::SEQUENCE, &ENCRYPTIONS.map(der::encode_number)),
            ),
        ],
    );
    let whole = [
        field(1, der::encode_number(5)),
        field(2, der::encode_number(10)),
        field(4, body),
    ];
    der::encode(der::application(10), &der::encode_all(der::SEQUENCE, &whole))
}

fn principal(kind: u32, names: &[&str]) -> Vec<u8> {
    let names: Vec<Vec<u8>> = names
        .iter()
        .map(|name| der::encode(der::GENERAL_STRING, name.as_bytes()))
        .collect();
    let kind = der::encode(der::context(0), &der::encode_number(kind));
    let names = der::encode(der::context(1), &der::encode_all(der::SEQUENCE, &names));
    der::encode_all(der::SEQUENCE, &[kind, names])
}

/// `AS-REP` or `KRB-ERROR` (sections 5.4.2 and 5.9.1).
fn read_answer(reply: &[u8]) -> Result<Answer, Malformed> {
    const TICKET: u8 = der::application(11);
    const ERROR: u8 = der::application(30);
    let whole = der::element(reply)?;
    match whole.tag {
        TICKET => Ok(Answer::Ticket),
        ERROR => read_error(whole.only()?),
        _ => Err(Malformed),
    }
}

fn read_error(error: Element<'_>) -> Result<Answer, Malformed> {
    let fields = error.parts()?;
    let field = |number| fields.iter().find(|field| field.tag == der::context(number));
    let code = field(6).ok_or(Malformed)?.only()?.number()?;
    let status = field(12).and_then(|data| read_status(data.only().ok()?.content).ok().flatten());
    Ok(Answer::Error { code, status })
}

/// `KERB-ERROR-DATA` with `KERB_ERR_TYPE_EXTENDED`: the first four of its octets are a status, lowest first.
fn read_status(data: &[u8]) -> Result<Option<u32>, Malformed> {
    const EXTENDED: i64 = 3;
    let fields = der::element(data)?.parts()?;
    let field = |number| fields.iter().find(|field| field.tag == der::context(number));
    let (Some(kind), Some(value)) = (field(1), field(2)) else {
        return Ok(None);
    };
    let octets = value.only()?.content.first_chunk::<4>();
    Ok(octets
        .filter(|_| kind.only().and_then(Element::number) == Ok(EXTENDED))
        .map(|octets| u32::from_le_bytes(*octets)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: u32, data: Option<Vec<u8>>) -> Vec<u8> {
        let field = |number, content: Vec<u8>| der::encode(der::context(number), &content);
        let mut fields = vec![
            field(0, der::encode_number(5)),
            field(6, der::encode_number(code)),
        ];
        fields.extend(data.map(|data| field(12, der::encode(der::OCTET_STRING, &data))));
        der::encode(der::application(30), &der::encode_all(der::SEQUENCE, &fields))
    }

    #[test]
    fn errors_are_read_with_windows_own_reason_if_it_is_there() {
        let field = |number, content: Vec<u8>| der::encode(der::context(number), &content);
        let status = [STATUS_DISABLED.to_le_bytes(), [0; 4], [1, 0, 0, 0]].concat();
        let extended = der::encode_all(
            der::SEQUENCE,
            &[
                field(1, der::encode_number(3)),
                field(2, der::encode(der::OCTET_STRING, &status)),
            ],
        );
        let read = |code, data| read_answer(&error(code, data)).unwrap();
        let said = |code, status| Answer::Error { code, status };
        assert_eq!(read(18, Some(extended)), said(18, Some(STATUS_DISABLED)));
        assert_eq!(read(18, Some(vec![1, 2, 3])), said(18, None));
        assert_eq!(read(25, None), said(25, None));
    }

    #[test]
    fn garbage_is_no_answer() {
        let right = error(25, None);
        for end in 0..right.len() {
            assert!(read_answer(&right[..end]).is_err());
        }
        assert!(read_answer(b"HTTP/1.1 400 Bad Request\r\n").is_err());
    }
}
