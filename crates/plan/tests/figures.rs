//! Figures for the README: run with `--release -- --ignored --nocapture --test-threads 1`. They are for reading; what
//! is asserted is that solvers agree with each other and with a maximum flow.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "figures are for reading"
)]

mod support;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Instant;

use cordon_plan::hitting::{Classes, Instance, Limits, Solution, Tools, solve};
use cordon_plan::kernel::{Kernel, Lists, RuleIndex, Rules, Source};
use cordon_plan::master::{Answer, Combined, Effort, Integer, Master, Problem, Search};
use cordon_plan::{Constraints, Foothold, Planner, Settings, Watch};
use cordon_reach::Options;
use cordon_sim::northgate;
use support::Chance;

/// CPU seconds of this thread so far, where the system tells them; else seconds that have passed.
fn cpu_seconds() -> f64 {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    // Linux brings the count up to date when a thread yields, and else every few milliseconds.
    std::thread::yield_now();
    let scheduled = std::fs::read_to_string("/proc/thread-self/schedstat");
    let nanoseconds = scheduled
        .ok()
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(
        || STARTED.elapsed().as_secs_f64(),
        |nanoseconds| nanoseconds / 1e9,
    )
}

/// Solves every master with every solver and keeps the times.
#[derive(Debug, Default)]
struct Race {
    times: Rc<RefCell<BTreeMap<&'static str, (f64, f64)>>>,
    masters: Rc<RefCell<Vec<(usize, usize)>>>,
}

fn solvers() -> Vec<Box<dyn Master>> {
    vec![
        Box::new(Combined),
        Box::new(Search),
        Box::new(Integer),
        #[cfg(feature = "highs")]
        Box::new(cordon_plan::master::Highs),
    ]
}

impl Master for Race {
    fn name(&self) -> &'static str {
        "race"
    }

    fn solve(&self, problem: &Problem, effort: &Effort<'_>) -> Answer {
        self.masters
            .borrow_mut()
            .push((problem.rows.len(), problem.columns.len()));
        let mut answers = Vec::new();
        for solver in solvers() {
            let started = cpu_seconds();
            let effort = Effort {
                nodes_max: 20_000,
                ..effort.clone()
            };
            let answer = solver.solve(problem, &effort);
            let seconds = cpu_seconds() - started;
            let mut times = self.times.borrow_mut();
            let slot = times.entry(solver.name()).or_default();
            *slot = (slot.0 + seconds, slot.1.max(seconds));
            answers.push(answer);
        }
        let cost = |answer: &Answer| answer.chosen.as_deref().and_then(|chosen| problem.cost(chosen));
        for answer in &answers[1..] {
            let proven = answer.lower_bound != i64::MAX && cost(answer) == Some(answer.lower_bound);
            if proven && cost(&answers[0]) == Some(answers[0].lower_bound) {
                let (one, other) = (cost(&answers[0]).unwrap() as f64, cost(answer).unwrap() as f64);
                assert!(
                    (one - other).abs() <= 1e-6 * one.max(1.0),
                    "{} says {one} and {} says {other}",
                    answers[0].solver,
                    answer.solver
                );
            }
        }
        answers.swap_remove(0)
    }
}

fn race_report(name: &str, race: &Race) {
    let masters = race.masters.borrow();
    let (rows, columns) = masters.iter().max().copied().unwrap_or_default();
    println!(
        "{name}: {} masters, the largest of {rows} rows over {columns} columns",
        masters.len()
    );
    for (solver, (all, worst)) in race.times.borrow().iter() {
        println!(
            "  {solver:28} {:9.2} CPU ms in all, {:8.2} ms the slowest",
            all * 1e3,
            worst * 1e3
        );
    }
}

fn report(stores: u32) {
    let started = Instant::now();
    let options = northgate::Options {
        stores,
        ..northgate::Options::default()
    };
    let estate = northgate::generate(&options);
    let footholds: Vec<Foothold> = cordon_sim::sample_incident(&estate, options.seed)
        .into_iter()
        .map(|one| Foothold {
            entity: one.entity,
            probability: one.probability,
        })
        .collect();
    println!(
        "{stores} stores: {} accounts, {} systems, {} accesses, made in {:.2} s",
        estate.accounts.len(),
        estate.systems.len(),
        estate.accesses.len(),
        started.elapsed().as_secs_f64()
    );
    let started = Instant::now();
    let mut planner = Planner::new(&estate, &Options::default());
    let (facts, rules) = (planner.graph().facts(), planner.graph().rules());
    println!(
        "compiled in {:.3} s: {facts} facts, {rules} rules",
        started.elapsed().as_secs_f64()
    );
    for comparisons in [false, true] {
        let settings = Settings {
            comparisons,
            ..Settings::default()
        };
        let started = Instant::now();
        let mut watch = Watch {
            progress: &mut |progress| println!("  {:.3} {progress:?}", started.elapsed().as_secs_f64()),
            clock: &mut || started.elapsed().as_secs_f64(),
        };
        let document = planner.plan(&footholds, &settings, &Constraints::default(), &mut watch);
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "planned in {seconds:.3} s: {:?} {:?}",
            document.outcome, document.optimality
        );
        if comparisons {
            println!("{}", serde_json::to_string_pretty(&document).unwrap());
            let started = Instant::now();
            let verdict = cordon_plan::verify(&document, &estate);
            println!(
                "checked in {:.3} s: {:?}",
                started.elapsed().as_secs_f64(),
                verdict.problems
            );
        }
    }
    race_solvers(&mut planner, &footholds, stores);
}

fn race_solvers(planner: &mut Planner<'_>, footholds: &[Foothold], stores: u32) {
    let race = Race::default();
    let kept = Race {
        times: Rc::clone(&race.times),
        masters: Rc::clone(&race.masters),
    };
    planner.set_master(Box::new(race));
    let mut watch = Watch {
        progress: &mut |_| {},
        clock: &mut || 0.0,
    };
    planner.plan(
        footholds,
        &Settings::default(),
        &Constraints::default(),
        &mut watch,
    );
    race_report(&format!("masters of {stores} stores"), &kept);
}

#[test]
#[ignore = "prints figures"]
fn figures_of_a_small_northgate() {
    report(20);
}

#[test]
#[ignore = "prints figures"]
fn figures_of_northgate() {
    report(2_300);
}

/// The graphs under `graphs/dbcreator`, if there are any.
fn graphs() -> Vec<PathBuf> {
    let root = std::env::var_os("CORDON_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let Ok(folder) = std::fs::read_dir(root.join("graphs/dbcreator")) else {
        println!("skipped: no graphs here");
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Nodes, and edges that matter for reaching node 0.
fn read_graph(path: &std::path::Path) -> (usize, Vec<(u32, u32)>) {
    let text = std::fs::read_to_string(path).unwrap();
    let edges: Vec<(u32, u32)> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("src"))
        .filter_map(|line| {
            let mut fields = line.split(',');
            let (from, to) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            matches!(fields.next()?, "AdminTo" | "MemberOf" | "HasSession").then_some((from, to))
        })
        .filter(|(from, _)| *from != 0)
        .collect();
    let nodes = edges.iter().map(|&(from, to)| from.max(to)).max().unwrap() as usize + 1;
    (nodes, edges)
}

/// Steps from every node to node 0.
fn distances(nodes: usize, edges: &[(u32, u32)]) -> Vec<u32> {
    let mut into = vec![Vec::new(); nodes];
    for &(from, to) in edges {
        into[to as usize].push(from);
    }
    let mut distance = vec![u32::MAX; nodes];
    distance[0] = 0;
    let mut open = VecDeque::from([0_u32]);
    while let Some(node) = open.pop_front() {
        for &before in &into[node as usize] {
            if distance[before as usize] == u32::MAX {
                distance[before as usize] = distance[node as usize] + 1;
                open.push_back(before);
            }
        }
    }
    distance
}

/// The maximum flow from the entries to node 0 (Edmonds and Karp): what the cheapest cut costs.
fn maximum_flow(nodes: usize, edges: &[(u32, u32)], capacity: &[i64], entries: &[u32]) -> i64 {
    let mut graph: Vec<Vec<(usize, usize)>> = vec![Vec::new(); nodes + 1];
    let mut left: Vec<i64> = Vec::new();
    let mut add = |graph: &mut Vec<Vec<(usize, usize)>>, from: usize, to: usize, room: i64| {
        graph[from].push((to, left.len()));
        left.push(room);
        graph[to].push((from, left.len()));
        left.push(0);
    };
    for (&(from, to), &room) in edges.iter().zip(capacity) {
        add(&mut graph, from as usize, to as usize, room);
    }
    for &entry in entries {
        add(&mut graph, nodes, entry as usize, i64::MAX / 4);
    }
    let mut flow = 0;
    loop {
        let mut by: Vec<Option<(usize, usize)>> = vec![None; nodes + 1];
        let mut open = VecDeque::from([nodes]);
        while let Some(node) = open.pop_front() {
            for &(to, edge) in &graph[node] {
                if left[edge] > 0 && by[to].is_none() && to != nodes {
                    by[to] = Some((node, edge));
                    open.push_back(to);
                }
            }
        }
        let mut room = i64::MAX;
        let mut node = 0;
        while let Some((before, edge)) = by[node] {
            room = room.min(left[edge]);
            node = before;
        }
        if node != nodes {
            return flow;
        }
        let mut node = 0;
        while let Some((before, edge)) = by[node] {
            left[edge] -= room;
            left[edge ^ 1] += room;
            node = before;
        }
        flow += room;
    }
}

/// Edges to be cut so that no entry leads to node 0; an edge costs up to 100.
struct Cut {
    nodes: usize,
    edges: Vec<(u32, u32)>,
    entries: Vec<u32>,
    costs: Vec<i64>,
}

/// Entries are drawn among the farthest nodes, twice as many as are wanted.
fn cut_of(path: &std::path::Path, wanted: usize) -> Cut {
    let (nodes, mut edges) = read_graph(path);
    let distance = distances(nodes, &edges);
    edges.retain(|(from, to)| distance[*from as usize].max(distance[*to as usize]) != u32::MAX);
    let mut entries: Vec<u32> = (1..nodes as u32)
        .filter(|&node| distance[node as usize] != u32::MAX)
        .collect();
    entries.sort_by_key(|&node| std::cmp::Reverse(distance[node as usize]));
    entries.truncate(2 * wanted);
    let mut chance = Chance::new(7);
    while entries.len() > wanted {
        let place = chance.below(entries.len() as u32) as usize;
        entries.swap_remove(place);
    }
    let costs = edges.iter().map(|_| 1 + i64::from(chance.below(100))).collect();
    Cut {
        nodes,
        edges,
        entries,
        costs,
    }
}

fn kernel_of(cut: &Cut) -> Kernel {
    let mut rules = Rules::new();
    for (index, &(from, to)) in cut.edges.iter().enumerate() {
        rules.push([from, (cut.nodes + index) as u32], to);
    }
    let facts = cut.nodes + cut.edges.len();
    let mut given = vec![false; facts];
    cut.entries.iter().for_each(|&entry| given[entry as usize] = true);
    given[cut.nodes..].fill(true);
    let mut cutters: Vec<Vec<u32>> = vec![Vec::new(); facts];
    for index in 0..cut.edges.len() {
        cutters[cut.nodes + index] = vec![index as u32];
    }
    let (targets, hard) = (&[0], &[true]);
    Kernel::new(&Source {
        facts,
        rules: &RuleIndex::new(facts, rules),
        given: &given,
        cutters: &cutters.into_iter().collect::<Lists<u32>>(),
        targets,
        hard,
    })
}

fn solve_cut(cut: &Cut, kernel: &mut Kernel, master: &dyn Master) -> Solution {
    let instance = Instance {
        fixed: vec![None; cut.costs.len()],
        columns: cut.costs.clone(),
        targets: vec![None],
        nodes: Vec::new(),
        budget: None,
    };
    let limits = Limits {
        rounds_max: 5_000,
        nodes_max: 2_000_000,
        deadline_seconds: 60.0,
    };
    let started = Instant::now();
    let mut classes = Classes::new(1, |_| true, 10);
    let mut tools = Tools {
        master,
        oracle: kernel,
        classes: &mut classes,
        clock: &mut || started.elapsed().as_secs_f64(),
        watch: &mut |_| {},
    };
    solve(&instance, &mut tools, &limits, 0)
}

fn block_edges(path: &std::path::Path, wanted: usize, race: &Race) {
    let cut = cut_of(path, wanted);
    let started = Instant::now();
    let mut kernel = kernel_of(&cut);
    let solution = solve_cut(&cut, &mut kernel, &Combined);
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    let flow = maximum_flow(cut.nodes, &cut.edges, &cut.costs, &cut.entries);
    println!(
        "{} s={wanted}: {} nodes, {} edges, kernel {} facts: {:?} {} in {} rounds, {milliseconds:.1} ms, by {}",
        path.file_name().unwrap().to_string_lossy(),
        cut.nodes,
        cut.edges.len(),
        kernel.facts(),
        solution.verdict,
        solution.cost,
        solution.rounds,
        solution.solver
    );
    assert_eq!(solution.cost, flow, "the cheapest cut is not the maximum flow");
    solve_cut(&cut, &mut kernel, race);
}

#[test]
#[ignore = "prints figures"]
fn figures_of_published_graphs() {
    let race = Race::default();
    for path in graphs() {
        for entries in [20, 40] {
            block_edges(&path, entries, &race);
        }
    }
    race_report("masters of the published graphs", &race);
}
