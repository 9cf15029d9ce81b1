//! `compare.sh` and `reproduce.sh` on the fixtures, and the page of a comparison.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use splade_export::{Comparison, ReportFile};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::common::{fails, fixtures, model_folder, ok, script};

/// Packs a BEIR dataset as BEIR does, in a folder of its name.
fn pack(dataset: &Path, name: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for file in ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"] {
        let options = SimpleFileOptions::default();
        zip.start_file(format!("{name}/{file}"), options).unwrap();
        zip.write_all(&fs_err::read(dataset.join(file)).unwrap())
            .unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Serves files by their paths.
fn serve(files: HashMap<String, Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let files = Arc::new(files);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away is no failure of the server.
            drop(answer(&stream, &files));
        }
    });
    address
}

fn answer(mut stream: &TcpStream, files: &HashMap<String, Vec<u8>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default();
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let (status, body) = match files.get(path) {
        Some(body) => ("200 OK", &body[..]),
        None => ("404 Not Found", &b""[..]),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

/// A cache with the pieces of the tests' own, so that a dataset can be kept in it.
fn cache(folder: &Path) -> PathBuf {
    let cache = folder.join("cache");
    fs_err::create_dir(&cache).unwrap();
    let own = std::env::var_os("SPLADE_EXPORT_CACHE").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/splade-export"),
        PathBuf::from,
    );
    for entry in fs_err::read_dir(own).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "beir" {
            std::os::unix::fs::symlink(entry.path(), cache.join(entry.file_name())).unwrap();
        }
    }
    cache
}

#[test]
#[ignore = "takes minutes: scripts/test.sh comparison -- --ignored"]
fn a_comparison_has_a_row_for_each_system() {
    let dir = tempfile::tempdir().unwrap();
    let compare = || {
        let mut command = script("compare.sh");
        command
            .arg(fixtures())
            .args(["--output", "out"])
            .current_dir(dir.path());
        command
    };
    let printed = ok(&mut compare());
    let read = |name: &str| fs_err::read_to_string(dir.path().join("out").join(name)).unwrap();
    let results: Value = serde_json::from_str(&read("comparison.json")).unwrap();
    let rows = results["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for row in rows {
        let name = row["name"].as_str().unwrap();
        assert!(
            printed.contains(name) && read("comparison.md").contains(name),
            "{name}"
        );
        assert!(read("comparison.html").contains(name), "{name}");
        let number = |key: &str| row[key].as_f64().unwrap();
        assert!(
            number("ndcg_10") > 0.0 && number("recall_100") <= number("recall_1000"),
            "{row}"
        );
        assert!(
            number("latency_mean") > 0.0 && number("latency_p95") > 0.0,
            "{row}"
        );
        assert!(
            number("index_bytes") > 1000.0 && number("indexing_seconds") > 0.0,
            "{row}"
        );
        assert_eq!(row["encoding_seconds"].is_null(), name == "BM25");
        assert_eq!(row["p_value"].is_null(), name == "BM25");
    }
    let ndcg = |at: usize| rows[at]["ndcg_10"].as_f64().unwrap();
    // What `documents` and `topics` give with this quantization, as the demo does.
    assert_eq!(format!("{:.4}", ndcg(2)), "0.7226");

    // What was done is not done again, and a run with other arguments is another one.
    let again = ok(&mut compare());
    assert_eq!(again, printed);
    let error = fails(1, compare().args(["--max-length", "17"]));
    assert!(
        error.contains("holds a run with other arguments"),
        "{error}"
    );
}

#[test]
#[ignore = "takes minutes: scripts/test.sh comparison -- --ignored"]
fn published_results_are_repeated_from_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let archive = pack(&fixtures(), "scifact");
    let md5 = md5_of(&archive);
    let server = serve(HashMap::from([("/scifact.zip".to_owned(), archive)]));
    let cache = cache(dir.path());
    let reproduce = |server: &str, md5: &str, dataset: &str| {
        let mut command = script("reproduce.sh");
        command
            .args([dataset, "--max-length", "256", "--output", "out", "--model"])
            .arg(model_folder())
            .env("BEIR_URL", server)
            .env("SPLADE_EXPORT_CACHE", &cache)
            .env("SPLADE_EXPORT_TEST_MD5", md5)
            .current_dir(dir.path());
        command
    };
    let error = fails(1, &mut reproduce(&server, &md5, "nfcorpus"));
    assert!(error.contains("/nfcorpus.zip cannot be fetched"), "{error}");
    assert!(error.contains("BEIR_URL"), "{error}");
    let error = fails(1, &mut reproduce(&server, "0", "scifact"));
    assert!(error.contains(&format!("has the MD5 {md5}")), "{error}");
    let printed = ok(&mut reproduce(&server, &md5, "scifact"));
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 4, "{printed}");
    assert!(
        lines[2].contains("max, step 0.1") && lines[2].contains("0.7226"),
        "{printed}"
    );
    // Without a network, what is there is enough.
    let again = ok(&mut reproduce("http://127.0.0.1:9", &md5, "scifact"));
    assert_eq!(again, printed);
    let error = fails(2, &mut reproduce(&server, &md5, "nonsense"));
    assert!(error.contains("there is no dataset 'nonsense'"), "{error}");
}

fn md5_of(bytes: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs_err::write(&file, bytes).unwrap();
    let program =
        "import hashlib, sys; print(hashlib.md5(open(sys.argv[1], 'rb').read()).hexdigest())";
    let python = std::env::var_os("SPLADE_EXPORT_PYTHON").unwrap_or_else(|| "python3".into());
    ok(Command::new(python).args(["-c", program]).arg(file))
        .trim()
        .to_owned()
}

/// Results of systems with names that a page has to escape and that are too long for a plot.
fn results() -> Value {
    let row = |name: &str, first: bool| {
        json!({
            "name": name, "ndcg_10": 0.6436, "recall_100": 0.9, "recall_1000": 0.98, "latency_mean": 12.34,
            "latency_p95": 45.6, "index_bytes": 12_345_678, "indexing_seconds": 1.5,
            "p_value": if first { Value::Null } else { json!(0.0312) },
            "encoding_seconds": if first { Value::Null } else { json!(47.0) },
        })
    };
    json!({
        "dataset": "<scifact>", "documents": 5183, "queries": 300, "setup": "a <setup>",
        "rows": [row("BM25", true), row("SPLADE max, step 0.01, top-k 128, and a name that goes on & on", false)],
    })
}

#[test]
fn the_page_of_a_comparison_is_looked_at_in_a_browser() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("comparison.html");
    let comparison = Comparison::from_json(results().to_string().as_bytes()).unwrap();
    ReportFile::create(&page)
        .unwrap()
        .write_comparison(&comparison)
        .unwrap();
    let html = fs_err::read_to_string(&page).unwrap();
    assert!(html.contains("&lt;scifact&gt;") && !html.contains("<scifact>"));
    assert!(html.contains("0.0312*") && html.contains("12.3 MB"));
    let again = ReportFile::create(&page).err().unwrap().to_string();
    assert!(again.contains("comparison.html"), "{again}");
    ok(script("check_report.sh").arg(&page));

    for (json, problem) in [
        ("{}", "missing field `dataset`"),
        (
            r#"{"dataset": "", "documents": 0, "queries": 0, "setup": "", "rows": []}"#,
            "it has no system",
        ),
    ] {
        let error = Comparison::from_json(json.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains(problem), "{error}");
    }
}
