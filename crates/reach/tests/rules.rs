//! Each rule by an example that a person can read, and what cuts it.

use cordon_estate::{
    Access, AccessId, AccessKind, Account, AccountId, AccountKind, ControlKind, Entity, Estate, Group,
    GroupId, Means, Origin, Place, Ports, Principal, Protocol, Provenance, System, SystemId, SystemKind,
    Target, Zone, ZoneId, ZoneKind,
};
use cordon_reach::{
    Base, Deadlines, Derived, FactSet, Graph, Options, RuleKind, Scratch, Unplaced, Until, jewels,
};

/// An estate under construction.
#[derive(Default)]
struct Company(Estate);

impl Company {
    fn person(&mut self, name: &str) -> AccountId {
        self.0.add_account(Account {
            name: name.into(),
            aliases: Vec::new(),
            kind: AccountKind::Person,
            site: None,
            enabled: true,
            jewel: None,
            provenance: Provenance::new(Origin::Assumed),
        })
    }

    fn group(&mut self, name: &str) -> GroupId {
        let provenance = Provenance::new(Origin::Assumed);
        self.0.add_group(Group {
            name: name.into(),
            aliases: Vec::new(),
            jewel: None,
            provenance,
        })
    }

    fn system(&mut self, name: &str, kind: SystemKind, zone: Option<ZoneId>) -> SystemId {
        self.0.add_system(System {
            name: name.into(),
            aliases: Vec::new(),
            kind,
            zone,
            site: None,
            addresses: Vec::new(),
            holds: Vec::new(),
            people: None,
            jewel: None,
            provenance: Provenance::new(Origin::Assumed),
        })
    }

    fn server(&mut self, name: &str, zone: ZoneId) -> SystemId {
        self.system(name, SystemKind::Server, Some(zone))
    }

    fn zone(&mut self, name: &str, kind: ZoneKind) -> ZoneId {
        self.0.add_zone(Zone {
            name: name.into(),
            kind,
            subnets: Vec::new(),
            isolated_members: false,
            provenance: Provenance::new(Origin::Assumed),
        })
    }

    fn internal(&mut self, name: &str) -> ZoneId {
        self.zone(name, ZoneKind::Internal)
    }

    fn give(&mut self, kind: AccessKind) -> Base {
        Base::Access(self.0.add_access(Access {
            kind,
            provenance: Provenance::new(Origin::Assumed),
        }))
    }

    fn right(&mut self, holder: AccountId, on: SystemId, means: Means) -> Base {
        self.give(AccessKind::Right {
            holder: Principal::Account(holder),
            on: Target::System(on),
            means,
        })
    }

    fn join(&mut self, member: Principal, group: GroupId) -> Base {
        self.give(AccessKind::Membership { member, group })
    }

    fn control(&mut self, holder: Principal, over: Principal, by: ControlKind) -> Base {
        self.give(AccessKind::Control { holder, over, by })
    }

    /// Minutes until the fact is gained.
    fn minutes(&self, footholds: &[Entity], withdrawn: &[Base], fact: Derived) -> Option<f64> {
        let graph = Graph::compile(&self.0, &Options::default());
        let gone: FactSet = withdrawn.iter().filter_map(|base| graph.base(*base)).collect();
        let mut scratch = Scratch::new();
        graph
            .chain(footholds, &gone, &mut scratch)
            .arrival_minutes(graph.derived(fact)?)
    }

    /// Asserts that the fact is gained, and that each of the base facts alone is needed for it.
    fn assert_needs(&self, footholds: &[Entity], fact: Derived, needed: &[Base]) {
        assert!(
            self.minutes(footholds, &[], fact).is_some(),
            "{fact:?} should be gained"
        );
        for base in needed {
            assert_eq!(
                self.minutes(footholds, &[*base], fact),
                None,
                "{fact:?} should need {base:?}"
            );
        }
    }
}

#[test]
fn a_stolen_credential_is_useless_once_remote_access_is_closed() {
    let mut company = Company::default();
    let internet = company.zone("internet", ZoneKind::Internet);
    let office = company.internal("office");
    let gateway = company.system("vpn", SystemKind::Gateway, Some(internet));
    let orders = company.server("orders-db", office);
    let pat = company.person("pat");
    let right = company.right(pat, orders, Means::Database);
    let vpn = company.give(AccessKind::RemoteAccess {
        holder: Principal::Account(pat),
        gateway,
        into: office,
    });
    let needed = [
        right,
        vpn,
        Base::Internet,
        Base::Connected(gateway),
        Base::Connected(orders),
        Base::Enabled(pat),
        Base::Credential(pat),
    ];
    company.assert_needs(&[Entity::Account(pat)], Derived::RunsOn(orders), &needed);
    assert_eq!(
        company.minutes(&[], &[], Derived::RunsOn(orders)),
        None,
        "nobody is in without a foothold"
    );
}

#[test]
fn arrival_is_the_latest_premise_plus_the_time_of_the_rule() {
    let mut company = Company::default();
    let office = company.internal("office");
    let (desk, server) = (company.server("desk", office), company.server("server", office));
    let pat = company.person("pat");
    company.give(AccessKind::Session {
        account: pat,
        system: desk,
    });
    company.right(pat, server, Means::Wmi);
    let foothold = [Entity::System(desk)];
    assert_eq!(company.minutes(&foothold, &[], Derived::Uses(pat)), Some(5.0));
    assert_eq!(
        company.minutes(&foothold, &[], Derived::RunsOn(server)),
        Some(7.0)
    );
    assert_eq!(company.minutes(&foothold, &[], Derived::RunsOn(desk)), Some(0.0));
}

#[test]
fn isolating_a_system_stops_both_what_leaves_and_what_enters() {
    let mut company = Company::default();
    let office = company.internal("office");
    let (desk, server) = (company.server("desk", office), company.server("server", office));
    let pat = company.person("pat");
    let session = company.give(AccessKind::Session {
        account: pat,
        system: desk,
    });
    let right = company.right(pat, server, Means::Admin);
    let needed = [
        session,
        right,
        Base::Connected(desk),
        Base::Connected(server),
        Base::Presence(desk),
    ];
    company.assert_needs(&[Entity::System(desk)], Derived::RunsOn(server), &needed);
    let stolen = company.minutes(
        &[Entity::System(desk)],
        &[Base::Connected(desk)],
        Derived::Holds(pat),
    );
    assert!(
        stolen.is_some(),
        "the session can be stolen on an isolated system too"
    );
}

#[test]
fn a_flow_passes_only_its_port() {
    let mut company = Company::default();
    let (dmz, data) = (company.internal("dmz"), company.internal("data"));
    let (web, store) = (company.server("web", dmz), company.server("store", data));
    let pat = company.person("pat");
    company.right(pat, store, Means::Ssh);
    company.give(AccessKind::Session {
        account: pat,
        system: web,
    });
    let tcp = |port| Ports::One(Protocol::Tcp, port);
    let flow = |ports| AccessKind::Flow {
        from: Place::Zone(dmz),
        to: Place::Zone(data),
        ports,
    };
    company.give(flow(tcp(443)));
    company.give(flow(Ports::One(Protocol::Udp, 22)));
    assert_eq!(
        company.minutes(&[Entity::System(web)], &[], Derived::RunsOn(store)),
        None
    );
    let ssh = company.give(flow(tcp(22)));
    company.assert_needs(
        &[Entity::System(web)],
        Derived::RunsOn(store),
        &[ssh, Base::Connected(web)],
    );
}

#[test]
fn a_zone_that_isolates_its_members_keeps_them_apart() {
    let mut company = Company::default();
    let tills = company.internal("tills");
    let (one, two) = (company.server("till-1", tills), company.server("till-2", tills));
    let pat = company.person("pat");
    company.give(AccessKind::Session {
        account: pat,
        system: one,
    });
    company.right(pat, two, Means::Admin);
    assert!(
        company
            .minutes(&[Entity::System(one)], &[], Derived::RunsOn(two))
            .is_some()
    );
    for zone in &mut company.0.zones {
        zone.isolated_members = true;
    }
    assert_eq!(
        company.minutes(&[Entity::System(one)], &[], Derived::RunsOn(two)),
        None
    );
    let flow = AccessKind::Flow {
        from: Place::System(one),
        to: Place::System(two),
        ports: Ports::Any,
    };
    let flow = company.give(flow);
    company.assert_needs(&[Entity::System(one)], Derived::RunsOn(two), &[flow]);
}

#[test]
fn rights_reach_through_groups_of_people_and_groups_of_systems() {
    let mut company = Company::default();
    let office = company.internal("office");
    let (desk, server) = (company.server("desk", office), company.server("server", office));
    let pat = company.person("pat");
    let [staff, admins] = ["staff", "admins"].map(|name| company.group(name));
    let [fleet, servers] = ["fleet", "servers"].map(|name| company.group(name));
    let holder = Principal::Group(admins);
    let needed = [
        company.join(Principal::Account(pat), staff),
        company.join(Principal::Group(staff), admins),
        company.join(Principal::System(server), servers),
        company.join(Principal::Group(servers), fleet),
        company.give(AccessKind::Right {
            holder,
            on: Target::Group(fleet),
            means: Means::RemoteDesktop,
        }),
    ];
    let footholds = [Entity::Account(pat), Entity::System(desk)];
    company.assert_needs(&footholds, Derived::RunsOn(server), &needed);
    company.join(Principal::Group(admins), staff);
    company.join(Principal::Group(fleet), servers);
    company.assert_needs(&footholds, Derived::RunsOn(server), &needed);
}

#[test]
fn a_help_desk_that_resets_a_group_resets_each_member() {
    let mut company = Company::default();
    let internet = company.zone("internet", ZoneKind::Internet);
    let [pat, lee] = ["pat", "lee"].map(|name| company.person(name));
    let staff = company.group("staff");
    let member = company.join(Principal::Account(lee), staff);
    let reset = company.control(
        Principal::Account(pat),
        Principal::Group(staff),
        ControlKind::ResetPassword,
    );
    company.assert_needs(
        &[Entity::Account(pat)],
        Derived::Uses(lee),
        &[member, reset, Base::Enabled(lee)],
    );
    let acts = company.minutes(&[Entity::Account(pat)], &[reset], Derived::ActsAs(staff));
    assert_eq!(acts, None, "to reset the members is not to be one");
    let call = company.give(AccessKind::Recovery {
        of: Principal::Group(staff),
        from: internet,
    });
    company.assert_needs(&[], Derived::Uses(lee), &[call, member, Base::Internet]);
}

#[test]
fn who_can_add_members_acts_as_the_group() {
    let mut company = Company::default();
    let pat = company.person("pat");
    let admins = company.group("admins");
    let add = company.control(
        Principal::Account(pat),
        Principal::Group(admins),
        ControlKind::AddMember,
    );
    company.assert_needs(&[Entity::Account(pat)], Derived::ActsAs(admins), &[add]);
}

#[test]
fn a_hypervisor_gives_its_guests_and_its_manager_gives_it_over_the_network() {
    let mut company = Company::default();
    let office = company.internal("office");
    let manager = company.system("vcenter", SystemKind::HypervisorManager, Some(office));
    let host = company.system("esx", SystemKind::Hypervisor, Some(office));
    let guest = company.server("guest", office);
    let manages = company.control(
        Principal::System(manager),
        Principal::System(host),
        ControlKind::Hosts,
    );
    let hosts = company.control(
        Principal::System(host),
        Principal::System(guest),
        ControlKind::Hosts,
    );
    let needed = [manages, hosts, Base::Connected(manager), Base::Connected(host)];
    company.assert_needs(&[Entity::System(manager)], Derived::RunsOn(guest), &needed);
    let isolated = [Base::Connected(guest), Base::Connected(host)];
    assert!(
        company
            .minutes(&[Entity::System(host)], &isolated, Derived::RunsOn(guest))
            .is_some()
    );
}

#[test]
fn a_copied_directory_is_as_good_as_its_controller() {
    let mut company = Company::default();
    let office = company.internal("office");
    let controller = company.system("dc", SystemKind::DomainController, Some(office));
    let [pat, lee] = ["pat", "lee"].map(|name| company.person(name));
    let over = Principal::System(controller);
    let copy = company.control(Principal::Account(pat), over, ControlKind::ReplicateDirectory);
    company.assert_needs(&[Entity::Account(pat)], Derived::RunsOn(controller), &[copy]);
    company.assert_needs(&[Entity::Account(pat)], Derived::Uses(lee), &[copy]);
    assert_eq!(
        company.minutes(&[Entity::System(controller)], &[], Derived::Uses(lee)),
        Some(10.0)
    );
}

#[test]
fn an_administrator_of_an_application_holds_it_and_a_user_uses_it() {
    let mut company = Company::default();
    company.zone("internet", ZoneKind::Internet);
    let app = company.system("payroll", SystemKind::SaasApp, None);
    let [pat, lee] = ["pat", "lee"].map(|name| company.person(name));
    let assign = |holder, admin| AccessKind::Assignment {
        holder: Principal::Account(holder),
        app,
        admin,
    };
    let user = company.give(assign(pat, false));
    let admin = company.give(assign(lee, true));
    company.assert_needs(
        &[Entity::Account(pat)],
        Derived::UsesApp(app),
        &[user, Base::Connected(app)],
    );
    company.assert_needs(
        &[Entity::Account(lee)],
        Derived::RunsOn(app),
        &[admin, Base::Internet],
    );
    assert_eq!(
        company.minutes(&[Entity::Account(pat)], &[], Derived::RunsOn(app)),
        None
    );
}

#[test]
fn a_console_needs_somebody_there_and_a_disabled_account_is_no_use() {
    let mut company = Company::default();
    let office = company.internal("office");
    let (desk, server) = (company.server("desk", office), company.server("server", office));
    let pat = company.person("pat");
    company.right(pat, server, Means::Console);
    let footholds = [Entity::Account(pat), Entity::System(desk)];
    assert_eq!(company.minutes(&footholds, &[], Derived::RunsOn(server)), None);
    company.right(pat, server, Means::Admin);
    assert!(
        company
            .minutes(&footholds, &[], Derived::RunsOn(server))
            .is_some()
    );
    for account in &mut company.0.accounts {
        account.enabled = false;
    }
    assert_eq!(company.minutes(&footholds, &[], Derived::RunsOn(server)), None);
}

#[test]
fn a_system_of_unknown_zone_may_be_anywhere_inside() {
    let mut company = Company::default();
    let office = company.internal("office");
    let server = company.server("server", office);
    let stray = company.system("stray", SystemKind::Workstation, None);
    let pat = company.person("pat");
    company.right(pat, server, Means::Admin);
    let footholds = [Entity::Account(pat), Entity::System(stray)];
    company.assert_needs(&footholds, Derived::RunsOn(server), &[Base::Connected(stray)]);
    let apart = Options {
        unplaced: Unplaced::Apart,
        ..Options::default()
    };
    let graph = Graph::compile(&company.0, &apart);
    let mut scratch = Scratch::new();
    assert!(
        !graph
            .chain(&footholds, &FactSet::new(), &mut scratch)
            .takes(Entity::System(server))
    );
}

#[test]
fn an_estate_that_says_nothing_of_its_network_lets_a_credential_be_used() {
    let mut company = Company::default();
    let server = company.system("server", SystemKind::Server, None);
    let pat = company.person("pat");
    let right = company.right(pat, server, Means::Admin);
    company.assert_needs(
        &[Entity::Account(pat)],
        Derived::RunsOn(server),
        &[right, Base::Internet],
    );
    company.internal("office");
    assert!(
        company
            .minutes(&[Entity::Account(pat)], &[], Derived::RunsOn(server))
            .is_some()
    );
    company.server("placed", ZoneId(0));
    assert_eq!(
        company.minutes(&[Entity::Account(pat)], &[], Derived::RunsOn(server)),
        None
    );
}

#[test]
fn a_withdrawal_wins_the_race_only_if_it_takes_effect_first() {
    let mut company = Company::default();
    let office = company.internal("office");
    let (desk, server) = (company.server("desk", office), company.server("server", office));
    let pat = company.person("pat");
    company.give(AccessKind::Session {
        account: pat,
        system: desk,
    });
    let right = company.right(pat, server, Means::Wmi);
    let graph = Graph::compile(&company.0, &Options::default());
    let taken = |base: Base, second| {
        let gone_at_seconds = graph.base(base).map(|fact| (fact, second)).into_iter().collect();
        let (mut scratch, deadlines) = (Scratch::new(), Deadlines { gone_at_seconds });
        let exposure = graph.chain_until(
            &[Entity::System(desk)],
            &deadlines,
            Until::Everything,
            &mut scratch,
        );
        exposure.takes(Entity::System(server))
    };
    assert!(taken(Base::Connected(server), 421) && !taken(Base::Connected(server), 420));
    assert!(
        taken(right, 301) && !taken(right, 300),
        "a right is used when the account is"
    );
}

#[test]
fn a_derivation_tells_the_steps_in_order() {
    let mut company = Company::default();
    let office = company.internal("office");
    let (desk, server) = (company.server("desk", office), company.server("server", office));
    let pat = company.person("pat");
    company.give(AccessKind::Session {
        account: pat,
        system: desk,
    });
    company.right(pat, server, Means::RemoteManagement);
    let graph = Graph::compile(&company.0, &Options::default());
    let mut scratch = Scratch::new();
    let exposure = graph.chain(&[Entity::System(desk)], &FactSet::new(), &mut scratch);
    let fact = graph.derived(Derived::RunsOn(server)).unwrap();
    let derivation = exposure.derivation(fact).unwrap();
    let acts: Vec<(RuleKind, &str)> = derivation
        .steps
        .iter()
        .filter(|step| !step.technique.is_empty())
        .map(|step| (step.rule, step.technique.as_str()))
        .collect();
    let expected = [
        (RuleKind::StealSession, "T1003"),
        (RuleKind::UseAccount, "T1078"),
        (RuleKind::LogOn(Means::RemoteManagement), "T1021.006"),
    ];
    assert_eq!(acts, expected);
    assert!((derivation.ease() - 0.7 * 0.9).abs() < 1e-9);
    let words = derivation
        .base_facts
        .iter()
        .map(|fact| graph.describe(*fact).unwrap().text(&company.0));
    assert!(
        words
            .collect::<Vec<_>>()
            .contains(&"credentials of pat lie on desk".to_owned())
    );
}

#[test]
fn controllers_are_jewels_though_nobody_said_so() {
    let mut company = Company::default();
    let office = company.internal("office");
    company.server("server", office);
    let controller = company.system("dc", SystemKind::DomainController, Some(office));
    let found = jewels(&company.0);
    assert_eq!(found.len(), 1);
    let jewel = found.first().unwrap();
    assert_eq!(
        (jewel.entity, jewel.taken),
        (Entity::System(controller), Derived::RunsOn(controller))
    );
    assert!(jewel.inferred && jewel.never && jewel.loss.0 > 0);
}

#[test]
fn ids_of_nothing_give_no_rule_and_no_panic() {
    let mut company = Company::default();
    let nobody = Principal::Account(AccountId(9));
    company.join(nobody, GroupId(9));
    company.join(Principal::Group(GroupId(7)), GroupId(u32::MAX));
    company.right(AccountId(9), SystemId(u32::MAX), Means::Admin);
    company.give(AccessKind::Recovery {
        of: nobody,
        from: ZoneId(u32::MAX),
    });
    let (from, to) = (Place::Zone(ZoneId(8)), Place::System(SystemId(8)));
    company.give(AccessKind::Flow {
        from,
        to,
        ports: Ports::Any,
    });
    let footholds = [
        Entity::Account(AccountId(u32::MAX)),
        Entity::Zone(ZoneId(4)),
        Entity::Group(GroupId(1)),
    ];
    assert_eq!(
        company.minutes(
            &footholds,
            &[Base::Access(AccessId(99))],
            Derived::Uses(AccountId(9))
        ),
        None
    );
}
