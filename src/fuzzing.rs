//! Entry points for the fuzzer, one for each format that is read. Compiled with `--cfg fuzzing` and in tests only.
//!
//! Each takes any bytes and must return: no panic, no memory that the input does not pay for.

mod corpus_targets;
mod scratch;

use crate::collection::{Contents, LineProblem, Manifest, PartInfo, parse, pretty};
use crate::model::{Aggregation, GraphForm, Model};
use crate::run::RunIdentity;
use crate::stop::Stop;

use scratch::{folder_of, write};

pub use corpus_targets::{corpus, gzip, jsonl, plan, qrels, trec, tsv, zip};

/// Lines of a collection.
pub fn collection_line(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else {
        return;
    };
    for contents in [Contents::Read, Contents::Skip] {
        let _ = parse(line, contents, |term, weight| {
            let impact = weight.impact(term)?;
            assert!((1..=crate::impact::MAX_IMPACT).contains(&impact));
            Ok::<_, LineProblem>(())
        });
    }
    let _ = pretty(line);
}

/// `manifest.json`; what is read is written again as the same.
pub fn manifest(data: &[u8]) {
    if let Ok(manifest) = Manifest::parse(data) {
        let text = serde_json::to_vec(&manifest).unwrap_or_default();
        let again = Manifest::parse(&text);
        assert!(again.is_ok_and(|again| serde_json::to_vec(&again).ok() == Some(text)));
    }
}

/// The journal: what the run is, a part, a rejected record.
pub fn journal(data: &[u8]) {
    if let Ok(run) = serde_json::from_slice::<RunIdentity>(data) {
        let text = serde_json::to_vec(&run).unwrap_or_default();
        assert!(serde_json::from_slice::<RunIdentity>(&text).is_ok());
    }
    if let Ok(part) = serde_json::from_slice::<PartInfo>(data) {
        let _ = part.number();
    }
    let _ = serde_json::from_slice::<crate::corpus::RejectedRecord>(data);
}

/// The header of `model.safetensors`, and the architecture built from it.
pub fn safetensors(data: &[u8]) {
    const CONFIG: &[u8] =
        br#"{"model_type":"bert","hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,
        "intermediate_size":16,"max_position_embeddings":64,"vocab_size":57}"#;
    let mut bytes = (data.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(data);
    open_model(
        "safetensors",
        &[("config.json", CONFIG), ("model.safetensors", &bytes)],
    );
}

/// `config.json` beside a checkpoint of one tensor.
pub fn config(data: &[u8]) {
    const HEADER: &[u8] = br#"{"bert.embeddings.word_embeddings.weight":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]}}"#;
    let mut bytes = (HEADER.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(HEADER);
    bytes.extend_from_slice(&[0; 4]);
    open_model(
        "config",
        &[("config.json", data), ("model.safetensors", &bytes)],
    );
}

/// Opens a model folder of these files and a small tokenizer, and builds its graph.
fn open_model(name: &str, files: &[(&str, &[u8])]) {
    const TOKENIZER: &[u8] =
        br#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],
        "normalizer":null,"pre_tokenizer":null,"post_processor":null,"decoder":null,
        "model":{"type":"WordLevel","vocab":{"a":0,"b":1},"unk_token":"a"}}"#;
    let folder = folder_of(name);
    for (name, bytes) in files.iter().chain(&[("tokenizer.json", TOKENIZER)]) {
        if std::fs::write(folder.join(name), bytes).is_err() {
            return;
        }
    }
    if let Ok(model) = Model::open(&folder) {
        for aggregation in [Aggregation::Max, Aggregation::Sum] {
            let _ = model.graph(aggregation, GraphForm::default());
        }
    }
}

/// An ONNX file, and the head behind it.
pub fn onnx(data: &[u8]) {
    open_model("onnx", &[("model.onnx", data)]);
}

/// A file of `torch.save`: any bytes, and an archive with any bytes as its pickle.
pub fn pickle(data: &[u8]) {
    use crate::model::pickle::read_pickled_tensors;
    for bytes in [Some(data.to_vec()), pickle_archive(data).ok()] {
        let path = bytes.and_then(|bytes| write("pickle", &bytes));
        let tensors = path.and_then(|path| read_pickled_tensors(&path).ok());
        for (_, tensor) in tensors.unwrap_or_default() {
            let _ = tensor.read();
        }
    }
}

fn pickle_archive(pickle: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in [("a/data.pkl", pickle), ("a/data/0", &[1; 64])] {
        archive.start_file(name, stored)?;
        std::io::Write::write_all(&mut archive, bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// A `tokenizer.json`, and some texts through what it makes. No text may take the memory that only a large one may.
pub fn tokenizer(data: &[u8]) {
    let Ok(read) = crate::model::tokenizer::read_json(data) else {
        return;
    };
    let once = "Wings lift 2 planes, 中文 \u{1f600}\u{0}";
    for text in [once.to_owned(), once.repeat(40), "a".repeat(2000)] {
        let encode = || read.tokenizer.encode_fast(text.as_str(), true);
        let _ = crate::panic_guard::catch_panic(encode);
    }
}

/// Files of an index: the first byte says which file of a small index is replaced by the rest.
pub fn lucene(data: &[u8]) {
    let Some((&which, rest)) = data.split_first() else {
        return;
    };
    let folder = folder_of("lucene");
    let Ok(files) = small_index() else { return };
    let at = usize::from(which) % files.len();
    for (i, (name, bytes)) in files.iter().enumerate() {
        let bytes = if i == at {
            splice(bytes, rest)
        } else {
            bytes.clone()
        };
        if std::fs::write(folder.join(name), bytes).is_err() {
            return;
        }
    }
    let _ = crate::lucene::verify(&folder, &Stop::default());
    let _ = crate::lucene::IndexOrigin::read(&folder);
    let merged = folder_of("lucene-merged");
    let _ = std::fs::remove_dir_all(&merged);
    let _ = crate::lucene::merge_indexes(
        &[folder],
        &merged,
        crate::lucene::CommitOptions {
            max_segments: Some(1),
        },
        &Stop::default(),
    );
    let _ = std::fs::remove_dir_all(&merged);
}

/// Puts bytes over a file at a place that they say, with the checksum made right: else nothing else would be read.
fn splice(file: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bytes = file.to_vec();
    let Some((place, rest)) = data.split_at_checked(2) else {
        return bytes;
    };
    let place = usize::from(u16::from_le_bytes([place[0], place[1]])) % bytes.len().max(1);
    for (to, from) in bytes[place..].iter_mut().zip(rest) {
        *to = *from;
    }
    if let Some(body) = bytes.len().checked_sub(8) {
        let checksum = u64::from(crc32fast::hash(&bytes[..body])).to_be_bytes();
        bytes[body..].copy_from_slice(&checksum);
    }
    bytes
}

type Files = Vec<(String, Vec<u8>)>;

fn small_index() -> Result<&'static Files, crate::lucene::LuceneError> {
    static FILES: std::sync::OnceLock<Files> = std::sync::OnceLock::new();
    if let Some(files) = FILES.get() {
        return Ok(files);
    }
    let dir = folder_of("lucene-made");
    let _ = std::fs::remove_dir_all(&dir);
    let writer = crate::lucene::IndexWriter::create(&dir)?;
    for number in 0..2 {
        let mut part = writer.part(number, 1 << 20)?;
        let mut terms = crate::lucene::TermDictionary::new();
        for document in 0..200_u32 {
            let mut postings = Vec::new();
            for term in 0..8 {
                let term = terms.intern(&format!("t{}", (document * term) % 40))?;
                if !postings.iter().any(|&(known, _)| known == term) {
                    postings.push((term, 1 + document % 9));
                }
            }
            let docid = format!("d{number}-{document}");
            part.add(&terms, &docid, Some("{}"), &postings)?;
        }
        part.finish(&terms)?;
    }
    let origin = crate::lucene::IndexOrigin {
        run: "a run".to_owned(),
        documents: "some documents".to_owned(),
        details: std::iter::once(("model".to_owned(), "{}".to_owned())).collect(),
    };
    writer.commit_with_origin(crate::lucene::CommitOptions::default(), &origin)?;
    let mut files = Vec::new();
    for entry in fs_err::read_dir(&dir)? {
        let entry = entry?;
        files.push((
            entry.file_name().to_string_lossy().into_owned(),
            fs_err::read(entry.path())?,
        ));
    }
    files.sort();
    Ok(FILES.get_or_init(|| files))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    const SEEDS: [&[u8]; 12] = [
        b"{\"id\": \"a\", \"text\": \"b \\u00e9\"}\n{\"id\": 7, \"contents\": \"\"}\n",
        b"q1\ttext of a topic\r\nq2\tmore\n",
        b"{\"id\": \"a\", \"contents\": \"\", \"vector\": {\"t\": 1, \"u\": 2147483647}}",
        b"{\"record\": 1, \"file\": \"a\", \"line\": 1, \"reason\": \"\", \"text\": \"\"}",
        b"{\"name\": \"part-00000.jsonl\", \"sha256\": \"\", \"bytes\": 1, \"input_sha256\": \"\"}",
        b"{\"bert.embeddings.word_embeddings.weight\":{\"dtype\":\"F32\",\"shape\":[57,8],\"data_offsets\":[0,1824]}}",
        b"{\"model_type\": \"bert\", \"hidden_size\": 1, \"num_hidden_layers\": 9, \"vocab_size\": 2}",
        b"{\"normalizer\": null, \"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 0}, \"unk_token\": \"a\"}}",
        b"<top>\n<num> Number: 301\n<title> Topic: a b\n<desc> c\n</top>\n",
        b"query-id\tcorpus-id\tscore\nq1\td1\t1\n",
        br#"{"format_version":1,"part_size":2,"fields":["text"],"id_field":null,"inputs":[{"name":"a","bytes":9,"format":"jsonl"}],
        "documents":0,"rejected":0,"parts":[],"duplicates":[]}"#,
        b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0",
    ];
    /// A block of terms that led to itself: found by the fuzzer, one without end, one without bound.
    #[test]
    fn what_the_fuzzer_found() {
        lucene(&[0x40, 0x5c, 0x04, 0x26]);
        lucene(&[0x40, 0x40, 0x7e, 0x00]);
    }

    const ALL: [fn(&[u8]); 17] = [
        corpus,
        jsonl,
        tsv,
        trec,
        plan,
        qrels,
        gzip,
        zip,
        collection_line,
        manifest,
        journal,
        safetensors,
        config,
        onnx,
        pickle,
        tokenizer,
        lucene,
    ];

    /// A seed with some bytes changed, or any bytes.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let changed = (
            0..SEEDS.len(),
            vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        )
            .prop_map(|(seed, changes)| {
                let mut bytes = SEEDS[seed].to_vec();
                for (at, byte) in changes {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
                bytes
            });
        prop_oneof![changed, vec(any::<u8>(), 0..400)]
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_a_result(bytes in bytes()) {
            for target in ALL {
                target(&bytes);
            }
        }
    }
}
