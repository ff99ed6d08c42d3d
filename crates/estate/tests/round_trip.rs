//! Any estate, with any names, is the same after it was written and read.
#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use cordon_estate::load::{load, to_yaml};
use cordon_estate::*;
use proptest::prelude::*;

const SOURCE: Origin = Origin::Declared {
    source: SourceId(0),
    line: 1,
};

/// Numbers from a seed (SplitMix64, Steele et al. 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides.max(1) as u64) as usize
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len())]
    }

    fn some<T>(&mut self, value: T) -> Option<T> {
        (self.roll(2) == 0).then_some(value)
    }
}

const NAMES: [&str; 22] = [
    "web",
    "staff",
    "CORP\\pat",
    "pat@corp.local",
    "null",
    "true",
    "12",
    "a b",
    "a: b",
    "#x",
    "- y",
    "system:web",
    "zone:dmz",
    "{a}",
    "[b]",
    "a -> b",
    "\"quoted\"",
    "it's",
    "tab\there",
    "line\nbreak",
    "Grüße 中文",
    "&x *y !z %w @v `u`",
];

struct Maker {
    dice: Dice,
    estate: Estate,
}

impl Maker {
    fn names(&mut self, count: usize) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut names = Vec::new();
        for index in 0..count {
            let base = self.dice.pick(&NAMES);
            let name = if self.dice.roll(3) == 0 {
                format!("{base}{index}")
            } else {
                base.to_owned()
            };
            let name = if self.dice.roll(40) == 0 {
                name.repeat(35)
            } else {
                name
            };
            if seen.insert(name.to_lowercase()) {
                names.push(name);
            }
        }
        names
    }

    fn provenance(&mut self) -> Provenance {
        let origins = [
            SOURCE,
            SOURCE,
            Origin::Learned,
            Origin::Assumed,
            Origin::Inferred,
            Origin::Imported { source: SourceId(0) },
        ];
        let mut provenance = Provenance::new(self.dice.pick(&origins));
        if self.dice.roll(3) == 0 {
            let first =
                jiff::Timestamp::from_millisecond(1_700_000_000_123 + self.dice.roll(1_000_000) as i64)
                    .unwrap();
            let last = first + jiff::SignedDuration::from_secs(self.dice.roll(100_000) as i64);
            let uses = self.dice.roll(1_000) as u64;
            provenance.usage = Some(Usage {
                first_seen: first,
                last_seen: last,
                uses,
                people: self.dice.roll(50) as u32,
            });
        }
        provenance
    }

    fn jewel(&mut self) -> Option<Jewel> {
        let loss = self.dice.roll(1_000_000_000) as i64;
        let loss = self.dice.some(Pence(loss));
        let jewel = Jewel {
            loss,
            never: self.dice.roll(2) == 0,
            inferred: self.dice.roll(2) == 0,
        };
        self.dice.some(jewel)
    }

    fn entities(&mut self) {
        for (index, name) in self.names(3).into_iter().enumerate() {
            let kind = if index == 0 {
                ZoneKind::Internet
            } else {
                ZoneKind::Internal
            };
            let subnets = vec![
                format!("10.{index}.0.0/16").parse().unwrap(),
                format!("fd0{index}::/32").parse().unwrap(),
            ];
            let (isolated_members, provenance) = (self.dice.roll(2) == 0, self.provenance());
            self.estate.add_zone(Zone {
                name,
                kind,
                subnets,
                isolated_members,
                provenance,
            });
        }
        for name in self.names(2) {
            let (people, provenance) = (self.dice.roll(99) as u32, self.provenance());
            self.estate.add_site(Site {
                name,
                kind: SiteKind::CallCentre,
                people,
                provenance,
            });
        }
        let site = |dice: &mut Dice| dice.some(SiteId(0));
        for name in self.names(6) {
            let kind = self.dice.pick(&[
                AccountKind::Person,
                AccountKind::Service,
                AccountKind::Admin,
                AccountKind::BreakGlass,
            ]);
            let aliases = vec![format!("{name}: alias"), "S-1-5-21-1".to_owned()];
            let (enabled, jewel, provenance) = (self.dice.roll(2) == 0, self.jewel(), self.provenance());
            let site = site(&mut self.dice);
            self.estate.add_account(Account {
                name,
                aliases,
                kind,
                site,
                enabled,
                jewel,
                provenance,
            });
        }
    }

    fn groups_and_systems(&mut self) {
        let site = |dice: &mut Dice| dice.some(SiteId(0));
        for name in self.names(4) {
            let (jewel, provenance) = (self.jewel(), self.provenance());
            self.estate.add_group(Group {
                name,
                aliases: Vec::new(),
                jewel,
                provenance,
            });
        }
        for (index, name) in self.names(6).into_iter().enumerate() {
            let kind = self.dice.pick(&[
                SystemKind::Server,
                SystemKind::Till,
                SystemKind::HypervisorManager,
                SystemKind::SaasApp,
            ]);
            let (jewel, provenance) = (self.jewel(), self.provenance());
            let zone = self.dice.some(ZoneId(0));
            let people = self.dice.some(7);
            let addresses = vec![
                format!("10.0.0.{index}").parse().unwrap(),
                format!("fd00::{index}").parse().unwrap(),
            ];
            let holds = vec!["personal-data".to_owned(), "a, b".to_owned()];
            let site = site(&mut self.dice);
            self.estate.add_system(System {
                name,
                aliases: Vec::new(),
                kind,
                zone,
                site,
                addresses,
                holds,
                people,
                jewel,
                provenance,
            });
        }
    }

    fn principal(&mut self) -> Principal {
        match self.dice.roll(3) {
            0 => Principal::Account(AccountId(self.dice.roll(self.estate.accounts.len()) as u32)),
            1 => Principal::Group(GroupId(self.dice.roll(self.estate.groups.len()) as u32)),
            _ => Principal::System(self.system()),
        }
    }

    fn system(&mut self) -> SystemId {
        SystemId(self.dice.roll(self.estate.systems.len()) as u32)
    }

    fn zone(&mut self) -> ZoneId {
        ZoneId(self.dice.roll(self.estate.zones.len()) as u32)
    }

    fn place(&mut self) -> Place {
        if self.dice.roll(2) == 0 {
            Place::Zone(self.zone())
        } else {
            Place::System(self.system())
        }
    }

    fn kind(&mut self) -> AccessKind {
        let group = GroupId(self.dice.roll(self.estate.groups.len()) as u32);
        match self.dice.roll(8) {
            0 => AccessKind::Membership {
                member: self.principal(),
                group,
            },
            1 => {
                let on = if self.dice.roll(2) == 0 {
                    Target::System(self.system())
                } else {
                    Target::Group(group)
                };
                AccessKind::Right {
                    holder: self.principal(),
                    on,
                    means: self.dice.pick(&Means::ALL),
                }
            }
            2 => AccessKind::Session {
                account: AccountId(0),
                system: self.system(),
            },
            3 => {
                let by = self.dice.pick(&[
                    ControlKind::ResetPassword,
                    ControlKind::Hosts,
                    ControlKind::RoastTicket,
                ]);
                AccessKind::Control {
                    holder: self.principal(),
                    over: self.principal(),
                    by,
                }
            }
            4 => AccessKind::RemoteAccess {
                holder: self.principal(),
                gateway: self.system(),
                into: self.zone(),
            },
            5 => AccessKind::Assignment {
                holder: self.principal(),
                app: self.system(),
                admin: self.dice.roll(2) == 0,
            },
            6 => {
                let port = self.dice.roll(65_536) as u16;
                let ports = self.dice.pick(&[
                    Ports::Any,
                    Ports::One(Protocol::Tcp, port),
                    Ports::One(Protocol::Udp, port),
                ]);
                AccessKind::Flow {
                    from: self.place(),
                    to: self.place(),
                    ports,
                }
            }
            _ => AccessKind::Recovery {
                of: self.principal(),
                from: self.zone(),
            },
        }
    }

    fn accesses(&mut self) {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..12 {
            let kind = self.kind();
            if seen.insert(kind) {
                let provenance = self.provenance();
                self.estate.add_access(Access { kind, provenance });
            }
        }
    }

    fn requirement(&mut self, depth: usize, services: usize) -> Requirement {
        match self.dice.roll(if depth == 0 { 4 } else { 6 }) {
            0 => Requirement::System(self.system()),
            1 => Requirement::Account(AccountId(self.dice.roll(self.estate.accounts.len()) as u32)),
            2 => Requirement::Access(AccessId(self.dice.roll(self.estate.accesses.len()) as u32)),
            3 if services > 0 => Requirement::Service(ServiceId(self.dice.roll(services) as u32)),
            3 => Requirement::System(self.system()),
            4 => Requirement::All(
                (0..self.dice.roll(3))
                    .map(|_| self.requirement(depth - 1, services))
                    .collect(),
            ),
            _ => Requirement::Any(
                (0..self.dice.roll(3))
                    .map(|_| self.requirement(depth - 1, services))
                    .collect(),
            ),
        }
    }

    fn services(&mut self) {
        for (index, name) in self.names(4).into_iter().enumerate() {
            let requires = self.requirement(3, index);
            let fallbacks = (0..self.dice.roll(3))
                .map(|_| Fallback {
                    name: "same: name".to_owned(),
                    capacity: self.dice.roll(1_000) as f64 / 1_000.0,
                    requires: self.requirement(1, index),
                })
                .collect();
            let points = (0..self.dice.roll(4))
                .map(|step| (step as f64 * 1.5, Pence(self.dice.roll(10_000_000) as i64)))
                .collect();
            let downtime = self.dice.roll(10_000) as f64;
            let tolerable_downtime_minutes = self.dice.some(downtime);
            let (people, provenance) = (self.dice.roll(9) as u32, self.provenance());
            let cost = CostCurve { points };
            let protected = self.dice.roll(2) == 0;
            self.estate.add_service(Service {
                name,
                protected,
                requires,
                fallbacks,
                cost,
                tolerable_downtime_minutes,
                people,
                provenance,
            });
        }
    }

    fn points(&mut self) {
        for name in self.names(3) {
            let (group, system, place) = (
                self.dice.some(GroupId(0)),
                self.dice.some(SystemId(0)),
                self.place(),
            );
            let (other, from) = (self.place(), self.dice.some(place));
            let guards = vec![
                Guard::Accounts(group),
                Guard::Credentials,
                Guard::Memberships(group),
                Guard::Systems(from),
                Guard::Flows(from.map(|from| (from, other))),
                Guard::RemoteAccess(system),
                Guard::Assignments(system),
                Guard::Rights(system),
                Guard::Recoveries,
            ];
            let effect_seconds = self.dice.roll(100_000) as f64 / 8.0;
            let varies = effect_seconds > 0.0 && self.dice.roll(3) == 0;
            let effect_median_seconds = varies.then_some(effect_seconds / 4.0);
            let certainty = (1 + self.dice.roll(1_000)) as f64 / 1_000.0;
            let kind = self
                .dice
                .pick(&[PointKind::Ldap, PointKind::HelpDesk, PointKind::Openc2]);
            let provenance = self.provenance();
            self.estate.add_point(EnforcementPoint {
                name,
                kind,
                guards,
                effect_seconds,
                effect_median_seconds,
                certainty,
                provenance,
            });
        }
    }
}

fn made(seed: u64) -> Estate {
    let mut maker = Maker {
        dice: Dice(seed),
        estate: Estate::default(),
    };
    maker.estate.organisation = maker.dice.pick(&NAMES).to_owned();
    maker.entities();
    maker.groups_and_systems();
    maker.accesses();
    maker.services();
    maker.points();
    maker.estate
}

fn read(files: &[(String, String)]) -> Estate {
    let texts: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    match load(&texts) {
        Ok(loaded) => loaded.estate,
        Err(diagnostics) => panic!("{diagnostics}\n{files:?}"),
    }
}

/// The estate with accesses in a fixed order and with places in files, which may change, made equal.
fn settled(mut estate: Estate) -> Estate {
    let settle = |provenance: &mut Provenance| {
        provenance.origin = match provenance.origin {
            Origin::Declared { .. } => SOURCE,
            Origin::Imported { .. } => Origin::Imported { source: SourceId(0) },
            other => other,
        };
    };
    estate.sources.clear();
    estate
        .accounts
        .iter_mut()
        .for_each(|one| settle(&mut one.provenance));
    estate
        .groups
        .iter_mut()
        .for_each(|one| settle(&mut one.provenance));
    estate
        .systems
        .iter_mut()
        .for_each(|one| settle(&mut one.provenance));
    estate
        .zones
        .iter_mut()
        .for_each(|one| settle(&mut one.provenance));
    estate
        .sites
        .iter_mut()
        .for_each(|one| settle(&mut one.provenance));
    estate
        .accesses
        .iter_mut()
        .for_each(|one| settle(&mut one.provenance));
    estate
        .services
        .iter_mut()
        .for_each(|one| settle(&mut one.provenance));
    estate
        .points
        .iter_mut()
        .for_each(|one| settle(&mut one.provenance));
    let mut order: Vec<usize> = (0..estate.accesses.len()).collect();
    order.sort_by_key(|index| estate.accesses[*index].kind);
    let mut place = vec![0; order.len()];
    order
        .iter()
        .enumerate()
        .for_each(|(new, old)| place[*old] = new as u32);
    for service in &mut estate.services {
        renumber(&mut service.requires, &place);
        service
            .fallbacks
            .iter_mut()
            .for_each(|fallback| renumber(&mut fallback.requires, &place));
    }
    estate.accesses.sort_by_key(|access| access.kind);
    estate
}

fn renumber(requirement: &mut Requirement, place: &[u32]) {
    match requirement {
        Requirement::All(list) | Requirement::Any(list) => {
            list.iter_mut().for_each(|one| renumber(one, place))
        }
        Requirement::Access(id) => *id = AccessId(place[id.index()]),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn what_is_written_is_read_back(seed in any::<u64>()) {
        let estate = made(seed);
        let files = to_yaml(&estate);
        prop_assert_eq!(settled(read(&files)), settled(estate), "{:?}", files);
    }
}

/// The same facts as JSON lines.
#[test]
fn bulk_is_read_back() {
    for seed in 0..2 {
        let mut estate = made(seed);
        for number in 0..10_001 {
            let (name, provenance) = (format!("bulk {number}"), Provenance::new(SOURCE));
            let group = estate.add_group(Group {
                name,
                aliases: Vec::new(),
                jewel: None,
                provenance,
            });
            let kind = AccessKind::Membership {
                member: Principal::Account(AccountId(0)),
                group,
            };
            estate.add_access(Access {
                kind,
                provenance: Provenance::new(Origin::Learned),
            });
        }
        let files = to_yaml(&estate);
        assert!(
            files
                .iter()
                .all(|(name, _)| cordon_estate::load::is_estate_file(name))
        );
        assert!(files.iter().any(|(name, _)| name == "access.estate.jsonl"));
        assert!(settled(read(&files)) == settled(estate), "seed {seed}");
    }
}
