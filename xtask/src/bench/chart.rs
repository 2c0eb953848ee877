//! Bars, drawn as SVG.
//!
//! Takes labelled numbers, gives a document that stands alone, legible on a light and on a dark page. Deliberately
//! absent: axes and scales; each bar carries its number.

use std::fmt::Write as _;

/// A labelled bar of one or more parts, from left to right.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) parts: Vec<f64>,
}

const LABEL_WIDTH: f64 = 290.0;
const BARS_WIDTH: f64 = 420.0;
const WIDTH: f64 = 820.0;
const ROW: f64 = 26.0;
const TOP: f64 = 58.0;
/// Blue, orange: apart for every kind of colour vision, and on white and black.
const COLOURS: [&str; 2] = ["#3b82c4", "#d9822b"];

/// A chart of bars; `legend` names the parts.
pub(super) fn bars(title: &str, legend: &[&str], bars: &[Bar]) -> String {
    let longest = bars
        .iter()
        .map(|bar| bar.parts.iter().sum())
        .fold(0.0, f64::max)
        .max(1e-9);
    let height = TOP + ROW * bars.len() as f64 + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\">\n\
         <title>{0}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"12\" y=\"22\" font-size=\"15\" font-weight=\"600\" fill=\"#1c2733\">{0}</text>\n",
        escape(title)
    );
    let mut x = 12.0;
    for (name, colour) in legend.iter().zip(COLOURS) {
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"33\" width=\"11\" height=\"11\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"43\" fill=\"#44515e\">{}</text>",
            x + 16.0,
            escape(name)
        );
        x += 36.0 + 8.0 * name.len() as f64;
    }
    for (index, bar) in bars.iter().enumerate() {
        let y = TOP + ROW * index as f64;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#1c2733\">{}</text>",
            LABEL_WIDTH - 8.0,
            y + 14.0,
            escape(&bar.label)
        );
        let mut x = LABEL_WIDTH;
        for (part, colour) in bar.parts.iter().zip(COLOURS) {
            let width = part / longest * BARS_WIDTH;
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"19\" fill=\"{colour}\"/>"
            );
            x += width;
        }
        let numbers: Vec<String> = bar.parts.iter().map(|part| number(*part)).collect();
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" fill=\"#44515e\">{}</text>",
            x + 6.0,
            y + 14.0,
            numbers.join(" + ")
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Three digits at least, a comma a thousand.
pub(super) fn number(value: f64) -> String {
    if value < 9.995 {
        return format!("{value:.2}");
    }
    if value < 99.95 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_comma_a_thousand() {
        for (value, text) in [
            (0.5, "0.50"),
            (9.999, "10.0"),
            (123.4, "123"),
            (999.6, "1,000"),
            (1_234_567.0, "1,234,567"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn the_longest_bar_fills_the_chart_and_labels_are_escaped() {
        let bar = |label: &str, parts: &[f64]| Bar {
            label: label.to_owned(),
            parts: parts.to_vec(),
        };
        let svg = bars(
            "a < b",
            &["one", "two"],
            &[bar("x & y", &[30.0, 10.0]), bar("z", &[20.0])],
        );
        assert!(svg.contains("x &amp; y") && svg.contains("a &lt; b"));
        assert!(
            svg.contains("width=\"315.0\"")
                && svg.contains("width=\"105.0\"")
                && svg.contains("width=\"210.0\"")
        );
    }
}
