//! `cordon` and `cordon-actuator` killed (SIGKILL) at moments that a seed chooses, while a plan is carried out and lifted, again and
//! again. Whoever was killed is started again as a person would: the same command once more.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bed::Night;
use crate::four_servers::FOOTHOLDS;
use crate::servers::Servers;

/// How many kills of one phase before it is let run to its end: a lift may have to wait a minute for what a killed withdrawal might
/// still do, and is killed as often as is learned from.
const KILLS_PER_PHASE: u32 = 10;

/// Most seconds after which a phase must have come to its end.
const PHASE: Duration = Duration::from_secs(900);

/// Numbers from a seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pause(&mut self, milliseconds: u64) {
        std::thread::sleep(Duration::from_millis(self.below(milliseconds)));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Apply,
    Lift,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Cordon,
    Actuator,
    Both,
}

const VICTIMS: [Victim; 3] = [Victim::Cordon, Victim::Actuator, Victim::Both];

/// What is run, and what came of it.
struct Run<'a> {
    servers: &'a Servers,
    night: &'a mut Night,
    chance: Chance,
    kills: BTreeMap<(Phase, Victim), u32>,
    violations: Vec<String>,
    round: u32,
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// Kills until `CORDON_KILLS` kills were made; each round carries a plan out and lifts it.
pub(crate) fn at_random_moments(servers: &Servers, night: &mut Night, before: &str) {
    let (wanted, seed) = (number("CORDON_KILLS", 12), number("CORDON_SEED", 1));
    let since = Instant::now();
    let mut run = Run {
        servers,
        night,
        chance: Chance(seed),
        kills: BTreeMap::new(),
        violations: Vec::new(),
        round: 0,
    };
    while run.made() < wanted {
        run.round += 1;
        let left = u32::try_from(wanted - run.made()).unwrap();
        run.one_round(before, left);
    }
    let said = run.night.ends(0, &["ledger", "verify"]);
    if !said.contains("Whole") {
        run.violations.push(said);
    }
    println!("{}", run.table(seed, since.elapsed()));
    assert_eq!(run.violations, Vec::<String>::new());
}

impl Run<'_> {
    fn made(&self) -> u64 {
        self.kills.values().map(|count| u64::from(*count)).sum()
    }

    fn one_round(&mut self, before: &str, left: u32) {
        let name = format!("round-{}", self.round);
        // Another plan by its expected duration, the same withdrawals.
        let hours = (24 + self.round).to_string();
        self.night.plan(&name, &FOOTHOLDS, &["--hours", &hours]);
        self.night.approve_all(&name);
        let first = self.entries().len();
        let apply = Night::apply_words(&name);
        let lift = ["lift", "--all", "--key", "lee"].map(str::to_owned).to_vec();
        self.phase(Phase::Apply, &apply, left.div_ceil(2).min(KILLS_PER_PHASE));
        self.check("applied, and not everything is refused", |run| {
            run.servers.tried() == [false; 4] && run.servers.neighbours_serve()
        });
        let left = left.saturating_sub(left.div_ceil(2)).min(KILLS_PER_PHASE);
        self.phase(Phase::Lift, &lift, left);
        self.check("lifted, and not everything works again", |run| {
            run.servers.tried() == [true; 4]
        });
        let now = self.servers.picture();
        if now != before {
            let what = format!("the world is not as before:\n{before}\nnow\n{now}");
            self.violated(&what);
        }
        self.check("something is stuck", |run| {
            run.night.status().iter().all(|row| row["state"] == "lifted")
        });
        self.check_entries(first);
    }

    /// Runs a command again and again, and kills, until it has done its work.
    fn phase(&mut self, phase: Phase, words: &[String], kills: u32) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let since = Instant::now();
        let (mut made, mut codes) = (0, Vec::new());
        let mut child = self.night.start(&words);
        while since.elapsed() < PHASE {
            if made < kills {
                self.chance.pause(1_200);
            }
            match child.try_wait().unwrap().map(|status| status.code()) {
                Some(Some(0)) => return,
                Some(code) => {
                    codes.push(format!("{code:?}: {}", self.night.started_said()));
                    codes.drain(..codes.len().saturating_sub(4));
                    std::thread::sleep(Duration::from_millis(100));
                    child = self.night.start(&words);
                }
                None if made < kills => {
                    made += 1;
                    self.kill(phase, &mut child, &words);
                }
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        let status = self.night.ends_anyhow(&["status", "--all"]);
        let said = self.night.started_said();
        panic!(
            "round {}, {phase:?} is not done after {PHASE:?}; codes {codes:?}\n{status}\n{said}\n{}",
            self.round,
            self.night.actuator_said()
        );
    }

    /// Kills one of the two or both, looks at what stands, and starts again what was killed.
    fn kill(&mut self, phase: Phase, child: &mut Child, words: &[&str]) {
        let victim = VICTIMS[usize::try_from(self.chance.below(3)).unwrap()];
        *self.kills.entry((phase, victim)).or_default() += 1;
        if victim != Victim::Actuator {
            child.kill().unwrap();
        }
        if victim != Victim::Cordon {
            self.night.kill_actuator();
            self.chance.pause(500);
        }
        if victim != Victim::Actuator {
            child.wait().unwrap();
        }
        self.check_recorded();
        if victim != Victim::Cordon {
            self.night.start_actuator();
        }
        if victim != Victim::Actuator {
            *child = self.night.start(words);
        }
    }

    fn check(&mut self, violation: &str, holds: impl Fn(&Self) -> bool) {
        if !holds(self) {
            let status = self.night.ends_anyhow(&["status", "--all"]);
            self.violated(&format!("{violation}: {:?}\n{status}", self.servers.tried()));
        }
    }

    fn violated(&mut self, what: &str) {
        self.violations.push(format!("round {}: {what}", self.round));
    }

    /// The entries of the record about withdrawals, as name and body.
    fn entries(&self) -> Vec<(String, Value)> {
        let output = self
            .night
            .cordon(&["ledger", "show", "--last", "1000000", "--json"]);
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|entry| (entry["kind"].as_str().unwrap().to_owned(), entry["body"].clone()))
            .collect()
    }

    /// What does not get through now must have its intent in the record, and not be recorded as given back.
    fn check_recorded(&mut self) {
        let stands = self.servers.tried().map(|through| !through);
        let mut last = BTreeMap::new();
        for (kind, body) in self.entries() {
            if let Some(point) = body["placement"]["point"].as_str() {
                last.insert(point.to_owned(), kind);
            }
        }
        for (point, stands) in ["directory", "database", "firewall", "front-door"]
            .iter()
            .zip(stands)
        {
            let last = last.get(*point).map(String::as_str).unwrap_or_default();
            let recorded = !last.is_empty() && !last.ends_with("lifted") && !last.ends_with("lift-tried");
            if stands && !recorded {
                self.violated(&format!(
                    "{point} is withdrawn, and the record's last word is {last:?}"
                ));
            }
        }
    }

    /// Of each placement of a round: applying first, always with one prior state, and given back at the end.
    fn check_entries(&mut self, from: usize) {
        let mut of_point: BTreeMap<String, Vec<(String, Value)>> = BTreeMap::new();
        for (kind, body) in self.entries().split_off(from) {
            if let Some(point) = body["placement"]["point"].as_str().map(str::to_owned) {
                of_point.entry(point).or_default().push((kind, body));
            }
        }
        if of_point.len() != 4 {
            self.violated(&format!("entries of {:?} only", of_point.keys()));
        }
        for (point, entries) in of_point {
            let begun = entries.iter().filter(|(kind, _)| kind == "withdrawal/applying");
            let mut priors: Vec<String> = begun.map(|(_, body)| body["prior"].to_string()).collect();
            priors.dedup();
            let place = |name: &str| {
                let kind = format!("withdrawal/{name}");
                entries.iter().position(|(one, _)| *one == kind)
            };
            let (applying, applied, lifting, lifted) = (
                place("applying"),
                place("applied"),
                place("lifting"),
                place("lifted"),
            );
            let in_order = applying.is_some() && applying < applied && applied < lifting && lifting < lifted;
            if priors.len() != 1 || !in_order {
                let kinds: Vec<&String> = entries.iter().map(|(kind, _)| kind).collect();
                self.violated(&format!("{point}: prior states {priors:?}, entries {kinds:?}"));
            }
        }
    }

    /// The result as a table of Markdown.
    fn table(&self, seed: u64, took: Duration) -> String {
        let count = |phase, victim| self.kills.get(&(phase, victim)).copied().unwrap_or_default();
        let mut text = "| killed | while applying | while lifting |\n| --- | ---: | ---: |\n".to_owned();
        for (victim, name) in VICTIMS.iter().zip(["`cordon`", "`cordon-actuator`", "both"]) {
            let (apply, lift) = (count(Phase::Apply, *victim), count(Phase::Lift, *victim));
            let _ = writeln!(text, "| {name} | {apply} | {lift} |");
        }
        let (kills, rounds, violations) = (self.made(), self.round, self.violations.len());
        let seconds = took.as_secs();
        text + &format!(
            "\nseed {seed}: {kills} kills in {rounds} rounds, {violations} violations, {seconds} s"
        )
    }
}
