//! Targets that read a corpus, topics, or what belongs to them.

use super::scratch::write;
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const SEEDS: [(fn(&[u8]), &[u8]); 4] = [
        (trec, include_bytes!("../../fuzz/seeds/trec/topics")),
        (qrels, include_bytes!("../../fuzz/seeds/qrels/beir")),
        (qrels, include_bytes!("../../fuzz/seeds/qrels/trec")),
        (plan, include_bytes!("../../fuzz/seeds/plan/plan")),
    ];

    /// One change of a seed: a byte set, or a piece taken out or repeated.
    fn change(bytes: &mut Vec<u8>, (kind, at, length, byte): (u8, usize, usize, u8)) {
        if bytes.is_empty() {
            return;
        }
        let at = at % bytes.len();
        let end = (at + length).min(bytes.len());
        match kind % 3 {
            0 => bytes[at] = byte,
            1 => drop(bytes.drain(at..end)),
            _ => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }

    proptest! {
        #[test]
        fn changed_seeds_end_in_a_result(
            changes in vec((any::<u8>(), any::<usize>(), 0_usize..60, any::<u8>()), 0..8)
        ) {
            for (target, seed) in SEEDS {
                let mut bytes = seed.to_vec();
                target(&bytes);
                changes.iter().for_each(|&one| change(&mut bytes, one));
                target(&bytes);
            }
        }
    }
}
