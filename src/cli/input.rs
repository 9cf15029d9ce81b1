//! Flags that describe the input.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use splade_export::corpus::{CorpusKind, CorpusOptions, Fields, InputFormat};

#[derive(Args)]
pub struct InputArgs {
    /// The format of every input file [default: told from content and name]
    #[arg(long, value_enum, help_heading = "Input")]
    input_format: Option<FormatArg>,

    /// JSON fields joined by one space to the text, in this order; "text" also finds "contents", "passage", "body" and "segment"
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "title,text",
        help_heading = "Input"
    )]
    fields: Vec<String>,

    /// JSON key of the docid or qid [default: the first there is of the usual ones, such as "_id", "id", "doc_id"]
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    id_field: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormatArg {
    Jsonl,
    Tsv,
    Trec,
}

impl InputArgs {
    pub fn resolve(self, paths: Vec<PathBuf>, kind: CorpusKind) -> CorpusOptions {
        CorpusOptions {
            paths,
            kind,
            format: self.input_format.map(|format| match format {
                FormatArg::Jsonl => InputFormat::Jsonl,
                FormatArg::Tsv => InputFormat::Tsv,
                FormatArg::Trec => InputFormat::Trec,
            }),
            fields: Fields::new(self.fields),
            id_field: self.id_field,
            only: None,
        }
    }
}
