//! The parts of a `tokenizer.json`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::model_section::ModelSection;
use super::{normalization, template};

/// Most bytes of a section but the model.
const MAX_SECTION: usize = 8 << 20;
/// Most bytes that may become of one byte of a text.
const MAX_EXPANSION: u64 = 4096;
/// Most added tokens.
const MAX_ADDED: usize = 100_000;
/// Most bytes of all added tokens, and of them normalized.
const MAX_ADDED_BYTES: u64 = 4 << 20;
const MAX_NORMALIZED_ADDED_BYTES: u64 = 64 << 20;

/// A file taken apart. Truncation, padding and decoder are left out: this program has its own, or none.
#[derive(Deserialize)]
pub(super) struct TokenizerFile<'a> {
    #[serde(borrow, default)]
    version: Option<&'a RawValue>,
    #[serde(borrow, default)]
    added_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    normalizer: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pre_tokenizer: Option<&'a RawValue>,
    #[serde(borrow, default)]
    post_processor: Option<&'a RawValue>,
    #[serde(borrow)]
    model: ModelSection<'a>,
}

/// What a file can do.
pub(super) struct Checked {
    /// Most bytes that normalizing makes of one byte of a text.
    pub expansion: u64,
    /// Characters to try the regular expressions with; none if there are no expressions.
    pub probes: Vec<char>,
}

impl<'a> TokenizerFile<'a> {
    /// Takes a file apart.
    ///
    /// # Errors
    /// Where it is no JSON of this shape.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|e| e.to_string())
    }

    /// Checks that all sizes and effects are bounded.
    ///
    /// # Errors
    /// What is not.
    pub fn check(&self) -> Result<Checked, String> {
        self.model.check()?;
        let mut patterns = Vec::new();
        let normalizer = section("normalizer", self.normalizer)?;
        let pre_tokenizer = section("pre_tokenizer", self.pre_tokenizer)?;
        let expansion = normalization::expansion(&normalizer, &mut patterns)?
            .saturating_mul(normalization::expansion(&pre_tokenizer, &mut patterns)?);
        if expansion > MAX_EXPANSION {
            return Err(format!(
                "its normalizer can make a text {expansion} times as long; {MAX_EXPANSION} times is the most that is \
                 allowed"
            ));
        }
        template::check(&section("post_processor", self.post_processor)?)?;
        self.check_added(expansion)?;
        let mut probes: Vec<char> = patterns.iter().flat_map(|text| text.chars()).collect();
        probes.sort_unstable();
        probes.dedup();
        Ok(Checked { expansion, probes })
    }

    fn check_added(&self, expansion: u64) -> Result<(), String> {
        #[derive(Deserialize)]
        struct Added {
            content: String,
        }
        let added: Vec<Added> = match self.added_tokens {
            None => return Ok(()),
            Some(raw) if raw.get().len() > MAX_SECTION => return Err(too_long("added_tokens")),
            Some(raw) => serde_json::from_str::<Option<_>>(raw.get())
                .map_err(|e| format!("added_tokens: {e}"))?
                .unwrap_or_default(),
        };
        let bytes: u64 = added.iter().map(|token| token.content.len() as u64).sum();
        if added.len() > MAX_ADDED
            || bytes > MAX_ADDED_BYTES
            || bytes.saturating_mul(expansion) > MAX_NORMALIZED_ADDED_BYTES
        {
            return Err(format!(
                "{} added tokens of {bytes} bytes are too many",
                added.len()
            ));
        }
        Ok(())
    }

    /// Puts the file together again of what was checked.
    ///
    /// # Errors
    /// None that is known; that of the library that writes JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        #[derive(Serialize)]
        struct Rebuilt<'a> {
            version: Option<&'a RawValue>,
            added_tokens: &'a RawValue,
            normalizer: Value,
            pre_tokenizer: Value,
            post_processor: Value,
            model: &'a ModelSection<'a>,
        }
        let none = RawValue::from_string("[]".to_owned()).map_err(|e| e.to_string())?;
        let added_tokens = self.added_tokens.filter(|raw| raw.get() != "null");
        let rebuilt = Rebuilt {
            version: self.version,
            added_tokens: added_tokens.unwrap_or(&none),
            normalizer: section("normalizer", self.normalizer)?,
            pre_tokenizer: section("pre_tokenizer", self.pre_tokenizer)?,
            post_processor: section("post_processor", self.post_processor)?,
            model: &self.model,
        };
        serde_json::to_vec(&rebuilt).map_err(|e| e.to_string())
    }
}

/// Returns a section as a value, in which no key comes twice.
fn section(name: &str, raw: Option<&RawValue>) -> Result<Value, String> {
    match raw {
        None => Ok(Value::Null),
        Some(raw) if raw.get().len() > MAX_SECTION => Err(too_long(name)),
        Some(raw) => serde_json::from_str(raw.get()).map_err(|e| format!("{name}: {e}")),
    }
}

fn too_long(name: &str) -> String {
    format!("its {name} is over {} MB", MAX_SECTION >> 20)
}
