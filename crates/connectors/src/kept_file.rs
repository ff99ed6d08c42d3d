//! A small text file that a server reads at its start: read bounded, replaced by rename only, changed by one writer at a time.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cordon_act::{PointError, PointErrorKind};

use crate::deadline::Deadline;

/// Largest file in bytes. Cordon's own files have a line per withdrawal; this is tens of thousands of them.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// How long to wait before the next try to be the only writer.
const NEXT_TRY: Duration = Duration::from_millis(20);

/// A text file that is replaced as a whole.
#[derive(Clone, Debug)]
pub(crate) struct KeptFile(PathBuf);

/// While it lives, no other process changes files in the folder by this module.
#[derive(Debug)]
pub(crate) struct OnlyWriter(File);

/// Said and not left to the closing of the file, of which a program that is being started has a copy for a moment.
impl Drop for OnlyWriter {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

fn config(text: impl std::fmt::Display) -> PointError {
    PointError::new(PointErrorKind::Config, text)
}

impl KeptFile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    fn folder(&self) -> Result<&Path, PointError> {
        self.0
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .ok_or_else(|| config(format!("{} is not a whole path", self.0.display())))
    }

    /// Waits to be the only writer in the file's folder: `flock(2)` on the folder.
    ///
    /// # Errors
    /// `Target` if another writer holds on until the deadline; `Config` if there is no such folder.
    pub(crate) fn only_writer(&self, deadline: Deadline) -> Result<OnlyWriter, PointError> {
        let folder = self.folder()?;
        let file = File::open(folder)
            .map_err(|error| config(format!("cannot open {}: {error}", folder.display())))?;
        while rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_err() {
            if !deadline.pause(NEXT_TRY) {
                return Err(PointError::new(
                    PointErrorKind::Target,
                    format!("another process is changing files in {}", folder.display()),
                ));
            }
        }
        Ok(OnlyWriter(file))
    }

    /// The whole text.
    ///
    /// # Errors
    /// `Config` if it is missing, too large, not text, or may not be read.
    pub(crate) fn read(&self) -> Result<String, PointError> {
        let failed = |error| config(format!("cannot read {}: {error}", self.0.display()));
        let mut text = String::new();
        let read = File::open(&self.0)
            .map_err(failed)?
            .take(FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .map_err(failed)?;
        if read as u64 > FILE_BYTES_MAX {
            return Err(config(format!(
                "{} is larger than {FILE_BYTES_MAX} bytes",
                self.0.display()
            )));
        }
        Ok(text)
    }

    /// Puts a new text in the place of the old: whoever opens the file sees the one or the other, also after a power cut. Owner and
    /// mode stay.
    ///
    /// # Errors
    /// `Denied` or `Target` if it cannot be written; then the old text stands.
    pub(crate) fn replace(&self, text: &str) -> Result<(), PointError> {
        self.put(text, None)
    }

    /// Puts back a text that had been replaced, with the time at which it had been written: whoever asks later whether the file was
    /// changed since then is told no.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub(crate) fn put_back(&self, text: &str, written: SystemTime) -> Result<(), PointError> {
        self.put(text, Some(written))
    }

    /// When it was last written.
    ///
    /// # Errors
    /// `Config` if it is missing.
    pub(crate) fn written(&self) -> Result<SystemTime, PointError> {
        std::fs::metadata(&self.0)
            .and_then(|metadata| metadata.modified())
            .map_err(|error| config(format!("cannot read {}: {error}", self.0.display())))
    }

    fn put(&self, text: &str, written: Option<SystemTime>) -> Result<(), PointError> {
        self.replace_durably(text, written).map_err(|error| {
            let kind = match error.kind() {
                std::io::ErrorKind::PermissionDenied => PointErrorKind::Denied,
                _ => PointErrorKind::Target,
            };
            PointError::new(kind, format!("cannot replace {}: {error}", self.0.display()))
        })
    }

    fn replace_durably(&self, text: &str, written: Option<SystemTime>) -> std::io::Result<()> {
        let old = std::fs::metadata(&self.0)?;
        let mut name = self.0.clone().into_os_string();
        name.push(".new");
        let new = PathBuf::from(name);
        // Left by a crash between the next line and the rename: never read by a server, so it may go.
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        if (old.uid(), old.gid())
            != (
                rustix::process::geteuid().as_raw(),
                rustix::process::getegid().as_raw(),
            )
        {
            std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()))?;
        }
        file.set_permissions(old.permissions())?;
        if let Some(written) = written {
            file.set_modified(written)?;
        }
        file.sync_all()?;
        std::fs::rename(&new, &self.0)?;
        self.folder()
            .map_err(std::io::Error::other)
            .and_then(File::open)?
            .sync_all()
    }
}

/// A text with one more line at its end. A text without a line end at its end stays without.
pub(crate) fn with_line(text: &str, line: &str) -> String {
    if text.is_empty() || text.ends_with('\n') {
        format!("{text}{line}\n")
    } else {
        format!("{text}\n{line}")
    }
}

/// A text in which `change` says of each line what takes its place: nothing, or another line.
pub(crate) fn map_lines(text: &str, mut change: impl FnMut(&str) -> Option<String>) -> String {
    let ends_line = text.is_empty() || text.ends_with('\n');
    let lines: Vec<String> = text.lines().filter_map(&mut change).collect();
    let mut changed = lines.join("\n");
    if ends_line && !lines.is_empty() {
        changed.push('\n');
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_added_and_taken_leaves_every_byte() {
        for text in ["", "a\n", "a", "\n", "# c\n\nb c\n", "a\n\n"] {
            let with = with_line(text, "new line");
            assert_ne!(with, text);
            let without = map_lines(&with, |line| (line != "new line").then(|| line.to_owned()));
            assert_eq!(without, text, "{text:?} became {without:?}");
        }
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_leaves_nothing_beside_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = KeptFile::new(folder.path().join("kept"));
        assert_eq!(file.read().unwrap_err().kind, PointErrorKind::Config);
        std::fs::write(file.path(), "old").unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
        std::fs::write(folder.path().join("kept.new"), "left by a crash").unwrap();
        file.replace("new").unwrap();
        assert_eq!(file.read().unwrap(), "new");
        assert_eq!(std::fs::metadata(file.path()).unwrap().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let written = file.written().unwrap() - Duration::from_secs(60);
        file.put_back("old", written).unwrap();
        assert_eq!(
            (file.read().unwrap().as_str(), file.written().unwrap()),
            ("old", written)
        );
    }

    #[test]
    fn a_second_writer_waits_until_its_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeptFile::new(folder.path().join("kept"));
        let soon = || Deadline::after(Duration::from_millis(100));
        let first = file.only_writer(soon()).unwrap();
        assert_eq!(file.only_writer(soon()).unwrap_err().kind, PointErrorKind::Target);
        let copy_in_a_program_being_started = first.0.try_clone().unwrap();
        drop(first);
        file.only_writer(soon()).unwrap();
        drop(copy_in_a_program_being_started);
    }

    #[test]
    fn a_file_that_is_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeptFile::new(folder.path().join("kept"));
        std::fs::write(file.path(), vec![b'a'; 1024 * 1024 + 1]).unwrap();
        assert_eq!(file.read().unwrap_err().kind, PointErrorKind::Config);
    }
}
