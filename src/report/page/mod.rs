//! The report as one HTML file: no script, no font and no picture from elsewhere, the same bytes for the same numbers.

mod canvas;
mod comparison;
mod frame;
mod markup;
mod plot;
mod section;
mod sections;
mod steps;

use std::io::{self, Write};

use super::measure::Report;
use super::numerals::{bytes, count, percent, three_digits};
pub use comparison::write_comparison;
use frame::{begin, cards, end, heading};

/// Writes the page of a collection.
///
/// # Errors
/// Those of the writer.
pub fn write_page(report: &Report, out: &mut impl Write) -> io::Result<()> {
    begin(&format!("{}: what is in the collection", report.name), out)?;
    header(report, out)?;
    writeln!(out, "<main>")?;
    figures(report, out)?;
    writeln!(out, "<div class=\"plots\">")?;
    for section in sections::all(report) {
        section.write(out)?;
    }
    writeln!(out, "</div>")?;
    if let Some(section) = steps::section(report) {
        section.write(out)?;
    }
    end(out)
}

fn header(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let facts = &report.facts;
    let kind = if report.holds_impacts() {
        "integer impacts"
    } else {
        "float weights"
    };
    let mut lead = format!("{} documents with {kind}", count(report.documents));
    if let (Some(architecture), Some(aggregation), Some(length)) =
        (&facts.architecture, &facts.aggregation, facts.max_length)
    {
        lead += &format!(
            ", encoded by a {architecture} model ({aggregation} over at most {} tokens{})",
            count(length as u64),
            if facts.windows { ", in windows" } else { "" }
        );
    }
    if let Some(tool) = &facts.tool {
        lead += &format!(" with {tool}");
    }
    heading("What is in the collection", &report.name, &lead, out)
}

/// Writes the figures that say most.
fn figures(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let dense = report.memory.iter().find(|row| row.name == "dense fp32");
    let values = report.memory.first();
    let truncated = report.facts.truncated.map_or(String::new(), |truncated| {
        format!(", {} cut at the limit", count(truncated))
    });
    let mut all = vec![
        (
            "Documents",
            count(report.documents),
            format!("{} without terms{truncated}", count(report.empty)),
        ),
        (
            "Terms per document",
            three_digits(report.terms_per_document()),
            format!("{} postings", count(report.postings)),
        ),
        (
            "Terms that occur",
            count(report.terms.len() as u64),
            if report.vocabulary_counted {
                "the vocabulary is not known".to_owned()
            } else {
                format!("of {} in the vocabulary", count(report.vocabulary as u64))
            },
        ),
    ];
    if let (Some(values), Some(dense)) = (values, dense) {
        all.push((
            "Of a dense matrix",
            percent(values.share),
            format!("{} of {}", bytes(values.bytes), bytes(dense.bytes)),
        ));
    }
    if let Ok(expansion) = &report.expansion {
        all.push((
            "Expansion terms",
            percent(expansion.share_of_postings),
            format!("{} of the weight", percent(expansion.share_of_weight)),
        ));
    }
    cards(&all, out)
}
