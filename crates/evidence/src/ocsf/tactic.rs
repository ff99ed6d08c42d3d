//! Tactics of ATT&CK for enterprises, by identifier, word and name (<https://attack.mitre.org/tactics/enterprise/>).

const TACTICS: &[(&str, &str, &str)] = &[
    ("TA0043", "reconnaissance", "Reconnaissance"),
    ("TA0042", "resource-development", "Resource Development"),
    ("TA0001", "initial-access", "Initial Access"),
    ("TA0002", "execution", "Execution"),
    ("TA0003", "persistence", "Persistence"),
    ("TA0004", "privilege-escalation", "Privilege Escalation"),
    ("TA0005", "defense-evasion", "Defense Evasion"),
    ("TA0006", "credential-access", "Credential Access"),
    ("TA0007", "discovery", "Discovery"),
    ("TA0008", "lateral-movement", "Lateral Movement"),
    ("TA0009", "collection", "Collection"),
    ("TA0011", "command-and-control", "Command and Control"),
    ("TA0010", "exfiltration", "Exfiltration"),
    ("TA0040", "impact", "Impact"),
];

/// Identifier and name of a tactic by its word.
pub(super) fn of_word(word: &str) -> Option<(&'static str, &'static str)> {
    let tactic = TACTICS.iter().find(|(_, own, _)| *own == word)?;
    Some((tactic.0, tactic.2))
}

/// The word of a tactic, from its identifier, its name or its word.
pub(super) fn word(text: &str) -> String {
    let known = TACTICS
        .iter()
        .find(|(id, word, name)| *id == text || *word == text || name.eq_ignore_ascii_case(text));
    known.map_or_else(
        || text.to_lowercase().replace([' ', '_'], "-"),
        |(_, word, _)| (*word).to_owned(),
    )
}
