//! Tells what the index of a run is made of.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::digest::sha256_of_bytes;
use crate::impact::{Pruning, Quantization};
use crate::lucene::IndexOrigin;
use crate::run::{EncodingSettings, ImpactsBefore, ModelInfo, PartRecord, RunSettings};

/// The settings that bear on the documents' impacts. Names of input files and the form of the collection do not.
#[derive(Serialize)]
struct ImpactSettings<'a> {
    model: &'a Option<ModelInfo>,
    encoding: &'a Option<EncodingSettings>,
    pruning: &'a Pruning,
    quantization: &'a Option<Quantization>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impacts_before: &'a Option<ImpactsBefore>,
    part_size: usize,
}

/// What a part is made of, and the counts of what became of it.
#[derive(Serialize)]
struct PartContent<'a> {
    number: usize,
    input_sha256: &'a str,
    documents: u64,
    empty: u64,
    postings: u64,
    impact_sum: u64,
}

/// Returns what searching has to know: whether topics are of the same model and quantization. A converted collection of
/// another tool names no model.
fn details(settings: &RunSettings) -> serde_json::Result<BTreeMap<String, String>> {
    let mut details = BTreeMap::from([(
        "quantization".to_owned(),
        serde_json::to_string(&settings.quantization)?,
    )]);
    if let Some(model) = &settings.model {
        details.insert("model".to_owned(), serde_json::to_string(&model.files)?);
    }
    Ok(details)
}

/// Returns what an index of these parts is made of. It is the same for the index that is written with a collection, the
/// one that is made of the collection later, and the one that is joined of shards.
pub(crate) fn index_origin<'p>(
    settings: &RunSettings,
    parts: impl IntoIterator<Item = (usize, &'p PartRecord)>,
) -> serde_json::Result<IndexOrigin> {
    let run = ImpactSettings {
        model: &settings.model,
        encoding: &settings.encoding,
        pruning: &settings.pruning,
        quantization: &settings.quantization,
        impacts_before: &settings.impacts_before,
        part_size: settings.collection.part_size,
    };
    let parts: Vec<_> = parts
        .into_iter()
        .map(|(number, part)| PartContent {
            number,
            input_sha256: &part.input_sha256,
            documents: part.counts.documents,
            empty: part.counts.empty,
            postings: part.counts.postings,
            impact_sum: part.counts.impact_sum,
        })
        .collect();
    Ok(IndexOrigin {
        details: details(settings)?,
        run: sha256_of_bytes(&serde_json::to_vec(&run)?),
        documents: sha256_of_bytes(&serde_json::to_vec(&parts)?),
    })
}
