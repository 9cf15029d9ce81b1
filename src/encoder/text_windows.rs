//! The windows that texts are encoded in.

use std::ops::Range;

use super::tokens::Tokens;

/// Texts, and the windows of each. Batches are made of windows, which are counted through all texts: a text that fits
/// the model is one window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextWindows {
    texts: Vec<Tokens>,
    windows: Vec<Window>,
    /// Place behind the last window of each text.
    ends: Vec<usize>,
}

/// A stretch of a text's tokens, which stands between the special tokens of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Window {
    text: usize,
    /// Places in the text's token ids.
    tokens: Range<usize>,
}

impl TextWindows {
    /// Cuts each text of more than `length` tokens into windows of `length` tokens, special ones included. `stride` is the
    /// number of tokens from the beginning of a window to that of the next; `None` has them follow each other.
    #[must_use]
    pub fn cut(texts: Vec<Tokens>, length: usize, stride: Option<usize>) -> Self {
        let mut windows = Vec::with_capacity(texts.len());
        let mut ends = Vec::with_capacity(texts.len());
        for (text, tokens) in texts.iter().enumerate() {
            let own = tokens.own();
            let room = length.saturating_sub(tokens.before + tokens.after).max(1);
            let stride = stride.unwrap_or(room).clamp(1, room);
            let mut start = own.start;
            loop {
                let end = own.end.min(start + room);
                windows.push(Window {
                    text,
                    tokens: start..end,
                });
                if end == own.end {
                    break;
                }
                start += stride;
            }
            ends.push(windows.len());
        }
        Self {
            texts,
            windows,
            ends,
        }
    }

    /// Returns the texts.
    #[must_use]
    pub fn texts(&self) -> &[Tokens] {
        &self.texts
    }

    /// Returns the number of windows of all texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// Returns true if there are no texts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Returns the places of the windows of a text.
    #[must_use]
    pub fn of_text(&self, text: usize) -> Range<usize> {
        let start = text.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[text]
    }

    /// Returns the place of the text of a window.
    #[must_use]
    pub fn text(&self, window: usize) -> usize {
        self.windows[window].text
    }

    /// Returns true if a window has no token but special ones.
    #[must_use]
    pub fn is_blank(&self, window: usize) -> bool {
        self.texts[self.windows[window].text].blank
    }

    /// Returns the number of tokens of a window, special ones included.
    #[must_use]
    pub fn length(&self, window: usize) -> usize {
        let Window { text, tokens } = &self.windows[window];
        let text = &self.texts[*text];
        text.before + tokens.len() + text.after
    }

    /// Returns the token ids of a window, special ones included.
    pub fn ids(&self, window: usize) -> impl Iterator<Item = u32> {
        let Window { text, tokens } = &self.windows[window];
        let text = &self.texts[*text];
        let own = text.own();
        let pieces = [0..own.start, tokens.clone(), own.end..text.ids.len()];
        pieces
            .into_iter()
            .flat_map(|piece| text.ids[piece].iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A text of the tokens 10, 11, ... between 1 and 2.
    fn text(own: u32) -> Tokens {
        let ids = std::iter::once(1)
            .chain((0..own).map(|n| 10 + n))
            .chain([2]);
        Tokens {
            ids: ids.collect(),
            before: 1,
            after: 1,
            blank: own == 0,
            ..Tokens::default()
        }
    }

    fn ids(windows: &TextWindows) -> Vec<Vec<u32>> {
        (0..windows.len())
            .map(|window| windows.ids(window).collect())
            .collect()
    }

    #[test]
    fn each_window_stands_between_the_special_tokens() {
        let windows = TextWindows::cut(vec![text(5), text(0), text(3)], 5, None);
        let expected: [&[u32]; 4] = [
            &[1, 10, 11, 12, 2],
            &[1, 13, 14, 2],
            &[1, 2],
            &[1, 10, 11, 12, 2],
        ];
        assert_eq!(ids(&windows), expected);
        assert_eq!(
            [0, 1, 2].map(|text| windows.of_text(text)),
            [0..2, 2..3, 3..4]
        );
        assert!(windows.is_blank(2) && !windows.is_blank(1));
        let windows = TextWindows::cut(vec![text(5)], 5, Some(1));
        let expected: [&[u32]; 3] = [
            &[1, 10, 11, 12, 2],
            &[1, 11, 12, 13, 2],
            &[1, 12, 13, 14, 2],
        ];
        assert_eq!(ids(&windows), expected);
    }

    proptest! {
        #[test]
        fn every_token_is_in_a_window_and_none_is_needless(
            lengths in prop::collection::vec(0u32..60, 0..9),
            length in 3usize..20,
            stride in prop::option::of(1usize..25),
        ) {
            let texts: Vec<_> = lengths.iter().map(|&own| text(own)).collect();
            let windows = TextWindows::cut(texts.clone(), length, stride);
            let step = stride.unwrap_or(length).min(length - 2);
            let mut next = 0;
            for (number, tokens) in texts.iter().enumerate() {
                let count = windows.of_text(number).len();
                let own = tokens.ids.len() - 2;
                prop_assert_eq!(count, 1 + own.saturating_sub(length - 2).div_ceil(step));
                let mut seen = Vec::new();
                for at in 0..count {
                    let ids: Vec<u32> = windows.ids(next).collect();
                    prop_assert_eq!(windows.text(next), number);
                    prop_assert_eq!(ids.len(), windows.length(next));
                    prop_assert!(ids.len() <= length);
                    prop_assert_eq!((ids[0], ids[ids.len() - 1]), (1, 2));
                    let own = &ids[1..ids.len() - 1];
                    prop_assert_eq!(own, &tokens.ids[1 + at * step..][..own.len()]);
                    seen.truncate(at * step);
                    seen.extend_from_slice(own);
                    next += 1;
                }
                prop_assert_eq!(&seen[..], &tokens.ids[1..=own]);
            }
            prop_assert_eq!(next, windows.len());
        }
    }
}
