//! Findings of other products, in OCSF, count like detections.

use cordon_estate::Estate;
use cordon_evidence::document::Evidence;
use cordon_evidence::read::{Options, RecordStream, Source};
use cordon_evidence::record::FileId;
use cordon_evidence::sigma::RuleSet;
use cordon_evidence::watch::Watch;

fn finding(title: &str, severity: u8, activity: u8) -> String {
    format!(
        r#"{{"class_uid":2004,"category_uid":2,"time":1760000000000,"severity_id":{severity},"activity_id":{activity},"finding_info":{{"title":"{title}","uid":"{title}"}},"metadata":{{"product":{{"name":"Other"}},"version":"1.4.0"}},"actor":{{"user":{{"name":"pat"}}}},"device":{{"hostname":"WS1"}}}}"#
    )
}

fn watch(lines: &[String]) -> Watch {
    let text = lines.join("\n");
    let source = Source {
        name: "findings.jsonl".to_owned(),
        file: FileId(0),
        receipt: None,
        open: Box::new(move || Ok(Box::new(std::io::Cursor::new(text.clone().into_bytes())))),
    };
    let rules = RuleSet::default();
    let mut watch = Watch::new(Estate::default(), None);
    for record in RecordStream::new(vec![source], Options::default()) {
        watch.observe(&record, &[], &rules);
    }
    watch
}

fn watched(lines: &[String]) -> Vec<(String, f64)> {
    let watch = watch(lines);
    let suspicions = watch.inference().suspicions(0.5);
    suspicions
        .iter()
        .map(|one| (watch.estate().name(one.entity).to_owned(), one.probability))
        .collect()
}

#[test]
fn two_grave_findings_make_a_foothold_and_one_does_not() {
    let one = [finding("Credentials dumped", 5, 1)];
    assert!(watched(&one).is_empty());
    let two = [
        finding("Credentials dumped", 5, 1),
        finding("Directory copied", 4, 1),
    ];
    let held = watched(&two);
    for name in ["pat", "WS1"] {
        let is_it = |own: &(String, f64)| own.0.eq_ignore_ascii_case(name);
        assert!(held.iter().any(is_it), "{name} is not among {held:?}");
    }
}

#[test]
fn the_same_finding_again_is_no_second_sign() {
    let same = [
        finding("Credentials dumped", 5, 1),
        finding("Credentials dumped", 5, 1),
    ];
    assert!(watched(&same).is_empty());
}

#[test]
fn closed_findings_do_not_count() {
    let closed = [
        finding("Credentials dumped", 5, 3),
        finding("Directory copied", 5, 3),
    ];
    assert!(watched(&closed).is_empty());
}

#[test]
fn reasons_and_rules_say_title_and_product() {
    let watch = watch(&[
        finding("Credentials dumped", 5, 1),
        finding("Directory copied", 4, 1),
        finding("Directory copied", 4, 1),
        finding("Closed long ago", 4, 3),
    ]);
    let evidence = Evidence::of(&watch, &[], vec!["findings.jsonl".to_owned()], 0, 0.5);
    let foothold = evidence.footholds.first().expect("a foothold");
    let sentences: Vec<String> = foothold
        .reasons
        .iter()
        .map(|reason| reason.sentence(&evidence.files))
        .collect();
    let expected = "Credentials dumped (Other): ";
    assert!(
        sentences.iter().any(|one| one.starts_with(expected)),
        "{sentences:?}"
    );
    let mut rules: Vec<(&str, Option<&str>, &str, u64)> = evidence
        .rules
        .iter()
        .map(|rule| {
            (
                rule.title.as_str(),
                rule.product.as_deref(),
                rule.level.as_str(),
                rule.count,
            )
        })
        .collect();
    rules.sort_unstable();
    assert_eq!(
        rules,
        [
            ("Credentials dumped", Some("Other"), "critical", 1),
            ("Directory copied", Some("Other"), "high", 2),
        ]
    );
}
