//! One text of a corpus.

/// One text to encode: a document of the corpus, or a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The docid (or qid), never empty and without white space.
    pub docid: String,
    /// The chosen fields, joined by one space.
    pub text: String,
}

/// Adds a field's text after one space.
pub(super) fn append(text: &mut String, part: &str) {
    if !part.is_empty() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(part);
    }
}
