//! The file of refusals: a users file of FreeRADIUS (`users(5)`) in which every entry refuses.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use cordon_act::{Mark, PointError, PointErrorKind};

use super::is_plain;

/// Largest file in bytes: some ten thousand refusals.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// With what the words of every refusal of Cordon's begin.
pub(super) const MARK_BEGINS: &str = "cordon:";

fn failed(path: &Path, error: &dyn std::fmt::Display) -> PointError {
    PointError::new(
        PointErrorKind::Config,
        format_args!("the file of refusals {} cannot be used: {error}", path.display()),
    )
}

/// The name as the hook compares it: FreeRADIUS makes ASCII letters small.
fn key(account: &str) -> String {
    account.to_ascii_lowercase()
}

/// The entry that refuses an account.
///
/// FreeRADIUS takes the name between the quotes as it is, without escapes. What could end the quotes or be read as something else than a
/// name (`DEFAULT`, `$INCLUDE`, which it follows even within quotes) is refused.
pub(super) fn entry(account: &str, mark: &Mark) -> Result<String, PointError> {
    let key = key(account);
    let bad = |text| Err(PointError::new(PointErrorKind::Input, text));
    if key == "default" || key.starts_with('$') || key.contains('"') || key.ends_with('\\') {
        return bad("such a name cannot stand in a users file of FreeRADIUS");
    }
    if !is_plain(mark) {
        return bad("the mark must be `cordon:` and letters or digits");
    }
    Ok(format!(
        "\"{key}\"\tAuth-Type := Reject\n\tReply-Message := \"{mark}\"\n"
    ))
}

/// The mark that an entry has.
pub(super) fn mark(entry: &str) -> Option<Mark> {
    let (_, after) = entry.split_once("Reply-Message := \"")?;
    let (words, _) = after.split_once('"')?;
    words.starts_with(MARK_BEGINS).then(|| Mark::from(words))
}

/// The file, held while it is read and changed.
pub(super) struct Refusals {
    path: PathBuf,
    text: String,
    held: File,
}

/// Said and not left to the closing of the file, of which a program that is being started has a copy for a moment.
impl Drop for Refusals {
    fn drop(&mut self) {
        let _ = self.held.unlock();
    }
}

impl Refusals {
    /// Reads the file; nobody else of Cordon changes it meanwhile.
    pub(super) fn open(path: &Path) -> Result<Self, PointError> {
        let held = File::create(path.with_extension("held")).map_err(|error| failed(path, &error))?;
        rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive)
            .map_err(|error| failed(path, &error))?;
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text))
            .map_err(|error| failed(path, &error))?;
        if text.len() as u64 > FILE_BYTES_MAX {
            return Err(failed(path, &"it is too large"));
        }
        Ok(Self {
            path: path.to_owned(),
            text,
            held,
        })
    }

    /// All entries of an account, as they stand.
    pub(super) fn of(&self, account: &str) -> Option<String> {
        let key = key(account);
        let found: String = segments(&self.text)
            .filter(|segment| name(segment) == Some(key.as_str()))
            .collect();
        (!found.is_empty()).then_some(found)
    }

    /// Puts an entry before all others: the first that fits is the one that counts.
    pub(super) fn add(self, entry: &str) -> Result<(), PointError> {
        let text = format!("{entry}{}", self.text);
        self.write(&text)
    }

    /// Takes an account's entries out.
    pub(super) fn remove(self, account: &str) -> Result<(), PointError> {
        let key = key(account);
        let text: String = segments(&self.text)
            .filter(|segment| name(segment) != Some(key.as_str()))
            .collect();
        self.write(&text)
    }

    /// Replaces the file whole, with the rights and owner that it had.
    fn write(&self, text: &str) -> Result<(), PointError> {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        let new = self.path.with_extension("new");
        let make = || {
            let before = std::fs::metadata(&self.path)?;
            let mut file = File::create(&new)?;
            file.set_permissions(before.permissions())?;
            let made = file.metadata()?;
            if (made.uid(), made.gid()) != (before.uid(), before.gid()) {
                fchown(&file, Some(before.uid()), Some(before.gid()))?;
            }
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&new, &self.path)?;
            match self.path.parent() {
                Some(folder) => File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        };
        make().map_err(|error: std::io::Error| failed(&self.path, &error))
    }
}

/// The text cut into entries (a line that begins at its margin, and those below that do not) and other lines.
fn segments(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = 0;
        for (place, line) in rest.split_inclusive('\n').enumerate() {
            let goes_on = line.starts_with([' ', '\t']) && !line.trim().is_empty();
            if place > 0 && !goes_on {
                break;
            }
            end += line.len();
        }
        let (segment, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(segment)
    })
}

/// The name that an entry begins with.
fn name(segment: &str) -> Option<&str> {
    let found = match segment.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?.0,
        None => segment.split_whitespace().next()?,
    };
    let is_entry = !segment.starts_with([' ', '\t', '#', '\n', '\r', '$']);
    is_entry.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refused");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn an_entry_is_put_in_and_taken_out_and_nothing_else_changes() {
        let others = "# ours\n\npat Auth-Type := Reject\n\n\"two words\"  Auth-Type := Reject\n  Reply-Message := \"x\"\n$INCLUDE more";
        let (_folder, path) = file(others);
        let open = || Refusals::open(&path).unwrap();
        assert_eq!(open().of("alice"), None);
        assert_eq!(open().of("PAT").as_deref(), Some("pat Auth-Type := Reject\n"));
        assert!(open().of("two words").unwrap().contains("Reply-Message"));
        let mark = Mark::from("cordon:0123");
        let entry = entry("Alice", &mark).unwrap();
        open().add(&entry).unwrap();
        assert_eq!(open().of("alice"), Some(entry.clone()));
        assert_eq!(super::mark(&entry), Some(mark));
        open().remove("alice").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), others);
    }

    #[test]
    fn what_could_be_read_as_something_else_than_a_name_is_refused() {
        let mark = Mark::from("cordon:0123");
        for bad in ["DEFAULT", "Default", "$INCLUDE", "a\"b", "a\\"] {
            assert_eq!(
                entry(bad, &mark).unwrap_err().kind,
                PointErrorKind::Input,
                "{bad}"
            );
        }
        assert!(entry("o'neil", &mark).is_ok() && entry("corp\\pat", &mark).is_ok());
        assert!(entry("pat", &Mark::from("cordon:\"\n")).is_err());
    }
}
