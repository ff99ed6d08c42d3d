//! The same as a picture: what each method keeps, and what it costs.

use super::run::{Method, Run};
use super::table::{Figures, pounds, quantile};

const STYLE: &str = "<style>\
    .paper{fill:#fff}text{fill:#222}.quiet{fill:#666}.grid{stroke:#ddd}\
    .both{fill:#06c}.jewels{fill:#7ab3ea}.services{fill:#c9c9c9}.neither{fill:#eee;stroke:#bbb}\
    .range{stroke:#06c}.dot{fill:#06c}\
    @media (prefers-color-scheme:dark){.paper{fill:#14181d}text{fill:#e6e6e6}.quiet{fill:#a0a0a0}.grid{stroke:#333a42}\
    .both{fill:#4a9eff}.jewels{fill:#2a5c94}.services{fill:#5a5f66}.neither{fill:#23282e;stroke:#555}\
    .range{stroke:#4a9eff}.dot{fill:#4a9eff}}</style>";

const LEFT: f64 = 190.0;
const BARS: f64 = 300.0;
const MONEY: f64 = 540.0;
const SCALE: f64 = 300.0;
const ROW: f64 = 34.0;
const TOP: f64 = 62.0;

/// Decades of pounds on the scale of money: £1 to £1,000,000,000.
const DECADES: f64 = 9.0;

/// Two columns: stacked shares on the left, median and 90th percentile of the disruption on a logarithmic scale on the right.
pub(crate) fn picture(run: &Run) -> String {
    let rows = Method::ALL.len() as f64;
    let height = TOP + rows * ROW + 60.0;
    let mut parts = vec![
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"920\" height=\"{height:.0}\" viewBox=\"0 0 920 {height:.0}\" \
             font-family=\"sans-serif\" font-size=\"12\">{STYLE}<rect class=\"paper\" width=\"920\" height=\"{height:.0}\"/>"
        ),
        format!(
            "<text x=\"12\" y=\"20\">{} incidents at Northgate, {} to {} stores</text>",
            run.incidents.len(),
            run.estates.first().map_or(0, |(stores, _)| *stores),
            run.estates.last().map_or(0, |(stores, _)| *stores)
        ),
        format!("<text class=\"quiet\" x=\"{LEFT}\" y=\"44\">share of incidents</text>"),
        format!("<text class=\"quiet\" x=\"{MONEY}\" y=\"44\">disruption: median to 90th percentile</text>"),
    ];
    let bottom = TOP + rows * ROW;
    for decade in [0, 3, 6, 9] {
        let x = SCALE.mul_add(f64::from(decade) / DECADES, MONEY);
        let label = pounds(10_i64.pow(decade) * 100);
        parts.push(format!(
            "<line class=\"grid\" x1=\"{x:.0}\" x2=\"{x:.0}\" y1=\"{TOP}\" y2=\"{bottom:.0}\"/>\
             <text class=\"quiet\" x=\"{x:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>",
            bottom + 16.0
        ));
    }
    for (place, method) in Method::ALL.into_iter().enumerate() {
        let figures = Figures::of(run, method);
        parts.push(row(&figures, ROW.mul_add(place as f64, TOP), run.incidents.len()));
    }
    parts.push(legend(bottom + 40.0));
    parts.push("</svg>\n".to_owned());
    parts.concat()
}

fn row(figures: &Figures, top: f64, incidents: usize) -> String {
    let width = |count: usize| BARS * count as f64 / incidents.max(1) as f64;
    let middle = top + 17.0;
    let mut text = format!(
        "<text x=\"{:.0}\" y=\"{middle:.0}\" text-anchor=\"end\">{}</text>",
        LEFT - 8.0,
        figures.method.name()
    );
    let mut x = LEFT;
    for (class, count) in [
        ("both", figures.both),
        ("jewels", figures.jewels - figures.both),
        ("services", figures.services - figures.both),
        ("neither", figures.neither),
    ] {
        text += &format!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"20\"/>",
            top + 3.0,
            width(count)
        );
        x += width(count);
    }
    let at = |share: f64| {
        let pounds = quantile(&figures.pence, share).unwrap_or(0) as f64 / 100.0;
        let decades = pounds.max(1.0).log10().clamp(0.0, DECADES);
        SCALE.mul_add(decades / DECADES, MONEY)
    };
    let y = top + 13.0;
    text += &format!(
        "<line class=\"range\" stroke-width=\"3\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
         <circle class=\"dot\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"5\"/>",
        at(0.5),
        at(0.9),
        at(0.5)
    );
    text
}

fn legend(y: f64) -> String {
    let mut x = LEFT;
    let mut text = String::new();
    for (class, words, width) in [
        ("both", "keeps every jewel and protected service", 255.0),
        ("jewels", "jewels only", 95.0),
        ("services", "protected services only", 165.0),
        ("neither", "neither", 60.0),
    ] {
        text += &format!(
            "<rect class=\"{class}\" x=\"{x:.0}\" y=\"{:.0}\" width=\"12\" height=\"12\"/>\
             <text x=\"{:.0}\" y=\"{y:.0}\">{words}</text>",
            y - 10.0,
            x + 18.0
        );
        x += width;
    }
    text
}
