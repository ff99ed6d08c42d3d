//! Firms in which it is the question whom to trust.

use cordon_estate::{Entity, Estate};
use cordon_plan::Foothold;

use crate::support::Chance;

/// Four people, each with rights to some of two vaults and a server before them, and a service that needs each: whom to trust is the
/// question. The first is held, the others perhaps.
pub(crate) fn firm(chance: &mut Chance) -> (Estate, Vec<Foothold>) {
    const SYSTEMS: [&str; 4] = ["front", "back", "vault-a", "vault-b"];
    let effects = ["1s", "4m", "15m"];
    let mut rights = String::new();
    let mut services = String::new();
    for place in 0..4 {
        for _ in 0..1 + chance.below(2) {
            let on = SYSTEMS[chance.below(4) as usize];
            rights += &format!("  - {{ right: ssh, holder: p{place}, on: {on} }}\n");
        }
        let pounds = 10 + chance.below(400);
        let protected = if chance.below(8) == 0 {
            "protected: true, "
        } else {
            ""
        };
        services += &format!(
            "  s{place}: {{ requires: {{ account: p{place} }}, {protected}cost-per-hour: £{pounds} }}\n"
        );
    }
    let session = chance.below(4);
    let text = format!(
        "
organisation: Firm
zones: {{ office: {{}}, safe: {{}} }}
systems:
  front: {{ kind: server, zone: office }}
  back: {{ kind: server, zone: safe }}
  vault-a: {{ kind: server, zone: safe, jewel: true }}
  vault-b: {{ kind: server, zone: safe, jewel: true }}
accounts: {{ p0: person, p1: person, p2: person, p3: person }}
access:
  - {{ flow: office -> office, port: 22 }}
  - {{ flow: office -> safe, port: 22 }}
  - {{ session: p{session}, on: front }}
{rights}services:
  office: {{ requires: {{ flow: office -> safe, port: 22 }}, cost-per-hour: £{} }}
{services}enforcement-points:
  firewall: {{ kind: nftables, guards: flows, effect: 1s }}
  directory: {{ kind: active-directory, guards: accounts, effect: {} }}
",
        200 + chance.below(900),
        effects[chance.below(3) as usize],
    );
    let estate = cordon_estate::load::load(&[("estate.yaml", &text)])
        .unwrap()
        .estate;
    let held = estate.accounts_with_ids().map(|(id, _)| Entity::Account(id));
    let mut footholds: Vec<Foothold> = held
        .map(|entity| Foothold {
            entity,
            probability: f64::from(1 + chance.below(8)) / 20.0,
        })
        .collect();
    footholds[0].probability = 0.95;
    let office = estate
        .zones_with_ids()
        .find(|(_, zone)| zone.name == "office")
        .unwrap()
        .0;
    footholds.push(Foothold {
        entity: Entity::Zone(office),
        probability: 1.0,
    });
    (estate, footholds)
}
