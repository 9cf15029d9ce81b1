//! The flags from weights to impacts, of all commands that write some.

use clap::{Args, ValueEnum};
use splade_export::{
    Normalization, Pruning, Quantization, QuantizationOptions, QuantizationPreset, Rounding, Share,
    Step,
};

use super::usage::usage_error;

#[derive(Args)]
pub struct ImpactArgs {
    /// Keep the N heaviest terms of a text
    #[arg(long, value_name = "N", help_heading = "Pruning")]
    top_k: Option<usize>,

    /// Keep terms of at least this weight
    #[arg(long, value_name = "W", help_heading = "Pruning")]
    min_weight: Option<f32>,

    /// Keep the heaviest terms of a text that have this share of its whole weight, such as 0.9
    #[arg(long, value_name = "SHARE", help_heading = "Pruning")]
    keep_mass: Option<Share>,

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

    /// Make the largest weight of the corpus the impact N, such as 255 for engines that keep 8 bits: short for
    /// --normalize corpus and a step of 1/N
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX)),
        conflicts_with_all = ["preset", "step", "normalize"], help_heading = "Quantization")]
    max_impact: Option<u32>,
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

impl ImpactArgs {
    /// Returns the pruning that the flags describe.
    pub fn pruning(&self) -> Pruning {
        if let Some(min) = self.min_weight
            && !(min.is_finite() && min >= 0.0)
        {
            usage_error("--min-weight must be a number that is not negative");
        }
        Pruning {
            top_k: self.top_k,
            min_weight: self.min_weight,
            keep_mass: self.keep_mass,
        }
    }

    /// Returns true if a flag of the quantization is given.
    pub fn is_quantization_given(&self) -> bool {
        !self.options().is_empty() || self.keeps_weights() || self.max_impact.is_some()
    }

    /// Returns the quantization that the flags describe; `None` keeps float weights.
    pub fn quantization(&self) -> anyhow::Result<Option<Quantization>> {
        let mut options = self.options();
        if self.keeps_weights() {
            let others = [
                ("--preset", self.preset.is_some()),
                ("--rounding", self.rounding.is_some()),
                ("--min-impact", self.min_impact.is_some()),
                ("--normalize", self.normalize.is_some()),
            ];
            if let Some((option, _)) = others.iter().find(|(_, given)| *given) {
                usage_error(format_args!(
                    "--step none keeps the weights as they are, so {option} has no effect; leave one of the two out"
                ));
            }
            return Ok(None);
        }
        if let Some(most) = self.max_impact {
            options.step = Some(Step::try_from(1.0 / f64::from(most))?);
            options.normalization = Some(Normalization::Corpus);
        }
        Ok(Some(options.build()?))
    }

    fn keeps_weights(&self) -> bool {
        matches!(self.step, Some(StepArg::None))
    }

    /// Returns what the flags say of a quantization, a step apart that is none.
    fn options(&self) -> QuantizationOptions {
        QuantizationOptions {
            preset: self.preset.map(|preset| match preset {
                Preset::Naver => QuantizationPreset::Naver,
                Preset::Anserini => QuantizationPreset::Anserini,
            }),
            step: match self.step {
                Some(StepArg::Of(step)) => Some(step),
                Some(StepArg::None) | None => None,
            },
            rounding: self.rounding.map(|rounding| match rounding {
                RoundingArg::Nearest => Rounding::Nearest,
                RoundingArg::Floor => Rounding::Floor,
                RoundingArg::Ceil => Rounding::Ceil,
            }),
            min_impact: self.min_impact,
            normalization: self.normalize,
        }
    }
}
