//! Looks at each LDAP message of a server before the client library does.
//!
//! The library takes a message apart by recursion, keeps as much as the server announces, and panics at shapes that it does not
//! expect: a server could end this process. So the connection to the server ends here: bytes of the library go to it as they are, and
//! its messages go to the library one by one, if each is bounded, flat and in the shape of RFC 4511.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::der::{self, Element, Malformed};
use super::limits::{MESSAGE_BYTES_MAX, NESTING_MAX};

/// Why no further message is taken from a server.
#[derive(Debug, thiserror::Error)]
pub(super) enum GuardError {
    /// The connection broke, or the server closed it.
    #[error("the server closed the connection: {0}")]
    Closed(#[from] std::io::Error),
    /// A message that is too large.
    #[error("the server sent a message of more than {MESSAGE_BYTES_MAX} bytes")]
    Large,
    /// A message that is none.
    #[error("the server sent what is no LDAP message")]
    Malformed,
}

impl From<Malformed> for GuardError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Reads one message and not a byte more.
pub(super) async fn read_message(from: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, GuardError> {
    let mut message = vec![0; 2];
    from.read_exact(&mut message).await?;
    if message.first() != Some(&der::SEQUENCE) {
        return Err(GuardError::Malformed);
    }
    let length = loop {
        match der::element_length(&message)? {
            Some(length) if length > MESSAGE_BYTES_MAX => return Err(GuardError::Large),
            Some(length) => break length,
            None => message.push(from.read_u8().await?),
        }
    };
    let read = message.len();
    message.resize(length, 0);
    if let Some(rest) = message.get_mut(read..) {
        from.read_exact(rest).await?;
    }
    check(&message)?;
    Ok(message)
}

/// Hands messages of the server on until one is not right or either side ends.
pub(super) async fn hand_on(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> GuardError {
    loop {
        match read_message(from).await {
            Ok(message) => {
                if let Err(error) = to.write_all(&message).await {
                    return error.into();
                }
            }
            Err(error) => return error,
        }
    }
}

/// Whether this is a response that a client may get (RFC 4511, section 4.2 to 4.12).
fn check(message: &[u8]) -> Result<(), Malformed> {
    let whole = der::element(message)?;
    if !der::is_nested_at_most(whole, NESTING_MAX)? {
        return Err(Malformed);
    }
    let parts = whole.parts()?;
    let (id, operation, controls) = match parts.as_slice() {
        [id, operation] => (id, operation, None),
        // Active Directory puts the name of a notice of disconnection (context 10, primitive) outside of the operation.
        [id, operation, last] if last.tag == 0x8a => (id, operation, None),
        [id, operation, controls] => (id, operation, Some(controls)),
        _ => return Err(Malformed),
    };
    if id.tag != der::INTEGER || id.number()? < 0 {
        return Err(Malformed);
    }
    controls.map_or(Ok(()), check_controls)?;
    check_operation(*operation)
}

fn check_operation(operation: Element<'_>) -> Result<(), Malformed> {
    const BIND: u8 = der::application(1);
    const ENTRY: u8 = der::application(4);
    const DONE: u8 = der::application(5);
    const MODIFY: u8 = der::application(7);
    const COMPARE: u8 = der::application(15);
    const REFERENCE: u8 = der::application(19);
    const EXTENDED: u8 = der::application(24);
    match operation.tag {
        ENTRY => check_entry(operation),
        REFERENCE => check_texts(operation),
        BIND | DONE | MODIFY | COMPARE | EXTENDED => check_result(operation),
        _ => Err(Malformed),
    }
}

/// `LDAPResult`: code, matched name, text, and more that is optional.
fn check_result(result: Element<'_>) -> Result<(), Malformed> {
    let parts = result.parts()?;
    let [code, matched, text, more @ ..] = parts.as_slice() else {
        return Err(Malformed);
    };
    if code.tag != der::ENUMERATED || code.number()? < 0 {
        return Err(Malformed);
    }
    check_text(*matched)?;
    check_text(*text)?;
    for part in more {
        match part.tag {
            // Referral.
            0xa3 => check_texts(*part)?,
            // SASL credentials, name and value of an extended response.
            0x87 | 0x8b => {}
            0x8a => check_utf8(*part)?,
            _ => return Err(Malformed),
        }
    }
    Ok(())
}

fn check_entry(entry: Element<'_>) -> Result<(), Malformed> {
    let parts = entry.parts()?;
    let [name, attributes] = parts.as_slice() else {
        return Err(Malformed);
    };
    check_text(*name)?;
    if attributes.tag != der::SEQUENCE {
        return Err(Malformed);
    }
    for attribute in attributes.parts()? {
        let parts = attribute.parts()?;
        let [kind, values] = parts.as_slice() else {
            return Err(Malformed);
        };
        check_text(*kind)?;
        let is_value = |value: &Element<'_>| value.tag == der::OCTET_STRING;
        if values.tag != der::SET || !values.parts()?.iter().all(is_value) {
            return Err(Malformed);
        }
    }
    Ok(())
}

fn check_controls(controls: &Element<'_>) -> Result<(), Malformed> {
    const BOOLEAN: u8 = 0x01;
    if controls.tag != der::context(0) {
        return Err(Malformed);
    }
    for control in controls.parts()? {
        let parts = control.parts()?;
        let Some((kind, rest)) = parts.split_first() else {
            return Err(Malformed);
        };
        check_text(*kind)?;
        match rest {
            [] => {}
            [value] if value.tag == der::OCTET_STRING => {}
            [critical] if critical.tag == BOOLEAN && critical.content.len() == 1 => {}
            [critical, value]
                if critical.tag == BOOLEAN
                    && critical.content.len() == 1
                    && value.tag == der::OCTET_STRING => {}
            _ => return Err(Malformed),
        }
    }
    Ok(())
}

fn check_texts(texts: Element<'_>) -> Result<(), Malformed> {
    texts.parts()?.into_iter().try_for_each(check_text)
}

fn check_text(text: Element<'_>) -> Result<(), Malformed> {
    if text.tag != der::OCTET_STRING {
        return Err(Malformed);
    }
    check_utf8(text)
}

fn check_utf8(text: Element<'_>) -> Result<(), Malformed> {
    std::str::from_utf8(text.content).map(drop).map_err(|_| Malformed)
}

/// The code and text of a response that consists of a result, for the few exchanges before the client library takes over.
pub(super) fn result_of(message: &[u8]) -> Result<(i64, String), Malformed> {
    let parts = der::element(message)?.parts()?;
    let operation = parts.get(1).ok_or(Malformed)?.parts()?;
    let [code, _, text, ..] = operation.as_slice() else {
        return Err(Malformed);
    };
    Ok((code.number()?, String::from_utf8_lossy(text.content).into_owned()))
}
