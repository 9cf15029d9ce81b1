//! Parts read with a plan are those read without one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use crate::corpus::{
    CorpusOptions, CorpusReader, OnError, PartOptions, PartReader, PartSelection, Plan,
    PlanOptions, Planner, ReadSummary, RejectedFile, TextPart,
};
use crate::stop::Stop;

const SKIP: OnError = OnError::Skip { max_errors: None };

fn corpus(paths: &[PathBuf]) -> CorpusOptions {
    CorpusOptions {
        paths: paths.to_vec(),
        ..CorpusOptions::default()
    }
}

fn plan(paths: &[PathBuf], part_size: usize, threads: usize) -> Plan {
    let options = PlanOptions {
        corpus: corpus(paths),
        part_size,
        on_error: SKIP,
        threads,
    };
    Planner::open(options)
        .unwrap()
        .run(&Stop::default())
        .unwrap()
        .0
}

/// What a run reads: the parts, the summary, and what it writes to `rejected.jsonl`.
#[derive(Debug, PartialEq)]
struct Read {
    parts: Vec<TextPart>,
    summary: ReadSummary,
    rejected: String,
}

fn read(
    paths: &[PathBuf],
    part_size: usize,
    selection: PartSelection,
    plan: Option<&Plan>,
    completed: BTreeMap<usize, String>,
) -> Result<Read, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rejected.jsonl");
    let options = PartOptions {
        part_size,
        selection,
        on_error: SKIP,
    };
    let reader = CorpusReader::open(corpus(paths)).unwrap();
    let mut reader = PartReader::new(reader, options, Stop::default())
        .with_completed(completed)
        .with_rejected(RejectedFile::new(fs_err::File::create(&path).unwrap()));
    if let Some(plan) = plan {
        let plan = Arc::new(plan.clone());
        reader = reader.with_plan(plan).map_err(|e| e.to_string())?;
    }
    let mut parts = Vec::new();
    while let Some(part) = reader.next_part().map_err(|e| e.to_string())? {
        parts.push(part);
    }
    let (mut summary, file) = reader.finish();
    // What is counted is what was read, which differs.
    summary.fields.clear();
    if plan.is_none() && selection != PartSelection::All {
        summary.documents = 0;
    }
    file.unwrap().finish().unwrap();
    Ok(Read {
        parts,
        summary,
        rejected: fs_err::read_to_string(path).unwrap(),
    })
}

/// Lines of documents, of which some are bad, blank, or have a docid that was used.
fn lines(kinds: &[u8], docid: &mut usize, is_tsv: bool) -> String {
    let mut text = String::new();
    for (i, kind) in kinds.iter().enumerate() {
        let end = if kind % 2 == 0 { "\n" } else { "\r\n" };
        match kind {
            0..=1 => text.push_str(if is_tsv { "bad" } else { "{" }),
            2 => text.push_str("  "),
            3..=4 if *docid > 0 && is_tsv => write!(text, "d{}\tagain", *docid / 2).unwrap(),
            3..=4 if *docid > 0 => {
                write!(text, "{{\"id\": \"d{}\", \"text\": \"\"}}", *docid / 2).unwrap();
            }
            _ => {
                let body = "w ".repeat(i % 9);
                if is_tsv {
                    write!(text, "d{docid}\t{body}").unwrap();
                } else {
                    write!(text, "{{\"id\": \"d{docid}\", \"text\": \"{body}é\"}}").unwrap();
                }
                *docid += 1;
            }
        }
        text.push_str(end);
    }
    text
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn write_files(dir: &Path, files: &[(u8, Vec<u8>)]) -> Vec<PathBuf> {
    let mut docid = 0;
    let mut paths = Vec::new();
    for (number, (kind, kinds)) in files.iter().enumerate() {
        let is_tsv = kind % 4 == 1;
        let mut text = lines(kinds, &mut docid, is_tsv);
        if kind % 3 == 0 {
            text.insert(0, '\u{feff}');
        }
        let ending = if is_tsv { "tsv" } else { "jsonl" };
        let name = format!("{number}.{ending}");
        let (name, bytes) = match kind % 4 {
            2 => {
                let (first, rest) = text.as_bytes().split_at(text.len() / 2);
                (format!("{name}.gz"), [gzip(first), gzip(rest)].concat())
            }
            3 => {
                let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
                let how = zip::write::SimpleFileOptions::default();
                zip.start_file("set/corpus.jsonl", how).unwrap();
                zip.write_all(text.as_bytes()).unwrap();
                (format!("{number}.zip"), zip.finish().unwrap().into_inner())
            }
            _ => (name, text.into_bytes()),
        };
        let path = dir.join(name);
        fs_err::write(&path, bytes).unwrap();
        paths.push(path);
    }
    paths
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_plan_changes_nothing_that_is_read(
        files in prop::collection::vec((any::<u8>(), prop::collection::vec(0_u8..12, 0..40)), 1..4),
        part_size in 1_usize..12,
        shards in 1_usize..5,
        threads in 1_usize..4,
        done in any::<u64>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut files = files;
        // One document at least.
        files[0].1.push(9);
        let paths = write_files(dir.path(), &files);
        let plan = plan(&paths, part_size, threads);
        let text = serde_json::to_vec(&plan).unwrap();
        prop_assert_eq!(&Plan::parse(&text).unwrap(), &plan);

        let whole = read(&paths, part_size, PartSelection::All, None, BTreeMap::new()).unwrap();
        prop_assert_eq!(plan.parts.len(), whole.parts.len());
        prop_assert_eq!(plan.rejected, whole.summary.rejected);
        let mut selections: Vec<_> = (1..=shards)
            .map(|shard| PartSelection::Shard { shard, of: shards })
            .collect();
        selections.extend([(0, 0), (1, 2), (2, 99)].map(|(first, last)| PartSelection::Range { first, last }));
        selections.push(PartSelection::All);
        for selection in selections {
            // Some parts were completed before.
            let parts = whole.parts.iter().filter(|part| selection.contains(part.index));
            let completed = parts.filter(|part| done >> (part.index % 64) & 1 == 1);
            let completed: BTreeMap<_, _> = completed
                .map(|part| (part.index, part.input_sha256.clone()))
                .collect();
            let expected = read(&paths, part_size, selection, None, completed.clone()).unwrap();
            let mut planned = read(&paths, part_size, selection, Some(&plan), completed).unwrap();
            prop_assert_eq!(planned.summary.documents, plan.documents);
            if selection != PartSelection::All {
                planned.summary.documents = 0;
            }
            prop_assert_eq!(planned, expected, "{}", selection);
        }
    }
}

#[test]
fn a_plan_of_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.jsonl");
    let line = |i: usize| format!("{{\"id\": {i}, \"text\": \"x\"}}\n");
    let text: String = (10..50).map(line).collect();
    fs_err::write(&path, &text).unwrap();
    let paths = [path.clone()];
    let plan = plan(&paths, 10, 1);
    let shard: PartSelection = "2/2".parse().unwrap();
    let read = |part_size| read(&paths, part_size, shard, Some(&plan), BTreeMap::new());
    assert_eq!(read(10).unwrap().parts.len(), 2);
    assert!(read(11).unwrap_err().contains("`part_size` differs"));
    fs_err::write(&path, text.clone() + &line(50)).unwrap();
    assert!(read(10).unwrap_err().contains("the size of a file differs"));
    // The same size: the digest tells.
    fs_err::write(&path, text.replacen("{\"id\": 25,", "{\"id\": 95,", 1)).unwrap();
    assert!(read(10).unwrap_err().contains("a document differs"));
}

#[test]
fn only_what_is_wanted_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.jsonl");
    let body = "word ".repeat(200);
    let text: String = (0..4000)
        .map(|i| format!("{{\"id\": {i}, \"text\": \"{body}\"}}\n"))
        .collect();
    fs_err::write(&path, &text).unwrap();
    let paths = [path];
    let plan = Arc::new(plan(&paths, 100, 2));
    let options = PartOptions {
        selection: "7/8".parse().unwrap(),
        ..PartOptions::whole(100)
    };
    let reader = CorpusReader::open(corpus(&paths)).unwrap();
    let bytes = Arc::clone(reader.progress().bytes());
    let reader = PartReader::new(reader, options, Stop::default());
    let mut reader = reader.with_plan(plan).unwrap();
    let mut documents = 0;
    while let Some(part) = reader.next_part().unwrap() {
        documents += part.documents.len();
    }
    assert_eq!(documents, 500);
    let read = bytes.load(std::sync::atomic::Ordering::Relaxed);
    let share = text.len() as u64 * 5 / 40;
    assert!(
        read <= share + share / 100,
        "{read} of {}, where {share} are wanted",
        text.len()
    );
}

#[test]
fn bad_records_and_pipes_stop_a_plan() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.jsonl");
    let plan = |text: &str, on_error| {
        fs_err::write(&path, text).unwrap();
        let options = PlanOptions {
            corpus: corpus(std::slice::from_ref(&path)),
            part_size: 2,
            on_error,
            threads: 2,
        };
        let planner = Planner::open(options).unwrap();
        planner.run(&Stop::default()).map_err(|e| e.to_string())
    };
    let twice = "{\"id\": 1, \"text\": \"\"}\n{\"id\": 2, \"text\": \"\"}\n\n{\"id\": 1, \"text\": \"\"}\n{\n";
    let error = plan(twice, OnError::Stop).unwrap_err();
    assert!(
        error.contains("c.jsonl:4: docid \"1\" was read before"),
        "{error}"
    );
    let limit = OnError::Skip {
        max_errors: Some(1),
    };
    let error = plan(twice, limit).unwrap_err();
    assert!(error.contains("more than 1 records"), "{error}");
    let (found, _) = plan(twice, SKIP).unwrap();
    assert_eq!(
        (found.documents, found.rejected, found.duplicates.len()),
        (2, 2, 1)
    );
    assert!(plan("", SKIP).unwrap_err().contains("no documents"));
    assert!(
        plan("{\n", SKIP)
            .unwrap_err()
            .contains("1 records were read")
    );
    let topics = plan("<top><num>1<title>a</top>", SKIP).unwrap_err();
    assert!(topics.contains("a file of TREC topics"), "{topics}");
    let pipe = PlanOptions {
        corpus: corpus(&["-".into()]),
        ..PlanOptions::default()
    };
    assert!(Planner::open(pipe).is_err());
}

#[test]
fn a_plan_file_that_lies_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let paths = write_files(dir.path(), &[(0, vec![9; 10]), (2, vec![9; 10])]);
    let good = serde_json::to_string(&plan(&paths, 6, 1)).unwrap();
    assert!(Plan::parse(good.as_bytes()).is_ok());
    for (from, to, expected) in [
        ("\"format_version\":1", "\"format_version\":2", "version 2"),
        ("\"input\":1", "\"input\":7", "does not follow"),
        ("\"documents\":6", "\"documents\":0", "does not follow"),
        (
            "\"documents\":6",
            "\"documents\":18446744073709551615",
            "does not follow",
        ),
        ("\"documents\":20", "\"documents\":21", "not the sums"),
        (
            "\"input_sha256\":\"",
            "\"input_sha256\":\"é",
            "digest of part 0",
        ),
        ("\"parts\"", "\"karts\"", "not JSON of that form"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let error = Plan::parse(bad.as_bytes()).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
