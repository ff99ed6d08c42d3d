//! The answer in one line, and what is proven about it.

use cordon_plan::PlanDocument;
use cordon_plan::document::{GiveUp, Infeasibility, JewelState, Outcome, Status};

use crate::render::paper::Paper;
use crate::render::quantity::{count, counted, minutes, money, percent, seconds};
use crate::render::style::Role;
use crate::render::text::Text;
use crate::render::words::{bare, listed};

/// The answer in one sentence, with whether it is good news.
pub(crate) fn headline(plan: &PlanDocument) -> (Role, String) {
    let taken = plan
        .jewels
        .iter()
        .filter(|jewel| jewel.state == JewelState::MayBeTaken)
        .count();
    let reached = plan
        .jewels
        .iter()
        .filter(|jewel| jewel.state == JewelState::Reachable)
        .count();
    let acts = counted(plan.withdrawals.len() as u64, "access", "accesses");
    match plan.outcome {
        Outcome::NothingToDo => (
            Role::Good,
            "Withdraw nothing: no jewel is in reach of a foothold.".to_owned(),
        ),
        Outcome::Planned if reached > 0 => {
            let jewels = counted(reached as u64, "jewel stays", "jewels stay");
            (Role::Warn, format!("Withdraw {acts}; {jewels} in reach."))
        }
        Outcome::Planned if taken == 0 => (
            Role::Good,
            format!("Withdraw {acts}: no jewel can be reached then."),
        ),
        Outcome::Planned => {
            let jewels = counted(taken as u64, "jewel", "jewels");
            (
                Role::Bad,
                format!("Withdraw {acts}; {jewels} may be taken already."),
            )
        }
        Outcome::Infeasible => (
            Role::Bad,
            "Not everything can be kept: something must be given up.".to_owned(),
        ),
    }
}

pub(super) fn section(paper: &mut Paper, plan: &PlanDocument) {
    let (role, words) = headline(plan);
    paper.paragraph(0, &Text::new().add(role, words));
    let mut facts = vec![plan.organisation.clone(), cost_line(plan)];
    if let Some(margin) = plan.margin_minutes {
        facts.push(margin_words(margin));
    }
    facts.retain(|fact| !fact.is_empty());
    paper.paragraph(0, &Text::new().quiet(facts.join(" · ")));
    if let Some(clash) = &plan.infeasibility {
        infeasible(paper, clash);
    }
}

fn cost_line(plan: &PlanDocument) -> String {
    format!(
        "{} of disruption over {}",
        money(plan.cost.disruption_pence() as f64),
        minutes(plan.assumptions.duration_hours * 60.0)
    )
}

/// How far ahead of the intruder the plan is.
pub(crate) fn margin_words(margin: f64) -> String {
    if margin >= 0.0 {
        format!("{} ahead of the intruder", minutes(margin))
    } else {
        format!("the intruder may be {} ahead", minutes(-margin))
    }
}

fn infeasible(paper: &mut Paper, clash: &Infeasibility) {
    paper.paragraph(0, &Text::new().add(Role::Warn, &clash.text));
    for choice in &clash.give_up {
        paper.item(2, "-", &Text::new().plain(give_up(choice)));
    }
}

/// What could be given up, in words.
pub(crate) fn give_up(choice: &GiveUp) -> String {
    match choice {
        GiveUp::Jewel { entity, pence } => {
            format!(
                "leave {} in reach: {} if it is taken",
                bare(entity),
                money(*pence as f64)
            )
        }
        GiveUp::Service { name, pence } => format!("let {name} go down: {}", money(*pence as f64)),
        GiveUp::Refusal { withdrawal } => format!("accept what was refused: {withdrawal}"),
    }
}

/// What is proven about the plan's cost, in one sentence.
pub(crate) fn proof_words(plan: &PlanDocument) -> String {
    let proof = &plan.optimality;
    let total = money(plan.cost.total_pence as f64);
    match proof.status {
        Status::Optimal => format!(
            "Proven least: of {} possible withdrawals no set does it for less than {total}{}.",
            count(u64::from(proof.candidates)),
            still_lost(plan)
        ),
        Status::Feasible => format!(
            "It works, and is at most {} dearer than the least: no set of {} withdrawals costs less than {}.",
            percent(proof.gap),
            count(u64::from(proof.candidates)),
            money(proof.lower_bound_pence as f64)
        ),
        Status::Infeasible => format!(
            "Proven impossible: no set of {} withdrawals keeps every jewel and every protected service.",
            count(u64::from(proof.candidates))
        ),
    }
}

/// That the price is more than the disruption, where it is.
const fn still_lost(plan: &PlanDocument) -> &'static str {
    if plan.cost.loss_pence() > 0 {
        ", with what may still be lost"
    } else {
        ""
    }
}

/// The same in a line, where the price stands beside it.
pub(crate) fn proof_in_short(plan: &PlanDocument) -> String {
    let proof = &plan.optimality;
    match proof.status {
        Status::Optimal => format!(
            "Proven least: no set of {} possible withdrawals does it for less.",
            count(u64::from(proof.candidates))
        ),
        Status::Feasible | Status::Infeasible => proof_words(plan),
    }
}

pub(super) fn proof(paper: &mut Paper, plan: &PlanDocument) {
    paper.heading("Proof");
    let role = if plan.optimality.status == Status::Optimal {
        Role::Good
    } else {
        Role::Warn
    };
    paper.paragraph(2, &Text::new().add(role, proof_words(plan)));
    for words in super::worlds_words(plan) {
        paper.paragraph(2, &Text::new().plain(words));
    }
    let proof = &plan.optimality;
    let mut figures = vec![
        counted(u64::from(proof.facts), "fact", "facts"),
        counted(u64::from(proof.derivations), "derivation", "derivations"),
        counted(u64::from(proof.rounds), "round", "rounds"),
    ];
    figures.extend(proof.seconds.map(seconds));
    let digest: String = plan.plan_hash.chars().take(16).collect();
    paper.paragraph(
        2,
        &Text::new().quiet(format!("From {}. Plan {digest}.", listed(&figures))),
    );
}
