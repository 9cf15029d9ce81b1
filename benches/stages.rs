//! The stages around the encoder, each by itself in one thread: documents a second and core.
//!
//! `SPLADE_EXPORT_MODEL=FOLDER SPLADE_EXPORT_CORPUS=FILE cargo bench --bench stages` reads a file of JSON Lines (by default
//! the fixtures), at most 256 tokens of a text. Vectors are made: 180 terms, distributed as those of a real model.
//! `scripts/bench/stages.sh` measures all of them together, with an encoder that costs next to nothing.
#![allow(
    missing_docs,
    reason = "criterion's macros make public functions without any"
)]

use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};

use criterion::{BatchSize, Criterion, Throughput};
use flate2::write::GzEncoder;
use splade_export::internals::{Batch, CorpusReader, Document, TextTokenizer, TextWindows};
use splade_export::{
    BatchBudget, CorpusOptions, EncodedRecord, IndexPartWriter, JsonVectors, LineFormat, Model,
    PseudoTerms, Quantization, Quantizer, SparseVector, TermDictionary, TermWeight, Terms,
    VectorRef,
};

const MAX_LENGTH: usize = 256;
const TERMS: usize = 180;
/// Documents of one measurement.
const DOCUMENTS: usize = 2_000;
/// Level at which collections are compressed.
const LEVEL: u32 = 3;
/// Memory of a segment while it is built, so much that there is one.
const SEGMENT_MEMORY: usize = 256 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::var_os("SPLADE_EXPORT_MODEL") else {
        eprintln!("skipped: SPLADE_EXPORT_MODEL names no model folder");
        return Ok(());
    };
    let corpus = std::env::var_os("SPLADE_EXPORT_CORPUS");
    let corpus = corpus.map_or_else(|| PathBuf::from("fixtures/corpus.jsonl"), PathBuf::from);
    let work = tempfile::tempdir()?;
    let (plain, gzip) = repeated(&corpus, work.path())?;
    let documents = read(&plain)?;
    let model = Model::open(Path::new(&folder))?;

    let mut criterion = Criterion::default().configure_from_args();
    reading(&mut criterion, &plain, &gzip);
    let windows = tokenizing(&mut criterion, &model, &documents)?;
    planning(&mut criterion, &windows);
    let vectors = vectors(model.vocabulary.len(), documents.len());
    quantizing(&mut criterion, &vectors);
    writing(&mut criterion, &model, &documents, &vectors)?;
    criterion.final_summary();
    Ok(())
}

/// Writes the corpus's documents again and again, plain and compressed.
fn repeated(corpus: &Path, work: &Path) -> Result<(PathBuf, PathBuf), Box<dyn Error>> {
    let documents = read(corpus)?;
    let mut lines = Vec::new();
    for (i, document) in documents.iter().cycle().take(DOCUMENTS).enumerate() {
        let record = serde_json::json!({"_id": i.to_string(), "title": "", "text": document.text});
        writeln!(lines, "{record}")?;
    }
    let (plain, gzip) = (work.join("corpus.jsonl"), work.join("corpus.jsonl.gz"));
    std::fs::write(&plain, &lines)?;
    let mut encoder = GzEncoder::new(
        std::fs::File::create(&gzip)?,
        flate2::Compression::default(),
    );
    encoder.write_all(&lines)?;
    encoder.finish()?;
    Ok((plain, gzip))
}

fn read(path: &Path) -> Result<Vec<Document>, Box<dyn Error>> {
    let mut reader = CorpusReader::open(CorpusOptions {
        paths: vec![path.to_owned()],
        ..CorpusOptions::default()
    })?;
    let mut documents = Vec::new();
    while let Some(record) = reader.next_record()? {
        documents.push(record?);
    }
    Ok(documents)
}

fn reading(criterion: &mut Criterion, plain: &Path, gzip: &Path) {
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(DOCUMENTS as u64));
    for (name, path) in [("json", plain), ("gzip and json", gzip)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(read(path)).expect("the corpus can be read").len());
        });
    }
}

fn tokenizing(
    criterion: &mut Criterion,
    model: &Model,
    documents: &[Document],
) -> Result<TextWindows, Box<dyn Error>> {
    let mut group = criterion.benchmark_group("tokenize");
    group.throughput(Throughput::Elements(documents.len() as u64));
    let tokenizer = TextTokenizer::new(model, MAX_LENGTH)?;
    let tokenize = |text: &str| tokenizer.tokenize(text).expect("the text can be tokenized");
    group.bench_function("ours", |bencher| {
        bencher.iter(|| {
            for document in documents {
                black_box(tokenize(&document.text));
            }
        });
    });
    // Slow ones: a few measurements are enough.
    group.sample_size(10);
    group.bench_function("ours, each word new at first", |bencher| {
        bencher.iter_batched(
            || TextTokenizer::new(model, MAX_LENGTH).expect("the model has a tokenizer"),
            |fresh| {
                for document in documents {
                    black_box(fresh.tokenize(&document.text)).expect("the text can be tokenized");
                }
                // Is freed outside the measurement.
                fresh
            },
            BatchSize::PerIteration,
        );
    });
    let crates = model.tokenizer.clone();
    group.bench_function("crate tokenizers", |bencher| {
        bencher.iter(|| {
            for document in documents {
                // As many bytes as 256 tokens can have in this corpus.
                let end = document.text.floor_char_boundary(MAX_LENGTH * 8);
                let encoding = crates.encode_fast(&document.text[..end], true);
                black_box(encoding.expect("the text can be tokenized"));
            }
        });
    });
    let tokens = documents.iter().map(|document| tokenize(&document.text));
    Ok(TextWindows::cut(tokens.collect(), MAX_LENGTH, None))
}

fn planning(criterion: &mut Criterion, windows: &TextWindows) {
    let mut group = criterion.benchmark_group("plan batches");
    group.throughput(Throughput::Elements(windows.len() as u64));
    group.bench_function("sort and cut", |bencher| {
        bencher.iter(|| black_box(Batch::plan(windows, BatchBudget::default())));
    });
}

/// Makes vectors of [`TERMS`] terms with weights between 0 and 3, most of them small.
fn vectors(vocabulary: usize, count: usize) -> Vec<SparseVector> {
    let mut state = 1_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        #[allow(clippy::cast_precision_loss, reason = "24 bits are exact")]
        let unit = (state >> 40) as f32 / (1_u64 << 24) as f32;
        unit
    };
    let vector = |_| {
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a vocabulary is small"
        )]
        let mut terms: Vec<u32> = std::iter::repeat_with(|| (random() * vocabulary as f32) as u32)
            .take(TERMS)
            .collect();
        terms.sort_unstable();
        terms.dedup();
        let weigh = |term| TermWeight {
            term,
            weight: 0.01 + 3.0 * random().powi(3),
        };
        SparseVector(terms.into_iter().map(weigh).collect())
    };
    (0..count).map(vector).collect()
}

fn quantizing(criterion: &mut Criterion, vectors: &[SparseVector]) {
    let mut group = criterion.benchmark_group("quantize");
    group.throughput(Throughput::Elements(vectors.len() as u64));
    let quantizer = Quantizer::new(Quantization::default(), 0.0);
    group.bench_function("default step", |bencher| {
        bencher.iter(|| {
            for vector in vectors {
                black_box(quantizer.quantize(vector)).expect("weights are finite");
            }
        });
    });
}

fn writing(
    criterion: &mut Criterion,
    model: &Model,
    documents: &[Document],
    vectors: &[SparseVector],
) -> Result<(), Box<dyn Error>> {
    let quantizer = Quantizer::new(Quantization::default(), 0.0);
    let impacts: Vec<_> = vectors
        .iter()
        .map(|vector| quantizer.quantize(vector))
        .collect::<Result<_, _>>()?;
    let terms = model.vocabulary.terms();
    let mut format = JsonVectors::default();
    format.set_vocabulary(terms)?;
    let mut group = criterion.benchmark_group("write");
    group.throughput(Throughput::Elements(documents.len() as u64));
    let lines = |out: &mut dyn Write| {
        let mut line = Vec::new();
        for (document, impacts) in documents.iter().zip(&impacts) {
            let record = EncodedRecord {
                docid: &document.docid,
                contents: "",
                vector: VectorRef::Impacts(impacts),
                terms: Terms::Vocabulary(terms),
                line: None,
            };
            line.clear();
            format
                .write(&record, &mut line)
                .expect("the record can be written");
            out.write_all(&line).expect("memory takes all");
        }
    };
    group.bench_function("json", |bencher| {
        bencher.iter(|| {
            let mut out = Vec::new();
            lines(&mut out);
            black_box(out).len()
        });
    });
    group.bench_function("json and gzip", |bencher| {
        bencher.iter(|| {
            let mut out = GzEncoder::new(Vec::new(), flate2::Compression::new(LEVEL));
            lines(&mut out);
            black_box(out.finish()).expect("memory takes all").len()
        });
    });
    let dictionary = TermDictionary::from_terms(PseudoTerms::new(terms)?.terms())?;
    let postings: Vec<Vec<(u32, u32)>> = impacts
        .iter()
        .map(|impacts| impacts.iter().map(|e| (e.term, e.impact)).collect())
        .collect();
    group.bench_function("index", |bencher| {
        bencher.iter_batched(
            || tempfile::tempdir().expect("a temporary folder"),
            |folder| {
                let index = splade_export::IndexWriter::create(folder.path()).expect("a new index");
                let mut part: IndexPartWriter = index.part(0, SEGMENT_MEMORY).expect("a new part");
                for (document, postings) in documents.iter().zip(&postings) {
                    let added = part.add(&dictionary, &document.docid, None, postings);
                    added.expect("the document can be indexed");
                }
                part.finish(&dictionary).expect("the part can be written");
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
    Ok(())
}
