//! The rows of all parts -> the files of the output.

use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use fs_err::File;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::npy::head;
use super::part::{NpzPart, Piece};
use crate::durable::{AtomicFile, create_folder};
use crate::error::{Error, Result};
use crate::output::assembled::{AssembledOutput, Assembly, Places};
use crate::output::part_file::PartFileWriter;
use crate::output::token_ids::TokenIds;
use crate::output::traits::PartWriter;
use crate::run::{Compression, FinishedRun, PartFile, VectorKind};

/// What the rows are, which is in the names of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NpzTexts {
    /// Documents.
    #[default]
    Documents,
    /// Topics.
    Topics,
}

impl NpzTexts {
    /// Returns the name of the folder, with which its files begin.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Documents => "doc",
            Self::Topics => "query",
        }
    }

    /// Returns the name of a file in the folder of the output.
    pub(super) fn file(self, name: &str) -> String {
        let texts = self.name();
        format!("{texts}/{texts}-{name}")
    }
}

/// Writes sparse matrices for `SciPy` into the folder `path`.
#[must_use]
pub fn npz_output(path: PathBuf, texts: NpzTexts) -> AssembledOutput {
    let ids = TokenIds::default();
    AssembledOutput::of(path, Npz { texts, ids })
}

struct Npz {
    texts: NpzTexts,
    ids: TokenIds,
}

impl Assembly for Npz {
    fn name(&self) -> &'static str {
        "npz"
    }

    fn settings(&self) -> Value {
        json!({"texts": self.texts.name()})
    }

    fn accepts(&self, _: VectorKind) -> bool {
        true
    }

    fn needs_vocabulary(&self) -> bool {
        true
    }

    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        self.ids = TokenIds::new(terms)?;
        Ok(())
    }

    fn part(&self, number: usize, folder: &Path) -> Result<Box<dyn PartWriter + '_>> {
        Ok(Box::new(NpzPart::create(&self.ids, number, folder)?))
    }

    fn assemble(&self, run: &FinishedRun, places: &Places<'_>) -> Result<Vec<PartFile>> {
        let counts = run.counts();
        let matrix = Matrix {
            rows: counts.documents,
            entries: counts.postings,
            columns: self.ids.terms().len(),
            data: match run.settings.kind {
                VectorKind::Impacts => "<i4",
                VectorKind::Weights => "<f4",
            },
            numbers: run.parts.keys().copied().collect(),
            folder: places.parts,
        };
        write_files(
            &matrix,
            &self.ids,
            self.texts,
            places.temporary,
            places.output,
        )
    }
}

/// Writes the files into the folder `output`, by way of temporary files.
pub(super) fn write_files(
    matrix: &Matrix<'_>,
    ids: &TokenIds,
    texts: NpzTexts,
    temporary: &Path,
    output: &Path,
) -> Result<Vec<PartFile>> {
    create_folder(&output.join(texts.name()))?;
    let write = |file: &str, write: &dyn Fn(&mut Out) -> Result<()>| {
        let file = texts.file(file);
        let temporary = AtomicFile::create(temporary, &output.join(&file))?;
        let mut out = Out(PartFileWriter::new(temporary, Compression::None));
        write(&mut out)?;
        Ok::<_, Error>(out.0.finish(file)?)
    };
    Ok(vec![
        write("embeddings.npz", &|out| matrix.write(out))?,
        write("ids.txt", &|out| Ok(matrix.copy(Piece::Ids, out)?))?,
        write("terms.txt", &|out| {
            for term in ids.terms() {
                writeln!(out, "{term}")?;
            }
            Ok(())
        })?,
    ])
}

/// A file as something to write to.
struct Out(PartFileWriter);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The matrix in its parts.
pub(super) struct Matrix<'a> {
    pub(super) rows: u64,
    pub(super) entries: u64,
    pub(super) columns: usize,
    /// Type in `NumPy` of the entries.
    pub(super) data: &'static str,
    /// Numbers of the parts.
    pub(super) numbers: Vec<usize>,
    /// Folder of the parts.
    pub(super) folder: &'a Path,
}

impl Matrix<'_> {
    /// Writes the zip.
    fn write(&self, out: &mut Out) -> Result<()> {
        let mut zip = ZipWriter::new_stream(out);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .large_file(true);
        let array = |length: u64| format!("({length},)");
        let begin = |zip: &mut ZipWriter<_>, name: &str, kind: &str, shape: &str| {
            zip.start_file(name, options).map_err(io::Error::other)?;
            zip.write_all(&head(kind, shape))
        };
        begin(&mut zip, "indices.npy", "<i4", &array(self.entries))?;
        self.copy(Piece::Indices, &mut zip)?;
        begin(&mut zip, "indptr.npy", "<i8", &array(self.rows + 1))?;
        self.write_offsets(&mut zip)?;
        begin(&mut zip, "format.npy", "|S3", "()")?;
        zip.write_all(b"csr")?;
        begin(&mut zip, "shape.npy", "<i8", "(2,)")?;
        zip.write_all(&self.rows.to_le_bytes())?;
        zip.write_all(&(self.columns as u64).to_le_bytes())?;
        begin(&mut zip, "data.npy", self.data, &array(self.entries))?;
        self.copy(Piece::Data, &mut zip)?;
        zip.finish().map_err(io::Error::other)?;
        Ok(())
    }

    /// Copies a piece of all parts, end to end.
    fn copy(&self, piece: Piece, out: &mut impl Write) -> io::Result<()> {
        for &number in &self.numbers {
            io::copy(&mut self.open(piece, number)?, out)?;
        }
        Ok(())
    }

    /// Writes where each row begins, and where the last one ends.
    fn write_offsets(&self, out: &mut impl Write) -> io::Result<()> {
        let mut offset = 0_u64;
        out.write_all(&offset.to_le_bytes())?;
        for &number in &self.numbers {
            let mut file = self.open(Piece::Lengths, number)?;
            let rows = file.get_ref().metadata()?.len() / 4;
            for _ in 0..rows {
                let mut length = [0; 4];
                file.read_exact(&mut length)?;
                offset += u64::from(u32::from_le_bytes(length));
                out.write_all(&offset.to_le_bytes())?;
            }
        }
        Ok(())
    }

    fn open(&self, piece: Piece, number: usize) -> io::Result<BufReader<File>> {
        let file = File::open(self.folder.join(piece.name(number)))?;
        Ok(BufReader::with_capacity(1 << 16, file))
    }
}
