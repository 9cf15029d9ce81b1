//! Token ids of words that came before, for tokenizers that cut each word by itself.
//!
//! Words repeat: all but a few of a text cost a look-up instead of a walk through normalizer, pre-tokenizer and model.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use tokenizers::{Model, Result, Tokenizer};

use super::words::WordRule;

/// Most words that are kept, with about 20 MB; a long tail of rare ones is cut each time.
const MAX_WORDS: usize = 1 << 18;
/// Longer words are rare, and none of the cache's business.
const MAX_WORD: usize = 64;

/// The words that came before.
#[derive(Debug)]
pub(super) struct WordCache {
    rule: WordRule,
    known: RwLock<KnownWords>,
}

#[derive(Debug, Default)]
struct KnownWords {
    places: HashMap<Box<str>, Range<u32>>,
    /// Token ids of all words, one after the other.
    ids: Vec<u32>,
}

impl KnownWords {
    fn get(&self, word: &str) -> Option<&[u32]> {
        let Range { start, end } = *self.places.get(word)?;
        Some(&self.ids[start as usize..end as usize])
    }

    fn insert(&mut self, word: &str, ids: &[u32]) {
        let end = |ids: &Vec<u32>| u32::try_from(ids.len()).ok();
        if self.places.len() >= MAX_WORDS || self.places.contains_key(word) {
            return;
        }
        let start = end(&self.ids);
        self.ids.extend_from_slice(ids);
        if let (Some(start), Some(end)) = (start, end(&self.ids)) {
            self.places.insert(word.into(), start..end);
        }
    }
}

impl WordCache {
    /// Returns a cache if the tokenizer cuts each word by itself.
    pub fn for_tokenizer(tokenizer: &Tokenizer) -> Option<Self> {
        Some(Self {
            rule: WordRule::of(tokenizer)?,
            known: RwLock::default(),
        })
    }

    /// Returns the ids of the tokens of a text, without those that begin and end it for a model: all of them, or at least
    /// the first `enough`.
    pub fn ids(&self, tokenizer: &Tokenizer, text: &str, enough: usize) -> Result<Vec<u32>> {
        let mut ids = Vec::with_capacity(enough.min(text.len() / 4));
        let mut new: Vec<(&str, Vec<u32>)> = Vec::new();
        let mut known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        for word in self.rule.words(text) {
            if let Some(word_ids) = known.get(word) {
                ids.extend_from_slice(word_ids);
            } else {
                // Lets others write while this thread cuts a word.
                drop(known);
                let word_ids = self.cut(tokenizer, word)?;
                ids.extend_from_slice(&word_ids);
                if word.len() <= MAX_WORD {
                    new.push((word, word_ids));
                }
                known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            }
            if ids.len() >= enough {
                break;
            }
        }
        let is_full = known.places.len() >= MAX_WORDS;
        drop(known);
        if !new.is_empty() && !is_full {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            for (word, ids) in &new {
                known.insert(word, ids);
            }
        }
        Ok(ids)
    }

    /// Returns the ids of a word that did not come before.
    fn cut(&self, tokenizer: &Tokenizer, word: &str) -> Result<Vec<u32>> {
        if let Some(word) = self.rule.normalized(word) {
            let tokens = tokenizer.get_model().tokenize(&word)?;
            return Ok(tokens.into_iter().map(|token| token.id).collect());
        }
        Ok(tokenizer.encode_fast(word, false)?.get_ids().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokenizers::AddedToken;
    use tokenizers::models::wordpiece::WordPiece;
    use tokenizers::normalizers::BertNormalizer;
    use tokenizers::pre_tokenizers::bert::BertPreTokenizer;

    fn tokenizer(normalizer: BertNormalizer) -> Tokenizer {
        let mut vocab = WordPiece::read_bytes(b"").unwrap();
        let tokens = [
            "[UNK]",
            "[MASK]",
            "a",
            "##a",
            "b",
            "##b",
            "ab",
            "e",
            "##e",
            "\u{e9}",
            "##\u{e9}",
            "A",
            "##A",
            "\u{4e2d}",
            ".",
            "[",
            "]",
            "mask",
            "##\u{301}",
        ];
        for (token, id) in tokens.iter().zip(0..) {
            vocab.insert((*token).to_owned(), id);
        }
        let model = WordPiece::builder().vocab(vocab).unk_token("[UNK]".into());
        let mut tokenizer = Tokenizer::new(model.build().unwrap());
        tokenizer.with_normalizer(Some(normalizer)).unwrap();
        tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
        let mask = AddedToken::from("[MASK]", true).lstrip(true);
        tokenizer.add_special_tokens([mask]).unwrap();
        tokenizer
    }

    fn normalizer() -> impl Strategy<Value = BertNormalizer> {
        let strip_accents = prop::option::of(any::<bool>());
        let others = (any::<bool>(), any::<bool>(), any::<bool>());
        (others, strip_accents).prop_map(|((clean_text, chinese, lowercase), strip_accents)| {
            BertNormalizer::new(clean_text, chinese, strip_accents, lowercase)
        })
    }

    /// Characters of all of Unicode among pieces that meet the tokenizer's rules.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            3 => prop::sample::select(vec![
                "a", "b", "A", "ba", "Ba", "c", "\u{e9}", "e", "\u{301}", " ", "  ", "\t", "\n", "\r\n", "\u{85}", "\u{a0}", "\u{2028}",
                "\u{200b}", "\u{0}", "\u{b}", "\u{4e2d}", "\u{f900}", ".", "\u{2014}", "\u{3002}", "\u{2260}", "[MASK]",
                "[mask]", "[", "\u{3000}",
            ]).prop_map(str::to_owned),
            1 => any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn ids_are_those_of_the_whole_text(
            texts in prop::collection::vec(text(), 1..5),
            normalizer in normalizer(),
            enough in 0_usize..12,
        ) {
            let tokenizer = tokenizer(normalizer);
            let cache = WordCache::for_tokenizer(&tokenizer).unwrap();
            // Twice, so that the second time everything is known.
            for text in texts.iter().chain(&texts) {
                let whole = tokenizer.encode_fast(text.as_str(), false).unwrap();
                let whole = whole.get_ids();
                prop_assert_eq!(cache.ids(&tokenizer, text, usize::MAX).unwrap(), whole, "{:?}", text);
                let some = cache.ids(&tokenizer, text, enough).unwrap();
                prop_assert!(some.len() >= enough.min(whole.len()) && whole.starts_with(&some), "{:?}", text);
            }
        }
    }

    #[test]
    fn keeps_so_many_words_and_no_more() {
        let mut known = KnownWords::default();
        for word in 0..MAX_WORDS + 10 {
            known.insert(&word.to_string(), &[1, 2]);
        }
        known.insert("0", &[3]);
        assert_eq!(known.places.len(), MAX_WORDS);
        assert_eq!(known.ids.len(), 2 * MAX_WORDS);
        assert_eq!(known.get("0"), Some(&[1, 2][..]));
    }
}
