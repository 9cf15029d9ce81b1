//! The stream of documents behind one or many files.

use std::io::{self, BufRead, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use super::docids::DocidSet;
use super::document::Document;
use super::error::CorpusError;
use super::fields::Fields;
use super::format::InputFormat;
use super::kind::CorpusKind;
use super::lines::{Line, LineReader, MAX_LINE_MIB};
use super::open::open;
use super::progress::ReadProgress;
use super::record;
use super::record_error::{Place, RecordError, RecordProblem};
use super::rejected::MAX_EXCERPT;
use super::source::Source;

/// What to read and how.
#[derive(Debug, Clone, Default)]
pub struct CorpusOptions {
    /// Files, folders, archives, or `-`.
    pub paths: Vec<PathBuf>,
    /// Corpus or queries of a BEIR dataset.
    pub kind: CorpusKind,
    /// The format of every file; `None` tells it from content and name.
    pub format: Option<InputFormat>,
    /// The fields that make the text.
    pub fields: Fields,
}

/// What the reader yields for a record: the document, or why there is none.
pub type Record = Result<Document, RecordError>;

/// Reads the documents of all sources in order.
///
/// [`CorpusReader::next_record`] keeps two kinds of failure apart: an outer [`CorpusError`] ends the
/// reading, an inner [`RecordError`] concerns one record, and the next call goes on after it.
pub struct CorpusReader {
    sources: std::vec::IntoIter<Source>,
    current: Option<Current>,
    format: Option<InputFormat>,
    fields: Fields,
    seen: DocidSet,
    progress: ReadProgress,
}

struct Current {
    name: Arc<str>,
    format: InputFormat,
    lines: LineReader<Box<dyn BufRead + Send>>,
}

impl CorpusReader {
    /// Finds the files, which are then opened one at a time, while reading.
    ///
    /// # Errors
    /// Returns [`CorpusError`] where a path cannot be resolved to files.
    pub fn open(options: CorpusOptions) -> Result<Self, CorpusError> {
        let sources = Source::resolve(&options.paths, options.kind)?;
        let progress = ReadProgress::new(&sources);
        Ok(Self {
            sources: sources.into_iter(),
            current: None,
            format: options.format,
            fields: options.fields,
            seen: DocidSet::default(),
            progress,
        })
    }

    /// Returns a handle on how far the reading has come.
    #[must_use]
    pub fn progress(&self) -> ReadProgress {
        self.progress.clone()
    }

    /// Returns the next record, or `None` at the end. Blank lines are no records.
    ///
    /// # Errors
    /// Returns [`CorpusError`] where a file cannot be read any further.
    pub fn next_record(&mut self) -> Result<Option<Record>, CorpusError> {
        loop {
            let Some(current) = &mut self.current else {
                let Some(source) = self.sources.next() else {
                    return Ok(None);
                };
                self.current = Some(self.start(&source)?);
                continue;
            };
            let number = current.lines.number() + 1;
            let line = current
                .lines
                .next_line()
                .map_err(|error| CorpusError::Read {
                    source_name: Arc::clone(&current.name),
                    line: number,
                    error,
                })?;
            let (parsed, line) = match line {
                None => {
                    self.current = None;
                    continue;
                }
                Some(Line::TooLong) => (Err(RecordProblem::LineTooLong(MAX_LINE_MIB)), &[][..]),
                Some(Line::Bytes(line)) if line.trim_ascii().is_empty() => continue,
                Some(Line::Bytes(line)) => {
                    (record::parse(line, current.format, &self.fields), line)
                }
            };
            let checked = parsed.and_then(|document| {
                if self.seen.insert(&document.docid) {
                    Ok(document)
                } else {
                    Err(RecordProblem::DuplicateDocid(document.docid))
                }
            });
            return Ok(Some(checked.map_err(|problem| {
                let place = Place {
                    source: Arc::clone(&current.name),
                    line: number,
                };
                problem.at(place, excerpt(line))
            })));
        }
    }

    fn start(&self, source: &Source) -> Result<Current, CorpusError> {
        let mut stream = open(source, self.progress.bytes())?;
        let format = if let Some(format) = self.format {
            format
        } else {
            let head = first_line(&mut stream).map_err(|error| CorpusError::Read {
                source_name: Arc::clone(&source.name),
                line: 1,
                error,
            })?;
            let told = InputFormat::from_content(&head, &source.name);
            stream = Box::new(Cursor::new(head).chain(stream));
            match told {
                // A first line that is broken is better reported as what its file's name says it is.
                Err(CorpusError::UnknownFormat { .. })
                    if InputFormat::from_name(&source.name).is_some() =>
                {
                    InputFormat::from_name(&source.name).unwrap_or(InputFormat::Jsonl)
                }
                told => told?,
            }
        };
        Ok(Current {
            name: Arc::clone(&source.name),
            format,
            lines: LineReader::new(stream),
        })
    }
}

/// Returns what comes up to the end of the first line that is not blank, at most 64 KiB. A pipe may hand it over
/// in pieces.
fn first_line(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut stream = stream.take(1 << 16);
    while stream.read_until(b'\n', &mut head)? > 0 && head.trim_ascii().is_empty() {}
    Ok(head)
}

fn excerpt(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[..line.len().min(MAX_EXCERPT)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn options(paths: Vec<PathBuf>) -> CorpusOptions {
        CorpusOptions {
            paths,
            kind: CorpusKind::Documents,
            format: None,
            fields: Fields::default(),
        }
    }

    fn read(paths: Vec<PathBuf>) -> Vec<Result<String, String>> {
        let mut reader = CorpusReader::open(options(paths)).unwrap();
        let mut records = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            records.push(record.map(|d| d.docid).map_err(|e| e.to_string()));
        }
        records
    }

    #[test]
    fn reads_plain_gzip_and_zip_alike_and_finds_duplicates_across_them() {
        let dir = tempfile::tempdir().unwrap();
        let body = b"{\"_id\": \"a\", \"text\": \"x\"}\n\n{\"_id\": \"b\", \"text\": \"y\"}\n";
        let plain = dir.path().join("a.jsonl");
        fs_err::write(&plain, body).unwrap();

        let gz = dir.path().join("b.jsonl.gz");
        let mut file = fs_err::File::create(&gz).unwrap();
        for id in ["c", "d"] {
            // Two members in one file, as `cat a.gz b.gz` makes them.
            let mut encoder =
                flate2::write::GzEncoder::new(&mut file, flate2::Compression::default());
            writeln!(encoder, "{{\"_id\": \"{id}\", \"text\": \"x\"}}").unwrap();
            encoder.finish().unwrap();
        }

        let zip = dir.path().join("set.zip");
        let mut writer = zip::ZipWriter::new(fs_err::File::create(&zip).unwrap());
        let how = zip::write::SimpleFileOptions::default();
        writer.start_file("set/queries.jsonl", how).unwrap();
        writer.write_all(b"{}").unwrap();
        writer.start_file("set/corpus.jsonl", how).unwrap();
        writer
            .write_all(b"{\"_id\": \"a\", \"text\": \"x\"}\n")
            .unwrap();
        writer.finish().unwrap();

        let records = read(vec![plain, gz, zip]);
        let ids: Vec<_> = records.iter().filter_map(|r| r.as_ref().ok()).collect();
        assert_eq!(ids, ["a", "b", "c", "d"]);
        let error = records.last().unwrap().as_ref().unwrap_err();
        assert!(error.contains("set.zip!set/corpus.jsonl:1: docid \"a\" was read before"));
    }

    #[test]
    fn goes_on_after_a_bad_record() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        fs_err::write(
            &path,
            "{\"id\": 1, \"text\": \"\"}\n{\n{\"id\": 2, \"text\": \"\"}\n",
        )
        .unwrap();
        let records = read(vec![path]);
        assert_eq!(records[0], Ok("1".into()));
        assert!(
            records[1]
                .as_ref()
                .unwrap_err()
                .contains("a.jsonl:2: not valid JSON")
        );
        assert_eq!(records[2], Ok("2".into()));
    }

    #[test]
    fn a_truncated_gzip_file_is_an_error_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl.gz");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        for id in 0..1000 {
            writeln!(encoder, "{{\"id\": {id}, \"text\": \"x\"}}").unwrap();
        }
        let bytes = encoder.finish().unwrap();
        fs_err::write(&path, &bytes[..bytes.len() - 20]).unwrap();
        let mut reader = CorpusReader::open(options(vec![path])).unwrap();
        let error = loop {
            match reader.next_record() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the truncation was not seen"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(
            error.contains("a.jsonl.gz: reading failed near line"),
            "{error}"
        );
    }
}
