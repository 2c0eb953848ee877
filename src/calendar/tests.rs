//! Days, weeks, months and hours of zones whose clocks do all that clocks have done.

use super::*;

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

fn bucket(zone: &str, unit: Unit, instant: &str) -> [String; 2] {
    let bucket = Zone::named(zone).unwrap().bucket(at(instant), unit);
    [bucket.start, bucket.end].map(|micros| Timestamp::from_microsecond(micros).unwrap().to_string())
}

#[test]
fn days_weeks_and_months_begin_at_their_first_instant() {
    for (zone, unit, instant, start, end) in [
        (
            "UTC",
            Unit::Day,
            "2026-05-01T12:00:00Z",
            "2026-05-01T00:00:00Z",
            "2026-05-02T00:00:00Z",
        ),
        // 23 and 25 hours.
        (
            "Europe/Berlin",
            Unit::Day,
            "2026-03-29T12:00:00Z",
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
        ),
        (
            "Europe/Berlin",
            Unit::Day,
            "2026-10-25T12:00:00Z",
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z",
        ),
        // 24 hours and a half.
        (
            "Australia/Lord_Howe",
            Unit::Day,
            "2026-04-05T00:00:00Z",
            "2026-04-04T13:00:00Z",
            "2026-04-05T13:30:00Z",
        ),
        // A clock that goes back from one to midnight shows two, and the second is no new day.
        (
            "America/Havana",
            Unit::Day,
            "2023-11-05T05:30:00Z",
            "2023-11-05T04:00:00Z",
            "2023-11-06T05:00:00Z",
        ),
        // The clock leaps over midnight.
        (
            "America/Santiago",
            Unit::Day,
            "2026-09-06T12:00:00Z",
            "2026-09-06T04:00:00Z",
            "2026-09-07T03:00:00Z",
        ),
        // From half past eleven to half past midnight.
        (
            "America/Toronto",
            Unit::Day,
            "1919-03-31T12:00:00Z",
            "1919-03-31T04:30:00Z",
            "1919-04-01T04:00:00Z",
        ),
        // 2011-12-30 is no day there: the day before it ends where the one after it begins.
        (
            "Pacific/Apia",
            Unit::Day,
            "2011-12-30T09:59:59Z",
            "2011-12-29T10:00:00Z",
            "2011-12-30T10:00:00Z",
        ),
        (
            "Pacific/Apia",
            Unit::Day,
            "2011-12-30T10:00:00Z",
            "2011-12-30T10:00:00Z",
            "2011-12-31T10:00:00Z",
        ),
        (
            "Europe/Berlin",
            Unit::Week,
            "2026-10-25T22:59:59Z",
            "2026-10-18T22:00:00Z",
            "2026-10-25T23:00:00Z",
        ),
        (
            "Asia/Kolkata",
            Unit::Month,
            "2026-01-31T18:29:59Z",
            "2025-12-31T18:30:00Z",
            "2026-01-31T18:30:00Z",
        ),
        (
            "utc",
            Unit::Month,
            "0001-01-15T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "0001-02-01T00:00:00Z",
        ),
    ] {
        assert_eq!(
            bucket(zone, unit, instant),
            [start, end],
            "{zone} {unit:?} {instant}"
        );
    }
}

#[test]
fn hours_begin_where_the_wall_shows_one() {
    for (zone, instant, start, end) in [
        (
            "Asia/Kathmandu",
            "2026-05-01T12:20:00Z",
            "2026-05-01T12:15:00Z",
            "2026-05-01T13:15:00Z",
        ),
        // Two hours that the wall shows as one o'clock.
        (
            "America/New_York",
            "2026-11-01T05:30:00Z",
            "2026-11-01T05:00:00Z",
            "2026-11-01T06:00:00Z",
        ),
        (
            "America/New_York",
            "2026-11-01T06:30:00Z",
            "2026-11-01T06:00:00Z",
            "2026-11-01T07:00:00Z",
        ),
        (
            "America/New_York",
            "2026-03-08T07:30:00Z",
            "2026-03-08T07:00:00Z",
            "2026-03-08T08:00:00Z",
        ),
        // An hour and a half; and the half of an hour that is left of one.
        (
            "Australia/Lord_Howe",
            "2026-04-04T14:10:00Z",
            "2026-04-04T14:00:00Z",
            "2026-04-04T15:30:00Z",
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-04T15:10:00Z",
            "2026-04-04T14:00:00Z",
            "2026-04-04T15:30:00Z",
        ),
        (
            "Australia/Lord_Howe",
            "2026-10-03T15:40:00Z",
            "2026-10-03T15:30:00Z",
            "2026-10-03T16:00:00Z",
        ),
    ] {
        assert_eq!(
            bucket(zone, Unit::Hour, instant),
            [start, end],
            "{zone} {instant}"
        );
    }
}

#[test]
fn buckets_follow_each_other_without_gap_and_overlap() {
    let zones = [
        "UTC",
        "Europe/Berlin",
        "America/Havana",
        "Pacific/Apia",
        "Australia/Lord_Howe",
        "Africa/Monrovia",
        "America/Toronto",
        "America/Santiago",
        "Atlantic/Azores",
        "Asia/Manila",
        "Africa/Casablanca",
    ];
    for name in zones {
        let zone = Zone::named(name).unwrap();
        for (unit, from, until) in [
            (Unit::Day, "1890-01-01T00:00:00Z", "2040-01-01T00:00:00Z"),
            (Unit::Week, "1890-01-01T00:00:00Z", "2040-01-01T00:00:00Z"),
            (Unit::Month, "1890-01-01T00:00:00Z", "2100-01-01T00:00:00Z"),
            (Unit::Hour, "2009-01-01T00:00:00Z", "2012-01-01T00:00:00Z"),
        ] {
            let mut bucket = zone.bucket(at(from), unit);
            while bucket.end < at(until) {
                assert!(bucket.start < bucket.end, "{name} {bucket:?}");
                for inside in [bucket.start, (bucket.start + bucket.end) / 2, bucket.end - 1] {
                    assert_eq!(zone.bucket(inside, unit), bucket, "{name} {unit:?} {inside}");
                }
                let next = zone.bucket(bucket.end, unit);
                assert_eq!(next.start, bucket.end, "{name} {unit:?}");
                bucket = next;
            }
        }
    }
}

#[test]
fn the_last_instants_have_buckets() {
    let most = Instant::MAX.micros();
    for name in ["UTC", "Pacific/Kiritimati", "Pacific/Niue", "Europe/Berlin"] {
        for unit in [Unit::Hour, Unit::Day, Unit::Week, Unit::Month] {
            for (micros, zone) in [(most, name), (Instant::MIN.micros(), name)] {
                let bucket = Zone::named(zone).unwrap().bucket(micros, unit);
                assert!(
                    bucket.start <= micros && micros <= bucket.end,
                    "{zone} {unit:?} {bucket:?}"
                );
            }
        }
    }
}

#[test]
fn what_is_no_zone_is_none() {
    for name in [
        "",
        "Factory",
        "etc/unknown",
        "localtime",
        "posixrules",
        "Nowhere/Land",
        "+01:00",
        "EST5EDT,M3.2.0,M11.1.0",
    ] {
        assert!(Zone::named(name).is_none(), "{name}");
    }
    for name in [
        "UTC",
        "europe/berlin",
        "Europe/Kiev",
        "Asia/Calcutta",
        "Etc/GMT+5",
    ] {
        assert!(Zone::named(name).is_some(), "{name}");
    }
}
