//! The devices that make the solver fast, each of which can be left out to see what it is worth.
//!
//! None of them changes what is optimal, only how soon it is found and proven; `tests/devices.rs` holds every combination of them
//! against trying everything, and `benches/devices.rs` measures each. Nobody else should leave one out.

/// One device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Device {
    /// The kernel: only what is reached, matters and can be cut is chained over, not the whole graph.
    Kernel,
    /// Derivations on the fewest facts that can be cut are found first, so that rows are short.
    Lightest,
    /// A round looks for many derivations that share no column, not for those under the choice alone.
    Disjoint,
    /// Targets that no known derivation tells apart share one loss.
    Classes,
    /// A choice that cuts everything known, less what is needless, is the first plan: before any master finds one.
    Cover,
    /// A master starts from the best choice so far.
    Start,
    /// A master is told the bound that earlier ones proved.
    Carried,
    /// Columns that another one beats in every way are left out.
    Beaten,
    /// Rows that contain another one are left out.
    Contained,
    /// Branches are bounded by dual ascent, not by what is paid so far alone.
    Bound,
    /// That bound charges a service once for all columns that take it down.
    Shared,
    /// What that bound charges in full, less what is needless, is offered as the first choice.
    Charged,
    /// Columns that would cost more than the best choice are ruled out.
    Fixing,
    /// Where that leaves a gap at the root, the linear relaxation bounds it too.
    Linear,
    /// Derivations of what must be kept are made irreducible before they become rows.
    Minimal,
    /// What the search does not finish is made small and searched again, and left to the integer program if that does not do either.
    Integer,
}

impl Device {
    /// All of them, in the order in which they come to work.
    pub const ALL: [Self; 16] = [
        Self::Kernel,
        Self::Lightest,
        Self::Disjoint,
        Self::Classes,
        Self::Cover,
        Self::Start,
        Self::Carried,
        Self::Beaten,
        Self::Contained,
        Self::Bound,
        Self::Shared,
        Self::Charged,
        Self::Fixing,
        Self::Linear,
        Self::Minimal,
        Self::Integer,
    ];

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Which devices are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Devices(u16);

impl Devices {
    /// Every device.
    pub const ALL: Self = Self(u16::MAX);

    /// Those that are worth their time.
    pub const USED: Self = Self::ALL.without(Device::Linear).without(Device::Minimal);

    /// The devices whose place in [`Device::ALL`] is a bit set in a number.
    #[must_use]
    pub const fn of_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The number that [`Self::of_bits`] takes.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The same with one more.
    #[must_use]
    pub const fn with(self, device: Device) -> Self {
        Self(self.0 | device.bit())
    }

    /// The others without one.
    #[must_use]
    pub const fn without(self, device: Device) -> Self {
        Self(self.0 & !device.bit())
    }

    /// True if one is used.
    #[must_use]
    pub const fn has(self, device: Device) -> bool {
        self.0 & device.bit() != 0
    }
}

impl Default for Devices {
    /// Those that are used.
    fn default() -> Self {
        Self::USED
    }
}

#[cfg(test)]
mod tests {
    use super::{Device, Devices};

    #[test]
    fn a_device_left_out_is_the_only_one_that_is() {
        for (place, one) in Device::ALL.into_iter().enumerate() {
            let left = Devices::ALL.without(one);
            assert!(Device::ALL.iter().all(|&other| left.has(other) == (other != one)));
            assert!(Devices::of_bits(1 << place).has(one));
        }
    }
}
