//! `splade-export explain`: a text -> its terms and weights.

use std::collections::HashSet;

use serde::Serialize;

use super::{EncodeOptions, Session};
use crate::encoder::Batch;
use crate::impact::Quantizer;

/// The terms of one text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The text.
    pub text: String,
    /// Its tokens as terms, special ones left out.
    pub tokens: Vec<String>,
    /// True if the text had more tokens than were kept.
    pub truncated: bool,
    /// By descending weight.
    pub terms: Vec<ExplainedTerm>,
}

/// One term of a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainedTerm {
    /// The term.
    pub term: String,
    /// Its weight.
    pub weight: f32,
    /// What the weight becomes; 0 if it vanishes, null if weights are kept.
    pub impact: Option<u32>,
    /// True if the term is not in the text.
    pub expansion: bool,
}

/// Encodes one text.
///
/// # Errors
/// Those of loading the model and of encoding.
pub fn explain(options: &EncodeOptions, text: &str) -> anyhow::Result<Explanation> {
    let session = Session::open(options)?;
    let tokens = [session.tokenizer.tokenize(text)?];
    let vocabulary = &session.model.vocabulary;
    let mut vector = match Batch::plan(&tokens, session.budget).first() {
        Some(batch) => session
            .encoder
            .worker()?
            .encode(batch, &tokens)?
            .vectors
            .pop()
            .unwrap_or_default(),
        None => crate::impact::SparseVector::default(),
    };
    options.pruning.apply(&mut vector);
    // For one text, the corpus is the text.
    let impacts = options
        .quantization
        .map(|quantization| Quantizer::new(quantization, vector.max_weight()).quantize(&vector))
        .transpose()?;
    let in_text: HashSet<u32> = tokens[0].ids.iter().copied().collect();
    let mut terms: Vec<_> = vector
        .0
        .iter()
        .map(|entry| ExplainedTerm {
            term: vocabulary.term(entry.term).to_owned(),
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
        tokens: tokens[0]
            .ids
            .iter()
            .filter(|&&id| !vocabulary.is_special(id))
            .map(|&id| vocabulary.term(id).to_owned())
            .collect(),
        truncated: tokens[0].truncated,
        terms,
    })
}
