//! Samples into medians, medians into the ratios that bind.
//!
//! Takes what the runs showed, gives [`Summary`] a case and [`Ratio`] a goal. A ratio is taken within each repetition,
//! whose runs are neighbours in time; its median counts and its extremes are told. Deliberately absent: means.

use super::{cases::name, load::Sample};

/// What all repetitions of a case showed.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    pub(super) name: &'static str,
    pub(super) samples: Vec<Sample>,
}

impl Summary {
    /// The median of one figure.
    pub(super) fn median(&self, figure: fn(&Sample) -> f64) -> f64 {
        middle(self.samples.iter().map(figure).collect())
    }

    /// The highest rate of all repetitions.
    pub(super) fn best_rate(&self) -> f64 {
        self.samples.iter().map(|sample| sample.rate).fold(0.0, f64::max)
    }
}

/// The middle of some numbers, the mean of the middle two of an even count; 0 of none.
pub(super) fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let half = numbers.len() / 2;
    match numbers.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => numbers[half],
        _ => (numbers[half - 1] + numbers[half]) / 2.0,
    }
}

/// How a figure stands to what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Reached,
    FloorOnly,
    Missed,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::FloorOnly => "floor only",
            Self::Missed => "missed",
        }
    }
}

/// One line of what must be shown.
#[derive(Clone, Debug)]
pub(super) struct Ratio {
    pub(super) name: &'static str,
    pub(super) median: f64,
    pub(super) lowest: f64,
    pub(super) highest: f64,
    pub(super) goal: f64,
    pub(super) floor: f64,
}

impl Ratio {
    /// The ratio of each repetition, and what is wanted of their median.
    pub(super) fn new(name: &'static str, each: &[f64], goal: f64, floor: f64) -> Self {
        Self {
            name,
            median: middle(each.to_vec()),
            lowest: each.iter().copied().fold(f64::INFINITY, f64::min),
            highest: each.iter().copied().fold(0.0, f64::max),
            goal,
            floor,
        }
    }

    /// Whether more is better: a goal above its floor says so.
    pub(super) fn is_more_better(&self) -> bool {
        self.goal > self.floor
    }

    pub(super) fn verdict(&self) -> Verdict {
        let meets = |limit: f64| {
            if self.is_more_better() {
                self.median >= limit
            } else {
                self.median <= limit
            }
        };
        if meets(self.goal) {
            Verdict::Reached
        } else if meets(self.floor) {
            Verdict::FloorOnly
        } else {
            Verdict::Missed
        }
    }
}

/// A ratio of one figure between two cases, with its goal and its floor.
struct Wanted {
    name: &'static str,
    figure: fn(&Sample) -> f64,
    of: &'static str,
    to: &'static str,
    goal: f64,
    floor: f64,
}

const WANTED: [Wanted; 12] = [
    Wanted {
        name: "GraphQL, 50 rows / bare REST",
        figure: |sample| sample.rate,
        of: name::PAGE,
        to: name::FLOOR,
        goal: 1.0,
        floor: 0.8,
    },
    Wanted {
        name: "GraphQL, 5 rows / bare REST",
        figure: |sample| sample.rate,
        of: name::PAGE_5,
        to: name::FLOOR_5,
        goal: 0.95,
        floor: 0.8,
    },
    Wanted {
        name: "GraphQL / PostGraphile 5",
        figure: |sample| sample.rate,
        of: name::PAGE,
        to: name::POSTGRAPHILE,
        goal: 5.0,
        floor: 4.0,
    },
    Wanted {
        name: "50 rows / an earlier build",
        figure: |sample| sample.rate,
        of: name::PAGE,
        to: name::EARLIER,
        goal: 1.1,
        floor: 1.0,
    },
    Wanted {
        name: "50 rows, server CPU / an earlier build",
        figure: |sample| sample.server_cpu_us,
        of: name::PAGE,
        to: name::EARLIER,
        goal: 0.9,
        floor: 1.0,
    },
    Wanted {
        name: "5 rows / an earlier build",
        figure: |sample| sample.rate,
        of: name::PAGE_5,
        to: name::EARLIER_5,
        goal: 1.1,
        floor: 1.0,
    },
    Wanted {
        name: "5 rows, server CPU / an earlier build",
        figure: |sample| sample.server_cpu_us,
        of: name::PAGE_5,
        to: name::EARLIER_5,
        goal: 0.9,
        floor: 1.0,
    },
    Wanted {
        name: "by @include / page",
        figure: |sample| sample.rate,
        of: name::INCLUDE,
        to: name::PAGE,
        goal: 0.95,
        floor: 0.9,
    },
    Wanted {
        name: "page with count / page",
        figure: |sample| sample.rate,
        of: name::COUNT,
        to: name::PAGE,
        goal: 0.75,
        floor: 0.65,
    },
    Wanted {
        name: "three statuses, one rare / no filter",
        figure: |sample| sample.rate,
        of: name::STATUSES,
        to: name::PAGE,
        goal: 0.65,
        floor: 0.5,
    },
    Wanted {
        name: "p99 / bare REST's p99",
        figure: |sample| sample.p99_us,
        of: name::PAGE,
        to: name::FLOOR,
        goal: 1.1,
        floor: 1.5,
    },
    Wanted {
        name: "page at depth / first page, time",
        figure: |sample| sample.p50_us,
        of: name::DEEP,
        to: name::FIRST,
        goal: 1.5,
        floor: 2.0,
    },
];

/// Every ratio whose cases ran, and the gateway's resident memory in MB.
pub(super) fn ratios(summaries: &[Summary], resident_bytes: u64) -> Vec<Ratio> {
    let samples = |name: &str| {
        let found = summaries.iter().find(|summary| summary.name == name);
        found.map_or(&[][..], |summary| summary.samples.as_slice())
    };
    let mut ratios: Vec<Ratio> = WANTED
        .iter()
        .map(|wanted| {
            let pairs = samples(wanted.of).iter().zip(samples(wanted.to));
            let each: Vec<f64> = pairs
                .map(|(of, to)| (wanted.figure)(of) / (wanted.figure)(to))
                .collect();
            (wanted, each)
        })
        .filter(|(_, each)| !each.is_empty())
        .map(|(wanted, each)| Ratio::new(wanted.name, &each, wanted.goal, wanted.floor))
        .collect();
    let page = samples(name::PAGE).iter();
    let cpu: Vec<f64> = page
        .map(|page| page.server_cpu_us / page.database_cpu_us)
        .collect();
    if !cpu.is_empty() {
        ratios.push(Ratio::new("server CPU / database CPU a page", &cpu, 0.8, 1.0));
    }
    let megabytes = resident_bytes as f64 / f64::from(1 << 20);
    ratios.push(Ratio::new(
        "resident memory after the runs, MB",
        &[megabytes],
        32.0,
        64.0,
    ));
    ratios
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(name: &'static str, rates: &[f64]) -> Summary {
        let sample = |rate: &f64| Sample {
            rate: *rate,
            ..Sample::default()
        };
        Summary {
            name,
            samples: rates.iter().map(sample).collect(),
        }
    }

    #[test]
    fn a_ratio_is_taken_within_each_repetition() {
        let summaries = [
            summary(name::PAGE, &[90.0, 200.0, 50.0]),
            summary(name::FLOOR, &[100.0, 250.0, 50.0]),
        ];
        let ratios = ratios(&summaries, 48 << 20);
        let of_rest = &ratios[0];
        assert_eq!((of_rest.lowest, of_rest.median, of_rest.highest), (0.8, 0.9, 1.0));
        assert_eq!(of_rest.verdict(), Verdict::FloorOnly);
        assert!(ratios.iter().all(|ratio| !ratio.name.contains("PostGraphile")));
    }

    #[test]
    fn less_is_better_where_the_goal_lies_below_the_floor() {
        let verdict = |megabytes: u64| ratios(&[], megabytes << 20)[0].verdict();
        assert_eq!(verdict(32), Verdict::Reached);
        assert_eq!(verdict(64), Verdict::FloorOnly);
        assert_eq!(verdict(65), Verdict::Missed);
    }

    #[test]
    fn the_middle_of_an_even_count_is_between_two() {
        assert_eq!(middle(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(middle(vec![]), 0.0);
    }
}
