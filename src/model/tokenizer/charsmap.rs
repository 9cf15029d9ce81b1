//! The map of a SentencePiece normalizer: a trie from characters to offsets, and the texts that they become.
//!
//! ```text
//! u32 bytes of the trie | trie: u32 each | texts, each ended by a zero byte
//! ```

/// Largest map as base64. Those of known models have 0.3 MB.
const MAX_BASE64: usize = 4 << 20;
/// Longest key that is looked up: a grapheme of five bytes.
const MAX_KEY: u64 = 5;

/// Returns the most bytes that the map makes of one byte.
///
/// # Errors
/// What is wrong with the map: the program that reads it trusts all of its offsets.
pub(super) fn expansion(base64: &str) -> Result<u64, String> {
    if base64.len() > MAX_BASE64 {
        return Err(format!("a character map of over {} MB", MAX_BASE64 >> 20));
    }
    let wrong = || "a character map that is damaged".to_owned();
    let bytes = decode(base64).ok_or_else(wrong)?;
    let (size, rest) = bytes.split_first_chunk().ok_or_else(wrong)?;
    let size = u32::from_le_bytes(*size) as usize / 4 * 4;
    let (trie, texts) = rest.split_at_checked(size).ok_or_else(wrong)?;
    let units = trie
        .chunks_exact(4)
        .map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]));
    let map = CharacterMap {
        units: units.collect(),
        texts: std::str::from_utf8(texts).map_err(|_| wrong())?,
    };
    map.expansion().ok_or_else(wrong)
}

struct CharacterMap<'a> {
    units: Vec<u32>,
    texts: &'a str,
}

impl CharacterMap<'_> {
    /// Walks all keys that can be looked up. `None` if an offset leads outside, or if the trie is none.
    fn expansion(&self) -> Option<u64> {
        let root = offset(*self.units.first()?);
        let mut most = 1;
        let mut visits = 0;
        let mut waiting = vec![(root, 0)];
        while let Some((at, length)) = waiting.pop() {
            visits += 1;
            // Every unit of a trie is reached once.
            if visits > self.units.len() {
                return None;
            }
            if length == MAX_KEY {
                continue;
            }
            for byte in 1..=255_u32 {
                let next = at ^ byte as usize;
                let unit = *self.units.get(next)?;
                if unit & ((1 << 31) | 0xff) != byte {
                    continue;
                }
                let next = next ^ offset(unit);
                if unit >> 8 & 1 == 1 {
                    let value = *self.units.get(next)? & ((1 << 31) - 1);
                    most = most.max(self.length(value as usize)?.div_ceil(length + 1));
                }
                waiting.push((next, length + 1));
            }
        }
        Some(most)
    }

    /// Returns the bytes of the text that begins here.
    fn length(&self, at: usize) -> Option<u64> {
        let text = self.texts.get(at..)?;
        Some(text.find('\0').unwrap_or(text.len()) as u64)
    }
}

/// Returns how far the children of a unit are.
fn offset(unit: u32) -> usize {
    (unit as usize >> 10) << ((unit & (1 << 9)) >> 6)
}

/// Decodes base64 with padding. `None` for anything else.
fn decode(base64: &str) -> Option<Vec<u8>> {
    let bytes = base64.as_bytes();
    let digits = bytes.strip_suffix(b"=").unwrap_or(bytes);
    let digits = digits.strip_suffix(b"=").unwrap_or(digits);
    if !bytes.len().is_multiple_of(4) {
        return None;
    }
    let mut decoded = Vec::with_capacity(bytes.len() / 4 * 3);
    for group in digits.chunks(4) {
        let mut number = 0;
        for &digit in group {
            number = number << 6 | value(digit)?;
        }
        number <<= 6 * (4 - group.len());
        decoded.extend_from_slice(&number.to_be_bytes()[1..group.len()]);
    }
    Some(decoded)
}

fn value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
