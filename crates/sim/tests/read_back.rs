//! The drill's logs go through the same readers as any log: every record is read, in order, and says what it should.

#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

#[path = "../../evidence/tests/support/inputs.rs"]
mod inputs;

use cordon_evidence::read::Report;
use cordon_evidence::record::{Dialect, Record};
use cordon_sim::drill::{Script, logs, script};
use cordon_sim::northgate::{Options, generate};

fn read(events: u32) -> (Script, Vec<Record>, Report, usize) {
    let options = Options {
        stores: 60,
        ..Options::default()
    };
    let estate = generate(&options);
    let script = script(&estate, 1, options.epoch).expect("a cast");
    let files = logs(&estate, &script, events);
    let lines = files
        .iter()
        .map(|file| file.bytes.iter().filter(|&&byte| byte == b'\n').count())
        .sum();
    let mut stream = inputs::in_memory(files.into_iter().map(|file| (file.name, file.bytes)));
    let records: Vec<Record> = stream.by_ref().collect();
    let report = stream.report().clone();
    (script, records, report, lines)
}

#[test]
fn every_line_is_read_in_order_by_its_dialect() {
    let (script, records, report, lines) = read(4_000);
    assert_eq!(report.unreadable, 0, "{report:?}");
    assert_eq!(records.len(), lines);
    assert!(records.is_sorted_by_key(|record| record.time));
    let of = |dialect| records.iter().filter(|record| record.dialect == dialect).count();
    assert_eq!(
        of(Dialect::Windows) + of(Dialect::Okta) + of(Dialect::Syslog),
        lines
    );
    assert!(of(Dialect::Okta) > 100 && of(Dialect::Syslog) > 100);
    assert!(records.iter().all(|record| record.time >= script.start));
}

#[test]
fn the_intruders_records_say_what_they_should() {
    let (script, records, _, _) = read(4_000);
    let victim = &script.truth.compromised_accounts[0];
    let roasted = &script.truth.compromised_accounts[1];
    let weak = records.iter().filter(|record| {
        record.int("EventID") == Some(4_769) && record.text("TicketEncryptionType") == Some("0x17")
    });
    assert_eq!(weak.count(), 8);
    let reset = records
        .iter()
        .find(|record| record.text("eventType") == Some("user.mfa.factor.reset_all"))
        .expect("the reset");
    let target = reset.text("target.alternateId").expect("a target");
    assert!(target.starts_with(victim.as_str()));
    let dump = records
        .iter()
        .find(|record| {
            record
                .text("CommandLine")
                .is_some_and(|line| line.contains("comsvcs.dll"))
        })
        .expect("the dump");
    assert_eq!(dump.int("EventID"), Some(1));
    assert!(
        dump.text("User")
            .is_some_and(|user| user.ends_with(roasted.as_str()))
    );
    assert!(dump.text("Computer").is_some());
}
