//! Compiling and chaining at 10⁴ to 10⁶ systems and accounts: `cargo bench -p cordon-reach -- 1000000`.
//!
//! Prints CPU seconds of this thread (from the kernel's accounting, so that a busy machine does not matter) and
//! bytes. Without arguments only the smallest size runs, to show that the benchmark works. The estate is random
//! but shaped: each account in three groups, each system in one, rights for groups and for single accounts,
//! sessions, nested groups, two hundred zones; about ten rules for each entity.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use cordon_estate::{
    Access, AccessKind, Account, AccountId, AccountKind, Entity, Estate, Group, GroupId, Means, Origin,
    Place, Ports, Principal, Protocol, Provenance, System, SystemId, SystemKind, Target, Zone, ZoneId,
    ZoneKind,
};
use cordon_reach::{Base, Derived, FactId, FactSet, Graph, Options, Scratch, Until, jewels};

const SMALLEST: u32 = 10_000;
const ZONES: u32 = 200;
const SEED: u64 = 1;

/// Steele, Lea & Flood 2014 (SplitMix64): enough randomness for a shape.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(mixed ^ (mixed >> 31)) * u128::from(end.max(1))) >> 64) as u32
    }
}

fn assumed() -> Provenance {
    Provenance::new(Origin::Assumed)
}

fn system(kind: SystemKind, zone: u32) -> System {
    System {
        name: String::new(),
        aliases: Vec::new(),
        kind,
        zone: Some(ZoneId(zone)),
        site: None,
        addresses: Vec::new(),
        holds: Vec::new(),
        people: None,
        jewel: None,
        provenance: assumed(),
    }
}

fn account() -> Account {
    Account {
        name: String::new(),
        aliases: Vec::new(),
        kind: AccountKind::Person,
        site: None,
        enabled: true,
        jewel: None,
        provenance: assumed(),
    }
}

fn tables(entities: u32, random: &mut Random) -> Estate {
    let mut estate = Estate::default();
    for _ in 0..ZONES {
        let kind = ZoneKind::Internal;
        let (name, subnets, provenance) = (String::new(), Vec::new(), assumed());
        estate.add_zone(Zone {
            name,
            kind,
            subnets,
            isolated_members: false,
            provenance,
        });
    }
    for place in 0..entities / 2 {
        let kind = if place < 5 {
            SystemKind::DomainController
        } else {
            SystemKind::Server
        };
        estate.add_system(system(kind, random.below(ZONES)));
        estate.add_account(account());
    }
    for _ in 0..entities / 20 {
        estate.add_group(Group {
            name: String::new(),
            aliases: Vec::new(),
            jewel: None,
            provenance: assumed(),
        });
    }
    estate
}

fn estate(entities: u32) -> Estate {
    let mut random = Random(SEED);
    let mut estate = tables(entities, &mut random);
    let (half, groups) = (entities / 2, entities / 20);
    let mut kinds = Vec::new();
    for index in 0..half {
        let (account, system) = (AccountId(index), SystemId(index));
        for _ in 0..3 {
            let group = GroupId(random.below(groups));
            kinds.push(AccessKind::Membership {
                member: Principal::Account(account),
                group,
            });
            kinds.push(AccessKind::Session {
                account: AccountId(random.below(half)),
                system,
            });
            let holder = Principal::Account(AccountId(random.below(half)));
            kinds.push(AccessKind::Right {
                holder,
                on: Target::System(system),
                means: means(&mut random),
            });
        }
        let group = GroupId(random.below(groups));
        kinds.push(AccessKind::Membership {
            member: Principal::System(system),
            group,
        });
        let holder = Principal::Group(GroupId(random.below(groups)));
        kinds.push(AccessKind::Right {
            holder,
            on: Target::System(system),
            means: means(&mut random),
        });
        if index % 10 == 0 {
            let on = Target::Group(GroupId(random.below(groups)));
            let holder = Principal::Account(account);
            kinds.push(AccessKind::Right {
                holder,
                on,
                means: Means::Admin,
            });
            let member = Principal::Group(GroupId(random.below(groups)));
            kinds.push(AccessKind::Membership { member, group });
        }
    }
    for from in 0..ZONES {
        for port in [443, 445, 22, 5985] {
            let to = Place::Zone(ZoneId(random.below(ZONES)));
            let ports = Ports::One(Protocol::Tcp, port);
            kinds.push(AccessKind::Flow {
                from: Place::Zone(ZoneId(from)),
                to,
                ports,
            });
        }
    }
    for kind in kinds {
        estate.add_access(Access {
            kind,
            provenance: assumed(),
        });
    }
    estate
}

fn means(random: &mut Random) -> Means {
    let some = [
        Means::RemoteDesktop,
        Means::RemoteManagement,
        Means::FileShare,
        Means::Ssh,
        Means::Admin,
    ];
    some.get(random.below(5) as usize)
        .copied()
        .unwrap_or(Means::Admin)
}

/// CPU seconds of this thread so far.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|nanoseconds| nanoseconds.parse().ok())
        .unwrap_or(f64::NAN)
        / 1e9
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = cpu_seconds();
    let result = work();
    println!("  {what:<44} {:>9.4} CPU s", cpu_seconds() - start);
    result
}

fn measure(entities: u32) {
    let estate = estate(entities);
    println!(
        "{entities} systems and accounts, {} accesses, seed {SEED}",
        estate.accesses.len()
    );
    let graph = timed("compile", || Graph::compile(&estate, &Options::default()));
    let (rules, slots) = (graph.rules(), graph.premise_slots());
    println!(
        "  {rules} rules, {slots} premise slots, {} facts; {:.1} bytes a slot, {:.1} a rule",
        graph.facts(),
        graph.rule_bytes() as f64 / slots as f64,
        graph.rule_bytes() as f64 / rules as f64
    );
    let goals: Vec<FactId> = jewels(&estate)
        .iter()
        .filter_map(|jewel| graph.derived(jewel.taken))
        .collect();
    let foothold = [Entity::System(SystemId(entities / 4))];
    let mut scratch = Scratch::new();
    let nothing = FactSet::new();
    let reached = timed("chain, first", || {
        graph.chain(&foothold, &nothing, &mut scratch).facts().len()
    });
    timed("chain, again", || {
        graph.chain(&foothold, &nothing, &mut scratch).facts().len()
    });
    timed("chain until the first jewel", || {
        graph
            .chain_until(&foothold, &nothing, Until::Any(&goals), &mut scratch)
            .facts()
            .len()
    });
    let isolated: FactSet = graph
        .base(Base::Connected(SystemId(entities / 4)))
        .into_iter()
        .collect();
    let left = timed("chain, foothold isolated", || {
        graph.chain(&foothold, &isolated, &mut scratch).facts().len()
    });
    println!("  {reached} facts reached, {left} with the foothold isolated");
    let exposure = graph.chain(&foothold, &nothing, &mut scratch);
    let account = graph.derived(Derived::Uses(AccountId(0))).unwrap_or(FactId(0));
    let steps = timed("a derivation", || {
        exposure.derivation(account).map_or(0, |found| found.steps.len())
    });
    println!("  {steps} steps in it");
    let mut other = Scratch::new();
    let kernel = timed("kernel", || graph.kernel(&foothold, &goals, &mut other));
    println!("  {} rules in the kernel", kernel.rules());
}

fn main() {
    let sizes: Vec<u32> = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    if sizes.is_empty() {
        measure(SMALLEST);
    }
    sizes.into_iter().for_each(measure);
}
