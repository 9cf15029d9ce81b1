//! Texts that show what a tokenizer does before it gets a user's.

use tokenizers::Tokenizer;

/// Bytes of a text of one repeated character.
const RUN: usize = 4096;
/// Ordinary texts, and pieces that tokenizers stumble over.
const SHORT: [&str; 5] = ["", "a", " ", "Wings lift 2 planes.", "é 中 🙂\u{0}"];
/// What the texts for regular expressions repeat besides the characters of the expressions.
const REPEATED: [&str; 7] = ["a", "A", "0", " ", "\n", "é", "a "];

/// Tokenizes a few short texts, and a long one for each of the `characters` in regular expressions: where an expression
/// takes exponential or cubic time, it is for a long run of one of them.
///
/// # Errors
/// What the tokenizer says.
pub(super) fn run(tokenizer: &Tokenizer, characters: &[char]) -> Result<(), String> {
    let try_text = |text: &str| match tokenizer.encode_fast(text, true) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("it cannot tokenize an ordinary text: {error}")),
    };
    SHORT.iter().try_for_each(|text| try_text(text))?;
    if characters.is_empty() {
        return Ok(());
    }
    let single = characters.iter().map(char::to_string);
    let repeated = REPEATED.iter().map(|&text| text.to_owned()).chain(single);
    for text in repeated {
        try_text(&text.repeat(RUN / text.len()))?;
    }
    Ok(())
}
