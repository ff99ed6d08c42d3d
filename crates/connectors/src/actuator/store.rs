//! The gate's state on disk: a file for each set of orders and for each point, replaced whole.
//!
//! A file is written beside its place, forced to disk, moved over it, and the folder forced to disk. So at any instant the old file
//! or the new one is there, whole.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use cordon_act::gate::{GateState, PointGate, Registered};
use cordon_act::{PointName, approval};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::limits::STATE_BYTES_MAX;
use super::moment::within_a_moment;

/// The version of the files' shape.
const FORMAT: &str = "cordon-gate/1";

/// The folder, held by this process alone.
pub(super) struct Store {
    folder: PathBuf,
    held: File,
}

/// Why the state cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    /// A file or the folder.
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    /// Another process has it.
    #[error("{}: another cordon-actuator uses this state folder", .0.display())]
    Held(PathBuf),
    /// Others can write to it.
    #[error("{}: the state folder can be used by others: chmod 700 it", .0.display())]
    Open(PathBuf),
    /// Not what was written.
    #[error("{path}: {reason}. It is not used and not replaced: restore it or, if nothing is withdrawn, remove it", path = path.display())]
    Content { path: PathBuf, reason: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<T> {
    format: String,
    name: String,
    content: T,
}

/// Said and not left to the closing of the file: a program that is being started has a copy of every open file for an instant, and a
/// copy would keep the folder held.
impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.held.unlock();
    }
}

impl Store {
    /// Takes the folder, and makes it if it is not there. A process that was killed may hold it for a moment still.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::File {
            path: folder.to_owned(),
            source,
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
        let metadata = std::fs::metadata(folder).map_err(failed)?;
        if metadata.mode() & 0o022 != 0 {
            return Err(StoreError::Open(folder.to_owned()));
        }
        let held = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(folder.join("held"))
            .map_err(failed)?;
        within_a_moment(|| held.try_lock()).map_err(|_| StoreError::Held(folder.to_owned()))?;
        Ok(Self {
            folder: folder.to_owned(),
            held,
        })
    }

    /// Everything that was written. Files that a crash left half-written beside their place are removed.
    pub(super) fn load(&self) -> Result<GateState, StoreError> {
        let mut state = GateState::default();
        let entries = std::fs::read_dir(&self.folder).map_err(|source| self.failed(source))?;
        for entry in entries {
            let path = entry.map_err(|source| self.failed(source))?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if name.ends_with(".new") {
                std::fs::remove_file(&path).map_err(|source| self.failed(source))?;
            } else if name.starts_with("orders-") {
                let (digest, registered): (String, Registered) = read(&path)?;
                verify_orders(&path, &digest, &registered)?;
                state.registered.insert(digest, registered);
            } else if name.starts_with("point-") {
                let (point, gate): (String, PointGate) = read(&path)?;
                state.points.insert(PointName(point), gate);
            } else if name == "finished.json" {
                let (_, finished): (String, BTreeMap<String, Timestamp>) = read(&path)?;
                state.finished = finished;
            }
        }
        Ok(state)
    }

    fn failed(&self, source: io::Error) -> StoreError {
        StoreError::File {
            path: self.folder.clone(),
            source,
        }
    }

    pub(super) fn write_point(&self, point: &PointName, gate: &PointGate) -> Result<(), StoreError> {
        self.write(&format!("point-{}.json", short(&point.0)), &point.0, gate)
    }

    pub(super) fn write_orders(&self, digest: &str, registered: &Registered) -> Result<(), StoreError> {
        self.write(&orders_file(digest), digest, registered)
    }

    pub(super) fn remove_orders(&self, digest: &str) -> Result<(), StoreError> {
        let path = self.folder.join(orders_file(digest));
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(StoreError::File { path, source }),
            _ => Ok(()),
        }
    }

    pub(super) fn write_finished(&self, finished: &BTreeMap<String, Timestamp>) -> Result<(), StoreError> {
        self.write("finished.json", "finished", finished)
    }

    fn write<T: Serialize>(&self, file: &str, name: &str, content: &T) -> Result<(), StoreError> {
        let path = self.folder.join(file);
        self.replace(&path, name, content)
            .map_err(|source| StoreError::File { path, source })
    }

    fn replace<T: Serialize>(&self, path: &Path, name: &str, content: &T) -> io::Result<()> {
        let beside = path.with_extension("new");
        let file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&beside)?;
        let document = Document {
            format: FORMAT.to_owned(),
            name: name.to_owned(),
            content,
        };
        let mut writer = io::BufWriter::new(file);
        serde_json::to_writer(&mut writer, &document)?;
        let mut file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.flush()?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        File::open(&self.folder)?.sync_all()
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<(String, T), StoreError> {
    let failed = |source| StoreError::File {
        path: path.to_owned(),
        source,
    };
    let wrong = |reason: String| StoreError::Content {
        path: path.to_owned(),
        reason,
    };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take(STATE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(failed)?;
    let document: Document<T> = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if document.format != FORMAT {
        return Err(wrong(format!("its format is not {FORMAT}")));
    }
    Ok((document.name, document.content))
}

/// What was approved must still be what is let through.
fn verify_orders(path: &Path, digest: &str, registered: &Registered) -> Result<(), StoreError> {
    let wrong = |reason: String| StoreError::Content {
        path: path.to_owned(),
        reason,
    };
    registered
        .orders
        .validate()
        .map_err(|error| wrong(error.to_string()))?;
    if registered.orders.digest() != digest {
        return Err(wrong("the orders are not those that were approved".to_owned()));
    }
    let approvers = registered
        .approvers
        .iter()
        .filter(|approver| approver.role == approval::Role::Approve);
    if approvers.count() < 2 {
        return Err(wrong("fewer than two people approved".to_owned()));
    }
    Ok(())
}

fn orders_file(digest: &str) -> String {
    format!("orders-{}.json", short(digest))
}

/// A name for a file that any text can have.
fn short(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_half_written_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let store = Store::open(&path).unwrap();
        let gate = PointGate {
            epoch: 7,
            ..PointGate::default()
        };
        store.write_point(&PointName::from("a/../b"), &gate).unwrap();
        std::fs::write(path.join("point-0.new"), "{\"half").unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Held(_))));
        let copy_in_a_program_being_started = store.held.try_clone().unwrap();
        drop(store);
        let store = Store::open(&path).unwrap();
        assert_eq!(store.load().unwrap().points[&PointName::from("a/../b")], gate);
        assert!(!path.join("point-0.new").exists());
        std::fs::write(path.join("point-1.json"), "{\"half").unwrap();
        assert!(matches!(store.load(), Err(StoreError::Content { .. })));
        drop(copy_in_a_program_being_started);
    }

    #[test]
    fn a_folder_that_a_killed_process_held_is_taken_once_the_program_that_it_was_starting_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut killed = Store::open(&path).unwrap();
        // A killed process says nothing: its lock ends with the last copy of the open file.
        let copy_in_a_program_being_started = killed.held.try_clone().unwrap();
        killed.held = File::open(&path).unwrap();
        drop(killed);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(std::time::Duration::from_millis(100));
                drop(copy_in_a_program_being_started);
            });
            Store::open(&path).unwrap();
        });
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(Store::open(folder.path()), Err(StoreError::Open(_))));
    }
}
