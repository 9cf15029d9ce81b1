//! Bytes of a block that are read one after another.

use crate::lucene::error::Result;
use crate::lucene::store::input::Input;

/// A part of a block in memory, and how far it is read. Its buffer is used again for the next block.
#[derive(Debug, Default)]
pub(crate) struct Section {
    bytes: Vec<u8>,
    at: usize,
}

impl Section {
    /// Takes bytes from a file.
    pub(crate) fn fill(&mut self, input: &mut Input, length: usize) -> Result<()> {
        self.at = 0;
        self.bytes.clear();
        self.bytes.extend_from_slice(input.take(length)?);
        Ok(())
    }

    /// Makes `length` bytes of the section, for the caller to overwrite.
    pub(crate) fn reset(&mut self, length: usize, byte: u8) -> &mut [u8] {
        self.at = 0;
        self.bytes.clear();
        self.bytes.resize(length, byte);
        &mut self.bytes
    }

    /// Reads an unsigned number; nothing if the section ends in it.
    pub(crate) fn vlong(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// Reads an unsigned 32-bit number.
    pub(crate) fn vint(&mut self) -> Option<u32> {
        u32::try_from(self.vlong()?).ok()
    }

    /// Reads bytes.
    pub(crate) fn take(&mut self, length: usize) -> Option<&[u8]> {
        let end = self.at.checked_add(length)?;
        let bytes = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }
}
