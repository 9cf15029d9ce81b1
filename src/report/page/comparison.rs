//! The page of a comparison, in the look of the report.

use std::io::{self, Write};

use super::frame::{begin, cards, end, heading};
use super::markup::{Table, escaped};
use super::plot::{NamedBar, below};
use super::section::{Figure, Section};
use crate::report::comparison::{Comparison, System};
use crate::report::exact::{number, ratio};
use crate::report::numerals::{bytes, count, three_digits};

/// Below this, a difference is taken for one that chance seldom makes.
const SIGNIFICANT: f64 = 0.05;

/// Writes the page of a comparison.
///
/// # Errors
/// Those of the writer.
pub fn write_comparison(comparison: &Comparison, out: &mut impl Write) -> io::Result<()> {
    begin(
        &format!("{}: a comparison of systems", comparison.dataset),
        out,
    )?;
    let lead = format!(
        "{} systems on {} documents and {} judged queries; {}",
        comparison.rows.len(),
        count(comparison.documents),
        count(comparison.queries),
        comparison.setup
    );
    heading("A comparison of systems", &comparison.dataset, &lead, out)?;
    writeln!(out, "<main>")?;
    cards(&figures(comparison), out)?;
    writeln!(out, "<div class=\"plots\">")?;
    for section in plots(comparison) {
        section.write(out)?;
    }
    writeln!(out, "</div>")?;
    everything(comparison).write(out)?;
    end(out)
}

/// Returns the systems that are best at something.
fn figures(comparison: &Comparison) -> Vec<(&'static str, String, String)> {
    let best = |value: fn(&System) -> f64| {
        let rows = comparison.rows.iter();
        rows.min_by(|a, b| value(a).total_cmp(&value(b)))
    };
    let mut all = Vec::new();
    if let Some(row) = best(|row| -row.ndcg_10) {
        all.push(("Best nDCG@10", score(row.ndcg_10), row.name.clone()));
    }
    if let Some(row) = best(|row| -row.recall_1000) {
        all.push(("Best R@1000", score(row.recall_1000), row.name.clone()));
    }
    if let Some(row) = best(|row| row.latency_mean) {
        all.push(("Fastest", milliseconds(row.latency_mean), row.name.clone()));
    }
    if let Some(row) = best(|row| number(row.index_bytes)) {
        all.push(("Smallest index", bytes(row.index_bytes), row.name.clone()));
    }
    all
}

fn score(value: f64) -> String {
    format!("{value:.4}")
}

fn milliseconds(value: f64) -> String {
    format!("{} ms", three_digits(value))
}

fn plots(comparison: &Comparison) -> Vec<Section> {
    let rows = &comparison.rows;
    vec![
        bars(
            rows,
            ("effectiveness", "Effectiveness", "nDCG@10"),
            |row| (row.ndcg_10, score(row.ndcg_10)),
            "nDCG@10, the mean over the judged queries. Higher is better.",
        ),
        bars(
            rows,
            ("latency", "Latency", "mean of a query"),
            |row| (row.latency_mean, milliseconds(row.latency_mean)),
            "Mean time of a query, one after the other in one thread. Lower is better.",
        ),
        bars(
            rows,
            ("size", "Size of the index", "index"),
            |row| (number(row.index_bytes), bytes(row.index_bytes)),
            "Bytes of the index's files. Lower is better.",
        ),
        bars(
            rows,
            ("time", "Time to an index", "encoding and indexing"),
            |row| {
                let seconds = row.encoding_seconds.unwrap_or(0.0) + row.indexing_seconds;
                (seconds, format!("{} s", three_digits(seconds)))
            },
            "Encoding of the documents, where there is one, and indexing. Lower is better.",
        ),
    ]
}

/// Draws a bar for each system, the first one, with which the others are compared, in the second color.
fn bars(
    rows: &[System],
    (id, title, column): (&str, &'static str, &'static str),
    value: impl Fn(&System) -> (f64, String),
    caption: &str,
) -> Section {
    let most = rows.iter().map(|row| value(row).0).fold(0.0, f64::max);
    let mut table = Table::new(title, &["system", column]);
    let mut bars = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let (size, shown) = value(row);
        table.row([row.name.clone(), shown.clone()]);
        let length = ratio(size, most);
        bars.push(NamedBar {
            name: row.name.clone(),
            value: shown,
            length,
            second: if at == 0 { length } else { 0.0 },
        });
    }
    let figure = Figure {
        id,
        title,
        canvas: below(&bars),
        caption,
        table: &table,
    };
    Section {
        title,
        body: figure.html(),
        class: "",
    }
}

/// Lists all numbers.
fn everything(comparison: &Comparison) -> Section {
    let columns = [
        "system", "nDCG@10", "p", "R@100", "R@1000", "mean", "95th", "index", "encoding",
        "indexing",
    ];
    let mut table = Table::new(format!("All numbers on {}", comparison.dataset), &columns);
    for row in &comparison.rows {
        let dash = || "–".to_owned();
        let seconds = |value: f64| format!("{} s", three_digits(value));
        table.row([
            row.name.clone(),
            score(row.ndcg_10),
            row.p_value.map_or_else(dash, probability),
            score(row.recall_100),
            score(row.recall_1000),
            milliseconds(row.latency_mean),
            milliseconds(row.latency_p95),
            bytes(row.index_bytes),
            row.encoding_seconds.map_or_else(dash, seconds),
            seconds(row.indexing_seconds),
        ]);
    }
    Section {
        title: "All numbers",
        body: format!("{}{}", table.html(), notes(comparison)),
        class: "wide",
    }
}

/// Writes a probability, with a star where it is small.
fn probability(p: f64) -> String {
    let star = if p < SIGNIFICANT { "*" } else { "" };
    format!("{p:.4}{star}")
}

fn notes(comparison: &Comparison) -> String {
    let first = comparison.rows.first().map_or("", |row| row.name.as_str());
    format!(
        "<h3>How to read it</h3>\n<p>p is the probability that chance alone makes a difference in nDCG@10 to {} as large as \
         this one: a paired randomization test over the queries, on both sides. A star marks those below {SIGNIFICANT}. It says \
         nothing about how large the difference is, and with several systems some difference is below by chance.</p>\n<p>mean and \
         95th are the time of a query; encoding is the time for all documents, once for each setting of the encoder, and indexing \
         the time from weights to an index.</p>\n",
        escaped(first)
    )
}
