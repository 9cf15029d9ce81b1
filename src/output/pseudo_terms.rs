//! Terms as a pseudo-document can hold them.
//!
//! Anserini and Pyserini take a query and a pseudo-document apart at white space, lose empty terms and cut terms of
//! over 255 characters. A vocabulary entry that would not survive this, and a column for which the tokenizer has no
//! entry, is written as **`[id:N]`**, `N` being its token id. The rule is the same for documents and topics, and
//! reversible: `N` tells which entry it is.

use std::collections::HashSet;

use thiserror::Error;

/// Lucene's whitespace tokenizer cuts terms that are longer, in UTF-16 code units.
const MAX_TERM_UTF16: usize = 255;

/// A vocabulary entry has the very name that the rule gives to another one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "token {id} of the vocabulary would have to be written as [id:{id}], which is a token too; rename that token in \
     tokenizer.json"
)]
pub struct TermClash {
    /// The entry that cannot be written as it is.
    pub id: usize,
}

/// The terms of a vocabulary as a pseudo-document can hold them.
#[derive(Debug, Clone)]
pub struct PseudoTerms {
    terms: Vec<String>,
    rewritten: usize,
}

impl PseudoTerms {
    /// Applies the rule to a vocabulary, by token id.
    ///
    /// # Errors
    /// [`TermClash`] if two entries would get one name.
    pub fn new(vocabulary: &[String]) -> Result<Self, TermClash> {
        let names: HashSet<&str> = vocabulary
            .iter()
            .filter(|term| term.starts_with("[id:"))
            .map(String::as_str)
            .collect();
        let mut rewritten = 0;
        let terms = vocabulary.iter().enumerate().map(|(id, term)| {
            if survives(term) {
                return Ok(term.clone());
            }
            rewritten += 1;
            let name = format!("[id:{id}]");
            if names.contains(name.as_str()) {
                return Err(TermClash { id });
            }
            Ok(name)
        });
        Ok(Self {
            terms: terms.collect::<Result<_, _>>()?,
            rewritten,
        })
    }

    /// Returns the written terms by token id.
    #[must_use]
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// Returns how many are written as `[id:N]`.
    #[must_use]
    pub fn rewritten(&self) -> usize {
        self.rewritten
    }
}

/// Returns true for a term that Java's and Python's splitting at white space both leave whole.
fn survives(term: &str) -> bool {
    // U+001C to U+001F are white space to both, though not to Unicode.
    let splits = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    !term.is_empty()
        && !term.contains(splits)
        && term.encode_utf16().take(MAX_TERM_UTF16 + 1).count() <= MAX_TERM_UTF16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(terms: &[&str]) -> Vec<String> {
        terms.iter().map(|&term| term.to_owned()).collect()
    }

    #[test]
    fn terms_that_would_be_split_or_lost_are_named_by_their_id() {
        let long = "x".repeat(256);
        let terms = owned(&[
            "cell", "a b", "", "a\u{a0}b", "\u{3000}", &long, "##ing", "a\u{1f}", "",
        ]);
        let written = PseudoTerms::new(&terms).unwrap();
        assert_eq!(
            written.terms(),
            [
                "cell", "[id:1]", "[id:2]", "[id:3]", "[id:4]", "[id:5]", "##ing", "[id:7]",
                "[id:8]"
            ]
        );
        assert_eq!(written.rewritten(), 7);
    }

    #[test]
    fn a_clash_with_the_rule_is_refused() {
        let clash = PseudoTerms::new(&owned(&["a b", "[id:0]"])).unwrap_err();
        assert_eq!(clash, TermClash { id: 0 });
    }

    #[test]
    fn astral_characters_count_as_two() {
        assert!(survives(&"x".repeat(255)));
        assert!(!survives(&"\u{1f600}".repeat(128)));
    }
}
