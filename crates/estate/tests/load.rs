//! Estate files in, estates out.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use cordon_estate::load::{Severity, load, to_yaml};
use cordon_estate::{AccessKind, Estate, Means, Pence, Ports, Principal, Protocol, Requirement, Target};

const SMALL: &str = include_str!("fixtures/small.yaml");

fn small() -> Estate {
    match load(&[("small.yaml", SMALL)]) {
        Ok(loaded) => {
            assert_eq!(loaded.warnings.list, []);
            loaded.estate
        }
        Err(diagnostics) => panic!("{diagnostics}"),
    }
}

fn loaded(files: &[(String, String)]) -> Estate {
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    load(&files)
        .unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
        .estate
}

fn codes(text: &str) -> Vec<&'static str> {
    match load(&[("a.yaml", text)]) {
        Ok(loaded) => loaded
            .warnings
            .list
            .iter()
            .map(|diagnostic| diagnostic.code)
            .collect(),
        Err(diagnostics) => diagnostics
            .list
            .iter()
            .map(|diagnostic| diagnostic.code)
            .collect(),
    }
}

#[test]
fn the_short_forms_say_what_they_mean() {
    let estate = small();
    assert_eq!(estate.organisation, "Northgate");
    assert_eq!(estate.internet(), Some(cordon_estate::ZoneId(0)));
    let right = AccessKind::Right {
        holder: Principal::Account(cordon_estate::AccountId(2)),
        on: Target::System(cordon_estate::SystemId(1)),
        means: Means::Database,
    };
    assert!(estate.accesses.iter().any(|access| access.kind == right));
    let udp = |access: &&cordon_estate::Access| {
        matches!(
            access.kind,
            AccessKind::Flow {
                ports: Ports::One(Protocol::Udp, 53),
                ..
            }
        )
    };
    assert_eq!(estate.accesses.iter().filter(udp).count(), 1);
    let memberships = estate
        .accesses
        .iter()
        .filter(|access| matches!(access.kind, AccessKind::Membership { .. }));
    assert_eq!(memberships.count(), 5);
    let orders = &estate.services[1];
    assert_eq!(orders.fallbacks[0].capacity, 0.3);
    assert_eq!(
        orders.cost.points,
        [(0.0, Pence(1_000_000)), (24.0, Pence(16_000_000))]
    );
    assert_eq!(orders.tolerable_downtime_minutes, Some(1_440.0));
    assert_eq!(estate.accounts[3].jewel.unwrap().loss, Some(Pence(200_000_000)));
    assert!(!estate.accounts[3].jewel.unwrap().never);
    let Requirement::All(needs) = &estate.services[0].requires else {
        panic!()
    };
    assert!(
        matches!(needs[1], Requirement::Access(_)),
        "a flow only mentioned is an access too"
    );
    let used = estate
        .accesses
        .iter()
        .find_map(|access| access.provenance.usage)
        .unwrap();
    assert_eq!((used.uses, used.people), (12, 1));
}

#[test]
fn what_is_written_reads_back_the_same() {
    let first = to_yaml(&small());
    let again = to_yaml(&loaded(&first));
    assert_eq!(first, again);
}

#[test]
fn mistakes_come_with_place_and_remedy() {
    let text =
        "systems:\n  web: { kind: server, zoen: dmz }\n  db: { kind: server, zone: dzm }\nzones:\n  dmz:\n";
    let diagnostics = load(&[("a.yaml", text)]).unwrap_err();
    let [key, name] = diagnostics.list.as_slice() else {
        panic!("{diagnostics}")
    };
    assert_eq!((key.code, key.line, key.column), ("unknown-key", 2, 24));
    assert_eq!(key.help.as_deref(), Some("did you mean `zone`?"));
    assert_eq!((name.code, name.line, name.column), ("dangling-name", 3, 29));
    assert_eq!(name.help.as_deref(), Some("did you mean `dmz`?"));
    let shown = diagnostics.render(false);
    assert!(shown.contains("a.yaml:2:24") && shown.contains("zoen"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
    assert!(diagnostics.render(true).contains('\u{1b}'));
}

#[test]
fn checks_over_the_whole_estate() {
    assert_eq!(codes(""), ["empty-estate"]);
    assert_eq!(
        codes("services:\n  a: { requires: [b] }\n  b: { requires: [a] }\n"),
        ["service-cycle"]
    );
    assert_eq!(codes("services:\n  a: { requires: [a] }\n"), ["service-cycle"]);
    assert_eq!(codes("groups:\n  a: [b]\n  b: [a]\n"), ["group-cycle"]);
    assert_eq!(
        codes("zones:\n  a: { subnets: 10.0.0.0/8 }\n  b: { subnets: 10.1.0.0/16 }\n"),
        ["subnets-overlap"]
    );
    assert_eq!(
        codes("zones:\n  a: { subnets: 10.0.0.0/8 }\n  b: { subnets: 10.0.0.0/8 }\n"),
        ["subnet-twice"]
    );
    assert_eq!(
        codes("zones:\n  internet:\n  b: { kind: internet }\n"),
        ["second-internet"]
    );
    assert_eq!(
        codes(
            "systems:\n  a: { kind: server, addresses: 10.0.0.1 }\n  b: { kind: server, addresses: 10.0.0.1 }\n"
        ),
        ["address-twice"]
    );
    assert_eq!(
        codes("accounts:\n  a: { aliases: x }\n  b: { aliases: X }\n"),
        ["alias-twice"]
    );
    let protected = "systems:\n  v: { kind: hypervisor, jewel: true }\nservices:\n  s: { protected: true, requires: [t] }\n  t: { requires: [v] }\n";
    assert_eq!(codes(protected), ["protected-needs-jewel"]);
    assert_eq!(
        codes(
            &protected
                .replace("[v]", "[{ any: [v, s2] }]")
                .replace("services:", "services:\n  s2: {}")
        ),
        [""; 0]
    );
}

#[test]
fn a_warning_is_no_error() {
    let loaded = load(&[("a.yaml", "groups:\n  a: [b]\n  b: [a]\n")]).unwrap();
    assert_eq!(loaded.warnings.count(Severity::Warning), 1);
    assert_eq!(loaded.estate.groups.len(), 2);
}

#[test]
fn duplicates_are_found_across_files() {
    let diagnostics = load(&[
        ("a.yaml", "systems:\n  Web: server\n"),
        ("b.yaml", "systems:\n  web: server\n"),
    ])
    .unwrap_err();
    let [only] = diagnostics.list.as_slice() else {
        panic!("{diagnostics}")
    };
    assert_eq!(
        (only.code, only.file.as_str(), only.line),
        ("duplicate-name", "b.yaml", 2)
    );
    assert!(only.help.as_ref().unwrap().contains("a.yaml:2:3"));
}

#[test]
fn hostile_yaml_is_refused() {
    let deep = |levels: usize| codes(&format!("systems: {}{}", "[".repeat(levels), "]".repeat(levels)));
    assert!(deep(100).contains(&"yaml-depth"));
    assert!(
        deep(100_000)
            .iter()
            .any(|code| *code == "yaml-depth" || *code == "yaml-syntax")
    );
    assert!(codes(&format!("systems:\n{}x", "- ".repeat(50_000))).contains(&"yaml-depth"));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    assert!(codes(&bomb).contains(&"yaml-copies"));
    assert!(codes("a: &a [*a]\n").contains(&"yaml-alias"));
    assert!(codes("systems: {a: [}\n").contains(&"yaml-syntax"));
    assert!(
        codes("\u{0}\u{1}\u{2}PK\u{3}\u{4}")
            .iter()
            .any(|code| code.starts_with("yaml") || *code == "wrong-type")
    );
}

#[test]
fn a_broken_file_does_not_make_names_dangle() {
    let files = [
        ("a.yaml", "systems:\n  web: server\n  db: {\n"),
        ("b.yaml", "groups:\n  g: [web, other]\n"),
    ];
    let diagnostics = load(&files).unwrap_err();
    assert_eq!(
        diagnostics.list.iter().map(|one| one.code).collect::<Vec<_>>(),
        ["yaml-syntax"]
    );
}

#[test]
fn wrong_json_lines_have_their_place() {
    let text = "{\"systems\": {\"web\": \"server\"}}\n\n{\"systems\": {\"db\": }}\n{\"access\": [{\"session\": \"x\", \"on\": \"web\"}]}\n";
    let diagnostics = load(&[("a.jsonl", text)]).unwrap_err();
    let found: Vec<_> = diagnostics
        .list
        .iter()
        .map(|one| (one.line, one.column, one.code))
        .collect();
    assert_eq!(
        found,
        [(3, 20, "json-syntax")],
        "a file that is not whole makes no name dangle: {diagnostics}"
    );
    let diagnostics = load(&[("a.jsonl", &text.replace("{\"systems\": {\"db\": }}", ""))]).unwrap_err();
    assert_eq!(
        (diagnostics.list[0].line, diagnostics.list[0].code),
        (4, "dangling-name")
    );
    let deep = "[".repeat(100_000);
    assert!(load(&[("a.jsonl", &deep)]).is_err());
}

#[test]
fn the_cases_load_without_an_error() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases");
    let mut count = 0;
    for case in std::fs::read_dir(folder).unwrap() {
        let path = case.unwrap().path().join("estate.yaml");
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let estate = load(&[("estate.yaml", &text)])
            .unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
            .estate;
        let files = to_yaml(&estate);
        assert_eq!(to_yaml(&loaded(&files)), files, "{}", path.display());
        count += 1;
    }
    assert!(count >= 25, "{count}");
}
