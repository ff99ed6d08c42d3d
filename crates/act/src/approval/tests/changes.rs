//! Any change of what was signed.

use proptest::prelude::*;

use super::*;

proptest! {
    /// Any change of one byte, and any byte more or less, in statement or signature is refused.
    #[test]
    fn any_change_of_one_byte_is_refused(
        in_signature: bool,
        place: prop::sample::Index,
        byte: u8,
        way in 0..3,
    ) {
        let orders = orders(1);
        let mut signed = two(&orders);
        let text = if in_signature { &mut signed[1].signature } else { &mut signed[1].statement };
        let mut bytes = text.clone().into_bytes();
        let place = place.index(bytes.len());
        match way {
            0 => bytes[place] = byte,
            1 => bytes.insert(place, byte),
            _ => { bytes.remove(place); }
        }
        let Ok(changed) = String::from_utf8(bytes) else { return Ok(()) };
        prop_assume!(changed != *text);
        *text = changed;
        prop_assert!(decide(&orders, &signed).is_err());
    }

    /// Whatever is read as a list or a statement never panics.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}|(pat|\"| |,|namespaces=|valid-after=|20260101|\n|ssh-ed25519 ){0,20}") {
        let _ = AllowedSigners::parse(&text, &TimeZone::UTC);
        let _ = SignerOptions::parse(&text, &TimeZone::UTC);
        let _ = ApprovalStatement::parse(&format!("{APPROVAL_FORMAT}\n{text}"));
        let _ = LiftStatement::parse(&format!("{LIFT_FORMAT}\n{text}"));
    }
}

/// Every bit of a signature, not only those that chance finds.
#[test]
fn every_bit_of_a_signature_counts() {
    let orders = orders(1);
    let signed = two(&orders);
    for place in 0..signed[1].signature.len() {
        for bit in 0..7 {
            let mut changed = signed.clone();
            let mut bytes = changed[1].signature.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            changed[1].signature = String::from_utf8(bytes).unwrap();
            assert!(decide(&orders, &changed).is_err(), "byte {place}, bit {bit}");
        }
    }
}
