//! Finds where a long text can be cut so that the tokens of the pieces are those of the whole.

/// Bytes of a piece, if there is a gap between words near them.
const PIECE: usize = 64 << 10;
/// What every tokenizer for masked-language models takes for the end of a word. Other white space may be a control
/// character to it, which is removed, so that the words beside it become one.
const GAPS: [char; 4] = [' ', '\t', '\n', '\r'];

/// Cuts a text into pieces of at most `most` bytes, the end of which is that of a word. Only where a word has over half
/// of `most` bytes is it cut inside, so that a token or two there may differ.
pub(super) fn pieces(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let (piece, left) = text.split_at(first(text, PIECE.min(most), most));
        rest = (!left.is_empty()).then_some(left);
        Some(piece)
    })
}

/// Returns the bytes of the first piece: about `bytes`, or twice as many as long as there is no gap.
fn first(text: &str, mut bytes: usize, most: usize) -> usize {
    loop {
        if text.len() <= bytes {
            return text.len();
        }
        let window = &text[..text.floor_char_boundary(bytes)];
        match last_gap(window) {
            Some(cut) if cut >= bytes / 2 => return cut,
            _ if bytes < most => bytes = (bytes * 2).min(most),
            _ if window.is_empty() => return text.chars().next().map_or(0, char::len_utf8),
            _ => return window.len(),
        }
    }
}

/// Returns where the last gap between two words begins: white space goes to the piece behind, with the word that it
/// belongs to for tokenizers that keep it.
fn last_gap(text: &str) -> Option<usize> {
    let word = text.trim_end_matches(|c: char| !GAPS.contains(&c));
    let end = word.trim_end_matches(GAPS).len();
    (end > 0 && end < word.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn gaps_go_with_the_word_behind() {
        assert_eq!(last_gap("ab cd \n ef"), Some(5));
        assert_eq!(last_gap("ab cd  "), Some(5));
        assert_eq!(last_gap("  ab"), None);
        assert_eq!(last_gap("ab\u{85}cd"), None);
        assert_eq!(first("ab cd ef gh", 8, 8), 5);
        assert_eq!(first("abcdefgh ij", 4, 10), 8);
        assert_eq!(first("éééé", 3, 3), 2);
        assert_eq!(first("é", 1, 1), 2);
        assert_eq!(pieces("", 9).collect::<Vec<_>>(), [""]);
    }

    proptest! {
        #[test]
        fn pieces_are_the_text(text in "[ab\u{e9} \n\u{4e2d}]{0,80}", most in 4usize..30) {
            let pieces: Vec<&str> = pieces(&text, most).collect();
            prop_assert_eq!(pieces.concat(), text.clone());
            prop_assert!(pieces.iter().all(|piece| piece.len() <= most));
            prop_assert!(text.is_empty() || pieces.iter().all(|piece| !piece.is_empty()));
        }
    }
}
