//! `estate generate`: Northgate Co-operative, a retailer that does not exist.
//!
//! # What it is made of, and where each proportion comes from
//!
//! | what | figure | where from |
//! | --- | --- | --- |
//! | food stores, funeral homes, staff | 2,300 · 800 · 57,000 | product defaults, of the order of a large British co-operative |
//! | members | 6.2 million | Co-operative Group, results of 3 April 2025; only in the text of the member database |
//! | staff in stores 80 %, funeral homes 6 %, depots 6 %, head office 5 %, call centres 1.5 %, legal 1.5 % | | assumption |
//! | tills a store | 3 to 6 | assumption: convenience stores |
//! | depots, call centres | 1 per 190 stores, 1 per 600 | assumption |
//! | servers | 1 per 95 staff | assumption |
//! | virtual servers a hypervisor host | 24 | assumption |
//! | service accounts | 1 per 150 staff | assumption |
//! | service accounts that nobody has used for 90 days or more | 10 % | order of magnitude of Microsoft's statement that more than 10 % of directory accounts are inactive |
//! | service accounts whose ticket can be guessed offline | 8, all forgotten, at any size | assumption |
//! | office staff who work remotely | 60 % | assumption |
//! | resets by the help desk | 1 per 100 staff a day in offices, 1 per 400 elsewhere | assumption |
//! | desktops on which a support account is still logged on | 1 % | assumption |
//! | IT staff who administer from their everyday laptop | 15 % | assumption |
//! | online orders | £160,000 an hour | public estimates of about £3.8 million of online sales a day at the other retailer of 2025 |
//! | stock monitoring | nothing for 12 hours, then rising to £600,000 an hour after four days | shaped so that two weeks come near to £206 million, the lost sales that the co-operative reported |
//!
//! # How access is laid out
//!
//! Three tiers on paper: domain and hypervisor administration, server administration, desktop and store support,
//! each with accounts of its own (`adm-…`). The weaknesses are those of real firms: a flat network of store
//! back-office machines with one shared point-of-sale account, an over-broad group for old servers that an old
//! print service account is still in, an unmanaged jump host on which administrators' sessions linger, everyday
//! accounts left in the identity provider's administrators after a migration, administrators who use their own
//! laptop, contractors with their own VPN, and a help desk that can be talked into a reset.

mod build;
mod cast;
mod directory;
mod names;
mod network;
mod people;
mod points;
mod scale;
mod servers;
mod services;
mod sites;
mod weaknesses;

use cordon_estate::Estate;
use jiff::Timestamp;

pub use cast::Cast;

use build::Build;
use scale::Scale;

/// What to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Decides everything that is drawn.
    pub seed: u64,
    /// Food stores; everything else follows. Held to 10 to 20,000.
    pub stores: u32,
    /// Staff, if not in proportion to the stores (57,000 for 2,300).
    pub staff: Option<u32>,
    /// Funeral homes, if not in proportion to the stores (800 for 2,300).
    pub funeral_homes: Option<u32>,
    /// "Now" of the observed use: everything in use was last used shortly before.
    pub epoch: Timestamp,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            stores: 2_300,
            staff: None,
            funeral_homes: None,
            epoch: DEFAULT_EPOCH,
        }
    }
}

/// 2026-03-03T06:00:00Z, a Tuesday: the drill begins then.
pub const DEFAULT_EPOCH: Timestamp = Timestamp::constant(1_772_517_600, 0);

/// Fewest and most stores.
pub const STORES: std::ops::RangeInclusive<u32> = 10..=20_000;

/// Most staff: the addresses and names laid out here hold a million.
pub const STAFF_MAX: u32 = 1_000_000;

/// The retailer.
#[must_use]
pub fn generate(options: &Options) -> Estate {
    let scale = Scale::of(options);
    let mut build = Build::new(options);
    let network = network::lay_out(&mut build, &scale);
    let directory = directory::groups(&mut build);
    let servers = servers::rack(&mut build, &scale, &network, &directory);
    let stores = sites::open(&mut build, &scale, &network, &directory);
    let people = people::hire(&mut build, &scale, &stores, &network, &directory);
    directory::grant(&mut build, &scale, &network, &servers, &directory);
    servers::service_accounts(&mut build, &scale, &servers, &directory);
    weaknesses::leave(&mut build, &network, &servers, &directory, &people);
    services::run(&mut build, &network, &servers, &stores);
    points::place(&mut build, &network, &servers, &directory);
    build.finish()
}
