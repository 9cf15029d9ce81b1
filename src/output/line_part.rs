//! One part of a format of lines.

use std::io;
use std::path::Path;

use super::line_format::LineFormat;
use super::part_file::PartFileWriter;
use super::record::{EncodedRecord, Terms};
use super::traits::PartWriter;
use crate::durable::AtomicFile;
use crate::error::Result;
use crate::run::{Compression, PartFile};

/// Writes one file of lines, which appears when it is finished.
pub(crate) struct LinePart<'f> {
    format: &'f dyn LineFormat,
    file: PartFileWriter,
    name: String,
    line: Vec<u8>,
}

impl<'f> LinePart<'f> {
    /// Opens a temporary file in `temporary` that will become `path`.
    pub(crate) fn create(
        format: &'f dyn LineFormat,
        temporary: &Path,
        path: &Path,
        compression: Compression,
    ) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            format,
            file: PartFileWriter::new(AtomicFile::create(temporary, path)?, compression),
            name: name.into_owned(),
            line: Vec::new(),
        })
    }
}

impl PartWriter for LinePart<'_> {
    fn add(&mut self, record: &EncodedRecord<'_>) -> Result<()> {
        self.line.clear();
        self.format.write(record, &mut self.line)?;
        Ok(self.file.write_all(&self.line)?)
    }

    fn finish(self: Box<Self>, _: Terms<'_>) -> Result<Vec<PartFile>> {
        let Self { file, name, .. } = *self;
        Ok(vec![file.finish(name)?])
    }
}
