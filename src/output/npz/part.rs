//! The rows of a part: four files, to be joined end to end.

use std::path::Path;

use crate::durable::AtomicFile;
use crate::error::{Error, Result};
use crate::output::part_file::PartFileWriter;
use crate::output::record::{EncodedRecord, Terms, VectorRef};
use crate::output::token_ids::TokenIds;
use crate::output::traits::PartWriter;
use crate::quote::Quoted;
use crate::run::{Compression, PartFile};

/// The files of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// Impacts as int32, or weights as float32.
    Data,
    /// Token ids as int32.
    Indices,
    /// Number of terms of each row, as uint32.
    Lengths,
    /// Docids, one a line.
    Ids,
}

impl Piece {
    pub const ALL: [Self; 4] = [Self::Data, Self::Indices, Self::Lengths, Self::Ids];

    /// Returns the name of the part's file.
    pub fn name(self, number: usize) -> String {
        let piece = match self {
            Self::Data => "data",
            Self::Indices => "indices",
            Self::Lengths => "lengths",
            Self::Ids => "ids",
        };
        format!("part-{number:05}.{piece}")
    }
}

/// Writes a part.
pub(super) struct NpzPart<'o> {
    ids: &'o TokenIds,
    number: usize,
    /// In the order of [`Piece::ALL`].
    files: Vec<PartFileWriter>,
    /// Token ids and the bytes of their numbers, of one record.
    row: Vec<(u32, [u8; 4])>,
}

impl<'o> NpzPart<'o> {
    /// Begins a part.
    pub fn create(ids: &'o TokenIds, number: usize, folder: &Path) -> Result<Self> {
        let open = |piece: Piece| {
            let file = AtomicFile::create(folder, &folder.join(piece.name(number)))?;
            Ok(PartFileWriter::new(file, Compression::None))
        };
        Ok(Self {
            ids,
            number,
            files: Piece::ALL.into_iter().map(open).collect::<Result<_>>()?,
            row: Vec::new(),
        })
    }

    fn write(&mut self, piece: Piece, bytes: &[u8]) -> Result<()> {
        Ok(self.files[piece as usize].write_all(bytes)?)
    }

    /// Collects the row, by ascending token id.
    fn collect(&mut self, record: &EncodedRecord<'_>) -> Result<()> {
        self.row.clear();
        let id = |number| self.ids.find(record.terms, number, "npz");
        match record.vector {
            VectorRef::Impacts(impacts) => {
                for entry in impacts {
                    self.row.push((id(entry.term)?, entry.impact.to_le_bytes()));
                }
            }
            VectorRef::Weights(vector) => {
                for entry in &vector.0 {
                    self.row.push((id(entry.term)?, entry.weight.to_le_bytes()));
                }
            }
        }
        self.row.sort_unstable_by_key(|entry| entry.0);
        Ok(())
    }
}

impl PartWriter for NpzPart<'_> {
    fn add(&mut self, record: &EncodedRecord<'_>) -> Result<()> {
        // Python's splitlines ends a line at each of these.
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        if record.docid.contains(breaks) || record.docid.trim() != record.docid {
            return Err(Error::output(format!(
                "the docid {} cannot be a line of a text file, which the format npz has them in; give the document a docid \
                 without control characters and without white space at its ends",
                Quoted(record.docid)
            )));
        }
        self.collect(record)?;
        let row = std::mem::take(&mut self.row);
        for (id, number) in &row {
            self.write(Piece::Data, number)?;
            self.write(Piece::Indices, &id.to_le_bytes())?;
        }
        let length = u32::try_from(row.len()).unwrap_or(u32::MAX);
        self.row = row;
        self.write(Piece::Lengths, &length.to_le_bytes())?;
        self.write(Piece::Ids, record.docid.as_bytes())?;
        self.write(Piece::Ids, b"\n")
    }

    fn finish(self: Box<Self>, _: Terms<'_>) -> Result<Vec<PartFile>> {
        let number = self.number;
        let pieces = Piece::ALL.into_iter().zip(self.files);
        Ok(pieces
            .map(|(piece, file)| file.finish(piece.name(number)))
            .collect::<std::io::Result<_>>()?)
    }
}
