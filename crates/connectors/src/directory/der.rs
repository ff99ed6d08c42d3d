//! The little of BER and DER (X.690) that is needed to look at a message before anything else does, and to speak to a KDC.
//!
//! Only one-byte tags and definite lengths: LDAP (RFC 4511, section 5.1) and Kerberos (RFC 4120) use no others.

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// One tag with its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// The identifier octet: class, constructed bit and number.
    pub(super) tag: u8,
    /// The content octets.
    pub(super) content: &'a [u8],
}

/// `INTEGER`.
pub(super) const INTEGER: u8 = 0x02;
/// `BIT STRING`.
pub(super) const BIT_STRING: u8 = 0x03;
/// `OCTET STRING`.
pub(super) const OCTET_STRING: u8 = 0x04;
/// `ENUMERATED`.
pub(super) const ENUMERATED: u8 = 0x0a;
/// `GeneralizedTime`.
pub(super) const GENERALIZED_TIME: u8 = 0x18;
/// `GeneralString`.
pub(super) const GENERAL_STRING: u8 = 0x1b;
/// `SEQUENCE`.
pub(super) const SEQUENCE: u8 = 0x30;
/// `SET`.
pub(super) const SET: u8 = 0x31;

const CONSTRUCTED: u8 = 0x20;
const NUMBER: u8 = 0x1f;

/// The constructed context-specific tag with this number, 0 to 30.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | (number & NUMBER)
}

/// The constructed application tag with this number, 0 to 30.
pub(super) const fn application(number: u8) -> u8 {
    0x60 | (number & NUMBER)
}

impl<'a> Element<'a> {
    /// Whether it holds elements.
    pub(super) const fn is_constructed(self) -> bool {
        self.tag & CONSTRUCTED != 0
    }

    /// The elements in it.
    pub(super) fn parts(self) -> Result<Vec<Self>, Malformed> {
        if !self.is_constructed() {
            return Err(Malformed);
        }
        elements(self.content)
    }

    /// The only element in it.
    pub(super) fn only(self) -> Result<Self, Malformed> {
        match self.parts()?.as_slice() {
            [only] => Ok(*only),
            _ => Err(Malformed),
        }
    }

    /// A whole number of at most four octets, in two's complement.
    pub(super) fn number(self) -> Result<i64, Malformed> {
        let (first, length) = (self.content.first().ok_or(Malformed)?, self.content.len());
        if length > 4 || !matches!(self.tag, INTEGER | ENUMERATED) {
            return Err(Malformed);
        }
        let start = if first & 0x80 == 0 { 0 } else { -1 };
        Ok(self
            .content
            .iter()
            .fold(start, |sum, octet| (sum << 8) | i64::from(*octet)))
    }
}

/// How long the element is that these bytes begin, header included; `None` while its header is not whole.
pub(super) fn element_length(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let (Some(tag), Some(first)) = (bytes.first(), bytes.get(1)) else {
        return Ok(None);
    };
    if tag & NUMBER == NUMBER {
        return Err(Malformed);
    }
    let (header, content) = match first {
        0..=0x7f => (2, usize::from(*first)),
        0x81..=0x84 => {
            let header = 2 + usize::from(first & 0x7f);
            let Some(octets) = bytes.get(2..header) else {
                return Ok(None);
            };
            (
                header,
                octets
                    .iter()
                    .fold(0, |sum, octet| (sum << 8) | usize::from(*octet)),
            )
        }
        // Indefinite, or longer than anything that is accepted.
        _ => return Err(Malformed),
    };
    header.checked_add(content).map(Some).ok_or(Malformed)
}

/// The elements that follow each other in these bytes and fill them.
pub(super) fn elements(mut bytes: &[u8]) -> Result<Vec<Element<'_>>, Malformed> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let length = element_length(bytes)?.ok_or(Malformed)?;
        let (whole, rest) = bytes.split_at_checked(length).ok_or(Malformed)?;
        found.push(one(whole)?);
        bytes = rest;
    }
    Ok(found)
}

/// The one element that fills these bytes.
pub(super) fn element(bytes: &[u8]) -> Result<Element<'_>, Malformed> {
    if element_length(bytes)? == Some(bytes.len()) {
        one(bytes)
    } else {
        Err(Malformed)
    }
}

fn one(whole: &[u8]) -> Result<Element<'_>, Malformed> {
    let (tag, first) = (whole.first().ok_or(Malformed)?, whole.get(1).ok_or(Malformed)?);
    let octets = if *first < 0x80 {
        0
    } else {
        usize::from(first & 0x7f)
    };
    let content = whole.get(2 + octets..).ok_or(Malformed)?;
    Ok(Element { tag: *tag, content })
}

/// Whether no element in these is nested deeper than `levels`.
pub(super) fn is_nested_at_most(element: Element<'_>, levels: usize) -> Result<bool, Malformed> {
    if !element.is_constructed() {
        return Ok(true);
    }
    let Some(levels) = levels.checked_sub(1) else {
        return Ok(false);
    };
    for part in element.parts()? {
        if !is_nested_at_most(part, levels)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// One element in DER.
pub(super) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = content.len();
    if let (Ok(short), true) = (u8::try_from(length), length < 0x80) {
        bytes.push(short);
    } else {
        let octets: Vec<u8> = length
            .to_be_bytes()
            .into_iter()
            .skip_while(|octet| *octet == 0)
            .collect();
        // At most eight octets.
        bytes.push(0x80 | u8::try_from(octets.len()).unwrap_or(8));
        bytes.extend(octets);
    }
    bytes.extend_from_slice(content);
    bytes
}

/// A constructed element of these, one after another.
pub(super) fn encode_all(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    encode(tag, &parts.concat())
}

/// An `INTEGER`.
pub(super) fn encode_number(number: u32) -> Vec<u8> {
    let octets = number.to_be_bytes();
    let start = octets.iter().take(3).take_while(|octet| **octet == 0).count();
    let mut content = octets.get(start..).unwrap_or_default().to_vec();
    if content.first().is_some_and(|octet| octet & 0x80 != 0) {
        content.insert(0, 0);
    }
    encode(INTEGER, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back_whatever_its_length() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let bytes = encode(OCTET_STRING, &content);
            assert_eq!(element_length(&bytes), Ok(Some(bytes.len())));
            assert_eq!(element(&bytes).unwrap().content, content);
            assert_eq!(element(&[&bytes[..], &[0]].concat()), Err(Malformed));
        }
        for number in [0, 1, 127, 128, 255, 256, 65_535, 0x00ff_ffff, 0x7fff_ffff] {
            let bytes = encode_number(number);
            assert_eq!(element(&bytes).unwrap().number(), Ok(i64::from(number)));
        }
        assert_eq!(element(&[INTEGER, 1, 0xff]).unwrap().number(), Ok(-1));
    }

    #[test]
    fn what_is_cut_short_or_not_definite_is_refused_and_never_read_past() {
        let bytes = encode_all(SEQUENCE, &[encode_number(5), encode(OCTET_STRING, b"abc")]);
        for end in 0..bytes.len() {
            assert!(element(&bytes[..end]).is_err());
        }
        for wrong in [
            &[0x30, 0x80, 0, 0][..],
            &[0x1f, 1, 0],
            &[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        ] {
            assert!(element(wrong).is_err());
        }
        assert_eq!(element_length(&[0x30, 0x84, 0xff]), Ok(None));
        assert!(elements(&[2, 5, 1]).is_err());
    }

    #[test]
    fn nesting_is_measured_without_following_it_deeper() {
        let mut nested = encode_number(1);
        for _ in 0..5 {
            nested = encode(SEQUENCE, &nested);
        }
        let outer = element(&nested).unwrap();
        assert_eq!(is_nested_at_most(outer, 5), Ok(true));
        assert_eq!(is_nested_at_most(outer, 4), Ok(false));
    }
}
