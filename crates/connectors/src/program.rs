//! Runs the programs of the system that an enforcement point stands on, bounded in time and in what they may say.
//!
//! A program is found by its whole path or in [`SEARCH_PATH`] alone, never through a shell and never with Cordon's environment.

use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Where programs are looked for, in this order.
const SEARCH_PATH: [&str; 6] = [
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/usr/local/sbin",
    "/usr/local/bin",
];

/// Most bytes that a program may say. A firewall's table of some ten thousand networks fits.
const OUTPUT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Most bytes of what a program says on its error stream that are kept.
const COMPLAINT_BYTES_MAX: usize = 4 * 1024;

/// Longest line of a program that is watched, in bytes; more is cut.
const LINE_BYTES_MAX: u64 = 4 * 1024;

/// Most lines of a watched program that wait to be read.
const LINES_WAITING_MAX: usize = 64;

/// How often it is looked whether a program has ended.
const PAUSE: Duration = Duration::from_millis(4);

/// How long the pipes of an ended program may take to run dry on a busy machine. Only a process that it left behind holds them longer.
const DRAIN: Duration = Duration::from_secs(3);

/// What a program that ended came to.
#[derive(Debug)]
pub(crate) struct Output {
    /// True if it ended with 0.
    pub(crate) success: bool,
    /// What it said.
    pub(crate) said: Vec<u8>,
    /// What it complained of, cut.
    pub(crate) complaint: String,
}

/// Why a program did not end by itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// It is not installed, or no program was named.
    #[error("the program {0} is not installed")]
    Missing(String),
    /// It could not be started.
    #[error("cannot start {0}: {1}")]
    Start(String, std::io::Error),
    /// It did not end in time and was killed.
    #[error("{0} did not end in time and was killed")]
    Late(String),
    /// It said more than can be read.
    #[error("{0} said more than {OUTPUT_BYTES_MAX} bytes")]
    Oversized(String),
}

/// Runs `words` (the program and its arguments) with `input` to its end.
///
/// # Errors
/// [`RunError`]; after [`RunError::Late`] and [`RunError::Oversized`] it may have done what it was to do.
pub(crate) fn run(words: &[String], input: &[u8], until: Instant) -> Result<Output, RunError> {
    let name = words.first().cloned().unwrap_or_default();
    let mut started = Started::new(words, Stdio::piped())?;
    started.feed(input.to_vec());
    let said = collect(started.child.stdout.take(), OUTPUT_BYTES_MAX);
    let complaint = collect(started.child.stderr.take(), COMPLAINT_BYTES_MAX);
    let Some(status) = started.wait(until) else {
        return Err(RunError::Late(name));
    };
    let drained = Instant::now() + DRAIN;
    let rest = || drained.saturating_duration_since(Instant::now());
    let (said, whole) = said.recv_timeout(rest()).unwrap_or_default();
    if !whole {
        return Err(RunError::Oversized(name));
    }
    let (complaint, _) = complaint.recv_timeout(rest()).unwrap_or_default();
    Ok(Output {
        success: status.success(),
        said,
        complaint: String::from_utf8_lossy(&complaint).trim().to_owned(),
    })
}

/// A program whose lines are watched while it runs; killed when dropped.
pub(crate) struct Watched {
    lines: Receiver<String>,
    // Held to be dropped, which kills it.
    _started: Started,
}

impl Watched {
    /// Starts `words`; what it says on its output stream can be read line by line.
    ///
    /// # Errors
    /// [`RunError`] if it cannot be started.
    pub(crate) fn start(words: &[String]) -> Result<Self, RunError> {
        let mut started = Started::new(words, Stdio::null())?;
        let (sender, lines) = sync_channel(LINES_WAITING_MAX);
        if let Some(output) = started.child.stdout.take() {
            std::thread::spawn(move || send_lines(output, &sender));
        }
        Ok(Self {
            lines,
            _started: started,
        })
    }

    /// Its next line, unless it ended, or said nothing until then.
    pub(crate) fn line(&self, until: Instant) -> Result<String, RecvTimeoutError> {
        let left = until.saturating_duration_since(Instant::now());
        self.lines.recv_timeout(left)
    }

    /// Leaves it to itself until it ends, for so long at most.
    pub(crate) fn leave(self, time: Duration) {
        let until = Instant::now() + time;
        std::thread::spawn(move || while self.line(until).is_ok() {});
    }
}

/// A started program, killed with its process group when dropped.
struct Started {
    child: Child,
}

impl Started {
    fn new(words: &[String], complaints: Stdio) -> Result<Self, RunError> {
        let (name, arguments) = words
            .split_first()
            .ok_or_else(|| RunError::Missing(String::new()))?;
        let file = find(name).ok_or_else(|| RunError::Missing(name.clone()))?;
        Command::new(file)
            .args(arguments)
            .env_clear()
            .env("PATH", SEARCH_PATH.join(":"))
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .process_group(0)
            .spawn()
            .map(|child| Self { child })
            .map_err(|error| RunError::Start(name.clone(), error))
    }

    /// Hands it its input, beside the reading of its output, so that neither waits for the other.
    fn feed(&mut self, input: Vec<u8>) {
        if let Some(mut pipe) = self.child.stdin.take() {
            // A program that does not read its input says why by how it ends.
            std::thread::spawn(move || drop(pipe.write_all(&input)));
        }
    }

    fn wait(&mut self, until: Instant) -> Option<ExitStatus> {
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            if Instant::now() >= until {
                return None;
            }
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let group = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn find(name: &str) -> Option<PathBuf> {
    if name.starts_with('/') {
        return Some(PathBuf::from(name)).filter(|file| file.is_file());
    }
    if name.is_empty() || name.contains('/') {
        return None;
    }
    SEARCH_PATH
        .iter()
        .map(|folder| PathBuf::from(folder).join(name))
        .find(|file| file.is_file())
}

/// Reads at most `most` bytes beside the caller; the second value says that this was all.
fn collect(pipe: Option<impl Read + Send + 'static>, most: usize) -> Receiver<(Vec<u8>, bool)> {
    let (sender, receiver) = sync_channel(1);
    std::thread::spawn(move || {
        let mut read = Vec::new();
        let whole = pipe.is_none_or(|pipe| {
            pipe.take(most as u64 + 1).read_to_end(&mut read).is_ok() && read.len() <= most
        });
        read.truncate(most);
        let _ = sender.send((read, whole));
    });
    receiver
}

fn send_lines(output: impl Read, sender: &SyncSender<String>) {
    use std::io::BufRead as _;
    let mut output = std::io::BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut output).take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if sender.send(text).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn in_seconds(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn what_goes_in_comes_out_and_the_environment_does_not() {
        let output = run(&words(&["cat"]), b"a line", in_seconds(20)).unwrap();
        assert!(output.success);
        assert_eq!(output.said, b"a line");
        let output = run(&words(&["env"]), b"", in_seconds(20)).unwrap();
        let said = String::from_utf8(output.said).unwrap();
        assert!(!said.contains("CARGO"), "{said}");
    }

    #[test]
    fn what_does_not_end_is_killed_with_what_it_started() {
        let started = Instant::now();
        let until = started + Duration::from_millis(300);
        let error = run(&words(&["sh", "-c", "sleep 300 & sleep 300"]), b"", until).unwrap_err();
        assert!(matches!(error, RunError::Late(_)), "{error}");
        assert!(started.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn what_an_ended_program_said_is_heard_though_its_pipe_is_open_a_moment_longer() {
        let output = run(&words(&["sh", "-c", "sleep 1 & echo said"]), b"", in_seconds(60)).unwrap();
        assert!(output.success);
        assert_eq!(output.said, b"said\n");
    }

    #[test]
    fn endless_output_is_an_error() {
        let error = run(&words(&["cat", "/dev/zero"]), b"", in_seconds(30)).unwrap_err();
        assert!(matches!(error, RunError::Oversized(_)), "{error}");
    }

    #[test]
    fn only_fixed_places_are_searched() {
        for name in ["", "no-such-program", "../bin/cat", "/no/such/file"] {
            let error = run(&words(&[name]), b"", in_seconds(5)).unwrap_err();
            assert!(matches!(error, RunError::Missing(_)), "{error}");
        }
    }
}
