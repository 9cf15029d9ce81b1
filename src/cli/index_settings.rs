//! The flags that say what an index is like.

use clap::Args;
use splade_export::IndexSettings;

#[derive(Args)]
pub struct IndexSettingsArgs {
    /// Memory of a segment, in MiB: it is written when it is full [default: 64]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Index")]
    segment_memory: Option<u16>,

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
                .map_or(IndexSettings::default().segment_memory, |mib| {
                    usize::from(mib) << 20
                }),
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
