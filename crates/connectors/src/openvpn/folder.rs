//! The client configuration folder (`client-config-dir`): read with bounds, changed one whole file at a time.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use cordon_act::{PointError, PointErrorKind};

use super::file::ClientFile;

/// The file that OpenVPN reads for a client without one of its own.
pub(crate) const DEFAULT: &str = "DEFAULT";

/// The name under which a file is written before it takes its place. One that a crash left behind is written over.
pub(crate) const WRITTEN_ASIDE: &str = ".cordon.new";

/// Largest file that is read, in bytes. A client has some lines of pushed routes.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Most files in the folder. A large company has some ten thousand clients.
const FILES_MAX: usize = 50_000;

/// The folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at a path.
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The names of all files, sorted.
    ///
    /// # Errors
    /// [`PointError`] if they cannot be listed.
    pub(crate) fn names(&self) -> Result<Vec<OsString>, PointError> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(|error| self.failed(OsStr::new("."), &error))? {
            let name = entry
                .map_err(|error| self.failed(OsStr::new("."), &error))?
                .file_name();
            if name == WRITTEN_ASIDE {
                continue;
            }
            if names.len() == FILES_MAX {
                return Err(PointError::new(
                    PointErrorKind::Target,
                    format!("there are more than {FILES_MAX} files in {}", self.path.display()),
                ));
            }
            names.push(name);
        }
        names.sort();
        Ok(names)
    }

    /// One file, if there is one.
    ///
    /// # Errors
    /// [`PointError`] if it cannot be read, is too large or is no ordinary file.
    pub(crate) fn read(&self, name: &OsStr) -> Result<Option<ClientFile>, PointError> {
        let Some(metadata) = self.metadata(name)? else {
            return Ok(None);
        };
        if metadata.len() > FILE_BYTES_MAX {
            return Err(self.odd(name, "is too large"));
        }
        let mut bytes = Vec::new();
        File::open(self.path.join(name))
            .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
            .map_err(|error| self.failed(name, &error))?;
        Ok(Some(ClientFile::read(&bytes)))
    }

    /// Writes a file, or removes it if there is nothing left of it. A reader sees the old file or the new one, never a part.
    ///
    /// # Errors
    /// [`PointError`]; the file is then as it was.
    pub(crate) fn write(&self, name: &OsStr, file: &ClientFile) -> Result<(), PointError> {
        let before = self.metadata(name)?;
        match file.write() {
            Some(bytes) => self.replace(name, &bytes, before.as_ref()),
            None if before.is_some() => std::fs::remove_file(self.path.join(name)),
            None => Ok(()),
        }
        .and_then(|()| File::open(&self.path)?.sync_all())
        .map_err(|error| self.failed(name, &error))
    }

    /// Writes aside with the owner and mode of the file that was, then renames.
    fn replace(&self, name: &OsStr, bytes: &[u8], before: Option<&Metadata>) -> std::io::Result<()> {
        let aside = self.path.join(WRITTEN_ASIDE);
        match std::fs::remove_file(&aside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mode = before.map_or(0o644, |metadata| metadata.mode() & 0o7777);
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&aside)?;
        file.write_all(bytes)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        if let Some(before) = before {
            let now = file.metadata()?;
            if (before.uid(), before.gid()) != (now.uid(), now.gid()) {
                std::os::unix::fs::chown(&aside, Some(before.uid()), Some(before.gid()))?;
            }
        }
        file.sync_all()?;
        std::fs::rename(&aside, self.path.join(name))
    }

    fn metadata(&self, name: &OsStr) -> Result<Option<Metadata>, PointError> {
        match std::fs::symlink_metadata(self.path.join(name)) {
            Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
            Ok(_) => Err(self.odd(name, "is no ordinary file")),
            Err(error) if error.kind() == ErrorKind::NotFound && self.path.is_dir() => Ok(None),
            Err(error) => Err(self.failed(name, &error)),
        }
    }

    fn odd(&self, name: &OsStr, what: &str) -> PointError {
        let place = self.path.join(name);
        PointError::new(PointErrorKind::Target, format!("{} {what}", place.display()))
    }

    fn failed(&self, name: &OsStr, error: &std::io::Error) -> PointError {
        let kind = match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => PointErrorKind::Denied,
            ErrorKind::NotFound => PointErrorKind::Config,
            _ => PointErrorKind::Target,
        };
        let place = Path::new(&self.path).join(name);
        PointError::new(kind, format!("{}: {error}", place.display()))
    }
}
