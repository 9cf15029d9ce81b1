//! The terms behind the columns of the weights.
//!
//! A term is written as the tokenizer's vocabulary has it (`cell`, `##ing`, `▁casa`), with one
//! exception. Anserini and Pyserini take a query and a pseudo-document apart at white space, lose
//! empty terms and cut terms of over 255 characters. A vocabulary entry that would not survive this,
//! and a column for which the tokenizer has no entry, is written as **`[id:N]`**, `N` being its
//! token id. The rule is the same for documents and topics, and reversible: `N` says which entry it is.

use std::collections::BTreeMap;
use std::path::Path;

use tokenizers::Tokenizer;

use super::error::ModelError;

/// Lucene's whitespace tokenizer cuts terms that are longer, in UTF-16 code units.
const MAX_TERM_UTF16: usize = 255;

/// The terms by token id.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    terms: Vec<String>,
    /// The tokenizer's own term where it is another than the one that is written.
    raw: BTreeMap<u32, String>,
    special: Vec<bool>,
    rewritten: usize,
}

impl Vocabulary {
    /// Reads the terms of `columns` columns; `path` is that of the tokenizer, for messages.
    ///
    /// # Errors
    /// [`ModelError::Vocabulary`] if the rule for unsafe terms would give two terms one name.
    pub fn new(tokenizer: &Tokenizer, columns: usize, path: &Path) -> Result<Self, ModelError> {
        let by_term = tokenizer.get_vocab(true);
        let mut terms: Vec<Option<String>> = vec![None; columns];
        for (term, &id) in &by_term {
            if let Some(slot) = terms.get_mut(id as usize) {
                *slot = Some(term.clone());
            }
        }
        let mut special = vec![false; columns];
        for (id, token) in tokenizer.get_added_tokens_decoder() {
            if let Some(slot) = special.get_mut(id as usize) {
                *slot = token.special;
            }
        }
        let mut safe = Vec::with_capacity(columns);
        let mut raw = BTreeMap::new();
        let mut rewritten = 0;
        for (id, term) in (0..).zip(terms) {
            let term = match term {
                Some(term) if survives(&term) => {
                    safe.push(term);
                    continue;
                }
                term => term,
            };
            let name = format!("[id:{id}]");
            if by_term.contains_key(&name) {
                return Err(ModelError::Vocabulary {
                    path: path.to_owned(),
                    reason: format!(
                        "token {id} would have to be written as {name}, which is a token too"
                    ),
                });
            }
            rewritten += 1;
            raw.extend(term.map(|term| (id, term)));
            safe.push(name);
        }
        Ok(Self {
            terms: safe,
            raw,
            special,
            rewritten,
        })
    }

    /// Returns the tokenizer's own term of a token id, without the rule above; `None` for a column for
    /// which it has no entry.
    #[must_use]
    pub fn raw_term(&self, id: u32) -> Option<&str> {
        let written = self.terms.get(id as usize)?;
        match self.raw.get(&id) {
            Some(raw) => Some(raw),
            None if *written == format!("[id:{id}]") => None,
            None => Some(written),
        }
    }

    /// Returns the term of a token id, as it is written.
    #[must_use]
    pub fn term(&self, id: u32) -> &str {
        self.terms.get(id as usize).map_or("", String::as_str)
    }

    /// Returns all terms, by token id.
    #[must_use]
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// Returns true for `[CLS]`, `[PAD]` and the like.
    #[must_use]
    pub fn is_special(&self, id: u32) -> bool {
        self.special.get(id as usize).copied().unwrap_or(false)
    }

    /// Returns the number of columns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Returns true if there are no columns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Returns how many terms are written as `[id:N]`.
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
    use tokenizers::models::wordlevel::WordLevel;

    fn tokenizer(terms: &[&str]) -> Tokenizer {
        let vocab = terms
            .iter()
            .enumerate()
            .map(|(id, term)| ((*term).to_owned(), u32::try_from(id).unwrap()))
            .collect();
        let model = WordLevel::builder().vocab(vocab).build().unwrap();
        Tokenizer::new(model)
    }

    #[test]
    fn terms_that_would_be_split_or_lost_are_named_by_their_id() {
        let long = "x".repeat(256);
        let terms = [
            "cell", "a b", "", "a\u{a0}b", "\u{3000}", &long, "##ing", "a\u{1f}",
        ];
        let vocabulary = Vocabulary::new(&tokenizer(&terms), 9, Path::new("t")).unwrap();
        let written: Vec<_> = vocabulary.terms().iter().map(String::as_str).collect();
        assert_eq!(
            written,
            [
                "cell", "[id:1]", "[id:2]", "[id:3]", "[id:4]", "[id:5]", "##ing", "[id:7]",
                "[id:8]"
            ]
        );
        assert_eq!(vocabulary.rewritten(), 7);
        let raw: Vec<_> = (0..10).map(|id| vocabulary.raw_term(id)).collect();
        let expected = terms.map(Some).into_iter().chain([None, None]);
        assert_eq!(raw, expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_clash_with_the_rule_is_refused() {
        let result = Vocabulary::new(&tokenizer(&["a b", "[id:0]"]), 2, Path::new("t"));
        assert!(matches!(result, Err(ModelError::Vocabulary { .. })));
    }

    #[test]
    fn astral_characters_count_as_two() {
        assert!(survives(&"x".repeat(255)));
        assert!(!survives(&"\u{1f600}".repeat(128)));
    }
}
