//! Files that were made to break or stop the program.

use serde_json::{Value, json};
use tokenizers::Tokenizer;

use super::read_json;

/// A tokenizer of two words, with one section replaced.
fn with(section: &str, value: Value) -> Vec<u8> {
    let mut file = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": null,
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "b"}
    });
    file[section] = value;
    serde_json::to_vec(&file).unwrap()
}

/// Reads the file to failure and returns what is said.
fn refused(section: &str, value: Value) -> String {
    match read_json(&with(section, value)) {
        Ok(_) => panic!("accepted"),
        Err(reason) => reason,
    }
}

fn ids(bytes: &[u8], text: &str) -> Vec<u32> {
    ids_of(&read_json(bytes).unwrap().tokenizer, text)
}

fn ids_of(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    tokenizer.encode(text, true).unwrap().get_ids().to_vec()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let number = group
            .iter()
            .fold(0_u32, |n, &byte| n << 8 | u32::from(byte));
        let number = number << (8 * (3 - group.len()));
        for digit in 0..4 {
            let value = number >> (18 - 6 * digit) & 63;
            let kept = digit <= group.len();
            text.push(if kept {
                DIGITS[value as usize].into()
            } else {
                '='
            });
        }
    }
    text
}

/// A map that turns `a` into a text of so many `b`.
fn map(length: usize) -> Value {
    let mut units = vec![0_u32; 512];
    // The root's children are at 256 ^ byte; that of `a` has a leaf at the same place with an offset of 0.
    units[0] = 256 << 10;
    let child = 256 ^ usize::from(b'a');
    units[child] = u32::from(b'a') | 1 << 8 | 1 << 10;
    units[child ^ 1] = 0;
    let mut bytes = (units.len() as u32 * 4).to_le_bytes().to_vec();
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes.extend("b".repeat(length).bytes());
    bytes.push(0);
    json!({"type": "Precompiled", "precompiled_charsmap": base64(&bytes)})
}

#[test]
fn a_map_that_claims_gigabytes_is_refused() {
    // 4 GB of trie in 8 bytes: the library would ask for 8 GB at once, and abort.
    let huge = base64(&[0xfc, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    let value = json!({"type": "Precompiled", "precompiled_charsmap": huge});
    assert_eq!(
        refused("normalizer", value),
        "a character map that is damaged"
    );
    for bytes in [
        &[][..],
        &[1],
        &[8, 0, 0, 0, 1, 2, 3, 4],
        &[4, 0, 0, 0, 0, 0, 0, 0, b'x'],
    ] {
        let value = json!({"type": "Precompiled", "precompiled_charsmap": base64(bytes)});
        assert!(
            refused("normalizer", value).contains("damaged"),
            "{bytes:?}"
        );
    }
    let value = json!({"type": "Precompiled", "precompiled_charsmap": "not base 64"});
    assert!(refused("normalizer", value).contains("damaged"));
    let value = json!({"type": "Precompiled", "precompiled_charsmap": "A".repeat(5 << 20)});
    assert!(refused("normalizer", value).contains("over 4 MB"));
}

#[test]
fn a_map_is_used_and_its_growth_known() {
    let bytes = with("normalizer", map(1));
    assert_eq!(read_json(&bytes).unwrap().expansion, 1);
    assert_eq!(ids(&bytes, "a"), [1]);
    assert_eq!(read_json(&with("normalizer", map(7))).unwrap().expansion, 7);
    assert!(refused("normalizer", map(5000)).contains("5000 times as long"));
}

#[test]
fn normalizers_that_make_texts_huge_are_refused() {
    let replace =
        |text: &str| json!({"type": "Replace", "pattern": {"String": "a"}, "content": text});
    let value = replace(&"b".repeat(1 << 20));
    assert!(refused("normalizer", value).contains("1048576 times as long"));
    // Each doubles the text.
    let double = json!({"type": "Replace", "pattern": {"Regex": "a"}, "content": "a"});
    let doubles = json!({"type": "Sequence", "normalizers": vec![double; 40]});
    assert!(refused("normalizer", doubles).contains("times as long"));
    let levels =
        json!({"type": "Sequence", "pretokenizers": vec![json!({"type": "ByteLevel"}); 40]});
    assert!(refused("pre_tokenizer", levels).contains("times as long"));
    let many = json!({"type": "Sequence", "normalizers": vec![json!({"type": "Strip"}); 65]});
    assert!(refused("normalizer", many).contains("over 64 steps"));
    let growth = read_json(&with("normalizer", replace("bbb")))
        .unwrap()
        .expansion;
    assert_eq!(growth, 3);
}

#[test]
fn regular_expressions_without_end_are_refused() {
    let split = |expression: &str| json!({"type": "Split", "pattern": {"Regex": expression}, "behavior": "Removed", "invert": false});
    assert!(refused("pre_tokenizer", split("a{100000}")).contains("over 1000"));
    assert!(refused("pre_tokenizer", split(&"a".repeat(3000))).contains("over 2048 bytes"));
    assert!(refused("pre_tokenizer", split("(")).contains("parenthes"));
    assert!(read_json(&with("pre_tokenizer", split(r"\s+|[^\s]{1,3}"))).is_ok());
}

#[test]
#[ignore = "takes a minute, which is the limit that it shows"]
fn an_exponential_regular_expression_is_given_up() {
    let split = json!({"type": "Split", "pattern": {"Regex": "(a+a+)+b"}, "behavior": "Removed", "invert": false});
    assert!(refused("pre_tokenizer", split).contains("not ready after 60 seconds"));
}

#[test]
fn templates_have_the_text_once_and_few_tokens() {
    let template = |single: Value, ids: usize| {
        json!({
            "type": "TemplateProcessing", "single": single, "pair": [],
            "special_tokens": {"s": {"id": "s", "ids": vec![0; ids], "tokens": vec!["a"; ids]}}
        })
    };
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    let token = json!({"SpecialToken": {"id": "s", "type_id": 0}});
    let other = json!({"SpecialToken": {"id": "t", "type_id": 0}});
    let pair = json!({"Sequence": {"id": "B", "type_id": 0}});
    let refused = |single, ids| refused("post_processor", template(single, ids));
    assert!(refused(json!([text, text]), 1).contains("the text once"));
    assert!(refused(json!([pair]), 1).contains("the text once"));
    assert!(refused(json!([text, other]), 1).contains("unknown token \"t\""));
    assert!(refused(json!([text, token, token]), 200).contains("over 256 special tokens"));
    assert!(refused(json!(vec![token.clone(); 100]), 1).contains("over 64 pieces"));
    let good = with("post_processor", template(json!([token, text]), 2));
    assert_eq!(ids(&good, "a b"), [0, 0, 0, 1]);
}

#[test]
fn models_with_words_or_entries_without_bound_are_refused() {
    let piece = |most: u64| {
        json!({"type": "WordPiece", "vocab": {"a": 0}, "unk_token": "a", "continuing_subword_prefix": "##",
               "max_input_chars_per_word": most})
    };
    assert!(refused("model", piece(1 << 40)).contains("max_input_chars_per_word"));
    assert!(read_json(&with("model", piece(100))).is_ok());
    let mut long = piece(100);
    long["continuing_subword_prefix"] = "#".repeat(2000).into();
    assert!(refused("model", long).contains("continuing_subword_prefix is over 1024 bytes"));
    let unigram = json!({"type": "Unigram", "unk_id": 0, "vocab": [["x".repeat(2000), 0.0]]});
    assert!(refused("model", unigram).contains("an entry of over 1024 bytes"));
    // What no model has is not read: as values it would take sixteen times its size.
    let mut odd = piece(100);
    odd["odd"] = json!([1, 2, 3]);
    assert!(read_json(&with("model", odd)).is_ok());
}

#[test]
fn panics_of_the_library_are_errors() {
    let unigram = json!({"type": "Unigram", "unk_id": null, "vocab": []});
    assert!(!refused("model", unigram).is_empty());
    let value = json!({"type": "FixedLength", "length": 0});
    assert!(!refused("pre_tokenizer", value).is_empty());
    let added = json!([{"id": 9, "content": "x", "single_word": false, "lstrip": false, "rstrip": false,
                        "normalized": false, "special": true}]);
    assert!(read_json(&with("added_tokens", added)).is_ok());
    for text in ["", "null", "[]", "{}", "{\"model\": 1}", "{\"model\": {}}"] {
        assert!(read_json(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn dropout_is_left_out() {
    let merges = json!([["a", "b"]]);
    let model = json!({"type": "BPE", "dropout": 0.99, "unk_token": null, "continuing_subword_prefix": null,
                       "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
                       "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": merges});
    let bytes = with("model", model);
    for _ in 0..50 {
        assert_eq!(ids(&bytes, "ab ab"), [2, 2]);
    }
}

#[test]
fn the_seeds_of_the_fuzzer_are_tokenizers() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/tokenizer");
    let mut seeds = 0;
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let read = super::open_json(&path);
        assert!(!ids_of(&read.unwrap().tokenizer, "wings lift").is_empty());
        seeds += 1;
    }
    assert_eq!(seeds, 4);
}
