//! What the plan breaks, and who cannot work.

use cordon_plan::PlanDocument;
use cordon_plan::document::{PeopleEntry, ServiceEntry, ServiceLevel};

use crate::render::paper::{Align, Paper};
use crate::render::quantity::{count, counted, money, percent};
use crate::render::style::Role;
use crate::render::text::Text;
use crate::render::words::{listed_of, numbers};

/// Most services listed.
const SERVICES_SHOWN: usize = 8;

/// Most names in one line.
const NAMES_SHOWN: usize = 4;

pub(super) fn section(paper: &mut Paper, plan: &PlanDocument) {
    if plan.withdrawals.is_empty() {
        return;
    }
    paper.heading("What it breaks, and who cannot work");
    let nothing_disturbed = services(paper, plan) == 0;
    running(paper, plan, nothing_disturbed);
    for words in people_words(&plan.people) {
        paper.paragraph(2, &words.into());
    }
}

/// The same below the withdrawals: what runs as usual and the people are counted.
pub(super) fn in_short(paper: &mut Paper, plan: &PlanDocument) {
    if plan.withdrawals.is_empty() {
        return;
    }
    services(paper, plan);
    let words = format!(
        "{} {}",
        running_in_short(plan),
        people_words(&plan.people).join(" ")
    );
    paper.paragraph(2, &words.into());
}

/// The services that do not run as usual; tells how many.
fn services(paper: &mut Paper, plan: &PlanDocument) -> usize {
    let disturbed: Vec<&ServiceEntry> = plan.disturbed_services().collect();
    let rows: Vec<Vec<Text>> = disturbed
        .iter()
        .take(SERVICES_SHOWN)
        .map(|service| row(plan, service))
        .collect();
    paper.table(
        2,
        &[Align::Left, Align::Left, Align::Right, Align::Right, Align::Left],
        &rows,
    );
    super::more(paper, disturbed.len(), SERVICES_SHOWN);
    disturbed.len()
}

fn row(plan: &PlanDocument, service: &ServiceEntry) -> Vec<Text> {
    let (role, state) = level_words(service);
    let people = if service.people == 0 {
        String::new()
    } else {
        format!("{} people", count(service.people.into()))
    };
    let cause = numbers(plan, &service.because_of);
    vec![
        Text::new().name(&service.name),
        Text::new().add(role, state),
        Text::new().plain(money(service.cost_pence as f64)),
        Text::new().plain(people),
        Text::new().quiet(if cause.is_empty() {
            cause
        } else {
            format!("by {cause}")
        }),
    ]
}

/// How a service runs, in words.
pub(crate) fn level_words(service: &ServiceEntry) -> (Role, String) {
    match service.level {
        ServiceLevel::Up => (Role::Good, "up".to_owned()),
        ServiceLevel::Degraded => {
            let by = service
                .fallback
                .as_ref()
                .map(|name| format!(" by {name}"))
                .unwrap_or_default();
            (Role::Warn, format!("{}{by}", percent(service.capacity)))
        }
        ServiceLevel::Down if service.beyond_tolerable_downtime => {
            (Role::Bad, "down, longer than it can be".to_owned())
        }
        ServiceLevel::Down => (Role::Bad, "down".to_owned()),
    }
}

fn running(paper: &mut Paper, plan: &PlanDocument, nothing_disturbed: bool) {
    let up = plan
        .services
        .iter()
        .filter(|service| service.level == ServiceLevel::Up);
    let protected: Vec<String> = up
        .clone()
        .filter(|service| service.protected)
        .map(|service| service.name.clone())
        .collect();
    let others = up.count() - protected.len();
    if !protected.is_empty() {
        let names = listed_of(&protected, NAMES_SHOWN, protected.len());
        paper.paragraph(
            2,
            &Text::new()
                .add(Role::Good, "runs as usual: ")
                .plain(format!("{names} (protected)")),
        );
    }
    if others > 0 {
        let what = if nothing_disturbed {
            "service runs"
        } else {
            "other service runs"
        };
        let many = what.replace("service runs", "services run");
        paper.paragraph(
            2,
            &format!("{} as usual.", counted(others as u64, what, &many)).into(),
        );
    }
    if plan.services.is_empty() {
        let words = "No business service is declared: what this costs is known only from use seen in logs.";
        paper.paragraph(2, &Text::new().add(Role::Warn, words));
    }
}

fn running_in_short(plan: &PlanDocument) -> String {
    let up = |protected: bool| {
        let is_up =
            |service: &&ServiceEntry| service.level == ServiceLevel::Up && service.protected == protected;
        plan.services.iter().filter(is_up).count() as u64
    };
    if plan.services.is_empty() {
        return "No business service is declared: costs are known only from use seen in logs.".to_owned();
    }
    let others = match up(false) {
        0 => String::new(),
        others => format!(" and {}", counted(others, "other", "others")),
    };
    let protected = counted(up(true), "protected service", "protected services");
    format!("Runs as usual: {protected}{others}.")
}

/// Who cannot work as usual, one sentence each.
pub(crate) fn people_words(people: &PeopleEntry) -> Vec<String> {
    let mut words = Vec::new();
    if people.denied > 0 {
        words.push(format!(
            "{} something they use, {} a day.",
            counted(u64::from(people.denied), "person loses", "people lose"),
            counted(people.uses_per_day.ceil() as u64, "use", "uses")
        ));
    }
    if people.services_down > 0 {
        words.push(format!(
            "{} because a service is down or degraded.",
            counted(
                u64::from(people.services_down),
                "person cannot work as usual",
                "people cannot work as usual"
            )
        ));
    }
    if people.accounts_disabled_total > 0 {
        let names = listed_of(
            &people.accounts_disabled,
            NAMES_SHOWN,
            people.accounts_disabled_total as usize,
        );
        words.push(format!("Locked out: {names}."));
    }
    if people.sites_total > 0 {
        words.push(format!(
            "Sites: {}.",
            listed_of(&people.sites, NAMES_SHOWN, people.sites_total as usize)
        ));
    }
    if words.is_empty() {
        words.push("Nobody is known to be kept from work.".to_owned());
    }
    words
}
