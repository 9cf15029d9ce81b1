//! Formats beside the collection: what independent readers find in them is what the collection holds.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use splade_export::{
    BulkField, BulkQueries, BulkRequests, CiffSettings, Compression, CorpusKind, CorpusOptions,
    DocumentsOptions, DocumentsSummary, Fields, JsonVectors, LineFormat, LineOutput, NpzTexts,
    OnError, Output, PartSelection, PseudoText, QdrantPoints, Quantization, SeismicLines,
    SpladeEncoder, Step, Stop, ciff_output, encode_documents, npz_output,
};

use crate::common::runs::{Bench, files};
use crate::common::{ok, root, script};

/// Terms and numbers by docid or qid.
pub(crate) type Vectors = BTreeMap<String, BTreeMap<String, f64>>;

fn options(bench: &Bench, quantization: Option<Quantization>) -> DocumentsOptions {
    DocumentsOptions {
        quantization,
        corpus: CorpusOptions {
            paths: vec![bench.at("corpus.jsonl")],
            kind: CorpusKind::Documents,
            format: None,
            fields: Fields::new(vec!["title".to_owned(), "text".to_owned()]),
            id_field: None,
            only: None,
        },
        resume: false,
        wait_for_lock: std::time::Duration::ZERO,
        plan: None,
        part_size: 20,
        selection: PartSelection::All,
        on_error: OnError::Stop,
        compression: Compression::None,
        contents: false,
    }
}

/// Encodes the bench's corpus into outputs with the made model.
fn encode(
    bench: &Bench,
    options: &DocumentsOptions,
    outputs: Vec<Box<dyn Output>>,
) -> splade_export::Result<DocumentsSummary> {
    let encoder = SpladeEncoder::open(bench.at("model"))
        .unwrap()
        .threads(1)
        .with_fingerprint()
        .build()
        .unwrap();
    encode_documents(
        &encoder,
        options,
        outputs,
        &Stop::default(),
        &mut |_event| {},
    )
}

fn lines(bench: &Bench, name: &str, format: impl LineFormat + 'static) -> Box<dyn Output> {
    let path = bench.at(name);
    Box::new(LineOutput::new(path, format, Compression::None))
}

fn ciff(bench: &Bench, name: &str) -> Box<dyn Output> {
    Box::new(ciff_output(bench.at(name), CiffSettings::default()))
}

fn npz(bench: &Bench, name: &str) -> Box<dyn Output> {
    Box::new(npz_output(bench.at(name), NpzTexts::Documents))
}

/// Reads the lines of all parts of an output.
fn part_lines(folder: &Path) -> Vec<String> {
    files(&folder.join("documents"))
        .into_iter()
        .flat_map(|(_, bytes)| {
            let text = String::from_utf8(bytes).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

pub(crate) fn numbers(object: &Value) -> BTreeMap<String, f64> {
    let object = object.as_object().unwrap();
    let entries = object
        .iter()
        .map(|(term, number)| (term.clone(), number.as_f64().unwrap()));
    entries.collect()
}

/// Reads JSON Lines of documents with vectors.
fn vectors(folder: &Path) -> Vectors {
    let lines = part_lines(folder);
    lines
        .iter()
        .map(|line| {
            let document: Value = serde_json::from_str(line).unwrap();
            let docid = document["id"].as_str().unwrap().to_owned();
            (docid, numbers(&document["vector"]))
        })
        .collect()
}

/// The Python of the setup's piece `readers`, where there is one.
pub fn python() -> Option<PathBuf> {
    let python = std::env::var_os("SPLADE_EXPORT_FORMATS_PYTHON");
    if python.is_none() {
        eprintln!(
            "SKIPPED: no independent reader of ciff, npz and seismic: run scripts/setup.sh readers, and name its Python in \
             SPLADE_EXPORT_FORMATS_PYTHON, as scripts/setup.sh --print-env does"
        );
    }
    python.map(PathBuf::from)
}

/// Compares, and names the first that differs.
pub fn assert_same(engine: &str, found: &Vectors, expected: &Vectors) {
    assert!(found.keys().eq(expected.keys()), "{engine}: other names");
    for (id, expected) in expected {
        let found = &found[id];
        let differs = expected
            .iter()
            .find(|(name, n)| found.get(*name) != Some(*n));
        assert_eq!(differs, None, "{engine}: {id}");
        assert_eq!(found.len(), expected.len(), "{engine}: {id}");
    }
}

/// Reads a format with somebody else's reader.
pub fn read(python: &Path, args: &[&str], folder: &Path) -> Vectors {
    let mut command = Command::new(python);
    command
        .arg(root().join("tests/formats/read.py"))
        .args(args)
        .current_dir(folder);
    let documents: HashMap<String, Value> = serde_json::from_str(&ok(&mut command)).unwrap();
    documents
        .iter()
        .map(|(docid, vector)| (docid.clone(), numbers(vector)))
        .collect()
}

#[test]
fn all_formats_of_one_run_hold_what_the_collection_holds() {
    let bench = Bench::new(130);
    let outputs = vec![
        lines(&bench, "json", JsonVectors::default()),
        ciff(&bench, "ciff"),
        npz(&bench, "npz"),
        lines(&bench, "seismic", SeismicLines::default()),
        lines(&bench, "qdrant", QdrantPoints::default()),
        lines(&bench, "text", PseudoText::default()),
    ];
    let options = options(&bench, Some(Quantization::default()));
    let summary = encode(&bench, &options, outputs).unwrap();
    assert_eq!(summary.outputs.len(), 6);
    let expected = vectors(&bench.at("json"));
    assert_eq!(expected.len(), 130);
    let postings: usize = expected.values().map(BTreeMap::len).sum();
    assert!(postings > 1000);

    assert_eq!(vectors(&bench.at("seismic")), expected);
    let mut texts = Vectors::new();
    for line in part_lines(&bench.at("text")) {
        let (docid, text) = line.split_once('\t').unwrap();
        let vector = texts.entry(docid.to_owned()).or_default();
        for term in text.split_whitespace() {
            *vector.entry(term.to_owned()).or_default() += 1.0;
        }
    }
    assert_eq!(texts, expected);
    let terms = fs_err::read_to_string(bench.at("npz/doc/doc-terms.txt")).unwrap();
    let terms: Vec<&str> = terms.lines().collect();
    assert_eq!(points(&bench.at("qdrant"), &terms), expected);

    // Only the folder of the first output held the journal, and none has anything left of the run.
    for name in ["json", "ciff", "npz", "seismic", "qdrant", "text"] {
        let left = bench.at(name).join(".unfinished").join("parts");
        assert!(!left.exists(), "{name}");
    }
    let Some(python) = python() else { return };
    let folder = bench.dir.path();
    assert_eq!(
        read(&python, &["ciff", "ciff/index.ciff"], folder),
        expected
    );
    assert_eq!(read(&python, &["npz", "npz", "doc"], folder), expected);
}

/// Reads points of Qdrant; `terms` are those of the token ids.
fn points(folder: &Path, terms: &[&str]) -> Vectors {
    let lines = part_lines(folder);
    lines
        .iter()
        .map(|line| {
            let point: Value = serde_json::from_str(line).unwrap();
            let vector = &point["vector"]["splade"];
            let indices = vector["indices"].as_array().unwrap();
            let values = vector["values"].as_array().unwrap();
            assert!(indices.is_sorted_by_key(Value::as_u64));
            let entries = indices.iter().zip(values).map(|(id, value)| {
                let id = usize::try_from(id.as_u64().unwrap()).unwrap();
                (terms[id].to_owned(), value.as_f64().unwrap())
            });
            let docid = point["payload"]["docid"].as_str().unwrap().to_owned();
            (docid, entries.collect())
        })
        .collect()
}

#[test]
fn float_weights_are_the_same_bits_in_npz_and_seismic() {
    let bench = Bench::new(40);
    let outputs = vec![
        npz(&bench, "npz"),
        lines(&bench, "json", JsonVectors::default()),
        lines(&bench, "seismic", SeismicLines::default()),
    ];
    encode(&bench, &options(&bench, None), outputs).unwrap();
    let expected = vectors(&bench.at("json"));
    assert_eq!(vectors(&bench.at("seismic")), expected);
    let Some(python) = python() else { return };
    let found = read(&python, &["npz", "npz", "doc"], bench.dir.path());
    // NumPy gives a float32 as the double that is equal to it.
    let singles = |vectors: &Vectors| -> BTreeMap<String, Vec<(String, u32)>> {
        let bits = |vector: &BTreeMap<String, f64>| {
            let entries = vector
                .iter()
                .map(|(term, &weight)| (term.clone(), (weight as f32).to_bits()));
            entries.collect()
        };
        vectors
            .iter()
            .map(|(docid, vector)| (docid.clone(), bits(vector)))
            .collect()
    };
    assert_eq!(singles(&found), singles(&expected));
}

#[test]
fn an_index_is_verified_and_written_again_where_it_is_damaged() {
    let bench = Bench::new(60);
    let outputs = || vec![ciff(&bench, "ciff"), npz(&bench, "npz")];
    let mut options = options(&bench, Some(Quantization::default()));
    encode(&bench, &options, outputs()).unwrap();
    let (first, matrix) = (bench.files("ciff"), bench.files("npz"));
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["index.ciff", "manifest.json"]);
    let error = encode(&bench, &options, outputs()).unwrap_err();
    assert!(error.to_string().contains("ciff"), "{error}");

    options.resume = true;
    encode(&bench, &options, outputs()).unwrap();
    assert!(bench.files("ciff") == first);

    // Another run into other folders gives the same bytes.
    options.resume = false;
    let others = vec![npz(&bench, "npz-2"), ciff(&bench, "ciff-2")];
    encode(&bench, &options, others).unwrap();
    assert!(bench.files("ciff-2") == first && bench.files("npz-2") == matrix);

    options.resume = true;
    bench.damage("ciff/index.ciff");
    encode(&bench, &options, vec![ciff(&bench, "ciff")]).unwrap();
    assert!(bench.files("ciff") == first);
}

#[test]
fn impacts_that_readers_cannot_keep_are_refused_and_leave_nothing() {
    let bench = Bench::new(20);
    let quantization = Quantization {
        step: Step::try_from(0.000_1).unwrap(),
        ..Quantization::default()
    };
    let options = options(&bench, Some(quantization));
    let error = encode(&bench, &options, vec![ciff(&bench, "ciff")]).unwrap_err();
    let error = format!("{error:?}");
    assert!(error.contains("`max_impact` 255"), "{error}");
    assert!(!bench.at("ciff").exists());
}

/// The address of a running Elasticsearch or OpenSearch, where there is one.
pub fn server() -> Option<String> {
    let url = std::env::var("SPLADE_EXPORT_SEARCH_SERVER").ok();
    if url.is_none() {
        eprintln!(
            "SKIPPED: no Elasticsearch or OpenSearch: run scripts/test_engines.sh, or start one and name it, as in \
             SPLADE_EXPORT_SEARCH_SERVER=http://localhost:9200"
        );
    }
    url
}

/// Returns the documents of a query with their exact scores: sums of products of impacts.
pub fn exact(documents: &Vectors, query: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let score = |vector: &BTreeMap<String, f64>| -> f64 {
        let products = query
            .iter()
            .filter_map(|(term, weight)| Some(weight * vector.get(term)?));
        products.sum()
    };
    documents
        .iter()
        .map(|(docid, vector)| (docid.clone(), score(vector)))
        .filter(|(_, score)| *score > 0.0)
        .collect()
}

/// Sends a request and returns the hits with their scores.
pub fn search(url: &str, index: &str, request: &Value) -> BTreeMap<String, f64> {
    let mut body = request.clone();
    body.as_object_mut().unwrap().remove("qid");
    body["size"] = 1000.into();
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail-with-body", "--header"])
        .args(["Content-Type: application/json", "--data-binary"])
        .arg(body.to_string())
        .arg(format!("{url}/{index}/_search"));
    let answer: Value = serde_json::from_str(&ok(&mut curl)).unwrap();
    let hits = answer["hits"]["hits"].as_array().unwrap();
    hits.iter()
        .map(|hit| {
            let docid = hit["_id"].as_str().unwrap().to_owned();
            (docid, hit["_score"].as_f64().unwrap())
        })
        .collect()
}

#[test]
fn a_search_server_gives_the_exact_sums_of_products() {
    let bench = Bench::new(130);
    let mut outputs = vec![lines(&bench, "json", JsonVectors::default())];
    let fields = [
        (BulkField::Text, "text"),
        (BulkField::RankFeatures, "features"),
    ];
    for (field, name) in fields {
        outputs.push(lines(&bench, name, BulkRequests::new(field)));
    }
    let options = options(&bench, Some(Quantization::default()));
    encode(&bench, &options, outputs).unwrap();
    for (field, name) in fields {
        let queries = vec![lines(
            &bench,
            &format!("{name}-queries"),
            BulkQueries::new(field),
        )];
        encode(&bench, &options, queries).unwrap();
    }
    let Some(url) = server() else { return };
    let documents = vectors(&bench.at("json"));
    for (_, name) in fields {
        let index = format!("splade-export-test-{name}");
        let mut load = script("load_elasticsearch.sh");
        load.current_dir(bench.dir.path());
        ok(load.args([name, &index, "--url", &url, "--batch", "17", "--replace"]));
        for line in part_lines(&bench.at(&format!("{name}-queries")))
            .iter()
            .step_by(7)
        {
            let request: Value = serde_json::from_str(line).unwrap();
            let query = &documents[request["qid"].as_str().unwrap()];
            let found = search(&url, &index, &request);
            assert_eq!(found, exact(&documents, query), "{name}: {request}");
        }
    }
}

#[test]
fn requests_are_cut_under_the_limit_and_hold_the_same() {
    let bench = Bench::new(60);
    let options = options(&bench, Some(Quantization::default()));
    let bulk = || BulkRequests::new(BulkField::Text);
    encode(&bench, &options, vec![lines(&bench, "whole", bulk())]).unwrap();
    let cut = || vec![lines(&bench, "cut", bulk().most_bytes(4000))];
    encode(&bench, &options, cut()).unwrap();
    let parts = bench.files("cut/documents");
    assert!(parts.len() > 6, "{} files", parts.len());
    assert!(parts.iter().all(|(_, bytes)| bytes.len() <= 4000));
    // A file begins with a whole request, and all of them are there in their order.
    for (name, bytes) in &parts {
        assert!(bytes.starts_with(b"{\"index\""), "{name}");
    }
    let mut names: Vec<_> = parts.iter().map(|(name, _)| name.clone()).collect();
    names.sort_by_key(|name| name.replace('.', "-000."));
    let mut joined = Vec::new();
    for name in names {
        joined.extend(fs_err::read(bench.at("cut/documents").join(name)).unwrap());
    }
    let whole = bench.files("whole/documents");
    let whole: Vec<u8> = whole.into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert!(joined == whole);

    // Every file is verified, and made again with its part.
    let mut again = options.clone();
    again.resume = true;
    let before = bench.files("cut");
    let last = &parts[parts.len() - 1].0;
    bench.damage(&format!("cut/documents/{last}"));
    encode(&bench, &again, cut()).unwrap();
    assert!(bench.files("cut") == before);

    let small = vec![lines(&bench, "small", bulk().most_bytes(50))];
    let error = encode(&bench, &options, small).unwrap_err();
    assert!(
        format!("{error:?}").contains("its reader takes 50"),
        "{error:?}"
    );
    assert!(!bench.at("small").exists());
}
