//! What a night draws from its seed: servers, plans, what people do, what others change.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use cordon_act::{LeaseEnd, Order, OrderId, Orders, Placement, Target, VolumeLimits};
use rand::RngExt as _;

use super::{CHAOS_MILLISECONDS, Handed, Happening, Night};
use crate::execution::executor::Executor;
use crate::execution::people::Hand;
use crate::execution::server::SimulatedServer;

/// How many times users log on.
const LOGONS: usize = 20;

/// For how long they do, in milliseconds: a little longer than the chaos lasts.
const LOGONS_MILLISECONDS: i64 = CHAOS_MILLISECONDS + 3 * 60 * 1000;

impl Night {
    /// Two servers with six accounts each, one to three plans, and what people do about them.
    pub(super) fn furnish(&mut self) {
        for name in ["directory", "vpn"] {
            let targets = (0..5)
                .map(|number| format!("account-{number}"))
                .chain(["break-glass".to_owned()]);
            let details: Vec<_> = targets
                .map(|account| (Target::Account { account }, self.random.random_range(0..3)))
                .collect();
            let mut server = SimulatedServer::new(details, self.now);
            server.holds_lease = self.random.random_bool(0.3);
            server.shows_mark = self.random.random_bool(0.7);
            if self.random.random_bool(0.3) {
                server.change_outside(
                    &Target::Account {
                        account: "account-0".to_owned(),
                    },
                    false,
                    5,
                );
            }
            self.twins.insert(name.into(), server.clone());
            self.servers.insert(name.into(), Arc::new(Mutex::new(server)));
        }
        let executors = if self.chaos.two_executors { 2 } else { 1 };
        for executor in 0..executors {
            self.executors.push(Executor::new());
            let delay = self.random.random_range(1..1000);
            self.after(delay, Happening::Start { executor });
        }
        self.draw_protected();
        for number in 0..self.random.random_range(1..=3_u32) {
            self.draw_plan(number);
        }
        for number in 0..self.chaos.outside_changes {
            self.draw_outside_change(number);
        }
        for _ in 0..LOGONS {
            let placement = self.draw_placement();
            let when = self.random.random_range(1_000..LOGONS_MILLISECONDS);
            self.after(when, Happening::LogOn { placement });
        }
        self.after(CHAOS_MILLISECONDS, Happening::Calm);
    }

    /// In some nights a protected service rests on something.
    fn draw_protected(&mut self) {
        if self.random.random_bool(0.4) {
            let placement = self.draw_placement();
            self.protected.push(placement);
        }
    }

    fn draw_placement(&mut self) -> Placement {
        let point = if self.random.random_bool(0.5) {
            "directory"
        } else {
            "vpn"
        };
        let account = format!("account-{}", self.random.random_range(0..5));
        Placement {
            point: point.into(),
            target: Target::Account { account },
        }
    }

    /// Most approvals are as they should be.
    fn draw_hand(&mut self) -> Hand {
        match self.random.random_range(0..20) {
            0 => Hand::OneTwice,
            1 => Hand::EditedAfterwards,
            2 => Hand::Late,
            _ => Hand::Two,
        }
    }

    /// The never list of a plan. A stale plan was made before a service began to rest on something. One that is not was still made by a
    /// fallible planner, and most spare what is on their list.
    fn draw_never(&mut self, orders: &mut [Order]) -> Vec<Placement> {
        if self.random.random_bool(0.3) {
            return Vec::new();
        }
        let never = self.protected.clone();
        if self.random.random_bool(0.9) {
            for order in orders {
                let point = order.point.clone();
                let spared = |target: &Target| {
                    never
                        .iter()
                        .any(|one| one.point == point && one.target == *target)
                };
                if !order.targets.iter().all(spared) {
                    order.targets.retain(|target| !spared(target));
                }
            }
        }
        never
    }

    fn draw_plan(&mut self, number: u32) {
        let plan_hash = format!("{number:02x}{:062x}", self.seed);
        let mut orders = Vec::new();
        for place in 1..=self.random.random_range(1..=3_usize) {
            let point = if self.random.random_bool(0.5) {
                "directory"
            } else {
                "vpn"
            };
            let mut targets = BTreeSet::new();
            for _ in 0..self.random.random_range(1..=4) {
                targets.insert(format!("account-{}", self.random.random_range(0..5)));
            }
            if self.random.random_bool(0.05) {
                targets.insert("break-glass".to_owned());
            }
            orders.push(Order {
                id: Orders::order_id(&plan_hash, place),
                withdrawal: format!("test/{place}"),
                text: "a withdrawal".to_owned(),
                point: point.into(),
                targets: targets
                    .into_iter()
                    .map(|account| Target::Account { account })
                    .collect(),
                lease_minutes: self.random.random_range(1..=25),
                at_lease_end: if self.random.random_bool(0.5) {
                    LeaseEnd::Lift
                } else {
                    LeaseEnd::Hold
                },
            });
        }
        let limits = VolumeLimits {
            per_point_and_minute: self.random.random_range(2..=20),
            canary: self.random.random_range(1..=3),
            accounts: 1000,
            ..VolumeLimits::default()
        };
        let never = self.draw_never(&mut orders);
        let ids: Vec<OrderId> = orders.iter().map(|order| order.id.clone()).collect();
        let orders = Orders {
            format: cordon_act::ORDERS_FORMAT.to_owned(),
            plan_hash,
            organisation: "simulated".to_owned(),
            orders,
            limits,
            never,
        };
        let start = self.random.random_range(2_000..CHAOS_MILLISECONDS / 2);
        let plan_hash = orders.plan_hash.clone();
        let handed = Box::new(Handed {
            orders,
            hand: self.draw_hand(),
            minutes: self.random.random_range(1..=30),
            insists: self.random.random_bool(0.3),
        });
        self.after(start, Happening::Plan { handed });
        self.draw_commands(&plan_hash, &ids, start);
    }

    fn draw_commands(&mut self, plan_hash: &str, ids: &[OrderId], start: i64) {
        for id in ids {
            if self.random.random_bool(0.3) {
                let when = self.random.random_range(start..CHAOS_MILLISECONDS);
                self.after(
                    when,
                    Happening::Renew {
                        plan_hash: plan_hash.to_owned(),
                        order: id.clone(),
                    },
                );
            }
            if self.random.random_bool(0.5) {
                let when = self.random.random_range(start..CHAOS_MILLISECONDS);
                self.after(
                    when,
                    Happening::Lift {
                        plan_hash: plan_hash.to_owned(),
                        order: id.clone(),
                    },
                );
            }
        }
    }

    fn draw_outside_change(&mut self, number: u32) {
        let placement = self.draw_placement();
        let open = self.random.random_bool(0.6);
        let when = self.random.random_range(1_000..CHAOS_MILLISECONDS);
        let change = Happening::Outside {
            placement,
            open,
            detail: 10 + number,
        };
        self.after(when, change);
    }
}
