use cordon_plan::document::{PlanDocument, sample};

use super::timeline::{Moment, MomentKind};
use super::*;

fn moments() -> Vec<Moment> {
    let moment = |time: &str, kind, text: &str| Moment {
        time: time.parse().unwrap(),
        kind,
        text: text.to_owned(),
    };
    vec![
        moment(
            "2025-04-22T02:02:11Z",
            MomentKind::Evidence,
            "Second factor reset by the help desk: pat",
        ),
        moment(
            "2025-04-22T02:09:40Z",
            MomentKind::Evidence,
            "VPN logon from a new country: pat",
        ),
        moment(
            "2025-04-22T02:09:40Z",
            MomentKind::Foothold,
            "pat may be held (86%)",
        ),
        moment(
            "2025-04-22T02:09:41Z",
            MomentKind::Plan,
            "first plan: withdraw 4 accesses",
        ),
        moment(
            "2025-04-22T02:31:07Z",
            MomentKind::Blocked,
            "T1021.001 WORKSTATION6 to orders-db as svc-orders",
        ),
        moment(
            "2025-04-22T02:40:00Z",
            MomentKind::Step,
            "T1018 directory discovery on WORKSTATION6",
        ),
    ]
}

fn reasons() -> Reasons {
    Reasons::from([(
        "account:pat".to_owned(),
        vec![
            "Second factor reset by the help desk (okta.jsonl:812)".to_owned(),
            "VPN logon from a new country (vpn.log:77)".to_owned(),
        ],
    )])
}

fn report(plan: &PlanDocument) -> String {
    page(&Report {
        title: "Drill with seed 1".into(),
        plan,
        reasons: &reasons(),
        moments: moments(),
        run: vec![("events read".into(), "412,093".into())],
    })
}

#[test]
fn the_page_of_the_sample() {
    let text = report(&sample());
    if let Some(folder) = std::env::var_os("CORDON_WRITE_SAMPLE_REPORT") {
        std::fs::write(folder, &text).unwrap();
    }
    insta::assert_snapshot!(text.replace("><", ">\n<"));
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_runs_nothing() {
    let text = report(&sample()).to_lowercase();
    for forbidden in [
        "<script", "http://", "https://", "url(", "@import", " src=", "<link", "<iframe", "onload",
    ] {
        assert!(!text.contains(forbidden), "{forbidden}");
    }
    assert!(text.contains("default-src 'none'"));
}

#[test]
fn hostile_text_stays_text() {
    let hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u{202e}gpj.exe\u{0}\u{1b}[31m";
    let mut plan = sample();
    plan.organisation = hostile.into();
    plan.footholds[0].name = hostile.into();
    plan.footholds[0].kind = hostile.into();
    plan.withdrawals[0].text = hostile.into();
    plan.withdrawals[0].point_name = hostile.into();
    plan.withdrawals[0].id = hostile.into();
    plan.services[0].name = hostile.into();
    plan.alternatives[0].text = hostile.into();
    plan.people.sites = vec![hostile.into()];
    plan.estate_digest = hostile.into();
    for jewel in &mut plan.jewels {
        jewel.name = hostile.into();
        if let Some(path) = &mut jewel.path {
            path.steps[0].text = hostile.into();
            path.steps[0].to = hostile.into();
            path.steps[0].technique = Some(hostile.into());
        }
    }
    let why = Reasons::from([("account:pat".to_owned(), vec![hostile.to_owned()])]);
    let moment = Moment {
        time: "2025-04-22T02:02:11Z".parse().unwrap(),
        kind: MomentKind::Plan,
        text: hostile.into(),
    };
    let text = page(&Report {
        title: hostile.into(),
        plan: &plan,
        reasons: &why,
        moments: vec![moment],
        run: vec![(hostile.into(), hostile.into())],
    });
    assert!(!text.contains("<script"), "a script got in");
    assert!(!text.contains("<img"), "an image got in");
    let style_end = text.find("</style>").unwrap();
    let unsafe_ones: Vec<char> = text[style_end..]
        .chars()
        .filter(|&character| crate::render::text::is_unsafe(character))
        .collect();
    assert!(unsafe_ones.is_empty(), "{unsafe_ones:?}");
}

#[test]
fn a_long_night_is_cut_to_what_matters() {
    let mut many = Vec::new();
    for minute in 0..500_i64 {
        let kind = if minute == 499 {
            MomentKind::Plan
        } else {
            MomentKind::Evidence
        };
        let time = jiff::Timestamp::from_second(1_745_287_200 + minute * 60).unwrap();
        many.push(Moment {
            time,
            kind,
            text: format!("moment {minute}"),
        });
    }
    let text = timeline::section(&many).into_string();
    assert!(text.contains("moment 499"), "the plan must be there");
    assert!(text.contains("440 moments of evidence are left out"));
}
