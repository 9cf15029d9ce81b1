//! What was written, as JSON for `splade_export/summaries.py`.

use serde_json::{Value, json};
use splade_export::{DocumentsSummary, OutputSummary};

/// Describes what a run wrote.
pub fn of_run(summary: &DocumentsSummary) -> Value {
    let run = summary.run.as_ref();
    json!({
        "counts": run.map(splade_export::FinishedRun::counts),
        "rejected": run.map(|run| run.accounting.rejected),
        "outputs": summary.outputs.iter().map(of_output).collect::<Vec<_>>(),
    })
}

fn of_output(output: &OutputSummary) -> Value {
    json!({
        "format": output.format,
        "path": output.path,
        "pieces": output.pieces,
        "unit": output.unit,
        "bytes": output.bytes,
    })
}
