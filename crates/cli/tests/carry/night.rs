//! `docs/night.md`: a whole night on the four servers, as the commands say it. After an intended change:
//! `CORDON_UPDATE=1 cargo test -p cordon-cli -p cordon-connectors --test carry four_servers`.

use std::fmt::Write as _;

use crate::bed::Night;
use crate::servers::Servers;

/// Where it is kept.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/night.md");

const WIDTH: usize = 80;

/// The help desk was called: a reset, a new factor and a remote logon of one person within the hour.
fn log(person: &str, hour: u32) -> String {
    let event = |minute: u32, kind: &str, actor: &str, more: &str| {
        format!(
            "{{\"published\":\"2026-11-23T{hour}:{minute:02}:00Z\",\"eventType\":\"{kind}\",\"actor\":{{\"type\":\"User\",\
             \"alternateId\":\"{actor}\"}},\"target\":[{{\"type\":\"User\",\"alternateId\":\"{person}\"}}],\
             \"outcome\":{{\"result\":\"SUCCESS\"}},\"client\":{{\"ipAddress\":\"203.0.113.9\"}}{more}}}\n"
        )
    };
    let new = ",\"debugContext\":{\"debugData\":{\"behaviors\":\"{New Device=POSITIVE, New IP=POSITIVE}\"}}";
    [
        event(4, "user.mfa.factor.reset_all", "user0003", ""),
        event(10, "user.mfa.factor.activate", person, ""),
        event(14, "user.authentication.auth_via_radius", person, ""),
        event(15, "user.session.start", person, new),
    ]
    .concat()
}

struct Transcript<'a> {
    night: &'a Night,
    servers: &'a Servers,
    text: String,
}

impl Transcript<'_> {
    fn prose(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}\n");
    }

    /// Runs a command that must end with this code, and takes down what it says.
    fn run(&mut self, code: i32, command: &str) {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        let output = self.night.cordon(&words);
        let said = [output.stderr, output.stdout].map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(
            output.status.code(),
            Some(code),
            "{command}\n{}\n{}",
            said[0],
            said[1]
        );
        let mut block = format!("$ {command}\n");
        for line in said.iter().flat_map(|text| text.lines()) {
            block.push_str(&self.normal(line));
            block.push('\n');
        }
        self.block(&block);
    }

    fn block(&mut self, block: &str) {
        let folded: Vec<String> = block.lines().flat_map(|line| folded(line, WIDTH)).collect();
        let _ = writeln!(self.text, "```console\n{}\n```\n", folded.join("\n"));
    }

    /// A line without what differs from run to run: the folder, ports, times, measured milliseconds.
    fn normal(&self, line: &str) -> String {
        let folder = format!("{}/", self.night.folder.path().display());
        let line = line.replace(&folder, "");
        let words = line.split(' ').map(|word| {
            if let Some((before, rest)) = word.split_once("127.0.0.1:") {
                let path = rest.trim_start_matches(|one: char| one.is_ascii_digit());
                return format!("{before}127.0.0.1{path}");
            }
            let time = word.trim_end_matches(',');
            let is_now = time.len() >= 20 && time.ends_with('Z') && !time.starts_with("2026-11-23");
            if word.len() == 64 && word.bytes().all(|one| one.is_ascii_hexdigit()) {
                return "…".to_owned();
            }
            if is_now && time.as_bytes().get(10) == Some(&b'T') {
                return word.replace(time, "2026-11-23T23:00:00Z");
            }
            word.to_owned()
        });
        let line = words.collect::<Vec<_>>().join(" ");
        match line.split_once(" rounds and ") {
            Some((before, after)) => {
                let after = after.split_once(". ").map_or(after, |(_, rest)| rest);
                format!("{before} rounds. {after}")
            }
            None => line,
        }
    }

    /// What people get who are not Cordon, by the servers' own clients.
    fn tried(&mut self) {
        let lines = self.servers.tried_in_words().join("\n");
        let _ = writeln!(self.text, "```text\n{lines}\n```\n");
    }
}

/// A line as a terminal of this width shows it, but broken between words.
fn folded(line: &str, width: usize) -> Vec<String> {
    let indent = line.len() - line.trim_start().len();
    let mut lines = Vec::new();
    let mut rest = line.to_owned();
    while rest.chars().count() > width {
        let end = rest
            .char_indices()
            .nth(width)
            .map_or(rest.len(), |(place, _)| place);
        let first_word = rest.len() - rest.trim_start().len();
        let Some(place) = rest[..=end.min(rest.len() - 1)]
            .rfind(' ')
            .filter(|place| *place > first_word)
        else {
            break;
        };
        lines.push(rest[..place].trim_end().to_owned());
        rest = format!("{:1$}{2}", "", indent + 4, rest[place..].trim_start());
    }
    lines.push(rest);
    lines
}

/// Runs the night, and compares it with the page.
pub(crate) fn is_as_the_page_says(servers: &Servers) {
    let mut night = servers.night();
    night.start_actuator();
    night.folder.write("21h.log", &log("user0001", 21));
    night.folder.write("22h.log", &log("partner", 22));
    let before = servers.picture();
    let mut page = Transcript {
        night: &night,
        servers,
        text: String::new(),
    };
    page.prose(HEAD);
    first_plan(&mut page);
    second_plan(&mut page);
    end(&mut page);
    assert_eq!(servers.picture(), before, "the world is as it was");
    page.prose(TAIL);
    let text = format!("{}\n", page.text.trim_end());
    if std::env::var_os("CORDON_UPDATE").is_some() {
        std::fs::write(PAGE, &text).unwrap();
    }
    let kept = std::fs::read_to_string(PAGE).unwrap_or_default();
    let (now, then) = (comparable(&text), comparable(&kept));
    let missing: Vec<&String> = then.iter().filter(|line| !now.contains(line)).collect();
    let new: Vec<&String> = now.iter().filter(|line| !then.contains(line)).collect();
    assert!(
        missing.is_empty() && new.is_empty(),
        "docs/night.md is not what the commands say; if the change is meant: CORDON_UPDATE=1\nmissing {missing:#?}\nnew {new:#?}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 132), "{text}");
}

/// Points answer side by side, so lines are compared without their order; a try that failed on a busy machine is no lie, nor is the next.
fn comparable(text: &str) -> Vec<String> {
    let is_of_retry = |line: &str| line.contains("failed:") || line.contains(", try ");
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = Vec::new();
    // How far a line is indented that goes on with one that was left out.
    let mut left_out = None;
    for line in text.lines().filter(|line| !line.starts_with("Whole:")) {
        if is_of_retry(line) {
            left_out = Some(indent(line) + 4);
        } else if left_out != Some(indent(line)) {
            left_out = None;
            lines.push(line.to_owned());
        }
    }
    lines.sort_unstable();
    lines
}

#[test]
fn a_try_that_failed_is_left_out_with_what_it_led_to_and_nothing_else() {
    let steady = "about to withdraw: pat\nwithdrawn: pat\n    in the directory\n";
    let busy = "about to withdraw: pat\ntry 1 to withdraw failed: pat:\n    no answer in time\n    at all\n\
                about to withdraw, try 2: pat\nwithdrawn: pat\n    in the directory\n";
    assert_eq!(comparable(steady), comparable(busy));
    assert_ne!(
        comparable(steady),
        comparable("about to withdraw: pat\nwithdrawn: kim\n")
    );
}

const HEAD: &str = "# A night, as the commands say it

This page is written by a test that runs the commands on real servers in network namespaces: OpenLDAP, PostgreSQL,
nftables and HAProxy, behind one `cordon-actuator` (`crates/cli/tests/carry/night.rs`). The shop, its people and the log
are made up. Paths, ports, digests and the time of day are replaced, and long lines are broken; everything else is what
was said.

`CORDON_STATE`, `CORDON_ACTUATOR` and `CORDON_ALLOWED_SIGNERS` name the record, the actuator's socket and the file that
says who may sign. `dana` and `lee` are the files of two people's SSH keys.

## 21:20: somebody called the help desk";

fn first_plan(page: &mut Transcript<'_>) {
    page.run(0, "cordon detect 21h.log --estate estate -o 21h.json");
    page.prose("An analyst has seen the workstation `ws1` and the password of `kim` in the intruder's hands, and says so.\n\
         `kim` cannot be spared: payroll needs that account.");
    page.run(
        0,
        "cordon plan --estate estate --evidence 21h.json --pin held=ws1 --pin held=kim -o first.json",
    );
    page.prose("## Two people approve");
    page.run(
        0,
        "cordon approve first.json --estate estate --key dana -o first.dana",
    );
    page.night.approve("first", "lee", "approve");
    page.prose("`lee` does the same.");
    page.prose("## Carried out, and tried");
    page.run(
        0,
        "cordon apply first.json --estate estate --approval first.dana first.lee",
    );
    page.prose("Not by Cordon, but as the people concerned try it, with `ldapwhoami`, `psql`, TCP and HTTP:");
    page.tried();
}

fn second_plan(page: &mut Transcript<'_>) {
    page.prose("## 22:20: a second piece of evidence, and a plan that overlaps with the first");
    page.run(0, "cordon --quiet detect 22h.log --estate estate -o 22h.json");
    page.run(
        0,
        "cordon plan --estate estate --evidence 22h.json --pin held=ws1 --pin held=kim --pin held=app --no-alternatives -o second.json",
    );
    for person in ["dana", "lee"] {
        page.night.approve("second", person, "approve");
    }
    page.prose(
        "It is approved in the same way. The flow to `archive` is in both plans; it is withdrawn once.",
    );
    page.run(
        0,
        "cordon apply second.json --estate estate --approval second.dana second.lee",
    );
    page.run(0, "cordon status");
    page.tried();
}

fn end(page: &mut Transcript<'_>) {
    let (first, second) = (hash(page.night, "first"), hash(page.night, "second"));
    page.prose("## The night is longer than the lease");
    page.run(0, &format!("cordon renew {second} --lease 12h --key dana"));
    page.prose("## The first plan is lifted; what the second holds stays");
    page.run(0, &format!("cordon lift {first} --key lee"));
    page.run(0, "cordon status");
    page.tried();
    page.prose("## Everything is lifted");
    page.run(0, "cordon lift --all --key lee");
    page.run(0, "cordon status");
    page.tried();
    page.prose("## What is on record");
    page.run(0, "cordon ledger verify");
}

const TAIL: &str = "After this the test compared every entry of the directory, every role and grant of the database, the firewall's
whole ruleset and the front door's map with what they were before the first plan: nothing differs.";

/// The start of a plan's hash.
fn hash(night: &Night, plan: &str) -> String {
    let text = std::fs::read_to_string(night.folder.file(&format!("{plan}.json"))).unwrap();
    let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
    plan["plan_hash"].as_str().unwrap()[..12].to_owned()
}
