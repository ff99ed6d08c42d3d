//! The proof of the bound, written down for whoever does not trust the solver.
//!
//! The rows are the derivations that the last solve knew, told by the base facts they rest on and cut by *every* act that the
//! estate allows, also by acts that the solver did not think worth a column. Over them a small branch and bound of its
//! own is run, best case first, whose leaves keep their charges. Work is bounded by counts, never by time, so that the
//! same arguments give the same certificate; what the cases do not prove, the certificate does not claim.

mod charge;
mod rows;
mod tree;

use cordon_trade::{Lost, ServiceState, Services};

use super::prepare::Prepared;
use super::solving::Session;
use super::{Constraints, Planner, Settings};
use crate::document::{Certificate, CertificateRow};
use rows::Known;

/// Something that the cases can decide.
#[derive(Clone, Debug)]
struct Choice {
    act: crate::document::Act,
    friction_pence: i64,
    removes: Vec<cordon_reach::Base>,
    /// True if it removes something that a service requires.
    touches: bool,
    rows: Vec<u32>,
}

/// A row over choices.
#[derive(Clone, Debug)]
struct Cut {
    choices: Vec<u32>,
    /// The group whose loss is accepted if nothing is chosen; none if that may not be.
    group: Option<u32>,
}

/// The problem that the certificate is about.
#[derive(Debug)]
struct Proof<'e> {
    estate: &'e cordon_estate::Estate,
    services: Services,
    before: Vec<ServiceState>,
    protected: Vec<bool>,
    duration_hours: f64,
    choices: Vec<Choice>,
    rows: Vec<Cut>,
    groups: Vec<i64>,
    /// Choices that a person forced.
    forced: Vec<u32>,
}

impl Planner<'_> {
    /// The certificate of a proven bound. Its rows are of the first world: what further worlds ask for can only cost
    /// more, so the bound holds with them too.
    pub(super) fn certificate(
        &mut self,
        prepared: &Prepared,
        session: &Session,
        lower_bound: i64,
        settings: &Settings,
        constraints: &Constraints,
    ) -> Certificate {
        let known = self.known_rows(prepared, session, settings, constraints);
        let proof = self.proof(&known, prepared, settings, constraints);
        let (bound_pence, cases) = tree::grow(&proof, lower_bound);
        let rows = known.into_iter().map(|row| CertificateRow {
            reaches: row.reaches,
            rests_on: row.rests_on,
            acts: row.acts,
        });
        tree::compact(Certificate {
            bound_pence,
            rows: rows.collect(),
            cases,
        })
    }

    fn proof(
        &self,
        known: &[Known],
        prepared: &Prepared,
        settings: &Settings,
        constraints: &Constraints,
    ) -> Proof<'_> {
        let forced = prepared
            .columns
            .iter()
            .zip(&prepared.fixed)
            .filter(|(_, fixed)| **fixed == Some(true))
            .map(|(column, _)| column.act);
        let forced: Vec<_> = forced.collect();
        let mut acts: Vec<_> = known.iter().flat_map(|row| row.acts.iter().copied()).collect();
        acts.extend(&forced);
        acts.sort_unstable();
        acts.dedup();
        let services = Services::compile(self.estate);
        let required = rows::required(self.estate);
        let place = |act| acts.binary_search(&act).ok().map(|place| place as u32);
        let mut choices: Vec<Choice> = acts
            .iter()
            .filter_map(|act| self.candidates.candidate(*act))
            .map(|candidate| Choice {
                act: candidate.act,
                friction_pence: candidate.friction_pence,
                touches: candidate.removes.iter().any(|fact| required.contains(fact)),
                removes: candidate.removes,
                rows: Vec::new(),
            })
            .collect();
        let mut groups: Vec<(&[String], i64)> = Vec::new();
        let mut rows = Vec::new();
        for (number, row) in known.iter().enumerate() {
            let group = row.loss_pence.map(|pence| {
                let known = groups.iter().position(|(reaches, _)| *reaches == row.reaches);
                known.unwrap_or_else(|| {
                    groups.push((&row.reaches, pence));
                    groups.len() - 1
                }) as u32
            });
            let own: Vec<u32> = row.acts.iter().filter_map(|act| place(*act)).collect();
            for &choice in &own {
                if let Some(choice) = choices.get_mut(choice as usize) {
                    choice.rows.push(number as u32);
                }
            }
            rows.push(Cut { choices: own, group });
        }
        let protected = self.estate.services_with_ids();
        Proof {
            estate: self.estate,
            before: services.states(&Lost::nothing()),
            services,
            protected: protected
                .map(|(id, service)| service.protected || constraints.protect.contains(&id))
                .collect(),
            duration_hours: settings.duration_hours,
            forced: forced.iter().filter_map(|act| place(*act)).collect(),
            choices,
            rows,
            groups: groups.into_iter().map(|(_, pence)| pence).collect(),
        }
    }
}
