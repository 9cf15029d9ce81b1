//! From a batch to sparse vectors.

use std::time::Instant;

use half::slice::HalfFloatSliceExt;

use super::batch::Batch;
use super::batch_encoder::{BatchEncoder, Decoder};
use super::error::EncodeError;
use super::session::{GraphSession, Padded, Values, is_out_of_memory};
use super::stats::EncodeStats;
use super::text_windows::TextWindows;
use crate::impact::{SparseVector, TermWeight};
use crate::screened_head::{Scratch, ScreenedHead};

/// A session with its memory, for one thread at a time.
pub struct Worker {
    session: GraphSession,
    scratch: Scratch,
}

/// The weights of a batch.
#[derive(Debug, Default)]
pub struct EncodedBatch {
    /// Vectors in the order of [`Batch::rows`].
    pub vectors: Vec<SparseVector>,
    /// What encoding them took.
    pub stats: EncodeStats,
}

impl Worker {
    /// Makes a worker of a session of the same encoder that it is used with.
    pub fn new(session: GraphSession) -> Self {
        Self {
            session,
            scratch: Scratch::default(),
        }
    }

    /// Encodes one batch. Where memory does not suffice it is halved, down to single texts.
    ///
    /// # Errors
    /// [`EncodeError`] if ONNX Runtime fails or what it gives is no vector of this vocabulary.
    pub fn encode(
        &mut self,
        encoder: &BatchEncoder,
        batch: &Batch,
        texts: &TextWindows,
    ) -> Result<EncodedBatch, EncodeError> {
        match self.encode_whole(encoder, batch, texts) {
            Err(EncodeError::Run { length, reason, .. }) if is_out_of_memory(&reason) => {
                if batch.rows.len() == 1 {
                    return Err(EncodeError::NoMemoryForText { length, reason });
                }
                let (first, second) = batch.halves(texts);
                let mut whole = self.encode(encoder, &first, texts)?;
                let rest = self.encode(encoder, &second, texts)?;
                whole.vectors.extend(rest.vectors);
                whole.stats.add(&rest.stats);
                Ok(whole)
            }
            result => result,
        }
    }

    fn encode_whole(
        &mut self,
        encoder: &BatchEncoder,
        batch: &Batch,
        texts: &TextWindows,
    ) -> Result<EncodedBatch, EncodeError> {
        let started = Instant::now();
        let (ids, mask) = batch.tensors(texts);
        let padded = Padded {
            texts: batch.rows.len(),
            length: batch.length,
            ids: &ids,
            mask: &mask,
        };
        let mut stats = EncodeStats {
            padded_tokens: ids.len() as u64,
            ..EncodeStats::default()
        };
        let vocabulary = encoder.dropped.len();
        let scratch = &mut self.scratch;
        let mut vectors = self.session.run(&padded, |values| {
            stats.body = started.elapsed();
            match (&encoder.screened, values) {
                (Some(head), Values::F32(hidden)) => {
                    let lengths = batch.rows.iter().map(|&row| texts.length(row));
                    pool(head, scratch, hidden, batch.length, lengths, &mut stats)
                }
                (_, Values::F32(weights)) => sparse(weights, padded.texts, vocabulary),
                (_, Values::F16(weights)) => {
                    let mut wide = vec![0.0; weights.len()];
                    weights.convert_to_f32_slice(&mut wide);
                    sparse(&wide, padded.texts, vocabulary)
                }
                (
                    _,
                    Values::Entries {
                        places,
                        values,
                        columns,
                    },
                ) => {
                    check_columns(columns, vocabulary)?;
                    from_entries(places, values, padded.texts, vocabulary)
                }
            }
        })?;
        for vector in &mut vectors {
            finish(vector, encoder);
        }
        stats.head = started.elapsed().saturating_sub(stats.body);
        Ok(EncodedBatch { vectors, stats })
    }
}

/// Drops what may not be a term, and takes the second logarithm where the model was trained so.
fn finish(vector: &mut SparseVector, encoder: &BatchEncoder) {
    vector
        .0
        .retain(|entry| !encoder.dropped[entry.term as usize]);
    if encoder.log_again {
        // The logarithm is monotone, so it can wait until after the maximum.
        for entry in &mut vector.0 {
            entry.weight = entry.weight.ln_1p();
        }
    }
}

/// Makes the rows of pooled weights `[B, V]` sparse.
fn sparse(
    weights: &[f32],
    rows: usize,
    vocabulary: usize,
) -> Result<Vec<SparseVector>, EncodeError> {
    check_columns(weights.len().checked_div(rows).unwrap_or(0), vocabulary)?;
    weights
        .chunks_exact(vocabulary)
        .map(|row| SparseVector::from_dense(row).map_err(|term| EncodeError::NotFinite { term }))
        .collect()
}

/// Refuses weights that are not one for each term.
fn check_columns(columns: usize, vocabulary: usize) -> Result<(), EncodeError> {
    if columns == vocabulary {
        return Ok(());
    }
    Err(EncodeError::Columns {
        columns,
        vocabulary,
    })
}

/// Makes vectors of the weights `[rows, vocabulary]` that are not zero, in the order of their places.
fn from_entries(
    places: &[i64],
    weights: &[f32],
    rows: usize,
    vocabulary: usize,
) -> Result<Vec<SparseVector>, EncodeError> {
    let mut vectors = vec![SparseVector::default(); rows];
    for (&place, &weight) in places.iter().zip(weights) {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let term = u32::try_from(place % vocabulary).unwrap_or(u32::MAX);
        if !weight.is_finite() {
            return Err(EncodeError::NotFinite { term });
        }
        if let Some(vector) = vectors.get_mut(place / vocabulary)
            && weight > 0.0
        {
            vector.0.push(TermWeight { term, weight });
        }
    }
    Ok(vectors)
}

/// Pools hidden states `[B, L, H]`, of each text only its own tokens.
fn pool(
    head: &ScreenedHead<Decoder>,
    scratch: &mut Scratch,
    hidden: &[f32],
    length: usize,
    lengths: impl Iterator<Item = usize>,
    total: &mut EncodeStats,
) -> Result<Vec<SparseVector>, EncodeError> {
    let texts = hidden.chunks_exact(length * head.hidden());
    texts
        .zip(lengths)
        .map(|(rows, tokens)| {
            let mut found = Vec::new();
            let stats = head.pool(&rows[..tokens * head.hidden()], scratch, &mut found)?;
            total.add_text(stats);
            let entry = |(term, weight)| TermWeight { term, weight };
            Ok(SparseVector(found.into_iter().map(entry).collect()))
        })
        .collect()
}
