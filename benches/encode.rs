//! One short text with an encoder that is open already: what a server does for a query; and queries by a table.
//!
//! `SPLADE_EXPORT_MODEL=FOLDER SPLADE_EXPORT_QUERIES=FILE cargo bench --bench encode` reads queries of JSON Lines (by default
//! the fixtures).
#![allow(
    missing_docs,
    reason = "criterion's macros make public functions without any"
)]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use splade_export::{
    EncodeError, EncoderSettings, QueryEncoder, QueryWeights, SpladeEncoder, TableEncoder,
};

const TEXT: &str = "how do planes fly";

fn open(model: &Path) -> Result<SpladeEncoder, EncodeError> {
    SpladeEncoder::open(model)?.build()
}

fn second_encode(criterion: &mut Criterion) {
    let Some(model) = std::env::var_os("SPLADE_EXPORT_MODEL") else {
        eprintln!("skipped: SPLADE_EXPORT_MODEL names no model folder");
        return;
    };
    let encoder = open(model.as_ref()).expect("the model can be opened");
    let first = encoder.encode(&[TEXT]).expect("the text can be encoded");
    assert!(!first[0].0.is_empty());
    criterion.bench_function("second encode of one short text", |bencher| {
        bencher.iter(|| black_box(encoder.encode(&[black_box(TEXT)])));
    });
}

fn table(model: &Path) -> Result<TableEncoder, EncodeError> {
    let settings = EncoderSettings::default();
    match QueryEncoder::open(model, &QueryWeights::Ones, settings)? {
        QueryEncoder::Table(table) => Ok(*table),
        QueryEncoder::Model(_) => unreachable!("weights of one need no model"),
    }
}

fn queries() -> Vec<String> {
    let file = std::env::var_os("SPLADE_EXPORT_QUERIES");
    let file = file.unwrap_or_else(|| "fixtures/queries.jsonl".into());
    let lines = std::fs::read_to_string(file).expect("the queries can be read");
    let text = |line| {
        let record: serde_json::Value =
            serde_json::from_str(line).expect("the queries are JSON Lines");
        record["text"]
            .as_str()
            .expect("a query has a text")
            .to_owned()
    };
    lines.lines().map(text).collect()
}

/// All cores together, as `topics` uses them.
fn queries_by_a_table(criterion: &mut Criterion) {
    let Some(model) = std::env::var_os("SPLADE_EXPORT_MODEL") else {
        return;
    };
    let table = table(model.as_ref()).expect("the model's tokenizer can be opened");
    let queries = queries();
    let mut group = criterion.benchmark_group("queries by a table");
    group.throughput(Throughput::Elements(queries.len() as u64));
    let encode = |query: &String| black_box(table.encode(query)).is_ok();
    group.bench_function("one thread", |bencher| {
        bencher.iter(|| queries.iter().all(encode));
    });
    group.bench_function("all threads", |bencher| {
        bencher.iter(|| queries.par_iter().all(encode));
    });
}

criterion_group!(benches, second_encode, queries_by_a_table);
criterion_main!(benches);
