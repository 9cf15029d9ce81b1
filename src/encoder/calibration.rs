//! The center of the screened head.

use super::batch::{Batch, BatchBudget};
use super::error::EncodeError;
use super::session::{GraphSession, Padded, Values};
use super::text_windows::TextWindows;
use super::tokens::TextTokenizer;
use crate::screened_head::mean_row;

/// Ordinary sentences of several languages. Other sentences would change the speed a little, and no
/// weight.
const SENTENCES: [&str; 8] = [
    "The committee will publish its report on public health early next year.",
    "She walked along the river, bought two loaves of bread and went home before the rain.",
    "Small changes in temperature can alter how proteins fold inside a living cell.",
    "How do I reset the password of my account if I no longer have the phone?",
    "A indústria brasileira cresceu no último trimestre, segundo o instituto de estatística.",
    "Os alunos estudam a história da cidade e visitam o museu aos sábados.",
    "Der Zug nach Norden fährt heute wegen Bauarbeiten zehn Minuten später ab.",
    "Le conseil a voté hier soir un nouveau budget pour les écoles du quartier.",
];

/// Returns the mean hidden state of the sentences' tokens, `hidden` values.
pub fn center(
    session: &mut GraphSession,
    tokenizer: &TextTokenizer,
    hidden: usize,
) -> Result<Vec<f32>, EncodeError> {
    let texts = SENTENCES
        .iter()
        .map(|text| tokenizer.tokenize(text))
        .collect::<Result<Vec<_>, _>>()?;
    let texts = TextWindows::cut(texts, usize::MAX, None);
    // Runs one text at a time, so that no padding has to be told apart.
    let budget = BatchBudget {
        texts: 1,
        ..BatchBudget::default()
    };
    let mut rows = Vec::new();
    for batch in Batch::plan(&texts, budget) {
        let (ids, mask) = batch.tensors(&texts);
        let padded = Padded {
            texts: 1,
            length: batch.length,
            ids: &ids,
            mask: &mask,
        };
        session.run(&padded, |values| {
            if let Values::F32(values) = values {
                rows.extend_from_slice(values);
            }
            Ok(())
        })?;
    }
    Ok(mean_row(&rows, hidden))
}
