//! Programs of the system that a point runs: without a shell, in a clean environment, within a time.

use std::ffi::OsStr;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use cordon_act::{PointError, PointErrorKind};

use crate::deadline::Deadline;

/// How much of what a program says is read, in bytes. A program that says more than a pipe holds is stopped at the deadline.
const SAID_BYTES_MAX: u64 = 64 * 1024;

/// How often to look whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What a program came to.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a program to its end.
///
/// # Errors
/// `Config` if it cannot be started, `Target` if it does not end in time; it is then killed.
pub(crate) fn run<A: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = A>,
    deadline: Deadline,
) -> Result<Ended, PointError> {
    let program = program.as_ref();
    let name = program.to_string_lossy();
    let failed = |kind, text: &dyn std::fmt::Display| PointError::new(kind, format!("{name}: {text}"));
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(PointErrorKind::Config, &error))?;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if deadline.pause(LOOK_AGAIN) => {}
            Ok(None) => {
                drop(child.kill());
                drop(child.wait());
                return Err(failed(PointErrorKind::Target, &"did not end in time"));
            }
            Err(error) => return Err(failed(PointErrorKind::Target, &error)),
        }
    };
    Ok(Ended {
        code: status.code(),
        out: said(child.stdout.take()),
        err: said(child.stderr.take()),
    })
}

fn said(stream: Option<impl std::io::Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What cannot be read was not said.
        drop(stream.take(SAID_BYTES_MAX).read_to_end(&mut bytes));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_end_is_killed_at_the_deadline() {
        let soon = Deadline::after(Duration::from_millis(100));
        let error = run("sleep", ["60"], soon).unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Target);
        let later = Deadline::after(Duration::from_secs(20));
        let ended = run("sh", ["-c", "echo out; echo err >&2; exit 3"], later).unwrap();
        assert_eq!(
            (ended.code, ended.out.as_str(), ended.err.as_str()),
            (Some(3), "out\n", "err\n")
        );
        assert_eq!(
            run("no-such-program", [""; 0], later).unwrap_err().kind,
            PointErrorKind::Config
        );
    }
}
