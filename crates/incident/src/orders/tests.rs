//! One test for each rule, on a small estate given as text.

use cordon_act::{Endpoint, Order, Protocol, Target, Whom};
use cordon_estate::{AccountId, Estate, load};
use cordon_plan::candidates::Candidates;
use cordon_plan::document::{Act, Outcome, PlanDocument, WithdrawalEntry, estate_digest, sample};

use super::{Made, OrdersError, Terms, orders};

const ESTATE: &str = r"
organisation: Corner Shop
zones:
  internet: { kind: internet }
  pool: { subnets: [10.9.0.0/24] }
  office: { subnets: [10.2.0.0/24, 10.1.0.0/24, 'fd00:1::/64'] }
  data: { subnets: [10.3.0.0/24] }
  lab: {}
systems:
  gw: { kind: gateway, zone: office }
  till: { kind: till, zone: office, addresses: [10.1.0.9] }
  ws: { kind: workstation, zone: office, addresses: [10.2.0.7, 10.1.0.7] }
  bare: { kind: workstation, zone: office }
  db: { kind: server, zone: data, addresses: [10.3.0.5] }
  spare: { kind: server, zone: data, addresses: [10.3.0.6] }
  crm: { kind: saas-app }
accounts:
  'SHOP\pat': person
  sam@shop.example: person
  glass: break-glass
  svc-pay: service
  'A\twin': person
  'B\twin': person
groups:
  staff: ['SHOP\pat', inner]
  inner: [sam@shop.example, glass]
  sellers: ['SHOP\pat']
access:
  - { flow: office -> data, port: 5432 }
  - { flow: pool -> data }
  - { flow: internet -> data, port: 443 }
  - { flow: lab -> data, port: 22 }
  - { flow: office -> pool, port: 443 }
  - { remote-access: gw, holder: sellers, into: pool }
  - { remote-access: gw, holder: staff, into: pool }
  - { remote-access: gw, holder: 'SHOP\pat', into: pool }
  - { right: database, holder: 'SHOP\pat', on: db }
  - { right: ssh, holder: 'SHOP\pat', on: db }
  - { application: crm, holder: 'SHOP\pat' }
  - { application: crm, holder: sellers }
  - { application: crm, holder: glass }
  - { recovery: staff, from: office }
  - { flow: office -> pool }
  - { flow: internet -> spare, port: 443 }
  - { flow: office -> till, port: 443 }
  - { flow: lab -> till, port: 443 }
services:
  payments:
    protected: true
    requires: [till, svc-pay, inner-payments, { any: [db, spare] }]
  inner-payments: { requires: { flow: office -> pool, port: 443 } }
  shop-window: { requires: ws }
enforcement-points:
  directory: { kind: active-directory, guards: [accounts, credentials, memberships, rights] }
  vpn: { kind: openvpn, guards: remote-access }
  firewall: { kind: nftables, guards: [flows, systems] }
  databases: { kind: postgres, guards: rights }
  identity: { kind: identity-provider, guards: [assignments, accounts] }
  desk: { kind: help-desk, guards: recoveries }
  door: { kind: haproxy, guards: flows }
";

fn estate() -> Estate {
    load::load(&[("estate.yaml", ESTATE)])
        .unwrap_or_else(|found| panic!("{}", found.render(false)))
        .estate
}

fn terms() -> Terms {
    Terms {
        lease_minutes: 60,
        at_lease_end: cordon_act::LeaseEnd::Hold,
        limits: cordon_act::VolumeLimits::default(),
    }
}

fn entry(estate: &Estate, candidates: &Candidates<'_>, act: Act, point: &str) -> WithdrawalEntry {
    let (id, _) = estate
        .points_with_ids()
        .find(|(_, one)| one.name == point)
        .unwrap();
    WithdrawalEntry {
        act,
        id: candidates.id(act),
        text: candidates.text(act),
        entities: candidates.entities(act),
        point: id,
        point_name: point.to_owned(),
        ..sample().withdrawals[0].clone()
    }
}

fn plan(estate: &Estate, acts: &[(Act, &str)]) -> PlanDocument {
    let candidates = Candidates::new(estate, 24.0);
    let mut plan = sample();
    plan.estate_digest = estate_digest(estate);
    plan.withdrawals = acts
        .iter()
        .map(|&(act, point)| entry(estate, &candidates, act, point))
        .collect();
    plan.sealed()
}

fn made(acts: &[(Act, &str)]) -> Result<Made, OrdersError> {
    let estate = estate();
    orders(&plan(&estate, acts), &estate, &terms())
}

/// The act of a name such as `disable-account/account:glass`.
fn act(name: &str) -> Act {
    let estate = estate();
    let act = Candidates::new(&estate, 24.0).find(&name.into());
    act.unwrap_or_else(|| panic!("the estate has no {name}"))
}

fn order(name: &str, point: &str) -> Order {
    let made = made(&[(act(name), point)]).unwrap();
    assert_eq!(made.by_hand, []);
    made.orders.orders.into_iter().next().unwrap()
}

fn targets(name: &str, point: &str) -> Vec<String> {
    order(name, point)
        .targets
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// Why nothing of an act becomes an order.
fn why(name: &str, point: &str) -> String {
    let made = made(&[(act(name), point)]).unwrap();
    assert_eq!(made.orders.orders, []);
    assert_eq!(made.by_hand.len(), 1, "{:?}", made.by_hand);
    assert_eq!(made.by_hand[0].withdrawal, name);
    made.by_hand[0].why.clone()
}

const PAT: &str = "disable-account/account:SHOP\\pat";

#[test]
fn an_account_is_named_without_its_domain() {
    assert_eq!(targets(PAT, "directory"), ["account pat"]);
    let sam = "disable-account/account:sam@shop.example";
    assert_eq!(targets(sam, "directory"), ["account sam"]);
    let twin = why("disable-account/account:A\\twin", "directory");
    assert!(twin.contains("more than one account"), "{twin}");
}

#[test]
fn a_group_is_disabled_account_by_account_but_for_break_glass() {
    let all = targets("disable-group/group:staff", "directory");
    assert_eq!(all, ["account pat", "account sam"]);
}

#[test]
fn sessions_end_where_a_server_has_them() {
    let end = "end-sessions/account:SHOP\\pat";
    assert_eq!(targets(end, "identity"), ["sessions of pat"]);
    assert!(why(end, "directory").contains("no connector"));
}

#[test]
fn new_credentials_stop_the_account_and_say_so() {
    let order = order("reset-credential/account:SHOP\\pat", "directory");
    assert_eq!(order.targets[0].to_string(), "account pat");
    assert!(
        order.text.contains("until a person has issued new credentials"),
        "{}",
        order.text
    );
    let pay = why("reset-credential/account:svc-pay", "directory");
    assert!(pay.contains("payments needs it"), "{pay}");
}

#[test]
fn memberships_and_rights_name_both_ends() {
    let drop = "drop-membership/account:SHOP\\pat>group:sellers";
    assert_eq!(targets(drop, "directory"), ["membership of pat in sellers"]);
    let right = "take-right/account:SHOP\\pat>system:db:database";
    assert_eq!(targets(right, "databases"), ["right connect of pat on db"]);
    let ssh = "take-right/account:SHOP\\pat>system:db:ssh";
    assert!(why(ssh, "databases").contains("no connector"));
    let nested = "drop-membership/group:inner>group:staff";
    assert!(why(nested, "directory").contains("break-glass account glass"));
}

#[test]
fn a_flow_is_closed_between_sorted_subnets() {
    let order = order("close-flow/zone:office>zone:data:tcp-5432", "firewall");
    let networks = |texts: &[&str]| Endpoint::Networks(texts.iter().map(|&one| one.to_owned()).collect());
    let expected = Target::Flow {
        from: networks(&["10.1.0.0/24", "10.2.0.0/24", "fd00:1::/64"]),
        to: networks(&["10.3.0.0/24"]),
        protocol: Some(Protocol::Tcp),
        port: Some(5432),
    };
    assert_eq!(order.targets, [expected]);
}

#[test]
fn a_zone_is_closed_flow_by_flow_and_what_has_no_subnet_by_hand() {
    let zone = act("close-zone/zone:data");
    let made = made(&[(zone, "firewall")]).unwrap();
    let texts: Vec<String> = made.orders.orders[0]
        .targets
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        texts,
        [
            "flow 10.1.0.0/24,10.2.0.0/24,fd00:1::/64 > 10.3.0.0/24 tcp 5432",
            "flow 10.9.0.0/24 > 10.3.0.0/24",
            "flow any > 10.3.0.0/24 tcp 443",
        ]
    );
    assert_eq!(made.by_hand.len(), 1);
    assert!(
        made.by_hand[0].why.contains("subnets of lab"),
        "{:?}",
        made.by_hand
    );
}

#[test]
fn a_front_door_closes_the_route_of_a_system_and_no_other_flow() {
    assert!(why("close-flow/zone:internet>zone:data:tcp-443", "door").contains("route"));
    assert_eq!(
        targets("close-flow/zone:internet>system:spare:tcp-443", "door"),
        ["route spare"]
    );
    let shared = why("close-flow/zone:office>system:till:tcp-443", "door");
    assert!(
        shared.contains("route till carries zone:lab>system:till"),
        "{shared}"
    );
}

#[test]
fn remote_access_is_blocked_for_an_account_or_a_group() {
    let block = |who: &str| format!("block-remote-access/{who}>system:gw>zone:pool");
    assert_eq!(
        targets(&block("account:SHOP\\pat"), "vpn"),
        ["remote access of pat"]
    );
    assert_eq!(
        targets(&block("group:sellers"), "vpn"),
        ["remote access of group sellers"]
    );
    let each = ["remote access of pat", "remote access of sam"];
    assert_eq!(targets(&block("group:staff"), "vpn"), each);
}

#[test]
fn a_gateway_lets_break_glass_in() {
    let gateway = system("gw");
    for act in [Act::BlockGateway { gateway }, Act::BlockAllRemoteAccess] {
        let whom = Whom::AllBut(vec!["glass".to_owned()]);
        let made = made(&[(act, "vpn")]).unwrap();
        assert_eq!(made.orders.orders[0].targets, [Target::RemoteAccess { whom }]);
    }
}

fn system(name: &str) -> cordon_estate::SystemId {
    let estate = estate();
    let found = estate.systems_with_ids().find(|(_, system)| system.name == name);
    found.unwrap().0
}

#[test]
fn a_host_is_its_sorted_addresses() {
    let order = order("isolate-system/system:ws", "firewall");
    let addresses = vec!["10.1.0.7".to_owned(), "10.2.0.7".to_owned()];
    let name = "ws".to_owned();
    assert_eq!(order.targets, [Target::Host { name, addresses }]);
    assert!(why("isolate-system/system:bare", "firewall").contains("address of bare"));
}

#[test]
fn assignments_are_taken_from_each_holder() {
    let one = "unassign/account:SHOP\\pat>system:crm";
    assert_eq!(targets(one, "identity"), ["assignment of pat to crm"]);
    let app = system("crm");
    let made = made(&[(Act::UnassignAll { app }, "identity")]).unwrap();
    let texts: Vec<String> = made.orders.orders[0]
        .targets
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        texts,
        ["assignment of pat to crm", "assignment of sellers to crm"]
    );
}

#[test]
fn resets_are_stopped_by_people() {
    assert!(why("suspend-recovery/group:staff>zone:office", "desk").contains("help desk"));
    let made = made(&[(Act::SuspendRecoveries, "desk")]).unwrap();
    assert!(made.orders.orders.is_empty());
    assert_eq!(made.by_hand[0].withdrawal, "suspend-recoveries");
}

#[test]
fn orders_are_counted_over_what_is_made() {
    let acts = [
        (Act::SuspendRecoveries, "desk"),
        (act(PAT), "directory"),
        (act("isolate-system/system:ws"), "firewall"),
    ];
    let made = made(&acts).unwrap();
    let start: String = made.orders.plan_hash.chars().take(12).collect();
    let ids: Vec<&str> = made
        .orders
        .orders
        .iter()
        .map(|order| order.id.0.as_str())
        .collect();
    assert_eq!(ids, [format!("{start}-01"), format!("{start}-02")]);
    assert_eq!(made.orders.orders[1].withdrawal, "isolate-system/system:ws");
    assert_eq!(made.orders.limits.accounts, 6);
    assert_eq!(made.orders.orders[0].lease_minutes, 60);
    made.orders.validate().unwrap();
}

#[test]
fn never_lists_what_alone_downs_a_protected_service() {
    let made = made(&[
        (act(PAT), "directory"),
        (act("isolate-system/system:ws"), "firewall"),
    ])
    .unwrap();
    let texts: Vec<String> = made.orders.never.iter().map(ToString::to_string).collect();
    let each = [
        "account glass",
        "account svc-pay",
        "sessions of glass",
        "flow 10.1.0.0/24,10.2.0.0/24,fd00:1::/64 > 10.9.0.0/24 tcp 443",
        "host till",
    ];
    let all: Vec<String> = ["directory", "firewall"]
        .iter()
        .flat_map(|point| each.iter().map(move |target| format!("{target} at {point}")))
        .collect();
    assert_eq!(texts, all);
}

#[test]
fn what_must_stay_is_never_ordered() {
    for (name, point, kept) in [
        ("disable-account/account:svc-pay", "directory", "payments"),
        ("isolate-system/system:till", "firewall", "payments"),
        ("close-flow/zone:office>zone:pool:tcp-443", "firewall", "payments"),
        ("disable-account/account:glass", "directory", "break-glass"),
        ("end-sessions/account:glass", "identity", "break-glass"),
    ] {
        let error = made(&[(act(name), point)]).unwrap_err();
        assert!(matches!(error, OrdersError::Never { .. }), "{name}: {error}");
        let text = error.to_string();
        assert!(text.contains(kept) && text.contains(name), "{text}");
    }
}

#[test]
fn an_order_that_would_take_a_needed_flow_along_is_left_to_people() {
    let why = why("close-flow/zone:office>zone:pool", "firewall");
    assert!(why.contains("tcp 443 along") && why.contains("payments"), "{why}");
}

#[test]
fn one_of_two_alternatives_may_go() {
    assert_eq!(targets("isolate-system/system:db", "firewall"), ["host db"]);
}

#[test]
fn a_service_that_people_protected_counts() {
    let estate = estate();
    let mut plan = plan(&estate, &[(act("isolate-system/system:ws"), "firewall")]);
    assert!(orders(&plan, &estate, &terms()).is_ok());
    plan.constraints.protected = vec!["shop-window".into()];
    let error = orders(&plan.sealed(), &estate, &terms()).unwrap_err();
    assert!(error.to_string().contains("shop-window"), "{error}");
}

#[test]
fn a_plan_of_another_estate_or_without_effect_is_refused() {
    let estate = estate();
    let good = plan(&estate, &[(act(PAT), "directory")]);
    let refused = |plan: &PlanDocument, estate: &Estate| orders(plan, estate, &terms()).unwrap_err();
    let mut other = estate.clone();
    other.organisation.push('!');
    let stale = refused(&good, &other);
    assert_eq!(stale, OrdersError::Stale);
    assert!(stale.to_string().contains("make the plan anew"));
    let mut altered = good.clone();
    altered.withdrawals[0].point_name = "vpn".into();
    assert_eq!(refused(&altered, &estate), OrdersError::Altered);
    let misplaced = refused(&altered.sealed(), &estate);
    assert!(matches!(misplaced, OrdersError::Unknown(_)));
    let mut infeasible = good.clone();
    infeasible.outcome = Outcome::Infeasible;
    assert_eq!(refused(&infeasible.sealed(), &estate), OrdersError::Infeasible);
    assert_eq!(refused(&plan(&estate, &[]), &estate), OrdersError::NothingToDo);
    let account = AccountId(99);
    let unknown = plan(&estate, &[(Act::DisableAccount { account }, "directory")]);
    assert!(matches!(refused(&unknown, &estate), OrdersError::Unknown(_)));
}

#[test]
fn a_lease_of_no_length_is_refused() {
    let estate = estate();
    let terms = Terms {
        lease_minutes: 0,
        ..terms()
    };
    let error = orders(&plan(&estate, &[(act(PAT), "directory")]), &estate, &terms).unwrap_err();
    assert!(matches!(error, OrdersError::Orders(_)));
}

/// Every act that the estate allows, at every point, one plan each: either refused, or without any break-glass account;
/// and the same again, byte for byte.
#[test]
fn no_order_targets_a_break_glass_account() {
    let estate = estate();
    let (mut with_orders, mut refused) = (0, 0);
    for act in every_act(&estate) {
        for point in &estate.points {
            let plan = plan(&estate, &[(act, &point.name)]);
            let first = orders(&plan, &estate, &terms());
            assert_eq!(first, orders(&plan, &estate, &terms()));
            let Ok(made) = first else {
                refused += 1;
                continue;
            };
            with_orders += made.orders.orders.len();
            for target in made.orders.orders.iter().flat_map(|order| &order.targets) {
                let spared = match target {
                    Target::RemoteAccess {
                        whom: Whom::AllBut(names),
                    } => names.contains(&"glass".to_owned()),
                    _ => !target.to_string().contains("glass"),
                };
                assert!(spared, "{act:?} at {}: {target}", point.name);
            }
            let json = serde_json::to_string(&made.orders).unwrap();
            let again = orders(&plan, &estate, &terms()).unwrap();
            assert_eq!(json, serde_json::to_string(&again.orders).unwrap());
        }
    }
    assert!(with_orders > 20 && refused > 5, "{with_orders} {refused}");
}

fn every_act(estate: &Estate) -> Vec<Act> {
    let mut acts = vec![Act::BlockAllRemoteAccess, Act::SuspendRecoveries];
    for (account, _) in estate.accounts_with_ids() {
        acts.push(Act::DisableAccount { account });
        acts.push(Act::EndSessions { account });
        acts.push(Act::ResetCredential { account });
    }
    let groups = estate.groups_with_ids();
    acts.extend(groups.map(|(group, _)| Act::DisableGroup { group }));
    for (system, _) in estate.systems_with_ids() {
        acts.push(Act::IsolateSystem { system });
        acts.push(Act::UnassignAll { app: system });
        acts.push(Act::BlockGateway { gateway: system });
    }
    acts.extend(estate.zones_with_ids().map(|(zone, _)| Act::CloseZone { zone }));
    for (access, _) in estate.accesses_with_ids() {
        acts.push(Act::DropMembership { access });
    }
    acts
}
