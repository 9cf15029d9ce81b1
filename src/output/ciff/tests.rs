//! What is written is read with another implementation of protobuf, and is what was given.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use prost::Message;

use super::assembly::{Documents, reduce, write_index};
use super::part::{CiffPart, documents_name};
use crate::impact::Impact;
use crate::output::assembled::Places;
use crate::output::record::{EncodedRecord, Terms, VectorRef};
use crate::output::traits::PartWriter;

#[derive(Clone, PartialEq, Message)]
struct Header {
    #[prost(int32, tag = "1")]
    version: i32,
    #[prost(int32, tag = "2")]
    num_postings_lists: i32,
    #[prost(int32, tag = "3")]
    num_docs: i32,
    #[prost(int32, tag = "4")]
    total_postings_lists: i32,
    #[prost(int32, tag = "5")]
    total_docs: i32,
    #[prost(int64, tag = "6")]
    total_terms_in_collection: i64,
    #[prost(double, tag = "7")]
    average_doclength: f64,
    #[prost(string, tag = "8")]
    description: String,
}

#[derive(Clone, PartialEq, Message)]
struct Posting {
    #[prost(int32, tag = "1")]
    docid: i32,
    #[prost(int32, tag = "2")]
    tf: i32,
}

#[derive(Clone, PartialEq, Message)]
struct PostingsList {
    #[prost(string, tag = "1")]
    term: String,
    #[prost(int64, tag = "2")]
    df: i64,
    #[prost(int64, tag = "3")]
    cf: i64,
    #[prost(message, repeated, tag = "4")]
    postings: Vec<Posting>,
}

#[derive(Clone, PartialEq, Message)]
struct DocRecord {
    #[prost(int32, tag = "1")]
    docid: i32,
    #[prost(string, tag = "2")]
    collection_docid: String,
    #[prost(int32, tag = "3")]
    doclength: i32,
}

/// Documents by part, each a list of token ids and impacts.
type Parts = Vec<Vec<BTreeMap<u32, u32>>>;

fn docid(part: usize, at: usize) -> String {
    format!("d{part}-é\"{at}")
}

/// Writes the index with runs of `most_postings`, merging `most_runs` at once.
fn write(
    folder: &Path,
    terms: &[String],
    parts: &Parts,
    most_postings: usize,
    most_runs: usize,
) -> Vec<u8> {
    let mut documents = Documents::default();
    let mut runs = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let writer = CiffPart::create(terms, u32::MAX, number, folder).unwrap();
        let mut writer = Box::new(writer.with_most_postings(most_postings));
        for (at, vector) in part.iter().enumerate() {
            let impacts: Vec<Impact> = vector
                .iter()
                .map(|(&term, &impact)| Impact { term, impact })
                .collect();
            let record = EncodedRecord {
                docid: &docid(number, at),
                contents: "",
                vector: VectorRef::Impacts(&impacts),
                terms: Terms::Vocabulary(terms),
                line: None,
            };
            writer.add(&record).unwrap();
            documents.impact_sum += impacts.iter().map(|i| u64::from(i.impact)).sum::<u64>();
        }
        let files = writer.finish(Terms::Vocabulary(terms)).unwrap();
        let of_part = files.iter().skip(1);
        runs.extend(of_part.map(|file| (folder.join(&file.name), documents.count)));
        documents.parts.push(folder.join(documents_name(number)));
        documents.count += part.len() as u64;
    }
    let places = Places {
        parts: folder,
        temporary: folder,
        output: folder,
    };
    let runs = reduce(runs, folder, most_runs).unwrap();
    let file = write_index(&runs, &documents, &places).unwrap();
    let bytes = fs_err::read(folder.join(&file.name)).unwrap();
    assert_eq!(file.bytes, bytes.len() as u64);
    bytes
}

/// What an index says: for each term its postings, for each document its docid and length.
fn read(
    bytes: &[u8],
) -> (
    Header,
    BTreeMap<String, Vec<(i32, i32)>>,
    Vec<(String, i32)>,
) {
    let mut rest = bytes;
    let header = Header::decode_length_delimited(&mut rest).unwrap();
    let mut lists = BTreeMap::new();
    let mut last = String::new();
    for _ in 0..header.num_postings_lists {
        let decoded = PostingsList::decode_length_delimited(&mut rest).unwrap();
        assert!(lists.is_empty() || last < decoded.term, "terms are sorted");
        let mut docid = 0;
        let postings: Vec<(i32, i32)> = decoded
            .postings
            .iter()
            .map(|posting| {
                docid += posting.docid;
                (docid, posting.tf)
            })
            .collect();
        assert_eq!(decoded.df, postings.len() as i64);
        assert_eq!(
            decoded.cf,
            postings.iter().map(|p| i64::from(p.1)).sum::<i64>()
        );
        last.clone_from(&decoded.term);
        lists.insert(decoded.term, postings);
    }
    let mut documents = Vec::new();
    for number in 0..header.num_docs {
        let record = DocRecord::decode_length_delimited(&mut rest).unwrap();
        assert_eq!(record.docid, number);
        documents.push((record.collection_docid, record.doclength));
    }
    assert!(rest.is_empty());
    (header, lists, documents)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_index_says_what_was_written(
        parts in prop::collection::vec(
            prop::collection::vec(prop::collection::btree_map(0u32..12, 1u32..100_000, 0..8), 0..12), 0..6),
        most_postings in 1usize..40,
        most_runs in 2usize..5,
    ) {
        let terms: Vec<String> = (0..12).map(|id| format!("{}t{}", ["ü", "##", "a", ""][id % 4], id * 7)).collect();
        let folder = tempfile::tempdir().unwrap();
        let bytes = write(folder.path(), &terms, &parts, most_postings, most_runs);
        let (header, lists, documents) = read(&bytes);
        let mut expected: BTreeMap<String, Vec<(i32, i32)>> = BTreeMap::new();
        let mut expected_documents = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            for (at, vector) in part.iter().enumerate() {
                let document = i32::try_from(expected_documents.len()).unwrap();
                for (&id, &impact) in vector {
                    expected.entry(terms[id as usize].clone()).or_default().push((document, i32::try_from(impact).unwrap()));
                }
                expected_documents.push((docid(number, at), i32::try_from(vector.values().sum::<u32>()).unwrap()));
            }
        }
        prop_assert_eq!(header.version, 1);
        prop_assert_eq!(header.total_docs, header.num_docs);
        let sum: i64 = expected_documents.iter().map(|d| i64::from(d.1)).sum();
        prop_assert_eq!(header.total_terms_in_collection, sum);
        prop_assert_eq!(lists, expected);
        prop_assert_eq!(documents, expected_documents);

        // The bytes do not depend on how postings were cut into runs.
        let folder = tempfile::tempdir().unwrap();
        prop_assert!(bytes == write(folder.path(), &terms, &parts, 1 << 20, 128));
    }
}

#[test]
fn too_large_impacts_and_repeated_terms_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let terms = ["a".to_owned()];
    let add = |impacts: &[(u32, u32)]| {
        let mut writer = Box::new(CiffPart::create(&terms, 255, 0, folder.path()).unwrap());
        let impacts: Vec<Impact> = impacts
            .iter()
            .map(|&(term, impact)| Impact { term, impact })
            .collect();
        let record = EncodedRecord {
            docid: "d",
            contents: "",
            vector: VectorRef::Impacts(&impacts),
            terms: Terms::Vocabulary(&terms),
            line: None,
        };
        writer.add(&record)?;
        writer.finish(Terms::Vocabulary(&terms)).map(|_| ())
    };
    assert!(add(&[(0, 255)]).is_ok());
    let error = add(&[(0, 256)]).unwrap_err().to_string();
    assert!(error.contains("\"d\"") && error.contains("256") && error.contains("`max_impact` 255"));
    let error = add(&[(0, 1), (0, 2)]).unwrap_err().to_string();
    assert!(error.contains("twice"), "{error}");
}

/// Makes documents of 180 terms out of 30,000, some in very many documents and most in few.
fn synthetic(document: u64) -> Vec<Impact> {
    let mut state = document.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 40
    };
    let mut impacts = BTreeMap::new();
    while impacts.len() < 180 {
        let unit = next();
        let term = u32::try_from((((unit * unit) >> 24) * 30_000) >> 24).unwrap();
        impacts.insert(term, 1 + u32::try_from(next() % 255).unwrap());
    }
    let entries = impacts.into_iter();
    entries
        .map(|(term, impact)| Impact { term, impact })
        .collect()
}

/// Returns the most memory that this process has had, in MB.
fn peak_memory() -> u64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

#[test]
#[ignore = "writes some GB; run alone, in release: cargo test --release --lib a_million_documents -- --ignored"]
fn a_million_documents_take_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let terms: Vec<String> = (0..30_000).map(|id| format!("term{id}")).collect();
    let mut documents = Documents::default();
    let mut runs = Vec::new();
    for number in 0..100 {
        let mut writer = Box::new(CiffPart::create(&terms, 255, number, folder).unwrap());
        for at in 0..10_000 {
            let document = documents.count + at;
            let impacts = synthetic(document);
            documents.impact_sum += impacts.iter().map(|i| u64::from(i.impact)).sum::<u64>();
            let record = EncodedRecord {
                docid: &format!("document-{document}"),
                contents: "",
                vector: VectorRef::Impacts(&impacts),
                terms: Terms::Vocabulary(&terms),
                line: None,
            };
            writer.add(&record).unwrap();
        }
        let files = writer.finish(Terms::Vocabulary(&terms)).unwrap();
        let of_part = files.iter().skip(1);
        runs.extend(of_part.map(|file| (folder.join(&file.name), documents.count)));
        documents.parts.push(folder.join(documents_name(number)));
        documents.count += 10_000;
    }
    let writing = peak_memory();
    let places = Places {
        parts: folder,
        temporary: folder,
        output: folder,
    };
    let runs = reduce(runs, folder, 32).unwrap();
    let file = write_index(&runs, &documents, &places).unwrap();
    let most = peak_memory();
    println!(
        "{} bytes; {writing} MB after the parts, {most} MB at most",
        file.bytes
    );
    assert!(most < 400, "{most} MB");
}
