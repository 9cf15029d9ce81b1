//! What is converted and how.

use std::path::PathBuf;

use crate::impact::{Pruning, Quantization};
use crate::run::Compression;

/// What [`convert_collections`](super::convert_collections) reads and how.
#[derive(Debug, Clone)]
pub struct ConvertOptions {
    /// Collections: output folders of this program, or files and folders of any `JsonVectorCollection`.
    pub collections: Vec<PathBuf>,
    /// The terms by token id of the model that made the collections. Without them, outputs that write terms as numbers
    /// number the terms of the collections by the order of their bytes.
    pub vocabulary: Option<Vec<String>>,
    /// Which terms stay.
    pub pruning: Pruning,
    /// What the vectors become.
    pub target: ConvertTo,
    /// Compression of files of lines.
    pub compression: Compression,
    /// Parts that are converted at the same time. The outputs do not depend on it.
    pub threads: usize,
    /// Whether to go on with what an interrupted run left.
    pub resume: bool,
}

impl Default for ConvertOptions {
    /// Nothing yet, into what [`ConvertTo::Default`] says, with a thread for each core.
    fn default() -> Self {
        Self {
            collections: Vec::new(),
            vocabulary: None,
            pruning: Pruning::default(),
            target: ConvertTo::default(),
            compression: Compression::default(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            resume: false,
        }
    }
}

/// What vectors become.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum ConvertTo {
    /// Weights become impacts of the default quantization, and impacts stay as they are.
    #[default]
    Default,
    /// Float weights; those of impacts are what the impacts stand for.
    Weights,
    /// Impacts of this quantization; impacts are first taken for the weights they stand for.
    Impacts(Quantization),
}
