//! The file and its folder: who may read and write them.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{Access, access};

use crate::error::{FailureKind, StoreError};

/// Others may write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Only the owner of a file may replace it in the folder, though others may write to the folder.
const STICKY: u32 = 0o1000;

/// Makes the folder (mode 0700) and the file (mode 0600) if they are not there, and refuses a place where others could change
/// the record.
pub(super) fn prepare(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    if !folder.exists() {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(folder)
            .map_err(|error| cannot("make the folder", folder, &error))?;
    }
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        // The mask of the process may have taken away what the owner needs.
        Ok(file) => file
            .set_permissions(Permissions::from_mode(0o600))
            .map_err(|error| cannot("make", path, &error))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_writable(path)?,
        Err(error) => return Err(cannot("make", path, &error)),
    }
    check(path)
}

/// Finds out from the operating system, whose words are clearer than SQLite's, whether the file may be written. Asks without opening
/// it: whoever closes a file gives up the locks that other stores of this process hold on it.
fn check_writable(path: &Path) -> Result<(), StoreError> {
    if path.is_file() {
        access(path, Access::WRITE_OK).map_err(|error| cannot("write", path, &error.into()))?;
    }
    Ok(())
}

/// Refuses a file that is not there, is none, or could be changed by others.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    let metadata = std::fs::metadata(path).map_err(|error| cannot("open", path, &error))?;
    if !metadata.is_file() {
        let what = format!("{} is not a file", path.display());
        return Err(StoreError::failed(FailureKind::Foreign, what));
    }
    let folder = folder_of(path);
    let above = std::fs::metadata(folder).map_err(|error| cannot("open", folder, &error))?;
    if metadata.mode() & WRITABLE_BY_OTHERS != 0 {
        return Err(insecure(path, "chmod 600"));
    }
    if above.mode() & WRITABLE_BY_OTHERS != 0 && above.mode() & STICKY == 0 {
        return Err(insecure(folder, "chmod 700"));
    }
    Ok(())
}

/// True if SQLite's write-ahead log beside the file holds anything.
pub(super) fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|metadata| metadata.len() > 0)
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

fn insecure(path: &Path, command: &str) -> StoreError {
    StoreError::failed(
        FailureKind::Insecure,
        format!("others may write to {0} ({command} {0})", path.display()),
    )
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> StoreError {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => FailureKind::Absent,
        io::ErrorKind::PermissionDenied => FailureKind::Denied,
        io::ErrorKind::ReadOnlyFilesystem => FailureKind::ReadOnly,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FailureKind::Full,
        _ => FailureKind::Other,
    };
    StoreError::failed(kind, format!("cannot {what} {}: {error}", path.display()))
}
