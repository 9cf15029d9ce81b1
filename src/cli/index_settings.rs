//! The flags that say what an index is like.

use clap::Args;
use splade_export::IndexSettings;

use super::size::parse_segment_memory;

#[derive(Args)]
pub struct IndexSettingsArgs {
    /// Memory of a segment, such as 64M: it is written when it is full; without a unit, MiB [default: 64M]
    #[arg(long, value_name = "SIZE", value_parser = parse_segment_memory, help_heading = "Index")]
    segment_memory: Option<u64>,

    /// Store each document's JSON in the index, as Anserini's -storeRaw does
    #[arg(long, help_heading = "Index")]
    store_raw: bool,

    /// Merge the index into one segment
    #[arg(long, help_heading = "Index")]
    force_merge: bool,
}

impl IndexSettingsArgs {
    pub fn resolve(&self) -> IndexSettings {
        IndexSettings {
            segment_memory: self
                .segment_memory
                .and_then(|bytes| usize::try_from(bytes).ok())
                .unwrap_or(IndexSettings::default().segment_memory),
            store_raw: self.store_raw,
            force_merge: self.force_merge,
        }
    }

    /// The first of these flags that was given.
    pub fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--segment-memory", self.segment_memory.is_some()),
            ("--store-raw", self.store_raw),
            ("--force-merge", self.force_merge),
        ];
        flags
            .iter()
            .find(|(_, given)| *given)
            .map(|(flag, _)| *flag)
    }
}
