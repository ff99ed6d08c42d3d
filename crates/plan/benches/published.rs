//! The published edge-blocking task on Active Directory graphs: `cargo bench -p cordon-plan --bench published --
//! GRAPHS FOLDER DRAWS [NAME]`, or `make published`, which lets HiGHS solve the same instances beside it.
//!
//! Draws instances by the published protocol from the graphs in a folder, writes two of each
//! graph to FOLDER for others to solve, and solves it with Cordon, greedily and by minimum cut. Prints one line an instance: CPU milliseconds of this thread and
//! the intruder's best success. Without arguments one small graph made up here is solved, to show that it works.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "support/clock.rs"]
mod clock;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cordon_plan::budget::{
    Answer, Difficulty, Edge, Instance, Limits, baselines, best_path, kernel_size, solve,
};
use cordon_plan::master::Combined;

use clock::timed;

const SEED: u64 = 1;

/// Draws of each graph that are written out: the published tables have two.
const WRITTEN_MAX: u64 = 2;

/// Entries and edges that may be blocked, as in the published tables.
const TASKS: [(usize, u32); 6] = [(20, 5), (20, 10), (20, 20), (40, 5), (40, 10), (40, 20)];

/// Steele, Lea & Flood 2014 (SplitMix64).
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Edges from and to nodes; node 0 is the target.
struct Graph {
    nodes: u32,
    edges: Vec<(u32, u32)>,
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    println!(
        "graph,draw,entries,edges_max,nodes,edges,kernel_edges,kernel_blockable,rounds,proven,ms,kernel_ms,greedy_ms,cut_ms,before,success,bound,greedy,cut"
    );
    match arguments.as_slice() {
        [graphs, folder, draws, rest @ ..] => {
            let draws = draws.parse().unwrap_or(1);
            for path in graph_files(Path::new(graphs)) {
                let name = path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                if rest.is_empty() || rest.iter().any(|wanted| name.starts_with(wanted.as_str())) {
                    every_task(&name, &read_graph(&path), draws, Some(Path::new(folder)));
                }
            }
        }
        _ => every_task("ladder", &ladder(), 1, None),
    }
}

fn graph_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "csv"))
        .collect();
    found.sort();
    found
}

/// Lines `src,dst,type`; the kinds that DBCreator's task keeps, or all of a table that says `# all`.
fn read_graph(path: &Path) -> Graph {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let all = text.starts_with("# all");
    let edges: Vec<(u32, u32)> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(',');
            let (from, to) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            let kind = fields.next()?;
            (all || matches!(kind, "AdminTo" | "MemberOf" | "HasSession")).then_some((from, to))
        })
        .collect();
    let nodes = edges.iter().map(|(from, to)| from.max(to) + 1).max().unwrap_or(0);
    Graph { nodes, edges }
}

/// Two hundred rungs with a way round each.
fn ladder() -> Graph {
    let edges =
        (1..200_u32).flat_map(|node| [(node, node - 1), (node, node.saturating_sub(3)), (node, node / 2)]);
    Graph {
        nodes: 200,
        edges: edges.collect(),
    }
}

/// Steps from every node to the target.
fn distances(graph: &Graph) -> Vec<u32> {
    let mut into = vec![Vec::new(); graph.nodes as usize];
    for &(from, to) in &graph.edges {
        if let Some(list) = into.get_mut(to as usize) {
            list.push(from);
        }
    }
    let mut distance = vec![u32::MAX; graph.nodes as usize];
    let mut open = VecDeque::from([(0_u32, 0_u32)]);
    while let Some((node, steps)) = open.pop_front() {
        let Some(slot) = distance.get_mut(node as usize).filter(|slot| **slot == u32::MAX) else {
            continue;
        };
        *slot = steps;
        let before = into.get(node as usize).into_iter().flatten();
        open.extend(before.map(|&from| (from, steps + 1)));
    }
    distance
}

/// One draw by the protocol: edges out of the target and of nodes that cannot reach it are dropped; entries are some
/// of the twice as many farthest nodes; an edge is blockable with the probability of its distance over the largest;
/// failure rates are uniform in (0, 0.2).
fn draw(graph: &Graph, wanted: usize, random: &mut Random) -> Instance {
    let distance = distances(graph);
    let at = |node: u32| distance.get(node as usize).copied().unwrap_or(u32::MAX);
    let mut far: Vec<u32> = (1..graph.nodes).filter(|&node| at(node) != u32::MAX).collect();
    far.sort_by_key(|&node| (std::cmp::Reverse(at(node)), node));
    let farthest = far.first().map_or(1, |&node| at(node).max(1));
    far.truncate(2 * wanted);
    while far.len() > wanted {
        let place = (random.unit() * far.len() as f64) as usize;
        far.swap_remove(place);
    }
    let edges = graph
        .edges
        .iter()
        .filter(|&&(from, to)| from != 0 && at(from) != u32::MAX && at(to) != u32::MAX)
        .map(|&(from, to)| Edge {
            from,
            to,
            difficulty: Difficulty::of_failure(0.2 * random.unit()).unwrap_or(Difficulty::IMPOSSIBLE),
            blockable: random.unit() < f64::from(at(from)) / f64::from(farthest),
        });
    Instance {
        nodes: graph.nodes,
        edges: edges.collect(),
        entries: far,
        target: 0,
        edges_max: 0,
    }
}

fn every_task(name: &str, graph: &Graph, draws: u64, folder: Option<&Path>) {
    for (entries, edges_max) in TASKS {
        for draw_number in 0..draws {
            // The same draw for every budget, so that they can be compared.
            let mut random = Random(SEED.wrapping_add(draw_number * 1_000 + entries as u64));
            let instance = Instance {
                edges_max,
                ..draw(graph, entries, &mut random)
            };
            if let Some(folder) = folder.filter(|_| draw_number < WRITTEN_MAX) {
                let file = folder.join(format!("{name}-{draw_number}-{entries}-{edges_max}.csv"));
                if let Err(error) = std::fs::write(&file, written(&instance)) {
                    println!("cannot write {}: {error}", file.display());
                }
            }
            println!("{name},{draw_number},{entries},{}", measured(&instance));
        }
    }
}

/// The instance for others: `entry,N`, `budget,N` and `edge,FROM,TO,DIFFICULTY,BLOCKABLE`.
fn written(instance: &Instance) -> String {
    let mut text = format!("budget,{}\n", instance.edges_max);
    let mut add = |line: String| {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{line}");
    };
    for entry in &instance.entries {
        add(format!("entry,{entry}"));
    }
    for edge in &instance.edges {
        let blockable = u8::from(edge.blockable);
        add(format!(
            "edge,{},{},{},{blockable}",
            edge.from, edge.to, edge.difficulty.0
        ));
    }
    text
}

fn measured(instance: &Instance) -> String {
    // The shortest of three: the rest is what others did to the caches.
    let (answer, ms) = fastest(|| {
        let begun = Instant::now();
        solve(instance, &Combined, &Limits::default(), &mut || {
            begun.elapsed().as_secs_f64()
        })
    });
    let (_, kernel_ms) = fastest(|| kernel_size(instance));
    let (greedy, greedy_ms) = fastest(|| baselines::greedy(instance));
    let (cut, cut_ms) = fastest(|| baselines::cut(instance));
    let after = |blocked: &[u32]| best_path(instance, blocked).map_or(0.0, |(length, _)| length.success());
    let Answer { kernel, rounds, .. } = answer;
    format!(
        "{},{},{},{},{},{rounds},{},{ms:.3},{kernel_ms:.3},{greedy_ms:.3},{cut_ms:.3},{:.6},{:.6},{:.6},{:.6},{:.6}",
        instance.edges_max,
        instance.nodes,
        instance.edges.len(),
        kernel.edges,
        kernel.blockable,
        u8::from(answer.is_optimal()),
        after(&[]),
        answer.difficulty.success(),
        answer.bound.success(),
        after(&greedy),
        after(&cut),
    )
}

fn fastest<T>(mut work: impl FnMut() -> T) -> (T, f64) {
    let mut once = || {
        let (result, seconds) = timed(&mut work);
        (result, 1e3 * seconds)
    };
    let mut best = once();
    for _ in 0..2 {
        let next = once();
        if next.1 < best.1 {
            best = next;
        }
    }
    best
}
