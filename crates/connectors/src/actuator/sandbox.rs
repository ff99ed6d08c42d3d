//! What the process gives up before it serves anybody.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetStatus, path_beneath_rules,
};

use super::config::{Config, ServiceConfig};

/// The newest rights of Landlock that are asked for; older kernels give what they have.
const LANDLOCK: ABI = ABI::V3;

/// What resolving names, time zones, randomness and libraries need.
const SYSTEM_READ: [&str; 20] = [
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/nsswitch.conf",
    "/etc/services",
    "/etc/protocols",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/ssl",
    "/etc/pki",
    "/etc/passwd",
    "/etc/group",
    "/run/systemd/resolve",
    "/dev/urandom",
    "/proc/self",
];

/// What programs need besides.
const PROGRAMS_READ: [&str; 6] = ["/bin", "/sbin", "/etc", "/proc", "/sys", "/run/systemd"];

/// Folders that hold so much that naming a file in one gives no right to the folder.
const SHARED_FOLDERS: [&str; 16] = [
    "/", "/bin", "/dev", "/etc", "/home", "/lib", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys",
    "/tmp", "/usr", "/var",
];

/// System calls that nothing here needs and that intruders do.
const REFUSED: &[&str] = &[
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "kcmp",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "unshare",
    "setns",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "add_key",
    "request_key",
    "keyctl",
    "open_by_handle_at",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "syslog",
    "personality",
];

/// Refused besides where no point runs programs.
const STARTING_PROGRAMS: [&str; 2] = ["execve", "execveat"];

/// Gives up what is not needed, for this thread and every later one, and says what was given up. What the kernel cannot do is said
/// too.
pub(super) fn enter(config: &Config) -> Vec<String> {
    let programs = config.runs_programs();
    vec![
        said("no new privileges", rustix::thread::set_no_new_privs(true)),
        said("no core dumps", no_core_dumps()),
        files(config, programs),
        calls(programs),
    ]
}

fn said<E: std::fmt::Display>(what: &str, result: Result<(), E>) -> String {
    match result {
        Ok(()) => what.to_owned(),
        Err(error) => format!("MISSING: {what}: {error}"),
    }
}

fn no_core_dumps() -> rustix::io::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

fn files(config: &Config, programs: bool) -> String {
    let what = "files: only the state, the configuration and what points name";
    match restrict_files(config, programs) {
        Ok(RulesetStatus::FullyEnforced) => what.to_owned(),
        Ok(RulesetStatus::PartiallyEnforced) => format!("{what} (in part: the kernel is older)"),
        Ok(RulesetStatus::NotEnforced) => format!("MISSING: {what}: the kernel has no Landlock"),
        Err(error) => format!("MISSING: {what}: {error}"),
    }
}

fn restrict_files(config: &Config, programs: bool) -> Result<RulesetStatus, landlock::RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let run = if programs { read | AccessFs::Execute } else { read };
    let write = AccessFs::from_all(LANDLOCK) & !AccessFs::Execute;
    let write = if programs {
        write | AccessFs::Execute
    } else {
        write
    };
    let Paths { readable, writable } = paths(config);
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM_READ, run))?
        .add_rules(path_beneath_rules(
            ["/dev/null"],
            AccessFs::ReadFile | AccessFs::WriteFile,
        ))?
        .add_rules(path_beneath_rules(readable, run))?
        .add_rules(path_beneath_rules(writable, write))?;
    if programs {
        rules = rules.add_rules(path_beneath_rules(PROGRAMS_READ, run))?;
    }
    Ok(rules.restrict_self()?.ruleset)
}

#[derive(Default)]
struct Paths {
    readable: Vec<PathBuf>,
    writable: Vec<PathBuf>,
}

fn paths(config: &Config) -> Paths {
    let mut paths = Paths::default();
    let parent = |path: &Path| path.parent().map(Path::to_owned);
    paths.writable.push(config.state.clone());
    paths.writable.extend(parent(&config.socket.path));
    paths.readable.push(config.file.clone());
    // An editor replaces the file, so the folder is what must stay readable.
    paths.readable.extend(parent(&config.allowed_signers));
    paths
        .readable
        .extend(std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from));
    for service in config.services.values() {
        match service {
            ServiceConfig::Http(check) => paths.readable.extend(check.ca_file.clone()),
            ServiceConfig::Command(command) => paths.readable.extend(command.first().map(PathBuf::from)),
            ServiceConfig::Tcp(_) => {}
        }
    }
    paths.readable.extend(config.extra_paths.read.iter().cloned());
    paths.writable.extend(config.extra_paths.write.iter().cloned());
    // Whoever may sign, and this file, stay out of the process's own reach.
    let kept = [parent(&config.file), parent(&config.allowed_signers)];
    for (path, only_read) in &config.named_paths {
        if *only_read || is_program(path) {
            paths.readable.push(path.clone());
            continue;
        }
        if !path.is_dir()
            && let Some(folder) = parent(path)
            && !SHARED_FOLDERS.iter().any(|shared| Path::new(shared) == folder)
            && !kept.iter().flatten().any(|kept| *kept == folder)
        {
            // It is replaced whole, which takes a file beside it.
            paths.writable.push(folder);
        }
        paths.writable.push(path.clone());
    }
    paths
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

fn calls(programs: bool) -> String {
    let mut refused: Vec<&str> = REFUSED.to_vec();
    if !programs {
        refused.extend(STARTING_PROGRAMS);
    }
    let what = format!(
        "{} system calls refused{}",
        refused.len(),
        if programs {
            ""
        } else {
            ", starting programs among them"
        }
    );
    said(&what, refuse_calls(&refused))
}

fn refuse_calls(refused: &[&str]) -> Result<(), String> {
    let filter: Vec<_> = refused
        .iter()
        .map(|name| serde_json::json!({ "syscall": name }))
        .collect();
    let document = serde_json::json!({
        "all": { "mismatch_action": "allow", "match_action": { "errno": 1 }, "filter": filter }
    });
    let architecture = std::env::consts::ARCH
        .try_into()
        .map_err(|error| format!("{error}"))?;
    let programs = seccompiler::compile_from_json(document.to_string().as_bytes(), architecture)
        .map_err(|error| error.to_string())?;
    let program = programs.get("all").ok_or("no filter")?;
    seccompiler::apply_filter(program).map_err(|error| error.to_string())
}
