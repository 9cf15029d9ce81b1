//! The flag that names formats, and where each goes.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use splade_export::{Compression, LuceneOutput, Output, OutputFormat};

use super::index_settings::IndexSettingsArgs;
use super::usage::usage_error;

/// The format that lies in the output folder itself.
const COLLECTION: &str = "json-vectors";

#[derive(Args)]
pub struct FormatArgs {
    /// Formats to write, separated by commas: json-vectors, pseudo-text, elasticsearch, elasticsearch-features, opensearch,
    /// opensearch-features, opensearch-seismic, ciff, seismic, qdrant, npz
    ///
    /// json-vectors lies in OUTPUT itself, each other format in OUTPUT/FORMAT.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = COLLECTION,
        requires = "output",
        help_heading = "Output"
    )]
    format: Vec<String>,

    /// Compression of files of lines
    #[arg(long, value_enum, default_value = "gzip", help_heading = "Output")]
    compress: CompressArg,
}

#[derive(Clone, Copy, ValueEnum)]
enum CompressArg {
    Gzip,
    None,
}

/// Returns true where an index would lie among the files of an output, or around them.
fn are_mixed(output: &Path, index: &Path) -> bool {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (output, index) = (absolute(output), absolute(index));
    let own = ["documents", ".unfinished"].map(|name| output.join(name));
    output.starts_with(&index) || own.iter().any(|folder| index.starts_with(folder))
}

impl FormatArgs {
    /// Returns the compression of files of lines.
    pub fn compression(&self) -> Compression {
        match self.compress {
            CompressArg::Gzip => Compression::Gzip,
            CompressArg::None => Compression::None,
        }
    }

    /// Makes the outputs that were asked for: the collection first, then the other formats, then the index.
    pub fn outputs(
        &self,
        output: Option<&Path>,
        index: Option<PathBuf>,
        settings: &IndexSettingsArgs,
    ) -> splade_export::Result<Vec<Box<dyn Output>>> {
        let mut outputs = Vec::new();
        if let Some(output) = output {
            outputs = OutputFormat::outputs(&self.format, output, self.compression())?;
        }
        if let Some(index) = index {
            if outputs
                .iter()
                .any(|output| are_mixed(output.path(), &index))
            {
                usage_error(
                    "--output and --index need a folder each; the index may lie in the collection's, as OUTPUT/index does",
                );
            }
            outputs.push(Box::new(LuceneOutput::new(index, settings.resolve())));
        }
        Ok(outputs)
    }
}
