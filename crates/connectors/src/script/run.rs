//! Running the program: without a shell, bounded, and gone when its time is over.

use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use cordon_act::{PointError, PointErrorKind};
use rustix::process::{Pid, Signal, kill_process_group};

use super::Config;
use super::order::Order;
use crate::Secret;
use crate::time_left::TimeLeft;

/// Longest answer in bytes: a state of the largest size, and room for the rest.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Most of what it says on stderr that is kept, in bytes.
const COMPLAINT_BYTES_MAX: usize = 4 * 1024;
/// Most characters of that which go into an error.
const COMPLAINT_CHARACTERS_MAX: usize = 200;
/// How often it is looked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How long its pipes may stay open after it ended, on a busy machine: only a child of its own that left the group holds them longer.
const PIPES_AFTER_END: Duration = Duration::from_secs(3);

fn config_error(path: &Path, what: impl std::fmt::Display) -> PointError {
    PointError::new(
        PointErrorKind::Config,
        format_args!("the program {} cannot be used: {what}", path.display()),
    )
}

/// Checks that the program is one that only root or this user can have written.
pub(super) fn check(program: &Path) -> Result<(), PointError> {
    if !program.is_absolute() {
        return Err(config_error(program, "its path is not whole"));
    }
    let metadata = std::fs::metadata(program).map_err(|error| config_error(program, error))?;
    if !metadata.is_file() || metadata.mode() & 0o111 == 0 {
        return Err(config_error(program, "it is no program"));
    }
    let own = rustix::process::geteuid().as_raw();
    if metadata.mode() & 0o022 != 0 || (metadata.uid() != 0 && metadata.uid() != own) {
        return Err(config_error(program, "others may change it"));
    }
    Ok(())
}

/// Runs the program with one order. Returns its answer, and the secrets that it was given.
pub(super) fn run(
    config: &Config,
    order: &Order<'_>,
    time: TimeLeft,
) -> Result<(Vec<u8>, Vec<Secret>), PointError> {
    check(&config.program)?;
    let text = serde_json::to_vec(order).map_err(|error| PointError::new(PointErrorKind::Bug, error))?;
    let mut command = Command::new(&config.program);
    command
        .args(&config.arguments)
        .env_clear()
        .envs(&config.environment)
        .current_dir(&config.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut secrets = Vec::new();
    for (name, source) in &config.secrets {
        let secret = source
            .read()
            .map_err(|error| PointError::new(PointErrorKind::Config, error))?;
        command.env(name, secret.reveal());
        secrets.push(secret);
    }
    let mut running = loop {
        let left = time.left()?;
        match Running::start(&mut command) {
            Ok(running) => break running,
            // Somebody is just writing it.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(LOOK_EVERY.min(left))
            }
            Err(error) => return Err(config_error(&config.program, error)),
        }
    };
    running.hand_over(text);
    let ended = running.end(time);
    match ended {
        Ok(Ended { status, answer, .. }) if status.success() => Ok((answer, secrets)),
        Ok(ended) => Err(ended.error(order, &secrets)),
        Err(what) => {
            let kind = if order.changes() {
                PointErrorKind::Unknown
            } else {
                PointErrorKind::Target
            };
            Err(PointError::new(
                kind,
                format_args!("the program was ended: {what}"),
            ))
        }
    }
}

/// The program while it runs. When dropped, it and every process of its group are killed.
struct Running {
    child: Child,
    answer: Receiver<Result<Vec<u8>, &'static str>>,
    complaint: Receiver<Vec<u8>>,
}

struct Ended {
    status: ExitStatus,
    answer: Vec<u8>,
    complaint: Vec<u8>,
}

impl Running {
    fn start(command: &mut Command) -> std::io::Result<Self> {
        let mut child = command.spawn()?;
        let (answers, answer) = channel();
        let (complaints, complaint) = channel();
        if let Some(pipe) = child.stdout.take() {
            std::thread::spawn(move || {
                let _ = answers.send(read_at_most(pipe, ANSWER_BYTES_MAX));
            });
        }
        if let Some(mut pipe) = child.stderr.take() {
            std::thread::spawn(move || {
                let mut kept = Vec::new();
                let _ = pipe
                    .by_ref()
                    .take(COMPLAINT_BYTES_MAX as u64)
                    .read_to_end(&mut kept);
                let _ = complaints.send(kept);
                // The rest is read and forgotten, so that the program does not stand still.
                let _ = std::io::copy(&mut pipe, &mut std::io::sink());
            });
        }
        Ok(Self {
            child,
            answer,
            complaint,
        })
    }

    /// Writes the order. A program that does not read it is none of our business.
    fn hand_over(&mut self, order: Vec<u8>) {
        if let Some(mut pipe) = self.child.stdin.take() {
            std::thread::spawn(move || {
                let _ = pipe.write_all(&order);
            });
        }
    }

    fn kill(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Waits for its end, at most as long as there is time.
    fn end(mut self, time: TimeLeft) -> Result<Ended, &'static str> {
        let mut answer = None;
        let status = loop {
            if time.left().is_err() {
                return Err("its time was over");
            }
            match self.answer.recv_timeout(LOOK_EVERY) {
                Ok(Err(what)) => return Err(what),
                Ok(Ok(bytes)) => answer = Some(bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK_EVERY),
            }
            match self.child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => {}
                Err(_) => return Err("it could not be waited for"),
            }
        };
        // What it left running in its group holds the pipes open.
        self.kill();
        let until = Instant::now() + PIPES_AFTER_END;
        let rest = || until.saturating_duration_since(Instant::now());
        let answer = match answer {
            Some(bytes) => bytes,
            None => self
                .answer
                .recv_timeout(rest())
                .map_err(|_| "something that it left running holds its output open")??,
        };
        let complaint = self.complaint.recv_timeout(rest()).unwrap_or_default();
        Ok(Ended {
            status,
            answer,
            complaint,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait();
    }
}

fn read_at_most(pipe: impl Read, bytes_max: usize) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::new();
    pipe.take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| "its output could not be read")?;
    if bytes.len() > bytes_max {
        Err("it said too much")
    } else {
        Ok(bytes)
    }
}

impl Ended {
    /// What its exit status means: the numbers of `sysexits.h`.
    fn error(&self, order: &Order<'_>, secrets: &[Secret]) -> PointError {
        let kind = match self.status.code() {
            Some(64) => PointErrorKind::Input,
            Some(65) => PointErrorKind::Stale,
            Some(69) => PointErrorKind::Target,
            Some(70) => PointErrorKind::Bug,
            Some(77) => PointErrorKind::Denied,
            Some(78) => PointErrorKind::Config,
            // It says that it does not know (75), or nothing: it was killed, or it failed without a thought.
            _ if order.changes() => PointErrorKind::Unknown,
            _ => PointErrorKind::Target,
        };
        let mut words = String::from_utf8_lossy(&self.complaint).into_owned();
        for secret in secrets
            .iter()
            .map(Secret::reveal)
            .filter(|secret| !secret.is_empty())
        {
            words = words.replace(secret, "…");
        }
        let words: String = words.trim().chars().take(COMPLAINT_CHARACTERS_MAX).collect();
        let verb = order.verb;
        PointError::new(
            kind,
            format_args!("the program ended `{verb}` with {}: {words}", self.status),
        )
    }
}
