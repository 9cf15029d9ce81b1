//! The flags from text to impacts, common to all commands.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use splade_export::{
    Aggregation, DeviceChoice, EncoderSettings, MAX_THREADS, Normalization, Precision, Pruning,
    Quantization, Rounding, SpladeEncoder, Step,
};

use super::fetch_progress::model_folder;
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
    /// int8 is faster on the CPU and approximate: about 19 of 20 terms are the same. Each text is then
    /// encoded alone, so that its weights do not depend on others.
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

    /// Keep the N heaviest terms of a text
    #[arg(long, value_name = "N", help_heading = "Pruning")]
    top_k: Option<usize>,

    /// Keep terms of at least this weight
    #[arg(long, value_name = "W", help_heading = "Pruning")]
    min_weight: Option<f32>,

    /// All quantization at once; the options below change single settings of it
    ///
    /// naver: --step 0.01 --min-impact 0, as NAVER's exporter (weight x 100).
    /// anserini: weight / 5 x 256 and --min-impact 0, as Anserini's and Pyserini's encoders.
    #[arg(long, value_enum, help_heading = "Quantization")]
    preset: Option<Preset>,

    /// The weight one unit of impact stands for: impact = weight / step; "none" keeps float weights
    /// [default: 0.1]
    #[arg(long, value_name = "S", value_parser = parse_step, help_heading = "Quantization")]
    step: Option<StepArg>,

    /// What happens to a fraction of a unit; nearest takes halves to the even neighbor
    /// [default: nearest]
    #[arg(long, value_enum, help_heading = "Quantization")]
    rounding: Option<RoundingArg>,

    /// Least impact of a positive weight; 0 lets small weights vanish [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=i64::from(i32::MAX)), help_heading = "Quantization")]
    min_impact: Option<u32>,

    /// Divide weights before the step: none, corpus (by the largest weight of all), text (by the
    /// text's own largest) or a number [default: none]
    #[arg(long, value_name = "BY", help_heading = "Quantization")]
    normalize: Option<Normalization>,
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

#[derive(Clone, Copy, ValueEnum)]
enum Preset {
    Naver,
    Anserini,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoundingArg {
    Nearest,
    Floor,
    Ceil,
}

#[derive(Clone, Copy)]
enum StepArg {
    None,
    Of(Step),
}

fn parse_step(text: &str) -> Result<StepArg, String> {
    if text == "none" {
        return Ok(StepArg::None);
    }
    text.parse()
        .map(StepArg::Of)
        .map_err(|_| "must be a positive number, or none".to_owned())
}

impl EncodeArgs {
    /// Checks the flags, and fetches the model if it is given by its name.
    pub fn resolve(&self, quiet: bool) -> anyhow::Result<EncodeOptions> {
        if let Some(min) = self.min_weight
            && !(min.is_finite() && min >= 0.0)
        {
            super::usage::usage_error("--min-weight must be a number that is not negative");
        }
        let threads = match self.threads {
            Some(threads) => usize::from(threads),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        // The tokenizer's pool; a second call in one process keeps the first.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global();
        Ok(EncodeOptions {
            quantization: self.quantization()?,
            model: model_folder(&self.model, quiet)?,
            encoder: EncoderSettings {
                onnxruntime: self.onnxruntime.clone(),
                aggregation: self.aggregation.map(|aggregation| match aggregation {
                    AggregationArg::Max => Aggregation::Max,
                    AggregationArg::Sum => Aggregation::Sum,
                }),
                max_length: self.max_length,
                keep_special_tokens: matches!(self.special_tokens, SpecialTokens::Keep),
                pruning: Pruning {
                    top_k: self.top_k,
                    min_weight: self.min_weight,
                },
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

    fn quantization(&self) -> anyhow::Result<Option<Quantization>> {
        let mut quantization = match self.preset {
            None => Quantization::default(),
            Some(Preset::Naver) => Quantization::naver(),
            Some(Preset::Anserini) => Quantization::anserini(),
        };
        match self.step {
            Some(StepArg::None) => {
                let others = [
                    ("--preset", self.preset.is_some()),
                    ("--rounding", self.rounding.is_some()),
                    ("--min-impact", self.min_impact.is_some()),
                    ("--normalize", self.normalize.is_some()),
                ];
                if let Some((option, _)) = others.iter().find(|(_, given)| *given) {
                    super::usage::usage_error(format_args!(
                        "--step none keeps the weights as they are, so {option} has no effect; leave one of the two out"
                    ));
                }
                return Ok(None);
            }
            Some(StepArg::Of(step)) => quantization.step = step,
            None => {}
        }
        if let Some(rounding) = self.rounding {
            quantization.rounding = match rounding {
                RoundingArg::Nearest => Rounding::Nearest,
                RoundingArg::Floor => Rounding::Floor,
                RoundingArg::Ceil => Rounding::Ceil,
            };
        }
        if let Some(min_impact) = self.min_impact {
            quantization.min_impact = min_impact;
        }
        if let Some(normalization) = self.normalize {
            quantization.normalization = normalization;
        }
        Ok(Some(quantization))
    }
}
