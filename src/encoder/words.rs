//! Cuts a text into the stretches that BERT's tokenizers cut apart whatever is in them.
//!
//! BERT's normalizer changes character by character, and its pre-tokenizer cuts at white space and around punctuation; the
//! normalizer puts white space around Chinese characters. So the tokens of a text are those of its words one after the other,
//! as long as no added token reaches over the end of a word.

use std::borrow::Cow;

use tokenizers::normalizers::{BertNormalizer, NormalizerWrapper};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::{NormalizedString, Normalizer, Tokenizer};

/// What every step of BERT's tokenizer takes for the end of a word. Other white space may be a control character, which
/// is removed, so that the words beside it become one.
const GAPS: [char; 4] = [' ', '\t', '\n', '\r'];

/// What a character does to the word that it is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cut {
    /// Nothing.
    Inside,
    /// Is between two words.
    Gap,
    /// Is a word of its own.
    Alone,
}

/// The rule by which a tokenizer cuts words.
#[derive(Debug, Clone)]
pub(super) struct WordRule {
    ascii: [Cut; 128],
    /// What general and Chinese punctuation does.
    punctuation: Cut,
    /// What Chinese characters do.
    chinese: Cut,
    /// True if capital letters become small ones.
    lowercase: bool,
    /// True if no added token can be in a word of ASCII letters and digits.
    plain: bool,
}

impl WordRule {
    /// Returns the rule of a tokenizer that cuts each word by itself; `None` if it does not.
    pub fn of(tokenizer: &Tokenizer) -> Option<Self> {
        let Some(NormalizerWrapper::BertNormalizer(normalizer)) = tokenizer.get_normalizer() else {
            return None;
        };
        let Some(PreTokenizerWrapper::BertPreTokenizer(_)) = tokenizer.get_pre_tokenizer() else {
            return None;
        };
        let mut in_added = String::new();
        let mut plain = true;
        for token in tokenizer.get_added_tokens_decoder().values() {
            if token.single_word {
                return None;
            }
            for content in [&token.content, &normalized(*normalizer, &token.content)?] {
                plain &= !is_plain(content);
                in_added.push_str(content);
            }
        }
        if in_added.contains(char::is_whitespace) {
            return None;
        }
        let is_alone = |c: char| c.is_ascii_punctuation() && !in_added.contains(c);
        let alone_if = |is_alone| if is_alone { Cut::Alone } else { Cut::Inside };
        Some(Self {
            ascii: std::array::from_fn(|byte| match char::from(u8::try_from(byte).unwrap_or(0)) {
                c if GAPS.contains(&c) => Cut::Gap,
                c if is_alone(c) => Cut::Alone,
                _ => Cut::Inside,
            }),
            punctuation: alone_if(!in_added.contains(is_punctuation)),
            chinese: alone_if(normalizer.handle_chinese_chars && !in_added.contains(is_chinese)),
            lowercase: normalizer.lowercase,
            plain,
        })
    }

    /// Returns what the tokenizer gives its model for this word, where that is known without asking: of letters and digits
    /// of ASCII the normalizer changes the case alone.
    pub fn normalized<'w>(&self, word: &'w str) -> Option<Cow<'w, str>> {
        if !self.plain || !is_plain(word) {
            return None;
        }
        let has_capitals = word.bytes().any(|byte| byte.is_ascii_uppercase());
        Some(if self.lowercase && has_capitals {
            word.to_ascii_lowercase().into()
        } else {
            word.into()
        })
    }

    /// Returns the words of a text in order. No word is empty.
    pub fn words<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let mut rest = text;
        std::iter::from_fn(move || {
            loop {
                let (end, cut) = self.first_cut(rest);
                let width = rest[end..].chars().next().map_or(0, char::len_utf8);
                let (word, next) = match cut {
                    Cut::Gap if end == 0 => {
                        rest = &rest[width..];
                        continue;
                    }
                    Cut::Alone if end == 0 => (&rest[..width], width),
                    _ => (&rest[..end], end),
                };
                rest = &rest[next..];
                return (!word.is_empty()).then_some(word);
            }
        })
    }

    /// Returns where the first character is that is not inside a word, and what it does; the end if there is none.
    fn first_cut(&self, text: &str) -> (usize, Cut) {
        for (at, c) in text.char_indices() {
            let cut = self.cut(c);
            if cut != Cut::Inside {
                return (at, cut);
            }
        }
        (text.len(), Cut::Inside)
    }

    fn cut(&self, c: char) -> Cut {
        if let Some(&cut) = self.ascii.get(c as usize) {
            return cut;
        }
        if is_punctuation(c) {
            self.punctuation
        } else if is_chinese(c) {
            self.chinese
        } else {
            Cut::Inside
        }
    }
}

/// Returns true if nothing but letters and digits of ASCII is in the text.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Returns true for the usual marks of texts beyond ASCII: dashes, quotes, dots, and those of Chinese and Japanese. Others stay
/// inside their words, which are then rarer.
fn is_punctuation(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2027}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}')
}

/// Returns true for the characters that BERT's normalizer puts between spaces, where they are one block.
fn is_chinese(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{2a6df}')
}

/// Normalizes the content of an added token, which is looked for in normalized texts too.
fn normalized(normalizer: BertNormalizer, content: &str) -> Option<String> {
    let mut text = NormalizedString::from(content);
    normalizer.normalize(&mut text).ok()?;
    Some(text.get().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenizers::AddedToken;
    use tokenizers::models::wordpiece::WordPiece;
    use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
    use tokenizers::pre_tokenizers::whitespace::Whitespace;
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    fn tokenizer(added: &[AddedToken]) -> Tokenizer {
        let mut tokenizer = Tokenizer::new(WordPiece::default());
        let normalizer = BertNormalizer::default();
        tokenizer.with_normalizer(Some(normalizer)).unwrap();
        tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
        tokenizer.add_tokens(added.to_vec()).unwrap();
        tokenizer
    }

    fn words(added: &[&str], text: &str) -> Vec<String> {
        let added: Vec<AddedToken> = added.iter().map(|t| AddedToken::from(*t, true)).collect();
        let rule = WordRule::of(&tokenizer(&added)).unwrap();
        rule.words(text).map(str::to_owned).collect()
    }

    #[test]
    fn words_end_at_white_space_and_around_marks() {
        assert_eq!(
            words(&[], " It's \u{2018}a\u{2019},\tb\n\n"),
            ["It", "'", "s", "\u{2018}", "a", "\u{2019}", ",", "b"]
        );
        assert_eq!(
            words(&[], "x\u{4e2d}\u{6587}y"),
            ["x", "\u{4e2d}", "\u{6587}", "y"]
        );
        assert_eq!(words(&[], "a\u{a0}b\u{85}c"), ["a\u{a0}b\u{85}c"]);
        assert!(words(&[], " \n").is_empty());
    }

    #[test]
    fn marks_of_added_tokens_are_inside_words() {
        assert_eq!(words(&["[SEP]"], "a[SEP],b"), ["a[SEP]", ",", "b"]);
        // The normalizer makes "=" and a mark of it.
        assert_eq!(words(&["\u{2260}"], "a=b"), ["a=b"]);
        assert_eq!(words(&["\u{2014}"], "a\u{2013}b,"), ["a\u{2013}b", ","]);
    }

    #[test]
    fn plain_words_are_normalized_without_asking() {
        let rule = WordRule::of(&tokenizer(&[AddedToken::from("[SEP]", true)])).unwrap();
        assert_eq!(rule.normalized("Abc1").as_deref(), Some("abc1"));
        assert_eq!(rule.normalized("abc").as_deref(), Some("abc"));
        assert_eq!(rule.normalized("\u{e9}a"), None);
        assert_eq!(rule.normalized("a[SEP]"), None);
        let rule = WordRule::of(&tokenizer(&[AddedToken::from("sep", true)])).unwrap();
        assert_eq!(rule.normalized("sepa"), None);
        // The normalizer makes "e" of it.
        let rule = WordRule::of(&tokenizer(&[AddedToken::from("\u{e9}", false)])).unwrap();
        assert_eq!(rule.normalized("abc"), None);
    }

    #[test]
    fn other_tokenizers_have_no_rule() {
        assert!(WordRule::of(&tokenizer(&[])).is_some());
        let mut other = tokenizer(&[]);
        other.with_pre_tokenizer(Some(Whitespace {}));
        assert!(WordRule::of(&other).is_none());
        assert!(WordRule::of(&tokenizer(&[AddedToken::from("a b", false)])).is_none());
        // The normalizer puts spaces around it.
        assert!(WordRule::of(&tokenizer(&[AddedToken::from("\u{4e2d}", false)])).is_none());
        let single = AddedToken::from("a", false).single_word(true);
        assert!(WordRule::of(&tokenizer(&[single])).is_none());
    }

    /// Compares with the crate's own normalizer and pre-tokenizer, for every character there is.
    #[test]
    fn the_crate_cuts_wherever_the_rule_cuts() {
        let rule = WordRule::of(&tokenizer(&[])).unwrap();
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let mut text = PreTokenizedString::from(format!("a{c}b"));
            text.normalize(|part| BertNormalizer::default().normalize(part))
                .unwrap();
            BertPreTokenizer.pre_tokenize(&mut text).unwrap();
            let splits = text.get_splits(OffsetReferential::Normalized, OffsetType::Byte);
            let splits: Vec<&str> = splits.iter().map(|(split, ..)| *split).collect();
            match rule.cut(c) {
                Cut::Inside => {}
                Cut::Gap => assert_eq!(splits, ["a", "b"], "U+{:04X}", u32::from(c)),
                Cut::Alone => assert!(
                    splits.len() == 3 && splits[0] == "a" && splits[2] == "b",
                    "U+{:04X} {splits:?}",
                    u32::from(c)
                ),
            }
        }
    }
}
