//! What is said of sampled worlds and its proofs: accepted as it is, refused in whatever way it is bent, sealed again each time.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests may panic")]

#[macro_use]
#[path = "support/bends.rs"]
mod bends;
#[path = "support/firm.rs"]
mod firm;
mod support;

use std::sync::OnceLock;

use cordon_estate::{AccountId, Estate};
use cordon_plan::document::{
    Act, Case, CertificateRow, Estimate, PlanDocument, UncertaintyEntry, WorldsCertificate, WorldsRefutation,
};
use cordon_plan::{Constraints, Foothold, Settings, Uncertainty, plan, verify};
use firm::firm;
use support::Chance;

fn settings(seed: u64) -> Settings {
    Settings {
        race: seed.is_multiple_of(2),
        comparisons: false,
        uncertainty: Some(Uncertainty {
            worlds: 60,
            seed: 5,
            hidden_probability: 0.1,
            reached_max: Some([0.05, 0.15, 0.25, 0.4][(seed / 2 % 4) as usize]),
        }),
        ..Settings::default()
    }
}

fn planned(seed: u64) -> (Estate, PlanDocument) {
    let (estate, footholds) = firm(&mut Chance::new(seed));
    let document = plan(
        &estate,
        &footholds,
        &settings(seed),
        &Constraints::default(),
        &mut |_| {},
        &mut || 0.0,
    );
    (estate, document)
}

/// Plans of which something is proved over sampled worlds.
fn pool() -> &'static [(Estate, PlanDocument)] {
    static POOL: OnceLock<Vec<(Estate, PlanDocument)>> = OnceLock::new();
    POOL.get_or_init(|| {
        let all = (0..240).map(planned);
        let proved = |plan: &PlanDocument| {
            plan.uncertainty
                .as_ref()
                .is_some_and(|entry| entry.proof.as_ref().is_some_and(|proof| proof.bound_pence > 0))
        };
        all.filter(|(_, plan)| proved(plan)).collect()
    })
}

#[test]
fn what_is_proved_is_accepted() {
    let (mut whole, mut split, mut priced, mut fewest) = (0, 0, 0, 0);
    for (estate, document) in pool() {
        let entry = document.uncertainty.as_ref().unwrap();
        let verdict = verify(document, estate);
        assert!(verdict.is_accepted(), "{:#?}", verdict.problems);
        let proof = verdict.worlds.unwrap();
        assert!(proof.bound_pence <= entry.lower_bound_pence.unwrap());
        whole += u32::from(Some(proof.bound_pence) == entry.lower_bound_pence);
        let cases = &entry.proof.as_ref().unwrap().cases;
        split += u32::from(cases.iter().any(is_either_world));
        priced += u32::from(cases.iter().any(is_priced));
        fewest += u32::from(verdict.fewest.is_some());
        assert_eq!(verdict.fewest.is_some(), entry.reached_min_proof.is_some());
    }
    let all = pool().len() as u32;
    println!("{whole} of {all} wholly proved; {split} by worlds kept and let go, {priced} at a price");
    println!("of {fewest} it is proved that there are not fewer");
    assert!(whole * 100 >= all * 95, "{whole} of {all} wholly proved");
    assert!(split > 10 && priced > 10 && fewest > 3, "a dull mix");
}

#[test]
fn a_foothold_told_twice_is_one() {
    let (estate, mut footholds) = firm(&mut Chance::new(2));
    footholds[1].probability = 0.8;
    let again = Foothold {
        probability: 0.7,
        ..footholds[0]
    };
    footholds.push(again);
    let settings = settings(2);
    let plan = plan(
        &estate,
        &footholds,
        &settings,
        &Constraints::default(),
        &mut |_| {},
        &mut || 0.0,
    );
    let verdict = verify(&plan, &estate);
    assert!(verdict.is_accepted(), "{:#?}", verdict.problems);
    assert_eq!(plan.footholds.len(), 3);
}

fn entry(plan: &mut PlanDocument) -> &mut UncertaintyEntry {
    plan.uncertainty.as_mut().unwrap()
}

fn of(plan: &mut PlanDocument) -> &mut WorldsCertificate {
    entry(plan).proof.as_mut().unwrap()
}

fn fewest(plan: &mut PlanDocument, change: impl FnOnce(&mut WorldsRefutation) -> bool) -> bool {
    entry(plan).reached_min_proof.as_mut().is_some_and(change)
}

/// A row of a sampled world.
fn row(plan: &mut PlanDocument, change: impl FnMut(&mut CertificateRow) -> bool) -> bool {
    let mut rows = of(plan).rows.iter_mut().filter(|row| row.world > 0);
    rows.any(change)
}

fn is_either_world(case: &Case) -> bool {
    matches!(case, Case::EitherWorld { .. })
}

fn is_priced(case: &Case) -> bool {
    matches!(case, Case::Charged { draw_pence, .. } if *draw_pence > 0)
}

fn split(cases: &mut [Case], change: impl FnOnce(&mut u32, &mut u32, &mut u32)) -> bool {
    let either = cases.iter_mut().find_map(|case| match case {
        Case::EitherWorld { world, kept, let_go } => Some((world, kept, let_go)),
        _ => None,
    });
    either
        .map(|(world, kept, let_go)| change(world, kept, let_go))
        .is_some()
}

/// The price of a draw where it matters: in the only case, which comes to the bound exactly.
fn price(plan: &mut PlanDocument, change: impl FnOnce(&mut i64)) -> bool {
    let is_whole = of(plan).cases.len() == 1 && Some(of(plan).bound_pence) == entry(plan).lower_bound_pence;
    let Some(Case::Charged { draw_pence, .. }) = of(plan).cases.first_mut() else {
        return false;
    };
    let is_priced = is_whole && *draw_pence > 0;
    if is_priced {
        change(draw_pence);
    }
    is_priced
}

/// Something below the threshold without which a world of the proof would not have been drawn.
fn perhaps_held(plan: &mut PlanDocument) -> Option<String> {
    let threshold = plan.assumptions.foothold_threshold;
    let worlds = of(plan).worlds.concat();
    let mut all = entry(plan).may_be_held.iter();
    let one = all.find(|one| one.probability < threshold && worlds.contains(&one.entity))?;
    Some(one.entity.clone())
}

fn again(estimate: &mut Estimate, reached: f64) {
    estimate.reached = reached;
    estimate.standard_error = (reached * (1.0 - reached) / f64::from(estimate.worlds)).sqrt();
}

/// What is said to be met follows from the larger sample.
fn met_again(entry: &mut UncertaintyEntry) {
    let surely = entry.out_of_sample.reached + 2.0 * entry.out_of_sample.standard_error;
    entry.met = entry.reached_max.map(|most| surely <= most);
}

bends! {
    pool(), |_| ();
    the_bound_is_raised: |_, plan| {
        let bound = of(plan).bound_pence;
        let is_whole = entry(plan).lower_bound_pence == Some(bound);
        of(plan).bound_pence += 1;
        entry(plan).lower_bound_pence = Some(bound + 1);
        is_whole
    };
    it_proves_more_than_is_said: |_, plan| {
        let bound = of(plan).bound_pence;
        entry(plan).lower_bound_pence = Some(bound - 1);
        true
    };
    it_proves_what_is_not_said: |_, plan| {
        entry(plan).lower_bound_pence = None;
        true
    };
    a_world_is_there_twice: |_, plan| {
        let worlds = &mut of(plan).worlds;
        worlds.extend(worlds.first().cloned());
        !worlds.is_empty()
    };
    a_world_was_not_drawn: |_, plan| {
        let worlds = &mut of(plan).worlds;
        worlds.first_mut().is_some_and(|held| {
            held.retain(|name| name != "account:p0");
            *held == ["zone:office"] || held.pop().is_some()
        })
    };
    a_world_holds_what_is_not_there: |_, plan| {
        of(plan).worlds.first_mut().is_some_and(|held| { held.push("account:nobody".into()); true })
    };
    a_world_is_left_out: |_, plan| of(plan).worlds.pop().is_some();
    a_row_is_of_another_world: |_, plan| {
        let worlds = of(plan).worlds.clone();
        row(plan, |row| {
            // A world in which less is held does not lead there without it.
            let own = &worlds[row.world as usize - 1];
            let reached = |held: &Vec<String>| own.iter().all(|name| held.contains(name));
            let other = (1..).zip(&worlds).find(|(_, held)| !reached(held) && held.len() + 1 < own.len());
            other.map(|(world, _)| row.world = world).is_some() && row.acts.len() < 3
        })
    };
    a_row_is_of_no_world: |_, plan| row(plan, |row| { row.world = 99; true });
    a_row_rests_on_less: |_, plan| row(plan, |row| row.rests_on.pop().is_some());
    a_row_reaches_something_else: |_, plan| row(plan, |row| { row.reaches = vec!["system:nothing".into()]; true });
    a_row_reaches_what_need_not_be_kept: |_, plan| row(plan, |row| { row.reaches = vec!["system:front".into()]; true });
    a_row_names_fewer_acts: |_, plan| row(plan, |row| row.acts.pop().is_some());
    a_row_is_left_out: |_, plan| of(plan).rows.pop().is_some();
    a_draw_costs_less: |_, plan| price(plan, |price| *price = 0);
    a_draw_costs_more: |_, plan| price(plan, |price| *price += 1_000_000);
    a_draw_costs_less_than_nothing: |_, plan| price(plan, |price| *price = -*price);
    a_draw_costs_all_money: |_, plan| price(plan, |price| *price = i64::MAX);
    kept_is_let_go: |_, plan| split(&mut of(plan).cases, |_, kept, let_go| std::mem::swap(kept, let_go));
    a_world_is_not_let_go: |_, plan| split(&mut of(plan).cases, |_, kept, let_go| *let_go = *kept);
    a_world_that_is_not_there_is_let_go: |_, plan| split(&mut of(plan).cases, |world, _, _| *world = 99);
    the_world_of_the_plan_is_let_go: |_, plan| split(&mut of(plan).cases, |world, _, _| *world = 0);
    a_world_is_let_go_twice: |_, plan| {
        let mut first = None;
        of(plan).cases.iter_mut().any(|case| match case {
            Case::EitherWorld { world, .. } => match first {
                None => { first = Some(*world); false }
                Some(before) => { *world = before; true }
            },
            _ => false,
        }) && matches!(of(plan).cases[0], Case::EitherWorld { .. })
    };
    too_many_are_let_go: |_, plan| {
        let mut cases = of(plan).cases.iter_mut();
        cases.find(|case| matches!(case, Case::Charged { .. })).map(|case| *case = Case::TooMany).is_some()
    };
    a_case_is_left_out: |_, plan| {
        let cases = &mut of(plan).cases;
        cases.len() > 1 && cases.pop().is_some()
    };
    the_cases_are_none: |_, plan| { of(plan).cases.clear(); true };
    the_share_is_larger: |_, plan| {
        let own = entry(plan);
        own.reached_max = own.reached_max.map(|share| share + 0.3);
        met_again(own);
        own.reached_min.is_none() && of(plan).bound_pence == plan.cost.total_pence
    };
    the_share_is_not_asked_for: |_, plan| {
        let own = entry(plan);
        own.reached_max = None;
        own.met = None;
        true
    };
    the_worlds_are_of_another_seed: |_, plan| { entry(plan).seed += 1; true };
    more_is_hidden: |_, plan| { entry(plan).hidden_probability = 1.0; true };
    one_is_never_held: |_, plan| {
        let Some(name) = perhaps_held(plan) else { return false };
        let mut all = entry(plan).may_be_held.iter_mut();
        all.find(|one| one.entity == name).map(|one| one.probability = 0.0).is_some()
    };
    one_is_left_out: |_, plan| {
        let Some(name) = perhaps_held(plan) else { return false };
        entry(plan).may_be_held.retain(|one| one.entity != name);
        true
    };
    a_foothold_is_left_out: |_, plan| {
        let threshold = plan.assumptions.foothold_threshold;
        entry(plan).may_be_held.retain(|one| one.probability < threshold);
        true
    };
    nothing_may_be_held: |_, plan| { entry(plan).may_be_held.clear(); true };
    one_is_no_probability: |_, plan| { entry(plan).may_be_held[0].probability = f64::NAN; true };
    one_is_there_twice: |_, plan| {
        let all = &mut entry(plan).may_be_held;
        all.push(all[0].clone());
        true
    };
    it_is_reached_less_often: |_, plan| {
        let own = &mut entry(plan).in_sample;
        let less = own.reached - 1.0 / f64::from(own.worlds);
        again(own, less);
        less >= own.held_already
    };
    it_is_held_less_often: |_, plan| {
        let own = &mut entry(plan).in_sample;
        own.held_already -= 1.0 / f64::from(own.worlds);
        own.held_already >= 0.0
    };
    it_is_reached_less_often_unseen: |_, plan| {
        let own = entry(plan);
        let less = own.out_of_sample.reached - 1.0 / f64::from(own.out_of_sample.worlds);
        again(&mut own.out_of_sample, less);
        met_again(own);
        less >= own.out_of_sample.held_already
    };
    it_was_seen_in_too_many_worlds: |_, plan| { entry(plan).out_of_sample.worlds = u32::MAX; true };
    there_are_fewer: |_, plan| {
        let own = entry(plan);
        let share = 1.0 / f64::from(own.in_sample.worlds);
        own.reached_min = own.reached_min.map(|least| least + share);
        own.reached_min_proof.is_some()
    };
    there_are_half_a_draw_fewer: |_, plan| {
        let own = entry(plan);
        let share = 0.5 / f64::from(own.in_sample.worlds);
        own.reached_min = own.reached_min.map(|least| least + share);
        own.reached_min.is_some()
    };
    a_kept_world_is_commoner: |_, plan| entry(plan).kept.first_mut().map(|world| world.share += 0.1).is_some();
    too_many_worlds_are_kept: |_, plan| {
        let kept = &mut entry(plan).kept;
        *kept = kept.iter().cycle().take(101.min(kept.len() * 101)).cloned().collect();
        !kept.is_empty()
    };
    worlds_are_kept_for_nothing: |_, plan| {
        let own = entry(plan);
        (own.reached_max, own.reached_min, own.lower_bound_pence, own.met) = (None, None, None, None);
        (own.proof, own.reached_min_proof) = (None, None);
        !own.kept.is_empty()
    };
    there_are_too_many_cases: |_, plan| {
        let cases = &mut of(plan).cases;
        let [leaf @ Case::Charged { .. }] = &cases[..] else { return false };
        let leaf = leaf.clone();
        cases.clear();
        for account in 1_000..1_200 {
            let next = cases.len() as u32 + 1;
            let act = Act::DisableAccount { account: AccountId(account) };
            cases.extend([Case::Either { act, with: next, without: next + 1 }, leaf.clone()]);
        }
        cases.push(leaf);
        true
    };
    the_bound_is_far_below: |_, plan| { plan.optimality.lower_bound_pence = i64::MIN; plan.cost.total_pence > 0 };
    everybody_is_denied: |_, plan| {
        plan.withdrawals.iter_mut().for_each(|entry| entry.people = u32::MAX);
        plan.withdrawals.len() > 1
    };
    that_there_are_not_fewer_is_not_said: |_, plan| {
        let own = entry(plan);
        own.reached_min = None;
        own.reached_min_proof.is_some()
    };
    a_row_of_the_fewest_rests_on_less: |_, plan| fewest(plan, |own| own.rows.iter_mut().any(|row| row.rests_on.pop().is_some()));
    a_row_of_the_fewest_is_left_out: |_, plan| fewest(plan, |own| own.rows.pop().is_some());
    a_case_of_the_fewest_is_left_out: |_, plan| fewest(plan, |own| own.cases.pop().is_some());
    the_fewest_are_let_go_at_once: |_, plan| fewest(plan, |own| { own.cases = vec![Case::TooMany]; true });
    a_case_of_the_fewest_is_charged: |_, plan| fewest(plan, |own| {
        let leaf = own.cases.iter_mut().find(|case| matches!(case, Case::Uncut { .. } | Case::TooMany));
        leaf.map(|case| *case = Case::Charged { charges: Vec::new(), draw_pence: 0 }).is_some()
    });
    a_world_of_the_fewest_is_kept_only: |_, plan| fewest(plan, |own| split(&mut own.cases, |_, kept, let_go| *let_go = *kept));
    the_certificate_lets_a_world_go: |_, plan| {
        let own = plan.certificate.as_mut().unwrap();
        let place = own.cases.len() as u32;
        let first = own.cases[0].clone();
        own.cases.extend([first.clone(), first]);
        own.cases[0] = Case::EitherWorld { world: 1, kept: place, let_go: place + 1 };
        place == 1
    };
    a_row_of_the_certificate_is_of_no_world: |_, plan| {
        plan.certificate.as_mut().unwrap().rows.iter_mut().any(|row| { row.world = 99; true })
    };
}
