//! The flags from text to impacts, common to all commands.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use splade_export::{
    Aggregation, Device, DeviceChoice, EncoderSettings, MAX_THREADS, Precision, Quantization,
    SpladeEncoder,
};

use super::fetch_progress::model_folder;
use super::impacts::ImpactArgs;
use super::size::parse_memory;

/// From text to impacts: what documents, topics and single texts have in common.
pub struct EncodeOptions {
    /// The model folder.
    pub model: PathBuf,
    /// From text to weights.
    pub encoder: EncoderSettings,
    /// From weights to impacts; `None` keeps the weights.
    pub quantization: Option<Quantization>,
}

impl EncodeOptions {
    /// Opens the model with these settings.
    pub fn open(&self) -> splade_export::Result<SpladeEncoder> {
        let builder = SpladeEncoder::open(&self.model)?;
        Ok(builder.settings(self.encoder.clone()).build()?)
    }

    /// Opens the model and hashes its files, beside each other.
    pub fn open_with_fingerprint(&self) -> splade_export::Result<SpladeEncoder> {
        let builder = SpladeEncoder::open(&self.model)?.settings(self.encoder.clone());
        Ok(builder.with_fingerprint().build()?)
    }
}

#[derive(Args)]
pub struct EncodeArgs {
    /// A model folder (a Hugging Face checkpoint or an ONNX export), or a name on the Hugging Face hub: ORG/NAME,
    /// ORG/NAME@REVISION, or hf:ORG/NAME where a folder has the same name
    #[arg(long, value_name = "MODEL", env = "SPLADE_EXPORT_MODEL")]
    model: PathBuf,

    /// How the tokens' logits become one weight per term [default: as 1_SpladePooling in the model's folder
    /// says, else max]
    #[arg(long, value_enum, help_heading = "Encoding")]
    aggregation: Option<AggregationArg>,

    /// Most tokens of a text, special ones included [default: the model's limit, at most 512]
    #[arg(long, value_name = "N", help_heading = "Encoding")]
    max_length: Option<usize>,

    /// Whether the tokenizer's special tokens ([CLS], [SEP], ...) may be terms of a text
    #[arg(long, value_enum, default_value = "drop", help_heading = "Encoding")]
    special_tokens: SpecialTokens,

    /// Encoder threads [default: the cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_THREADS)), help_heading = "Encoding")]
    threads: Option<u16>,

    /// Where the model runs: cpu, cuda, cuda:N, cuda:all, a list such as cuda:0,cuda:1, or auto (a GPU if
    /// there is one that can be used)
    #[arg(
        long,
        value_name = "DEVICE",
        default_value = "auto",
        help_heading = "Encoding"
    )]
    device: DeviceChoice,

    /// Precision of the encoder layers; auto is fp32 on the CPU, fp16 on a GPU, and an ONNX export's own
    ///
    /// int8 is faster on the CPU and approximate: about 19 of 20 terms are the same. A text's weights
    /// then depend on no other text at all.
    #[arg(long, value_enum, default_value = "auto", help_heading = "Encoding")]
    precision: PrecisionArg,

    /// Memory that encoding may take, such as 800M or 1.5GiB: main memory, or a GPU's own [default: no limit]
    ///
    /// An estimate for model and batches is kept below it; parts of very long texts come on top.
    #[arg(long, value_name = "SIZE", value_parser = parse_memory, help_heading = "Encoding")]
    max_memory: Option<u64>,

    /// ONNX Runtime's shared library [default: that for GPUs in the cache of `splade-export setup`
    /// unless --device cpu, $ORT_DYLIB_PATH, beside the program, that cache]
    #[arg(long, value_name = "FILE", help_heading = "Encoding")]
    onnxruntime: Option<PathBuf>,

    #[command(flatten)]
    pub impacts: ImpactArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum AggregationArg {
    Max,
    Sum,
}

#[derive(Clone, Copy, ValueEnum)]
enum PrecisionArg {
    Auto,
    Fp32,
    Fp16,
    Int8,
}

#[derive(Clone, Copy, ValueEnum)]
enum SpecialTokens {
    Drop,
    Keep,
}

impl EncodeArgs {
    /// Checks the flags, and fetches the model if it is given by its name.
    pub fn resolve(&self, quiet: bool) -> anyhow::Result<EncodeOptions> {
        let pruning = self.impacts.pruning();
        let threads = match self.threads {
            Some(threads) => usize::from(threads),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        // The tokenizer's pool; a second call in one process keeps the first.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global();
        Ok(EncodeOptions {
            quantization: self.impacts.quantization()?,
            model: model_folder(&self.model, quiet)?,
            encoder: EncoderSettings {
                onnxruntime: self.onnxruntime.clone(),
                aggregation: self.aggregation.map(|aggregation| match aggregation {
                    AggregationArg::Max => Aggregation::Max,
                    AggregationArg::Sum => Aggregation::Sum,
                }),
                max_length: self.max_length,
                keep_special_tokens: matches!(self.special_tokens, SpecialTokens::Keep),
                pruning,
                threads,
                device: self.device.clone(),
                precision: match self.precision {
                    PrecisionArg::Auto => None,
                    PrecisionArg::Fp32 => Some(Precision::Fp32),
                    PrecisionArg::Fp16 => Some(Precision::Fp16),
                    PrecisionArg::Int8 => Some(Precision::Int8),
                },
                max_memory: self.max_memory,
                ..EncoderSettings::default()
            },
        })
    }
}

/// Prints where the model runs, which without `--device` depends on the machine.
pub fn print_devices(encoder: &SpladeEncoder) {
    let devices: Vec<_> = encoder.devices().iter().map(Device::to_string).collect();
    say!(
        "device       {}, {}",
        devices.join(", "),
        encoder.precision()
    );
}
