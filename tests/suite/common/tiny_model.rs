//! A trivially small made checkpoint: one layer, eight hidden units, a vocabulary of letters.
//!
//! Its weights are random but the same each time. Tests that run the program hundreds of times need a
//! model that costs nothing, not one that finds anything.

use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::json;

const HIDDEN: usize = 8;
const INTERMEDIATE: usize = 16;
const POSITIONS: usize = 64;
/// The special tokens, which are the first terms.
pub const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// Writes the model folder. Another seed gives other weights.
pub fn write(folder: &Path, seed: u64) {
    let letters = ('a'..='z').flat_map(|c| [c.to_string(), format!("##{c}")]);
    let terms: Vec<String> = SPECIAL
        .iter()
        .map(ToString::to_string)
        .chain(letters)
        .collect();
    write_with(folder, seed, terms.len(), &tokenizer(&terms));
}

/// Writes the same model for the terms of another `tokenizer.json`.
pub fn write_with(folder: &Path, seed: u64, terms: usize, tokenizer: &serde_json::Value) {
    std::fs::create_dir_all(folder).unwrap();
    let file = |name: &str, value: serde_json::Value| {
        std::fs::write(folder.join(name), value.to_string()).unwrap();
    };
    file("tokenizer.json", tokenizer.clone());
    file(
        "config.json",
        json!({
            "model_type": "bert", "architectures": ["BertForMaskedLM"], "hidden_size": HIDDEN,
            "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": INTERMEDIATE,
            "max_position_embeddings": POSITIONS, "vocab_size": terms, "type_vocab_size": 2,
            "hidden_act": "gelu", "layer_norm_eps": 1e-12
        }),
    );
    let mut state = seed;
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = shapes(terms)
        .into_iter()
        .map(|(name, shape)| {
            let values = 0..shape.iter().product();
            let one = name.ends_with("LayerNorm.weight");
            let bytes = values.flat_map(|_: usize| {
                let value = if one { 1.0 } else { random(&mut state) };
                value.to_le_bytes()
            });
            let bytes = bytes.collect();
            (name, shape, bytes)
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name.clone(), view)
    });
    let bytes = safetensors::serialize(views.collect::<Vec<_>>(), None).unwrap();
    std::fs::write(folder.join("model.safetensors"), bytes).unwrap();
}

/// A WordPiece tokenizer without capitals, as a `tokenizer.json` has it.
pub fn tokenizer(terms: &[String]) -> serde_json::Value {
    let vocabulary: serde_json::Map<_, _> = (0..)
        .zip(terms)
        .map(|(id, term): (u32, _)| (term.clone(), id.into()))
        .collect();
    let special = |id: usize| {
        json!({
            "id": id, "content": SPECIAL[id], "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true
        })
    };
    let token = |text: &str| json!({"SpecialToken": {"id": text, "type_id": 0}});
    let ids = |text: &str, id: usize| json!({"id": text, "ids": [id], "tokens": [text]});
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": (0..SPECIAL.len()).map(special).collect::<Vec<_>>(),
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [token("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, token("[SEP]")],
            "pair": [token("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, token("[SEP]"),
                {"Sequence": {"id": "B", "type_id": 0}}, token("[SEP]")],
            "special_tokens": {"[CLS]": ids("[CLS]", 2), "[SEP]": ids("[SEP]", 3)}
        },
        "decoder": null,
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary
        }
    })
}

fn shapes(vocabulary: usize) -> Vec<(String, Vec<usize>)> {
    let mut shapes = Vec::new();
    let mut add = |name: &str, shape: &[usize]| shapes.push((name.to_owned(), shape.to_vec()));
    let embeddings = "bert.embeddings";
    add(
        &format!("{embeddings}.word_embeddings.weight"),
        &[vocabulary, HIDDEN],
    );
    add(
        &format!("{embeddings}.position_embeddings.weight"),
        &[POSITIONS, HIDDEN],
    );
    add(
        &format!("{embeddings}.token_type_embeddings.weight"),
        &[2, HIDDEN],
    );
    let layer = "bert.encoder.layer.0";
    let dense = [
        (format!("{layer}.attention.self.query"), HIDDEN, HIDDEN),
        (format!("{layer}.attention.self.key"), HIDDEN, HIDDEN),
        (format!("{layer}.attention.self.value"), HIDDEN, HIDDEN),
        (format!("{layer}.attention.output.dense"), HIDDEN, HIDDEN),
        (format!("{layer}.intermediate.dense"), INTERMEDIATE, HIDDEN),
        (format!("{layer}.output.dense"), HIDDEN, INTERMEDIATE),
        ("cls.predictions.transform.dense".to_owned(), HIDDEN, HIDDEN),
    ];
    for (name, out, input) in dense {
        add(&format!("{name}.weight"), &[out, input]);
        add(&format!("{name}.bias"), &[out]);
    }
    let norms = [
        format!("{embeddings}.LayerNorm"),
        format!("{layer}.attention.output.LayerNorm"),
        format!("{layer}.output.LayerNorm"),
        "cls.predictions.transform.LayerNorm".to_owned(),
    ];
    for norm in norms {
        add(&format!("{norm}.weight"), &[HIDDEN]);
        add(&format!("{norm}.bias"), &[HIDDEN]);
    }
    add("cls.predictions.bias", &[vocabulary]);
    shapes
}

/// Between -0.5 and 0.5.
#[allow(clippy::cast_precision_loss, reason = "24 bits")]
fn random(state: &mut u64) -> f32 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    ((*state >> 40) as f32) / ((1 << 24) as f32) - 0.5
}
