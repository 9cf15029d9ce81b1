//! What normalizers and pre-tokenizers of a `tokenizer.json` make of a text.

use serde_json::Value;

use super::charsmap;

/// Most parts of a sequence of normalizers, with those inside.
const MAX_PARTS: usize = 64;
/// Most bytes of a regular expression.
const MAX_PATTERN: usize = 2048;
/// Largest number of repetitions in a regular expression.
const MAX_REPETITIONS: u32 = 1000;

/// Returns the most bytes that a normalizer or pre-tokenizer makes of one byte, and adds its regular expressions to
/// `patterns`.
///
/// # Errors
/// What has no bound, or is nothing known here.
pub(super) fn expansion(section: &Value, patterns: &mut Vec<String>) -> Result<u64, String> {
    let mut walk = Walk { parts: 0, patterns };
    if section.is_null() {
        return Ok(1);
    }
    walk.part(section)
}

struct Walk<'p> {
    parts: usize,
    patterns: &'p mut Vec<String>,
}

impl Walk<'_> {
    fn part(&mut self, part: &Value) -> Result<u64, String> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(format!("it normalizes in over {MAX_PARTS} steps"));
        }
        let Some(kind) = part["type"].as_str() else {
            return Err("a normalizer or pre-tokenizer without a type".to_owned());
        };
        match kind {
            "Sequence" => self.sequence(part),
            "Replace" => self.replace(part),
            "Split" => {
                self.pattern(&part["pattern"])?;
                Ok(1)
            }
            "Prepend" => Ok(1 + text(&part["prepend"]).len() as u64),
            "Precompiled" => charsmap::expansion(text(&part["precompiled_charsmap"])),
            "FixedLength" if part["length"] == 0 => Err("pieces of no length".to_owned()),
            // U+FDFA has 3 bytes and becomes 33.
            "NFKC" | "NFKD" => Ok(11),
            "NFC" | "NFD" => Ok(3),
            "Lowercase" => Ok(2),
            // Takes accents apart and makes letters small.
            "BertNormalizer" => Ok(6),
            // Puts a space before each piece, and has a character of two bytes for most bytes.
            "ByteLevel" => Ok(4),
            // Puts a mark of up to four bytes before each piece, and for each space.
            "Metaspace" => Ok(8),
            _ => Ok(1),
        }
    }

    fn sequence(&mut self, part: &Value) -> Result<u64, String> {
        let lists = ["normalizers", "pretokenizers"];
        let parts = lists.iter().filter_map(|name| part[*name].as_array());
        let mut product = 1_u64;
        for part in parts.flatten() {
            product = product.saturating_mul(self.part(part)?);
        }
        Ok(product)
    }

    fn replace(&mut self, part: &Value) -> Result<u64, String> {
        let content = text(&part["content"]).len() as u64;
        let replaced = part["pattern"]["String"].as_str().map_or(0, str::len) as u64;
        self.pattern(&part["pattern"])?;
        Ok(match replaced {
            // An expression may match nothing, between any two characters.
            0 => 1 + content,
            bytes => content.div_ceil(bytes).max(1),
        })
    }

    fn pattern(&mut self, pattern: &Value) -> Result<(), String> {
        if let Some(text) = pattern["String"].as_str()
            && text.len() > MAX_PATTERN
        {
            return Err(format!("a pattern of over {MAX_PATTERN} bytes"));
        }
        let Some(expression) = pattern["Regex"].as_str() else {
            return Ok(());
        };
        if expression.len() > MAX_PATTERN {
            return Err(format!("a regular expression of over {MAX_PATTERN} bytes"));
        }
        let numbers = expression.split(|c: char| !c.is_ascii_digit());
        let mut counts = numbers.filter(|digits| !digits.is_empty());
        if counts.any(|digits| digits.parse().is_ok_and(|n: u32| n > MAX_REPETITIONS))
            && expression.contains('{')
        {
            return Err(format!(
                "a regular expression with a number over {MAX_REPETITIONS}"
            ));
        }
        self.patterns.push(expression.to_owned());
        Ok(())
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}
