//! Reads one line of a `JsonVectorCollection`.

use super::document_line::{Contents, DocumentLine, Weight, parse_general};
use super::error::LineProblem;
use super::plain_line::read_plain;

/// Reads a line and hands its terms to `each`, in their order.
///
/// The line is `{"id": …, "contents": …, "vector": {term: weight, …}, …}`: the id a string or an integer, the weights
/// numbers. Other members are skipped. Terms are not split or changed, and no list of them is made.
///
/// # Errors
///
/// [`LineProblem`] for the line, and what `each` returns.
pub fn parse<E: From<LineProblem>>(
    line: &str,
    contents: Contents,
    mut each: impl FnMut(&str, Weight) -> Result<(), E>,
) -> Result<DocumentLine<'_>, E> {
    let Some(plain) = read_plain(line, contents) else {
        return parse_general(line, contents, each);
    };
    for (term, weight) in plain.vector {
        each(term, weight)?;
    }
    Ok(plain.document)
}
