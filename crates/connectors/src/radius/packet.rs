//! RADIUS packets (RFC 2865, RFC 2869, RFC 5176).

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::{Digest as _, Md5};

use crate::Secret;

/// Longest packet in bytes (RFC 2865 section 3).
pub(super) const PACKET_BYTES_MAX: usize = 4096;
/// Longest value of an attribute in bytes (RFC 2865 section 5).
pub(super) const ATTRIBUTE_BYTES_MAX: usize = 253;
/// Bytes before the attributes: code, identifier, length and authenticator.
const HEADER_BYTES: usize = 20;

/// Attribute `User-Name`.
pub(super) const USER_NAME: u8 = 1;
/// Attribute `Service-Type`.
pub(super) const SERVICE_TYPE: u8 = 6;
/// Attribute `Reply-Message`.
pub(super) const REPLY_MESSAGE: u8 = 18;
/// Attribute `State`.
pub(super) const STATE: u8 = 24;
/// Attribute `NAS-Identifier`.
pub(super) const NAS_IDENTIFIER: u8 = 32;
/// Attribute `Event-Timestamp`.
pub(super) const EVENT_TIMESTAMP: u8 = 55;
/// Attribute `EAP-Message`.
pub(super) const EAP_MESSAGE: u8 = 79;
/// Attribute `Message-Authenticator`.
const MESSAGE_AUTHENTICATOR: u8 = 80;
/// Attribute `Error-Cause`.
pub(super) const ERROR_CAUSE: u8 = 101;

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Code {
    AccessRequest = 1,
    AccessAccept = 2,
    AccessReject = 3,
    AccessChallenge = 11,
    DisconnectRequest = 40,
    DisconnectAck = 41,
    DisconnectNak = 42,
    CoaRequest = 43,
    CoaAck = 44,
    CoaNak = 45,
}

impl Code {
    const ALL: [Self; 10] = [
        Self::AccessRequest,
        Self::AccessAccept,
        Self::AccessReject,
        Self::AccessChallenge,
        Self::DisconnectRequest,
        Self::DisconnectAck,
        Self::DisconnectNak,
        Self::CoaRequest,
        Self::CoaAck,
        Self::CoaNak,
    ];

    fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|code| *code as u8 == byte)
    }

    /// True if this can answer that.
    fn answers(self, request: Self) -> bool {
        match request {
            Self::AccessRequest => matches!(
                self,
                Self::AccessAccept | Self::AccessReject | Self::AccessChallenge
            ),
            Self::DisconnectRequest => matches!(self, Self::DisconnectAck | Self::DisconnectNak),
            Self::CoaRequest => matches!(self, Self::CoaAck | Self::CoaNak),
            _ => false,
        }
    }
}

/// A request as it is sent, again and again until it is answered.
#[derive(Debug)]
pub(super) struct Request {
    code: Code,
    pub(super) bytes: Vec<u8>,
}

/// What is wrong with a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Bad {
    #[error("it is no whole packet")]
    Form,
    #[error("it does not answer this request")]
    Other,
    #[error("it is not signed with the shared secret")]
    Signature,
    #[error("it has no Message-Authenticator")]
    Unauthenticated,
}

/// A reply whose signature fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: Code,
    attributes: Vec<(u8, Vec<u8>)>,
}

impl Reply {
    /// The first value of an attribute.
    pub(super) fn first(&self, kind: u8) -> Option<&[u8]> {
        self.attributes
            .iter()
            .find(|(found, _)| *found == kind)
            .map(|(_, value)| value.as_slice())
    }

    /// `Error-Cause` (RFC 5176 section 3.5).
    pub(super) fn error_cause(&self) -> Option<u32> {
        self.first(ERROR_CAUSE)?.try_into().ok().map(u32::from_be_bytes)
    }
}

impl Request {
    /// A request with these attributes and a Message-Authenticator. `random` is the identifier and, for an Access-Request, the
    /// authenticator. None if it would be too long.
    pub(super) fn new(
        code: Code,
        random: [u8; 17],
        attributes: &[(u8, Vec<u8>)],
        secret: &Secret,
    ) -> Option<Self> {
        let [identifier, unpredictable @ ..] = random;
        // RFC 5176 section 2.3: sixteen zeros while the packet is signed, then the digest. RFC 2865 section 3: unpredictable.
        let begins = if code == Code::AccessRequest {
            unpredictable
        } else {
            [0; 16]
        };
        let mut bytes = vec![code as u8, identifier, 0, 0];
        bytes.extend(begins);
        for (kind, value) in attributes {
            bytes.push(*kind);
            bytes.push(u8::try_from(value.len() + 2).ok()?);
            bytes.extend(value);
        }
        let place = bytes.len() + 2;
        bytes.extend([MESSAGE_AUTHENTICATOR, 18]);
        bytes.extend([0; 16]);
        if bytes.len() > PACKET_BYTES_MAX {
            return None;
        }
        let length = u16::try_from(bytes.len()).ok()?.to_be_bytes();
        bytes.get_mut(2..4)?.copy_from_slice(&length);
        let signature = sign(&bytes, secret)?.finalize().into_bytes();
        bytes.get_mut(place..place + 16)?.copy_from_slice(&signature);
        if code != Code::AccessRequest {
            let digest = Md5::new()
                .chain_update(&bytes)
                .chain_update(secret.reveal())
                .finalize();
            bytes.get_mut(4..HEADER_BYTES)?.copy_from_slice(&digest);
        }
        Some(Self { code, bytes })
    }

    fn authenticator(&self) -> &[u8] {
        self.bytes.get(4..HEADER_BYTES).unwrap_or_default()
    }

    /// A reply to this request, if that is what came: whole, its own, and signed.
    pub(super) fn reply(
        &self,
        came: &[u8],
        secret: &Secret,
        require_message_authenticator: bool,
    ) -> Result<Reply, Bad> {
        let (&[code, identifier, high, low], rest) = came.split_first_chunk::<4>().ok_or(Bad::Form)?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < HEADER_BYTES || length > came.len() || length > PACKET_BYTES_MAX {
            return Err(Bad::Form);
        }
        let code = Code::of(code).ok_or(Bad::Other)?;
        if !code.answers(self.code) || Some(&identifier) != self.bytes.get(1) {
            return Err(Bad::Other);
        }
        // What comes after the length is padding (RFC 2865 section 3).
        let rest = rest.get(..length - 4).ok_or(Bad::Form)?;
        let (authenticator, attributes) = rest.split_at_checked(16).ok_or(Bad::Form)?;
        // The packet as it was signed: with the authenticator of the request.
        let mut signed = came.get(..4).unwrap_or_default().to_vec();
        signed.extend(self.authenticator());
        signed.extend(attributes);
        let digest = Md5::new()
            .chain_update(&signed)
            .chain_update(secret.reveal())
            .finalize();
        if !equal(&digest, authenticator) {
            return Err(Bad::Signature);
        }
        let attributes = split(attributes).ok_or(Bad::Form)?;
        check_message_authenticator(signed, &attributes, secret, require_message_authenticator)?;
        let attributes = attributes
            .into_iter()
            .map(|(kind, _, value)| (kind, value.to_vec()))
            .collect();
        Ok(Reply { code, attributes })
    }
}

fn check_message_authenticator(
    mut signed: Vec<u8>,
    attributes: &[(u8, usize, &[u8])],
    secret: &Secret,
    required: bool,
) -> Result<(), Bad> {
    let Some((_, place, value)) = attributes
        .iter()
        .find(|(kind, ..)| *kind == MESSAGE_AUTHENTICATOR)
    else {
        return if required {
            Err(Bad::Unauthenticated)
        } else {
            Ok(())
        };
    };
    let from = HEADER_BYTES + place;
    signed.get_mut(from..from + 16).ok_or(Bad::Form)?.fill(0);
    sign(&signed, secret)
        .ok_or(Bad::Signature)?
        .verify_slice(value)
        .map_err(|_| Bad::Signature)
}

/// Attributes as kind, place of the value, and value; none if they do not fill their space exactly.
fn split(bytes: &[u8]) -> Option<Vec<(u8, usize, &[u8])>> {
    let mut found = Vec::new();
    let mut place = 0;
    while place < bytes.len() {
        let kind = *bytes.get(place)?;
        let length = usize::from(*bytes.get(place + 1)?);
        let value = bytes.get(place + 2..place + length)?;
        found.push((kind, place + 2, value));
        place += length;
    }
    Some(found)
}

fn sign(bytes: &[u8], secret: &Secret) -> Option<Hmac<Md5>> {
    let mut mac = Hmac::<Md5>::new_from_slice(secret.reveal().as_bytes()).ok()?;
    mac.update(bytes);
    Some(mac)
}

/// Compares without telling by its time where the first difference is.
fn equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(code: Code) -> (Request, Secret) {
        let secret = Secret::from("xyzzy");
        let request = Request::new(code, [7; 17], &[(USER_NAME, b"alice".to_vec())], &secret).unwrap();
        (request, secret)
    }

    /// A reply as a server would make it.
    fn answer(request: &Request, code: u8, attributes: &[u8], secret: &str) -> Vec<u8> {
        let length = u16::try_from(HEADER_BYTES + attributes.len())
            .unwrap()
            .to_be_bytes();
        let mut bytes = vec![code, 7, length[0], length[1]];
        bytes.extend(request.authenticator());
        bytes.extend(attributes);
        let digest = Md5::new().chain_update(&bytes).chain_update(secret).finalize();
        bytes[4..HEADER_BYTES].copy_from_slice(&digest);
        bytes
    }

    #[test]
    fn a_reply_is_taken_only_whole_signed_and_for_its_request() {
        let (request, secret) = request(Code::DisconnectRequest);
        let nak = answer(&request, 42, &[ERROR_CAUSE, 6, 0, 0, 1, 247], "xyzzy");
        let reply = request.reply(&nak, &secret, false).unwrap();
        assert_eq!(
            (reply.code, reply.error_cause()),
            (Code::DisconnectNak, Some(503))
        );
        assert_eq!(request.reply(&nak, &secret, true), Err(Bad::Unauthenticated));

        let mut padded = nak.clone();
        padded.extend([0; 30]);
        assert!(request.reply(&padded, &secret, false).is_ok());
        for cut in 0..nak.len() {
            assert!(request.reply(&nak[..cut], &secret, false).is_err(), "{cut}");
        }
        for place in 0..nak.len() {
            let mut changed = nak.clone();
            changed[place] ^= 1;
            assert!(request.reply(&changed, &secret, false).is_err(), "{place}");
        }
        let other = answer(&request, 42, &[], "other secret");
        assert_eq!(request.reply(&other, &secret, false), Err(Bad::Signature));
        let accept = answer(&request, 2, &[], "xyzzy");
        assert_eq!(request.reply(&accept, &secret, false), Err(Bad::Other));
        for attributes in [&[1_u8][..], &[1, 0], &[1, 1], &[1, 3], &[80, 18, 1]] {
            let odd = answer(&request, 42, attributes, "xyzzy");
            assert_eq!(
                request.reply(&odd, &secret, false),
                Err(Bad::Form),
                "{attributes:?}"
            );
        }
        // A Message-Authenticator that is there must fit, whether it is required or not.
        let mut forged = vec![MESSAGE_AUTHENTICATOR, 18];
        forged.extend([9; 16]);
        let forged = answer(&request, 41, &forged, "xyzzy");
        assert_eq!(request.reply(&forged, &secret, false), Err(Bad::Signature));
    }

    #[test]
    fn what_is_too_long_is_no_request() {
        let secret = Secret::from("xyzzy");
        let long = |bytes: usize| Request::new(Code::CoaRequest, [0; 17], &[(1, vec![b'x'; bytes])], &secret);
        assert!(long(ATTRIBUTE_BYTES_MAX).is_some());
        assert!(long(ATTRIBUTE_BYTES_MAX + 1).is_none());
        let many = vec![(1, vec![b'x'; 250]); 17];
        assert!(Request::new(Code::CoaRequest, [0; 17], &many, &secret).is_none());
    }
}
