//! `cordon plan --budget-edges`: the best few edges of a plain graph to block.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use cordon_plan::budget::{Answer as Blocks, Difficulty, Instance, Limits, Size, best_path, solve};
use cordon_plan::master::Combined;
use serde::Serialize;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::{self, graph::Table};
use crate::output;
use crate::render::paper::Paper;
use crate::render::text::Text;

/// Blocking edges of a graph.
#[derive(Debug, Args)]
#[command(next_help_heading = "Blocking edges of a graph instead")]
pub(crate) struct Budget {
    /// Block at most so many edges of --graph, so that the best path succeeds least
    #[arg(long, value_name = "COUNT", requires = "graph")]
    budget_edges: Option<u32>,
    /// Who can take whom, a table src,dst,type[,failure[,blockable]] [default: 0.1, yes]
    #[arg(long, value_name = "FILE", requires = "budget_edges")]
    #[arg(conflicts_with_all = ["estate", "evidence", "pin", "refuse", "force", "protect", "give_up", "report"])]
    graph: Option<PathBuf>,
}

/// What the rest of the command line says.
pub(crate) struct Asked<'a> {
    /// Nodes where the intruder may start.
    pub(crate) footholds: &'a [String],
    /// The node that must not be taken, one at most.
    pub(crate) jewels: &'a [String],
    /// Seconds after which the best so far is given.
    pub(crate) seconds_max: f64,
    /// Where to write the answer.
    pub(crate) output: Option<&'a PathBuf>,
}

/// The answer as JSON. Successes are probabilities, from 0 to 1.
#[derive(Serialize)]
struct Blocked<'a> {
    outcome: &'static str,
    edges_max: u32,
    footholds: &'a [String],
    jewel: &'a str,
    success_before: f64,
    success: f64,
    success_bound: f64,
    blocked: Vec<EdgeShown<'a>>,
    path: Vec<EdgeShown<'a>>,
    kernel: Size,
    rounds: u32,
    lines_not_used: usize,
}

#[derive(Serialize)]
struct EdgeShown<'a> {
    from: &'a str,
    to: &'a str,
    kind: &'a str,
    line: usize,
}

impl Budget {
    /// The answer, if edges of a graph are to be blocked.
    pub(crate) fn run(&self, asked: &Asked<'_>, console: &Console) -> Option<Result<Answer, Failure>> {
        let (path, edges_max) = (self.graph.as_ref()?, self.budget_edges?);
        Some(self.blocked(path, edges_max, asked, console))
    }

    fn blocked(
        &self,
        path: &Path,
        edges_max: u32,
        asked: &Asked<'_>,
        console: &Console,
    ) -> Result<Answer, Failure> {
        let text = input::text(path)?;
        let table = Table::read(&path.display().to_string(), &text)?;
        if table.skipped > 0 {
            let first = table.first_skipped;
            console.warn(&format!(
                "{} lines not used, the first at {}:{first}: write src,dst,type[,failure[,blockable]]",
                table.skipped,
                path.display()
            ));
        }
        if asked.jewels.len() > 1 {
            return Err(Failure::input(
                "--jewel: name one node of the graph, for a path ends in one",
            ));
        }
        let named = asked.jewels.first().map(String::as_str);
        let jewel = named.or(table.jewel).ok_or_else(|| {
            Failure::input(
                "no node is named that must not be taken\nAdd --jewel NODE, or a line `# DA=NODE`.",
            )
        })?;
        let instance = instance(&table, jewel, asked.footholds, edges_max)?;
        let begun = Instant::now();
        let limits = Limits {
            deadline_seconds: asked.seconds_max,
            ..Limits::default()
        };
        let blocks = solve(&instance, &Combined, &limits, &mut || {
            begun.elapsed().as_secs_f64()
        });
        let shown = shown(&table, &instance, &blocks, jewel, asked.footholds);
        tell(&shown, asked.output, console)
    }
}

fn instance(
    table: &Table<'_>,
    jewel: &str,
    footholds: &[String],
    edges_max: u32,
) -> Result<Instance, Failure> {
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut edges = Vec::with_capacity(table.edges.len());
    for edge in &table.edges {
        let [from, to] = [edge.from, edge.to].map(|name| {
            let next = numbers.len() as u32;
            *numbers.entry(name).or_insert(next)
        });
        edges.push(cordon_plan::budget::Edge {
            from,
            to,
            difficulty: edge.difficulty,
            blockable: edge.blockable,
        });
    }
    let node = |option: &str, name: &str| {
        numbers
            .get(name)
            .copied()
            .ok_or_else(|| Failure::input(format!("--{option} {name}: no edge of the graph has this node")))
    };
    let entries = footholds.iter().map(|name| node("foothold", name));
    Ok(Instance {
        nodes: numbers.len() as u32,
        entries: entries.collect::<Result<_, _>>()?,
        target: node("jewel", jewel)?,
        edges,
        edges_max,
    })
}

fn shown<'a>(
    table: &Table<'a>,
    instance: &Instance,
    blocks: &Blocks,
    jewel: &'a str,
    footholds: &'a [String],
) -> Blocked<'a> {
    let named = |edges: &[u32]| -> Vec<EdgeShown<'a>> {
        let found = edges.iter().filter_map(|&edge| table.edges.get(edge as usize));
        found
            .map(|edge| EdgeShown {
                from: edge.from,
                to: edge.to,
                kind: edge.kind,
                line: edge.line,
            })
            .collect()
    };
    let after = best_path(instance, &blocks.blocked);
    let before = best_path(instance, &[]).map_or(Difficulty::IMPOSSIBLE, |(difficulty, _)| difficulty);
    Blocked {
        outcome: if blocks.is_optimal() {
            "optimal"
        } else {
            "feasible"
        },
        edges_max: instance.edges_max,
        footholds,
        jewel,
        success_before: before.success(),
        success: blocks.difficulty.success(),
        success_bound: blocks.bound.success(),
        blocked: named(&blocks.blocked),
        path: after.map_or_else(Vec::new, |(_, path)| named(&path)),
        kernel: blocks.kernel,
        rounds: blocks.rounds,
        lines_not_used: table.skipped,
    }
}

fn tell(shown: &Blocked<'_>, file: Option<&PathBuf>, console: &Console) -> Result<Answer, Failure> {
    if let Some(path) = file {
        let json = serde_json::to_string_pretty(shown)
            .map_err(|error| Failure::Bug(format!("cannot write the answer as JSON: {error}")))?;
        output::write_file(path, (json + "\n").as_bytes())?;
    }
    if console.json {
        console.print_json(shown)?;
    } else {
        console.print(&screen(shown, console))?;
    }
    Ok(Answer::Yes)
}

fn screen(shown: &Blocked<'_>, console: &Console) -> String {
    let mut paper = Paper::new(console.width, console.paint);
    let proof = if shown.outcome == "optimal" {
        "No other blocks are better.".to_owned()
    } else {
        format!("Other blocks may bring it down to {:.4}.", shown.success_bound)
    };
    let answer = Text::new()
        .plain(format!(
            "Blocking {} of at most {} edges, the best path to ",
            shown.blocked.len(),
            shown.edges_max
        ))
        .name(shown.jewel)
        .plain(" succeeds with probability ")
        .strong(format!("{:.4}", shown.success))
        .plain(format!(", before {:.4}. {proof}", shown.success_before));
    paper.paragraph(0, &answer);
    for (title, edges) in [("Block", &shown.blocked), ("Best path then", &shown.path)] {
        if edges.is_empty() {
            continue;
        }
        paper.heading(title);
        for edge in edges {
            let text = Text::new()
                .name(edge.from)
                .plain(" -> ")
                .name(edge.to)
                .plain(format!("  {} ", edge.kind))
                .quiet(format!("(line {})", edge.line));
            paper.hanging(2, 4, &text);
        }
    }
    paper.finish()
}
