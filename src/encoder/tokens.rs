//! Text -> token ids.

use tokenizers::{Tokenizer, TruncationParams};

use super::error::EncodeError;
use crate::model::Model;

/// The token ids of one text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tokens {
    /// Token ids, special ones included.
    pub ids: Vec<u32>,
    /// True if the text had more tokens than are kept.
    pub truncated: bool,
    /// True if there is no token but special ones: an empty text.
    pub blank: bool,
}

/// A model's tokenizer with a limit.
#[derive(Clone)]
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    max_length: usize,
}

impl TextTokenizer {
    /// Keeps at most `max_length` tokens of a text, special ones included.
    ///
    /// # Errors
    /// [`EncodeError::MaxLength`] if the model has no positions for so many, or if special tokens alone
    /// fill them.
    pub fn new(model: &Model, max_length: usize) -> Result<Self, EncodeError> {
        let mut tokenizer = model.tokenizer.clone();
        let special = tokenizer
            .encode("", true)
            .map_err(|e| EncodeError::Tokenize(e.to_string()))?
            .len();
        if max_length > model.max_length || max_length <= special {
            return Err(EncodeError::MaxLength {
                wanted: max_length,
                least: special + 1,
                most: model.max_length,
            });
        }
        let truncation = TruncationParams {
            max_length,
            ..TruncationParams::default()
        };
        tokenizer
            .with_truncation(Some(truncation))
            .map_err(|e| EncodeError::Tokenize(e.to_string()))?;
        Ok(Self {
            tokenizer,
            max_length,
        })
    }

    /// The tokens of a text.
    ///
    /// Of a long text only a beginning is looked at, cut at white space where every tokenizer for
    /// masked-language models cuts too, and twice as much as long as it gives too few tokens. So a
    /// document of a million words costs no more time and memory than one of some hundred.
    ///
    /// # Errors
    /// [`EncodeError::Tokenize`] if the tokenizer fails.
    pub fn tokenize(&self, text: &str) -> Result<Tokens, EncodeError> {
        let mut bytes = self.max_length * 32;
        while let Some(beginning) = beginning(text, bytes) {
            let tokens = self.encode(beginning)?;
            if tokens.truncated {
                return Ok(tokens);
            }
            bytes *= 2;
        }
        self.encode(text)
    }

    fn encode(&self, text: &str) -> Result<Tokens, EncodeError> {
        let encoding = self
            .tokenizer
            .encode_fast(text, true)
            .map_err(|e| EncodeError::Tokenize(e.to_string()))?;
        Ok(Tokens {
            ids: encoding.get_ids().to_vec(),
            truncated: !encoding.get_overflowing().is_empty(),
            blank: encoding.get_special_tokens_mask().iter().all(|&s| s == 1),
        })
    }
}

/// The text up to the last white space in its first `bytes`; `None` if the text is not longer, or has
/// no white space there.
fn beginning(text: &str, bytes: usize) -> Option<&str> {
    if text.len() <= bytes {
        return None;
    }
    let end = text.floor_char_boundary(bytes);
    let cut = text[..end].rfind(char::is_whitespace)?;
    Some(&text[..cut])
}

#[cfg(test)]
mod tests {
    use super::beginning;

    #[test]
    fn cuts_at_white_space_only() {
        assert_eq!(beginning("ab cd ef", 7), Some("ab cd"));
        assert_eq!(beginning("ab cd ef", 8), None);
        assert_eq!(beginning("abcdefgh", 4), None);
        assert_eq!(beginning("a éé b", 4), Some("a"));
    }
}
