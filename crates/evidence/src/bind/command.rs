//! Which other systems a command line is aimed at.

use cordon_estate::activity::SystemName;
use cordon_estate::names::Directory;
use cordon_estate::{Entity, SystemId};

use super::{Named, Role, add, parse_address};

/// Most bytes of a command line that are looked at: encoded scripts go on for pages and aim at nothing.
const COMMAND_BYTES_MAX: usize = 4_096;

/// Options of common tools whose value is another system: `wmic /node:`, `schtasks /s`, `Invoke-Command
/// -ComputerName`, `nltest /server:`, and the targets of the tools that intruders bring.
const OPTIONS: &[&str] = &[
    "node",
    "s",
    "server",
    "target",
    "computername",
    "computer",
    "cn",
    "dc",
    "domaincontroller",
];

/// Appends the known systems that `command` is aimed at: by `\\SYSTEM\share` or by the value of an option. Words of a
/// command line are anybody's, so a name that is not known yet is not taken up.
pub(super) fn aimed_at(command: &str, directory: &Directory, named: &mut Vec<Named>, start: usize) {
    let end = command.floor_char_boundary(COMMAND_BYTES_MAX);
    let mut option_before = false;
    let words = command
        .get(..end)
        .unwrap_or_default()
        .split([' ', '\t', '"', '\'', ',', ';', '(', ')'])
        .filter(|word| !word.is_empty());
    for word in words {
        let (is_option, value) = option(word);
        let aimed = match value {
            Some(value) => Some(value),
            None if option_before && !is_option => Some(word),
            None => word.strip_prefix("\\\\").and_then(|path| path.split('\\').next()),
        };
        option_before = is_option && value.is_none();
        let system = aimed.and_then(|name| known(name.trim_start_matches('\\'), directory));
        if let Some(id) = system {
            let one = Named {
                entity: Entity::System(id),
                role: Role::TargetHost,
            };
            add(named, start, one);
        }
    }
}

/// Whether a word is one of the options, and its value if that is in the same word.
fn option(word: &str) -> (bool, Option<&str>) {
    let Some(rest) = word.strip_prefix(['/', '-']) else {
        return (false, None);
    };
    let (name, value) = match rest.split_once([':', '=']) {
        Some((name, value)) => (name, Some(value).filter(|value| !value.is_empty())),
        None => (rest, None),
    };
    let is_option = OPTIONS.iter().any(|option| option.eq_ignore_ascii_case(name));
    (is_option, value.filter(|_| is_option))
}

fn known(name: &str, directory: &Directory) -> Option<SystemId> {
    let address = parse_address(name);
    let name = Some(name).filter(|_| address.is_none());
    directory.resolve_system(&SystemName { name, address })
}
