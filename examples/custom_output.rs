//! Writes a corpus in a format of its own: one line of docid, term and impact per posting, separated by tabs.
//!
//! `cargo run --release --example custom_output -- CORPUS OUTPUT` with `SPLADE_EXPORT_MODEL` set. A run that was
//! killed goes on when it is started again.

use std::path::PathBuf;

use splade_export::{
    Compression, CorpusOptions, DocumentsOptions, EncodedRecord, LineFormat, LineOutput,
    SpladeEncoder, Stop, VectorKind, encode_documents,
};

/// The whole of the format: what it is called, and one record of it.
struct Postings;

impl LineFormat for Postings {
    fn name(&self) -> &'static str {
        "postings"
    }

    fn extension(&self) -> &'static str {
        "tsv"
    }

    fn accepts(&self, kind: VectorKind) -> bool {
        kind == VectorKind::Impacts
    }

    fn write(&self, record: &EncodedRecord<'_>, lines: &mut Vec<u8>) -> splade_export::Result<()> {
        for (term, impact) in record.entries() {
            lines.extend_from_slice(format!("{}\t{term}\t{impact}\n", record.docid).as_bytes());
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(corpus), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: custom_output CORPUS OUTPUT".into());
    };
    let model = std::env::var_os("SPLADE_EXPORT_MODEL").ok_or("SPLADE_EXPORT_MODEL is not set")?;
    let encoder = SpladeEncoder::open(model)?.with_fingerprint().build()?;
    let options = DocumentsOptions {
        corpus: CorpusOptions {
            paths: vec![corpus],
            ..CorpusOptions::default()
        },
        resume: true,
        part_size: 20,
        ..DocumentsOptions::default()
    };
    let output = LineOutput::new(output, Postings, Compression::None);
    let summary = encode_documents(
        &encoder,
        &options,
        vec![Box::new(output)],
        &Stop::default(),
        &mut |_| {},
    )?;
    for output in summary.outputs {
        println!(
            "{} in {} {}",
            output.path.display(),
            output.pieces,
            output.unit
        );
    }
    Ok(())
}
