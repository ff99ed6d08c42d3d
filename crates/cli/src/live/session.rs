//! One run of `cordon watch`: what is believed, and what is done about it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use cordon_act::Entry;
use cordon_estate::Entity;
use cordon_evidence::document::entity_name;
use cordon_evidence::pipeline;
use cordon_evidence::read::Workers;
use cordon_evidence::record::Record;
use cordon_evidence::sigma::{Correlator, Detection, Detector, Level, RuleSet, Scratch};
use cordon_incident::Effect;
use cordon_incident::standing::INDEPENDENT_SIGNALS_MIN;
use jiff::Timestamp;

use super::executor::{Due, Hand, Said};
use super::line::Line;
use super::standing::Standing;
use super::tail::{LOOK, Tail};
use crate::command::carry::short;
use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::logs::Logs;
use crate::render;
use crate::watch::Watch;

/// Plans that wait, and who carries them out.
pub(crate) struct Waits {
    pub(crate) standing: Vec<Standing>,
    pub(crate) hand: Option<Hand>,
    /// Probability from which a foothold counts for them.
    pub(crate) certainty: f64,
}

/// See the module.
pub(crate) struct Session<'a> {
    watch: Watch,
    detector: Detector,
    correlator: Correlator,
    rules: Arc<RuleSet>,
    waits: Waits,
    level: Level,
    console: &'a Console,
    names: Vec<String>,
    /// True if somebody may have come to be held since the standing plans were looked at.
    changed: bool,
    /// The first failure while a record was taken in.
    failed: Result<(), Failure>,
    detections: u64,
    /// The ledger's entries, which say what Cordon itself causes.
    entries: Vec<(Timestamp, Entry)>,
}

impl<'a> Session<'a> {
    /// Nothing read yet.
    pub(crate) fn new(
        mut watch: Watch,
        rules: Arc<RuleSet>,
        mut waits: Waits,
        level: Level,
        console: &'a Console,
    ) -> Self {
        let past = waits.hand.as_mut().map(|hand| std::mem::take(&mut hand.past));
        let entries = past.unwrap_or_default();
        watch.set_own_effects(&entries);
        Self {
            watch,
            detector: Detector::new(Arc::clone(&rules)),
            correlator: Correlator::new(&rules),
            rules,
            waits,
            level,
            console,
            names: Vec::new(),
            changed: true,
            failed: Ok(()),
            detections: 0,
            entries,
        }
    }

    /// Takes in what stands in the logs before they are followed.
    pub(crate) fn history(&mut self, mut logs: Logs) -> Result<(), Failure> {
        self.names.clone_from(&logs.names);
        let mut progress = self.console.progress("reading", logs.bytes_total);
        let bytes_read = Arc::clone(&logs.bytes_read);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let detector = Detector::new(Arc::clone(&self.rules));
        let mut correlator = Correlator::new(&self.rules);
        let mut seen = 0_u64;
        pipeline::detect(
            &mut logs.stream,
            &detector,
            &mut correlator,
            Workers::new(threads),
            |record, detections| {
                self.take(record, detections);
                seen += 1;
                if seen.is_multiple_of(512) {
                    progress.at(bytes_read.load(Ordering::Relaxed));
                }
            },
        );
        self.correlator = correlator;
        drop(progress);
        self.due()
    }

    /// Follows the logs until nothing more can come.
    pub(crate) fn follow(&mut self, mut tail: Tail) -> Result<Answer, Failure> {
        self.greet(&tail)?;
        let (mut scratch, mut found) = (Scratch::default(), Vec::new());
        loop {
            if self.names.len() < tail.names().len() {
                self.names = tail.names().to_vec();
            }
            let some = tail.look(&mut |record| {
                found.clear();
                self.detector.detect(record, &mut scratch, &mut found);
                self.correlator.observe(record, &mut found);
                self.take(record, &found);
            });
            self.due()?;
            self.hear()?;
            if tail.ended() {
                return self.finish(&tail);
            }
            if !some {
                std::thread::sleep(LOOK);
            }
        }
    }

    fn greet(&self, tail: &Tail) -> Result<(), Failure> {
        let standing = &self.waits.standing;
        if self.console.json {
            return self.console.print_line(&Line::Following {
                time: Timestamp::now(),
                logs: tail.names(),
                waiting: standing.iter().map(|one| one.orders.plan_hash.as_str()).collect(),
            });
        }
        let followed = tail.followed();
        let plural = if followed == 1 { "" } else { "s" };
        self.console.note(&format!("following {followed} log{plural}"));
        for one in standing {
            let names = one.names();
            self.console.note(&format!(
                "plan {} waits for {}, approved until {:.0}",
                short(&one.orders.plan_hash),
                names.join(" and "),
                one.approved_until
            ));
        }
        Ok(())
    }

    fn take(&mut self, record: &Record, detections: &[Detection]) {
        let effects = self.watch.take(record, detections);
        let case = self.watch.case();
        self.changed |= !case.named().is_empty() || !case.uses().is_empty();
        self.detections += detections.len() as u64;
        let said = self.say_detections(record, detections).and_then(|()| {
            effects.iter().try_for_each(|effect| match effect {
                Effect::FootholdsGained(entities) => self.say_held(entities),
                Effect::AccessLearned(_) => Ok(()),
            })
        });
        if self.failed.is_ok() {
            self.failed = said;
        }
    }

    fn say_detections(&self, record: &Record, detections: &[Detection]) -> Result<(), Failure> {
        let rules = detections
            .iter()
            .filter_map(|detection| self.rules.rule(detection.rule));
        for rule in rules.filter(|rule| rule.level >= self.level) {
            let entities = self.watch.named();
            if !self.console.json {
                let words = render::watch::detection(record.time, rule, &entities, self.console.paint);
                self.console.print(&words)?;
                continue;
            }
            let file = self.names.get(record.place.file.0 as usize);
            self.console.print_line(&Line::Detection {
                time: record.time,
                rule_id: &rule.rule_id,
                rule_title: &rule.title,
                level: rule.level.as_str(),
                techniques: &rule.techniques,
                file: file.map_or("?", String::as_str),
                record: record.place.position,
                entities: &entities,
            })?;
        }
        Ok(())
    }

    fn say_held(&self, entities: &[Entity]) -> Result<(), Failure> {
        let case = self.watch.case();
        let suspicions = case.suspicions();
        for one in suspicions.iter().filter(|one| entities.contains(&one.entity)) {
            let name = entity_name(one.entity, case.estate());
            if self.console.json {
                self.console.print_line(&Line::Foothold {
                    time: case.now(),
                    entity: &name,
                    probability: one.probability,
                    independent_signals: one.independent_signals,
                })?;
            } else {
                let words = render::watch::held(case.now(), &name, one, self.console.paint);
                self.console.print(&words)?;
            }
        }
        Ok(())
    }

    /// Has every plan carried out that the evidence calls for.
    fn due(&mut self) -> Result<(), Failure> {
        std::mem::replace(&mut self.failed, Ok(()))?;
        let Waits {
            standing,
            hand: Some(hand),
            certainty,
        } = &mut self.waits
        else {
            return Ok(());
        };
        if !std::mem::take(&mut self.changed) || standing.is_empty() {
            return Ok(());
        }
        let held = self.watch.case().suspicions_from(*certainty);
        for one in standing {
            if one.awaited.is_met(&held) {
                hand.carry_out(Due {
                    orders: one.orders.clone(),
                    signatures: one.signatures.clone(),
                })?;
                say_due(one, self.console)?;
            }
        }
        Ok(())
    }

    /// Says what was recorded since the last time.
    fn hear(&mut self) -> Result<(), Failure> {
        let said: Vec<Said> = self
            .waits
            .hand
            .iter()
            .flat_map(|hand| hand.said.try_iter())
            .collect();
        let known = self.entries.len();
        for said in said {
            match said {
                Said::Recorded(entry) => {
                    self.say_entry(&entry)?;
                    self.entries.push((Timestamp::now(), *entry));
                }
                Said::NotBegun(why) => self.say_not_begun(&why)?,
                Said::Ended(failure) => return Err(failure),
            }
        }
        if self.entries.len() > known {
            self.watch.set_own_effects(&self.entries);
        }
        Ok(())
    }

    fn say_entry(&self, entry: &Entry) -> Result<(), Failure> {
        if !self.console.json {
            render::carry::show(entry, self.console);
            return Ok(());
        }
        let time = Timestamp::now();
        self.console.print_line(&Line::Entry { time, entry })
    }

    fn say_not_begun(&self, why: &str) -> Result<(), Failure> {
        self.console.warn(why);
        if !self.console.json {
            return Ok(());
        }
        let time = Timestamp::now();
        self.console.print_line(&Line::NotBegun { time, why })
    }

    fn finish(&self, tail: &Tail) -> Result<Answer, Failure> {
        let (detections, unreadable) = (self.detections, tail.unreadable());
        let footholds = self.watch.case().suspicions().len();
        if self.console.json {
            self.console.print_line(&Line::Ended {
                detections,
                footholds,
                unreadable,
            })?;
        } else {
            self.console.note(&format!(
                "the input ended: {detections} detections, {footholds} held, {unreadable} places could not be read"
            ));
        }
        Ok(Answer::Yes)
    }
}

fn say_due(standing: &Standing, console: &Console) -> Result<(), Failure> {
    let footholds = standing.names();
    let plan_hash = &standing.orders.plan_hash;
    if console.json {
        let time = Timestamp::now();
        return console.print_line(&Line::Due {
            time,
            plan_hash,
            footholds,
        });
    }
    console.warn(&format!(
        "{} held by {INDEPENDENT_SIGNALS_MIN} independent signals or more: plan {} is carried out",
        footholds.join(" and "),
        short(plan_hash)
    ));
    Ok(())
}
