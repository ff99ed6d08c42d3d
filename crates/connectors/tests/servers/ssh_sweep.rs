//! The sweep of SSH over every kind of target.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use crate::ssh_bed::{Bed, bed, read};
use cordon_act::sweep::{World, sweep};
use cordon_act::{EnforcementPoint, Target};

struct Shell(Bed);

impl World for Shell {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        self.0.point()
    }

    fn picture(&mut self, target: &Target) -> String {
        let bed = &self.0;
        let let_in = match target {
            Target::Account { .. } => [bed.server.logs_on(&bed.pat), bed.server.logs_on(&bed.sam)],
            _ => [
                bed.server.logs_on_with(&bed.pat, &bed.pat_certificate),
                bed.server.logs_on_with(&bed.sam, &bed.sam_certificate),
            ],
        };
        format!(
            "denied {:?}, principals {:?}, files {}, let in {let_in:?}",
            read(&bed.denials()),
            read(&bed.principals()),
            std::fs::read_dir(bed.server.included_folder()).unwrap().count(),
        )
    }

    fn withdraw_outside(&mut self, target: &Target) -> bool {
        let bed = &mut self.0;
        match target {
            Target::Account { account } => {
                let file = format!("{}/by-hand.conf", bed.server.included_folder());
                std::fs::write(file, format!("DenyUsers {account}\n")).unwrap();
                bed.server.reload();
            }
            _ => std::fs::write(bed.principals(), "# nobody\n").unwrap(),
        }
        true
    }

    fn restore_outside(&mut self, target: &Target) {
        let bed = &mut self.0;
        match target {
            Target::Account { .. } => {
                std::fs::remove_file(format!("{}/by-hand.conf", bed.server.included_folder())).unwrap();
                bed.server.reload();
            }
            _ => std::fs::write(bed.principals(), format!("login-{}\n", bed.pat.name())).unwrap(),
        }
    }
}

#[test]
fn sweep_over_an_account() {
    let Some(bed) = bed() else { return };
    let target = bed.account();
    let runs = sweep(&mut Shell(bed), &target).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(runs, 18);
}

#[test]
fn sweep_over_a_principal() {
    let Some(bed) = bed() else { return };
    let target = bed.right();
    let runs = sweep(&mut Shell(bed), &target).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(runs, 18);
}
