//! Tests of whole indexes: parts survive a kill, and merging changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::lucene::TermDictionary;

type Documents = Vec<BTreeSet<(String, u32)>>;

fn write_part(writer: &IndexWriter, number: u64, documents: &Documents, first: usize) {
    let mut part = writer.part(number, 1 << 20).unwrap();
    let mut terms = TermDictionary::new();
    for (doc, vector) in documents.iter().enumerate() {
        let mut postings: BTreeMap<u32, u32> = BTreeMap::new();
        for (term, impact) in vector {
            postings.insert(terms.intern(term).unwrap(), *impact);
        }
        let postings: Vec<_> = postings.into_iter().collect();
        part.add(&terms, &format!("d{}", first + doc), None, &postings)
            .unwrap();
    }
    part.finish(&terms).unwrap();
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs_err::read_dir(dir).unwrap();
    entries
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs_err::read(entry.path()).unwrap())
        })
        .collect()
}

const ONE: CommitOptions = CommitOptions {
    max_segments: Some(1),
};

#[test]
fn whole_parts_survive_and_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let index = dir.path().join("index");
    let documents: Documents =
        vec![BTreeSet::from([("a".to_owned(), 1), ("b".to_owned(), 7)]); 300];
    let writer = IndexWriter::resume(&index, "this run").unwrap();
    write_part(&writer, 0, &documents, 0);
    write_part(&writer, 1, &documents, 300);
    let half = writer.part(2, 1 << 20).unwrap();
    // As if the process had died here.
    drop((half, writer));
    assert!(matches!(
        IndexWriter::resume(&index, "another run"),
        Err(LuceneError::OtherRun { .. })
    ));
    let writer = IndexWriter::resume(&index, "this run").unwrap();
    let whole = |number| writer.finished_part(number);
    assert_eq!(whole(0).unwrap().unwrap().totals.documents, 300);
    assert_eq!(whole(2).unwrap(), None);
    let path = writer.part_dir(1).join("_0_Lucene90_0.doc");
    let mut bytes = fs_err::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs_err::write(&path, bytes).unwrap();
    assert!(matches!(whole(1), Err(LuceneError::Corrupt { .. })));
    write_part(&writer, 1, &documents, 300);
    write_part(&writer, 2, &documents, 600);
    let summary = writer.commit(CommitOptions::default()).unwrap();
    assert_eq!((summary.totals.documents, summary.segments), (900, 3));

    let other = dir.path().join("other");
    let writer = IndexWriter::create(&other).unwrap();
    for (number, first) in [(2, 600), (0, 0), (1, 300)] {
        write_part(&writer, number, &documents, first);
    }
    writer.commit(CommitOptions::default()).unwrap();
    assert!(files(&index) == files(&other));
}

#[test]
#[cfg(unix)]
fn a_link_is_not_followed_to_an_unfinished_index() {
    use fs_err::os::unix::fs::symlink;

    let dir = tempfile::tempdir().unwrap();
    let (index, elsewhere) = (dir.path().join("index"), dir.path().join("elsewhere"));
    fs_err::create_dir(&index).unwrap();
    fs_err::create_dir(&elsewhere).unwrap();
    fs_err::write(elsewhere.join("lock"), "").unwrap();
    fs_err::write(elsewhere.join("letter"), "x").unwrap();
    symlink(&elsewhere, index.join("unfinished")).unwrap();
    let error = IndexWriter::create(&index).unwrap_err();
    assert!(matches!(error, LuceneError::NotEmpty { .. }));
    assert_eq!(files(&elsewhere).len(), 2);
}

#[test]
#[cfg(unix)]
fn a_pipe_in_an_unfinished_index_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["run", "lock"] {
        let index = dir.path().join(name);
        fs_err::create_dir_all(index.join("unfinished")).unwrap();
        let path = index.join("unfinished").join(name);
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
        let error = IndexWriter::resume(&index, "this run").unwrap_err();
        assert!(error.to_string().contains("is a pipe"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn merged_parts_are_the_index_of_all_documents(
        documents in prop::collection::vec(prop::collection::btree_set(("[a-d]{1,3}|\\PC{1,2}", 1_u32..400), 0..12), 1..700),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        // Documents without terms are left out, and an index of none has no segment to compare.
        prop_assume!(documents.iter().any(|vector| !vector.is_empty()));
        let dir = tempfile::tempdir().unwrap();
        let (one, many) = (dir.path().join("one"), dir.path().join("many"));
        let writer = IndexWriter::create(&one).unwrap();
        write_part(&writer, 0, &documents, 0);
        let whole = writer.commit(ONE).unwrap();

        let writer = IndexWriter::create(&many).unwrap();
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(documents.len())).collect();
        ends.push(documents.len());
        ends.sort_unstable();
        let mut begin = 0;
        for (number, end) in (0..).zip(ends) {
            write_part(&writer, number, &documents[begin..end].to_vec(), begin);
            begin = end;
        }
        prop_assert_eq!(writer.commit(ONE).unwrap(), whole);
        prop_assert!(files(&one) == files(&many));
    }
}
