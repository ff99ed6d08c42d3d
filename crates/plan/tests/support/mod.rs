//! Random numbers for tests: the same everywhere, from a seed.

/// A xorshift generator.
#[allow(dead_code, reason = "a test whose instances shrink draws from elsewhere")]
pub(crate) struct Chance(u64);

#[allow(dead_code, reason = "a test whose instances shrink draws from elsewhere")]
impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Another generator that follows from this one, which is left as it is.
    #[allow(dead_code, reason = "not every test needs one")]
    pub(crate) const fn apart(&self) -> Self {
        Self(self.0.wrapping_mul(0xD6E8_FEB8_6659_FD93) | 1)
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 33) % u64::from(bound.max(1))) as u32
    }
}

/// How many random instances to try: as many as `CORDON_INSTANCES` says if that is more than usual.
#[allow(dead_code, reason = "not every test tries random instances")]
pub(crate) fn instances(usual: u64) -> u64 {
    let wanted = std::env::var("CORDON_INSTANCES")
        .ok()
        .and_then(|number| number.parse().ok());
    wanted.unwrap_or(0).max(usual)
}
