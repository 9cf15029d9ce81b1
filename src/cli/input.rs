//! Flags that describe the input.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use splade_export::{CorpusKind, CorpusOptions, Fields, InputFormat, JudgedTopics};

#[derive(Args)]
pub struct InputArgs {
    /// The format of every input file [default: told from content and name]
    #[arg(long, value_enum, help_heading = "Input")]
    input_format: Option<FormatArg>,

    /// JSON fields joined by one space to the text, in this order; "text" also finds "contents",
    /// "passage", "body" and "segment". Of TREC topics: "title", "desc", "narr"
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "title,text",
        help_heading = "Input"
    )]
    fields: Vec<String>,

    /// JSON key of the docid or qid [default: the first there is of "_id", "id" and the other usual names]
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    id_field: Option<String>,
}

#[derive(Args)]
pub struct TopicsInputArgs {
    #[command(flatten)]
    input: InputArgs,

    /// Encode only the topics that this qrels file judges (BEIR's .tsv, or TREC's four columns)
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    qrels: Option<PathBuf>,
}

impl TopicsInputArgs {
    pub fn resolve(self, paths: Vec<PathBuf>) -> anyhow::Result<CorpusOptions> {
        let judged = self.qrels.map(|path| JudgedTopics::read(&path));
        Ok(CorpusOptions {
            only: judged.transpose()?.map(Arc::new),
            ..self.input.resolve(paths, CorpusKind::Topics)
        })
    }
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
