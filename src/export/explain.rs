//! From one text to its terms and weights.

use std::collections::HashSet;

use serde::Serialize;

use crate::encoder::{QueryEncoder, SpladeEncoder, Tokens};
use crate::error::Result;
use crate::impact::{Quantization, Quantizer, SparseVector};
use crate::model::Vocabulary;
use crate::output::PseudoTerms;

/// The terms of one text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The text.
    pub text: String,
    /// Tokens of the text as terms, special ones left out.
    pub tokens: Vec<String>,
    /// True if the text had more tokens than were kept.
    pub truncated: bool,
    /// The windows that a longer text was encoded in; 1 where there are none.
    #[serde(skip_serializing_if = "is_one")]
    pub windows: usize,
    /// Terms by descending weight.
    pub terms: Vec<ExplainedTerm>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_one(count: &usize) -> bool {
    *count == 1
}

/// One term of a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedTerm {
    /// The term.
    pub term: String,
    /// Weight of the term.
    pub weight: f32,
    /// Impact that the weight becomes; 0 if it vanishes, null if weights are kept.
    pub impact: Option<u32>,
    /// True if the term is not in the text.
    pub expansion: bool,
}

/// Encodes one text and tells what each of its terms becomes.
///
/// # Errors
/// [`crate::encoder::EncodeError`] if the text cannot be encoded, [`crate::impact::QuantizeError`] if a
/// weight is too large for an impact.
pub fn explain_text(
    encoder: &SpladeEncoder,
    text: &str,
    quantization: Option<Quantization>,
) -> Result<Explanation> {
    let tokens = encoder.tokens(text)?;
    let vector = encoder.encode(&[text])?.pop().unwrap_or_default();
    let windows = encoder.window_count(&tokens);
    let explanation = describe(text, &tokens, &vector, encoder.vocabulary(), quantization)?;
    Ok(Explanation {
        windows,
        ..explanation
    })
}

/// Encodes one query as [`crate::export::encode_topics`] does, and tells what each of its terms becomes.
///
/// # Errors
/// As [`explain_text`].
pub fn explain_query(
    encoder: &QueryEncoder,
    text: &str,
    quantization: Option<Quantization>,
) -> Result<Explanation> {
    match encoder {
        QueryEncoder::Model(model) => explain_text(model, text, quantization),
        QueryEncoder::Table(table) => {
            let tokens = table.tokens(text)?;
            let vector = table.weigh(&tokens);
            describe(text, &tokens, &vector, table.vocabulary(), quantization)
        }
    }
}

fn describe(
    text: &str,
    tokens: &Tokens,
    vector: &SparseVector,
    vocabulary: &Vocabulary,
    quantization: Option<Quantization>,
) -> Result<Explanation> {
    let written = PseudoTerms::new(vocabulary.terms())?;
    let term = |id: u32| {
        written
            .terms()
            .get(id as usize)
            .cloned()
            .unwrap_or_default()
    };
    // For one text, the corpus is the text.
    let impacts = quantization
        .map(|quantization| Quantizer::new(quantization, vector.max_weight()).quantize(vector))
        .transpose()?;
    let in_text: HashSet<u32> = tokens.ids.iter().copied().collect();
    let mut terms: Vec<_> = vector
        .0
        .iter()
        .map(|entry| ExplainedTerm {
            term: term(entry.term),
            weight: entry.weight,
            impact: impacts.as_ref().map(|impacts| {
                let found = impacts.binary_search_by_key(&entry.term, |i| i.term);
                found.map_or(0, |at| impacts[at].impact)
            }),
            expansion: !in_text.contains(&entry.term),
        })
        .collect();
    terms.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    Ok(Explanation {
        text: text.to_owned(),
        tokens: tokens
            .ids
            .iter()
            .filter(|&&id| !vocabulary.is_special(id))
            .map(|&id| term(id))
            .collect(),
        truncated: tokens.truncated,
        windows: 1,
        terms,
    })
}
