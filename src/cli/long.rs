//! The flags of texts that are longer than the model takes.

use clap::{Args, ValueEnum};
use splade_export::LongTexts;

use super::encode::EncodeOptions;

#[derive(Args)]
pub struct LongArgs {
    /// What becomes of a text of more than --max-length tokens: truncate encodes its beginning; windows encodes all of
    /// it, in windows of that many tokens, and keeps the largest weight of each term
    #[arg(
        long,
        value_enum,
        default_value = "truncate",
        help_heading = "Encoding"
    )]
    long: LongArg,

    /// Tokens from the beginning of a window to that of the next, special ones not counted; less than a window has lets
    /// windows overlap [default: what a window has]
    #[arg(long, value_name = "N", help_heading = "Encoding")]
    stride: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum LongArg {
    Truncate,
    Windows,
}

impl LongArgs {
    /// Returns true if a flag is given.
    pub fn is_given(&self) -> bool {
        self.long != LongArg::Truncate || self.stride.is_some()
    }

    /// Adds what the flags say to the options.
    pub fn apply(&self, options: &mut EncodeOptions) {
        options.encoder.long = match self.long {
            LongArg::Truncate => LongTexts::Truncate,
            LongArg::Windows => LongTexts::Windows,
        };
        options.encoder.stride = self.stride;
    }
}
