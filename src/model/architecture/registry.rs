//! The list of architectures.

use super::interface::Architecture;
use super::source::Source;
use super::{bert, distilbert, gte, modernbert, roberta};
use crate::model::config::Config;
use crate::model::error::ModelError;

/// A model type and how its folder is read.
pub struct Family {
    /// The value of `model_type` in `config.json`.
    pub model_type: &'static str,
    /// Reads the configuration and finds the tensors.
    pub open: fn(&Source<'_>) -> Result<Box<dyn Architecture>, ModelError>,
    /// Returns how many tokens a text may have, as far as the configuration tells.
    pub positions: fn(&Config) -> Result<Option<usize>, ModelError>,
}

/// All that are known, in the order in which messages list them.
const FAMILIES: [Family; 8] = [
    Family {
        model_type: "bert",
        open: bert::open,
        positions: bert::positions,
    },
    Family {
        model_type: "distilbert",
        open: distilbert::open,
        positions: bert::positions,
    },
    Family {
        model_type: "roberta",
        open: roberta::open,
        positions: roberta::positions,
    },
    Family {
        model_type: "xlm-roberta",
        open: roberta::open,
        positions: roberta::positions,
    },
    Family {
        model_type: "camembert",
        open: roberta::open,
        positions: roberta::positions,
    },
    Family {
        model_type: "modernbert",
        open: modernbert::open,
        positions: bert::positions,
    },
    Family {
        model_type: "gte",
        open: gte::open,
        positions: bert::positions,
    },
    // GTE under the name that its first checkpoints have.
    Family {
        model_type: "new",
        open: gte::open,
        positions: bert::positions,
    },
];

/// Returns the family of a configuration.
pub fn family(config: &Config) -> Option<&'static Family> {
    let model_type = config.model_type();
    FAMILIES
        .iter()
        .find(|family| family.model_type == model_type)
}

/// Returns how many tokens a text may have, as far as the configuration tells. For a configuration of no
/// known family, what most models mean by the key is taken.
pub fn positions(config: &Config) -> Result<Option<usize>, ModelError> {
    family(config).map_or(bert::positions as _, |family| family.positions)(config)
}

/// Returns the error for a configuration of no known family.
pub fn unknown(config: &Config) -> ModelError {
    let found = match config.model_type() {
        "" => "(no model_type)",
        found => found,
    };
    let known: Vec<_> = FAMILIES.iter().map(|family| family.model_type).collect();
    ModelError::UnknownArchitecture {
        path: config.path().to_owned(),
        found: found.to_owned(),
        known: known.join(", "),
    }
}
