//! What a folder says of its model's pooling: the module `SpladePooling` of sentence-transformers.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::model::error::ModelError;
use crate::model::head::Aggregation;

/// Where sentence-transformers keeps it: beside a model for documents and queries, or beside one of which
/// a router makes the documents' side.
const FILES: [&str; 2] = [
    "1_SpladePooling/config.json",
    "document_1_SpladePooling/config.json",
];

/// How a model was trained to be pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pooling {
    /// `None` where the folder does not say.
    pub aggregation: Option<Aggregation>,
    /// How a logit becomes a weight.
    pub activation: Activation,
}

/// How a logit `l` becomes a weight, in sentence-transformers' terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `log(1 + relu(l))`
    #[default]
    Relu,
    /// `log(1 + log(1 + relu(l)))`, as OpenSearch's models of the third generation.
    Log1pRelu,
}

#[derive(Deserialize)]
struct File {
    pooling_strategy: Option<Aggregation>,
    activation_function: Option<Activation>,
}

impl Pooling {
    /// Reads it; with the file it was read from, if there is one.
    pub(in crate::model) fn read(folder: &Path) -> Result<(Self, Option<PathBuf>), ModelError> {
        let paths = FILES.map(|name| folder.join(name));
        let mut paths = paths.into_iter().chain(beside(folder));
        let Some(path) = paths.find(|path| path.exists()) else {
            return Ok((Self::default(), None));
        };
        let bytes = fs_err::read(&path).map_err(|e| ModelError::broken(&path, e))?;
        let file: File = serde_json::from_slice(&bytes)
            .map_err(|e| ModelError::broken(&path, format!("not a pooling known here: {e}")))?;
        let pooling = Self {
            aggregation: file.pooling_strategy,
            activation: file.activation_function.unwrap_or_default(),
        };
        Ok((pooling, Some(path)))
    }
}

/// Returns where it is for the model of one side of a router: in the next module of that side.
fn beside(folder: &Path) -> Option<PathBuf> {
    let name = folder.file_name()?.to_str()?;
    let sides = ["query", "document"];
    let side = sides
        .into_iter()
        .find(|side| name.starts_with(&format!("{side}_0_")))?;
    let module = format!("{side}_1_SpladePooling/config.json");
    Some(folder.parent()?.join(module))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<Pooling, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        match Pooling::read(dir.path()) {
            Ok((pooling, found)) => {
                assert_eq!(found, Some(path));
                Ok(pooling)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn both_places_and_all_that_is_known_are_read() {
        let text = r#"{"pooling_strategy": "max", "activation_function": "relu", "embedding_dimension": 5}"#;
        let pooling = read(FILES[0], text).unwrap();
        assert_eq!(pooling.aggregation, Some(Aggregation::Max));
        assert_eq!(pooling.activation, Activation::Relu);
        let text = r#"{"pooling_strategy": "sum", "activation_function": "log1p_relu"}"#;
        let pooling = read(FILES[1], text).unwrap();
        assert_eq!(pooling.aggregation, Some(Aggregation::Sum));
        assert_eq!(pooling.activation, Activation::Log1pRelu);
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(
            Pooling::read(empty.path()).unwrap(),
            (Pooling::default(), None)
        );
    }

    #[test]
    fn each_side_of_a_router_has_its_own() {
        let dir = tempfile::tempdir().unwrap();
        for (side, strategy) in [("query", "sum"), ("document", "max")] {
            let module = dir.path().join(format!("{side}_1_SpladePooling"));
            std::fs::create_dir(&module).unwrap();
            let text = format!(r#"{{"pooling_strategy": "{strategy}"}}"#);
            std::fs::write(module.join("config.json"), text).unwrap();
        }
        let read = |name: &str| Pooling::read(&dir.path().join(name)).unwrap().0.aggregation;
        assert_eq!(read("query_0_MLMTransformer"), Some(Aggregation::Sum));
        assert_eq!(read("document_0_MLMTransformer"), Some(Aggregation::Max));
    }

    #[test]
    fn another_pooling_is_refused() {
        let error = read(FILES[0], r#"{"activation_function": "gelu"}"#).unwrap_err();
        assert!(
            error.contains("1_SpladePooling/config.json") && error.contains("gelu"),
            "{error}"
        );
    }
}
