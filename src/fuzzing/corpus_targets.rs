//! Targets that read a corpus, topics, or what belongs to them.

use super::write;
use crate::corpus::{
    CorpusKind, CorpusOptions, CorpusReader, Fields, InputFormat, JudgedTopics, Plan,
};

fn read_corpus(name: &str, data: &[u8], kind: CorpusKind, format: Option<InputFormat>) {
    let Some(path) = write(name, data) else {
        return;
    };
    read(CorpusOptions {
        paths: vec![path],
        kind,
        format,
        ..CorpusOptions::default()
    });
}

fn read(options: CorpusOptions) {
    let Ok(mut reader) = CorpusReader::open(options) else {
        return;
    };
    while let Ok(Some(record)) = reader.next_record() {
        match record {
            Ok(document) => {
                assert!(
                    !document.docid.is_empty() && !document.docid.contains(char::is_whitespace)
                );
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// Corpora and topics: JSON Lines, TSV, gzip, zip, told from the content.
pub fn corpus(data: &[u8]) {
    read_corpus("corpus", data, CorpusKind::Documents, None);
}

/// JSON Lines without a look at the content first.
pub fn jsonl(data: &[u8]) {
    read_corpus(
        "jsonl",
        data,
        CorpusKind::Documents,
        Some(InputFormat::Jsonl),
    );
}

/// TSV, as topics come.
pub fn tsv(data: &[u8]) {
    read_corpus("topics", data, CorpusKind::Topics, Some(InputFormat::Tsv));
}

/// A gzip stream around any bytes, and any bytes after a gzip header.
pub fn gzip(data: &[u8]) {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    bytes.extend_from_slice(data);
    read_corpus(
        "gzip",
        &bytes,
        CorpusKind::Documents,
        Some(InputFormat::Jsonl),
    );
}

/// Archives.
pub fn zip(data: &[u8]) {
    let mut bytes = b"PK\x03\x04".to_vec();
    bytes.extend_from_slice(data);
    read_corpus("zip", &bytes, CorpusKind::Documents, None);
}

/// TREC topics, with all of their fields.
pub fn trec(data: &[u8]) {
    let Some(path) = write("trec", data) else {
        return;
    };
    read(CorpusOptions {
        paths: vec![path],
        kind: CorpusKind::Topics,
        format: Some(InputFormat::Trec),
        fields: Fields::new(["title", "desc", "narr"]),
        ..CorpusOptions::default()
    });
}

/// Qrels of both formats.
pub fn qrels(data: &[u8]) {
    if let Some(path) = write("qrels", data)
        && let Ok(judged) = JudgedTopics::read(&path)
    {
        assert!(!judged.is_empty());
    }
}

/// `plan.json`; what is read is written again as the same.
pub fn plan(data: &[u8]) {
    if let Ok(plan) = Plan::parse(data) {
        let text = serde_json::to_vec(&plan).unwrap_or_default();
        assert!(Plan::parse(&text).is_ok_and(|again| again == plan));
    }
}
