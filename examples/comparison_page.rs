//! Draws the results of `scripts/compare.sh` on a page in the look of `splade-export report`.
//!
//! `cargo run --release --example comparison_page -- RESULTS.json PAGE.html`. The page must not exist.

use std::path::PathBuf;

use splade_export::{Comparison, ReportFile};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [results, page] = paths.as_slice() else {
        return Err("expected RESULTS.json and PAGE.html".into());
    };
    let page = ReportFile::create(page)?;
    let comparison = Comparison::from_json(std::fs::File::open(results)?)?;
    Ok(page.write_comparison(&comparison)?)
}
