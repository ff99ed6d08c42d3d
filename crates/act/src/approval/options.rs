//! The options of a line of allowed signers.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// What the options of a line say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignerOptions {
    /// The patterns of `namespaces="…"`; without the option every role is allowed.
    pub namespaces: Option<Vec<String>>,
    /// From when the key is valid.
    pub valid_after: Option<Timestamp>,
    /// Until when, inclusive.
    pub valid_before: Option<Timestamp>,
}

/// Why options cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// A certificate authority.
    #[error(
        "cert-authority: certificates are not accepted, because who is a person must stand in this file; list each person's own key"
    )]
    CertAuthority,
    /// An option that OpenSSH does not know either.
    #[error("unknown option {0:?}")]
    Unknown(String),
    /// An option twice.
    #[error("more than one option {0}")]
    Twice(&'static str),
    /// Quotes are missing or not closed.
    #[error("the value of {0} must stand in double quotes")]
    Quote(&'static str),
    /// Not a time.
    #[error("{0:?} is no time: YYYYMMDD or YYYYMMDDHHMM[SS], with Z for UTC, as in ssh-keygen(1)")]
    Time(String),
    /// Valid never.
    #[error("valid-before is not after valid-after")]
    Never,
    /// Ends with a comma.
    #[error("an option is missing after the comma")]
    End,
}

impl SignerOptions {
    /// Reads `namespaces="…",valid-after="…"`; times without `Z` are in `zone`.
    ///
    /// # Errors
    /// The first [`OptionsError`].
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, OptionsError> {
        let mut options = Self::default();
        let mut rest = text;
        loop {
            rest = options.one(rest, zone)?;
            if rest.is_empty() {
                break;
            }
            let short = || rest.chars().take(40).collect();
            rest = rest
                .strip_prefix(',')
                .ok_or_else(|| OptionsError::Unknown(short()))?;
            if rest.is_empty() {
                return Err(OptionsError::End);
            }
        }
        match (options.valid_after, options.valid_before) {
            (Some(after), Some(before)) if before <= after => Err(OptionsError::Never),
            _ => Ok(options),
        }
    }

    /// Takes one option from the start of `text` and returns what follows it.
    fn one<'a>(&mut self, text: &'a str, zone: &TimeZone) -> Result<&'a str, OptionsError> {
        let end = text.find(['=', ',']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        match name.to_ascii_lowercase().as_str() {
            "cert-authority" => Err(OptionsError::CertAuthority),
            "namespaces" => {
                let (value, rest) = quoted(rest, "namespaces")?;
                let patterns = value.split(',').map(str::to_owned).collect();
                once(&mut self.namespaces, patterns, "namespaces")?;
                Ok(rest)
            }
            "valid-after" => {
                let (value, rest) = quoted(rest, "valid-after")?;
                once(&mut self.valid_after, time(&value, zone)?, "valid-after")?;
                Ok(rest)
            }
            "valid-before" => {
                let (value, rest) = quoted(rest, "valid-before")?;
                once(&mut self.valid_before, time(&value, zone)?, "valid-before")?;
                Ok(rest)
            }
            _ => Err(OptionsError::Unknown(text.chars().take(40).collect())),
        }
    }

    /// True if signatures of this namespace are allowed: OpenSSH's pattern list, in which `!` excludes.
    #[must_use]
    pub fn allows(&self, namespace: &str) -> bool {
        let Some(patterns) = &self.namespaces else {
            return true;
        };
        let excluded = patterns
            .iter()
            .filter_map(|pattern| pattern.strip_prefix('!'))
            .any(|pattern| matches(pattern, namespace));
        !excluded && patterns.iter().any(|pattern| matches(pattern, namespace))
    }
}

fn once<T>(place: &mut Option<T>, value: T, name: &'static str) -> Result<(), OptionsError> {
    if place.is_some() {
        return Err(OptionsError::Twice(name));
    }
    *place = Some(value);
    Ok(())
}

/// The value in `="…"` at the start of `text`, in which `\"` is a quote, and what follows.
fn quoted<'a>(text: &'a str, name: &'static str) -> Result<(String, &'a str), OptionsError> {
    let inside = text.strip_prefix("=\"").ok_or(OptionsError::Quote(name))?;
    let mut value = String::new();
    let mut characters = inside.char_indices().peekable();
    while let Some((place, character)) = characters.next() {
        match character {
            '\\' if characters.peek().is_some_and(|(_, next)| *next == '"') => {
                value.push('"');
                characters.next();
            }
            '"' => return Ok((value, inside.get(place + 1..).unwrap_or_default())),
            other => value.push(other),
        }
    }
    Err(OptionsError::Quote(name))
}

/// OpenSSH's `parse_absolute_time`: YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with an optional `Z`.
fn time(text: &str, zone: &TimeZone) -> Result<Timestamp, OptionsError> {
    let wrong = || OptionsError::Time(text.chars().take(40).collect());
    let (digits, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(digits) => (digits, &TimeZone::UTC),
        None => (text, zone),
    };
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let part = |start: usize, length: usize| -> i16 {
        digits
            .get(start..start + length)
            .and_then(|part| part.parse().ok())
            .unwrap_or(0)
    };
    let small = |start: usize| i8::try_from(part(start, 2)).unwrap_or(i8::MAX);
    DateTime::new(part(0, 4), small(4), small(6), small(8), small(10), small(12), 0)
        .and_then(|civil| zone.to_timestamp(civil))
        .map_err(|_| wrong())
}

/// A pattern with `*` and `?`, matched in time linear in the product of the lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let text = text.as_bytes();
    let mut reached = vec![false; text.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for byte in pattern.bytes() {
        let mut next = vec![false; text.len() + 1];
        let mut earlier = false;
        for (place, here) in reached.iter().enumerate() {
            earlier |= *here;
            let (at, set) = match byte {
                b'*' => (place, earlier),
                b'?' => (place + 1, *here),
                other => (place + 1, *here && text.get(place) == Some(&other)),
            };
            if let Some(slot) = next.get_mut(at) {
                *slot |= set;
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SignerOptions, OptionsError> {
        SignerOptions::parse(text, &TimeZone::UTC)
    }

    #[test]
    fn patterns_match_as_those_of_openssh() {
        for (pattern, text, wanted) in [
            ("cordon-*", "cordon-lift", true),
            ("cordon-*", "cordon", false),
            ("*", "", true),
            ("c?rdon-lift", "cordon-lift", true),
            ("cordon-lift", "cordon-lif", false),
            ("cordon-lift", "cordon-lift2", false),
            ("*a*b", "xaxbxb", true),
            ("", "", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
        let options = parse("namespaces=\"cordon-*,!cordon-force\"").unwrap();
        assert!(options.allows("cordon-lift"));
        assert!(!options.allows("cordon-force"));
        assert!(!options.allows("git"));
        assert!(parse("valid-after=\"20260101\"").unwrap().allows("git"));
    }

    #[test]
    fn times_are_those_of_openssh() {
        let options = parse("valid-after=\"20260101\",VALID-BEFORE=\"202601020304Z\"").unwrap();
        assert_eq!(options.valid_after, Some("2026-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(
            options.valid_before,
            Some("2026-01-02T03:04:00Z".parse().unwrap())
        );
        let east = TimeZone::fixed(jiff::tz::offset(2));
        let options = SignerOptions::parse("valid-after=\"20260101010203\"", &east).unwrap();
        assert_eq!(options.valid_after, Some("2025-12-31T23:02:03Z".parse().unwrap()));
        for wrong in [
            "2026",
            "20261301",
            "20260101T",
            "2026010125",
            "202601012500",
            "",
            "-0260101",
            "20260101Zz",
        ] {
            assert!(
                matches!(
                    parse(&format!("valid-after=\"{wrong}\"")),
                    Err(OptionsError::Time(_))
                ),
                "{wrong}"
            );
        }
    }

    #[test]
    fn wrong_options_are_refused_each_in_its_own_words() {
        use OptionsError as E;
        for (text, wanted) in [
            ("cert-authority", E::CertAuthority),
            ("namespaces=\"a\",cert-authority", E::CertAuthority),
            ("namespaces=a", E::Quote("namespaces")),
            ("namespaces", E::Quote("namespaces")),
            ("namespaces=\"a", E::Quote("namespaces")),
            ("namespaces=\"a\",namespaces=\"b\"", E::Twice("namespaces")),
            ("namespaces=\"a\",", E::End),
            ("namespaces=\"a\"x", E::Unknown("x".to_owned())),
            ("verify-required", E::Unknown("verify-required".to_owned())),
            ("valid-after=\"20260102\",valid-before=\"20260101\"", E::Never),
            (
                "valid-after=\"20260101\",valid-after=\"20260101\"",
                E::Twice("valid-after"),
            ),
        ] {
            assert_eq!(parse(text), Err(wanted), "{text}");
        }
    }
}
