//! The script point with the example of the documentation, and with programs that do not behave.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cordon_act::sweep::{World, sweep};
use cordon_act::{
    Applying, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind, PointName,
    PointState, ProbeAnswer, Standing, Target, TargetKind,
};
use cordon_connectors::SecretSource;
use cordon_connectors::script::{Config, connect};
use cordon_testbed::{Folder, missing_program, skip};
use serde_json::json;

const DEADLINE: Duration = Duration::from_secs(60);
const MARK: &str = "cordon:0123456789abcdef";

fn account(name: &str) -> Target {
    Target::Account {
        account: name.to_owned(),
    }
}

fn config(program: impl Into<PathBuf>) -> Config {
    Config {
        program: program.into(),
        arguments: Vec::new(),
        environment: BTreeMap::new(),
        secrets: BTreeMap::new(),
        folder: PathBuf::from("/"),
    }
}

fn point(config: &Config) -> Box<dyn EnforcementPoint> {
    connect(&PointName::from("list"), config.clone()).unwrap()
}

fn apply(
    config: &Config,
    target: &Target,
    prior: &PointState,
    deadline: Duration,
) -> Result<Observation, PointError> {
    let mark = Mark::from(MARK);
    let applying = Applying {
        target,
        prior,
        mark: &mark,
        lease_until: None,
    };
    point(config).apply(&applying, deadline)
}

fn lift(config: &Config, target: &Target, prior: &PointState) -> Result<Observation, PointError> {
    let mark = Mark::from(MARK);
    let lifting = Lifting {
        target,
        prior,
        left: None,
        mark: &mark,
    };
    point(config).lift(&lifting, DEADLINE)
}

/// A program with this content, that its owner alone may change.
fn program(folder: &Folder, name: &str, content: &str) -> PathBuf {
    PathBuf::from(folder.program(name, content))
}

struct DenyList {
    folder: Folder,
    config: Config,
}

impl DenyList {
    fn new(names: &str) -> Option<Self> {
        if let Some(program) = missing_program(&["sh", "jq", "flock", "awk", "grep"]) {
            skip(&format!("{program} is not installed"));
            return None;
        }
        let folder = Folder::new();
        let list = folder.write("deny", names);
        let example =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/enforcement-points/example-script.sh");
        let mut config = config(program(
            &folder,
            "point",
            &std::fs::read_to_string(example).unwrap(),
        ));
        config.environment = BTreeMap::from([
            ("DENY_LIST".to_owned(), list),
            ("PATH".to_owned(), std::env::var("PATH").unwrap()),
        ]);
        Some(Self { folder, config })
    }

    fn list(&self) -> String {
        std::fs::read_to_string(self.folder.file("deny")).unwrap()
    }
}

impl World for DenyList {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        point(&self.config)
    }

    fn picture(&mut self, _target: &Target) -> String {
        let marks = std::fs::read_to_string(self.folder.file("deny.marks")).unwrap_or_default();
        format!("{}--\n{marks}", self.list())
    }

    fn withdraw_outside(&mut self, _target: &Target) -> bool {
        self.folder.write("deny", "root\nalice\n");
        true
    }

    fn restore_outside(&mut self, _target: &Target) {
        self.folder.write("deny", "root\n");
    }
}

#[test]
fn the_example_withdraws_and_gives_back_whatever_fails_between() {
    let Some(mut world) = DenyList::new("root\n") else {
        return;
    };
    let runs = sweep(&mut world, &account("alice")).unwrap();
    assert!(runs > 15, "{runs}");
}

#[test]
fn the_example_says_what_it_can_do_and_takes_names_for_names() {
    let Some(world) = DenyList::new("root\n") else {
        return;
    };
    let capabilities = point(&world.config).capabilities();
    assert_eq!(capabilities.kinds, [TargetKind::Account]);
    assert!(capabilities.survives_restart && capabilities.leaves_open.contains("jobs"));
    let prior = PointState(json!({"listed": false}));
    for name in [
        "$(id)",
        "`id`",
        "-v",
        ".*",
        "a\\tb",
        "o'neil \"x\"",
        "ärger",
        "roo",
        "../etc",
    ] {
        let target = account(name);
        apply(&world.config, &target, &prior, DEADLINE).unwrap();
        assert_eq!(world.list(), format!("root\n{name}\n"));
        assert_eq!(
            point(&world.config).probe(&target, DEADLINE).unwrap().answer,
            ProbeAnswer::Refused
        );
        assert_eq!(lift(&world.config, &target, &prior).unwrap().state, prior);
        assert_eq!(world.list(), "root\n");
    }
    let error = apply(&world.config, &account("a\nb"), &prior, DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input);
    let route = Target::Route {
        route: "shop".to_owned(),
    };
    let error = point(&world.config).observe(&route, DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Input, "{error}");
}

#[test]
fn what_somebody_else_did_is_stale_and_stays() {
    let Some(world) = DenyList::new("root\n") else {
        return;
    };
    let (target, prior) = (account("alice"), PointState(json!({"listed": false})));
    world.folder.write("deny", "alice\n");
    let error = apply(&world.config, &target, &prior, DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Stale, "{error}");
    let error = lift(&world.config, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Stale, "{error}");
    // Put on the list by another order, with another mark.
    world.folder.write("deny.marks", "cordon:9999\talice\n");
    let error = lift(&world.config, &target, &prior).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Stale, "{error}");
    assert_eq!(world.list(), "alice\n");
    // Taken off by hand while Cordon's withdrawal stood: it is as before.
    world.folder.write("deny", "");
    assert_eq!(lift(&world.config, &target, &prior).unwrap().state, prior);
    std::fs::remove_file(world.folder.file("deny")).unwrap();
    let error = point(&world.config).observe(&target, DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target);
    assert!(error.text.contains("no list"), "{error}");
}

#[test]
fn nothing_of_our_environment_reaches_the_program() {
    let folder = Folder::new();
    let seen = folder.file("seen");
    let content =
        format!("#!/bin/sh\n/usr/bin/env > {seen}\npwd >> {seen}\necho \"$@\" >> {seen}\nexit 69\n");
    let mut config = config(program(&folder, "point", &content));
    config.environment.insert("GIVEN".to_owned(), "a b; c".to_owned());
    config.arguments = vec!["--mode".to_owned(), "$HOME *".to_owned()];
    let error = point(&config).observe(&account("alice"), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    let said = std::fs::read_to_string(seen).unwrap();
    let mut lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("_=")).collect();
    lines.retain(|line| !["PWD=/", "SHLVL=0", "SHLVL=1", "OLDPWD=/"].contains(line));
    assert_eq!(lines, ["GIVEN=a b; c", "/", "--mode $HOME *"]);
}

#[test]
fn the_whole_group_is_killed_when_the_time_is_over() {
    let folder = Folder::new();
    let pids = folder.file("pids");
    // It observes well, and hangs on the change, with a child that would change something later.
    let content = format!(
        "#!/bin/sh\nread -r order\ncase $order in *observe*) echo '{{\"standing\":\"open\",\"state\":0}}'; exit 0;; esac\n\
         sleep 300 & echo $! > {pids}\necho $$ >> {pids}\nwait\n"
    );
    let config = config(program(&folder, "point", &content));
    let begun = Instant::now();
    let error = apply(
        &config,
        &account("alice"),
        &PointState(json!(0)),
        Duration::from_secs(10),
    )
    .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Unknown, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(120));
    for pid in std::fs::read_to_string(pids).unwrap().lines() {
        cordon_testbed::wait_until("the process is gone", 60, || {
            std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
        });
    }
    // What only looked has changed nothing.
    let error = point(&config)
        .probe(&account("alice"), Duration::from_secs(1))
        .unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
}

#[test]
fn a_child_that_keeps_the_output_open_does_not_hold_us() {
    let folder = Folder::new();
    let answer = "echo '{\"standing\":\"open\",\"state\":1}'";
    let stays = config(program(
        &folder,
        "stays",
        &format!("#!/bin/sh\nsleep 300 &\n{answer}\n"),
    ));
    let begun = Instant::now();
    assert_eq!(
        point(&stays)
            .observe(&account("alice"), DEADLINE)
            .unwrap()
            .state
            .0,
        json!(1)
    );
    assert!(begun.elapsed() < Duration::from_secs(60));
    if let Some(program) = missing_program(&["setsid"]) {
        return skip(&format!("{program} is not installed"));
    }
    // It answers only when its child has left the group.
    let left = folder.file("left");
    let child = format!("/usr/bin/setsid sh -c ': > {left}; exec /bin/sleep 300' &");
    let wait = format!("while [ ! -e {left} ]; do /bin/sleep 0.05; done");
    let leaves = config(program(
        &folder,
        "leaves",
        &format!("#!/bin/sh\n{child}\n{wait}\n{answer}\n"),
    ));
    let begun = Instant::now();
    let error = point(&leaves).observe(&account("alice"), DEADLINE).unwrap_err();
    assert_eq!(error.kind, PointErrorKind::Target, "{error}");
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "it waited for a child that left"
    );
}

#[test]
fn exit_statuses_are_kinds_of_errors() {
    let folder = Folder::new();
    let observes = "read -r order\ncase $order in *observe*) echo '{\"standing\":\"open\",\"state\":0}'; exit 0;; esac\n";
    for (ends, of_change, of_question) in [
        ("exit 64", PointErrorKind::Input, PointErrorKind::Input),
        ("exit 65", PointErrorKind::Stale, PointErrorKind::Stale),
        ("exit 69", PointErrorKind::Target, PointErrorKind::Target),
        ("exit 70", PointErrorKind::Bug, PointErrorKind::Bug),
        ("exit 77", PointErrorKind::Denied, PointErrorKind::Denied),
        ("exit 78", PointErrorKind::Config, PointErrorKind::Config),
        ("exit 75", PointErrorKind::Unknown, PointErrorKind::Target),
        ("exit 1", PointErrorKind::Unknown, PointErrorKind::Target),
        ("kill -9 $$", PointErrorKind::Unknown, PointErrorKind::Target),
        ("exit 0", PointErrorKind::Unknown, PointErrorKind::Target),
    ] {
        let content = format!("#!/bin/sh\n{observes}echo 'the words' >&2\n{ends}\n");
        let config = config(program(&folder, "point", &content));
        let error = apply(&config, &account("alice"), &PointState(json!(0)), DEADLINE).unwrap_err();
        assert_eq!(error.kind, of_change, "{ends}: {error}");
        let error = point(&config).probe(&account("alice"), DEADLINE).unwrap_err();
        assert_eq!(error.kind, of_question, "{ends}: {error}");
        assert!(error.text.contains("the words") || ends == "exit 0", "{error}");
    }
}

#[test]
fn answers_are_bounded_and_checked() {
    let folder = Folder::new();
    let large = "x".repeat(20_000);
    let cases = [
        (
            "endless",
            "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"
                .to_owned(),
        ),
        (
            "endless complaint",
            "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxx >&2; done".to_owned(),
        ),
        (
            "large state",
            format!("echo '{{\"standing\":\"open\",\"state\":\"{large}\"}}'"),
        ),
        ("no JSON", "echo hello".to_owned()),
        (
            "two answers",
            "echo '{\"standing\":\"open\",\"state\":1} {}'".to_owned(),
        ),
        (
            "no such standing",
            "echo '{\"standing\":\"ajar\",\"state\":1}'".to_owned(),
        ),
        ("no text", "printf '\\377\\376'".to_owned()),
    ];
    for (what, does) in cases {
        let config = config(program(&folder, "point", &format!("#!/bin/sh\n{does}\n")));
        let begun = Instant::now();
        let error = point(&config)
            .observe(&account("alice"), Duration::from_secs(2))
            .unwrap_err();
        assert_eq!(error.kind, PointErrorKind::Target, "{what}: {error}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        let none = point(&config).capabilities();
        assert!(none.kinds.is_empty(), "{what}");
    }
}

#[test]
fn secrets_reach_the_program_and_come_out_nowhere() {
    let folder = Folder::new();
    let file = folder.write("token", "s3cret-token\n");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let with = |does: &str| {
        let mut config = config(program(&folder, "point", &format!("#!/bin/sh\n{does}\n")));
        config
            .secrets
            .insert("TOKEN".to_owned(), SecretSource::File(PathBuf::from(&file)));
        point(&config).observe(&account("alice"), DEADLINE).unwrap_err()
    };
    let error = with("[ \"$TOKEN\" = s3cret-token ] && echo \"login with $TOKEN failed\" >&2\nexit 77");
    assert_eq!(error.kind, PointErrorKind::Denied);
    assert!(error.text.contains("login with … failed"), "{error}");
    let error = with("echo \"{\\\"standing\\\":\\\"open\\\",\\\"state\\\":\\\"$TOKEN\\\"}\"");
    assert!(
        error.text.contains("secret") && !error.text.contains("s3cret"),
        "{error}"
    );
}

#[test]
fn a_program_that_others_can_change_is_none() {
    let folder = Folder::new();
    let refused = |config: &Config| {
        connect(&PointName::from("list"), config.clone())
            .map(|_| ())
            .unwrap_err()
            .kind
    };
    let good = program(&folder, "point", "#!/bin/sh\n");
    for mode in [0o775, 0o757, 0o644] {
        std::fs::set_permissions(&good, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(refused(&config(&good)), PointErrorKind::Config, "{mode:o}");
    }
    assert_eq!(refused(&config("point")), PointErrorKind::Config);
    assert_eq!(refused(&config("/no/such/program")), PointErrorKind::Config);
    assert_eq!(refused(&config(folder.path())), PointErrorKind::Config);
}

#[test]
fn the_program_sees_the_order_as_documented() {
    let folder = Folder::new();
    let seen = folder.file("seen");
    let content = format!(
        "#!/bin/sh\nIFS= read -r order\necho \"$order\" >> {seen}\n\
         case $order in *apply*|*lift*) state=1;; *) state=0;; esac\n\
         echo '{{\"standing\":\"open\",\"state\":'$state',\"mark\":null}}'\n"
    );
    // The order is one line, without a line end.
    let content = content.replace("read -r order", "read -r order || :");
    let config = config(program(&folder, "point", &content));
    let target = account("alice");
    assert_eq!(
        point(&config).observe(&target, DEADLINE).unwrap().standing,
        Standing::Open
    );
    let mark = Mark::from(MARK);
    let prior = PointState(json!(0));
    let applying = Applying {
        target: &target,
        prior: &prior,
        mark: &mark,
        lease_until: Some("2026-03-01T12:00:00Z".parse().unwrap()),
    };
    point(&config).apply(&applying, DEADLINE).unwrap();
    let orders: Vec<serde_json::Value> = std::fs::read_to_string(seen)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let target = json!({"kind": "account", "account": "alice"});
    assert_eq!(
        orders[0],
        json!({"version": 1, "verb": "observe", "target": target})
    );
    assert_eq!(
        orders[2],
        json!({
            "version": 1, "verb": "apply", "target": target, "prior": 0, "mark": MARK,
            "lease-until": "2026-03-01T12:00:00Z",
        })
    );
}
