//! The report as one HTML file: no script, no font and no picture from elsewhere, the same bytes for the same numbers.

mod canvas;
mod markup;
mod plot;
mod section;
mod sections;
mod steps;

use std::io::{self, Write};

use super::measure::Report;
use super::numerals::{bytes, count, percent, three_digits};
use markup::escaped;

/// The look of the page, also of other pages of this program.
const STYLE: &str = include_str!("style.css");
/// Nothing but the page's own style is ever loaded, whatever a term may look like.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Writes the page.
///
/// # Errors
/// Those of the writer.
pub fn write_page(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let title = format!("{}: what is in the collection", report.name);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n",
        escaped(&title)
    )?;
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
    writeln!(
        out,
        "</main>\n<footer><p>Made by {}.</p></footer>\n</body>\n</html>",
        concat!("splade-export ", env!("CARGO_PKG_VERSION"))
    )
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
    writeln!(
        out,
        "<header>\n<p class=\"kicker\">What is in the collection</p>\n<h1><bdi>{}</bdi></h1>\n<p>{}.</p>\n</header>",
        escaped(&report.name),
        escaped(&lead)
    )
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
    writeln!(out, "<dl class=\"figures\">")?;
    for (name, value, of) in all {
        writeln!(
            out,
            "<div><dt>{name}</dt><dd>{} <span class=\"of\">{}</span></dd></div>",
            escaped(&value),
            escaped(&of)
        )?;
    }
    writeln!(out, "</dl>")
}
