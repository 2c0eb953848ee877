//! Numbers that look like chance and are the same for the same seed, on every machine and in every version.
//!
//! Integer arithmetic only. Deliberately absent: secrets; these numbers are no secret to anyone who saw a few.

/// Pseudo-random numbers, always the same for one seed.
///
/// Source: SplitMix64, by Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `end`, without it; 0 where `end` is not positive.
    pub(super) fn below(&mut self, end: i64) -> i64 {
        let wide = u128::from(self.next()) * u128::from(end.max(0).unsigned_abs());
        (wide >> 64) as i64
    }

    /// 0 to 1, without it.
    pub fn part(&mut self) -> f64 {
        self.below(1 << 32) as f64 / (1_u64 << 32) as f64
    }

    /// True so many times in 1000.
    pub(super) fn chance(&mut self, per_mille: i64) -> bool {
        self.below(1_000) < per_mille
    }

    pub(super) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = self.below(from.len() as i64) as usize;
        from.get(at).copied().unwrap_or_default()
    }

    /// Roughly log-normal around `2^middle`, some 2^±4 for most: a sum of four draws is the exponent.
    pub(super) fn around_power(&mut self, middle: i64) -> i64 {
        // The exponent in 65536ths; 2^x is a straight line between whole x.
        let draws: i64 = (0..4).map(|_| self.below(3 << 16)).sum();
        let exponent = (middle << 16) + draws - (6 << 16);
        (65_536 + (exponent & 0xffff)) << (exponent >> 16).clamp(0, 40) >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        let mut random = Random::new(0);
        assert_eq!(
            (random.next(), random.next()),
            (0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4)
        );
    }

    #[test]
    fn draws_stay_below_their_end() {
        let mut random = Random::new(4);
        assert!((0..1_000).all(|_| (0..7).contains(&random.below(7))));
        assert_eq!((random.below(0), random.below(-5), random.pick(&[])), (0, 0, ""));
        assert!((0..1_000).all(|_| random.around_power(16).ilog2().abs_diff(16) <= 6));
    }
}
