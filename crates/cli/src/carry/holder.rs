//! Who holds a claim, and whether that process still lives.
//!
//! A killed executor cannot give its claims back. Whoever finds that it ran on this machine and is gone need not wait for their end.
//! To be wrong about it is harmless: a new claim has a higher epoch, and the one before is refused from then on.

use std::path::Path;

use crate::failure::Failure;

/// A name for this process that no other has, with where to look for it.
pub(super) fn own() -> Result<String, Failure> {
    let mut bytes = [0_u8; 4];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Bug(format!("no random numbers: {error}")))?;
    let random = u32::from_be_bytes(bytes);
    let id = std::process::id();
    let place = place().unwrap_or_default();
    let since = started_at(id).unwrap_or_default();
    Ok(format!("cordon-{id}-{random:08x}@{place}/{since}"))
}

/// True if the holder ran here, where its process would be seen, and is gone.
pub(super) fn is_gone(holder: &str) -> bool {
    let Some((id, place, since)) = parts(holder) else {
        return false;
    };
    // Where other users' processes are hidden, one that is not seen may live.
    let sees_others = started_at(1).is_some();
    sees_others && Some(place) == self::place().as_deref() && started_at(id).as_deref() != Some(since)
}

/// The process id, the place and the start of a holder that wrote them.
fn parts(holder: &str) -> Option<(u32, &str, &str)> {
    let (name, rest) = holder.split_once('@')?;
    let (place, since) = rest.split_once('/')?;
    let id = name.strip_prefix("cordon-")?.split('-').next()?.parse().ok()?;
    let is_known = !place.is_empty() && !since.is_empty();
    is_known.then_some((id, place, since))
}

/// The running system and its space of process ids, as one word: a number means the same process only there.
fn place() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = std::fs::read_link(Path::new("/proc/self/ns/pid")).ok()?;
    let space: String = space
        .to_string_lossy()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    Some(format!("{}-{space}", boot.trim()))
}

/// When a process started, in ticks since the system did (proc(5), `/proc/PID/stat`, field 22).
fn started_at(id: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in field 2 may hold anything, also parentheses; a process that ended and waits to be reaped acts no more.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then(|| fields.nth(18).map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_lives_is_not_gone_and_one_that_ended_is() {
        let name = own().unwrap();
        assert!(!is_gone(&name), "{name}");
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let since = started_at(child.id()).unwrap();
        let other = format!("cordon-{}-00000000@{}/{since}", child.id(), place().unwrap());
        assert!(!is_gone(&other), "{other}");
        let later = format!("cordon-{}-00000000@{}/{since}0", child.id(), place().unwrap());
        assert!(is_gone(&later), "another process has its number now: {later}");
        child.kill().unwrap();
        // Not reaped yet: it is there, and acts no more.
        let gone = || is_gone(&other);
        let since = std::time::Instant::now();
        while !gone() {
            assert!(since.elapsed().as_secs() < 60, "{other}");
        }
        child.wait().unwrap();
        assert!(gone(), "{other}");
    }

    #[test]
    fn who_is_elsewhere_or_nobody_known_is_not_gone() {
        for holder in [
            "cordon-1-00000000",
            "cordon-4000000-00000000@elsewhere-1/5",
            "",
            "@/",
            "cordon-x-1@a/b",
        ] {
            assert!(!is_gone(holder), "{holder}");
        }
    }
}
