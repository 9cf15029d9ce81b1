//! The section about other quantizations.

use super::markup::{Table, escaped};
use super::plot::{NamedBar, below};
use super::section::{Figure, Section};
use crate::report::exact::ratio;
use crate::report::measure::Report;
use crate::report::numerals::{count, percent, three_digits};
use crate::report::setting::Unit;

/// Returns the section; `None` where no other quantization can be told.
pub(super) fn section(report: &Report) -> Option<Section> {
    if report.steps.is_empty() {
        return None;
    }
    let most = report
        .steps
        .iter()
        .map(|row| row.ranking.score_error)
        .fold(0.0, f64::max);
    let bars: Vec<NamedBar> = report
        .steps
        .iter()
        .map(|row| NamedBar {
            name: row.setting.name.clone(),
            value: percent(row.ranking.score_error),
            length: ratio(row.ranking.score_error, most),
            second: 0.0,
        })
        .collect();
    let caption = format!(
        "Relative difference of the scores of the first 100 documents, mean over {} queries.",
        report.queries
    );
    let table = table(report);
    let figure = Figure {
        id: "steps",
        title: "Score error of other quantizations",
        canvas: below(&bars),
        caption: &caption,
        table: &table,
    };
    Some(Section {
        title: "What other quantizations would cost",
        body: format!(
            "<p class=\"note\">{}</p>\n{}<div class=\"plots\"><div>\n<h3>Score error</h3>\n{}</div>\n<div>{}</div></div>\n",
            escaped(&explanation(report)),
            table.html(),
            figure.drawn(),
            notes(report)
        ),
        class: "wide",
    })
}

fn explanation(report: &Report) -> String {
    let exact = match report.unit {
        Unit::Weights => {
            "Computed from the float weights: postings and sums are exactly what these quantizations give."
        }
        Unit::Impacts(_) => {
            "The collection holds impacts, so this is an approximation: each impact is taken as the weight in the middle of \
             those that became it, and only coarser steps can be told. A collection of float weights gives exact numbers."
        }
        Unit::Unknown => {
            "The collection holds impacts and nothing says which weight they stand for, so this is an approximation: only \
             coarser quantizations can be told, as multiples of this one."
        }
    };
    format!(
        "{exact} Ties, score error and the first 10 are from ranking all documents for {} queries: documents of the collection \
         with their 20 heaviest terms, from the beginnings of its files.",
        report.queries
    )
}

fn table(report: &Report) -> Table {
    let mut table = Table::new(
        "Other quantizations",
        &[
            "quantization",
            "postings",
            "sum of impacts",
            "tied in the first 100",
            "score error",
            "first 10 kept",
        ],
    );
    let about = if report.holds_impacts() { "≈ " } else { "" };
    table.row([
        if report.holds_impacts() {
            "as they are".to_owned()
        } else {
            "float weights, as they are".to_owned()
        },
        count(report.postings),
        if report.holds_impacts() {
            three_digits(report.weight)
        } else {
            "–".to_owned()
        },
        percent(report.tied),
        percent(0.0),
        percent(1.0),
    ]);
    for row in &report.steps {
        table.row([
            row.setting.name.clone(),
            format!("{about}{}", count(row.postings)),
            format!("{about}{}", count(row.impact_sum)),
            format!("{about}{}", percent(row.ranking.tied)),
            format!("{about}{}", percent(row.ranking.score_error)),
            format!("{about}{}", percent(row.ranking.kept)),
        ]);
    }
    table
}

/// Explains the columns.
fn notes(report: &Report) -> String {
    let least = report
        .steps
        .iter()
        .min_by(|a, b| a.ranking.score_error.total_cmp(&b.ranking.score_error));
    let best = least.map_or(String::new(), |row| {
        format!(
            "<p>The least score error here has <em>{}</em>: {}.</p>\n",
            escaped(&row.setting.name),
            escaped(&percent(row.ranking.score_error))
        )
    });
    format!(
        "<h3>How to read it</h3>\n<p>The sum of impacts is what Lucene calls the total term frequency: how long all \
         pseudo-documents are together. It bears on the size of postings and on nothing else.</p>\n<p>Tied documents have the \
         same score as another of the first 100; a search engine orders them by chance or by docid.</p>\n<p>Where small weights \
         vanish, postings are saved; where the least impact is 1, all stay and the smallest count for too much.</p>\n{best}"
    )
}
