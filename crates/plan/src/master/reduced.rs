//! Masters in which nearly everything has a price, made small before they are searched.
//!
//! Where jewels may be lost too, thousands of losses share the same few ways of being prevented, and each has acts of its own beside them.
//! None of what is left out or put together here changes what is cheapest:
//!
//! - A column that nothing hangs on and that hits every row of one loss and no other may stand for it, if it costs less.
//! - A column that costs as much as all losses that it could prevent is never chosen: those can be paid instead.
//! - A row that contains another of the same loss, or one that must be hit, is hit with it.
//! - Losses with the same rows are paid together or not at all, so they are one loss.
//!
//! With a budget, losses and columns are not exchanged: only the last two hold.

use rustc_hash::FxHashMap;

use super::search::{self, is_subset};
use super::{Answer, Budget, Effort, Master, Problem, Row, is_set};
use crate::devices::Devices;
use crate::kernel::{Lists, Sets};

/// The own search over a master made small, started from what its first bound suggests.
#[derive(Clone, Copy, Debug)]
pub struct Reduced {
    /// Most rows looked at, over all nodes of one master's tree.
    pub work_max: u64,
}

const NAME: &str = "search";

impl Master for Reduced {
    fn name(&self) -> &'static str {
        NAME
    }

    fn solve(&self, problem: &Problem, effort: &Effort<'_>) -> Answer {
        with(problem, effort, self.work_max, Devices::USED)
    }
}

/// Searches a problem made small with some devices only.
pub(super) fn with(problem: &Problem, effort: &Effort<'_>, work_max: u64, devices: Devices) -> Answer {
    let small = Small::of(problem);
    let start = effort.start.map(|start| small.few(start));
    let rows = small.problem.rows.len().max(1) as u64;
    let few = Effort {
        nodes_max: effort.nodes_max.min(work_max.div_ceil(rows)),
        start: start.as_deref(),
        lower_bound: effort.lower_bound,
    };
    let mut answer = search::with(&small.problem, &few, devices);
    answer.chosen = answer.chosen.map(|chosen| small.all(problem, &chosen));
    answer
}

/// A problem with fewer columns, losses and rows.
struct Small {
    problem: Problem,
    /// The column that each column was.
    columns: Vec<u32>,
    /// The columns that are chosen where a loss is paid, by loss; none where it really is paid.
    stands: Vec<Vec<u32>>,
}

impl Small {
    fn of(problem: &Problem) -> Self {
        let grouped = Grouped::of(problem);
        let mut prices = problem.losses.clone();
        let mut stand: Vec<Option<u32>> = vec![None; prices.len()];
        let mut needless = Vec::new();
        if problem.budget.is_none() {
            let uses = Uses::of(problem, &grouped);
            uses.let_stand(problem, &grouped, &mut prices, &mut stand);
            needless = uses.needless(problem, &prices);
        }
        grouped.without(&needless).put_together(problem, &prices, &stand)
    }

    /// A choice of the whole problem as one of this.
    fn few(&self, all: &[bool]) -> Vec<bool> {
        self.columns.iter().map(|&column| is_set(all, column)).collect()
    }

    /// A choice of this as one of the whole problem.
    fn all(&self, problem: &Problem, few: &[bool]) -> Vec<bool> {
        let mut all = vec![false; problem.columns.len()];
        let mut choose = |column: u32| {
            if let Some(flag) = all.get_mut(column as usize) {
                *flag = true;
            }
        };
        for (&column, _) in self.columns.iter().zip(few).filter(|(_, chosen)| **chosen) {
            choose(column);
        }
        for row in &self.problem.rows {
            let paid = row
                .loss
                .filter(|_| !row.cuts.iter().any(|&column| is_set(few, column)));
            let stands = paid.and_then(|loss| self.stands.get(loss as usize));
            stands.into_iter().flatten().for_each(|&column| choose(column));
        }
        all
    }
}

/// The rows of each loss, and those that must be hit, by the number of what hits them.
struct Grouped {
    sets: Sets,
    /// By loss; none contains another.
    rows: Vec<Vec<u32>>,
    hard: Vec<u32>,
}

impl Grouped {
    fn of(problem: &Problem) -> Self {
        let mut grouped = Self {
            sets: Sets::default(),
            rows: vec![Vec::new(); problem.losses.len()],
            hard: Vec::new(),
        };
        let mut free: Vec<u32> = Vec::new();
        for Row { cuts, loss } in &problem.rows {
            if cuts.iter().any(|&column| problem.fixing(column) == Some(true)) {
                continue;
            }
            free.clear();
            free.extend(cuts.iter().filter(|column| problem.fixing(**column).is_none()));
            let set = grouped.sets.number(&free);
            let group = match loss {
                None => Some(&mut grouped.hard),
                Some(loss) => grouped.rows.get_mut(*loss as usize),
            };
            group.into_iter().for_each(|group| group.push(set));
        }
        grouped.least()
    }

    /// The same without some columns.
    fn without(self, needless: &[bool]) -> Self {
        if needless.is_empty() {
            return self;
        }
        let mut sets = Sets::default();
        let mut left: Vec<u32> = Vec::new();
        let mut number = |set: u32| {
            left.clear();
            left.extend(
                self.sets
                    .of(set)
                    .iter()
                    .filter(|column| !is_set(needless, **column)),
            );
            sets.number(&left)
        };
        let numbers: Vec<u32> = (0..self.sets.len() as u32).map(&mut number).collect();
        let (mut rows, mut hard) = (self.rows, self.hard);
        for set in rows.iter_mut().flatten().chain(&mut hard) {
            *set = numbers.get(*set as usize).copied().unwrap_or(*set);
        }
        Self { sets, rows, hard }.least()
    }

    /// Leaves out rows of a loss that contain another of it.
    fn least(mut self) -> Self {
        for own in self.rows.iter_mut().filter(|own| own.len() > 1) {
            least_sets(&self.sets, own);
        }
        self
    }

    fn put_together(self, problem: &Problem, prices: &[i64], stand: &[Option<u32>]) -> Small {
        let counted = |loss: usize| {
            let budget = problem.budget.as_ref();
            budget
                .and_then(|budget| budget.pence.get(loss))
                .copied()
                .unwrap_or(0)
        };
        let row = |set: &u32, loss: Option<u32>| Row {
            cuts: self.sets.of(*set).to_vec(),
            loss,
        };
        let mut numbers: FxHashMap<&[u32], usize> = FxHashMap::default();
        let (mut losses, mut stands, mut pence) = (Vec::new(), Vec::new(), Vec::new());
        let mut rows: Vec<Row> = self.hard.iter().map(|set| row(set, None)).collect();
        for (loss, own) in self.rows.iter().enumerate().filter(|(_, own)| !own.is_empty()) {
            let number = *numbers.entry(own).or_insert_with(|| {
                let new = losses.len();
                rows.extend(own.iter().map(|set| row(set, Some(new as u32))));
                losses.push(0);
                pence.push(0);
                stands.push(Vec::new());
                new
            });
            add(&mut losses, number, prices.get(loss).copied().unwrap_or(0));
            add(&mut pence, number, counted(loss));
            let stand = stand.get(loss).copied().flatten();
            let all: Option<&mut Vec<u32>> = stands.get_mut(number);
            all.into_iter().for_each(|all| all.extend(stand));
        }
        let budget = problem.budget.as_ref().map(|budget| Budget {
            pence,
            pence_max: budget.pence_max,
            rest_max: budget.rest_max,
        });
        let whole = Problem {
            columns: problem.columns.clone(),
            fixed: problem.fixed.clone(),
            losses,
            rows,
            nodes: problem.nodes.clone(),
            budget,
        };
        let (problem, columns) = whole.compact();
        Small {
            problem,
            columns,
            stands,
        }
    }
}

fn add(sums: &mut [i64], place: usize, more: i64) {
    if let Some(sum) = sums.get_mut(place) {
        *sum = more.saturating_add(*sum);
    }
}

/// Which losses columns could prevent.
struct Uses {
    /// The losses that each column hits a row of, by column.
    losses: Lists<u32>,
    /// How many rows it hits of the first of them.
    rows: Vec<u32>,
    /// Columns that a row which must be hit has, or on which something hangs.
    bound: Vec<bool>,
}

impl Uses {
    fn of(problem: &Problem, grouped: &Grouped) -> Self {
        let columns = problem.columns.len();
        let mut bound = vec![false; columns];
        let served = problem.nodes.iter().flat_map(|node| &node.columns);
        let hard = grouped.hard.iter().flat_map(|set| grouped.sets.of(*set));
        for &column in served.chain(hard) {
            if let Some(flag) = bound.get_mut(column as usize) {
                *flag = true;
            }
        }
        let mut rows = vec![0; columns];
        let mut last = vec![u32::MAX; columns];
        let mut first = vec![u32::MAX; columns];
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for (loss, own) in (0..).zip(&grouped.rows) {
            for &column in own.iter().flat_map(|set| grouped.sets.of(*set)) {
                let place = column as usize;
                let (Some(last), Some(first), Some(rows)) =
                    (last.get_mut(place), first.get_mut(place), rows.get_mut(place))
                else {
                    continue;
                };
                if *last != loss {
                    *last = loss;
                    pairs.push((column, loss));
                }
                if *first == u32::MAX {
                    *first = loss;
                }
                *rows += u32::from(*first == loss);
            }
        }
        Self {
            losses: Lists::grouped(columns, pairs.iter().copied()),
            rows,
            bound,
        }
    }

    /// Finds what may stand for a loss: the cheapest column that prevents it and nothing else, if it costs less.
    fn let_stand(&self, problem: &Problem, grouped: &Grouped, prices: &mut [i64], stand: &mut [Option<u32>]) {
        for (column, &pence) in (0..).zip(&problem.columns) {
            let [loss] = self.losses.of(column) else { continue };
            let loss = *loss as usize;
            let own = grouped.rows.get(loss).map_or(0, Vec::len);
            let hits = self.rows.get(column as usize).copied().unwrap_or(0) as usize;
            if hits < own || is_set(&self.bound, column) {
                continue;
            }
            if let (Some(price), Some(stand)) = (prices.get_mut(loss), stand.get_mut(loss))
                && pence < *price
            {
                *price = pence;
                *stand = Some(column);
            }
        }
    }

    /// Columns that cost as much as everything that they could prevent.
    fn needless(&self, problem: &Problem, prices: &[i64]) -> Vec<bool> {
        let hard = |column: u32| is_set(&self.bound, column);
        let is_needless = |(column, &pence): (u32, &i64)| {
            let price = |loss: &u32| prices.get(*loss as usize).copied().unwrap_or(0);
            let all = self.losses.of(column).iter().map(price);
            !hard(column) && all.fold(0, i64::saturating_add) <= pence
        };
        (0..).zip(&problem.columns).map(is_needless).collect()
    }
}

/// Leaves out sets that contain another, and what is there twice; sorts the others by number.
fn least_sets(sets: &Sets, own: &mut Vec<u32>) {
    own.sort_unstable_by_key(|set| (sets.of(*set).len(), *set));
    own.dedup();
    let mut kept = 0;
    for place in 0..own.len() {
        let Some(&set) = own.get(place) else { break };
        let small = own.iter().take(kept);
        if !small
            .into_iter()
            .any(|small| is_subset(sets.of(*small), sets.of(set)))
        {
            own.swap(kept, place);
            kept += 1;
        }
    }
    own.truncate(kept);
    own.sort_unstable();
}
