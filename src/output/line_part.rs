//! One part of a format of lines.

use std::io;
use std::path::{Path, PathBuf};

use super::line_format::LineFormat;
use super::part_file::PartFileWriter;
use super::record::{EncodedRecord, Terms};
use super::traits::PartWriter;
use crate::durable::AtomicFile;
use crate::error::{Error, Result};
use crate::quote::Quoted;
use crate::run::{Compression, PartFile};

/// Writes one file of lines, or several where the format has a limit. Each appears when it is finished.
pub(crate) struct LinePart<'f> {
    format: &'f dyn LineFormat,
    temporary: PathBuf,
    path: PathBuf,
    compression: Compression,
    file: PartFileWriter,
    /// Bytes in the file that is open, before they are compressed.
    bytes: u64,
    finished: Vec<PartFile>,
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
        Ok(Self {
            format,
            temporary: temporary.to_owned(),
            path: path.to_owned(),
            compression,
            file: PartFileWriter::new(AtomicFile::create(temporary, path)?, compression),
            bytes: 0,
            finished: Vec::new(),
            line: Vec::new(),
        })
    }

    /// Returns the name of the file with this number: `part-00007.ndjson.gz`, then `part-00007-001.ndjson.gz`.
    fn name(&self, number: usize) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        match name.split_once('.') {
            Some((stem, endings)) if number > 0 => format!("{stem}-{number:03}.{endings}"),
            _ => name.into_owned(),
        }
    }

    /// Finishes the file that is open, and opens the next one.
    fn cut(&mut self) -> io::Result<()> {
        let number = self.finished.len();
        let next = self.path.with_file_name(self.name(number + 1));
        let next = AtomicFile::create(&self.temporary, &next)?;
        let next = PartFileWriter::new(next, self.compression);
        let file = std::mem::replace(&mut self.file, next);
        self.finished.push(file.finish(self.name(number))?);
        self.bytes = 0;
        Ok(())
    }
}

impl PartWriter for LinePart<'_> {
    fn add(&mut self, record: &EncodedRecord<'_>) -> Result<()> {
        self.line.clear();
        self.format.write(record, &mut self.line)?;
        let length = self.line.len() as u64;
        if let Some(most) = self.format.most_bytes() {
            if length > most {
                return Err(Error::output(format!(
                    "the document {} has {length} bytes in the format {}, and its reader takes {most}; take a larger `step`",
                    Quoted(record.docid),
                    self.format.name()
                )));
            }
            if self.bytes + length > most {
                self.cut()?;
            }
        }
        self.bytes += length;
        Ok(self.file.write_all(&self.line)?)
    }

    fn finish(self: Box<Self>, _: Terms<'_>) -> Result<Vec<PartFile>> {
        let name = self.name(self.finished.len());
        let mut files = self.finished;
        files.push(self.file.finish(name)?);
        Ok(files)
    }
}
