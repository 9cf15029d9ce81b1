//! Tokenizing word by word, against the crate `tokenizers` with the whole text.

use std::path::PathBuf;

use crate::common::{fixtures, model_folder, shared, texts};
use rayon::prelude::*;
use splade_export::Model;
use splade_export::internals::TextTokenizer;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::{Tokenizer, TruncationParams};

const MAX_LENGTH: usize = 64;

/// The corpora of the fixtures, and all of the test collections where they are.
fn corpora() -> Vec<PathBuf> {
    let mut corpora = vec![fixtures().join("corpus.jsonl")];
    for name in ["scifact", "vaswani", "msmarco-5k", "faquad-pt"] {
        let folder = shared(&format!("data/{name}"));
        corpora.extend(folder.map(|folder| folder.join("corpus.jsonl")));
    }
    corpora
}

/// The demo model's tokenizer, as it is and with cased terms and accents.
fn models() -> [Model; 2] {
    let cased = |mut model: Model| {
        let normalizer = BertNormalizer::new(true, true, Some(false), false);
        model.tokenizer.with_normalizer(Some(normalizer)).unwrap();
        model
    };
    let open = || Model::open(&model_folder()).unwrap();
    [open(), cased(open())]
}

fn cut(tokenizer: &Tokenizer) -> Tokenizer {
    let mut tokenizer = tokenizer.clone();
    let truncation = TruncationParams {
        max_length: MAX_LENGTH,
        ..TruncationParams::default()
    };
    tokenizer.with_truncation(Some(truncation)).unwrap();
    tokenizer
}

#[test]
fn every_text_has_the_tokens_that_the_crate_gives_it() {
    for corpus in corpora() {
        let texts: Vec<String> = texts(&corpus).into_values().collect();
        for model in models() {
            let ours = TextTokenizer::new(&model, MAX_LENGTH).unwrap();
            let whole = ours.clone().whole_texts().unwrap();
            let crates = cut(&model.tokenizer);
            texts.par_iter().for_each(|text| {
                let expected = model.tokenizer.encode_fast(text.as_str(), true).unwrap();
                let tokens = whole.tokenize(text).unwrap();
                assert_eq!(tokens.ids, expected.get_ids(), "{text}");
                let special = expected.get_special_tokens_mask();
                let own: Vec<usize> = (0..special.len()).filter(|&i| special[i] == 0).collect();
                assert_eq!(tokens.own().collect::<Vec<_>>(), own, "{text}");
                let expected = crates.encode_fast(text.as_str(), true).unwrap();
                let tokens = ours.tokenize(text).unwrap();
                assert_eq!(tokens.ids, expected.get_ids(), "{text}");
                let is_cut = !expected.get_overflowing().is_empty();
                assert_eq!(tokens.truncated, is_cut, "{text}");
            });
        }
    }
}

#[test]
fn a_text_without_a_token_is_blank() {
    for model in models() {
        let ours = TextTokenizer::new(&model, MAX_LENGTH).unwrap();
        for text in ["", " \n", "\u{200b}\u{0}"] {
            let tokens = ours.tokenize(text).unwrap();
            let expected = model.tokenizer.encode_fast(text, true).unwrap();
            assert!(tokens.blank && tokens.own().is_empty(), "{text:?}");
            assert_eq!(tokens.ids, expected.get_ids(), "{text:?}");
        }
    }
}

#[test]
fn a_long_word_and_a_long_text_are_cut_as_the_whole_would_be() {
    let texts = [
        "a".repeat(200_000),
        "\u{4e2d}\u{6587}".repeat(50_000),
        "\u{3042}\u{3044}".repeat(50_000),
        "wings lift, planes. ".repeat(20_000),
        "!".repeat(10_000),
    ];
    for model in models() {
        let ours = TextTokenizer::new(&model, MAX_LENGTH).unwrap();
        let crates = cut(&model.tokenizer);
        for text in &texts {
            let expected = crates.encode_fast(text.as_str(), true).unwrap();
            let tokens = ours.tokenize(text).unwrap();
            assert_eq!(tokens.ids, expected.get_ids(), "{}...", &text[..3]);
            let is_cut = !expected.get_overflowing().is_empty();
            assert_eq!(tokens.truncated, is_cut, "{}...", &text[..3]);
        }
    }
}
