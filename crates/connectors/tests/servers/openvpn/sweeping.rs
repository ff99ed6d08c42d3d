//! The sweep over every kind of target that can be given back.

use super::*;
use crate::sweeping::sweep_among;

/// A VPN whose client is in before each run and cut by it.
struct Vpn {
    client: VpnClient,
    excepted: VpnClient,
    server: VpnServer,
    /// The file that an administrator disables by hand.
    disable: Vec<&'static str>,
    saved: BTreeMap<String, (u32, String)>,
    decisive: bool,
}

impl World for Vpn {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        let probes = [("pat", &self.client), ("kim", &self.excepted)];
        let probes = if self.decisive { &probes[..] } else { &[] };
        point(&config(&self.server, probes))
    }

    fn picture(&mut self, _target: &Target) -> String {
        format!("{:#?}", files(&self.server.client_folder()))
    }

    fn withdraw_outside(&mut self, _target: &Target) -> bool {
        self.client.stop();
        self.saved = files(&self.server.client_folder());
        for name in &self.disable {
            write(&self.server, name, "disable\n");
        }
        self.server.forget("pat");
        let mut seen = self.point();
        wait_until("nobody is connected", 180, || {
            let seen = seen.observe(&account("pat"), DEADLINE).unwrap();
            seen.standing == Standing::Withdrawn || seen.standing == Standing::Open
        });
        true
    }

    fn restore_outside(&mut self, _target: &Target) {
        for name in &self.disable {
            let path = self.server.client_folder().join(name);
            match self.saved.get(*name) {
                Some((_, content)) => std::fs::write(path, content).unwrap(),
                None => std::fs::remove_file(path).unwrap(),
            }
        }
    }

    fn before_run(&mut self, _target: &Target) {
        self.client.connect();
    }
}

fn vpn(disable: &[&'static str], decisive: bool) -> Option<Vpn> {
    let server = server()?;
    write(
        &server,
        "DEFAULT",
        "push \"route 10.44.0.0 255.255.0.0\"\n# the end",
    );
    write(&server, "pat", "ifconfig-push 10.93.0.77 255.255.255.0\n");
    write(&server, "sam", "");
    std::fs::set_permissions(
        server.client_folder().join("sam"),
        std::fs::Permissions::from_mode(0o640),
    )
    .unwrap();
    Some(Vpn {
        client: server.client("pat"),
        excepted: server.client("kim"),
        server,
        disable: disable.to_vec(),
        saved: BTreeMap::new(),
        decisive,
    })
}

fn sweep_over(target: &Target, disable: &[&'static str], decisive: bool) {
    // A client needs a second or two to get in.
    if let Some(runs) = sweep_among(2, || vpn(disable, decisive), target) {
        assert_eq!(runs, 18);
    }
}

#[test]
fn one_account_passes_the_sweep_with_a_client_that_tries() {
    sweep_over(&account("pat"), &["pat"], true);
}

#[test]
fn a_group_passes_the_sweep() {
    sweep_over(&remote(Whom::Group("sales".to_owned())), &["pat", "sam"], true);
}

#[test]
fn all_but_one_passes_the_sweep_with_clients_that_try() {
    sweep_over(&all_but(&["kim"]), &["DEFAULT", "pat", "sam"], true);
}

#[test]
fn all_passes_the_sweep_by_reading() {
    sweep_over(&all_but(&[]), &["DEFAULT", "pat", "sam"], false);
}
