//! The running sshd: its listener, whether it runs with what is on disk, and its reload.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cordon_act::{PointError, PointErrorKind};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::program;
use crate::deadline::Deadline;

/// How often to look whether it has been reloaded.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Where sshd, its configuration and the file with its process id are.
#[derive(Clone, Debug)]
pub(super) struct Daemon {
    pub(super) program: PathBuf,
    pub(super) configuration: PathBuf,
    pub(super) pid_file: PathBuf,
}

fn error(kind: PointErrorKind, text: impl std::fmt::Display) -> PointError {
    PointError::new(kind, text)
}

impl Daemon {
    /// The process id of the listener.
    ///
    /// # Errors
    /// `Target` if sshd is not running.
    pub(super) fn listener(&self) -> Result<i32, PointError> {
        let not_running = |why: &dyn std::fmt::Display| {
            error(
                PointErrorKind::Target,
                format!("sshd does not run, says {}: {why}", self.pid_file.display()),
            )
        };
        let text = std::fs::read_to_string(&self.pid_file).map_err(|error| not_running(&error))?;
        let id: i32 = text.trim().parse().map_err(|error| not_running(&error))?;
        let name =
            std::fs::read_to_string(format!("/proc/{id}/comm")).map_err(|error| not_running(&error))?;
        if name.trim() != "sshd" {
            return Err(not_running(&"it names another program"));
        }
        Ok(id)
    }

    /// True if sshd read its configuration after `file` was last written: it writes the file with its process id each time.
    pub(super) fn has_read(&self, file: &Path) -> Result<bool, PointError> {
        let changed = std::fs::metadata(file)
            .map(|metadata| (metadata.mtime(), metadata.mtime_nsec()))
            .map_err(|cause| error(PointErrorKind::Config, format!("{}: {cause}", file.display())))?;
        // It is gone for a moment in a reload.
        let started =
            std::fs::metadata(&self.pid_file).map(|metadata| (metadata.mtime(), metadata.mtime_nsec()));
        Ok(started.is_ok_and(|started| started > changed))
    }

    /// Asks `sshd -t` whether the configuration on disk could be run.
    ///
    /// # Errors
    /// `Config` if not, with what it says.
    pub(super) fn test(&self, deadline: Deadline) -> Result<(), PointError> {
        let arguments = ["-t".as_ref(), "-f".as_ref(), self.configuration.as_os_str()];
        let ended = program::run(&self.program, arguments, deadline)?;
        if ended.code == Some(0) {
            return Ok(());
        }
        Err(error(
            PointErrorKind::Config,
            format!("sshd -t refuses the configuration: {}", ended.err.trim()),
        ))
    }

    /// How often the configuration on disk denies an account by its whole name.
    ///
    /// # Errors
    /// As [`Self::test`].
    pub(super) fn denials(&self, account: &str, deadline: Deadline) -> Result<usize, PointError> {
        let connection = format!("user={account},host=localhost,addr=127.0.0.1");
        let arguments = [
            "-T".as_ref(),
            "-C".as_ref(),
            connection.as_ref(),
            "-f".as_ref(),
            self.configuration.as_os_str(),
        ];
        let ended = program::run(&self.program, arguments, deadline)?;
        if ended.code != Some(0) {
            return Err(error(
                PointErrorKind::Config,
                format!("sshd -T refuses the configuration: {}", ended.err.trim()),
            ));
        }
        Ok(ended
            .out
            .lines()
            .filter_map(|line| line.strip_prefix("denyusers "))
            .filter(|name| *name == account)
            .count())
    }

    /// Makes sshd read its configuration (SIGHUP), and waits until it listens with it. The configuration has been tested.
    ///
    /// # Errors
    /// `Unknown` if it does not listen again in time.
    pub(super) fn reload(&self, file: &Path, deadline: Deadline) -> Result<(), PointError> {
        let listener = self.listener()?;
        let descriptor = Pid::from_raw(listener)
            .and_then(|id| pidfd_open(id, PidfdFlags::empty()).ok())
            .filter(|_| self.listener() == Ok(listener))
            .ok_or_else(|| error(PointErrorKind::Target, "sshd has just ended"))?;
        pidfd_send_signal(&descriptor, Signal::HUP)
            .map_err(|cause| error(PointErrorKind::Denied, format!("cannot signal sshd: {cause}")))?;
        while !(self.has_read(file)? && self.listener().is_ok()) {
            if !deadline.pause(LOOK_AGAIN) {
                return Err(error(
                    PointErrorKind::Unknown,
                    "sshd was told to read its configuration but does not listen again",
                ));
            }
        }
        Ok(())
    }
}

/// The user id of an account, wherever the system knows it from; `None` if it does not.
///
/// # Errors
/// As [`program::run`].
pub(super) fn user_id(account: &str, deadline: Deadline) -> Result<Option<u32>, PointError> {
    let ended = program::run("getent", ["passwd", account], deadline)?;
    let line = ended.out.lines().next().unwrap_or_default();
    let mut fields = line.split(':');
    let known = fields.next() == Some(account);
    Ok(fields.nth(1).and_then(|id| id.parse().ok()).filter(|_| known))
}
