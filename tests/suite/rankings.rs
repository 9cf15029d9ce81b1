//! One encoding, every engine: the same documents with the same scores for the topics of the fixtures.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::formats::{Vectors, assert_same, exact, numbers, python, read, search, server};
use crate::common::runs::files;
use crate::common::{fixtures, ok, program, script};

/// Formats of documents, and of topics where an engine is asked with requests.
const DOCUMENTS: &str = "json-vectors,ciff,seismic,elasticsearch,elasticsearch-features";
const REQUESTS: [&str; 2] = ["elasticsearch", "elasticsearch-features"];

/// The fixtures, encoded once by the demo model.
struct Encoded {
    dir: TempDir,
    documents: Vectors,
    topics: Vectors,
}

impl Encoded {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut documents = Self::program(dir.path(), "documents");
        documents.args(["--output", "out", "--index", "index", "--compress", "none"]);
        ok(documents.args(["--format", DOCUMENTS]));
        for (name, format) in [
            ("topics.jsonl", "jsonl"),
            ("topics.tsv", "tsv"),
            ("seismic.jsonl", "seismic"),
            (REQUESTS[0], REQUESTS[0]),
            (REQUESTS[1], REQUESTS[1]),
        ] {
            let mut topics = Self::program(dir.path(), "topics");
            ok(topics.args(["--output", name, "--format", format]));
        }
        let (_, lines) = files(&dir.path().join("out/documents")).remove(0);
        let documents = vectors(&String::from_utf8(lines).unwrap(), "id");
        let lines = fs_err::read_to_string(dir.path().join("topics.jsonl")).unwrap();
        let topics = vectors(&lines, "qid");
        Self {
            dir,
            documents,
            topics,
        }
    }

    fn program(folder: &Path, command: &str) -> Command {
        let mut program = program();
        program
            .current_dir(folder)
            .arg(command)
            .arg(fixtures())
            .arg("--quiet");
        program
    }

    /// The exact sums of products, by topic and document.
    fn expected(&self) -> Vectors {
        let topics = self.topics.iter();
        topics
            .map(|(qid, query)| (qid.clone(), exact(&self.documents, query)))
            .collect()
    }

    fn lucene(&self) -> Vectors {
        let mut evaluate = script("evaluate.sh");
        evaluate.current_dir(self.dir.path());
        evaluate.args(["--index", "index", "--topics", "topics.tsv", "--run", "run"]);
        ok(evaluate
            .arg("--qrels")
            .arg(fixtures().join("qrels/test.tsv")));
        let run = fs_err::read_to_string(self.dir.path().join("run")).unwrap();
        let mut found = Vectors::new();
        for line in run.lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            let hits = found.entry(fields[0].to_owned()).or_default();
            // Pyserini lowers each of several equal scores by a millionth more.
            let score: f64 = fields[4].parse().unwrap();
            hits.insert(fields[2].to_owned(), (score + 0.01).floor());
        }
        found
    }

    /// Loads a format into a server and sends it the topics' requests.
    fn server(&self, url: &str, format: &str) -> Vectors {
        let index = format!("splade-export-ranking-{format}");
        let mut load = script("load_elasticsearch.sh");
        load.current_dir(self.dir.path())
            .arg(format!("out/{format}"));
        ok(load.args([&index, "--url", url, "--replace"]));
        let requests = fs_err::read_to_string(self.dir.path().join(format)).unwrap();
        let mut found = Vectors::new();
        for line in requests.lines() {
            let request: Value = serde_json::from_str(line).unwrap();
            let qid = request["qid"].as_str().unwrap().to_owned();
            found.insert(qid, search(url, &index, &request));
        }
        found
    }

    /// Converts the CIFF file for PISA with the program of the crate `ciff`, and reads what it made.
    fn pisa(&self, ciff2pisa: &str) -> Vectors {
        let mut convert = Command::new(ciff2pisa);
        convert.current_dir(self.dir.path());
        convert.args(["--ciff-file", "out/ciff/index.ciff", "--output", "pisa"]);
        ok(&mut convert);
        let at = |ending: &str| self.dir.path().join(format!("pisa.{ending}"));
        let names = |ending: &str| -> Vec<String> {
            let text = fs_err::read_to_string(at(ending)).unwrap();
            text.lines().map(str::to_owned).collect()
        };
        let (terms, docids) = (names("terms"), names("documents"));
        let documents = sequences(&fs_err::read(at("docs")).unwrap());
        let frequencies = sequences(&fs_err::read(at("freqs")).unwrap());
        // The first list of documents holds their number alone.
        assert_eq!(documents[0], [u32::try_from(docids.len()).unwrap()]);
        assert_eq!(documents.len(), terms.len() + 1);
        assert_eq!(frequencies.len(), terms.len());
        let mut found = Vectors::new();
        for (i, term) in terms.iter().enumerate() {
            for (&document, &impact) in documents[i + 1].iter().zip(&frequencies[i]) {
                let vector = found.entry(docids[document as usize].clone());
                vector.or_default().insert(term.clone(), f64::from(impact));
            }
        }
        found
    }
}

fn vectors(lines: &str, id: &str) -> Vectors {
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|line| {
            let id = line[id].as_str().unwrap().to_owned();
            (id, numbers(&line["vector"]))
        })
        .collect()
}

/// Reads PISA's lists: a length and as many numbers, all of four bytes, the lowest first.
fn sequences(bytes: &[u8]) -> Vec<Vec<u32>> {
    let words = bytes.chunks_exact(4);
    let mut words = words.map(|word| u32::from_le_bytes(word.try_into().unwrap()));
    let mut lists = Vec::new();
    while let Some(length) = words.next() {
        lists.push(words.by_ref().take(length as usize).collect());
    }
    lists
}

#[test]
fn every_engine_gives_the_exact_sums_of_products() {
    let encoded = Encoded::new();
    let expected = encoded.expected();
    assert_eq!(expected.len(), encoded.topics.len());
    let hits: usize = expected.values().map(BTreeMap::len).sum();
    assert!(hits > 1000, "{hits} hits");

    assert_same("Lucene", &encoded.lucene(), &expected);
    if let Some(python) = python() {
        let folder = encoded.dir.path();
        let ciff = read(&python, &["ciff", "out/ciff/index.ciff"], folder);
        assert_same("ciff-toolkit", &ciff, &encoded.documents);
        let part = "out/seismic/documents/part-00000.jsonl";
        let seismic = read(&python, &["search", part, "seismic.jsonl"], folder);
        assert_same("Seismic", &seismic, &expected);
    }
    if let Ok(ciff2pisa) = std::env::var("SPLADE_EXPORT_CIFF2PISA") {
        assert_same("ciff2pisa", &encoded.pisa(&ciff2pisa), &encoded.documents);
    } else {
        eprintln!("SKIPPED: no second reader of CIFF: run scripts/test_engines.sh");
    }
    if let Some(url) = server() {
        for format in REQUESTS {
            assert_same(format, &encoded.server(&url, format), &expected);
        }
    }
}
