//! How texts are encoded.

use std::path::PathBuf;

use super::batch::BatchBudget;
use super::device::DeviceChoice;
use super::long_texts::LongTexts;
use crate::impact::Pruning;
use crate::model::{Aggregation, Operators, Precision};

/// Most encoder threads. More would only cost memory.
pub const MAX_THREADS: u16 = 1024;

/// How texts are encoded. The default suits the model and the machine.
#[derive(Debug, Clone)]
pub struct EncoderSettings {
    /// ONNX Runtime's library; `None` looks for it, see [`crate::encoder::Runtime::find`].
    pub onnxruntime: Option<PathBuf>,
    /// Maximum or sum over tokens; `None` for what the model's folder says, else the maximum.
    pub aggregation: Option<Aggregation>,
    /// Most tokens of a text, special ones included; `None` for the model's limit, at most 512.
    pub max_length: Option<usize>,
    /// What becomes of longer texts.
    pub long: LongTexts,
    /// Tokens from the beginning of a window to that of the next, with [`LongTexts::Windows`]; `None` has the windows
    /// follow each other without a token in common.
    pub stride: Option<usize>,
    /// True if special tokens may be terms.
    pub keep_special_tokens: bool,
    /// Which weights are left out.
    pub pruning: Pruning,
    /// Encoder threads, at most [`MAX_THREADS`]; by default the cores. Several devices share them.
    pub threads: usize,
    /// Where the model runs.
    pub device: DeviceChoice,
    /// Precision of the encoder layers; `None` for the device's default, or what an exported graph has.
    pub precision: Option<Precision>,
    /// Most bytes that the encoder may take: of main memory, or of a GPU's own. `None` for no limit.
    pub max_memory: Option<u64>,
    /// How the head is evaluated.
    pub head: HeadChoice,
    /// How large batches are; `None` for what suits the device. Weights differ by rounding, about 1e-6,
    /// from batch to batch.
    pub batches: Option<BatchBudget>,
}

impl Default for EncoderSettings {
    fn default() -> Self {
        Self {
            onnxruntime: None,
            aggregation: None,
            max_length: None,
            long: LongTexts::default(),
            stride: None,
            keep_special_tokens: false,
            pruning: Pruning::default(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            device: DeviceChoice::default(),
            precision: None,
            max_memory: None,
            head: HeadChoice::default(),
            batches: None,
        }
    }
}

/// How hidden states become weights. All ways give the same weights, up to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeadChoice {
    /// The screened head where it can be used: on the CPU, for the maximum, with a checkpoint.
    #[default]
    Best,
    /// The head in the graph, with the layers in these operators.
    InGraph(Operators),
}
