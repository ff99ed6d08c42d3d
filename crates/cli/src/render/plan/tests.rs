use cordon_plan::document::{GiveUp, Infeasibility, Outcome, PlanDocument, Status, sample};

use super::*;
use crate::render::text::{is_unsafe, width};

fn reasons() -> Reasons {
    let why = |words: &[&str]| words.iter().map(|&one| one.to_owned()).collect();
    Reasons::from([
        (
            "account:pat".to_owned(),
            why(&[
                "Second factor reset by the help desk (okta.jsonl:812)",
                "VPN logon from a new country (vpn.log:77)",
            ]),
        ),
        (
            "system:WORKSTATION6".to_owned(),
            why(&["LSASS memory read (windows.jsonl:10441)"]),
        ),
    ])
}

fn plain(plan: &PlanDocument) -> String {
    screen(plan, &reasons(), 80, Paint::Never)
}

fn infeasible() -> PlanDocument {
    let mut plan = sample();
    plan.outcome = Outcome::Infeasible;
    plan.optimality.status = Status::Infeasible;
    plan.infeasibility = Some(Infeasibility {
        text: "card-payments and vcenter share the management network: this path runs through it".into(),
        jewels: vec!["system:vcenter".into()],
        services: vec!["card-payments".into()],
        refused: Vec::new(),
        path: None,
        give_up: vec![
            GiveUp::Jewel {
                entity: "system:vcenter".into(),
                pence: 5_000_000_000,
            },
            GiveUp::Service {
                name: "card-payments".into(),
                pence: 90_000_000,
            },
        ],
        proof: None,
    });
    plan.sealed()
}

#[test]
fn the_plan_at_80_columns() {
    insta::assert_snapshot!(plain(&sample()));
}

#[test]
fn the_plan_explained_at_80_columns() {
    let text = screen_explained(&sample(), &reasons(), 80, Paint::Never);
    assert!(text.contains("unnecessary if pat is not held"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn an_infeasible_plan_at_80_columns() {
    insta::assert_snapshot!(plain(&infeasible()));
}

#[test]
fn nothing_to_do_at_80_columns() {
    let mut plan = sample();
    plan.outcome = Outcome::NothingToDo;
    plan.withdrawals.clear();
    plan.margin_minutes = None;
    plan.jewels.retain(|jewel| jewel.path.is_none());
    plan.exposure.before = plan.exposure.after;
    insta::assert_snapshot!(plain(&plan));
}

#[test]
fn colours_change_nothing_but_colours() {
    let coloured = screen(&sample(), &reasons(), 80, Paint::Colour);
    let mut bare = String::new();
    let mut escape = false;
    for character in coloured.chars() {
        match (escape, character) {
            (false, '\u{1b}') => escape = true,
            (true, 'm') => escape = false,
            (false, other) => bare.push(other),
            (true, _) => {}
        }
    }
    assert_eq!(bare, plain(&sample()));
    assert!(coloured.contains("\u{1b}[1m"));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let mut plan = sample();
    plan.footholds[0].name = "日本語".repeat(40);
    plan.withdrawals[0].text = "x".repeat(300);
    plan.services[0].name = "a-service-with-a-name-that-goes-on-and-on-and-on".into();
    for columns in [56, 60, 80, 100] {
        let text = screen(&plan, &reasons(), columns, Paint::Never);
        for line in text.lines() {
            assert!(width(line) <= columns, "{columns}: {} {line:?}", width(line));
        }
    }
}

#[test]
fn hostile_names_cannot_move_the_cursor() {
    let mut plan = sample();
    plan.footholds[0].name = "pat\u{1b}[2J\u{202e}evil\r\n".into();
    plan.withdrawals[0].text = "Block\u{7} \u{9b}31m".into();
    plan.organisation = "\u{1b}]0;title\u{7}".into();
    let text = plain(&plan);
    assert!(
        !text
            .chars()
            .any(|character| character != '\n' && is_unsafe(character))
    );
}
