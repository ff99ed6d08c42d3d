//! Python programs with pinned packages, in environments that are made once and kept outside the project.

use std::hash::{Hash as _, Hasher as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::missing_program;

/// How long nobody tries again to install what could not be installed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(600);

/// Variables of the environment that would change what a program does: where modules are, whom it trusts, by whom it goes.
const FROM_OUTSIDE: [&str; 11] = [
    "PYTHONPATH",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
];

/// Held while a server in Python starts: starting is all work, and several at once would only make each other late.
static STARTING: Mutex<()> = Mutex::new(());

/// Waits for its turn to start a server in Python, which ends when this is dropped.
pub(crate) fn turn_to_start() -> MutexGuard<'static, ()> {
    STARTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A Python environment with pinned packages. It lies in the folder that `CORDON_TEST_CACHE` names, or in one below the system's folder
/// for temporary files; it is made under a lock, so that tests that run at once wait for each other.
#[derive(Clone, Debug)]
pub struct Python {
    folder: PathBuf,
}

impl Python {
    /// The environment with the packages listed in `requirements` (lines `name==version`, everything named).
    ///
    /// # Errors
    /// Why it cannot be had, for [`crate::skip`]: no Python, no network, no such package.
    pub fn with(name: &str, requirements: &str) -> Result<Self, String> {
        if let Some(program) = missing_program(&["python3"]) {
            return Err(format!("{program} is not installed"));
        }
        let mut hasher = std::hash::DefaultHasher::new();
        requirements.hash(&mut hasher);
        let folder = cache()?.join(format!("{name}-{:016x}", hasher.finish()));
        let python = Self { folder };
        once(&python.folder, |folder| install(folder, requirements))?;
        Ok(python)
    }

    /// The interpreter.
    #[must_use]
    pub fn interpreter(&self) -> Command {
        self.program("python")
    }

    /// A program that a package brought.
    #[must_use]
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join("bin").join(name));
        for name in FROM_OUTSIDE {
            command.env_remove(name);
        }
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1");
        command
    }

    /// A folder beside the environment that `make` fills once, under the same kind of lock.
    ///
    /// # Errors
    /// What `make` says.
    pub fn prepared(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<PathBuf, String> {
        let folder = self.folder.with_extension(name);
        once(&folder, make)?;
        Ok(folder)
    }
}

/// The folder of what is kept between runs, open to this user alone.
fn cache() -> Result<PathBuf, String> {
    let user = rustix::process::geteuid();
    let folder = std::env::var_os("CORDON_TEST_CACHE").map_or_else(
        || std::env::temp_dir().join(format!("cordon-test-cache-{}", user.as_raw())),
        PathBuf::from,
    );
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let metadata = std::fs::symlink_metadata(&folder).map_err(|error| error.to_string())?;
    if !metadata.is_dir() || metadata.uid() != user.as_raw() {
        return Err(format!("{} is not a folder of this user", folder.display()));
    }
    Ok(folder)
}

/// Makes a folder once: whoever comes meanwhile waits; what was begun and not finished is begun again.
fn once(folder: &Path, make: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let done = folder.join("made");
    let failed = folder.with_extension("failed");
    let lock = std::fs::File::create(folder.with_extension("lock")).map_err(|error| error.to_string())?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).map_err(|error| error.to_string())?;
    if done.is_file() {
        return Ok(());
    }
    if recent(&failed) {
        return Err(std::fs::read_to_string(&failed).unwrap_or_default());
    }
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    match make(folder) {
        Ok(()) => {
            let _ = std::fs::remove_file(&failed);
            std::fs::write(done, "").map_err(|error| error.to_string())
        }
        Err(reason) => {
            let _ = std::fs::write(&failed, &reason);
            Err(reason)
        }
    }
}

fn recent(file: &Path) -> bool {
    std::fs::metadata(file)
        .and_then(|metadata| metadata.modified())
        .is_ok_and(|at| at.elapsed().is_ok_and(|age| age < PAUSE_AFTER_FAILURE))
}

fn install(folder: &Path, requirements: &str) -> Result<(), String> {
    let list = folder.with_extension("requirements");
    std::fs::write(&list, requirements).map_err(|error| error.to_string())?;
    finish(crate::command("python3").args(["-m", "venv"]).arg(folder))?;
    finish(
        Command::new(folder.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-input",
                "--no-deps",
                "--retries",
                "1",
                "--requirement",
            ])
            .arg(&list),
    )
}

/// Runs a command to its end; its last words if it fails.
pub(crate) fn finish(command: &mut Command) -> Result<(), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let last: Vec<&str> = said
        .lines()
        .rev()
        .filter(|line| !line.trim().is_empty())
        .take(3)
        .collect();
    Err(format!(
        "{} ended with {}: {}",
        command.get_program().to_string_lossy(),
        output.status,
        last.join(" / ")
    ))
}
