//! A plain graph of who can take whom: `src,dst,type`, and how each edge fails and whether it may be blocked.

use cordon_plan::budget::Difficulty;

use crate::failure::Failure;

/// How often an edge fails for which the table does not say.
const FAILURE_DEFAULT: f64 = 0.1;

/// Most edges read: far more than any published directory has, and some gigabytes.
const EDGES_MAX: usize = 50_000_000;

/// One line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) difficulty: Difficulty,
    pub(crate) blockable: bool,
    pub(crate) line: usize,
}

/// The whole table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table<'a> {
    pub(crate) edges: Vec<Edge<'a>>,
    /// The node of a line `# DA=NODE`.
    pub(crate) jewel: Option<&'a str>,
    /// Lines that are no edge.
    pub(crate) skipped: usize,
    /// The first of them, counted from 1.
    pub(crate) first_skipped: usize,
}

impl<'a> Table<'a> {
    pub(crate) fn read(name: &str, text: &'a str) -> Result<Self, Failure> {
        let mut table = Self::default();
        for (line, words) in (1..).zip(text.lines()) {
            let words = words.trim();
            if let Some(comment) = words.strip_prefix('#') {
                let named = comment.split_once('=').map(|(_, node)| node.trim());
                table.jewel = table.jewel.or(named.filter(|node| !node.is_empty()));
            } else if let Some(edge) = edge(line, words) {
                table.edges.push(edge);
            } else if !words.is_empty() && !words.starts_with("src,") {
                table.skipped += 1;
                if table.first_skipped == 0 {
                    table.first_skipped = line;
                }
            }
            if table.edges.len() > EDGES_MAX {
                return Err(Failure::input(format!(
                    "{name}: more than {EDGES_MAX} edges\nLeave out what does not matter."
                )));
            }
        }
        if table.edges.is_empty() {
            return Err(Failure::input(format!(
                "{name}: no edges\nWrite one a line: src,dst,type[,failure[,blockable]]."
            )));
        }
        Ok(table)
    }
}

fn edge(line: usize, words: &str) -> Option<Edge<'_>> {
    if words.starts_with("src,") {
        return None;
    }
    let mut fields = words.split(',').map(str::trim);
    let (from, to, kind) = (fields.next()?, fields.next()?, fields.next()?);
    let failure = match fields.next() {
        None | Some("") => FAILURE_DEFAULT,
        Some(number) => number.parse().ok()?,
    };
    let blockable = match fields.next() {
        None | Some("" | "yes" | "true" | "1") => true,
        Some("no" | "false" | "0") => false,
        Some(_) => return None,
    };
    let whole = fields.next().is_none() && ![from, to, kind].contains(&"");
    whole.then_some(Edge {
        from,
        to,
        kind,
        difficulty: Difficulty::of_failure(failure)?,
        blockable,
        line,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_and_blockable_may_be_left_out() {
        let table = Table::read("t", "# DA=x\nsrc,dst,type\na,b,AdminTo\nb,x,MemberOf,0.5,no\n").unwrap();
        assert_eq!(table.jewel, Some("x"));
        assert_eq!(table.edges.len(), 2);
        assert!((table.edges[0].difficulty.success() - 0.9).abs() < 1e-9);
        assert!(table.edges[0].blockable && !table.edges[1].blockable);
        assert_eq!(table.edges[1].line, 4);
    }

    #[test]
    fn what_is_no_edge_is_counted() {
        let text = "a,b,c\nnonsense\na,b,c,2\na,b,c,0.1,maybe\na,b,c,0.1,yes,more\n";
        let table = Table::read("t", text).unwrap();
        assert_eq!((table.edges.len(), table.skipped, table.first_skipped), (1, 4, 2));
    }

    #[test]
    fn a_table_without_edges_is_refused() {
        assert!(Table::read("t", "src,dst,type\n").is_err());
    }
}
