//! The file of allowed signers, in OpenSSH's format: ssh-keygen(1), ALLOWED SIGNERS.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, PublicKey};

use super::limits::{
    ALLOWED_SIGNERS_BYTES_MAX, MISTAKES_MAX, PRINCIPALS_PER_LINE_MAX, SIGNER_LINE_BYTES_MAX,
};
use super::{SignerOptions, signature};

/// Who may sign, in which roles, when.
#[derive(Clone, Debug, Default)]
pub struct AllowedSigners {
    /// The lines that can be used.
    pub signers: Vec<Signer>,
    /// The lines that OpenSSH would use and Cordon does not, and why. Not mistakes: the file may serve other programs too.
    pub notes: Vec<SignerNote>,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Signer {
    /// Which, from 1.
    pub line: usize,
    /// Who it is: the first name of all lines that share a name with this one.
    pub person: String,
    /// The names of this line.
    pub principals: Vec<String>,
    /// In which roles, when.
    pub options: SignerOptions,
    /// The key.
    pub key: PublicKey,
    /// The key, as `SHA256:` and the fingerprint.
    pub fingerprint: String,
}

/// Why a line is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerNote {
    /// Which, from 1.
    pub line: usize,
    /// Why.
    pub text: String,
}

/// A mistake in the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct SignersError {
    /// Which line, from 1; 0 is the whole file.
    pub line: usize,
    /// What is wrong.
    pub text: String,
}

impl AllowedSigners {
    /// The people who may sign in a role at an instant.
    #[must_use]
    pub fn people(&self, role: super::Role, now: jiff::Timestamp) -> std::collections::BTreeSet<String> {
        let valid = |signer: &&Signer| {
            let options = &signer.options;
            options.allows(role.namespace())
                && options.valid_after.is_none_or(|from| from <= now)
                && options.valid_before.is_none_or(|until| now <= until)
        };
        self.signers
            .iter()
            .filter(valid)
            .map(|signer| signer.person.clone())
            .collect()
    }

    /// Reads the file; times without `Z` are in `zone`, which is the machine's with OpenSSH.
    ///
    /// # Errors
    /// Every mistake, at most 100.
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self, Vec<SignersError>> {
        if text.len() > ALLOWED_SIGNERS_BYTES_MAX {
            let text =
                format!("the list of allowed signers is longer than {ALLOWED_SIGNERS_BYTES_MAX} bytes");
            return Err(vec![SignersError { line: 0, text }]);
        }
        let mut found = Self::default();
        let mut mistakes = Vec::new();
        for (place, line) in text.lines().enumerate() {
            let number = place + 1;
            match read_line(line, number, zone) {
                Ok(Line::Empty) => {}
                Ok(Line::Signer(signer)) => found.signers.push(*signer),
                Ok(Line::Unused(text)) => found.notes.push(SignerNote { line: number, text }),
                Err(text) => mistakes.push(SignersError { line: number, text }),
            }
            if mistakes.len() >= MISTAKES_MAX {
                break;
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        name_people(&mut found.signers);
        Ok(found)
    }

    /// The lines with this key.
    pub fn of_key<'a>(&'a self, key: &'a KeyData) -> impl Iterator<Item = &'a Signer> {
        self.signers
            .iter()
            .filter(move |signer| signer.key.key_data() == key)
    }
}

enum Line {
    Empty,
    Signer(Box<Signer>),
    Unused(String),
}

fn read_line(line: &str, number: usize, zone: &TimeZone) -> Result<Line, String> {
    if line.len() > SIGNER_LINE_BYTES_MAX {
        return Err(format!("longer than {SIGNER_LINE_BYTES_MAX} bytes"));
    }
    let line = line.trim_matches(is_blank);
    if line.is_empty() || line.starts_with('#') {
        return Ok(Line::Empty);
    }
    if line
        .chars()
        .any(|character| character.is_control() && character != '\t')
    {
        return Err("control characters".to_owned());
    }
    let (names, rest) = names(line)?;
    let (options, key_text) = if starts_with_key(rest) {
        (SignerOptions::default(), rest)
    } else {
        let (options, key_text) = split_options(rest)?;
        (
            SignerOptions::parse(options, zone).map_err(|error| error.to_string())?,
            key_text,
        )
    };
    let key = match read_key(key_text)? {
        Ok(key) => key,
        Err(unused) => return Ok(Line::Unused(unused)),
    };
    let principals = match principals(names)? {
        Ok(principals) => principals,
        Err(unused) => return Ok(Line::Unused(unused)),
    };
    Ok(Line::Signer(Box::new(Signer {
        line: number,
        person: principals.first().cloned().unwrap_or_default(),
        principals,
        options,
        fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
        key,
    })))
}

const fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// The first word, which may stand in double quotes, and what follows.
fn names(line: &str) -> Result<(&str, &str), String> {
    let split = match line.strip_prefix('"') {
        Some(inside) => inside
            .split_once('"')
            .ok_or("the quotes around the names are not closed")?,
        None => line.split_once(is_blank).unwrap_or((line, "")),
    };
    let rest = split.1.trim_start_matches(is_blank);
    if split.0.is_empty() || rest.is_empty() {
        return Err("a line has names, then options if any, then a key".to_owned());
    }
    Ok((split.0, rest))
}

/// True if what follows is a key and no options: the name of a kind of key, then a blank.
fn starts_with_key(text: &str) -> bool {
    let word = text.split(is_blank).next().unwrap_or_default();
    let kind = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"]
        .iter()
        .any(|start| word.starts_with(start));
    kind && !word.contains(['=', ',', '"'])
}

/// Options end at the first blank outside quotes.
fn split_options(text: &str) -> Result<(&str, &str), String> {
    let (mut quoted, mut escaped) = (false, false);
    for (place, character) in text.char_indices() {
        match character {
            '"' if !escaped => quoted = !quoted,
            blank if is_blank(blank) && !quoted => {
                let (options, key) = text.split_at(place);
                return Ok((options, key.trim_start_matches(is_blank)));
            }
            _ => {}
        }
        escaped = character == '\\' && !escaped;
    }
    Err(if quoted {
        "the quotes of an option are not closed"
    } else {
        "the key is missing"
    }
    .to_owned())
}

/// The key, or why it is of no use here.
fn read_key(text: &str) -> Result<Result<PublicKey, String>, String> {
    let mut words = text.split(is_blank).filter(|word| !word.is_empty());
    let (kind, data) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if kind.contains("-cert-v01@") {
        return Ok(Err("a certificate: list the key itself".to_owned()));
    }
    let key = PublicKey::from_openssh(&format!("{kind} {data}")).map_err(|_| {
        "the key cannot be read: a kind such as ssh-ed25519, then the key in Base64".to_owned()
    })?;
    if signature::is_supported(key.key_data()) {
        Ok(Ok(key))
    } else {
        Ok(Err(format!(
            "{kind} keys are not supported: use an Ed25519 key, an ECDSA P-256 key or a hardware (sk) key"
        )))
    }
}

/// The names of a line, or why they name nobody.
fn principals(names: &str) -> Result<Result<Vec<String>, String>, String> {
    let names: Vec<String> = names.split(',').map(str::to_owned).collect();
    if names.iter().any(String::is_empty) {
        return Err("an empty name".to_owned());
    }
    if names.len() > PRINCIPALS_PER_LINE_MAX {
        return Err(format!("more than {PRINCIPALS_PER_LINE_MAX} names"));
    }
    if let Some(pattern) = names.iter().find(|name| name.contains(['*', '?', '!'])) {
        return Ok(Err(format!("{pattern} is a pattern and names no one person")));
    }
    Ok(Ok(names))
}

/// Lines that share a name are the same person's, through other lines too. Upper and lower case make no two people.
fn name_people(signers: &mut [Signer]) {
    let mut lines_of: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, signer) in signers.iter().enumerate() {
        for name in &signer.principals {
            lines_of.entry(name.to_lowercase()).or_default().push(place);
        }
    }
    let mut named = vec![false; signers.len()];
    for start in 0..signers.len() {
        let Some(person) = signers.get(start).map(|signer| signer.person.clone()) else {
            continue;
        };
        let mut waiting = vec![start];
        while let Some(place) = waiting.pop() {
            let (Some(done), Some(signer)) = (named.get_mut(place), signers.get_mut(place)) else {
                continue;
            };
            if std::mem::replace(done, true) {
                continue;
            }
            signer.person.clone_from(&person);
            for name in &signer.principals {
                // Taken, so that each name is followed once.
                waiting.extend(lines_of.remove(&name.to_lowercase()).unwrap_or_default());
            }
        }
    }
}
