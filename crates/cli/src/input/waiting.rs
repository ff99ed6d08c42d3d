//! What people say of accounts and systems whose names may become known only as logs are read.

use cordon_estate::names::Directory;
use cordon_estate::{Entity, Estate};

use super::entity;
use crate::failure::Failure;

/// What somebody says of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// The intruder holds it.
    Held,
    /// The intruder does not hold it.
    Clean,
    /// It may stay in reach.
    GivenUp,
}

/// One word, by the name that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    name: String,
    word: Word,
    told: bool,
}

/// Words that wait until what they are said of is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    said: Vec<Said>,
    /// How many names were known when the words were last looked at.
    known: Option<usize>,
}

impl Waiting {
    /// The words of `--pin` and `--give-up`.
    pub(crate) fn new(pins: &[String], give_up: &[String]) -> Result<Self, Failure> {
        let said = |(word, name): (Word, &str)| Said {
            name: name.to_owned(),
            word,
            told: false,
        };
        let pins = pins.iter().map(|words| pin(words).map(said));
        let given_up = give_up.iter().map(|name| Ok(said((Word::GivenUp, name))));
        // What may stay in reach is told first: a foothold makes a plan.
        Ok(Self {
            said: given_up.chain(pins).collect::<Result<_, Failure>>()?,
            known: None,
        })
    }

    /// The words whose names have become known since the last call.
    pub(crate) fn ready(&mut self, estate: &Estate, directory: &Directory) -> Vec<(Entity, Word)> {
        if self.said.iter().all(|said| said.told) {
            return Vec::new();
        }
        let known =
            directory.accounts().len() + directory.systems().len() + estate.groups.len() + estate.zones.len();
        if self.known == Some(known) {
            return Vec::new();
        }
        self.known = Some(known);
        let mut ready = Vec::new();
        for said in self.said.iter_mut().filter(|said| !said.told) {
            if let [only] = entity::called(estate, directory, &said.name).as_slice() {
                said.told = true;
                ready.push((*only, said.word));
            }
        }
        ready
    }

    /// Ends the waiting: a name that nothing has, or several things have, was written wrongly.
    pub(crate) fn finish(&self, estate: &Estate, directory: &Directory) -> Result<(), Failure> {
        for said in &self.said {
            entity::find(estate, directory, &said.name)?;
        }
        Ok(())
    }
}

/// `held=account:pat` in parts.
pub(crate) fn pin(words: &str) -> Result<(Word, &str), Failure> {
    match words.split_once('=') {
        Some(("held", name)) => Ok((Word::Held, name)),
        Some(("clean", name)) => Ok((Word::Clean, name)),
        _ => Err(Failure::input(format!(
            "--pin {words}: write held=ID or clean=ID, as in held=account:pat"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_says_held_or_clean() {
        assert_eq!(pin("held=account:pat").unwrap(), (Word::Held, "account:pat"));
        assert_eq!(pin("clean=a=b").unwrap(), (Word::Clean, "a=b"));
        assert!(pin("account:pat").is_err());
    }

    #[test]
    fn a_word_waits_for_its_name_and_is_said_once() {
        let mut waiting = Waiting::new(&["held=pat".to_owned()], &[]).unwrap();
        let nobody = Estate::default();
        let mut directory = Directory::from_estate(&nobody);
        assert!(waiting.ready(&nobody, &directory).is_empty());
        assert!(waiting.finish(&nobody, &directory).is_err());
        directory.account(&cordon_estate::activity::AccountName {
            name: Some("pat"),
            ..Default::default()
        });
        let ready = waiting.ready(&nobody, &directory);
        assert!(matches!(ready.as_slice(), [(Entity::Account(_), Word::Held)]));
        assert!(waiting.ready(&nobody, &directory).is_empty());
        assert!(waiting.finish(&nobody, &directory).is_ok());
    }
}
