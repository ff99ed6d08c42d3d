//! The sweep over every kind of target.

use super::*;

struct Edge {
    bed: FirewallBed,
    /// A withdrawal as an administrator has it in a file.
    by_hand: String,
    decisive: bool,
}

impl World for Edge {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        point(&config(&self.bed))
    }

    fn picture(&mut self, _target: &Target) -> String {
        ruleset(&self.bed)
    }

    fn withdraw_outside(&mut self, _target: &Target) -> bool {
        let folder = Folder::new();
        let file = folder.write("by-hand.nft", &self.by_hand);
        self.bed.router.run("nft", &["-f", &file]);
        true
    }

    fn restore_outside(&mut self, _target: &Target) {
        self.bed.router.run("nft", &["delete", "table", "inet", "cordon"]);
    }

    fn probe_is_decisive(&mut self, _target: &Target) -> bool {
        self.decisive
    }
}

fn sweep_over(target: &Target, decisive: bool) {
    let Some(bed) = bed() else { return };
    let mut made = point(&config(&bed));
    let states = withdraw(&mut *made, target);
    let by_hand = bed
        .router
        .run("nft", &["list", "table", "inet", "cordon"])
        .replace(&mark().0, "by hand");
    lift(&mut *made, target, &states).unwrap();
    let mut world = Edge {
        bed,
        by_hand,
        decisive,
    };
    let runs = sweep(&mut world, target).unwrap();
    assert_eq!(runs, 18);
}

#[test]
fn a_flow_to_one_port_passes_the_sweep() {
    sweep_over(&one_port(), true);
}

#[test]
fn a_flow_of_everything_in_ipv6_passes_the_sweep() {
    sweep_over(&flow(&["fd91:1::/64"], &["fd91:2::2"], None, None), true);
}

#[test]
fn a_flow_from_anywhere_in_both_families_passes_the_sweep() {
    sweep_over(
        &flow(&[], &["10.91.2.0/24", "fd91:2::/64"], None, Some(PORT)),
        true,
    );
}

#[test]
fn a_flow_of_datagrams_passes_the_sweep() {
    sweep_over(
        &flow(&["10.91.1.2"], &["10.91.2.2"], Some(Protocol::Udp), Some(53)),
        false,
    );
}

#[test]
fn a_host_passes_the_sweep() {
    sweep_over(&host(), true);
}
