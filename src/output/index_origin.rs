//! Tells what the index of a run is made of.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::digest::sha256_of_bytes;
use crate::impact::{Pruning, Quantization};
use crate::lucene::IndexOrigin;
use crate::run::{
    EncodingSettings, ImpactsBefore, ModelInfo, PartRecord, RunSettings, SettingDifference,
};

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

/// Names of the details: what searching has to know, whether topics are of the same model and quantization, and the other
/// settings, so that a run that goes on with the index can tell which of them differs.
const MODEL: &str = "model";
const QUANTIZATION: &str = "quantization";
const SETTINGS: &str = "settings";

/// Returns the details. A converted collection of another tool names no model.
fn details(settings: &RunSettings, index: &Value) -> serde_json::Result<BTreeMap<String, String>> {
    // Called as in a run's identity, so that a difference gets the same name.
    let other = json!({
        "encoding": settings.encoding,
        "pruning": settings.pruning,
        "impacts_before": settings.impacts_before,
        "collection": {"part_size": settings.collection.part_size},
        "outputs": {"lucene": index},
    });
    let mut details = BTreeMap::from([
        (
            QUANTIZATION.to_owned(),
            serde_json::to_string(&settings.quantization)?,
        ),
        (SETTINGS.to_owned(), serde_json::to_string(&other)?),
    ]);
    if let Some(model) = &settings.model {
        details.insert(MODEL.to_owned(), serde_json::to_string(&model.files)?);
    }
    Ok(details)
}

/// Returns the first setting in which two indexes differ, as far as they say how they were made.
pub(crate) fn difference(first: &IndexOrigin, now: &IndexOrigin) -> Option<SettingDifference> {
    let read = |origin: &IndexOrigin, name| -> Value {
        let text = origin.details.get(name);
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    };
    let settings = |origin| {
        let mut settings = read(origin, SETTINGS);
        settings[MODEL] = json!({"files": read(origin, MODEL)});
        settings[QUANTIZATION] = read(origin, QUANTIZATION);
        settings
    };
    first.details.get(SETTINGS)?;
    SettingDifference::between(&settings(first), &settings(now))
}

/// Returns what an index of these parts is made of. It is the same for the index that is written with a collection, the
/// one that is made of the collection later, and the one that is joined of shards. `index` has the index's own settings.
pub(crate) fn index_origin<'p>(
    settings: &RunSettings,
    index: &Value,
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
        details: details(settings, index)?,
        run: sha256_of_bytes(&serde_json::to_vec(&run)?),
        documents: sha256_of_bytes(&serde_json::to_vec(&parts)?),
    })
}
