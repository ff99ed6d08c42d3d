//! A large estate through its files; run in release with `--ignored` to see the times.
#![expect(
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and this one shows times"
)]

use std::fmt::Write as _;
use std::time::Instant;

use cordon_estate::load::{load, to_yaml};
use cordon_estate::{Access, AccessKind, AccountId, Means, Origin, Principal, Provenance, SystemId, Target};

fn large(accounts: u32, systems: u32, accesses: u32) -> cordon_estate::Estate {
    let mut text = String::from("organisation: Large\nzones:\n  stores:\naccounts:\n");
    for n in 0..accounts {
        let _ = writeln!(
            text,
            "  person{n}: {{ aliases: ['CORP\\person{n}', person{n}@corp.example] }}"
        );
    }
    text.push_str("systems:\n");
    for n in 0..systems {
        let _ = writeln!(text, "  ws{n}: {{ kind: workstation, zone: stores }}");
    }
    let mut estate = load(&[("large.yaml", &text)])
        .unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
        .estate;
    for n in 0..accesses {
        let (account, system) = (AccountId(n % accounts), SystemId(n.wrapping_mul(7_919) % systems));
        let kind = match n % 2 {
            0 => AccessKind::Session { account, system },
            _ => AccessKind::Right {
                holder: Principal::Account(account),
                on: Target::System(system),
                means: Means::ALL[n as usize % 9],
            },
        };
        estate.add_access(Access {
            kind,
            provenance: Provenance::new(Origin::Learned),
        });
    }
    estate
}

fn measure(accounts: u32, systems: u32, accesses: u32) {
    let estate = large(accounts, systems, accesses);
    let start = Instant::now();
    let files = to_yaml(&estate);
    let wrote = start.elapsed();
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let start = Instant::now();
    let again = load(&files)
        .unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
        .estate;
    let facts = accounts + systems + accesses;
    eprintln!(
        "{facts} facts, {bytes} bytes: written in {wrote:?}, read in {:?}",
        start.elapsed()
    );
    assert_eq!(again.accounts.len(), estate.accounts.len());
}

#[test]
fn a_store_round_trips() {
    measure(500, 300, 2_000);
}

#[test]
#[ignore = "for measuring, in release"]
fn a_hundred_thousand_and_half_a_million_facts() {
    measure(57_000, 20_000, 25_000);
    measure(57_000, 60_000, 400_000);
}
