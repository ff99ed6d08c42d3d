//! `cordon plan --interactive`: somebody decides, the plan follows, a line at a time.
//!
//! Each line changes what is asked for and is answered with what that does to the plan. The planner keeps what it knows from one to
//! the next, so that the answer is there at once; and because it is the same planner, what is written to a file is the plan that
//! `cordon plan` makes from nothing with the same decisions.

use std::io::{BufRead, IsTerminal, Read};
use std::path::Path;
use std::time::Instant;

use cordon_estate::Estate;
use cordon_estate::load::nearest;
use cordon_estate::names::Directory;
use cordon_evidence::document::Evidence;
use cordon_plan::document::WithdrawalId;
use cordon_plan::{Constraints, PlanDocument, Planner, Settings, Watch};
use cordon_reach::Options;

use crate::console::Console;
use crate::failure::Failure;
use crate::input::{entity, evidence};
use crate::output;
use crate::render::plan::{Changed, changed, screen};

/// Longest line that is read: no name is nearly as long.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// What can be said, with what it is said of and what it does.
const WORDS: [(&str, &str, &str); 13] = [
    (
        "refuse",
        "WITHDRAWAL",
        "never in the plan; by its id or by its number in the plan",
    ),
    ("force", "WITHDRAWAL", "in the plan whatever else is"),
    (
        "hold",
        "ENTITY",
        "the intruder holds it: your word, like --pin held=ENTITY",
    ),
    ("clean", "ENTITY", "the intruder does not hold it"),
    ("protect", "SERVICE", "it must keep running"),
    ("jewel", "ENTITY", "it must not be taken"),
    ("give-up", "ENTITY", "a jewel that may stay in reach at its price"),
    ("duration", "HOURS", "how long withdrawals are expected to stay"),
    ("undo", "", "take back the last of these"),
    ("show", "", "the whole plan"),
    ("write", "FILE", "the plan as JSON, with its certificate"),
    ("help", "", "these words"),
    ("quit", "", "the end; so is the end of the input"),
];

/// What is planned for.
#[derive(Clone)]
struct Asked {
    evidence: Evidence,
    constraints: Constraints,
    duration_hours: f64,
}

struct Session<'a> {
    estate: &'a Estate,
    directory: &'a Directory,
    console: &'a Console,
    /// How the plan in a file is made.
    settings: Settings,
    planner: Planner<'a>,
    now: Asked,
    before: Vec<Asked>,
    plan: PlanDocument,
    line: usize,
}

/// What the last word left.
pub(super) struct Ended {
    /// The plan, made as a file has it.
    pub(super) plan: PlanDocument,
    /// The evidence with what was said of it.
    pub(super) evidence: Evidence,
}

/// Makes the first plan, shows it, and answers every line of standard input.
pub(super) fn run(
    estate: &Estate,
    evidence: Evidence,
    (settings, constraints): (Settings, Constraints),
    console: &Console,
) -> Result<Ended, Failure> {
    let directory = Directory::from_estate(estate);
    let now = Asked {
        evidence,
        constraints,
        duration_hours: settings.duration_hours,
    };
    let mut planner = Planner::new(estate, &Options::default());
    let plan = made(&mut planner, (estate, &directory), &now, &settings)?;
    let mut session = Session {
        estate,
        directory: &directory,
        console,
        settings,
        planner,
        now,
        before: Vec::new(),
        plan,
        line: 0,
    };
    session.show()?;
    session.listen(&mut std::io::stdin().lock())?;
    let plan = session.full()?;
    Ok(Ended {
        plan,
        evidence: session.now.evidence,
    })
}

/// The plan for what is asked.
fn made(
    planner: &mut Planner<'_>,
    (estate, directory): (&Estate, &Directory),
    asked: &Asked,
    settings: &Settings,
) -> Result<PlanDocument, Failure> {
    let footholds = super::footholds(estate, directory, &asked.evidence)?;
    let settings = Settings {
        duration_hours: asked.duration_hours,
        ..settings.clone()
    };
    let begun = Instant::now();
    let mut watch = Watch {
        progress: &mut |_| {},
        clock: &mut || begun.elapsed().as_secs_f64(),
    };
    Ok(planner.plan(&footholds, &settings, &asked.constraints, &mut watch))
}

impl Session<'_> {
    fn listen(&mut self, input: &mut impl BufRead) -> Result<(), Failure> {
        let asks = std::io::stdin().is_terminal();
        loop {
            if asks {
                self.console.prompt("plan> ");
            }
            let Some(words) = self.next_line(input) else {
                return Ok(());
            };
            match self.answered(&words) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(Failure::BrokenPipe) => return Err(Failure::BrokenPipe),
                Err(failure) => self.wrong(&words, &failure)?,
            }
        }
    }

    /// The next line without its end; none after the last.
    fn next_line(&mut self, input: &mut impl BufRead) -> Option<String> {
        let mut bytes = Vec::new();
        let read = input.take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
        if !read.is_ok_and(|read| read > 0) {
            return None;
        }
        self.line += 1;
        Some(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// Says what is wrong with a line, and goes on.
    fn wrong(&self, words: &str, failure: &Failure) -> Result<(), Failure> {
        let line = self.line;
        self.console.error(&format!("line {line}: {words}: {failure}"));
        if self.console.json {
            let error = failure.to_string();
            let told = serde_json::json!({ "line": line, "command": words, "error": error });
            self.console.print_line(&told)?;
        }
        Ok(())
    }

    /// Does what a line says; false if it says that this is the end.
    fn answered(&mut self, words: &str) -> Result<bool, Failure> {
        let (word, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let rest = rest.trim();
        if word.is_empty() || word.starts_with('#') {
            return Ok(true);
        }
        let Some((_, needs, _)) = WORDS.iter().find(|(known, _, _)| *known == word) else {
            return Err(unknown(word));
        };
        if needs.is_empty() != rest.is_empty() {
            return Err(Failure::input(match *needs {
                "" => format!("`{word}` stands alone\nWrite `{word}` and nothing after it."),
                needs => format!("it says not what of\nWrite `{word} {needs}`."),
            }));
        }
        match word {
            "quit" => return Ok(false),
            "help" => self.help()?,
            "show" => self.show()?,
            "write" => self.write(Path::new(rest))?,
            "undo" => self.undo(words)?,
            _ => {
                let mut next = self.now.clone();
                self.change(&mut next, word, rest)?;
                let before = self.planned(next, words)?;
                self.before.push(before);
            }
        }
        Ok(true)
    }

    fn change(&self, asked: &mut Asked, word: &str, what: &str) -> Result<(), Failure> {
        let constraints = &mut asked.constraints;
        let entity = || entity::find(self.estate, self.directory, what);
        match word {
            "refuse" | "force" => {
                let id = self.withdrawal(what)?;
                constraints.refuse.retain(|known| *known != id);
                constraints.force.retain(|known| *known != id);
                if word == "force" {
                    constraints.force.push(id);
                } else {
                    constraints.refuse.push(id);
                }
            }
            "hold" | "clean" => {
                let held = word == "hold";
                super::pin(&mut asked.evidence, entity()?, held, self.estate, self.directory);
            }
            "protect" => constraints.protect.push(super::service(self.estate, what)?),
            "jewel" => {
                let entity = entity()?;
                constraints.give_up.retain(|known| *known != entity);
                constraints.jewels.push(entity);
            }
            "give-up" => constraints.give_up.push(entity()?),
            _ => asked.duration_hours = hours(what)?,
        }
        Ok(())
    }

    /// A withdrawal by its id, or by its number in the plan.
    fn withdrawal(&self, words: &str) -> Result<WithdrawalId, Failure> {
        if let Ok(number) = words.parse::<u32>() {
            let numbered = self.plan.withdrawals.iter().find(|entry| entry.order == number);
            return numbered.map(|entry| entry.id.clone()).ok_or_else(|| {
                let count = self.plan.withdrawals.len();
                Failure::input(format!(
                    "the plan has no number {number}\nWrite a number from 1 to {count}, or an id."
                ))
            });
        }
        let id = WithdrawalId(words.to_owned());
        match self.planner.candidates().find(&id) {
            Some(_) => Ok(id),
            None => Err(super::no_withdrawal(
                self.estate,
                self.planner.candidates(),
                words,
            )),
        }
    }

    /// Plans for what is asked now and says what changed; returns what was asked before.
    fn planned(&mut self, next: Asked, words: &str) -> Result<Asked, Failure> {
        let begun = Instant::now();
        let quick = Settings {
            comparisons: false,
            certificate: false,
            uncertainty: None,
            ..self.settings.clone()
        };
        let plan = made(&mut self.planner, (self.estate, self.directory), &next, &quick)?;
        let told = Changed::between(&self.plan, &plan, begun.elapsed().as_secs_f64() * 1000.0);
        if self.console.json {
            let told = serde_json::json!({ "line": self.line, "command": words, "changed": told });
            self.console.print_line(&told)?;
        } else {
            let text = changed(&told, &plan, self.console.width, self.console.paint);
            self.console.print(&text)?;
        }
        self.plan = plan;
        Ok(std::mem::replace(&mut self.now, next))
    }

    fn undo(&mut self, words: &str) -> Result<(), Failure> {
        let Some(last) = self.before.pop() else {
            return Err(Failure::input(
                "nothing was said that could be taken back\nSay something first; `help` lists what.",
            ));
        };
        self.planned(last, words).map(drop)
    }

    /// The plan as a file has it.
    fn full(&mut self) -> Result<PlanDocument, Failure> {
        made(
            &mut self.planner,
            (self.estate, self.directory),
            &self.now,
            &self.settings,
        )
    }

    fn write(&mut self, file: &Path) -> Result<(), Failure> {
        output::check_writable(file)?;
        let plan = self.full()?;
        output::write_file(file, super::json(&plan)?.as_bytes())?;
        let (name, hash) = (file.display().to_string(), &plan.plan_hash);
        if self.console.json {
            let told = serde_json::json!({ "line": self.line, "written": name, "plan_hash": hash });
            return self.console.print_line(&told);
        }
        self.console.print(&format!("{name} written: plan {hash}\n"))
    }

    fn show(&self) -> Result<(), Failure> {
        if self.console.json {
            return self.console.print_line(&self.plan);
        }
        let reasons = evidence::reasons(&self.now.evidence);
        let (width, paint) = (self.console.width, self.console.paint);
        self.console.print(&screen(&self.plan, &reasons, width, paint))
    }

    fn help(&self) -> Result<(), Failure> {
        if self.console.json {
            let words =
                WORDS.map(|(word, of, does)| serde_json::json!({ "word": word, "of": of, "does": does }));
            return self.console.print_line(&serde_json::json!({ "words": words }));
        }
        let lines = WORDS.map(|(word, of, does)| {
            let said = format!("{word} {of}");
            format!("  {:<20} {does}\n", said.trim_end())
        });
        self.console.print(&lines.concat())
    }
}

fn unknown(word: &str) -> Failure {
    let next = match nearest(word, WORDS.iter().map(|(known, _, _)| *known)) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => "Write `help` to see what can be said.".to_owned(),
    };
    Failure::input(format!("`{word}` is none of the words\n{next}"))
}

fn hours(words: &str) -> Result<f64, Failure> {
    let number = words.parse::<f64>().ok();
    number
        .filter(|hours| hours.is_finite() && *hours > 0.0)
        .ok_or_else(|| {
            Failure::input(format!(
                "`{words}` is no duration\nWrite hours above 0, such as `duration 48`."
            ))
        })
}
