//! What other tools export.
#![expect(
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cordon_estate::import::csv::{Mapping, Table};
use cordon_estate::import::{ImportError, Imported, bloodhound, csv, edges};
use cordon_estate::load::{load, to_yaml};
use cordon_estate::{AccessKind, ControlKind, Entity, Means, Principal, Requirement, SystemKind, Target};

const USERS: &str = r#"{"data":[
 {"ObjectIdentifier":"S-1-5-21-1-2-3-1104","PrimaryGroupSID":"S-1-5-21-1-2-3-513","AllowedToDelegate":[],"SPNTargets":[],
  "HasSIDHistory":[],"Aces":[{"PrincipalSID":"S-1-5-21-1-2-3-1201","PrincipalType":"Group","RightName":"ForceChangePassword","IsInherited":false}],
  "Properties":{"name":"PAT@CORP.LOCAL","domain":"CORP.LOCAL","enabled":true,"hasspn":false,"email":"pat@northgate.example","samaccountname":"pat"}},
 {"ObjectIdentifier":"S-1-5-21-1-2-3-1105","PrimaryGroupSID":"S-1-5-21-1-2-3-513","Aces":null,
  "Properties":{"name":"SVC-SQL@CORP.LOCAL","domain":"CORP.LOCAL","enabled":false,"hasspn":true}},
 {"Properties":{}}
],"meta":{"methods":0,"type":"users","count":3,"version":5}}"#;

const COMPUTERS: &str = r#"{"data":[
 {"ObjectIdentifier":"S-1-5-21-1-2-3-1000","PrimaryGroupSID":"S-1-5-21-1-2-3-516","IsDC":true,
  "Properties":{"name":"DC1.CORP.LOCAL","domain":"CORP.LOCAL","operatingsystem":"Windows Server 2022"},"Aces":[]},
 {"ObjectIdentifier":"S-1-5-21-1-2-3-1006","PrimaryGroupSID":"S-1-5-21-1-2-3-515",
  "Properties":{"name":"WS6.CORP.LOCAL","domain":"CORP.LOCAL","operatingsystem":"Windows 11 Enterprise"},
  "Sessions":{"Results":[{"UserSID":"S-1-5-21-1-2-3-1104","ComputerSID":"S-1-5-21-1-2-3-1006"}],"Collected":true,"FailureReason":null},
  "PrivilegedSessions":{"Results":[],"Collected":false,"FailureReason":null},
  "LocalGroups":[{"ObjectIdentifier":"S-1-5-21-9-9-9-544","Name":"ADMINISTRATORS@WS6","Results":[{"ObjectIdentifier":"S-1-5-21-1-2-3-1201","ObjectType":"Group"}]},
   {"ObjectIdentifier":"S-1-5-21-9-9-9-555","Name":"RDP","Results":[{"ObjectIdentifier":"S-1-5-21-7-7-7-1","ObjectType":"User"}]}]}
],"meta":{"type":"computers","count":2,"version":6}}"#;

const GROUPS: &str = r#"{"data":[
 {"ObjectIdentifier":"S-1-5-21-1-2-3-512","Members":[],"Properties":{"name":"DOMAIN ADMINS@CORP.LOCAL"},"Aces":[]},
 {"ObjectIdentifier":"S-1-5-21-1-2-3-513","Members":[],"Properties":{"name":"DOMAIN USERS@CORP.LOCAL"},"Aces":[]},
 {"ObjectIdentifier":"S-1-5-21-1-2-3-515","Members":[],"Properties":{"name":"DOMAIN COMPUTERS@CORP.LOCAL"},"Aces":[]},
 {"ObjectIdentifier":"S-1-5-21-1-2-3-516","Members":[],"Properties":{"name":"DOMAIN CONTROLLERS@CORP.LOCAL"},"Aces":[]},
 {"ObjectIdentifier":"S-1-5-21-1-2-3-1201","Members":[{"ObjectIdentifier":"S-1-5-21-1-2-3-1104","ObjectType":"User"}],
  "Properties":{"name":"HELPDESK@CORP.LOCAL"},"Aces":[{"PrincipalSID":"S-1-5-21-1-2-3-1104","RightName":"Inexplicable"}]}
],"meta":{"type":"groups","count":5,"version":5}}"#;

const OUS: &str = r#"{"data":[{"ObjectIdentifier":"OU-1","Properties":{"name":"STAFF@CORP.LOCAL"},"Links":[{"GUID":"GPO-1","IsEnforced":false}],
 "ChildObjects":[{"ObjectIdentifier":"S-1-5-21-1-2-3-1104","ObjectType":"User"},{"ObjectIdentifier":"S-1-5-21-1-2-3-1006","ObjectType":"Computer"}],
 "Aces":[{"PrincipalSID":"S-1-5-21-1-2-3-1105","RightName":"GenericAll","IsInherited":false}],
 "GPOChanges":{"LocalAdmins":[{"ObjectIdentifier":"S-1-5-21-1-2-3-1105","ObjectType":"User"}],"AffectedComputers":[{"ObjectIdentifier":"S-1-5-21-1-2-3-1006","ObjectType":"Computer"}]}}
],"meta":{"type":"ous","count":1,"version":5}}"#;

fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("users.json", USERS),
        ("computers.json", COMPUTERS),
        ("groups.json", GROUPS),
        ("ous.json", OUS),
    ]
}

fn zipped() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files() {
        archive
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn named(imported: &Imported, entity: Principal) -> &str {
    imported.estate.name(match entity {
        Principal::Account(id) => Entity::Account(id),
        Principal::Group(id) => Entity::Group(id),
        Principal::System(id) => Entity::System(id),
    })
}

fn check_round_trip(imported: &Imported) {
    let files = to_yaml(&imported.estate);
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let again = load(&files)
        .unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
        .estate;
    assert_eq!(again.accounts.len(), imported.estate.accounts.len());
    assert_eq!(again.accesses.len(), imported.estate.accesses.len());
}

#[test]
fn a_sharphound_archive_becomes_an_estate() {
    let imported = bloodhound::import(&[("export.zip", &zipped())]).unwrap();
    let estate = &imported.estate;
    assert_eq!((estate.accounts.len(), estate.systems.len()), (2, 2));
    assert_eq!(
        estate.accounts[0].aliases,
        ["pat@northgate.example", "S-1-5-21-1-2-3-1104"]
    );
    assert!(!estate.accounts[1].enabled);
    assert_eq!(estate.systems[0].kind, SystemKind::DomainController);
    assert!(estate.systems[0].jewel.unwrap().inferred);
    assert_eq!(estate.systems[1].kind, SystemKind::Workstation);
    assert!(estate.groups[0].jewel.unwrap().inferred, "Domain Admins");
    let has =
        |wanted: &dyn Fn(&AccessKind) -> bool| estate.accesses.iter().any(|access| wanted(&access.kind));
    let helpdesk = |principal: &Principal| named(&imported, *principal) == "HELPDESK@CORP.LOCAL";
    assert!(has(
        &|kind| matches!(kind, AccessKind::Control { holder, by: ControlKind::ResetPassword, .. } if helpdesk(holder))
    ));
    assert!(has(
        &|kind| matches!(kind, AccessKind::Right { holder, means: Means::Admin, on: Target::System(_) } if helpdesk(holder))
    ));
    assert!(has(
        &|kind| matches!(kind, AccessKind::Session { account, system } if account.0 == 0 && system.0 == 1)
    ));
    assert!(has(
        &|kind| matches!(kind, AccessKind::Control { by: ControlKind::RoastTicket, over: Principal::Account(id), .. } if id.0 == 1)
    ));
    let through_unit = |kind: &AccessKind| match kind {
        AccessKind::Control {
            holder,
            over: Principal::System(id),
            by: ControlKind::FullControl,
        } => named(&imported, *holder) == "control of STAFF@CORP.LOCAL" && id.0 == 1,
        _ => false,
    };
    assert!(has(&through_unit));
    let skipped: BTreeMap<&str, u64> = imported
        .report
        .skipped
        .iter()
        .map(|(reason, skipped)| (reason.as_str(), skipped.count))
        .collect();
    assert_eq!(skipped["an object without an identifier"], 1);
    assert_eq!(skipped["CanRDP of an object that is not in the export"], 1);
    assert_eq!(skipped["Inexplicable means nothing between these objects"], 1);
    assert_eq!(skipped["GPLink of an object that is not in the export"], 1);
    check_round_trip(&imported);
}

#[test]
fn single_files_are_the_same_as_the_archive() {
    let files: Vec<(&str, &[u8])> = files()
        .into_iter()
        .map(|(name, text)| (name, text.as_bytes()))
        .collect();
    let one = bloodhound::import(&files).unwrap().estate;
    let other = bloodhound::import(&[("export.zip", &zipped())]).unwrap().estate;
    assert_eq!(one.accesses, other.accesses);
}

#[test]
fn broken_input_is_an_error_or_counted() {
    let whole = zipped();
    for length in [0, 1, 10, whole.len() / 2, whole.len() - 1] {
        let result = bloodhound::import(&[("cut.zip", &whole[..length])]);
        assert!(
            matches!(
                result,
                Err(ImportError::Archive { .. } | ImportError::Nothing { .. })
            ),
            "{length}"
        );
    }
    let noise: Vec<u8> = (0..4096_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    assert!(bloodhound::import(&[("noise", &noise)]).is_err());
    let cut = &USERS[..USERS.len() - 40];
    let both =
        bloodhound::import(&[("cut.json", cut.as_bytes()), ("groups.json", GROUPS.as_bytes())]).unwrap();
    assert!(both.report.skipped_count() > 0);
    assert!(edges::import("e.csv", "nothing\nhere").is_err());
    assert!(csv::import(&[("c.csv", "", Mapping::default())]).is_err());
}

#[test]
fn an_object_too_deep_ends_its_file_only() {
    let deep = format!("{{\"Properties\":{}1{}}},", "[".repeat(200), "]".repeat(200));
    let users = USERS.replacen(" {\"Properties\"", &format!(" {deep}{{\"Properties\""), 1);
    let imported = bloodhound::import(&[
        ("users.json", users.as_bytes()),
        ("groups.json", GROUPS.as_bytes()),
    ])
    .unwrap();
    let rest = &imported.report.skipped["the rest of a file that cannot be read"];
    assert_eq!((rest.count, imported.report.read["users"]), (1, 2));
    assert!(imported.report.read["groups"] > 0);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn no_mutation_panics(at in 0_usize..4000, byte in 0_u8..=255, cut in 0_usize..4000) {
        let mut archive = zipped();
        let length = archive.len();
        archive[at % length] = byte;
        let _ = bloodhound::import(&[("a.zip", &archive)]);
        let mut text = USERS.as_bytes().to_vec();
        let length = text.len();
        text[at % length] = byte;
        text.truncate(cut.max(1));
        let _ = bloodhound::import(&[("u.json", &text)]);
        let _ = csv::import(&[("c.csv", &String::from_utf8_lossy(&text), Mapping::default())]);
        let _ = edges::import("e.csv", &String::from_utf8_lossy(&text));
    }
}

#[test]
fn a_table_of_edges_becomes_an_estate() {
    let imported = edges::import(
        "e.csv",
        "# DA=0\nsrc,dst,type\n5,0,MemberOf\n7,5,HasSession\n6,7,AdminTo\n7,0,HasSession\nx\n",
    )
    .unwrap();
    let estate = &imported.estate;
    assert_eq!(
        (estate.accounts.len(), estate.groups.len(), estate.systems.len()),
        (3, 1, 1)
    );
    assert_eq!(estate.groups[0].name, "0");
    assert!(estate.groups[0].jewel.is_some());
    assert_eq!(
        estate.accesses.len(),
        5,
        "four edges, and the merged node's account"
    );
    assert_eq!(imported.report.skipped_count(), 1);
    check_round_trip(&imported);
}

#[test]
fn tables_become_an_estate() {
    let systems = "\u{feff}Host Name;IP Address;CI Class;Location;Colour\nweb1;10.0.0.5;Linux Server;Leeds;red\nESX7;10.0.0.300;ESXi host;;\nweb1;;;;\n;;;;\n";
    let accounts =
        "UserName,Email,AccountType,Status\npat,pat@x.example,user,active\nsvc,,service account,disabled\n";
    let services = "Service Name,Depends On,Protected\nshop,\"web1; pat; ghost; pay\",no\npay,web1,yes\n";
    let default = Mapping::default;
    let imported = csv::import(&[
        ("s.csv", systems, default()),
        ("a.csv", accounts, default()),
        ("v.csv", services, default()),
    ])
    .unwrap();
    let estate = &imported.estate;
    assert_eq!(
        (
            estate.systems.len(),
            estate.accounts.len(),
            estate.services.len(),
            estate.sites.len()
        ),
        (2, 2, 2, 1)
    );
    assert_eq!(estate.systems[1].kind, SystemKind::Hypervisor);
    assert!(!estate.accounts[1].enabled);
    let Requirement::All(needs) = &estate.services[0].requires else {
        panic!()
    };
    assert_eq!(needs.len(), 3);
    assert!(estate.services[1].protected);
    for reason in [
        "a column that is not used",
        "an address that is none",
        "a second line of the same name",
        "a line without a name",
        "a requirement that no table names",
    ] {
        assert_eq!(imported.report.skipped[reason].count, 1, "{reason}");
    }
    assert_eq!(
        imported.report.skipped["a requirement that no table names"].first_places,
        ["v.csv:2: ghost"]
    );
    check_round_trip(&imported);
}

#[test]
fn columns_can_be_named() {
    let columns = BTreeMap::from([("name".to_owned(), "Bezeichnung".to_owned())]);
    let mapping = Mapping {
        table: Some(Table::Accounts),
        columns,
    };
    let imported = csv::import(&[("a.csv", "Bezeichnung,Name\npat,Pat Smith\n", mapping.clone())]).unwrap();
    assert_eq!(imported.estate.accounts[0].name, "pat");
    let error = csv::import(&[("a.csv", "Name\npat\n", mapping)])
        .unwrap_err()
        .to_string();
    assert_eq!(error, "a.csv: no column `Bezeichnung`; its columns are Name");
}

fn data(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("CORDON_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: no recordings here ({})", path.display());
    None
}

#[test]
fn generated_directories_are_read_whole() {
    for name in ["vul_5k", "secure_5k"] {
        let Some(path) = data(&format!("graphs/adsynth/{name}.jsonl.zst")) else {
            return;
        };
        let output = match Command::new("zstd")
            .arg("-dc")
            .arg(&path)
            .stderr(Stdio::null())
            .output()
        {
            Ok(output) if output.status.success() => output.stdout,
            _ => {
                eprintln!("skipped: no zstd here");
                return;
            }
        };
        let imported = bloodhound::import(&[(name, &output)]).unwrap();
        eprintln!("{name}: {:#?}", imported.report);
        assert!(imported.report.read["users"] > 1_000);
        assert_eq!(
            imported.estate.accounts.len() as u64,
            imported.report.read["users"]
        );
        let unexplained = imported
            .report
            .skipped
            .keys()
            .filter(|reason| !reason.contains("GetChanges") && !reason.contains("means nothing"));
        assert_eq!(unexplained.count(), 0, "{:?}", imported.report.skipped);
        assert!(imported.estate.groups.iter().any(|group| group.jewel.is_some()));
        check_round_trip(&imported);
    }
}

#[test]
fn generated_edge_tables_are_read_whole() {
    let Some(path) = data("graphs/dbcreator/R4000_s0.csv") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let imported = edges::import("R4000_s0.csv", &text).unwrap();
    eprintln!("{:?}", imported.report);
    assert_eq!(imported.report.skipped_count(), 0, "{:?}", imported.report);
    assert!(imported.estate.accesses.len() >= 45_000);
}
