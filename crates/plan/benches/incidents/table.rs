//! What came of all incidents, as Markdown. Everything but the seconds depends on the seed alone.

use std::fmt::Write as _;

use super::draw::{COUNTS, KINDS, Kind};
use super::judge::Outcome;
use super::run::{Incident, Method, Proof, Run};

/// Most incidents listed one by one.
const LISTED_MAX: usize = 20;

/// The figures of one method.
pub(crate) struct Figures {
    pub(crate) method: Method,
    /// Incidents in which it keeps every jewel, every protected service, both, neither.
    pub(crate) jewels: usize,
    without_resets: usize,
    pub(crate) services: usize,
    pub(crate) both: usize,
    pub(crate) neither: usize,
    /// Disruption over all incidents, in pence, ascending.
    pub(crate) pence: Vec<i64>,
    /// Times the proven optimum, where it keeps both and the optimum costs anything, ascending.
    pub(crate) ratios: Vec<f64>,
    /// Incidents in which it keeps both at the price of the proven optimum.
    pub(crate) equal: usize,
    withdrawals: Vec<i64>,
    people: Vec<i64>,
}

impl Figures {
    pub(crate) fn of(run: &Run, method: Method) -> Self {
        let outcomes: Vec<&Outcome> = run
            .incidents
            .iter()
            .filter_map(|incident| incident.of(method))
            .collect();
        let count = |wanted: &dyn Fn(&Outcome) -> bool| outcomes.iter().filter(|one| wanted(one)).count();
        let sorted = |value: &dyn Fn(&Outcome) -> i64| {
            let mut values: Vec<i64> = outcomes.iter().map(|one| value(one)).collect();
            values.sort_unstable();
            values
        };
        let proven = run.incidents.iter().filter(|one| one.proof == Proof::Optimal);
        let prices: Vec<(i64, i64)> = proven
            .filter_map(|one| {
                Some((
                    one.of(method).filter(|own| own.keeps_both())?,
                    one.of(Method::Cordon)?,
                ))
            })
            .map(|(own, best)| (own.disruption_pence, best.disruption_pence))
            .collect();
        let paid = prices.iter().filter(|(_, best)| *best > 0);
        let mut ratios: Vec<f64> = paid.map(|(own, best)| *own as f64 / *best as f64).collect();
        ratios.sort_by(f64::total_cmp);
        Self {
            method,
            jewels: count(&Outcome::keeps_jewels),
            without_resets: count(&|one| one.jewels_without_resets == 0),
            services: count(&Outcome::keeps_services),
            both: count(&Outcome::keeps_both),
            neither: count(&|one| !one.keeps_jewels() && !one.keeps_services()),
            pence: sorted(&|one| one.disruption_pence),
            equal: prices.iter().filter(|(own, best)| own == best).count(),
            ratios,
            withdrawals: sorted(&|one| one.withdrawals as i64),
            people: sorted(&|one| i64::from(one.people)),
        }
    }
}

/// The value below which this share of them lies; they are ascending.
pub(crate) fn quantile<T: Copy>(ascending: &[T], share: f64) -> Option<T> {
    let place = (ascending.len() as f64 * share).ceil() as usize;
    ascending.get(place.max(1) - 1).copied()
}

/// `£1,234`, whole pounds.
pub(crate) fn pounds(pence: i64) -> String {
    format!("£{}", thousands((pence as f64 / 100.0).round() as i64))
}

fn thousands(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn share(count: usize, of: usize) -> String {
    format!("{:.1} %", 100.0 * count as f64 / of.max(1) as f64)
}

/// The whole page but the seconds.
pub(crate) fn table(run: &Run) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = drawn(&mut text, run);
    let _ = methods(&mut text, run);
    let _ = not_best(&mut text, run);
    let _ = judged(&mut text, run);
    text
}

fn drawn(text: &mut String, run: &Run) -> std::fmt::Result {
    let facts: Vec<usize> = run.estates.iter().map(|(_, facts)| *facts).collect();
    writeln!(
        text,
        "{} incidents at {} estates of {} to {} stores ({} to {} facts), seed {}.",
        run.incidents.len(),
        run.estates.len(),
        run.estates.first().map_or(0, |(stores, _)| *stores),
        run.estates.last().map_or(0, |(stores, _)| *stores),
        thousands(facts.iter().min().copied().unwrap_or(0) as i64),
        thousands(facts.iter().max().copied().unwrap_or(0) as i64),
        run.asked.seed
    )?;
    let counts: Vec<String> = (1..)
        .zip(COUNTS)
        .map(|(count, percent)| format!("{count}: {percent} %"))
        .collect();
    writeln!(text, "Things held: {}. Of these:\n", counts.join(", "))?;
    writeln!(
        text,
        "| held | drawn with | incidents with one | of them nothing keeps all |"
    )?;
    writeln!(text, "| --- | ---: | ---: | ---: |")?;
    for (kind, name, percent) in KINDS {
        let with: Vec<&Incident> = run.incidents.iter().filter(|one| holds(one, kind)).collect();
        let lost = with.iter().filter(|one| one.proof == Proof::Infeasible).count();
        writeln!(text, "| {name} | {percent} % | {} | {lost} |", with.len())?;
    }
    writeln!(text)
}

fn holds(incident: &Incident, kind: Kind) -> bool {
    incident.held.iter().any(|(held, _)| *held == kind)
}

fn methods(text: &mut String, run: &Run) -> std::fmt::Result {
    let all = run.incidents.len();
    writeln!(
        text,
        "| method | keeps every jewel | if the help desk resets nothing | every protected service | both | disruption, median | 90th percentile | times the optimum where it keeps both, median | 90th percentile | as cheap as the optimum | withdrawals, median | people, median |"
    )?;
    writeln!(
        text,
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    )?;
    for method in Method::ALL {
        let figures = Figures::of(run, method);
        let ratio = |at: f64| {
            let ratio = quantile(&figures.ratios, at);
            ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))
        };
        let money = |at: f64| quantile(&figures.pence, at).map_or_else(String::new, pounds);
        let number = |values: &[i64]| quantile(values, 0.5).map_or_else(String::new, thousands);
        writeln!(
            text,
            "| {} | {} | {} | {} | **{}** | {} | {} | {} | {} | {} | {} | {} |",
            method.name(),
            share(figures.jewels, all),
            share(figures.without_resets, all),
            share(figures.services, all),
            share(figures.both, all),
            money(0.5),
            money(0.9),
            ratio(0.5),
            ratio(0.9),
            figures.equal,
            number(&figures.withdrawals),
            number(&figures.people)
        )?;
    }
    let count = |proof: Proof| run.incidents.iter().filter(|one| one.proof == proof).count();
    let reached = run
        .incidents
        .iter()
        .filter(|one| !one.untouched.keeps_jewels())
        .count();
    let held = run
        .incidents
        .iter()
        .filter(|one| one.untouched.jewels_without_resets > 0)
        .count();
    writeln!(
        text,
        "\nProven optimal: {} ({}); a plan that is not proven: {}; proven that nothing keeps every jewel and protected \
         service: {} ({}). With nothing withdrawn a jewel is reached in {reached}, and in {held} if the help \
         desk resets nothing.",
        count(Proof::Optimal),
        share(count(Proof::Optimal), all),
        count(Proof::NotProven),
        count(Proof::Infeasible),
        share(count(Proof::Infeasible), all)
    )?;
    let open = run.incidents.iter().filter(|one| one.uncut > 0).count();
    writeln!(
        text,
        "In {open} the plain edge cut has edges that no act removes; they stay.\n"
    )
}

/// Incidents in which Cordon does not have the cheapest plan that keeps everything, proven.
fn not_best(text: &mut String, run: &Run) -> std::fmt::Result {
    let lost: Vec<&Incident> = run
        .incidents
        .iter()
        .filter(|one| one.proof == Proof::NotProven || is_beaten(one))
        .collect();
    if lost.is_empty() {
        return writeln!(
            text,
            "In no incident is another method that keeps both cheaper, and no plan is without proof.\n"
        );
    }
    writeln!(
        text,
        "Not proven, or not the cheapest ({} incidents):\n",
        lost.len()
    )?;
    writeln!(
        text,
        "| stores | held | Cordon | cheapest other that keeps both |"
    )?;
    writeln!(text, "| ---: | --- | ---: | ---: |")?;
    for one in lost.iter().take(LISTED_MAX) {
        let own = one.of(Method::Cordon).map_or(0, |own| own.disruption_pence);
        let other = cheapest_other(one).map_or_else(|| "none".to_owned(), pounds);
        let kinds: Vec<String> = one.held.iter().map(|(kind, _)| format!("{kind:?}")).collect();
        writeln!(
            text,
            "| {} (seed {}) | {} | {} | {other} |",
            one.stores,
            one.estate_seed,
            kinds.join(", "),
            pounds(own)
        )?;
    }
    writeln!(text)
}

fn cheapest_other(incident: &Incident) -> Option<i64> {
    let others = Method::ALL.into_iter().filter(|method| *method != Method::Cordon);
    let kept = others.filter_map(|method| incident.of(method).filter(|other| other.keeps_both()));
    kept.map(|other| other.disruption_pence).min()
}

fn is_beaten(incident: &Incident) -> bool {
    let own = incident.of(Method::Cordon).filter(|own| own.keeps_both());
    cheapest_other(incident).is_some_and(|other| own.is_none_or(|own| other < own.disruption_pence))
}

fn judged(text: &mut String, run: &Run) -> std::fmt::Result {
    let outcomes = || {
        let each = run.incidents.iter();
        each.flat_map(|one| one.outcomes.iter().map(|(outcome, _)| outcome))
    };
    let naively = outcomes().filter(|outcome| outcome.derived_naively).count();
    writeln!(
        text,
        "Judged by a chain over the whole graph: {} outcomes; {naively} of them derived again naively from the estate. \
         Contradictions: {}.",
        outcomes().count(),
        run.contradictions.len()
    )?;
    for contradiction in &run.contradictions {
        writeln!(text, "- {contradiction}")?;
    }
    Ok(())
}

/// CPU seconds by method.
pub(crate) fn seconds(run: &Run) -> String {
    let mut text =
        String::from("| method | CPU s, median | 90th percentile | most |\n| --- | ---: | ---: | ---: |\n");
    for method in Method::ALL {
        let of_method = |one: &Incident| one.outcomes.get(method as usize).map(|(_, seconds)| *seconds);
        let mut seconds: Vec<f64> = run.incidents.iter().filter_map(of_method).collect();
        seconds.sort_by(f64::total_cmp);
        let at = |share: f64| quantile(&seconds, share).unwrap_or(0.0);
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "| {} | {:.4} | {:.4} | {:.4} |",
            method.name(),
            at(0.5),
            at(0.9),
            at(1.0)
        );
    }
    text
}
