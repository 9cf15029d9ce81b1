//! The flags that say what is read.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use splade_export::corpus::{CorpusKind, CorpusOptions, Fields, InputFormat};

#[derive(Args)]
pub struct InputArgs {
    /// The format of every input file [default: told from content and name]
    #[arg(long, value_enum, help_heading = "Input")]
    input_format: Option<FormatArg>,

    /// JSON fields joined by one space to the text, in this order; "text" also finds "contents"
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "title,text",
        help_heading = "Input"
    )]
    fields: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormatArg {
    Jsonl,
    Tsv,
}

impl InputArgs {
    pub fn resolve(self, paths: Vec<PathBuf>, kind: CorpusKind) -> CorpusOptions {
        CorpusOptions {
            paths,
            kind,
            format: self.input_format.map(|format| match format {
                FormatArg::Jsonl => InputFormat::Jsonl,
                FormatArg::Tsv => InputFormat::Tsv,
            }),
            fields: Fields::new(self.fields),
        }
    }
}
