//! Tests that only indexes of their collections are joined.

use super::*;
use crate::lucene::writer::term_dictionary::TermDictionary;

fn origin(run: &str, documents: &str) -> IndexOrigin {
    IndexOrigin {
        run: run.to_owned(),
        documents: documents.to_owned(),
        details: std::iter::once(("model".to_owned(), run.to_owned())).collect(),
    }
}

/// Writes a part with two documents.
fn write_part(writer: &IndexWriter, number: u64, first: u32, impact: u32) {
    let terms = TermDictionary::from_terms(["t"]).unwrap();
    let mut part = writer.part(number, 1 << 20).unwrap();
    for doc in first..first + 2 {
        part.add(&terms, &format!("d{doc}"), None, &[(0, impact)])
            .unwrap();
    }
    part.finish(&terms).unwrap();
}

/// Writes an index of one part.
fn write(dir: &Path, first: u32, impact: u32, origin: Option<&IndexOrigin>) {
    let writer = IndexWriter::create(dir).unwrap();
    write_part(&writer, 0, first, impact);
    let options = CommitOptions::default();
    match origin {
        Some(origin) => writer.commit_with_origin(options, origin).unwrap(),
        None => writer.commit(options).unwrap(),
    };
}

/// Two shards with one part each, in a folder.
struct Shards {
    dir: tempfile::TempDir,
    origins: [IndexOrigin; 2],
}

impl Shards {
    fn write() -> Self {
        let shards = Self {
            dir: tempfile::tempdir().unwrap(),
            origins: [origin("step 0.01", "d0 d1"), origin("step 0.01", "d2 d3")],
        };
        let [first, second] = &shards.origins;
        write(&shards.at("index-0"), 0, 5, Some(first));
        write(&shards.at("index-1"), 2, 5, Some(second));
        write(
            &shards.at("other-step"),
            2,
            7,
            Some(&origin("step 0.02", "d2 d3")),
        );
        write(
            &shards.at("other-input"),
            4,
            5,
            Some(&origin("step 0.01", "d4 d5")),
        );
        write(&shards.at("unknown"), 2, 5, None);
        shards
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Joins the indexes with these names.
    fn join(&self, names: [&str; 2], output: &str) -> Result<IndexSummary> {
        let shards: Vec<_> = (0..2)
            .map(|number| ShardIndex {
                folder: self.at(names[number]),
                parts: vec![(number, 2)],
                collection: self.at(&format!("collection-{number}")),
                origin: self.origins[number].clone(),
            })
            .collect();
        let whole = origin("step 0.01", "d0 d1 d2 d3");
        let writer = IndexWriter::create(&self.at(output))?;
        writer
            .commit_joined(&shards, CommitOptions::default(), &whole)
            .inspect_err(|_| writer.discard().unwrap())
    }
}

#[test]
fn the_joined_index_is_that_of_one_run() {
    let shards = Shards::write();
    shards.join(["index-0", "index-1"], "joined").unwrap();
    let whole = origin("step 0.01", "d0 d1 d2 d3");
    let joined = IndexOrigin::read(&shards.at("joined")).unwrap();
    assert_eq!(joined.as_ref(), Some(&whole));

    let writer = IndexWriter::create(&shards.at("one")).unwrap();
    write_part(&writer, 0, 0, 5);
    write_part(&writer, 1, 2, 5);
    writer
        .commit_with_origin(CommitOptions::default(), &whole)
        .unwrap();
    for entry in fs_err::read_dir(shards.at("one")).unwrap() {
        let name = entry.unwrap().file_name();
        let read = |index: &str| fs_err::read(shards.at(index).join(&name)).unwrap();
        assert!(read("one") == read("joined"), "{name:?}");
    }
}

#[test]
fn an_index_of_another_run_or_collection_is_refused() {
    let shards = Shards::write();
    for (names, parts) in [
        (
            ["index-1", "index-0"],
            [
                "index-1 is the index of ",
                "collection-1, not of ",
                "collection-0: name",
            ],
        ),
        (
            ["index-0", "other-step"],
            [
                "other-step was made with another model or other settings",
                "collection-1",
                "join the collections alone",
            ],
        ),
        (
            ["index-0", "other-input"],
            [
                "other-input was made of other documents",
                "collection-1",
                "join the collections alone",
            ],
        ),
        (
            ["index-0", "unknown"],
            [
                "unknown does not say what it was made of",
                "collection-1",
                "join the collections alone",
            ],
        ),
    ] {
        let error = shards.join(names, "refused").unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{error}");
        }
        assert!(!shards.at("refused").exists());
    }
}

#[test]
fn a_stop_ends_a_merge_wherever_it_is_and_leaves_nothing() {
    let shards = Shards::write();
    let inputs = [shards.at("index-0"), shards.at("index-1")];
    let output = shards.at("merged");
    // Segments are linked, or their postings are decoded and written again.
    for (max_segments, least) in [(None, 20), (Some(1), 30)] {
        let options = CommitOptions { max_segments };
        let mut stops = 0;
        loop {
            match merge_indexes(&inputs, &output, options, &Stop::after(stops)) {
                Ok(_) => break,
                Err(error) => assert!(matches!(error, LuceneError::Interrupted(_)), "{error}"),
            }
            assert!(!output.exists(), "after {stops}");
            stops += 1;
        }
        assert!(stops >= least, "{stops}");
        crate::lucene::verify(&output, &Stop::default()).unwrap();
        fs_err::remove_dir_all(&output).unwrap();
    }
    // A folder that was there stays.
    fs_err::create_dir(&output).unwrap();
    for stops in [0, 25] {
        let stopped = merge_indexes(
            &inputs,
            &output,
            CommitOptions::default(),
            &Stop::after(stops),
        );
        assert!(matches!(stopped, Err(LuceneError::Interrupted(_))));
        assert_eq!(fs_err::read_dir(&output).unwrap().count(), 0);
    }
}
