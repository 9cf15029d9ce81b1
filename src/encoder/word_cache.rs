//! Token ids of words that came before, for tokenizers that cut each word by itself.
//!
//! BERT's normalizer changes character by character and its pre-tokenizer cuts at white space, so the tokens of a text
//! are those of its words one after the other, as long as no added token has white space in it. Words repeat: a query
//! costs a look-up per word instead of a walk through normalizer, pre-tokenizer and model.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::{Result, Tokenizer};

/// Most words that are kept; a long tail of rare ones is cut each time.
const MAX_WORDS: usize = 1 << 18;
/// Longer words are rare, and none of the cache's business.
const MAX_WORD: usize = 64;
/// What every step of BERT's tokenizer takes for the end of a word. Other white space may be a control character, which
/// is removed, so that the words beside it become one.
const GAPS: [char; 4] = [' ', '\t', '\n', '\r'];

/// The words that came before.
#[derive(Debug, Default)]
pub(super) struct WordCache {
    words: RwLock<HashMap<Box<str>, Box<[u32]>>>,
}

impl WordCache {
    /// Returns a cache if the tokenizer cuts each word by itself.
    pub fn for_tokenizer(tokenizer: &Tokenizer) -> Option<Self> {
        let normalizes = tokenizer.get_normalizer();
        let cuts = tokenizer.get_pre_tokenizer();
        let is_bert = matches!(normalizes, Some(NormalizerWrapper::BertNormalizer(_)))
            && matches!(cuts, Some(PreTokenizerWrapper::BertPreTokenizer(_)));
        let added = tokenizer.get_added_tokens_decoder();
        let in_words = added
            .values()
            .all(|token| !token.content.contains(char::is_whitespace) && !token.single_word);
        (is_bert && in_words).then(Self::default)
    }

    /// Returns the ids of all tokens of a text, without those that begin and end it.
    pub fn ids(&self, tokenizer: &Tokenizer, text: &str) -> Result<Vec<u32>> {
        let mut ids = Vec::with_capacity(text.len() / 4);
        let mut new: Vec<(&str, Vec<u32>)> = Vec::new();
        let words = self.words.read().unwrap_or_else(PoisonError::into_inner);
        let is_full = words.len() >= MAX_WORDS;
        for word in text.split(GAPS).filter(|word| !word.is_empty()) {
            if let Some(known) = words.get(word) {
                ids.extend_from_slice(known);
                continue;
            }
            let encoding = tokenizer.encode_fast(word, false)?;
            ids.extend_from_slice(encoding.get_ids());
            if word.len() <= MAX_WORD && !is_full {
                new.push((word, encoding.get_ids().to_vec()));
            }
        }
        drop(words);
        if !new.is_empty() {
            let mut words = self.words.write().unwrap_or_else(PoisonError::into_inner);
            words.extend(new.into_iter().map(|(word, ids)| (word.into(), ids.into())));
        }
        Ok(ids)
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
    use tokenizers::pre_tokenizers::whitespace::Whitespace;

    fn tokenizer(lowercase: bool) -> Tokenizer {
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
        let normalizer = BertNormalizer::new(true, true, None, lowercase);
        tokenizer.with_normalizer(Some(normalizer)).unwrap();
        tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
        let mask = AddedToken::from("[MASK]", true).lstrip(true);
        tokenizer.add_special_tokens([mask]).unwrap();
        tokenizer
    }

    #[test]
    fn other_tokenizers_have_none() {
        assert!(WordCache::for_tokenizer(&tokenizer(true)).is_some());
        let mut other = tokenizer(true);
        other.with_pre_tokenizer(Some(Whitespace {}));
        assert!(WordCache::for_tokenizer(&other).is_none());
        let mut other = tokenizer(true);
        other.add_tokens([AddedToken::from("a b", false)]).unwrap();
        assert!(WordCache::for_tokenizer(&other).is_none());
    }

    proptest! {
        #[test]
        fn ids_are_those_of_the_whole_text(
            texts in prop::collection::vec(
                prop::collection::vec(
                    prop::sample::select(vec![
                        "a", "b", "A", "\u{e9}", "e", "\u{301}", " ", "  ", "\t", "\n", "\r\n", "\u{85}", "\u{a0}",
                        "\u{2028}", "\u{200b}", "\u{0}", "\u{b}", "\u{4e2d}", ".", "[MASK]", "[mask]", "[", "\u{3000}",
                    ]),
                    0..12,
                ),
                1..5,
            ),
            lowercase: bool,
        ) {
            let tokenizer = tokenizer(lowercase);
            let cache = WordCache::for_tokenizer(&tokenizer).unwrap();
            // Twice, so that the second time everything is known.
            for text in texts.iter().chain(&texts).map(|pieces| pieces.concat()) {
                let whole = tokenizer.encode_fast(text.as_str(), false).unwrap();
                prop_assert_eq!(cache.ids(&tokenizer, &text).unwrap(), whole.get_ids(), "{:?}", text);
            }
        }
    }
}
