//! Reading whole inputs.

use std::io::Write;
use std::path::PathBuf;

use crate::corpus::reader::{CorpusOptions, CorpusReader};

fn options(paths: Vec<PathBuf>) -> CorpusOptions {
    CorpusOptions {
        paths,
        ..CorpusOptions::default()
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
        let mut encoder = flate2::write::GzEncoder::new(&mut file, flate2::Compression::default());
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
fn a_blank_first_line_does_not_hide_the_format() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.tsv");
    for start in ["", "\u{feff}", "  \n", "\u{feff}\n", "\u{feff}  \n\n"] {
        fs_err::write(&path, format!("{start}d0\tw\n")).unwrap();
        assert_eq!(read(vec![path.clone()]), [Ok("d0".to_owned())], "{start:?}");
    }
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
