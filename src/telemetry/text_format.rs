//! Prometheus' text format 0.0.4, which is older than OpenMetrics and is what most readers take.
//!
//! Takes OpenMetrics text, gives the same samples. The samples look alike in both; what differs is what is said of them: a
//! counter is named with its `_total` throughout, there are no units, and the end has no mark.
//!
//! Source: Prometheus, "Exposition formats", text-based format; OpenMetrics 1.0, "Text format".

/// Writes OpenMetrics text as text format 0.0.4.
#[must_use]
pub fn from_openmetrics(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    // The help stands before the type, which decides how the help names the metric.
    let mut help = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some((_, help)) = help.take().filter(|(described, _)| *described == name) {
                written.push_str(&format!("# HELP {name}{suffix} {help}\n"));
            }
            let kind = if kind == "unknown" { "untyped" } else { kind };
            written.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
        } else if !line.starts_with("# ") {
            written.push_str(line);
            written.push('\n');
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_stay_and_counters_are_named_in_full() {
        let openmetrics = "\
            # HELP a_requests Requests.\n\
            # TYPE a_requests counter\n\
            a_requests_total{kind=\"q # HELP\",code=\"ok\"} 1\n\
            # HELP a_stage_seconds Time.\n\
            # TYPE a_stage_seconds histogram\n\
            # UNIT a_stage_seconds seconds\n\
            a_stage_seconds_sum{stage=\"x\"} 0.003\n\
            a_stage_seconds_count{stage=\"x\"} 1\n\
            a_stage_seconds_bucket{le=\"+Inf\",stage=\"x\"} 1\n\
            # HELP a_ready Ready.\n\
            # TYPE a_ready gauge\n\
            a_ready 1\n\
            # TYPE a_other unknown\n\
            a_other 2\n\
            # EOF\n";
        let expected = "\
            # HELP a_requests_total Requests.\n\
            # TYPE a_requests_total counter\n\
            a_requests_total{kind=\"q # HELP\",code=\"ok\"} 1\n\
            # HELP a_stage_seconds Time.\n\
            # TYPE a_stage_seconds histogram\n\
            a_stage_seconds_sum{stage=\"x\"} 0.003\n\
            a_stage_seconds_count{stage=\"x\"} 1\n\
            a_stage_seconds_bucket{le=\"+Inf\",stage=\"x\"} 1\n\
            # HELP a_ready Ready.\n\
            # TYPE a_ready gauge\n\
            a_ready 1\n\
            # TYPE a_other untyped\n\
            a_other 2\n";
        assert_eq!(from_openmetrics(openmetrics), expected);
    }
}
