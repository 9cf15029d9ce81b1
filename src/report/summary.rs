//! The report on a terminal.

use std::fmt::Write;

use super::expansion::Expansion;
use super::measure::{NoExpansion, Report};
use super::numerals::{bytes, count, percent, three_digits, value};
use crate::quote::Name;

/// Terms that are listed.
const TERMS: usize = 10;

/// Returns the numbers as lines of text.
#[must_use]
pub fn summary(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let mut line = |name: &str, content: String| {
        let _ = writeln!(text, "{name:<12} {content}");
    };
    line(
        "documents",
        format!(
            "{}, {} of them empty",
            count(report.documents),
            count(report.empty)
        ),
    );
    line(
        "postings",
        format!(
            "{}, {} a document (median {}, most {})",
            count(report.postings),
            three_digits(report.terms_per_document()),
            value(report.lengths.quantile(0.5), true),
            value(report.lengths.largest(), true),
        ),
    );
    line("terms", terms(report));
    line(numbers(report), weights(report));
    line("expansion", expansion(report.expansion.as_ref()));
    for row in &report.memory {
        line(
            "memory",
            format!(
                "{:>8}  {:>8}  {}",
                bytes(row.bytes),
                percent(row.share),
                row.name
            ),
        );
    }
    steps(report, &mut line);
    text
}

/// Returns what the collection's numbers are called.
pub(super) fn numbers(report: &Report) -> &'static str {
    if report.holds_impacts() {
        "impacts"
    } else {
        "weights"
    }
}

fn terms(report: &Report) -> String {
    let most: Vec<String> = report
        .terms
        .iter()
        .take(TERMS)
        .map(|row| Name(&row.term).to_string())
        .collect();
    let of = if report.vocabulary_counted {
        String::new()
    } else {
        format!(" of {}", count(report.vocabulary as u64))
    };
    format!(
        "{}{of} occur; most often: {}",
        count(report.terms.len() as u64),
        most.join(" ")
    )
}

fn weights(report: &Report) -> String {
    let whole = report.holds_impacts();
    let at = |share| value(report.weights.quantile(share), whole);
    format!(
        "from {} to {}, median {}, 9 of 10 up to {}; sum {}",
        value(report.weights.smallest(), whole),
        value(report.weights.largest(), whole),
        at(0.5),
        at(0.9),
        three_digits(report.weight),
    )
}

fn expansion(expansion: Result<&Expansion, &NoExpansion>) -> String {
    match expansion {
        Ok(expansion) => format!(
            "{} of the terms are not in the texts, with {} of the weight",
            percent(expansion.share_of_postings),
            percent(expansion.share_of_weight),
        ),
        Err(reason) => reason.explained().to_owned(),
    }
}

impl NoExpansion {
    /// Returns a sentence for readers.
    #[must_use]
    pub fn explained(self) -> &'static str {
        match self {
            Self::NoModel => {
                "unknown: no model was named whose tokenizer could cut the texts into terms"
            }
            Self::NoTexts => "unknown: the texts were not kept in the collection",
        }
    }
}

fn steps(report: &Report, line: &mut impl FnMut(&str, String)) {
    let about = if report.holds_impacts() { "about " } else { "" };
    for row in &report.steps {
        line(
            "requantized",
            format!(
                "{}: {about}{} postings, impacts of {about}{} in all, {} of the first 10 stay",
                row.setting.name,
                count(row.postings),
                count(row.impact_sum),
                percent(row.ranking.kept),
            ),
        );
    }
}
