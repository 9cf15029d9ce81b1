//! Tests that nothing but regular files is opened in the folder of an index.

use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::lucene::error::LuceneError;
use crate::lucene::formats::segment_name::SegmentName;

/// Writes an index with one document, by the writer's own files of a segment.
fn write_index(dir: &Path) {
    use crate::lucene::formats::commit_point::{UserData, write};
    use crate::lucene::formats::segment_info::read_id;
    use crate::lucene::writer::segment_builder::SegmentBuilder;
    use crate::lucene::writer::term_dictionary::TermDictionary;

    let terms = TermDictionary::from_terms(["t"]).unwrap();
    let mut builder = SegmentBuilder::create(dir, 0).unwrap();
    builder.add(&terms, "d", None, &[(0, 3)]).unwrap();
    builder.finish(&terms).unwrap();
    let id = read_id(&SegmentName::new(dir, 0)).unwrap();
    write(dir, dir, &[id], &UserData::new()).unwrap();
}

/// Calls `verify` in a thread of its own, and fails if it takes long.
fn verify_in_time(dir: &Path) -> Result<IndexSummary> {
    let (sender, receiver) = mpsc::channel();
    let dir = dir.to_owned();
    std::thread::spawn(move || sender.send(verify(&dir, &Stop::default())));
    receiver
        .recv_timeout(Duration::from_mins(1))
        .expect("verify hangs")
}

#[test]
fn pipes_devices_and_links_are_refused() {
    let good = tempfile::tempdir().unwrap();
    write_index(good.path());
    verify_in_time(good.path()).unwrap();
    let segment = SegmentName::new(good.path(), 0);
    let names = SegmentName::extensions().map(|extension| segment.file_name(extension));
    for name in names.chain(["segments_1".to_owned()]) {
        let replace = |make: &dyn Fn(&Path)| {
            let dir = tempfile::tempdir().unwrap();
            for entry in fs_err::read_dir(good.path()).unwrap() {
                let entry = entry.unwrap();
                fs_err::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
            }
            let path = dir.path().join(&name);
            fs_err::remove_file(&path).unwrap();
            make(&path);
            let error = verify_in_time(dir.path()).unwrap_err();
            assert!(matches!(error, LuceneError::Io(_)), "{name}: {error}");
            let error = error.to_string();
            assert!(
                error.contains(&name) && error.contains("regular file"),
                "{error}"
            );
        };
        replace(&|path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()));
        replace(&|path| fs_err::os::unix::fs::symlink("/dev/zero", path).unwrap());
        replace(&|path| fs_err::os::unix::fs::symlink(good.path().join(&name), path).unwrap());
        replace(&|path| fs_err::create_dir(path).unwrap());
    }
}

#[test]
fn a_small_file_of_great_length_is_not_read_whole() {
    let dir = tempfile::tempdir().unwrap();
    write_index(dir.path());
    for name in ["_0_Lucene90_0.tmd", "segments_1"] {
        // The file has holes, so that it takes no room on the disk.
        let file = fs_err::OpenOptions::new()
            .write(true)
            .open(dir.path().join(name))
            .unwrap();
        file.set_len(1 << 40).unwrap();
        let error = verify_in_time(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains(name) && error.contains("too long"),
            "{error}"
        );
    }
}

#[test]
fn a_stop_ends_it_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    write_index(dir.path());
    let mut questions = 0;
    while let Err(error) = verify(dir.path(), &Stop::after(questions)) {
        assert!(matches!(error, LuceneError::Interrupted(_)), "{error}");
        questions += 1;
    }
    // Each file and each docid is a place to stop.
    assert!(questions > SegmentName::extensions().count());
}
