//! Any text as what people sign, as a signature and as a list of allowed signers: read or refused; what is read is written the same.

#![no_main]

use cordon_act::approval::{
    AllowedSigners, ApprovalStatement, LiftStatement, RenewalStatement, Role, verify,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Ok(statement) = ApprovalStatement::parse(&text) {
        assert_eq!(statement.to_string(), text);
    }
    if let Ok(statement) = LiftStatement::parse(&text) {
        assert_eq!(statement.to_string(), text);
    }
    if let Ok(statement) = RenewalStatement::parse(&text) {
        assert_eq!(statement.to_string(), text);
    }
    let signers = AllowedSigners::parse(&text, &TimeZone::UTC).unwrap_or_default();
    for signer in &signers.signers {
        assert!(!signer.person.is_empty() && signer.fingerprint.starts_with("SHA256:"));
    }
    // Nobody can have signed by chance.
    assert!(verify("", &text, Role::Approve, &signers, Timestamp::UNIX_EPOCH).is_err());
});
