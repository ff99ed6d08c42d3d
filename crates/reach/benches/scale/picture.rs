//! Seconds by rules, both scales logarithmic, so that what is linear rises with the grey line.

use super::Figures;

const STYLE: &str = "<style>\
    .paper{fill:#fff}text{fill:#222}.quiet{fill:#666}.grid{stroke:#ddd}.guide{stroke:#999}\
    .compile{stroke:#c60}.chain{stroke:#06c}.kernel{stroke:#393}.witness{stroke:#909}\
    @media (prefers-color-scheme:dark){.paper{fill:#14181d}text{fill:#e6e6e6}.quiet{fill:#a0a0a0}.grid{stroke:#333a42}\
    .guide{stroke:#777}.compile{stroke:#ff9d4d}.chain{stroke:#4a9eff}.kernel{stroke:#6c6}.witness{stroke:#d7d}}</style>";

/// Rules at the left and right edges, and seconds at the bottom and top, as powers of ten.
const RULES: (f64, f64) = (4.5, 7.5);
const SECONDS: (f64, f64) = (-4.0, 1.0);

const LEFT: f64 = 80.0;
const RIGHT: f64 = 560.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 360.0;

/// Its class in the style, its name, and its seconds.
type Series = (&'static str, &'static str, fn(&Figures) -> f64);

fn x(rules: f64) -> f64 {
    (rules.log10() - RULES.0) / (RULES.1 - RULES.0) * (RIGHT - LEFT) + LEFT
}

fn y(seconds: f64) -> f64 {
    let share = (seconds.max(1e-9).log10() - SECONDS.0) / (SECONDS.1 - SECONDS.0);
    BOTTOM - share.clamp(0.0, 1.0) * (BOTTOM - TOP)
}

pub(crate) fn picture(all: &[Figures]) -> String {
    let mut parts = vec![format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"700\" height=\"400\" viewBox=\"0 0 700 400\" \
         font-family=\"sans-serif\" font-size=\"12\">{STYLE}<rect class=\"paper\" width=\"700\" height=\"400\"/>\
         <text x=\"{LEFT}\" y=\"20\">CPU seconds by rules; the dashed line is linear</text>"
    )];
    for power in -4..=1 {
        let at = y(10_f64.powi(power));
        let label = 10_f64.powi(power);
        parts.push(format!(
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{at:.0}\" y2=\"{at:.0}\"/>\
             <text class=\"quiet\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{label}</text>",
            LEFT - 8.0,
            at + 4.0
        ));
    }
    for (rules, label) in [(1e5, "100,000"), (1e6, "1,000,000"), (1e7, "10,000,000")] {
        let at = x(rules);
        parts.push(format!(
            "<line class=\"grid\" x1=\"{at:.0}\" x2=\"{at:.0}\" y1=\"{TOP}\" y2=\"{BOTTOM}\"/>\
             <text class=\"quiet\" x=\"{at:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>",
            BOTTOM + 18.0
        ));
    }
    let (from, to) = (1e5, 1e7);
    let per_rule = 1e-7;
    parts.push(format!(
        "<line class=\"guide\" stroke-dasharray=\"5 4\" x1=\"{:.0}\" y1=\"{:.0}\" x2=\"{:.0}\" y2=\"{:.0}\"/>",
        x(from),
        y(from * per_rule),
        x(to),
        y(to * per_rule)
    ));
    let series: [Series; 4] = [
        ("compile", "compile", |one| one.compile),
        ("kernel", "kernel", |one| one.kernel),
        ("chain", "chain, earliest arrivals", |one| one.chain),
        ("witness", "1,000 witnesses", |one| one.witnesses),
    ];
    let mut labels: Vec<(f64, &str)> = Vec::new();
    for (class, name, value) in series {
        let points: Vec<(f64, f64)> = all
            .iter()
            .map(|one| (x(one.rules as f64), y(value(one))))
            .collect();
        let line: Vec<String> = points.iter().map(|(x, y)| format!("{x:.0},{y:.0}")).collect();
        parts.push(format!(
            "<polyline class=\"{class}\" fill=\"none\" stroke-width=\"2\" points=\"{}\"/>",
            line.join(" ")
        ));
        for (x, y) in &points {
            parts.push(format!(
                "<circle class=\"{class}\" fill=\"none\" stroke-width=\"2\" cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"3\"/>"
            ));
        }
        if let Some((_, y)) = points.last() {
            labels.push((*y, name));
        }
    }
    parts.push(placed(labels));
    parts.push("</svg>\n".to_owned());
    parts.concat()
}

/// Labels at the ends of their lines, moved apart where they would touch.
fn placed(mut labels: Vec<(f64, &str)>) -> String {
    labels.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut free = f64::NEG_INFINITY;
    let texts = labels.into_iter().map(|(y, name)| {
        let at = y.max(free);
        free = at + 15.0;
        format!(
            "<text x=\"{:.0}\" y=\"{:.0}\">{name}</text>",
            RIGHT - 20.0,
            at + 4.0
        )
    });
    texts.collect()
}
