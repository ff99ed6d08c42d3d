//! How many of everything, from the number of stores.

use super::{Options, STAFF_MAX, STORES};

/// How many of everything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) stores: u32,
    pub(super) funeral_homes: u32,
    pub(super) depots: u32,
    pub(super) call_centres: u32,
    pub(super) servers: u32,
    pub(super) service_accounts: u32,
    pub(super) store_staff: u32,
    pub(super) funeral_staff: u32,
    pub(super) depot_staff: u32,
    pub(super) office_staff: u32,
    pub(super) call_centre_staff: u32,
    pub(super) legal_staff: u32,
}

impl Scale {
    pub(super) fn of(options: &Options) -> Self {
        let stores = options.stores.clamp(*STORES.start(), *STORES.end());
        let proportion = |default: u64| (default * u64::from(stores)).div_ceil(2_300) as u32;
        let staff = options
            .staff
            .unwrap_or_else(|| proportion(57_000))
            .clamp(100, STAFF_MAX);
        let per_mille = |share: u32| (u64::from(staff) * u64::from(share) / 1_000) as u32;
        Self {
            stores,
            funeral_homes: options
                .funeral_homes
                .unwrap_or_else(|| proportion(800))
                .clamp(2, 20_000),
            depots: stores.div_ceil(190).min(200),
            call_centres: stores.div_ceil(600).min(60),
            servers: staff.div_ceil(95).clamp(40, 6_000),
            service_accounts: staff.div_ceil(150).clamp(24, 4_000),
            store_staff: per_mille(800),
            funeral_staff: per_mille(60),
            depot_staff: per_mille(60),
            office_staff: per_mille(50).max(30),
            call_centre_staff: per_mille(15).max(4),
            legal_staff: per_mille(15).max(4),
        }
    }

    /// One in 12 of the head office, the help desk among them.
    pub(super) fn it_staff(&self) -> u32 {
        (self.office_staff / 12).max(12)
    }

    /// Accounts of other firms.
    pub(super) fn contractors(&self) -> u32 {
        (self.office_staff / 70).max(3)
    }

    /// Everybody.
    pub(super) fn staff(&self) -> u32 {
        self.store_staff
            + self.funeral_staff
            + self.depot_staff
            + self.office_staff
            + self.call_centre_staff
            + self.legal_staff
    }
}
