//! How often an address may present a key that opens nothing.
//!
//! Asked only after a key has failed, so a good key is never refused here, whoever shares its address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use http_server::client_group;

use super::Limited;
use super::leaky_bucket::{LeakyBuckets, Rate, seconds_up};

/// The failures of all addresses. An IPv6 address counts as its /64.
pub struct FailedKeys(Option<LeakyBuckets<IpAddr>>);

/// Addresses with recent failures, at once.
const MAX_ADDRESSES: usize = 10_000;

impl FailedKeys {
    /// Allows so many failures a minute and address; without the number, any.
    pub fn new(per_minute: Option<NonZeroU32>) -> Self {
        Self(per_minute.map(|points| {
            let rate = Rate {
                points,
                period: Duration::from_secs(60),
                burst_points: u64::from(points.get()),
                debt_points: 0,
            };
            LeakyBuckets::new(rate, MAX_ADDRESSES)
        }))
    }

    /// Counts a failed key.
    ///
    /// # Errors
    ///
    /// [`Limited`] where the address has had its share: this failure is answered with that, and not
    /// counted.
    pub fn record(&self, address: IpAddr, now: Instant) -> Result<(), Limited> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        let key = client_group(address);
        let standing = buckets.standing(key, now);
        if standing.remaining_points == 0 {
            return Err(Limited {
                retry_after_s: seconds_up(standing.until_one).max(1),
            });
        }
        buckets.charge(key, 1, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn twenty() -> FailedKeys {
        FailedKeys::new(NonZeroU32::new(20))
    }

    #[test]
    fn the_twenty_first_failure_within_a_minute_is_limited() {
        let now = Instant::now();
        let failed = twenty();
        for _ in 0..20 {
            assert_eq!(failed.record(ip("192.0.2.1"), now), Ok(()));
        }
        for _ in 0..100 {
            assert_eq!(
                failed.record(ip("192.0.2.1"), now),
                Err(Limited { retry_after_s: 3 })
            );
        }
        assert_eq!(
            failed.record(ip("192.0.2.1"), now + Duration::from_secs(3)),
            Ok(())
        );
        assert_eq!(
            failed.record(ip("192.0.2.1"), now + Duration::from_secs(4)),
            Err(Limited { retry_after_s: 2 })
        );
    }

    #[test]
    fn addresses_are_counted_apart_and_ipv6_by_its_network() {
        let now = Instant::now();
        let failed = twenty();
        for host in 0..20 {
            assert_eq!(failed.record(ip(&format!("2001:db8::{host:x}")), now), Ok(()));
        }
        assert!(failed.record(ip("2001:db8::ffff"), now).is_err());
        assert_eq!(failed.record(ip("2001:db8:0:1::1"), now), Ok(()));
        assert_eq!(failed.record(ip("192.0.2.1"), now), Ok(()));
    }

    #[test]
    fn switched_off_nothing_is_limited() {
        let failed = FailedKeys::new(None);
        for _ in 0..100 {
            assert_eq!(failed.record(ip("192.0.2.1"), Instant::now()), Ok(()));
        }
    }
}
