//! Judgments: which topics have any.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::error::CorpusError;
use super::lines::LineReader;
use super::open::open;
use super::source::Source;

/// Limits a line of qrels, in bytes.
const MAX_LINE: usize = 1 << 20;

/// The topics that a qrels file judges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JudgedTopics(HashSet<String>);

impl JudgedTopics {
    /// Reads the qids of a qrels file: BEIR's TSV with its header (`query-id`, `corpus-id`, `score`), or TREC's four
    /// columns (`qid 0 docid grade`), each also `.gz`.
    ///
    /// # Errors
    /// Returns [`CorpusError`] for a file that cannot be read or is of neither format.
    pub fn read(path: &Path) -> Result<Self, CorpusError> {
        let bad = |reason: String| CorpusError::Qrels {
            path: path.to_owned(),
            reason,
        };
        let stream = open(&Source::file(path.to_owned()), &Arc::default())?;
        let mut lines = LineReader::with_limit(stream, MAX_LINE);
        let mut judged = HashSet::new();
        let mut columns = None;
        loop {
            let number = lines.number() + 1;
            match lines.advance().map_err(|e| CorpusError::open(path, e))? {
                None => break,
                Some(true) => {}
                Some(false) => return Err(bad(format!("line {number} is longer than 1 MiB"))),
            }
            let Ok(line) = std::str::from_utf8(lines.line()) else {
                return Err(bad(format!("line {number} is not UTF-8")));
            };
            let words: Vec<&str> = line.split_whitespace().collect();
            let Some(qid) = words.first() else { continue };
            let expected = *columns.get_or_insert(if words.len() == 3 { 3 } else { 4 });
            if words.len() != expected {
                return Err(bad(format!(
                    "line {number} has {} columns, where BEIR's qrels have 3 and TREC's 4",
                    words.len()
                )));
            }
            let is_header = expected == 3 && number == 1 && words[2].parse::<f64>().is_err();
            if !is_header && !judged.contains(*qid) {
                judged.insert((*qid).to_owned());
            }
        }
        if judged.is_empty() {
            return Err(bad("no topic is judged in it".to_owned()));
        }
        Ok(Self(judged))
    }

    /// Returns true if the topic is judged.
    #[must_use]
    pub fn contains(&self, qid: &str) -> bool {
        self.0.contains(qid)
    }

    /// Returns the number of judged topics.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if no topic is judged, which is never so for topics that were read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<JudgedTopics, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("qrels");
        fs_err::write(&path, text).unwrap();
        JudgedTopics::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn both_formats_are_read() {
        let beir =
            read("\u{feff}query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\nq2\td1\t1\n").unwrap();
        assert!(beir.contains("q1") && beir.contains("q2") && beir.len() == 2);
        assert_eq!(beir, read("q1 0 d1 1\n\nq2 0 d1 2").unwrap());
    }

    #[test]
    fn what_is_no_qrels_file_is_refused() {
        assert!(read("q1\td1\n").unwrap_err().contains("has 2 columns"));
        assert!(
            read("q1 0 d1 1\nq2 d1 1\n")
                .unwrap_err()
                .contains("line 2 has 3 columns")
        );
        assert!(
            read("query-id\tcorpus-id\tscore\n")
                .unwrap_err()
                .contains("no topic is judged")
        );
        assert!(read("").unwrap_err().contains("no topic"));
    }
}
