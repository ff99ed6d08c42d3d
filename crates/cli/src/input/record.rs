//! Where the record is kept, and opening it.

use std::path::{Path, PathBuf};

use clap::Args;
use cordon_store::{FailureKind, Store, StoreError, file_in, open, open_to_read, shown};

use crate::failure::Failure;

/// The state directory of a service that runs as root.
const STATE_OF_ROOT: &str = "/var/lib/cordon";

/// Where the record is kept.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The state directory, in which the record is an SQLite file [default: $CORDON_STATE, else /var/lib/cordon for
    /// root, $XDG_STATE_HOME/cordon or ~/.local/state/cordon for others]
    #[arg(long, value_name = "DIR", conflicts_with = "database")]
    pub(crate) state: Option<PathBuf>,
    /// The PostgreSQL database of the record, as postgres://USER@HOST/NAME, on another machine with
    /// ?sslmode=verify-full&sslrootcert=FILE [default: $CORDON_DATABASE, which other users cannot see]
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
}

impl Place {
    /// The record in this state directory.
    pub(crate) fn of_state(state: &Path) -> Self {
        Self {
            state: Some(state.to_owned()),
            database: None,
        }
    }

    /// Where it is, without a password.
    pub(crate) fn shown(&self) -> Result<String, Failure> {
        Ok(shown(&self.location()?))
    }

    /// Opens it to read.
    pub(crate) fn open_to_read(&self) -> Result<Box<dyn Store>, Failure> {
        open_to_read(&self.location()?).map_err(|error| failure(&error))
    }

    /// Opens it to write. Like all commands that only look after a record, it makes none.
    pub(crate) fn open(&self) -> Result<Box<dyn Store>, Failure> {
        drop(self.open_to_read()?);
        open(&self.location()?).map_err(|error| failure(&error))
    }

    /// A state directory on the command line outweighs a database in the environment.
    fn database_of_environment(&self) -> Option<String> {
        let named = self
            .state
            .is_none()
            .then(|| variable("CORDON_DATABASE"))
            .flatten();
        named.and_then(|url| url.into_string().ok())
    }

    /// Opens it to write, and makes it if there is none: for commands that carry something out.
    pub(crate) fn open_or_make(&self) -> Result<Box<dyn Store>, Failure> {
        open(&self.location()?).map_err(|error| failure(&error))
    }

    fn location(&self) -> Result<String, Failure> {
        if let Some(url) = self.database.clone().or_else(|| self.database_of_environment()) {
            return Ok(url);
        }
        let state = self.state.clone().map_or_else(default_state, Ok)?;
        file_in(&state).into_os_string().into_string().map_err(|path| {
            Failure::input(format!(
                "the path {} is not text\nName another state directory.",
                Path::new(&path).display()
            ))
        })
    }
}

/// What a variable of the environment says, if it says anything.
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The state directory where none is named.
fn default_state() -> Result<PathBuf, Failure> {
    let folder = |name: &str| variable(name).map(PathBuf::from);
    if let Some(state) = folder("CORDON_STATE") {
        return Ok(state);
    }
    if is_root() {
        return Ok(PathBuf::from(STATE_OF_ROOT));
    }
    // The XDG base directory specification has relative paths ignored.
    folder("XDG_STATE_HOME")
        .filter(|path| path.is_absolute())
        .map(|state| state.join("cordon"))
        .or_else(|| folder("HOME").map(|home| home.join(".local/state/cordon")))
        .ok_or_else(|| {
            Failure::input("there is no home folder to look for the record in\nName it with --state DIR.")
        })
}

/// True if this process belongs to root, by the owner of what the kernel shows of it.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

/// What an error of the store means for whoever typed the command.
pub(crate) fn failure(error: &StoreError) -> Failure {
    match error {
        StoreError::Input(_) | StoreError::Draft(_) | StoreError::Checkpoint(_) => {
            Failure::Input(error.to_string())
        }
        other => match other.failure() {
            Some(FailureKind::Absent | FailureKind::Foreign | FailureKind::Location) => {
                Failure::Input(error.to_string())
            }
            _ => Failure::Store(error.to_string()),
        },
    }
}
