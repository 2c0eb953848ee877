//! Numbers that look like chance, the same in every run, so that a failure comes again.

/// Pseudo-random numbers of a seed.
///
/// **Source**: xorshift64*, by Marsaglia (2003) and Vigna (2014).
pub(crate) struct Chance(u64);

impl Chance {
    /// The numbers of a seed that is not 0.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 0 to `end`, without it.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        mixed as usize % end
    }

    /// True once in so many times.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of several.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
