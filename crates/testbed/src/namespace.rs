//! Network namespaces: several hosts on one machine.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::process::command;
use crate::run;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A network namespace that is deleted, with its links, when dropped. Needs root and `ip`.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// A new namespace with its loopback up. The name is `label` with the process id and a count, so that tests do not meet.
    #[must_use]
    pub fn new(label: &str) -> Self {
        let name = format!(
            "cdn-{label}-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        run("ip", &["netns", "add", &name]);
        let namespace = Self { name };
        namespace.run("ip", &["link", "set", "lo", "up"]);
        namespace
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that will run in it.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let inner = command(program);
        let mut outer = command("ip");
        outer.args(["netns", "exec", &self.name]).arg(inner.get_program());
        outer
    }

    /// Runs a command in it to its end and returns what it said.
    ///
    /// # Panics
    /// If it fails.
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output().expect("ip starts");
        assert!(
            output.status.success(),
            "{program} {arguments:?} in {} ended with {}:\n{}{}",
            self.name,
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs `work` in a thread of its own that is in this namespace, so that its sockets, and programs it starts, are.
    ///
    /// # Panics
    /// If the namespace cannot be entered, or as `work` does.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let name = std::thread::current().name().unwrap_or("inside").to_owned();
        let entered = || {
            let file = std::fs::File::open(format!("/run/netns/{}", self.name)).expect("it was added");
            let kind = Some(rustix::thread::LinkNameSpaceType::Network);
            rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&file), kind)
                .expect("root may enter");
            work()
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .name(name)
                .spawn_scoped(scope, entered)
                .expect("a thread starts");
            match thread.join() {
                Ok(result) => result,
                Err(reason) => std::panic::resume_unwind(reason),
            }
        })
    }

    /// Joins two namespaces by a pair of interfaces `ours` and `theirs`, each with the address given (`10.1.0.1/24`), up.
    pub fn join(&self, ours: &str, our_address: &str, other: &Self, theirs: &str, their_address: &str) {
        run(
            "ip",
            &[
                "link",
                "add",
                ours,
                "netns",
                &self.name,
                "type",
                "veth",
                "peer",
                "name",
                theirs,
                "netns",
                &other.name,
            ],
        );
        for (namespace, interface, address) in [(self, ours, our_address), (other, theirs, their_address)] {
            namespace.run("ip", &["addr", "add", address, "dev", interface, "nodad"]);
            namespace.run("ip", &["link", "set", interface, "up"]);
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = command("ip").args(["netns", "del", &self.name]).output();
    }
}
