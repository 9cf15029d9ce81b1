//! The sections with plots.

use super::markup::{Table, escaped, shown_term};
use super::plot::{NamedBar, bar_name, below, beside, histogram, ranks, spaced};
use super::section::{Figure, Section};
use crate::report::distribution::Distribution;
use crate::report::exact::{number, ratio};
use crate::report::measure::Report;
use crate::report::numerals::{bytes, count, percent, three_digits, value};
use crate::report::summary;

/// Most bars of a histogram.
const BARS: usize = 40;
/// Most frequent terms that are drawn and listed.
const TERMS: usize = 25;

/// Returns all sections in their order.
pub(super) fn all(report: &Report) -> Vec<Section> {
    vec![
        lengths(report),
        weights(report),
        frequencies(report),
        terms(report),
        expansion(report),
        memory(report),
    ]
}

fn lengths(report: &Report) -> Section {
    let caption = format!(
        "{} Mean {}.",
        spread(&report.lengths, true, ("documents", "have", " terms")),
        three_digits(report.terms_per_document())
    );
    Section {
        title: "Terms per document",
        body: distribution(
            (
                "lengths",
                "Terms per document",
                "different terms of a document",
            ),
            &report.lengths,
            true,
            &caption,
        ),
        class: "",
    }
}

fn weights(report: &Report) -> Section {
    let (title, x) = if report.holds_impacts() {
        ("Impacts", "impact of a term in a document")
    } else {
        ("Weights", "weight of a term in a document")
    };
    let noun = summary::numbers(report);
    let caption = spread(&report.weights, report.holds_impacts(), (noun, "are", ""));
    Section {
        title,
        body: distribution(
            ("weights", title, x),
            &report.weights,
            report.holds_impacts(),
            &caption,
        ),
        class: "",
    }
}

/// Says in a sentence where numbers lie.
fn spread(of: &Distribution, whole: bool, (nouns, verb, unit): (&str, &str, &str)) -> String {
    if of.count() == 0 {
        return format!("There are no {nouns}.");
    }
    let at = |share| value(of.quantile(share), whole);
    format!(
        "Half of the {nouns} {verb} at most {}{unit}, nine of ten at most {}; the range is from {} to {}.",
        at(0.5),
        at(0.9),
        value(of.smallest(), whole),
        value(of.largest(), whole),
    )
}

/// Draws a histogram with its table.
fn distribution(
    (id, title, x): (&str, &str, &str),
    of: &Distribution,
    whole: bool,
    caption: &str,
) -> String {
    let bars = of.bars(BARS, whole);
    let mut table = Table::new(title, &["from to", "count", "share"]);
    let share = |part: u64| percent(ratio(number(part), number(of.count())));
    for (i, &part) in bars.counts.iter().enumerate() {
        if part > 0 || i > 0 && bars.counts[i - 1] > 0 {
            table.row([bar_name(&bars, i), count(part), share(part)]);
        }
    }
    let mut caption = caption.to_owned();
    if bars.beyond > 0 {
        table.row(["more".to_owned(), count(bars.beyond), share(bars.beyond)]);
        caption += &format!(
            " {} still larger ones are to the right of what is drawn.",
            count(bars.beyond)
        );
    }
    Figure {
        id,
        title,
        canvas: histogram(&bars, x),
        caption: &caption,
        table: &table,
    }
    .html()
}

fn frequencies(report: &Report) -> Section {
    let counts: Vec<u64> = report.terms.iter().map(|row| row.documents).collect();
    let once = counts.iter().rev().take_while(|&&count| count == 1).count();
    let caption = match report.terms.first() {
        None => "No term occurs.".to_owned(),
        Some(first) => format!(
            "Documents that have a term, over the term's rank, both on logarithmic axes. The most frequent term is in {} of \
             the documents; the 100 most frequent make {} of all postings; {} terms are in one document only.",
            percent(ratio(number(first.documents), number(report.documents))),
            percent(ratio(
                number(counts.iter().take(100).sum()),
                number(report.postings)
            )),
            count(once as u64)
        ),
    };
    let mut table = Table::new(
        "Document frequencies",
        &["rank", "documents", "term", "mean"],
    );
    for rank in spaced(counts.len(), 24) {
        let row = &report.terms[rank - 1];
        table.row([
            count(rank as u64),
            count(row.documents),
            shown_term(&row.term),
            three_digits(row.mean_weight),
        ]);
    }
    let body = Figure {
        id: "frequencies",
        title: "Document frequencies by rank",
        canvas: ranks(&counts, "rank of the term"),
        caption: &caption,
        table: &table,
    };
    Section {
        title: "Document frequencies",
        body: body.html(),
        class: "",
    }
}

fn terms(report: &Report) -> Section {
    let most = report.terms.first().map_or(1, |row| row.documents);
    let told = report.expansion.is_ok();
    let top = || report.terms.iter().take(TERMS);
    let bars: Vec<NamedBar> = top()
        .map(|row| NamedBar {
            name: shown_term(&row.term),
            value: percent(ratio(number(row.documents), number(report.documents))),
            length: ratio(number(row.documents), number(most)),
            second: ratio(number(row.expansions), number(most)),
        })
        .collect();
    let mut table = if told {
        let columns = ["term", "documents", "mean", "as expansion"];
        Table::new("The most frequent terms", &columns)
    } else {
        Table::new("The most frequent terms", &["term", "documents", "mean"])
    };
    for row in top() {
        let mut cells = vec![
            shown_term(&row.term),
            count(row.documents),
            three_digits(row.mean_weight),
        ];
        if told {
            cells.push(count(row.expansions));
        }
        table.row(cells);
    }
    let noun = summary::numbers(report);
    let caption = format!(
        "Share of the documents that have the term. The table has the mean of its {noun} over them."
    );
    let figure = Figure {
        id: "terms",
        title: "The most frequent terms",
        canvas: beside(&bars),
        caption: &caption,
        table: &table,
    };
    let legend = "<ul class=\"legend\"><li><span class=\"key main\"></span>the text has the term</li><li><span class=\"key \
                  second\"></span>expansion: the text has it not</li></ul>\n";
    Section {
        title: "The most frequent terms",
        body: format!("{}{}", if told { legend } else { "" }, figure.html()),
        class: "tall",
    }
}

fn expansion(report: &Report) -> Section {
    let body = match &report.expansion {
        Ok(expansion) => {
            let caption = format!(
                "In {} documents with a text, {} of the terms are not in it; they carry {} of the weight. In half of the \
                 documents it is {} % of the terms or less.",
                count(expansion.documents),
                percent(expansion.share_of_postings),
                percent(expansion.share_of_weight),
                three_digits(f64::from(expansion.percents.quantile(0.5))),
            );
            distribution(
                (
                    "expansion",
                    "Share of expansion terms",
                    "percent of a document's terms that are not in its text",
                ),
                &expansion.percents,
                false,
                &caption,
            )
        }
        Err(reason) => format!(
            "<p class=\"note\">Which terms a text does not have itself is {}.</p>\n",
            escaped(reason.explained())
        ),
    };
    Section {
        title: "Expansion terms",
        body,
        class: "",
    }
}

fn memory(report: &Report) -> Section {
    let most = report.memory.iter().map(|row| row.bytes).max().unwrap_or(1);
    let mut table = Table::new("Memory", &["vectors", "size", "bytes", "of dense fp32"]);
    let mut bars = Vec::new();
    for row in &report.memory {
        let share = percent(row.share);
        table.row([
            row.name.to_owned(),
            bytes(row.bytes),
            count(row.bytes),
            share.clone(),
        ]);
        let length = ratio(number(row.bytes), number(most));
        bars.push(NamedBar {
            name: row.name.to_owned(),
            value: format!("{} · {share}", bytes(row.bytes)),
            length,
            second: if row.dense { length } else { 0.0 },
        });
    }
    let vocabulary = if report.vocabulary_counted {
        format!(
            "the {} terms that occur, as nothing says how large the vocabulary is",
            count(report.vocabulary as u64)
        )
    } else {
        format!("the vocabulary's {} terms", count(report.vocabulary as u64))
    };
    let caption = format!(
        "{} documents, dense over {vocabulary}. {} of the cells of a dense matrix hold a weight.",
        count(report.documents),
        percent(report.density())
    );
    let figure = Figure {
        id: "memory",
        title: "Memory of sparse and dense vectors",
        canvas: below(&bars),
        caption: &caption,
        table: &table,
    };
    let legend = "<ul class=\"legend\"><li><span class=\"key main\"></span>sparse</li><li><span class=\"key \
                  second\"></span>dense</li></ul>\n";
    Section {
        title: "Sparse against dense",
        body: format!("{legend}{}", figure.html()),
        class: "whole",
    }
}
