//! The report: tables in Markdown, charts beside them.
//!
//! Takes figures, gives files under one folder. Deliberately absent: judgement beyond the verdicts on the ratios.

use std::{fmt::Write as _, fs, path::Path};

use super::{
    chart::{Bar, bars, number},
    figures::{Ratio, Summary, middle},
    find::Found,
    hostile::Siege,
    load::Sample,
    shapes::Shape,
};
use crate::machine;

/// Everything that a run showed.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) settings: String,
    pub(super) summaries: &'a [Summary],
    pub(super) ratios: &'a [Ratio],
    /// Resident memory of each server after the runs. **Unit**: bytes.
    pub(super) memory: &'a [(&'static str, u64)],
    pub(super) sieges: &'a [Siege],
    pub(super) shapes: &'a [Shape],
    pub(super) found: &'a Found,
}

/// Writes `report.md` and its charts; gives the report's text.
///
/// # Errors
///
/// A file that can't be written.
pub(super) fn write(folder: &Path, report: &Report<'_>) -> Result<String, String> {
    let save = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    let rates = report.summaries.iter().map(|summary| Bar {
        label: summary.name.to_owned(),
        parts: vec![summary.median(|sample| sample.rate)],
    });
    let rates: Vec<Bar> = rates.collect();
    save("throughput.svg", &bars("Answers a second, median", &[], &rates))?;
    let costs = report.summaries.iter().map(|summary| Bar {
        label: summary.name.to_owned(),
        parts: vec![
            summary.median(|sample| sample.server_cpu_us),
            summary.median(|sample| sample.database_cpu_us),
        ],
    });
    let costs: Vec<Bar> = costs.collect();
    let title = "Processor time an answer, µs, median";
    save("processor.svg", &bars(title, &["server", "database"], &costs))?;
    let text = markdown(report);
    save("report.md", &text)?;
    Ok(text)
}

fn markdown(report: &Report<'_>) -> String {
    let mut text = format!(
        "# Benchmark\n\n{} (32 connections of our own count in it).\n\n{}\n\n",
        machine::machine(),
        report.settings
    );
    text.push_str(
        "## Ratios\n\n| what | median | lowest - highest | goal | floor | |\n|---|---|---|---|---|---|\n",
    );
    for ratio in report.ratios {
        let sign = if ratio.is_more_better() { ">=" } else { "<=" };
        let _ = writeln!(
            text,
            "| {} | {:.2} | {:.2} - {:.2} | {sign} {} | {sign} {} | {} |",
            ratio.name,
            ratio.median,
            ratio.lowest,
            ratio.highest,
            ratio.goal,
            ratio.floor,
            ratio.verdict().word()
        );
    }
    if !report.summaries.is_empty() {
        text.push_str(&cases(report));
    }
    if !report.sieges.is_empty() {
        text.push_str(&sieges(report.sieges));
    }
    if !report.shapes.is_empty() {
        text.push_str(&shapes(report.shapes));
    }
    if !report.found.lines.is_empty() {
        text.push_str(&found(report.found));
    }
    text
}

fn found(found: &Found) -> String {
    let mut text = String::from(
        "\n## Finding\n\nMilliseconds over one connection, medians of all repetitions: the very first time, the first page, all \
         partial pages of a search; beside them the plain statement (`ILIKE`, `NOT IN`, `GROUP BY`) at PostgreSQL. Buffers are those \
         of all statements of the first page that ran to their end.\n\n\
         | where | what | rows | very first | first page | whole | pages | plain | statements | buffers |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    let ms = |each: &[f64]| match each {
        [] => "-".to_owned(),
        each => format!("{:.2}", middle(each.to_vec())),
    };
    let count = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
    for line in &found.lines {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.2} | {} | {} | {} | {} | {} | {} |",
            line.place,
            line.name,
            line.rows,
            line.cold_ms,
            ms(&line.first_ms),
            ms(&line.whole_ms),
            line.pages.max(1),
            ms(&line.plain_ms),
            count(line.cost.map(|cost| cost.statements.into())),
            count(line.cost.map(|cost| cost.buffers)),
        );
    }
    text.push_str("\n| index | MB |\n|---|---|\n");
    for (name, bytes) in &found.indexes {
        let _ = writeln!(text, "| {name} | {:.1} |", *bytes as f64 / f64::from(1 << 20));
    }
    text.push_str("\n| stored by | records/s, median |\n|---|---|\n");
    for (name, rate) in &found.loads {
        let _ = writeln!(text, "| {name} | {} |", number(*rate));
    }
    text
}

fn cases(report: &Report<'_>) -> String {
    let mut text = String::new();
    text.push_str(
        "\n## Cases\n\n![Answers a second](throughput.svg)\n\n![Processor time](processor.svg)\n\n\
         | case | answers/s, median | best | server CPU, µs | database CPU, µs | p50, ms | p99, ms | bytes |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for summary in report.summaries {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {:.2} | {:.2} | {} |",
            summary.name,
            number(summary.median(|sample| sample.rate)),
            number(summary.best_rate()),
            number(summary.median(|sample| sample.server_cpu_us)),
            number(summary.median(|sample| sample.database_cpu_us)),
            summary.median(|sample| sample.p50_us) / 1e3,
            summary.median(|sample| sample.p99_us) / 1e3,
            number(summary.median(|sample| sample.bytes)),
        );
    }
    text.push_str("\n## Memory\n\n| server | resident after the runs, MB |\n|---|---|\n");
    for (name, bytes) in report.memory {
        let _ = writeln!(text, "| {name} | {:.1} |", *bytes as f64 / f64::from(1 << 20));
    }
    text
}

fn sieges(sieges: &[Siege]) -> String {
    let mut text = String::from(
        "\n## Beside hostile clients\n\nGood clients alone, and beside hostile ones that share the machine with them; \
         medians of all repetitions. The good clients of the first case ask for pages of 50 over 8 connections without a \
         pause; those of the second are ten accounts that ask for pages of 5 over 8 connections, 10 ms apart, while one \
         account asks for 1,000 pages of 100 a second: a hundred times what the default rate limit gives it.\n\n\
         | hostile | answers/s alone | beside | p50 alone, ms | beside | p99 alone, ms | beside | what became of the hostile |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let median =
        |samples: &[Sample], figure: fn(&Sample) -> f64| middle(samples.iter().map(figure).collect());
    for siege in sieges {
        let (alone, beside) = (&siege.alone, &siege.beside);
        let ms = |samples: &[Sample], figure: fn(&Sample) -> f64| median(samples, figure) / 1e3;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {} |",
            siege.name,
            number(median(alone, |sample| sample.rate)),
            number(median(beside, |sample| sample.rate)),
            ms(alone, |sample| sample.p50_us),
            ms(beside, |sample| sample.p50_us),
            ms(alone, |sample| sample.p99_us),
            ms(beside, |sample| sample.p99_us),
            siege.tally,
        );
    }
    text
}

fn shapes(shapes: &[Shape]) -> String {
    let mut text = String::from(
        "\n## Shapes\n\nBuffers touched and time in the database, all statements of one request after its warm-up, \
         by plans made for the values and by generic ones. The bound holds for the sorts by id, creation and change, \
         with any statuses and a range on the sort's own column: page + 1, 8 a status, 10; with a count 500 and 25 \
         more.\n\n\
         | question | statements | buffers, custom | ms | buffers, generic | ms | bound | |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for shape in shapes {
        let (bound, held) = match shape.bound {
            Some(bound) => (bound.to_string(), if shape.holds() { "held" } else { "exceeded" }),
            None => ("-".to_owned(), ""),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.2} | {} | {:.2} | {bound} | {held} |",
            shape.name,
            shape.custom.statements,
            number(shape.custom.buffers as f64)
                .trim_end_matches(".0")
                .trim_end_matches(".00"),
            shape.custom.ms,
            number(shape.generic.buffers as f64)
                .trim_end_matches(".0")
                .trim_end_matches(".00"),
            shape.generic.ms,
        );
    }
    text
}
