//! `cordon plan --budget-edges`: a plain graph, of which a few edges may be blocked.

use serde_json::Value;

use crate::running::run;

/// Two ways from `ws` to `da`: one through `admin`, one through `helpdesk` and then `admin2`, whose last edge cannot be blocked.
const GRAPH: &str = "# DA=da
src,dst,type,failure,blockable
ws,admin,HasSession,0.1,yes
admin,da,AdminTo,0.1,no
ws,helpdesk,MemberOf,0.2,yes
helpdesk,admin2,AdminTo,0.2,yes
admin2,da,AdminTo,0.5,no
this is no edge
";

fn blocked(edges: &str) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let graph = folder.path().join("edges.csv");
    std::fs::write(&graph, GRAPH).unwrap();
    let graph = graph.to_str().unwrap();
    let words = [
        "plan",
        "--budget-edges",
        edges,
        "--graph",
        graph,
        "--foothold",
        "ws",
    ];
    let ran = run(&[&words[..], &["--json"]].concat()).ended(0);
    assert!(ran.err.contains("edges.csv:8"), "{}", ran.err);
    (serde_json::from_str(&ran.out).unwrap(), run(&words).ended(0).out)
}

fn number(answer: &Value, name: &str) -> f64 {
    answer.get(name).and_then(Value::as_f64).unwrap()
}

#[test]
fn the_fewest_edges_that_lower_the_best_path_are_blocked_and_it_is_proved() {
    for (edges, success, shown) in [
        ("0", 0.81, "Blocking 0 of at most 0 edges"),
        ("1", 0.32, "ws -> admin  HasSession"),
        ("2", 0.0, "Blocking 2 of at most 2 edges"),
    ] {
        let (answer, screen) = blocked(edges);
        assert_eq!(answer.get("outcome").unwrap(), "optimal");
        assert!((number(&answer, "success") - success).abs() < 1e-9, "{answer}");
        assert!(
            (number(&answer, "success_before") - 0.81).abs() < 1e-9,
            "{answer}"
        );
        assert!(screen.contains(shown), "{screen}");
        assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    }
}

#[test]
fn a_node_that_no_edge_has_is_named_and_a_graph_needs_no_estate() {
    let folder = tempfile::tempdir().unwrap();
    let graph = folder.path().join("edges.csv");
    std::fs::write(&graph, GRAPH).unwrap();
    let graph = graph.to_str().unwrap();
    let words = [
        "plan",
        "--budget-edges",
        "1",
        "--graph",
        graph,
        "--foothold",
        "nobody",
    ];
    assert!(run(&words).ended(2).err.contains("--foothold nobody"));
    assert!(
        run(&["plan", "--budget-edges", "1"])
            .ended(2)
            .err
            .contains("--graph")
    );
}
