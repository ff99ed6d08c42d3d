//! Processes of sshd and of accounts, as `/proc` shows them (proc(5)).

use std::collections::BTreeSet;
use std::time::Duration;

use cordon_act::{PointError, PointErrorKind};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::deadline::Deadline;

/// Most processes that are looked at. Linux gives out 4 million ids at most; a server has a few thousand.
const PROCESSES_MAX: usize = 200_000;

/// How long nothing may be seen before it is believed: a logon that was checked just before the withdrawal becomes a session a moment
/// later.
const SETTLED: Duration = Duration::from_millis(300);

/// How often to look again.
const LOOK_AGAIN: Duration = Duration::from_millis(30);

/// How long a session may take to end in good order before it is killed.
const ORDERLY: Duration = Duration::from_secs(2);

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) id: i32,
    parent: i32,
    uid: u32,
    /// The POSIX session that it is in (credentials(7)): the id of the process that began it.
    session: i32,
    name: String,
    /// What it calls itself, in which sshd says what each of its processes is for.
    title: String,
}

/// All processes at one moment.
#[derive(Debug)]
pub(super) struct Processes(Vec<Process>);

fn read(id: i32) -> Option<Process> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    if field("State:")?.starts_with('Z') {
        return None;
    }
    let title = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
    let title = String::from_utf8_lossy(&title);
    Some(Process {
        id,
        parent: field("PPid:")?.parse().ok()?,
        uid: field("Uid:")?.split_ascii_whitespace().next()?.parse().ok()?,
        session: field("NSsid:")?.split_ascii_whitespace().next()?.parse().ok()?,
        name: field("Name:")?.to_owned(),
        title: title.trim_end_matches(['\0', ' ']).to_owned(),
    })
}

impl Process {
    /// What follows `sshd: `, or, from OpenSSH 9.8 on, `sshd-session: ` or `sshd-auth: `.
    fn purpose(&self) -> Option<&str> {
        let (program, purpose) = self.title.split_once(": ")?;
        ["sshd", "sshd-session", "sshd-auth"]
            .contains(&program)
            .then_some(purpose)
    }

    fn is_unauthenticated(&self) -> bool {
        self.purpose()
            .is_some_and(|purpose| purpose.ends_with("[net]") || purpose.ends_with("[accepted]"))
    }

    /// Sends a signal, if the process is still the one that was seen.
    fn send(&self, signal: Signal) {
        let Some(descriptor) = Pid::from_raw(self.id).and_then(|id| pidfd_open(id, PidfdFlags::empty()).ok())
        else {
            return;
        };
        if read(self.id).is_some_and(|now| now.parent == self.parent && now.title == self.title) {
            // It may have ended by itself; whoever waits sees that.
            let _ = pidfd_send_signal(&descriptor, signal);
        }
    }
}

impl Processes {
    /// # Errors
    /// `Target` if `/proc` cannot be read.
    pub(super) fn now() -> Result<Self, PointError> {
        let folder = std::fs::read_dir("/proc").map_err(|error| {
            PointError::new(PointErrorKind::Target, format!("cannot read /proc: {error}"))
        })?;
        let ids = folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        // A process that ends while it is read is not there.
        Ok(Self(ids.take(PROCESSES_MAX).filter_map(read).collect()))
    }

    fn children(&self, of: i32) -> impl Iterator<Item = &Process> {
        self.0.iter().filter(move |process| process.parent == of)
    }

    /// The roots of an account's sessions under the sshd whose listener is `listener`, or that such a listener left when it ended.
    /// Connections that have not logged on yet are none.
    fn sessions(&self, account: &str, listener: i32) -> Vec<&Process> {
        let monitor = format!("{account} [priv]");
        // An account with the rights of root has no process of lesser rights.
        let root = format!("{account}@");
        self.0
            .iter()
            .filter(|process| process.uid == 0 && (process.parent == listener || process.parent == 1))
            .filter(|process| {
                process
                    .purpose()
                    .is_some_and(|purpose| purpose == monitor || purpose.starts_with(&root))
            })
            .filter(|process| !self.children(process.id).any(Process::is_unauthenticated))
            .collect()
    }

    /// How many sessions an account has.
    pub(super) fn count(&self, account: &str, listener: i32) -> usize {
        self.sessions(account, listener).len()
    }

    /// Processes of a user that belong to no session: names and ids.
    pub(super) fn left_over(&self, uid: u32, account: &str, listener: i32) -> Vec<String> {
        let roots: Vec<i32> = self
            .sessions(account, listener)
            .iter()
            .map(|process| process.id)
            .collect();
        self.0
            .iter()
            .filter(|process| process.uid == uid && !self.is_below(process, &roots))
            .map(|process| format!("{} ({})", process.name, process.id))
            .collect()
    }

    /// The POSIX sessions that sshd began for what an account runs: each shell or command has its own.
    fn begun_below<'a>(&'a self, session: &'a Process) -> impl Iterator<Item = i32> + 'a {
        let below = self
            .children(session.id)
            .filter(|child| child.purpose().is_some());
        below
            .flat_map(|child| self.children(child.id))
            .chain(
                self.children(session.id)
                    .filter(|child| child.purpose().is_none()),
            )
            .filter(|process| process.session == process.id)
            .map(|process| process.session)
    }

    fn is_below(&self, process: &Process, roots: &[i32]) -> bool {
        let mut at = process;
        // No tree of processes is deeper; a loop that a change under way makes is left.
        for _ in 0..64 {
            if roots.contains(&at.id) {
                return true;
            }
            match self.0.iter().find(|other| other.id == at.parent) {
                Some(parent) => at = parent,
                None => return false,
            }
        }
        false
    }
}

/// Ends connections that have not logged on yet: they hold the configuration with which they were accepted.
///
/// # Errors
/// As [`Processes::now`].
pub(super) fn end_unauthenticated(listener: i32) -> Result<(), PointError> {
    let all = Processes::now()?;
    for process in all.children(listener) {
        let below = all.children(process.id).any(Process::is_unauthenticated);
        if process.is_unauthenticated() || below {
            // The process towards the network would not notice that the other has ended.
            for child in all.children(process.id) {
                child.send(Signal::KILL);
            }
            process.send(Signal::KILL);
        }
    }
    Ok(())
}

/// Ends the sessions of an account, with what runs in them, until none has been seen for a moment. What has left the session
/// (setsid(2)) goes on.
///
/// # Errors
/// `Unknown` if some are still there at the deadline.
pub(super) fn end_sessions(account: &str, listener: i32, deadline: Deadline) -> Result<(), PointError> {
    let orderly = Deadline::after(ORDERLY);
    let mut quiet = Deadline::after(SETTLED);
    let mut inside = BTreeSet::new();
    loop {
        let all = Processes::now()?;
        let sessions = all.sessions(account, listener);
        inside.extend(sessions.iter().flat_map(|session| all.begun_below(session)));
        let running: Vec<&Process> = all
            .0
            .iter()
            .filter(|process| inside.contains(&process.session))
            .collect();
        let open = sessions.len() + running.len();
        if open == 0 && quiet.is_over() {
            return Ok(());
        }
        if open > 0 {
            quiet = Deadline::after(SETTLED);
        }
        let signal = if orderly.is_over() {
            Signal::KILL
        } else {
            Signal::TERM
        };
        for session in &sessions {
            end(&all, session, signal);
        }
        for process in running {
            process.send(signal);
        }
        if !deadline.pause(LOOK_AGAIN) {
            return Err(PointError::new(
                PointErrorKind::Unknown,
                format!(
                    "{open} processes of sessions of {account} have been told to end but are still there"
                ),
            ));
        }
    }
}

/// The process below the monitor first: the monitor then closes the session in good order (PAM, utmp).
fn end(all: &Processes, session: &Process, signal: Signal) {
    let below: Vec<&Process> = all
        .children(session.id)
        .filter(|child| child.purpose().is_some())
        .collect();
    for child in &below {
        child.send(signal);
    }
    if below.is_empty() || signal == Signal::KILL {
        session.send(signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(id: i32, parent: i32, uid: u32, title: &str) -> Process {
        Process {
            id,
            parent,
            uid,
            session: if title.contains("[net]") { parent } else { id },
            name: "sshd".to_owned(),
            title: title.to_owned(),
        }
    }

    #[test]
    fn sessions_are_told_from_logons_other_servers_and_titles_that_users_choose() {
        let all = Processes(vec![
            process(
                10,
                1,
                0,
                "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
            ),
            process(11, 10, 0, "sshd: pat [priv]"),
            process(12, 11, 1000, "sshd: pat@pts/0"),
            process(13, 12, 1000, "-bash"),
            process(21, 10, 0, "sshd: pat [priv]"),
            process(22, 21, 99, "sshd: pat [net]"),
            process(31, 1, 0, "sshd-session: pat [priv]"),
            process(41, 40, 0, "sshd: pat [priv]"),
            process(51, 1, 1000, "sshd: pat [priv]"),
            process(61, 10, 0, "sshd: patricia [priv]"),
            process(71, 10, 0, "sshd: root@pts/1"),
            process(81, 1, 1000, "miner"),
        ]);
        let ids =
            |account: &str| -> Vec<i32> { all.sessions(account, 10).iter().map(|one| one.id).collect() };
        assert_eq!(ids("pat"), [11, 31]);
        assert_eq!(ids("patricia"), [61]);
        assert_eq!(ids("root"), [71]);
        let begun: Vec<i32> = all.begun_below(&all.0[1]).collect();
        assert_eq!(begun, [13]);
        assert_eq!(all.left_over(1000, "pat", 10), ["sshd (51)", "sshd (81)"]);
    }
}
