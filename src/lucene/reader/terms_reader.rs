//! Reads the term dictionary of our own segments, in order, for merging and for comparing docids.
//!
//! The blocks form a tree; reading in order goes down to a sub-block where its entry stands, and on to the next floor
//! block at the end of one. The term index (`.tip`) is not needed for that. One block per level is in memory.

use crate::lucene::error::Result;
use crate::lucene::formats::term_meta::TermMeta;
use crate::lucene::reader::field_meta::FieldMeta;
use crate::lucene::reader::term_block_reader::{BlockEntry, TermBlockReader};
use crate::lucene::store::input::Input;

/// Reads the terms of one field in order.
#[derive(Debug)]
pub(crate) struct TermsReader {
    input: Input,
    has_freqs: bool,
    frames: Vec<TermBlockReader>,
    depth: usize,
    term: Vec<u8>,
    before: Vec<u8>,
    first: bool,
    /// Bytes of blocks that may still be read. No byte is in two blocks, so this ends a file in which blocks lead to one
    /// another forever.
    left: u64,
}

impl TermsReader {
    /// Creates a reader of the terms of a field in `.tim`.
    pub(crate) fn new(mut input: Input, field: &FieldMeta) -> Result<Self> {
        let mut root = TermBlockReader::default();
        let mut left = input.length();
        root.load(&mut input, field.root_fp, &mut left)?;
        Ok(Self {
            input,
            has_freqs: field.has_freqs,
            frames: vec![root],
            depth: 1,
            term: Vec::new(),
            before: Vec::new(),
            first: true,
            left,
        })
    }

    /// Returns the term that [`next`](Self::next) has found.
    pub(crate) fn term(&self) -> &[u8] {
        &self.term
    }

    /// Goes to the next term and returns its metadata. Terms that are not in increasing order are refused.
    pub(crate) fn next(&mut self) -> Result<Option<TermMeta>> {
        std::mem::swap(&mut self.term, &mut self.before);
        self.term.clone_from(&self.before);
        while let Some(frame) = self
            .depth
            .checked_sub(1)
            .and_then(|top| self.frames.get_mut(top))
        {
            if frame.is_at_end() {
                match frame.next_floor_block() {
                    Some(position) => {
                        frame.load(&mut self.input, position, &mut self.left)?;
                    }
                    None => self.depth -= 1,
                }
                continue;
            }
            match frame.next(self.has_freqs, &mut self.term) {
                Some(BlockEntry::Term(meta)) => {
                    if !self.first && self.term <= self.before {
                        return Err(self.input.corrupt("its terms are not in order"));
                    }
                    self.first = false;
                    return Ok(Some(meta));
                }
                Some(BlockEntry::Block(position)) => {
                    if self.frames.len() == self.depth {
                        self.frames.push(TermBlockReader::default());
                    }
                    let child = &mut self.frames[self.depth];
                    child.set_prefix(self.term.len());
                    child.load(&mut self.input, position, &mut self.left)?;
                    self.depth += 1;
                }
                None => return Err(self.input.corrupt("a block of terms is damaged")),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
