//! From a text to token ids.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokenizers::{Encoding, Tokenizer, TruncationParams};

use super::error::EncodeError;
use super::text_pieces::pieces;
use super::word_cache::WordCache;
use crate::model::Model;
use crate::panic_guard::catch_panic;

/// The token ids of one text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tokens {
    /// Token ids, special ones included.
    pub ids: Vec<u32>,
    /// Number of special tokens before those of the text.
    pub before: usize,
    /// Number of special tokens after those of the text.
    pub after: usize,
    /// True if the text had more tokens than are kept.
    pub truncated: bool,
    /// True if there is no token but special ones: an empty text.
    pub blank: bool,
}

impl Tokens {
    /// Returns the places of the tokens of the text itself in its token ids.
    #[must_use]
    pub fn own(&self) -> Range<usize> {
        let end = self.ids.len().saturating_sub(self.after);
        self.before.min(end)..end
    }
}

/// Most bytes of a text that are tokenized where they give fewer tokens than are kept: such a text is no
/// text (a picture in base 64, a file of one word), and more of it would only cost memory.
const MAX_TOKENIZED_BYTES: usize = 1 << 20;
/// Most bytes that a normalizer may make of a text.
const MAX_NORMALIZED_BYTES: u64 = 64 << 20;
/// Longest time for one text. The longest that are tokenized take a second.
const MAX_TIME: Duration = Duration::from_mins(1);
/// Tokens that must follow the last one kept where a text is cut inside a word, so that none that is kept
/// can change: tokenizers give up on words of a hundred letters.
const MARGIN: usize = 256;

/// A text that shows which special tokens a tokenizer puts around one.
const PROBE: &str = "wings lift planes";

/// A model's tokenizer with a limit.
#[derive(Clone)]
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    max_length: usize,
    /// Number of special tokens of each text.
    special: usize,
    /// Most bytes of a text that are tokenized, or that are tokenized at once where texts are kept whole.
    max_bytes: usize,
    /// True if texts of more tokens are kept whole.
    whole: bool,
    /// Where the tokenizer cuts each word by itself.
    by_words: Option<ByWords>,
}

/// Tokenizing word by word.
#[derive(Clone)]
struct ByWords {
    cache: Arc<WordCache>,
    /// Ids of the special tokens before a text and after it.
    before: Vec<u32>,
    after: Vec<u32>,
}

impl TextTokenizer {
    /// Keeps at most `max_length` tokens of a text, special ones included.
    ///
    /// # Errors
    /// [`EncodeError::MaxLength`] if the model has no positions for so many, or if special tokens alone
    /// fill them.
    pub fn new(model: &Model, max_length: usize) -> Result<Self, EncodeError> {
        let mut tokenizer = model.tokenizer.clone();
        let special = encode(&tokenizer, "")?.len();
        if max_length > model.max_length || max_length <= special {
            return Err(EncodeError::MaxLength {
                wanted: max_length,
                least: special + 1,
                most: model.max_length,
            });
        }
        let by_words = ByWords::for_tokenizer(&tokenizer)?;
        let truncation = TruncationParams {
            max_length,
            ..TruncationParams::default()
        };
        // A word is never cut: how many tokens follow the last one kept has to be known.
        let truncation = by_words.is_none().then_some(truncation);
        tokenizer
            .with_truncation(truncation)
            .map_err(|e| EncodeError::Tokenize(e.to_string()))?;
        let max_bytes = MAX_NORMALIZED_BYTES / model.text_expansion.max(1);
        let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        Ok(Self {
            tokenizer,
            max_length,
            special,
            whole: false,
            by_words,
            max_bytes: max_bytes.min(MAX_TOKENIZED_BYTES),
        })
    }

    /// Keeps all tokens of a text.
    ///
    /// # Errors
    /// [`EncodeError::Tokenize`] if the tokenizer refuses its settings.
    pub fn whole_texts(mut self) -> Result<Self, EncodeError> {
        self.tokenizer
            .with_truncation(None)
            .map_err(|e| EncodeError::Tokenize(e.to_string()))?;
        self.whole = true;
        Ok(self)
    }

    /// Returns the tokens from the beginning of a window to that of the next: the `wanted` ones, or all that a window has
    /// beside special tokens.
    ///
    /// # Errors
    /// [`EncodeError::Stride`] if it is none, or if tokens between windows would be in neither.
    pub fn stride(&self, wanted: Option<usize>) -> Result<usize, EncodeError> {
        let most = self.max_length - self.special;
        let stride = wanted.unwrap_or(most);
        if stride == 0 || stride > most {
            return Err(EncodeError::Stride {
                wanted: stride,
                max_length: self.max_length,
                most,
            });
        }
        Ok(stride)
    }

    /// Returns the tokens of a text, as many as are kept.
    ///
    /// # Errors
    /// [`EncodeError::Tokenize`] if the tokenizer fails, or takes too long.
    pub fn tokenize(&self, text: &str) -> Result<Tokens, EncodeError> {
        if self.whole {
            self.all(text)
        } else {
            self.first(text)
        }
    }

    /// Returns all tokens of a text. Tokenizes a long one in pieces, because the tokenizer takes much memory for each token.
    fn all(&self, text: &str) -> Result<Tokens, EncodeError> {
        let mut all = Tokens {
            blank: true,
            ..Tokens::default()
        };
        for piece in pieces(text, self.max_bytes) {
            let started = Instant::now();
            let (tokens, _) = self.encode(piece)?;
            if started.elapsed() > MAX_TIME {
                return Err(too_slow(piece.len()));
            }
            if all.blank {
                all = tokens;
            } else {
                let end = all.ids.len() - all.after;
                all.ids
                    .splice(end..end, tokens.ids[tokens.own()].iter().copied());
            }
        }
        Ok(all)
    }

    /// Returns the first tokens of a text.
    ///
    /// Tokenizes only the beginning of a long text, and twice as much as long as that gives too few
    /// tokens, up to 1 MiB. It is cut at white space, where every tokenizer for masked-language models
    /// cuts too; where there is none, as in Chinese, anywhere, if so many tokens follow the last one kept
    /// that it is not concerned. So a document of a million words costs no more time and memory than one
    /// of some hundred.
    fn first(&self, text: &str) -> Result<Tokens, EncodeError> {
        let started = Instant::now();
        let mut bytes = (self.max_length * 32).min(self.max_bytes);
        while let Some((beginning, cut)) = beginning(text, bytes) {
            let (mut tokens, dropped) = self.encode(beginning)?;
            let enough = match cut {
                Cut::WhiteSpace => dropped > 0,
                Cut::Anywhere => dropped >= MARGIN,
            };
            if enough || bytes >= self.max_bytes {
                tokens.truncated = true;
                return Ok(tokens);
            }
            if started.elapsed() > MAX_TIME {
                return Err(too_slow(bytes));
            }
            bytes *= 2;
        }
        Ok(self.encode(text)?.0)
    }

    /// Returns the tokens that are kept, and how many more there were.
    fn encode(&self, text: &str) -> Result<(Tokens, usize), EncodeError> {
        if let Some(by_words) = &self.by_words {
            let most = if self.whole {
                usize::MAX
            } else {
                self.max_length - self.special
            };
            return by_words.encode(&self.tokenizer, text, most);
        }
        let encoding = encode(&self.tokenizer, text)?;
        let dropped = encoding.get_overflowing().iter();
        let dropped = dropped.map(|chunk| chunk.get_ids().len()).sum();
        let special = encoding.get_special_tokens_mask();
        let blank = special.iter().all(|&s| s == 1);
        let before = special.iter().take_while(|&&s| s == 1).count();
        let after = special.iter().rev().take_while(|&&s| s == 1).count();
        let tokens = Tokens {
            ids: encoding.get_ids().to_vec(),
            before,
            after: if blank { 0 } else { after },
            truncated: dropped > 0,
            blank,
        };
        Ok((tokens, dropped))
    }
}

impl ByWords {
    /// Returns how to tokenize word by word, where that gives what the whole tokenizer gives.
    fn for_tokenizer(tokenizer: &Tokenizer) -> Result<Option<Self>, EncodeError> {
        let Some(cache) = WordCache::for_tokenizer(tokenizer) else {
            return Ok(None);
        };
        let encoding = encode(tokenizer, PROBE)?;
        let ids = encoding.get_ids();
        let special = encoding.get_special_tokens_mask();
        let before = special.iter().take_while(|&&s| s == 1).count();
        let after = special[before..].iter().rev().take_while(|&&s| s == 1);
        let end = ids.len() - after.count();
        let by_words = Self {
            cache: Arc::new(cache),
            before: ids[..before].to_vec(),
            after: ids[end..].to_vec(),
        };
        let (tokens, _) = by_words.encode(tokenizer, PROBE, usize::MAX)?;
        Ok((tokens.ids == ids).then_some(by_words))
    }

    /// Returns the first `most` tokens of a text among the special ones, and how many more there are; of those that
    /// follow, only [`MARGIN`] are looked for.
    fn encode(
        &self,
        tokenizer: &Tokenizer,
        text: &str,
        most: usize,
    ) -> Result<(Tokens, usize), EncodeError> {
        let enough = most.saturating_add(MARGIN);
        let own = catch_panic(|| self.cache.ids(tokenizer, text, enough));
        let own = own.map_err(EncodeError::Tokenize)?;
        let own = own.map_err(|e| EncodeError::Tokenize(e.to_string()))?;
        let dropped = own.len().saturating_sub(most);
        let kept = &own[..own.len() - dropped];
        let blank = kept.is_empty();
        let (before, after) = (self.before.len(), self.after.len());
        let tokens = Tokens {
            ids: [&self.before, kept, &self.after].concat(),
            before: if blank { before + after } else { before },
            after: if blank { 0 } else { after },
            truncated: dropped > 0,
            blank,
        };
        Ok((tokens, dropped))
    }
}

fn too_slow(bytes: usize) -> EncodeError {
    let seconds = MAX_TIME.as_secs();
    EncodeError::Tokenize(format!("it took over {seconds} seconds for {bytes} bytes"))
}

/// Tokenizes a text; a panic of the tokenizer is an error.
fn encode(tokenizer: &Tokenizer, text: &str) -> Result<Encoding, EncodeError> {
    match catch_panic(|| tokenizer.encode_fast(text, true)) {
        Ok(encoded) => encoded.map_err(|e| EncodeError::Tokenize(e.to_string())),
        Err(panic) => Err(EncodeError::Tokenize(panic)),
    }
}

/// What a beginning ends at.
#[derive(Debug, PartialEq)]
enum Cut {
    WhiteSpace,
    Anywhere,
}

/// Returns about the first `bytes` of the text, up to the last white space if there is some in their
/// second half; `None` if the text is not longer.
fn beginning(text: &str, bytes: usize) -> Option<(&str, Cut)> {
    if text.len() <= bytes {
        return None;
    }
    let window = &text[..text.floor_char_boundary(bytes)];
    Some(match window.rfind(char::is_whitespace) {
        Some(cut) if cut >= bytes / 2 => (&window[..cut], Cut::WhiteSpace),
        _ => (window, Cut::Anywhere),
    })
}

#[cfg(test)]
mod tests {
    use super::{Cut, beginning};

    #[test]
    fn cuts_at_white_space_where_there_is_some() {
        assert_eq!(beginning("ab cd ef", 7), Some(("ab cd", Cut::WhiteSpace)));
        assert_eq!(beginning("ab cd ef", 8), None);
        assert_eq!(beginning("abcdefgh", 4), Some(("abcd", Cut::Anywhere)));
        assert_eq!(beginning("a éééé b", 6), Some(("a éé", Cut::Anywhere)));
    }
}
