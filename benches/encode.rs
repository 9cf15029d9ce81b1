//! One short text with an encoder that is open already: what a server does for a query.
//!
//! `SPLADE_EXPORT_MODEL=FOLDER cargo bench --bench encode`
#![allow(
    missing_docs,
    reason = "criterion's macros make public functions without any"
)]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use splade_export::{EncodeError, SpladeEncoder};

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

criterion_group!(benches, second_encode);
criterion_main!(benches);
