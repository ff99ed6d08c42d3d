//! Processes, ports and folders of a test.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Folders in which Debian keeps servers and that a user's search path may lack.
const SERVER_FOLDERS: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// How often it is looked whether something has come about.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long a server may take to start at least: that the machine is busy is no failure of the server.
const BUSY_SECONDS: u64 = 180;

/// How long the group of a killed server may take to be gone.
const DYING_MAX: Duration = Duration::from_secs(30);

/// Says on stderr that a test was skipped and why. The caller returns.
pub fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Written past the capture of the test runner, so that a skip shows in every run.
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
}

/// True if this process may do what needs root.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The first of these programs that is not installed.
#[must_use]
pub fn missing_program(programs: &[&str]) -> Option<String> {
    programs
        .iter()
        .find(|program| find(program).is_none())
        .map(|program| (*program).to_owned())
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SERVER_FOLDERS.iter().map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The program by its whole path if it is installed, else by its name.
#[must_use]
pub fn command(program: &str) -> Command {
    Command::new(find(program).unwrap_or_else(|| PathBuf::from(program)))
}

/// Runs a command to its end and returns what it said on stdout.
///
/// # Panics
/// If it fails, with everything it said.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = try_run(program, arguments);
    assert!(
        output.status.success(),
        "{program} {arguments:?} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command to its end.
///
/// # Panics
/// If it cannot be started.
pub fn try_run(program: &str, arguments: &[&str]) -> Output {
    command(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("cannot start {program}: {error}"))
}

/// Runs a command to its end with something to read.
pub(crate) fn run_with_input(mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let mut pipe = child.stdin.take().expect("it was piped");
    let text = input.to_owned();
    // Written beside the reading, or both sides could wait for each other. A program that ends early need not read all.
    let writer = std::thread::spawn(move || drop(pipe.write_all(text.as_bytes())));
    let output = child.wait_with_output().expect("it was started");
    writer.join().expect("the writer does not fail");
    output
}

/// Waits until a condition holds, asking 50 times a second.
///
/// # Panics
/// If it does not hold within `seconds`.
pub fn wait_until(what: &str, seconds: u64, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while !holds() {
        assert!(Instant::now() < end, "{what}: not within {seconds} s");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// True if somebody listens at a port of the loopback address: cheaper to ask than the server itself.
pub(crate) fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A folder that is removed when dropped.
#[derive(Debug)]
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// A new, empty folder that every user may enter (servers drop their rights), with a short path (sockets have short names).
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::Builder::new().prefix("cordon-").tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The path of a file in it, as text.
    ///
    /// # Panics
    /// If the path is not UTF-8.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        self.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file in it and returns its path.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, name: &str, content: &str) -> String {
        let path = self.file(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Writes a program in it that its owner alone may change, and returns its path.
    ///
    /// Another process writes it: a file that this one had open for writing could be open for a moment in a child that another test
    /// starts just then, and a program that is open for writing cannot be started.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn program(&self, name: &str, content: &str) -> String {
        let path = self.file(name);
        let mut copy = command("sh");
        copy.args(["-c", "cat >\"$0\" && chmod 755 \"$0\"", &path]);
        let output = run_with_input(copy, content);
        assert!(output.status.success(), "{output:?}");
        path
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

/// A server process that is killed, with every process it started in its group, when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: PathBuf,
    killed: bool,
}

impl Server {
    /// Starts a server in a process group of its own; what it says goes to `log`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(mut command: Command, log: &Path) -> Self {
        use std::os::unix::process::CommandExt as _;
        let file = std::fs::File::create(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Self {
            child,
            log: log.to_owned(),
            killed: false,
        }
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// True while it runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until a condition holds: for `seconds`, and for three minutes at least, because a server that runs and is late is only on a
    /// busy machine.
    ///
    /// # Panics
    /// With what the server said, if it ends first or the time is over.
    pub fn wait_until(&mut self, what: &str, seconds: u64, mut holds: impl FnMut() -> bool) {
        let seconds = seconds.max(BUSY_SECONDS);
        let end = Instant::now() + Duration::from_secs(seconds);
        while !holds() {
            let running = self.is_running();
            assert!(
                running && Instant::now() < end,
                "{what}: not within {seconds} s (running: {running}):\n{}",
                self.said()
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Kills it at once, as a crash would (SIGKILL), with its group, and waits until all of that is gone: a worker that is still dying
    /// has the port still, and would be connected to.
    pub fn kill(&mut self) {
        // Once only: later, the number may be another's.
        if std::mem::replace(&mut self.killed, true) {
            return;
        }
        let group = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.wait();
        let end = Instant::now() + DYING_MAX;
        while group.is_some_and(|group| has_members(group.as_raw_pid())) && Instant::now() < end {
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

/// True if a process group has members that run (proc(5), `/proc/PID/stat`: after the name come the state, the parent, the group).
fn has_members(group: i32) -> bool {
    let is_member = |stat: &str| {
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let runs = !["Z", "X"].contains(&fields.next()?);
        Some(runs && fields.nth(1)?.parse() == Ok(group))
    };
    std::fs::read_dir("/proc").is_ok_and(|processes| {
        processes
            .filter_map(|entry| std::fs::read(entry.ok()?.path().join("stat")).ok())
            .any(|stat| is_member(&String::from_utf8_lossy(&stat)) == Some(true))
    })
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_server_is_gone_with_what_it_started() {
        let folder = Folder::new();
        let started = folder.file("started");
        let mut command = command("sh");
        command.args([
            "-c",
            "sleep 300 & echo $! >\"$0.new\"; mv \"$0.new\" \"$0\"; wait",
            &started,
        ]);
        let mut server = Server::start(command, &folder.path().join("log"));
        server.wait_until("it has started another", 60, || Path::new(&started).exists());
        let group = i32::try_from(server.id()).unwrap();
        assert!(has_members(group));
        let other = std::fs::read_to_string(&started).unwrap();
        server.kill();
        assert!(!has_members(group));
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", other.trim()));
        assert!(stat.map_or(true, |stat| stat.contains(") Z ")));
    }
}
